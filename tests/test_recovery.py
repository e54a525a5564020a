"""Going on after the worst: kills in place, refs that lag, users who act in mid-session."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from model_server import ModelServer
from test_session import openai, wait_for, waiting
from user import COMMAND, TARGET, User, whole

pytestmark = pytest.mark.usefixtures("no_sandbox")

RUN = ("run", "--tag=t", "--model=openai/gpt-6-luna")


def killed_in_a_run(user: User, tmp_path: Path, *flags: str, replies: list[str] | None = None) -> None:
    """A session that died of SIGKILL while experiment 2 was running."""
    gate, running = tmp_path / "gate", tmp_path / "running"
    first = replies or []
    with ModelServer([*first, whole("11.0", extra=waiting(running, gate))]) as server:
        session = user.starts(*RUN, *flags, "--budget=experiments=3", env=openai(server))
        wait_for(running.exists)
        session.kill()
        session.communicate()
    gate.touch()


@pytest.mark.slow
def test_in_place_goes_on_after_a_kill_and_puts_the_user_back(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    before = user.checkout()
    killed_in_a_run(user, tmp_path, "--in-place")
    assert user.git("branch", "--show-current") == "autoresearch/t"
    with ModelServer([whole("12.0")]) as server:
        done = user.types(*RUN, "--in-place", "--budget=experiments=3", env=openai(server))
    assert done.returncode == 0, done.stderr
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0", "VALUE = 12.0"]
    assert user.checkout() == before


@pytest.mark.slow
def test_in_place_after_a_kill_takes_no_other_tag_and_no_other_mode(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    killed_in_a_run(user, tmp_path, "--in-place")
    other = user.types("run", "--tag=u", "--model=tune", "--in-place")
    assert other.returncode == 3
    assert "Finish it with `autoresearch run --tag t --in-place`" in other.stderr
    linked = user.types("run", "--tag=t", "--model=tune")
    assert linked.returncode == 2
    assert "session t was begun with in_place true, now it is false" in linked.stderr


@pytest.mark.parametrize("first", ["canary", "baseline"])
@pytest.mark.slow
def test_in_place_goes_on_after_a_kill_in_the_first_run(tmp_path: Path, first: str) -> None:
    gate, running = tmp_path / "gate", tmp_path / "running"
    # The shell waits before it runs the target, so that the kill comes while the canary's text is in place.
    bench = f"touch {running}; while ! test -e {gate}; do sleep 0.01; done; python3 -S program.py"
    user = User.with_project(tmp_path / "project")
    before = user.checkout()
    run = ("run", "--tag=t", "--model=tune", "--in-place", "--bench", bench, "--budget=experiments=2")
    session = user.starts(*run, *(["--no-canary"] if first == "baseline" else []))
    wait_for(running.exists)
    session.kill()
    session.communicate()
    assert ("autoresearch canary" in (user.home / "program.py").read_text()) is (first == "canary")
    gate.touch()
    done = user.types(*run)
    assert done.returncode == 0, done.stderr
    assert user.checkout() == before


@pytest.mark.slow
def test_in_place_never_overwrites_what_the_user_wrote_meanwhile(tmp_path: Path) -> None:
    gate, running = tmp_path / "gate", tmp_path / "running"
    user = User.with_project(tmp_path / "project")
    with ModelServer([whole("11.0", extra=waiting(running, gate)), whole("12.0")]) as server:
        session = user.starts(*RUN, "--in-place", "--budget=experiments=3", env=openai(server))
        wait_for(running.exists)
        (user.home / "program.py").write_text("mine\n")
        gate.touch()
        _, complaint = session.communicate(timeout=120)
    assert session.returncode == 3
    assert "program.py was changed while the session was using it in place" in complaint
    assert (user.home / "program.py").read_text() == "mine\n"


@pytest.mark.slow
def test_a_branch_that_the_user_has_checked_out_waits_and_catches_up(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0")]) as server:
        user.types(*RUN, "--budget=experiments=2", env=openai(server))
    user.git("checkout", "--quiet", "autoresearch/t")
    with ModelServer([whole("12.0")]) as server:
        done = user.types(*RUN, "--budget=experiments=3", env=openai(server))
    assert done.returncode == 0, done.stderr
    assert "the best is refs/autoresearch/t/best" in done.stdout
    assert user.git("status", "--porcelain") == ""
    assert (user.home / "program.py").read_text().startswith("VALUE = 11.0")
    user.git("checkout", "--quiet", "main")
    with ModelServer([whole("13.0")]) as server:
        done = user.types(*RUN, "--budget=experiments=4", env=openai(server))
    assert done.returncode == 0, done.stderr
    assert user.branch_scores("t") == [f"VALUE = {value}" for value in ("10.0", "11.0", "12.0", "13.0")]


@pytest.mark.slow
def test_a_half_moved_pair_of_refs_is_mended(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0"), whole("12.0")]) as server:
        user.types(*RUN, "--budget=experiments=3", env=openai(server))
    user.git("update-ref", "refs/heads/autoresearch/t", "refs/autoresearch/t/2")
    with ModelServer([whole("13.0")]) as server:
        done = user.types(*RUN, "--budget=experiments=4", env=openai(server))
    assert done.returncode == 0, done.stderr
    assert user.branch_scores("t")[-1] == "VALUE = 13.0"


def test_the_users_other_worktrees_survive_even_while_their_disk_is_away(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    user.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "other"))
    (tmp_path / "other").rename(tmp_path / "unmounted")
    user.types("run", "--tag=t", "--model=tune", "--budget=experiments=2")
    (tmp_path / "unmounted").rename(tmp_path / "other")
    assert User(tmp_path / "other").git("status", "--porcelain") == ""


@pytest.mark.slow
def test_nohup_keeps_a_session_alive_when_the_terminal_closes(tmp_path: Path) -> None:
    gate, running = tmp_path / "gate", tmp_path / "running"
    user = User.with_project(tmp_path / "project")
    with ModelServer([whole("11.0", extra=waiting(running, gate)), whole("12.0")]) as server:
        session = subprocess.Popen(
            ["nohup", COMMAND, *RUN, "--budget=experiments=3"],
            cwd=user.home,
            env={**os.environ, **openai(server)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        wait_for(running.exists)
        session.send_signal(signal.SIGHUP)
        gate.touch()
        session.communicate(timeout=120)
    assert session.returncode == 0
    assert len(user.rows()) == 3


def test_what_git_ignores_is_there_for_the_bench_and_safe_from_it(tmp_path: Path) -> None:
    program = (
        "---\ntarget: program.py\nbench: cat data/x.txt notes.db && echo more >> notes.db && python3 -S program.py\n"
    )
    user = User.with_project(
        tmp_path, program=f"{program}metric: score\n---\n", files={".gitignore": "data/\nnotes.db\nbin/\n*.o\n"}
    )
    for name in ("data/x.txt", "notes.db", "bin/app", "a.o"):
        (user.home / name).parent.mkdir(exist_ok=True)
        (user.home / name).write_text(f"{name}\n")
    before = user.checkout()
    done = user.types("run", "--tag=t", "--model=tune", "--budget=experiments=2")
    assert done.returncode == 0, done.stderr
    assert "linked into the session's tree: data, notes.db\n" in done.stderr
    assert user.checkout() == before


@pytest.mark.parametrize(("change", "said"), [("pattern", "metric pattern"), ("bench", "bench")])
def test_a_session_that_measures_otherwise_is_another_session(tmp_path: Path, change: str, said: str) -> None:
    user = User.with_project(tmp_path)
    user.types("run", "--tag=t", "--model=tune", "--budget=experiments=2")
    text = (user.home / "program.md").read_text()
    old, new = {
        "pattern": ("metric: score", "metric: {name: score, pattern: 'score: (.*)'}"),
        "bench": ("python3 -S program.py", "python3 -S -E program.py"),
    }[change]
    (user.home / "program.md").write_text(text.replace(old, new))
    done = user.types("run", "--tag=t", "--model=tune", "--budget=experiments=3")
    assert done.returncode == 2
    assert f"session t was begun with {said}" in done.stderr


def test_a_fixed_file_that_changed_since_is_said_and_not_used(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, files={"helper.txt": "one\n"})
    user.types("run", "--tag=t", "--model=tune", "--budget=experiments=2")
    (user.home / "helper.txt").write_text("two\n")
    user.git("commit", "--quiet", "-am", "another helper")
    done = user.types("run", "--tag=t", "--model=tune", "--budget=experiments=3")
    assert done.returncode == 0, done.stderr
    assert "helper.txt changed since the session began" in done.stderr


def test_results_are_rebuilt_whatever_became_of_them(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    user.types("run", "--tag=t", "--model=tune", "--budget=experiments=3")
    table = (user.home / "results.tsv").read_text()
    for edited in (None, "edited\n"):
        (user.home / "results.tsv").unlink()
        if edited:
            (user.home / "results.tsv").write_text(edited)
        user.types("run", "--tag=t", "--model=tune", "--budget=experiments=3")
        assert (user.home / "results.tsv").read_text() == table
    assert (user.home / "results.1.tsv").read_text() == "edited\n"
    assert user.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_two_sessions_at_once_keep_their_own_logs(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    sessions = [user.starts("run", f"--tag={tag}", "--model=tune", "--budget=experiments=8") for tag in ("a", "b")]
    for session in sessions:
        _, complaint = session.communicate(timeout=60)
        assert session.returncode == 0, complaint
    for tag in ("a", "b"):
        folder = user.home / ".git" / "autoresearch" / tag
        for line in (folder / "journal.jsonl").read_text().splitlines():
            record = json.loads(line)["record"]
            if record["kind"] == "measured":
                assert f"score: {record['value']}" in (folder / record["log"]).read_text()


def test_a_demo_leaves_other_projects_alone(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    before = user.everything()
    done = user.types("demo", ".")
    assert done.returncode == 2
    assert "is not an empty directory" in done.stderr
    assert user.everything() == before
    assert (user.home / "program.py").read_text() == TARGET


def test_ctrl_c_in_the_canary_leaves_no_session_and_no_baseline_run(tmp_path: Path) -> None:
    gate, running, ran = tmp_path / "gate", tmp_path / "running", tmp_path / "ran"
    bench = (
        f"grep -q canary program.py || touch {ran}; touch {running}; "
        f"while ! test -e {gate}; do sleep 0.01; done; python3 -S program.py"
    )
    user = User.with_project(tmp_path / "project")
    before = user.everything()
    session = user.starts("run", "--tag=t", "--model=tune", "--bench", bench)
    wait_for(running.exists)
    session.send_signal(signal.SIGINT)
    gate.touch()
    session.communicate(timeout=120)
    assert session.returncode == 130
    assert not ran.exists()
    assert user.everything() == before
