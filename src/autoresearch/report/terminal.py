"""The report as text, with rich: the answer first, then cost, picture, keeps, evidence, learnings, crashes, doubts, and
what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autoresearch.figures import number, percent
from autoresearch.report import certainty, learnings, nextsteps, wording
from autoresearch.report.alarms import alarms
from autoresearch.report.cells import shorten
from autoresearch.report.curve import curve
from autoresearch.report.log import Log
from autoresearch.report.phrases import edit
from autoresearch.report.summary import Cause, Kept, Summary

WIDTH = 100
"""Columns where there is no terminal to ask."""
MOST = 20
"""Rows of a list that are shown; the rest is counted."""
_LONGEST = 160
"""Characters of a description that are shown; a model may write a page."""
_WIDE = 70
"""Columns from which commits and ranges have room."""
_TABLE = 50
"""Columns from which a table has room."""
_INK: dict[str, str] = {"good": "green", "quiet": "dim", "bad": "yellow", "alarm": "bold red"}


def show(log: Log, summary: Summary, console: Console, *, chart: bool) -> None:
    """Print the report. Every text of the log is foreign: it is never read as markup."""
    _say(console, wording.headline(log, summary), "bold")
    for alarm in alarms(log):
        _say(console, alarm, _INK["alarm"])
    if claim := certainty.claim(log):
        _say(console, claim, _INK["good"] if certainty.proven(log) else _INK["bad"])
    if cost := wording.cost(log, summary):
        _say(console, f"cost: {cost}")
    for line in wording.details(log, summary):
        _say(console, line, _INK["quiet"])
    if chart:
        _picture(log, console)
    if summary.last is not None and summary.last.kept:
        _kept(log, summary.last.kept, console)
    if evidence := list(certainty.lines(log)):
        _title(console, "Evidence")
        _list(console, evidence)
    if learnt := list(learnings.lines(log)):
        _title(console, "Learnings by kind of idea")
        _list(console, learnt)
    if summary.crashes:
        _crashes(summary.crashes, console)
    if summary.warnings:
        _title(console, "Doubts")
        _list(console, summary.warnings, _INK["bad"])
    if steps := nextsteps.steps(log, summary):
        _next(steps, console)


def as_text(log: Log, summary: Summary, *, width: int = WIDTH, chart: bool = True) -> str:
    """The same for a file or a pipe: without colour."""
    written = StringIO()
    show(log, summary, Console(file=written, width=width, color_system=None), chart=chart)
    return "".join(line.rstrip() + "\n" for line in written.getvalue().splitlines())


def _say(console: Console, text: str, style: str = "") -> None:
    _print(console, Text(text, style=style))


def _print(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=False, highlight=False)


def _title(console: Console, text: str) -> None:
    console.print()
    _say(console, text, "bold")


def _list(console: Console, lines: Sequence[str], style: str = "") -> None:
    for line in lines[:MOST]:
        _item(console, line, style)
    if len(lines) > MOST:
        _say(console, f"  and {len(lines) - MOST:,} more; --format json has them all", _INK["quiet"])


def _item(console: Console, text: str, style: str = "", mark: str = "- ") -> None:
    """A line of a list, whose further lines stand under its text."""
    wrapped = Text(text, style=style).wrap(console, max(1, console.width - len(mark)))
    for at, line in enumerate(wrapped):
        line.rstrip()
        _print(console, Text(" " * len(mark) if at else mark, style=style) + line)


def _picture(log: Log, console: Console) -> None:
    drawn = curve(log)
    if drawn is None or console.width < 40:
        return
    from autoresearch.report.plot import legend, plot

    text = plot(drawn, width=console.width, height=18, color=console.color_system is not None)
    console.print()
    console.print(Text.from_ansi(text, no_wrap=True, overflow="crop"))
    _say(console, legend(drawn), _INK["quiet"])


def _kept(log: Log, kept: Sequence[Kept], console: Console) -> None:
    """The largest change first, each with what it rests on; a list where a table has no room."""
    ranked = certainty.ranked(log, kept)
    _title(console, "Kept" if len(kept) <= MOST else f"Kept: the {MOST} largest changes of {len(kept)}")
    _say(console, certainty.about_keeps(log), _INK["quiet"])
    if console.width >= _TABLE:
        console.print(_table(log, ranked[:MOST], console.width))
        return
    for entry in ranked[:MOST]:
        pairs, _ = certainty.sureness(log, entry.row)
        anew = certainty.anew(log, entry.row)
        rests = [percent(entry.change, log.direction), pairs and f"({pairs})", anew and f"anew {anew}"]
        said = " ".join(filter(None, [f"#{entry.row.label}", *rests]))
        _item(console, f"{said} {shorten(edit(entry.row), _LONGEST)}", mark="")


def _table(log: Log, kept: Sequence[Kept], width: int) -> Table:
    """Number, change, what it rests on, value, commit, edit; what there is no room for is left out."""
    wide, sure = width >= _WIDE, {entry.row.n: certainty.sureness(log, entry.row) for entry in kept}
    table = Table(box=None, pad_edge=False, header_style=_INK["quiet"])
    table.add_column("#", justify="right")
    table.add_column("change", justify="right", no_wrap=True)
    table.add_column("pairs", justify="right", no_wrap=True) if log.evidence else None
    ranges = wide and any(between for _, between in sure.values())
    table.add_column("range", justify="right", no_wrap=True) if ranges else None
    audited = bool(log.evidence and log.evidence.after.audited)
    table.add_column("anew", justify="right", no_wrap=True) if audited else None
    table.add_column(Text(log.metric), justify="right", overflow="fold")
    table.add_column("commit", no_wrap=True) if wide else None
    table.add_column("edit", overflow="fold", ratio=1)
    for entry in kept:
        row, (pairs, between) = entry.row, sure[entry.row.n]
        cells = [Text(row.label), Text(percent(entry.change, log.direction), style=_ink(entry))]
        cells += [Text(pairs)] if log.evidence else []
        cells += [Text(between)] if ranges else []
        cells += [Text(certainty.anew(log, row))] if audited else []
        cells += [Text(number(row.value))]
        cells += [Text((row.commit or "")[:7])] if wide else []
        table.add_row(*cells, Text(shorten(edit(row), _LONGEST)))
    return table


def _ink(entry: Kept) -> str:
    """A keep that is no better is doubtful, unless it is there for being simpler."""
    if entry.change is None or entry.change > 0:
        return _INK["good"]
    return _INK["quiet" if entry.row.cause == "simplification" else "bad"]


def _crashes(crashes: Sequence[Cause], console: Console) -> None:
    _title(console, "Crashed, by cause")
    for group in crashes:
        _say(console, f"{group.cause} ({len(group.rows)})")
        for row in group.rows[:3]:
            why = f": {row.reason}" if row.reason else ""
            said = shorten(f"#{row.label} {row.description or row.raw_status}{why}", _LONGEST)
            _item(console, said, mark="  ")
        if len(group.rows) > 3:
            _say(console, f"  and {len(group.rows) - 3:,} more", _INK["quiet"])


def _next(steps: list[nextsteps.Step], console: Console) -> None:
    """Commands to be copied: their reasons beside them, or where there is no room under them."""
    _title(console, "Next")
    lines = nextsteps.aligned(steps)
    if max(map(len, lines)) + 2 <= console.width:
        for line in lines:
            _say(console, f"  {line}")
        return
    for step in steps:
        _item(console, step.command, mark="  ")
        _item(console, step.why, _INK["quiet"], mark="    ")
