"""The report as text, with rich: the answer first, then cost, picture, keeps, evidence, crashes, doubts."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autoresearch.figures import number, percent
from autoresearch.report import certainty, learnings, wording
from autoresearch.report.alarms import alarms
from autoresearch.report.cells import shorten
from autoresearch.report.curve import curve
from autoresearch.report.log import Log, Row
from autoresearch.report.phrases import edit
from autoresearch.report.summary import Cause, Kept, Summary, ratio

WIDTH = 100
"""Columns where there is no terminal to ask."""
MOST = 20
"""Rows of a list that are shown; the rest is counted."""
_LONGEST = 160
"""Characters of a description that are shown; a model may write a page."""
_WIDE = 70
"""Columns from which commits and changes over the baseline have room."""
_INK: dict[str, str] = {"good": "green", "quiet": "dim", "bad": "yellow"}


def show(log: Log, summary: Summary, console: Console, *, chart: bool) -> None:
    """Print the report. Every text of the log is foreign: it is never read as markup."""
    _say(console, wording.headline(log, summary), "bold")
    for alarm in alarms(log):
        _say(console, alarm, _INK["bad"])
    if claim := certainty.claim(log):
        _say(console, claim, _INK["good"] if certainty.proven(log) else _INK["bad"])
    for line in wording.details(log, summary):
        _say(console, line, _INK["quiet"])
    if cost := wording.cost(log, summary):
        _say(console, f"cost: {cost}")
    if chart:
        _picture(log, console)
    if summary.last is not None and summary.last.kept:
        _kept(log, summary.last.kept, summary.last.baseline, console)
    if evidence := list(certainty.lines(log)):
        _title(console, "Evidence")
        _list(console, evidence)
    if learnt := list(learnings.lines(log.learnt, log.direction)):
        _title(console, "Learnings")
        _list(console, learnt)
    if summary.crashes:
        _crashes(summary.crashes, console)
    if summary.warnings:
        _title(console, "Doubts")
        _list(console, summary.warnings, _INK["bad"])


def as_text(log: Log, summary: Summary, *, width: int = WIDTH, chart: bool = True) -> str:
    """The same for a file or a pipe: without colour."""
    written = StringIO()
    show(log, summary, Console(file=written, width=width, color_system=None), chart=chart)
    return "".join(line.rstrip() + "\n" for line in written.getvalue().splitlines())


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=False, highlight=False)


def _title(console: Console, text: str) -> None:
    console.print()
    _say(console, text, "bold")


def _list(console: Console, lines: Sequence[str], style: str = "") -> None:
    for line in lines[:MOST]:
        _say(console, f"- {line}", style)
    if len(lines) > MOST:
        _say(console, f"  and {len(lines) - MOST:,} more; --format json has them all", _INK["quiet"])


def _picture(log: Log, console: Console) -> None:
    drawn = curve(log)
    if drawn is None or console.width < 40:
        return
    from autoresearch.report.plot import legend, plot

    text = plot(drawn, width=console.width, height=18, color=console.color_system is not None)
    console.print()
    console.print(Text.from_ansi(text, no_wrap=True, overflow="crop"))
    _say(console, legend(drawn), _INK["quiet"])


def _kept(log: Log, kept: Sequence[Kept], baseline: Row | None, console: Console) -> None:
    shown = _largest(kept)
    _title(console, "Kept" if len(shown) == len(kept) else f"Kept: the {len(shown)} largest changes of {len(kept)}")
    wide = console.width >= _WIDE
    table = Table(box=None, pad_edge=False, header_style=_INK["quiet"])
    table.add_column("#", justify="right")
    table.add_column(Text(log.metric), justify="right", overflow="fold")
    table.add_column("change", justify="right", no_wrap=True)
    if wide:
        table.add_column("in all", justify="right", no_wrap=True)
        table.add_column("commit", no_wrap=True)
    table.add_column("edit", overflow="fold", ratio=1)
    start = baseline.value if baseline else None
    for entry in shown:
        row = entry.row
        change = Text(percent(entry.change, log.direction), style=_ink(entry))
        total = None if start is None or row.value is None else ratio(log.metric, log.direction, row.value, start)
        more = [percent(total, log.direction), (row.commit or "")[:7]] if wide else []
        table.add_row(Text(row.label), number(row.value), change, *map(Text, more), Text(shorten(edit(row), _LONGEST)))
    console.print(table)


def _ink(entry: Kept) -> str:
    """A keep that is no better is doubtful, unless it is there for being simpler."""
    if entry.change is None or entry.change > 0:
        return _INK["good"]
    return _INK["quiet" if entry.row.cause == "simplification" else "bad"]


def _largest(kept: Sequence[Kept]) -> list[Kept]:
    """The keeps with the largest changes, in their own order."""
    if len(kept) <= MOST:
        return list(kept)
    chosen = {id(k) for k in sorted(kept, key=lambda k: -(k.change if k.change is not None else 0.0))[:MOST]}
    return [k for k in kept if id(k) in chosen]


def _crashes(crashes: Sequence[Cause], console: Console) -> None:
    _title(console, "Crashed")
    for group in crashes:
        _say(console, f"{group.cause} ({len(group.rows)})")
        for row in group.rows[:3]:
            why = f": {row.reason}" if row.reason else ""
            _say(console, shorten(f"  #{row.label} {row.description or row.raw_status}{why}", _LONGEST))
        if len(group.rows) > 3:
            _say(console, f"  and {len(group.rows) - 3:,} more", _INK["quiet"])
