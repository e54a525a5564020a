"""What the report says of each keep, and what to do next; LEARNINGS.md once it is verified."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autoresearch import records
from autoresearch.asking import mended
from autoresearch.cli.onward import onward
from autoresearch.edge.holder import State
from autoresearch.edge.receipt import RECEIPT, Receipt
from autoresearch.edge.whereabouts import ABLATIONS, SESSIONS
from autoresearch.model import Cause, Direction, Status
from autoresearch.report import certainty, direction, nextsteps
from autoresearch.report.export import to_json
from autoresearch.report.markdown import markdown
from autoresearch.report.moment import Moment, doing
from autoresearch.report.nextsteps import Step
from autoresearch.report.read import read
from autoresearch.report.summary import summarise
from autoresearch.report.terminal import as_text
from model_server import ModelServer
from report_files import HEADER, commit, opened, story, tried, verification, written, written_down
from test_report_evidence import BETTER, LOST, Records, baseline, keep
from test_report_trust import tampers
from user import User, whole

CLOSED = [records.Closed(reason="the budget of 9 experiments is spent")]
DONE = records.Closed(reason=records.DONE)
STRONG = [(2.0, 1.7)] * 3 + [(2.0, 1.72)] * 3
VERIFY, DIFF, SHOW = "autoresearch verify mar5", "git diff 0000001 autoresearch/mar5", "autoresearch show {} mar5"
BUDGET = "--budget=experiments=2"
STATUS, RUN = "autoresearch status mar5", "autoresearch run --tag mar5"


def commands(path: Path) -> list[str]:
    """What is to be typed next."""
    log = read(path)
    return [step.command for step in nextsteps.steps(log, summarise(log))]


def crash(n: int) -> Records:
    """An experiment that crashed."""
    return tried(n, cause=None, status=Status.CRASH, reason="bench exited with 1")


@pytest.mark.parametrize(
    ("experiments", "expected"),
    [
        ([keep(2), keep(3, STRONG), CLOSED], [VERIFY, DIFF, SHOW.format(3)]),
        (
            [keep(2), keep(3, STRONG), CLOSED, verification(3, BETTER)],
            [DIFF, SHOW.format(3), "autoresearch ablate mar5", "autoresearch finalize mar5"],
        ),
        ([keep(2), CLOSED, verification(2, BETTER)], [DIFF, SHOW.format(2), "autoresearch finalize mar5"]),
        ([keep(2), CLOSED, verification(2, BETTER[:3])], [VERIFY, DIFF, SHOW.format(2)]),
        (
            [keep(2), CLOSED, verification(2, [(mine, theirs) for theirs, mine in BETTER])],
            [VERIFY, "autoresearch audit mar5", DIFF, SHOW.format(2)],
        ),
        ([keep(2)], [STATUS, RUN, VERIFY, DIFF, SHOW.format(2)]),
        ([keep(2), [records.Closed(reason="stopped by SIGINT")]], [RUN, VERIFY, DIFF, SHOW.format(2)]),
        (
            [tried(2, 2.2, cause="screen"), tried(3, 2.1, cause="screen"), CLOSED],
            [SHOW.format(3), "autoresearch check"],
        ),
        ([crash(2), crash(3), CLOSED], [SHOW.format(3), "autoresearch check", "autoresearch check"]),
        ([tampers(2, "bench.py"), CLOSED], [SHOW.format(2), "autoresearch check"]),
        ([CLOSED], ["autoresearch check"]),
    ],
    ids="kept verified one half lost running stopped nothing crashes tampered begun".split(),
)
def test_what_to_do_next_depends_on_how_far_the_session_is(
    tmp_path: Path, experiments: list[Records], expected: list[str]
) -> None:
    assert commands(story(tmp_path, baseline(), *experiments)) == expected


@pytest.mark.parametrize(
    ("state", "expected", "claim"),
    [
        (
            "running",
            ["autoresearch watch mar5", DIFF, SHOW.format(2)],
            "as measured, not verified while the session runs",
        ),
        ("killed", [f"{RUN} --model tune", VERIFY, DIFF, SHOW.format(2)], f"as measured, not verified: {VERIFY}"),
    ],
)
def test_a_session_that_runs_is_watched_and_one_that_was_killed_goes_on(
    tmp_path: Path, state: State, expected: list[str], claim: str
) -> None:
    log = read(story(tmp_path, baseline(), keep(2)))
    assert log.session is not None
    log = replace(log, session=replace(log.session, state=state, goes_on=f"{RUN} --model tune"))
    assert [step.command for step in nextsteps.steps(log, summarise(log))] == expected
    assert certainty.claim(log) == claim


@pytest.mark.parametrize(
    ("experiments", "expected"),
    [
        ([keep(2), CLOSED], ["next: autoresearch verify mar5"]),
        ([keep(2), CLOSED, verification(2, BETTER)], ["next: autoresearch finalize mar5"]),
        (
            [tampers(2, "bench.py"), keep(3), CLOSED, verification(3, BETTER)],
            ["next: autoresearch show 2 mar5", "then: autoresearch finalize mar5"],
        ),
        ([CLOSED], []),
    ],
    ids="kept verified tampered begun".split(),
)
def test_what_follows_a_command_is_what_the_report_offers_behind_what_it_warns_of(
    tmp_path: Path, experiments: list[Records], expected: list[str]
) -> None:
    lines = onward(story(tmp_path, baseline(), *experiments), "finalize", "verify")
    assert [line.partition("  # ")[0].rstrip() for line in lines] == expected


def test_a_foreign_file_can_be_audited_where_it_kept_something(tmp_path: Path) -> None:
    kept = written(tmp_path, HEADER + "aaaaaa1\t2.0\t1\tkeep\tbaseline\nbbbbbb2\t1.0\t1\tkeep\tx\n")
    assert commands(kept) == ["autoresearch audit BRANCH"]
    assert commands(written(tmp_path, HEADER + "aaaaaa1\t2.0\t1\tkeep\tbaseline\n", "b.tsv")) == []


def test_what_is_to_be_typed_cannot_come_from_a_foreign_journal(tmp_path: Path) -> None:
    path = story(tmp_path, baseline(), keep(2), CLOSED, tag="x; rm -rf ~")
    assert commands(path)[0] == "autoresearch verify 'x; rm -rf ~'"


@pytest.mark.parametrize("width", [20, 40, 60, 100])
def test_the_commands_are_beside_their_reasons_or_above_them(tmp_path: Path, width: int) -> None:
    log = read(story(tmp_path, baseline(), keep(2), CLOSED))
    lines = as_text(log, summarise(log), width=width, chart=False).splitlines()
    assert max(map(len, lines)) <= width
    end = lines[lines.index("Next") + 1 :]
    if width == 100:
        assert end[0] == f"  {VERIFY:<{len(DIFF)}}  # head against baseline, measured anew in 12 runs"
    elif width >= 40:
        assert end[0] == f"  {VERIFY}"
        assert end[1].startswith("    head against")


# How sure each keep is


def test_keeps_come_by_size_with_how_sure_each_is(tmp_path: Path) -> None:
    shaky = [(2.0, 1.9)] * 2 + [(2.0, 2.1)] + [(2.0, 1.9)] * 5
    log = read(story(tmp_path, baseline(), keep(2, shaky), keep(3, STRONG), CLOSED))
    summary = summarise(log)
    assert summary.last is not None
    found = [(entry.row.n, *certainty.sureness(log, entry.row)) for entry in certainty.ranked(log, summary.last.kept)]
    assert found == [(3, "6–0", "-14.0 % to -15.0 %"), (2, "7–1", "+5.0 % to -5.0 %")]
    text = as_text(log, summary, chart=False)
    assert "side by side (ranges hold with 96 % or more); none is verified" in " ".join(text.split())
    assert text.index("\n3  -14.5 %    6–0") < text.index("\n2   -5.0 %    7–1")
    assert "| 3 | -14.5 % | 6–0 | -14.0 % to -15.0 % |" in markdown(log, summary)
    keeps = json.loads(to_json(log, summary))["evidence"]["keeps"]
    assert [(one["n"], one["wins"], one["losses"], one["low"]) for one in keeps] == [
        (2, 7, 1, pytest.approx(-0.05)),
        (3, 6, 0, pytest.approx(0.14)),
    ]


def test_says_what_is_verified_and_what_is_not(tmp_path: Path) -> None:
    log = read(story(tmp_path, baseline(), keep(2), CLOSED, verification(2, BETTER)))
    assert certainty.about_keeps(log).endswith("; what is verified is all of them together, above")
    foreign = read(written(tmp_path, HEADER + "aaaaaa1\t2.0\t1\tkeep\tbaseline\n"))
    assert certainty.about_keeps(foreign) == "changes are over the best before, as the file has them; none is verified"


def test_what_an_audit_measured_anew_stands_beside_each_keep_and_orders_them(tmp_path: Path) -> None:
    folder, audit = tmp_path / ".git/autoresearch/team/mar5", tmp_path / ".git/autoresearch-audit/team/mar5/abc"
    folder.mkdir(parents=True)
    audit.mkdir(parents=True)
    path = story(folder, baseline(), keep(2), keep(3, STRONG), CLOSED, tag="team/mar5")
    again = [keep(2, [(2.0, 1.6)] * 5), tried(3, 1.9, cause="rematch", pairs=LOST)]
    begun = [opened(decide="rematch", tag="team/mar5"), *baseline(), *again[0], *again[1]]
    written_down(audit, [*begun, records.Closed(reason="stopped by SIGINT")])
    unfinished = read(path)
    assert unfinished.evidence is not None
    assert unfinished.evidence.after.audited == {}
    (audit / "journal.jsonl").unlink()
    written_down(
        audit,
        [*begun[:1], *baseline(), *keep(2, [(2.0, 1.6)] * 5), *tried(3, 1.9, cause="rematch", pairs=LOST), DONE],
    )
    log = read(path)
    summary = summarise(log)
    assert summary.last is not None
    found = [(entry.row.n, certainty.anew(log, entry.row)) for entry in certainty.ranked(log, summary.last.kept)]
    assert found == [(2, "-20.0 % (5–0)"), (3, certainty.anew(log, log.rows[2]))]
    assert found[1][1].endswith(", fell")
    assert "anew is what an audit measured of each against its parent" in certainty.about_keeps(log)
    audited = json.loads(to_json(log, summary))["evidence"]["audited"]
    assert [one["survives"] for one in audited] == [True, False]


ABLATE = "autoresearch ablate mar5 --min-gain '1 %'"
"""An ablation, as it was typed."""


def ablation(*removed: tuple[int, str, list[tuple[float, float]]]) -> list[records.AnyRecord]:
    """The head, then what it is without a keep: its experiment, `dead` or `earns`, pairs with and without it."""
    told: list[records.AnyRecord] = [
        opened(decide="rematch"),
        records.Began(pid=1, host="here", version="0.1.0", again=ABLATE),
    ]
    causes: dict[str, Cause] = {"dead": "simplification", "earns": "rematch", "itself": "baseline"}
    for n, (kept, said, pairs) in enumerate([(0, "itself", []), *removed], start=1):
        told.append(records.Without(n=n, commits=(commit(kept),) if kept else ()))
        measured = tried(n, 1.8, cause=causes[said], pairs=pairs)
        told += [record for record in measured if not isinstance(record, records.Proposed | records.Committed)]
    return [*told, DONE]


def of_keeps(tmp_path: Path) -> tuple[Path, Path]:
    """A journal of two keeps, verified, and the folder for an ablation of them."""
    folder, about = (tmp_path / ".git" / name / "mar5" for name in (SESSIONS, ABLATIONS))
    folder.mkdir(parents=True)
    (about / "abc").mkdir(parents=True)
    return story(folder, baseline(), keep(2), keep(3, STRONG), CLOSED, verification(3, BETTER)), about / "abc"


def test_after_an_ablation_it_is_said_what_is_dead_weight_and_what_to_do_then(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    path, about = of_keeps(tmp_path)
    assert commands(path)[-2:] == ["autoresearch ablate mar5", "autoresearch finalize mar5"]
    written_down(about, ablation((2, "dead", [(1.8, 1.8)] * 7), (3, "earns", [(1.7, 2.0)] * 7)))
    assert commands(path)[-2:] == [f"{ABLATE} --apply", "autoresearch finalize mar5"]
    log = read(path)
    said = f"ablation: 1 of 2 keeps earn a place in the head, #2 dead weight: {ABLATE} tells more"
    assert said in list(certainty.lines(log))
    found = json.loads(to_json(log, summarise(log)))["evidence"]["ablated"]
    told = {(one["commit"], one["standing"], round(one["change"], 2)) for one in found}
    assert told == {(commit(2), "dead", 0.0), (commit(3), "earns", 0.15)}
    user.git("branch", "autoresearch/mar5-ablated")
    assert commands(path)[-1:] == ["autoresearch finalize mar5-ablated"]
    assert f"{ABLATE} --apply" not in commands(path)
    tip = user.git("rev-parse", "autoresearch/mar5-ablated")
    for head, then in ((tip, "git merge autoresearch/x"), (commit(3), "autoresearch finalize mar5-ablated")):
        Receipt.at(path.parent / RECEIPT).note({"autoresearch/x": commit(9)}, head)
        assert commands(path)[-1] == then


def test_an_ablation_of_an_earlier_head_says_nothing_of_this_one(tmp_path: Path) -> None:
    path, about = of_keeps(tmp_path)
    written_down(about, ablation((2, "dead", [(1.8, 1.8)] * 7)))
    assert commands(path)[-2:] == [ABLATE, "autoresearch finalize mar5"]
    said = f"ablation: of an earlier head; {ABLATE} looks at this one"
    assert said in list(certainty.lines(read(path)))


def test_what_was_finalized_of_an_earlier_head_is_to_be_finalized_again(tmp_path: Path) -> None:
    path = story(tmp_path, baseline(), keep(2), keep(3, STRONG), CLOSED, verification(3, BETTER))
    Receipt.at(tmp_path / RECEIPT).note({"autoresearch/mar5-final": commit(9)}, commit(2))
    assert commands(path)[-1] == "autoresearch finalize mar5"


def test_a_verification_that_was_cut_short_goes_on_even_if_an_earlier_one_proved_a_gain(tmp_path: Path) -> None:
    again = [records.Verifying(baseline=commit(1), head=commit(2), pairs=12, goes_on=True, settled=6)]
    path = story(tmp_path, baseline(), keep(2), CLOSED, verification(2, BETTER), again)
    assert commands(path)[0] == VERIFY
    assert commands(path)[-1] == "autoresearch finalize mar5"


def test_what_was_finalized_is_said_with_the_head_it_is_of(tmp_path: Path) -> None:
    path = story(tmp_path, baseline(), keep(2), CLOSED, verification(2, BETTER))
    Receipt.at(tmp_path / RECEIPT).note({"autoresearch/mar5-final": commit(9)}, commit(2))
    log = read(path)
    assert "finalized: autoresearch/mar5-final (0000009), made of 0000002" in list(certainty.lines(log))
    assert nextsteps.steps(log, summarise(log))[-1] == Step("git merge autoresearch/mar5-final", "finalized")
    made = {"head": commit(2), "branches": {"autoresearch/mar5-final": commit(9)}}
    assert json.loads(to_json(log, summarise(log)))["evidence"]["finalized"] == made


def test_the_last_page_says_when_the_session_ended_and_not_when_it_was_made(tmp_path: Path) -> None:
    path = story(tmp_path, baseline(), keep(2), CLOSED, verification(2, BETTER))
    said = doing(read(path), Moment(datetime(2999, 1, 1, tzinfo=UTC), running=False))
    assert re.fullmatch(r"ended 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d: the budget of 9 experiments is spent", said)
    assert "2999" not in said


# Direction


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("2.0 keep, 1.9 discard, 1.8 discard, 1.7 discard", None),
        ("2.0 keep, 1.5 keep, 1.8 discard, 1.7 discard", Direction.LOWER),
        ("2.0 keep, 2.5 keep, 1.8 discard, 1.7 discard", Direction.HIGHER),
    ],
)
def test_nothing_that_was_kept_tells_no_direction(tmp_path: Path, rows: str, expected: Direction | None) -> None:
    said = [row.split() for row in rows.split(", ")]
    text = "commit\tmetric\tstatus\tdescription\n"
    text += "".join(f"{n:07x}\t{value}\t{status}\tidea\n" for n, (value, status) in enumerate(said, start=1))
    log = read(written(tmp_path, text))
    assert log.direction is expected
    assert ("give --direction" in " ".join(log.warnings)) is (expected is None)
    if expected is None:
        shown = as_text(log, summarise(log))
        assert shown.startswith("metric is of unknown direction (--direction higher or --direction lower tells), 3 exp")
        assert direction.from_rows(log.rows) is None


# What mended a crash, and what was verified


@pytest.mark.parametrize(
    ("idea", "change", "expected"),
    [
        ("deeper", "import math", "deeper; mended: import math"),
        ("deeper; mended: import math", "import cmath", "deeper; mended: import cmath"),
        ("deeper", "deeper", "deeper"),
        ("deeper", " ", "deeper"),
    ],
)
def test_a_crash_that_was_mended_says_what_mended_it(idea: str, change: str, expected: str) -> None:
    assert mended(idea, change) == expected


@pytest.mark.slow
@pytest.mark.usefixtures("no_sandbox")
def test_verify_says_in_learnings_what_it_found_where_they_are_its_own(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0")]) as server:
        environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.openai_url}
        user.types("run", "--tag=t", "--model=openai/gpt-6-luna", BUDGET, env=environment)
    page = tmp_path / "LEARNINGS.md"
    assert "11 at best (+10.0 % as measured; not verified when this was written)" in page.read_text()
    assert "verification:" not in user.types("status", "t").stdout
    assert "next: autoresearch verify t; git diff" in user.types("run", "--tag=t", "--model=tune", BUDGET).stdout
    assert user.types("verify", "t").returncode == 0
    assert "next: git diff" in user.types("run", "--tag=t", "--model=tune", BUDGET).stdout
    assert "verification: verified gain 10.0 % (10.0 % to 10.0 %, 6 of 6 pairs won)\n" in user.types("status").stdout
    found = json.loads(user.types("status", "--json").stdout)["verified"]
    assert (round(found["gain"], 3), found["pairs"], found["relative"]) == (0.1, 6, True)
    assert "(+10.0 % as measured; verified gain 10.0 % (10.0 % to 10.0 %, 6 of 6 pairs won))" in page.read_text()
    page.write_text(mine := f"{page.read_text()}mine\n")
    assert user.types("verify", "t").returncode == 0
    assert page.read_text() == mine
