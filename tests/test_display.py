"""The live view on a real pseudo-terminal, read from a terminal emulator's screen."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path

import pexpect
import pyte
import pytest

from autoresearch.decide.history import History, Spent
from autoresearch.news import left, phase
from autoresearch.records import Began
from autoresearch.settings import Budget
from model_server import Failure, ModelServer
from user import COMMAND, User, whole

pytestmark = pytest.mark.usefixtures("no_sandbox")

WAIT = "import os, time\nwhile not os.path.exists({gate!r}): time.sleep(0.01)\n"


class Screen:
    """A terminal of some size, with a command in it."""

    def __init__(self, arguments: list[str], user: User, columns: int, rows: int, environment: dict[str, str]) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._screen)
        self.child = pexpect.spawn(
            str(COMMAND),
            arguments,
            cwd=str(user.home),
            env={**os.environ, "TERM": "xterm-256color", **environment},
            dimensions=(rows, columns),
            encoding="utf-8",
            timeout=60,
        )

    def text(self) -> str:
        """What is on the screen now."""
        with suppress(pexpect.TIMEOUT, pexpect.EOF):
            self._stream.feed(self.child.read_nonblocking(100_000, timeout=0.05))
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def shows(self, pattern: str, seconds: float = 120) -> str:
        """Wait until the screen shows a pattern."""
        end = time.monotonic() + seconds
        while not re.search(pattern, text := self.text()):
            assert time.monotonic() < end, f"{pattern!r} never came:\n{text}"
        return text

    def resize(self, columns: int, rows: int) -> None:
        """The user drags the window's corner."""
        self._screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)


@pytest.mark.parametrize(("columns", "rows"), [(110, 30), (60, 20)])
def test_the_live_view_follows_a_session(tmp_path: Path, columns: int, rows: int) -> None:
    gate = tmp_path / "gate"
    user = User.with_project(tmp_path / "project")
    replies = ["Yes.", whole("11.0", description="eleven is more"), whole("12.0", extra=WAIT.format(gate=str(gate)))]
    with ModelServer(replies) as server:
        environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.openai_url}
        screen = Screen(
            ["run", "--tag=t", "--model=openai/gpt-6-luna", "--budget=experiments=3"], user, columns, rows, environment
        )
        screen.shows(r"#3/3 running the bench +0:00:0\d of 0:00:20")
        # Each by itself: what is read from a terminal may end in the middle of a frame.
        for shown in (
            "autoresearch/t",
            r"score 11\b",
            "baseline 10",
            r"2 +\w{7} +11 +keep +eleven",
            "elapsed 0:00:",
            "note: #2: an answer was refused",
            r"\$0",
        ):
            screen.shows(shown)
        screen.resize(columns - 10, rows)
        gate.touch()
        screen.shows("ended: the budget of 3 experiments is spent")
        screen.shows("next: autoresearch verify t")
        if columns == 60:
            screen.shows(r"\nnext: autoresearch verify t;\n  git diff \w{7} autoresearch/t;\n  autoresearch report t")
        screen.child.expect(pexpect.EOF)
        screen.child.close()
    assert screen.child.exitstatus == 0


@pytest.mark.parametrize("form", ["lines", "json"])
def test_a_refused_answer_is_said_and_one_kind_of_idea_is_counted(tmp_path: Path, form: str) -> None:
    user = User.with_project(tmp_path / "project")
    with ModelServer(["Yes.", whole("11.0")]) as server:
        environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.openai_url}
        arguments = ("--json",) if form == "json" else ()
        done = user.types(
            "run", "--tag=t", "--model=openai/gpt-6-luna", "--budget=experiments=2", *arguments, env=environment
        )
    assert done.returncode == 0, done.stderr
    assert "#2: an answer was refused: " in (done.stdout if form == "json" else done.stderr)
    assert "Learnings by kind of idea - parameters: 1 tried, 1 kept (+10.0 %)" in " ".join(
        user.types("report", "t").stdout.split()
    )


@pytest.mark.slow
def test_ctrl_c_in_the_terminal_lets_the_run_finish(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    user = User.with_project(tmp_path / "project")
    with ModelServer([whole("9.0", extra=WAIT.format(gate=str(gate)))]) as server:
        environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.openai_url}
        screen = Screen(["run", "--tag=t", "--model=openai/gpt-6-luna"], user, 100, 30, environment)
        screen.shows("#2 running the bench")
        screen.child.sendintr()
        screen.shows("stopping after this run")
        gate.touch()
        screen.shows("ended: stopped by SIGINT")
        screen.child.expect(pexpect.EOF)
        screen.child.close()
    assert screen.child.exitstatus == 130
    assert [row["status"] for row in user.rows()] == ["keep", "discard"]


@pytest.mark.slow
def test_a_wait_is_counted_down_and_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([Failure(429, "slow down", {"Retry-After": "600"})]) as server:
        environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.openai_url}
        screen = Screen(["run", "--tag=t", "--model=openai/gpt-6-luna"], user, 160, 30, environment)
        why = r"\(127\.0\.0\.1:\d+ limits the rate of requests \(429\): slow down\)"
        screen.shows(rf"#2 waiting for openai/gpt-6-luna 0:09:\d\d {why}, gives up in 0:59:\d\d")
        screen.shows("waiting for openai/gpt-6-luna 0:09:5[0-7]")
        screen.child.sendintr()
        screen.shows("ended: interrupted")
        screen.child.expect(pexpect.EOF)
        screen.child.close()
    assert screen.child.exitstatus == 130
    assert [row["status"] for row in user.rows()] == ["keep"]


def test_a_closed_terminal_lets_the_run_finish(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    user = User.with_project(tmp_path / "project")
    with ModelServer([whole("9.0", extra=WAIT.format(gate=str(gate)))]) as server:
        environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.openai_url}
        screen = Screen(["run", "--tag=t", "--model=openai/gpt-6-luna"], user, 100, 30, environment)
        screen.shows("#2 running the bench")
        os.close(screen.child.child_fd)  # the window is closed: the kernel sends SIGHUP
        gate.touch()
        _, status = os.waitpid(screen.child.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    assert [row["status"] for row in user.rows()] == ["keep", "discard"]


def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    screen = Screen(["run", "--tag=t", "--model=tune", "--budget=experiments=2"], user, 100, 30, {"TERM": "dumb"})
    screen.shows("ended: the budget of 2 experiments is spent")
    assert "#1 keep score 10" in screen.text()
    screen.child.close()


TAMPERED = "tampering: a run of #2 changed data.csv (how: .git/autoresearch/t/runs/2-1.tampered.diff)"


@pytest.mark.slow
def test_tampering_stands_out_while_the_session_goes_on(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    user = User.with_project(tmp_path / "project", files={"data.csv": "41\n"})
    tampers, waits = 'open("data.csv", "a").write("42\\n")\n', WAIT.format(gate=str(gate))
    with ModelServer([whole("99.0", extra=tampers, description="grow"), whole("12.0", extra=waits)]) as server:
        environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.openai_url}
        arguments = ["run", "--tag=t", "--model=openai/gpt-6-luna", "--budget=experiments=3", "--repairs=0"]
        screen = Screen(arguments, user, 110, 30, environment)
        screen.shows("#3/3 running the bench")
        screen.shows(re.escape(TAMPERED))
        screen.shows(r"discard +grow \[tampered: data.csv changed\]")
        gate.touch()
        screen.child.expect(pexpect.EOF)
        screen.child.close()
    assert screen.child.exitstatus == 0


@pytest.mark.parametrize(
    ("flags", "note"), [((), f"note: {TAMPERED}"), (("--json",), f'{{"event": "notice", "text": "{TAMPERED}"}}')]
)
def test_tampering_is_told_without_a_terminal_too(tmp_path: Path, flags: tuple[str, ...], note: str) -> None:
    user = User.with_project(tmp_path, files={"data.csv": "41\n"})
    with ModelServer([whole("99.0", extra='open("data.csv", "a").write("42\\n")\n', description="grow")]) as server:
        environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.openai_url}
        arguments = ("run", "--tag=t", "--model=openai/gpt-6-luna", "--budget=experiments=2", "--repairs=0", *flags)
        done = user.types(*arguments, env=environment)
    assert note in (done.stdout + done.stderr).splitlines()


@pytest.mark.parametrize(
    ("budget", "shown"),
    [
        (Budget(), ""),
        (Budget(usd=20), " (of $20, $12.50 left)"),
        (Budget(tokens=10_000), " (of 10,000 tokens, 9,000 left)"),
        (Budget(usd=5, tokens=500), " (of $5, $0.00 left; of 500 tokens, 0 left)"),
    ],
)
def test_the_money_and_the_tokens_are_counted_down(budget: Budget, shown: str) -> None:
    assert left(budget, History(spent=Spent(usd=7.5, tokens=1000, replies=3))) == shown


def test_a_target_is_only_said_to_be_proved_where_it_is() -> None:
    said = [phase(Began(pid=1, host="here", version="0.1.0", canary=due)) for due in (True, False)]
    assert said == ["proving that the bench runs the target", "getting ready"]
