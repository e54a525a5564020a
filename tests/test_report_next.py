"""What the report says of each keep, and what to do next; LEARNINGS.md once it is verified."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from autoresearch import records
from autoresearch.asking import mended
from autoresearch.cli.onward import onward
from autoresearch.edge.holder import State
from autoresearch.model import Direction, Status
from autoresearch.report import certainty, direction, nextsteps
from autoresearch.report.export import to_json
from autoresearch.report.markdown import markdown
from autoresearch.report.read import read
from autoresearch.report.summary import summarise
from autoresearch.report.terminal import as_text
from model_server import ModelServer
from report_files import HEADER, opened, story, tried, verification, written, written_down
from test_report_evidence import BETTER, LOST, Records, baseline, keep
from test_report_trust import tampers
from user import User, whole

CLOSED = [records.Closed(reason="the budget of 9 experiments is spent")]
STRONG = [(2.0, 1.7)] * 3 + [(2.0, 1.72)] * 3
VERIFY, DIFF, SHOW = "autoresearch verify mar5", "git diff 0000001 autoresearch/mar5", "autoresearch show {} mar5"
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
    written_down(audit, begun)
    unfinished = read(path)
    assert unfinished.evidence is not None
    assert unfinished.evidence.audited == {}
    (audit / "journal.jsonl").unlink()
    written_down(
        audit,
        [*begun[:1], *baseline(), *keep(2, [(2.0, 1.6)] * 5), *tried(3, 1.9, cause="rematch", pairs=LOST), *CLOSED],
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


@pytest.mark.usefixtures("no_sandbox")
def test_verify_says_in_learnings_what_it_found_where_they_are_its_own(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0")]) as server:
        environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.openai_url}
        user.types("run", "--tag=t", "--model=openai/gpt-6-luna", "--budget=experiments=2", env=environment)
    page = tmp_path / "LEARNINGS.md"
    assert "11 at best (+10.0 % as measured; not verified when this was written)" in page.read_text()
    assert user.types("verify", "t").returncode == 0
    assert "(+10.0 % as measured; verified +10.0 % (+10.0 % to +10.0 %, 6 of 6 pairs won))" in page.read_text()
    page.write_text(mine := f"{page.read_text()}mine\n")
    assert user.types("verify", "t").returncode == 0
    assert page.read_text() == mine
