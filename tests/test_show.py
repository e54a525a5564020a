"""One experiment whole, and the history as a table: show, log."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import pexpect
import pytest
from rich.console import Console

from autoresearch.decide.story import tell
from autoresearch.model import Direction, Status
from autoresearch.records import AnyRecord, Committed, Decided, Drawn, Measuring, Planned, Proposed, Refused
from autoresearch.report.dossier import Dossier, show, visible
from conftest import IDENTITY
from histories import measured, proposed
from model_server import ModelServer
from test_session import CRASHING, NOT_THERE
from user import COMMAND, User, rounds, whole

TAMPERS = 'open("data.csv", "a").write("42\\n")\n'
REPLIES = rounds(
    whole("11.0", description="eleven [bold]\x1b[31mred").replace("category", "expected: +5%\ncategory"),  # 2 keep
    [NOT_THERE, whole("10.5")],  # 3 asked again, discard
    [whole("12.0", extra=CRASHING), whole("12.0")],  # 4 crash, repaired, keep
    [NOT_THERE] * 4,  # 5 does not apply
    whole("99.0", extra=TAMPERS),  # 6 tampered
)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> User:
    """A session of all kinds of experiments, played once."""
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(IDENTITY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
        patch.setenv("AUTORESEARCH_SANDBOX", "off")
        user = User.with_project(tmp_path_factory.mktemp("night") / "project", files={"data.csv": "41\n"})
        with ModelServer(REPLIES) as server:
            environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.openai_url}
            arguments = ("run", "--tag=t", "--model=openai/gpt-6-luna", "--budget=experiments=6")
            done = user.types(*arguments, env=environment)
        assert done.returncode == 0, done.stderr
    return user


def shown(user: User, *arguments: str) -> str:
    done = user.types("show", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_keep_is_shown_whole(night: User) -> None:
    said = shown(night, "2")
    commit = night.git("rev-parse", "refs/autoresearch/t/2")
    for line in (
        "#2 keep  score 11 (+10.0 % over 10)",
        f"autoresearch/t  {commit[:12]}",
        "hypothesis: it may score more",
        "predicted +5.0 %, measured +10.0 %: it came true",
        "proposed by openai/gpt-6-luna (parameters): 1 reply, ",
        "Runs\n   1  candidate  11 ",
        "-VALUE = 10.0\n+VALUE = 11.0\n",
        "Log\nscore: 11.0\n",
        "code: git show refs/autoresearch/t/2; to try it: git switch --detach refs/autoresearch/t/2",
    ):
        assert line in said
    assert re.search(r"eleven \[bold\].*red", said)
    assert "\x1b" not in said
    log = re.search(r"whole log: (.*)", said)
    assert log
    assert Path(log[1]).read_text() == "score: 11.0\n"


def test_answers_that_were_refused_repairs_tampering_and_the_baseline_are_shown(night: User) -> None:
    assert "refused: search not found" in shown(night, "3").replace("SEARCH matches 0", "search not found")
    repaired, crashed = shown(night, "4"), night.git("rev-parse", "refs/autoresearch/t/4.1")
    assert f"repaired: {crashed[:12]} (refs/autoresearch/t/4.1), as bench exited with 1: NameError" in repaired
    assert f"Runs of {crashed[:7]}, which was repaired\n   1  candidate  bench exited with 1" in repaired
    assert "Runs\n   2  candidate  12 " in repaired
    never = shown(night, "5")
    assert "#5 crash\nautoresearch/t  no commit" in never
    assert never.count("\nrefused: ") == 4
    assert "code: none; no answer became a candidate" in never
    tampered = shown(night, "6", "t")
    evidence = re.search(r"changed data\.csv: see (.*)", tampered)
    assert evidence
    assert "+42" in Path(evidence[1]).read_text()
    baseline = shown(night, "1")
    assert "#1 baseline, keep  score 10\n" in baseline
    assert "Change" not in baseline
    assert f"code: git switch --detach {night.git('rev-parse', '--short=12', 'main')}" in baseline


def test_for_programs_there_is_one_object(night: User) -> None:
    found = json.loads(shown(night, "4", "--json"))
    assert (found["n"], found["status"], found["value"], found["over"]) == (4, "keep", 12.0, 11.0)
    assert [(attempt["repair"], len(attempt["runs"]) > 0) for attempt in found["attempts"]] == [(0, True), (1, True)]
    assert found["attempts"][0]["commit"] == night.git("rev-parse", "refs/autoresearch/t/4.1")
    assert found["commit"] == night.git("rev-parse", found["ref"])
    assert "+VALUE = 12.0" in found["diff"]
    assert len(found["replies"]) == 2
    assert json.loads(night.types("show", "last", "t", "--json").stdout)["n"] == 6


@pytest.mark.parametrize("number", ["0", "7", "-1"])
def test_a_number_that_does_not_exist_is_refused_with_those_that_do(night: User, number: str) -> None:
    done = night.types("show", "--", number)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"session t has no experiment {number}. There are 1 to 6." in done.stderr


def on_a_terminal(user: User, columns: int, *arguments: str, **environment: str) -> str:
    """What a command prints there."""
    printed = pexpect.run(
        " ".join([str(COMMAND), *arguments]),
        cwd=str(user.home),
        env={**os.environ, "TERM": "xterm-256color", **environment},
        dimensions=(30, columns),
        encoding="utf-8",
        timeout=60,
    )
    assert isinstance(printed, str)
    return printed.replace("\r\n", "\n")


def test_a_diff_has_colours_in_a_terminal_unless_they_are_not_wanted(night: User) -> None:
    coloured = on_a_terminal(night, 80, "show", "2")
    assert "\x1b[31m-VALUE = 10.0\x1b[0m\n\x1b[32m+VALUE = 11.0\x1b[0m" in coloured
    assert "\x1b[31mred" not in coloured  # the model's own
    plain = on_a_terminal(night, 80, "show", "2", NO_COLOR="1")
    assert "-VALUE = 10.0\n+VALUE = 11.0\n" in plain
    assert "\x1b[3" not in plain


def test_the_history_is_a_table(night: User) -> None:
    head, *rows = night.types("log").stdout.splitlines()
    assert head.split() == ["#", "commit", "score", "change", "status", "cost", "time", "description"]
    assert [row.split()[0] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert re.fullmatch(r"2  \w{7}     11  \+10\.0 %  keep +\$\S+ +\S+ s  eleven \[bold\].*red", rows[1])
    kept = night.types("log", "t", "-n", "2", "--status", "keep").stdout.splitlines()[1:]
    assert [row.split()[0] for row in kept] == ["2", "4"]
    assert [row.split()[0] for row in night.types("log", "results.tsv").stdout.splitlines()[1:]] == list("123456")
    narrow = on_a_terminal(night, 50, "log", NO_COLOR="1").splitlines()
    assert all(len(line) <= 50 for line in narrow)
    assert narrow[0].split() == ["#", "score", "change", "status", "description"]
    assert "\x1b[32mkeep" in on_a_terminal(night, 80, "log")
    none = night.types("log", "--status", "other")
    assert (none.stdout, none.stderr) == ("", "note: autoresearch/t: no row to list\n")


def test_its_rows_are_those_of_the_report(night: User) -> None:
    listed = [json.loads(line) for line in night.types("log", "--json").stdout.splitlines()]
    assert listed == json.loads(night.types("report", "--format", "json").stdout)["rows"]
    assert len(listed) == 6


def dossier(*records: AnyRecord, doing: str = "") -> str:
    story = tell(records, 2)
    assert story is not None
    found = Dossier("t", "loss", Direction.LOWER, "b" * 40, Path("/s"), story, None, doing, "", "")
    console = Console(file=io.StringIO(), width=200)
    show(found, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_one_that_is_in_progress_says_what_goes_on() -> None:
    records: list[AnyRecord] = [
        Planned(n=2, rung="branch", idea="algorithm", hint="", by="openai/m", start=1),
        proposed(2),
        Committed(n=2, repair=0, commit="c" * 40),
        Measuring(n=2, run=1, arm="candidate"),
    ]
    said = dossier(*records, doing="#2 running the bench for 0:00:01")
    assert "#2 no verdict yet\n" in said
    assert "in progress: #2 running the bench for 0:00:01" in said
    assert "from the text of #1" in said
    assert "   1  candidate  not ended" in said
    assert "broken off: the session does not run" in dossier(*records)


def test_a_repair_that_never_came_leaves_the_crash_as_what_was_decided() -> None:
    said = dossier(
        proposed(2),
        Committed(n=2, repair=0, commit="c" * 40),
        measured(None, failure="exit 1"),
        Refused(n=2, reason="no edit found", said="there is no edit"),
        Refused(n=2, reason="no edit found", said="nor here"),
        Decided(n=2, status=Status.CRASH, reason="exit 1", value=None),
    )
    assert "cccccccccccc" in said
    assert "refused: there is no edit\nrefused: nor here\n" in said
    assert "repaired" not in said


def test_a_sentinel_is_called_one() -> None:
    nothing: Proposed = proposed(2).model_copy(update={"by": "sentinel", "files": ()})
    said = dossier(
        nothing,
        Drawn(n=2, order=("incumbent", "candidate"), seed=1),
        Decided(n=2, status=Status.DISCARD, reason="does nothing", cause="sentinel", would_keep=True, value=1.0),
    )
    assert "#2 sentinel, discard  loss 1\n" in said
    assert "the rule would have kept it" in said


def test_what_would_steer_a_terminal_is_made_visible() -> None:
    assert visible("a\tb\n\x1b]0;x\x07\u202eé") == "a   b\n\ufffd]0;x\ufffd\ufffdé"
