"""Benches that run by hand and not in the session's tree or its sandbox: what the error says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from test_sandbox import needs_bubblewrap, needs_landlock
from user import PROGRAM, User, path_without_bubblewrap

RUN = ("run", "--tag=t", "--model=tune", "--no-canary", "--budget=experiments=1")
IGNORED = "data/\nbuild/\nwork/\n.env\n"
ENDING = "&& python3 -S program.py"
ABSENT = "Not in the session's tree, because git does not track it: "


@pytest.fixture
def user(tmp_path: Path) -> User:
    """A project whose bench is not right, and ignored folders that have something in them."""
    made = User.with_project(tmp_path / "project", program=PROGRAM, files={".gitignore": IGNORED})
    for path in ("data/in", "build/out", "work/stale", ".env"):
        (made.home / path).parent.mkdir(exist_ok=True)
        (made.home / path).write_text("1\n")
    return made


def said(user: User, bench: str, *flags: str) -> str:
    """What a session says whose bench fails."""
    done = user.types(*RUN, "--bench", f"{bench} {ENDING}", *flags)
    assert done.returncode == 5, done.stdout + done.stderr
    return done.stderr


@needs_bubblewrap
def test_what_a_run_cannot_write_to_in_bubblewrap(user: User) -> None:
    error = said(user, "echo 1 > data/in")
    assert (
        "In the sandbox a run can write into its own tree and /tmp alone: not over tracked files, not into what"
        in error
    )
    assert "is linked (data, work), and not into your home" in error


@needs_landlock
@pytest.mark.parametrize("bench", ["echo 1 > /tmp/hint.$$", "python3 -c 'import socket; socket.socket()'"])
def test_what_a_run_cannot_do_in_landlock(
    user: User, bench: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", path_without_bubblewrap(tmp_path / "programs"))
    error = said(user, bench)
    assert "own tree and $TMPDIR alone, has no terminal, and no socket without `network: true`" in error
    assert "it cannot write into /tmp, not into what is linked (data, work)" in error
    assert "not over tracked" not in error


@pytest.mark.parametrize("sandbox", ["auto", "off"])
@pytest.mark.parametrize(("bench", "first"), [("cat build/out", "build, "), (". ./.env", ".env, ")])
def test_what_is_missed_and_was_left_out_on_purpose_comes_first(
    user: User, bench: str, first: str, sandbox: str
) -> None:
    (user.home / "untracked.txt").write_text("1\n")
    error = said(user, bench, f"--sandbox={sandbox}")
    assert f"{ABSENT}{first}untracked.txt (see `link`)." in error


def test_a_folder_of_cache_is_there_and_not_said_to_be_missing(user: User) -> None:
    error = said(user, "ls build && cat build/out", "--cache=build/")
    assert "build/out" in error
    assert ABSENT not in error


def test_an_editable_install_leads_astray_without_bubblewrap(user: User) -> None:
    error = said(user, "python3 -c 'import mypackage'", "--sandbox=off")
    assert "Without bubblewrap an editable install leads to your checkout, not to the session's tree" in error


@pytest.mark.parametrize("sandbox", ["auto", "off"])
def test_what_is_cache_begins_empty_and_is_never_the_users_own(user: User, sandbox: str) -> None:
    bench = f"test ! -e work/stale && echo 1 > work/new && echo 1 > data.txt {ENDING}"
    done = user.types(*RUN, "--bench", bench, "--cache=work/", f"--sandbox={sandbox}")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (user.home / "work").iterdir()] == ["stale"]


def test_in_place_what_is_cache_can_be_written_to(user: User) -> None:
    done = user.types(*RUN, "--in-place", "--bench", f"echo 1 > work/new {ENDING}", "--cache=work/")
    assert done.returncode == 0, done.stderr
    assert (user.home / "work" / "new").exists()


@pytest.mark.parametrize(
    "flags", [("--cache=data/out",), ("--cache=work/", "--link=work"), ("--cache=work", "--link=work/stale")]
)
def test_what_runs_write_to_and_what_they_only_read_are_apart(user: User, flags: tuple[str, ...]) -> None:
    before = user.everything()
    done = user.types(*RUN, *flags)
    assert done.returncode == 2
    assert "which is linked, lie in each other: runs write to the one, and only read the other" in done.stderr
    assert user.everything() == before
