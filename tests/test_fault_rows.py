"""Faults of the machine around a session: locks, clocks, housekeeping, signals, and repositories of every kind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autoresearch.edge.locks import abandoned
from model_server import ModelServer
from test_session import openai, wait_for, waiting
from user import User, whole

RUN = ("run", "--tag=t", "--model=openai/gpt-6-luna")
TUNE = ("run", "--tag=t", "--model=tune")


def plant(user: User, name: str, *, seconds_ago: float = 0) -> Path:
    """A lock file of git's."""
    lock = user.home / ".git" / name
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    os.utime(lock, (time.time() - seconds_ago,) * 2)
    return lock


# Locks


@pytest.fixture
def git_at_work(tmp_path: Path) -> Iterator[Callable[[Path], None]]:
    """Starts a git that stays at work in a folder."""
    started = []

    def start(folder: Path) -> None:
        git = subprocess.Popen(["git", "hash-object", "--stdin"], cwd=folder, stdin=subprocess.PIPE)
        started.append(git)
        wait_for(lambda: Path(f"/proc/{git.pid}/comm").read_text() == "git\n")

    yield start
    for process in started:
        process.communicate()


LONG = 10 * 365 * 24 * 3600.0


@pytest.mark.parametrize(
    ("name", "seconds_ago", "at_work", "goes"),
    [
        ("refs/heads/autoresearch/t.lock", 0, False, True),
        ("refs/autoresearch/t/2.lock", 0, False, True),
        ("refs/heads/autoresearch/t.lock", 0, True, False),
        ("refs/heads/main.lock", 0, False, False),
        ("packed-refs.lock", 0, False, False),
        ("index.lock", 0, False, False),
        ("index.lock", LONG, False, True),
        ("refs/heads/main.lock", LONG, True, True),
    ],
)
def test_a_lock_goes_only_when_its_owner_is_dead_for_certain(
    tmp_path: Path, git_at_work: Callable[[Path], None], name: str, seconds_ago: float, at_work: bool, goes: bool
) -> None:
    user = User.with_project(tmp_path)
    lock = plant(user, name, seconds_ago=seconds_ago)
    if at_work:
        git_at_work(user.home)
    said = f"fatal: Unable to create '{lock}': File exists.\n\nAnother git process seems to be running"
    assert abandoned(said, user.home / ".git") == (lock if goes else None)
    assert lock.exists()


def test_a_lock_elsewhere_is_none_of_ours(tmp_path: Path) -> None:
    lock = plant(User.with_project(tmp_path / "other"), "refs/heads/autoresearch/t.lock", seconds_ago=LONG)
    assert abandoned(f"Unable to create '{lock}': File exists.", tmp_path / "mine" / ".git") is None


@pytest.mark.slow
def test_locks_that_a_killed_git_left_on_the_sessions_refs_do_not_stop_it(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0"), whole("12.0")]) as server:
        user.types(*RUN, "--budget=experiments=2", env=openai(server))
        locks = [
            plant(user, f"refs/{name}.lock")
            for name in ("heads/autoresearch/t", "autoresearch/t/3", "autoresearch/t/best")
        ]
        done = user.types(*RUN, "--budget=experiments=3", env=openai(server))
    assert done.returncode == 0, done.stderr
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0", "VALUE = 12.0"]
    assert not any(lock.exists() for lock in locks)
    assert not list((user.home / ".git").glob("fast_import_crash_*"))


@pytest.mark.slow
def test_an_index_that_another_git_has_locked_is_waited_for_then_named(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    before = user.checkout()
    lock = plant(user, "index.lock")
    run = (*TUNE, "--in-place", "--budget=experiments=2")
    done = user.types(*run)
    assert done.returncode == 3
    assert f"Unable to create '{lock}': File exists" in done.stderr
    assert lock.exists()
    session = user.starts(*run)
    wait_for((user.home / ".git/autoresearch/t/holder.json").exists)
    lock.unlink()
    _, complaint = session.communicate(timeout=60)
    assert session.returncode == 0, complaint
    assert user.checkout() == before


# What a power cut leaves of git's entries of linked trees, which git does not sync


@pytest.mark.slow
@pytest.mark.parametrize("torn", ["gitdir", "commondir", "HEAD", "index", "the tree's .git", "the tree"])
def test_a_linked_tree_that_a_power_cut_tore_is_made_anew(tmp_path: Path, torn: str) -> None:
    gate, running = tmp_path / "gate", tmp_path / "running"
    user = User.with_project(tmp_path / "project")
    user.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"))  # called as ours, and none of ours
    run = (*RUN, "--sandbox=off", "--budget=experiments=2")
    with ModelServer([whole("11.0", extra=waiting(running, gate))]) as server:
        session = user.starts(*run, env=openai(server))
        wait_for(running.exists)
        session.kill()
        session.communicate()
        gate.touch()
        entry = next(
            e for e in (user.home / ".git/worktrees").iterdir() if "autoresearch" in (e / "gitdir").read_text()
        )
        tree = user.home / ".git/autoresearch/t/tree"
        if torn == "the tree":
            shutil.rmtree(tree)
        else:
            (tree / ".git" if torn == "the tree's .git" else entry / torn).write_bytes(b"\0" * 7)
        os.utime(entry, (0, 0))
        done = user.types(*run, env=openai(server))
    assert done.returncode == 0, done.stderr
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0"]
    assert [path.name for path in (user.home / ".git/worktrees").iterdir()] == ["tree"]
    assert User(tmp_path / "tree").git("status", "--porcelain") == ""


@pytest.mark.parametrize("tree", ["project/.git/autoresearch/other/tree", "autoresearch-0-abcdef012345-scratch/tree"])
def test_what_a_power_cut_tore_does_not_keep_a_session_in_place_from_its_branch(tmp_path: Path, tree: str) -> None:
    user = User.with_project(tmp_path / "project")
    user.git("worktree", "add", "--quiet", "--detach", str(tmp_path / tree))
    entry = user.home / ".git/worktrees/tree"
    (entry / "commondir").write_bytes(b"")
    os.utime(entry, (0, 0))
    with ModelServer([whole("11.0")]) as server:
        done = user.types(*RUN, "--in-place", "--budget=experiments=2", env=openai(server))
    assert done.returncode == 0, done.stderr
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0"]
    assert not entry.exists()


@pytest.mark.slow
def test_a_scratch_checkout_that_a_reboot_took_leaves_no_entry(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    run = ("run", "--tag=t", "--model=command", "--command=sleep 60")
    with_tmp = {"TMPDIR": str(tmp_path)}
    session = user.starts(*run, env=with_tmp)
    wait_for(lambda: list(tmp_path.glob("autoresearch-*-scratch/tree/.git")) != [])
    session.kill()
    session.communicate()
    for scratch in tmp_path.glob("autoresearch-*-scratch"):
        shutil.rmtree(scratch)
    done = user.types(*run, "--budget=experiments=1", env=with_tmp)
    assert done.returncode == 0, done.stderr
    assert not (user.home / ".git/worktrees").exists()


# Clocks, housekeeping


def sealed(record: object) -> str:
    body = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
    return f'{{"crc":"{zlib.crc32(body.encode()):08x}","record":{body}}}\n'


@pytest.mark.slow
def test_a_session_goes_on_though_the_clock_was_set_back_by_years(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0"), whole("12.0")]) as server:
        user.types(*RUN, "--budget=experiments=2", env=openai(server))
        journal = user.home / ".git/autoresearch/t/journal.jsonl"
        records = [json.loads(line)["record"] for line in journal.read_text().splitlines()]
        journal.write_text("".join(sealed({**record, "at": "2099-01-01T00:00:00+00:00"}) for record in records))
        done = user.types(*RUN, "--budget=experiments=3,hours=1", env=openai(server))
    assert done.returncode == 0, done.stderr
    assert "the budget of 3 experiments is spent" in done.stdout
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0", "VALUE = 12.0"]


def test_housekeeping_in_mid_session_takes_nothing(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")

    def housekeeping(value: str) -> Callable[[str], str]:
        def reply(_: str) -> str:
            user.git("reflog", "expire", "--expire=now", "--all")
            user.git("gc", "--quiet", "--prune=now")
            user.git("pack-refs", "--all", "--prune")
            return whole(value)

        return reply

    with ModelServer([housekeeping(value) for value in ("11.0", "9.0", "12.0")]) as server:
        done = user.types(*RUN, "--budget=experiments=4", env=openai(server))
    assert done.returncode == 0, done.stderr
    user.git("gc", "--quiet", "--prune=now")
    for row in user.rows():
        user.git("cat-file", "-e", row["commit"])
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0", "VALUE = 12.0"]


# Repositories of every kind


def test_filters_such_as_lfs_give_the_bench_what_they_make(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, commit=False)
    user.git("config", "filter.loud.clean", "tr A-Z a-z")
    user.git("config", "filter.loud.smudge", "tr a-z A-Z")
    (tmp_path / ".gitattributes").write_text("data.txt filter=loud\n")
    (tmp_path / "data.txt").write_text("REAL\n")
    user.git("add", "-A")
    user.git("commit", "--quiet", "-m", "start")
    before = user.checkout()
    done = user.types(*TUNE, "--budget=experiments=2", "--bench=grep -q REAL data.txt && python3 -S program.py")
    assert done.returncode == 0, done.stderr
    assert user.git("show", "autoresearch/t:data.txt") == "real"
    assert user.checkout() == before


def test_submodules_are_said_to_be_empty(tmp_path: Path) -> None:
    inner = User.with_project(tmp_path / "inner")
    user = User.with_project(tmp_path / "project")
    user.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.home), "inner")
    user.git("commit", "--quiet", "-m", "submodule")
    before = user.checkout()
    done = user.types(*TUNE, "--budget=experiments=2")
    assert done.returncode == 0, done.stderr
    assert "submodules, which are empty in the session's tree: --in-place has them" in done.stderr
    assert user.checkout() == before


def test_a_repository_of_another_user_is_refused_in_gits_words(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    before = user.everything()
    done = user.types(*TUNE, env={"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
    assert done.returncode == 3
    assert "dubious ownership" in done.stderr
    assert "safe.directory" in done.stderr
    assert user.everything() == before


# Signals, and the environment


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_the_run_finish_and_the_next_session_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    gate, running = tmp_path / "gate", tmp_path / "running"
    user = User.with_project(tmp_path / "project")
    run = (*RUN, "--sandbox=off", "--budget=experiments=3")
    with ModelServer([whole("11.0", extra=waiting(running, gate)), whole("12.0")]) as server:
        session = user.starts(*run, env=openai(server))
        wait_for(running.exists)
        session.send_signal(number)
        gate.touch()
        said, complaint = session.communicate(timeout=60)
        assert session.returncode == 130, complaint
        assert f"stopped by {number.name}" in said
        done = user.types(*run, env=openai(server))
    assert done.returncode == 0, done.stderr
    assert "did not end in order" not in done.stderr
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0", "VALUE = 12.0"]


@pytest.mark.slow
def test_prose_is_read_anew_and_settings_are_not(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    program = user.home / "program.md"

    def edited(_: str) -> str:
        text = program.read_text().replace("Make the score", "Gently make the score")
        program.write_text(text.replace("direction: higher", "direction: lower"))
        return whole("11.0")

    with ModelServer([edited, whole("9.0")]) as server:
        done = user.types(*RUN, "--budget=experiments=3", env=openai(server))
        prompt = server.requests[1].prompt
        again = user.types(*RUN, "--budget=experiments=4", env=openai(server))
    assert done.returncode == 0, done.stderr
    assert "Gently make the score as high as you can." in prompt
    assert "higher is better" in prompt
    assert [row["status"] for row in user.rows()] == ["keep", "keep", "discard"]
    assert again.returncode == 2
    assert "session t was begun with direction 'higher', now it is 'lower'" in again.stderr


def test_works_without_a_home_and_with_a_strict_umask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = User.with_project(tmp_path)
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name)
    before = os.umask(0o077)
    try:
        done = user.types(*TUNE, "--budget=experiments=3")
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    assert len(user.rows()) == 3


def test_a_target_that_is_read_only_is_replaced_and_stays_so(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    (user.home / "program.py").chmod(0o444)
    before = user.checkout()
    with ModelServer([whole("11.0")]) as server:
        done = user.types(*RUN, "--budget=experiments=2", env=openai(server))
    assert done.returncode == 0, done.stderr
    assert user.checkout() == before
