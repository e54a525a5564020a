"""Looking at a session from another terminal, and stopping it: status, watch, stop."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest

from autoresearch.cli.answer import what_it_does
from autoresearch.condition import Condition
from autoresearch.edge import holder
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.holder import HOLDER, Holder
from autoresearch.edge.whereabouts import Recorded
from autoresearch.pulse import Pulse
from model_server import Failure, ModelServer, Scripted
from test_display import Screen
from test_session import wait_for, waiting
from user import PROGRAM, User, whole

pytestmark = pytest.mark.usefixtures("no_sandbox")

HEAVY = {"typer", "pydantic", "rich", "git", "yaml", "psutil", "filelock", "asyncio", "autoresearch.records"}
MODULES = """\
import sys
from autoresearch.cli import main
sys.argv = ["autoresearch", "status"]
main()
print("\\n".join(sys.modules), file=sys.stderr)
"""


AGAIN = "autoresearch run --tag t --model openai/gpt-6-luna"


class Running:
    """A session whose latest run waits for a file."""

    def __init__(self, tmp_path: Path, *before: Scripted) -> None:
        self.gate, self.runs = tmp_path / "gate", tmp_path / "running"
        self.user = User.with_project(tmp_path / "project", program=PROGRAM.replace("20s", "5m"))
        self.replies = [*before, whole("12.0", extra=waiting(self.runs, self.gate), description="twelve")]
        self.folder = self.user.home / ".git/autoresearch/t"

    @contextmanager
    def started(self, *flags: str, again: bool = False) -> Iterator[subprocess.Popen[str]]:
        """The session in its waiting run; it is killed at the end of the block, if it is still there."""
        with ModelServer([] if again else self.replies) as server:
            environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.openai_url}
            arguments = ("run", "--tag=t", "--model=openai/gpt-6-luna", *flags)
            session = self.user.starts(*arguments, env=environment)
            try:
                wait_for(self.runs.exists)
                yield session
            finally:
                session.kill()
                session.communicate()

    def status(self) -> dict[str, Any]:
        """`status --json`."""
        done = self.user.types("status", "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def entries(self) -> list[tuple[str, int]]:
        """The session's folder, with the time of each file's last change."""
        return sorted(
            (str(path), path.lstat().st_mtime_ns) for path in self.folder.rglob("*") if "tree" not in str(path)
        )


@pytest.mark.slow
def test_a_running_session_is_looked_at_and_watched_to_its_end(tmp_path: Path) -> None:
    it = Running(tmp_path, whole("11.0"))
    with it.started("--budget=experiments=3,hours=1,tokens=1000000") as session:
        wait_for(lambda: it.status()["phase"] == "running the bench")
        plain = it.user.types("status")
        first, now, *rest = plain.stdout.splitlines()
        assert first.startswith(f"session t: running (process {session.pid} on ")
        assert now.startswith("now: #3/3 running the bench for 0:0")
        assert now.endswith("of 0:05:00, proposed by openai/gpt-6-luna: twelve")
        assert rest[:2] == [
            "score: best 11 (#2), baseline 10 (+10.0 %)",
            "experiments: 1 done: 1 kept, 0 discarded, 0 crashed; 1 left of 3, the baseline included",
        ]
        assert "left of 1:00:00" in plain.stdout
        assert "left of 1,000,000" in plain.stdout
        found = it.status()
        assert (found["state"], found["process"]["pid"], found["experiment"]) == ("running", session.pid, 3)
        assert found["left"]["experiments"] == 1
        assert found["left"]["tokens"] == 1_000_000 - found["used"]["tokens"] < 1_000_000

        modules = subprocess.run([sys.executable, "-c", MODULES], cwd=it.user.home, capture_output=True, text=True)
        assert modules.stdout.startswith("session t: running")
        assert set(modules.stderr.split()) & HEAVY == set()

        for text in (found["tag"], None):  # torn, and missing: the journal says the same
            (it.folder / "status.json").unlink() if text is None else (it.folder / "status.json").write_text(text)
            again = it.status()
            assert {**again, "used": 0, "left": 0} == {**found, "used": 0, "left": 0}
        assert "session t: running, experiment 3 not finished" in it.user.types("report", "t").stdout

        before = it.entries()
        watch = it.user.starts("watch")
        assert watch.stderr is not None
        assert watch.stderr.readline() == "note: watching session t after 2 experiments; each new one is a line\n"
        assert it.entries() == before
        it.gate.touch()
        out, _ = watch.communicate(timeout=60)
        assert session.wait(30) == 0
    assert watch.returncode == 0
    line, ended, after = out.splitlines()
    assert line.startswith("#3 keep score 12 (+9.1 %)")
    assert ended.startswith("session t: ended 0:0")
    assert ended.endswith(": the budget of 3 experiments is spent")
    assert after == "next: autoresearch report t"
    found = it.status()
    assert (found["state"], found["reason"]) == ("ended", "the budget of 3 experiments is spent")
    assert found["counts"] == {"settled": 3, "tries": 2, "kept": 2, "discarded": 0, "crashed": 0, "streak": 0}
    nothing = it.user.types("stop")
    assert nothing.returncode == 3
    assert "session t does not run: ended" in nothing.stderr


@pytest.mark.slow
def test_stop_lets_the_run_finish_and_stop_now_does_not(tmp_path: Path) -> None:
    it = Running(tmp_path)
    with it.started() as session:
        asked = it.user.types("stop")
        assert asked.returncode == 0, asked.stderr
        assert "stopping once the run in hand is over" in asked.stdout
        assert it.status()["stopping"] is True
        # A second one must not be taken for the second Ctrl-C.
        waits = it.user.starts("stop", "t", "--wait")
        assert waits.stdout is not None
        while "was asked before: stopping once the run in hand is over" not in (line := waits.stdout.readline()):
            assert line
        it.gate.touch()
        assert "session t: ended 0:0" in waits.communicate(timeout=60)[0]
        assert (waits.returncode, session.wait(30)) == (0, 130)
    assert (it.folder / "journal.jsonl").read_text().count('"kind":"measured","n":2') == 1
    for path in (it.gate, it.runs):
        path.unlink()
    with it.started(again=True) as session:
        asked = it.user.types("stop", "--now")
        assert "stopped: what was in hand is broken off" in asked.stdout
        assert "session t: ended 0:0" in asked.stdout
        assert session.wait(30) == 130
    assert (it.folder / "journal.jsonl").read_text().count('"kind":"measured","n":2') == 1
    assert f"next: {AGAIN}  # goes on" in it.user.types("status").stdout


def test_a_killed_session_is_told_from_one_that_cannot_be_seen_and_no_stranger_is_signalled(tmp_path: Path) -> None:
    it = Running(tmp_path)
    with it.started() as session:
        session.kill()
        session.wait()
        said = it.user.types("status").stdout
        assert said.startswith("session t: killed 0:0")
        assert f"while running the bench, experiment 2 (process {session.pid} on " in said
        assert f"next: {AGAIN}  # goes on" in said
        assert "session t: killed, experiment 2 not finished" in it.user.types("report").stdout
        shown = it.user.types("watch")
        assert (shown.returncode, shown.stdout.splitlines()[0][:18]) == (0, "session t: killed ")

        stranger = subprocess.Popen(["sleep", "60"])
        try:
            # Another process has its number by now: the lock, which nobody has, tells.
            mark = Holder(stranger.pid, holder.myself().host, holder.born(stranger.pid))
            (it.folder / "holder.json").write_bytes(holder.write_down(mark))
            assert it.status()["state"] == "killed"
            with (it.folder / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # somebody has it, who has not written themselves down yet
                (it.folder / "holder.json").write_bytes(holder.write_down(Holder(mark.pid, mark.host, "1")))
                refused = it.user.types("stop")
            assert refused.returncode == 3
            assert f"process {stranger.pid} cannot be seen from here, or is not the one" in refused.stderr
            (it.folder / "holder.json").write_bytes(holder.write_down(Holder(mark.pid, "elsewhere.example", mark.born)))
            assert it.status()["state"] == "elsewhere"
            assert it.user.types("stop", "t").returncode == 3
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()
        (it.folder / "holder.json").unlink()
        assert "session t: ended by an error" in it.user.types("report").stdout


@pytest.mark.parametrize(("began_s", "said"), [(-5, "closing"), (5, "beginning")])
def test_a_session_that_closes_is_told_from_one_that_begins_anew(tmp_path: Path, began_s: float, said: str) -> None:
    recorded = Recorded("t", tmp_path)
    recorded.folder.mkdir(parents=True)
    (recorded.folder / HOLDER).write_text("{}")
    at = time.time()
    os.utime(recorded.folder / HOLDER, (at + began_s, at + began_s))
    known = Pulse("t", 1, at, "m", "score", "higher", "closing", at, None, closed="the budget is spent")
    assert what_it_does(Condition(recorded, "running", None, known)) == said


def test_looking_takes_the_lock_from_nobody(tmp_path: Path) -> None:
    folder = SessionFolder(tmp_path, "t")
    folder.lock()
    folder._lock.release()  # killed: it is free, and holder.json is there
    looked = threading.Event()

    def look_slowly() -> None:
        with (folder.path / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            looked.set()
            time.sleep(0.1)

    thread = threading.Thread(target=look_slowly)
    thread.start()
    looked.wait()
    assert folder.lock() == f"the runner before (process {os.getpid()}) did not end in order"
    thread.join()
    assert holder.look(folder.path)[0] == "running"
    folder.unlock()
    assert holder.look(folder.path) == ("over", None)


def test_a_wait_is_seen_from_another_terminal_and_ctrl_c_there_leaves_the_session_alone(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    folder = user.home / ".git/autoresearch/t"
    with ModelServer([Failure(429, "slow down", {"Retry-After": "600"})]) as server:
        session = user.starts(
            "run",
            "--tag=t",
            "--model=openai/gpt-6-luna",
            env={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.openai_url},
        )
        wait_for(lambda: (folder / "status.json").exists() and '"why"' in (folder / "status.json").read_text())
        why = r"\(127\.0\.0\.1:\d+ limits the rate of requests \(429\): slow down\), gives up in 0:59:\d\d"
        screen = Screen(["watch"], user, 160, 30, {})
        screen.shows(rf"#2 waiting for openai/gpt-6-luna 0:09:\d\d {why}")
        screen.shows("Ctrl-C: watch no longer; the session goes on, and `autoresearch stop t` stops it")
        screen.child.sendintr()
        screen.shows("watching no longer; session t goes on")
        screen.child.expect(pexpect.EOF)
        screen.child.close()
        assert screen.child.exitstatus == 0
        assert "now: #2 waiting for openai/gpt-6-luna 0:09:" in user.types("status").stdout
        assert session.poll() is None
        assert f"stopped; {AGAIN} goes on" in user.types("stop").stdout  # nothing is in hand
        assert session.wait(30) == 130
        session.communicate()


def test_a_session_that_cannot_say_what_it_does_goes_on(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    (user.home / ".git/autoresearch/t/status.json").mkdir(parents=True)
    done = user.types("run", "--tag=t", "--model=tune", "--budget=experiments=2")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("status.json: Is a directory; the session goes on") == 1
    assert "the budget of 2 experiments is spent" in user.types("status").stdout


def test_on_a_narrow_screen_lines_break_at_spaces_and_commands_stay_whole(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    narrow = user.types("run", "--tag=t", "--model=tune", "--budget=experiments=3", env={"COLUMNS": "60"})
    assert narrow.returncode == 0, narrow.stderr
    closing = narrow.stdout[narrow.stdout.index("ended: ") :].splitlines()
    last = next(n for n, line in enumerate(closing) if line.startswith("next: "))
    assert closing[last].startswith("next: autoresearch ")
    assert all(line.startswith(("  autoresearch ", "  git diff ")) for line in closing[last + 1 :])
    plain = user.types("status").stdout.splitlines()
    assert "experiments: " in plain[2]
    for columns in (60, 40):
        shown = user.types("status", env={"COLUMNS": str(columns)}).stdout.splitlines()
        assert max(map(len, shown)) <= columns < max(map(len, plain))
        # The time since the end goes on.
        assert " ".join(line.strip() for line in shown).split()[4:] == " ".join(plain).split()[4:]
    screen = Screen(["status"], user, 60, 24, {})
    screen.shows(r"0 crashed; 0 left\n  of 3, the baseline included")
    screen.child.close()


@pytest.mark.parametrize("command", ["status", "watch", "stop", "show"])
def test_where_there_is_no_session_it_is_said(tmp_path: Path, command: str) -> None:
    arguments = ("1",) if command == "show" else ()
    outside = User(tmp_path).types(command, *arguments)
    assert (outside.returncode, outside.stdout) == (2, "")
    assert f"{tmp_path} is not in a git repository, so it has no session" in outside.stderr
