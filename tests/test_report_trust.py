"""What a report says of tampering, of who says the metric, and of what the runs were shut in."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from autoresearch import records
from autoresearch.model import Label, Status
from autoresearch.records import Arm
from autoresearch.report import certainty, chart, wording
from autoresearch.report.alarms import alarms
from autoresearch.report.export import to_json
from autoresearch.report.html import page
from autoresearch.report.markdown import markdown
from autoresearch.report.read import read
from autoresearch.report.summary import summarise
from autoresearch.report.terminal import as_text, show
from report_files import commit, measured, opened, story, tried, verification, written_down

Records = Iterator[records.AnyRecord]


def baseline() -> Records:
    """Experiment 1."""
    return tried(1, 2.0, 2.0, cause="baseline", by="baseline")


def tampers(
    n: int,
    *files: str,
    arm: Arm = "candidate",
    description: str = "faster",
    by: str = "m",
    status: Status = Status.DISCARD,
) -> Records:
    """An experiment one of whose runs changed these files, the candidate's or the incumbent's."""
    first, *rest = tried(n, cause=None, description=description, by=by)
    yield from (first, rest[0])
    yield measured(n, 1, arm, None).model_copy(update={"tampered": files})
    kept = status is Status.KEEP
    reason, cause = ("better", "better") if kept else (f"tampered: {', '.join(files)} changed", "tampered")
    yield records.Decided.model_validate(
        {"n": n, "status": status, "reason": reason, "cause": cause, "value": 1.0 if kept else None}
    )
    yield records.Settled(n=n)


def checked(n: int) -> Records:
    """An experiment that changed a file when `check` ran on it."""
    first, *rest = tried(n, 1.0, cause="check")
    failure = "tampered: tests/a.py, b.py changed"
    yield from (first, *rest[:-2], records.Checked(n=n, failure=failure, duration_s=1.0, log=f"runs/{n}-check.log"))
    yield from rest[-2:]


def said(folder: Path, *experiments: Records) -> list[str]:
    """The alarms of a session."""
    return list(alarms(read(story(folder, baseline(), *experiments))))


# Tampering


def test_what_changed_protected_files_is_named_with_what_and_where(tmp_path: Path) -> None:
    assert said(tmp_path, tampers(2, "bench.py", "data.csv"), tried(3, 2.1, cause="screen")) == [
        "tampering: the code of 1 experiment changed protected files; nothing of it was kept",
        "look at this: #2 0000002 “faster” changed bench.py, data.csv (how: "
        ".git/autoresearch/mar5/runs/2-1.tampered.diff)",
    ]


def test_many_are_told_in_short(tmp_path: Path) -> None:
    found = said(tmp_path, tampers(2, *(f"{n}.py" for n in range(9))), *(tampers(n, "b.py") for n in range(3, 9)))
    assert len(found) == 5
    assert found[0].startswith("tampering: the code of 7 experiments changed")
    assert " changed 0.py, 1.py, 2.py and 6 more files (" in found[1]
    assert found[-1] == "and at 4 more: #5, #6, #7, #8"


def test_code_that_was_kept_before_it_tampered_comes_first_and_is_said_to_be_kept(tmp_path: Path) -> None:
    kept = tried(2, 1.5, cause="better")
    found = said(tmp_path, kept, tampers(3, "bench.py"), tampers(4, "bench.py", arm="incumbent", status=Status.CRASH))
    assert found[0] == "tampering: the code of 2 experiments changed protected files; 1 of them was kept"
    assert found[1].startswith("look at this: #2 0000002 “edit 2”, which was kept, changed bench.py (how: ")
    assert "runs/4-1.tampered.diff" in found[1]
    assert found[2].startswith("look at this: #3 ")


def test_tampering_during_check_counts_as_well(tmp_path: Path) -> None:
    found = said(tmp_path, checked(2))
    assert found[1] == (
        "look at this: #2 0000002 “edit 2” changed tests/a.py, b.py (how: "
        ".git/autoresearch/mar5/runs/2-check.tampered.diff)"
    )


def test_tampering_in_a_verification_is_the_heads_or_the_baselines(tmp_path: Path) -> None:
    begun, drawn, theirs, mine = verification(2, [(None, None)])
    changed = {"tampered": ("bench.py",)}
    assert isinstance(begun, records.Verifying)
    elsewhere = begun.model_copy(update={"baseline": "f" * 40})
    runs = [run.model_copy(update=changed) for run in (theirs, mine)]
    found = said(tmp_path, tried(2, 1.5, cause="better"), iter([elsewhere, drawn, *runs]))
    assert found[0].endswith("; 2 of them were kept")
    assert [line.split(" changed")[0] for line in found[1:]] == [
        "look at this: fffffff, which was kept,",
        "look at this: #2 0000002 “edit 2”, which was kept,",
    ]


def test_an_experiment_in_progress_is_told_by_its_number(tmp_path: Path) -> None:
    unfinished = list(tampers(2, "bench.py"))[:-2]
    assert said(tmp_path, iter(unfinished))[1].startswith("look at this: #2 changed bench.py (")


def test_an_experiment_that_tampers_twice_is_told_once(tmp_path: Path) -> None:
    first, made, run, *rest = tampers(2, "bench.py")
    assert isinstance(run, records.Measured)
    again = run.model_copy(update={"run": 2, "log": "runs/2-2.log"})
    found = said(tmp_path, iter([first, made, run, again, *rest]))
    assert len(found) == 2
    assert "runs/2-1.tampered.diff" in found[1]


def test_where_discards_fell_counts_tampering(tmp_path: Path) -> None:
    log = read(story(tmp_path, baseline(), tampers(2, "bench.py"), tampers(3, "bench.py")))
    assert list(certainty.lines(log))[-1] == "discarded: 2 for tampering"


def test_a_file_name_cannot_write_to_the_page_or_the_terminal(tmp_path: Path) -> None:
    log = read(story(tmp_path, baseline(), tampers(2, "<b>\x1b[2J|.py")))
    summary = summarise(log)
    shown = StringIO()
    show(log, summary, Console(file=shown, width=200, force_terminal=True, color_system="256"), chart=False)
    assert "\x1b[2J" not in shown.getvalue()
    assert "<b>" not in page(log, summary) + markdown(log, summary)


# Who says the metric, and what runs were shut in


def session(folder: Path, label: Label | None, *sandboxes: str) -> Path:
    """A night with a tampering, a label, and lives in these sandboxes."""
    lives = [records.Began(pid=1, host="here", version="0.1.0", sandbox=kind) for kind in sandboxes]
    labelled = [records.Labelled(label=label)] if label else []
    rest = [*baseline(), *tried(2, 1.5, cause="better"), *tampers(3, "bench.py"), *lives[1:]]
    return written_down(folder, [opened(decide="rematch"), *lives[:1], *labelled, *rest])


@pytest.mark.parametrize(
    ("label", "meaning"),
    [
        ("self-reported", "the target itself prints the number, and nothing but its word stands behind it"),
        ("in-process", "where the target could change clock, answers and output"),
        ("isolated", "the bench ran the target in a process of its own"),
    ],
)
def test_the_metric_is_introduced_with_its_label(tmp_path: Path, label: Label, meaning: str) -> None:
    log = read(session(tmp_path, label, "bubblewrap"))
    summary = summarise(log)
    assert wording.headline(log, summary).startswith(f"val_bpb ({label}) 2.0 → 1.5 (-25.0 %), ")
    (explained,) = [line for line in wording.details(log, summary) if line.startswith(f"{label}: ")]
    assert meaning in explained
    assert f"val_bpb ({label})" in chart.svg(log, summary)
    assert json.loads(to_json(log, summary))["metric"]["label"] == label


def test_a_label_that_is_not_known_is_not_said(tmp_path: Path) -> None:
    log = read(session(tmp_path, None, "bubblewrap"))
    text = as_text(log, summarise(log), width=200)
    assert text.startswith("val_bpb 2.0 → 1.5")
    assert not re.search("self-reported|in-process|isolated", text)
    assert json.loads(to_json(log, summarise(log)))["metric"]["label"] is None


@pytest.mark.parametrize(
    ("sandboxes", "lines"),
    [
        (["bubblewrap"], ["sandbox for its runs: bubblewrap"]),
        (["none"], ["no sandbox for its runs: a candidate could"]),
        (["landlock", "landlock"], ["Landlock alone for its runs: a candidate could"]),
        (
            ["bubblewrap", "none", "none"],
            ["sandbox for 1 of 3 starts: bubblewrap", "no sandbox for 2 of 3 starts: a candidate could"],
        ),
    ],
)
def test_what_the_runs_were_shut_in_is_said(tmp_path: Path, sandboxes: list[str], lines: list[str]) -> None:
    log = read(session(tmp_path, None, *sandboxes))
    found = list(wording.details(log, summarise(log)))
    assert [line[: len(start)] for line, start in zip(found[-len(lines) :], lines, strict=True)] == lines
    assert found[-len(lines) - 1].startswith("session mar5")
    assert json.loads(to_json(log, summarise(log)))["session"]["sandboxes"] == sandboxes


def test_every_format_says_it_at_the_top(tmp_path: Path) -> None:
    log = read(session(tmp_path, "self-reported", "none"))
    summary = summarise(log)
    text, shown = as_text(log, summary, width=400), html.unescape(page(log, summary))
    marked = re.sub(r"\\(.)", r"\1", html.unescape(markdown(log, summary)))
    sentences = [*alarms(log), *wording.details(log, summary)]
    for form in (text, shown, marked):
        assert all(sentence in form for sentence in sentences)
        assert (
            form.index("tampering: ") < form.index("as measured, not verified") < form.index("\n", form.index("Kept"))
        )
    document = json.loads(to_json(log, summary))
    assert document["evidence"]["tampered"] == [
        {"n": 3, "commit": commit(3), "files": ["bench.py"], "diff": "runs/3-1.tampered.diff", "kept": False}
    ]
    assert document["rows"][2]["cause"] == "tampered"
