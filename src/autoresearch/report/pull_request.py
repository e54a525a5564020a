"""A pull request's text: what a branch gains, what it changes and why, how that was measured, what did not work."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from autoresearch import __version__
from autoresearch.figures import number, percent, plural
from autoresearch.report import brought, certainty, learnings, wording
from autoresearch.report.alarms import alarms
from autoresearch.report.brought import Brought
from autoresearch.report.cells import clean, shorten
from autoresearch.report.curve import curve
from autoresearch.report.escape import markdown as _text
from autoresearch.report.log import Log, Row
from autoresearch.report.phrases import edit
from autoresearch.report.summary import Summary

MOST = 8
"""So many of what did not work are named."""
_LONGEST = 160
"""Characters of a description or a reason that are shown; a model may write a page."""
_RULES = {
    "rematch": "each was kept for winning a rematch against the best before it, in pairs of runs whose order a coin "
    "decided, or where the metric is exact, for measuring better twice",
    "sweep": "each was kept for being better in its worst of 3 runs than the best before it in its best of 3, in an "
    "order that chance gave",
    "naive": "each was kept for one run that was better than the best before it, which keeps noise",
}


def text(log: Log, summary: Summary, brings: Brought, *, pictured: bool) -> str:
    """The whole text, as Markdown; every foreign text is escaped. `pictured`: chart.png lies beside it."""
    said = list(brought.standing(log, brings))
    first = said[0] if said else "nothing was measured that tells its gain"
    lines = [f"**{_text(first)}**", "", *(f"- {_text(line)}" for line in said[1:])]
    lines += [f"- {_text(wording.headline(log, summary))}", *(f"- **{_text(alarm)}**" for alarm in alarms(log))]
    parts: list[tuple[str, Sequence[str]]] = [
        ("What changes, and why", list(_changes(log, brings))),
        ("Progress", list(_progress(log, pictured=pictured))),
        ("How it was measured", list(_measured(log, summary, brings))),
        ("To reproduce", list(_reproduction(brings))),
        ("Tried, and not kept", list(_tried(log, summary))),
        ("Doubts", [f"- {_text(warning)}" for warning in summary.warnings]),
        ("Cost", [_text(cost)] if (cost := wording.cost(log, summary)) else []),
    ]
    for title, body in parts:
        lines += ["", f"## {title}", "", *body] if body else []
    made = f"made with autoresearch {__version__}, session {brings.opened.tag}"
    return "\n".join([*lines, "", f"<sub>{_text(made)}</sub>"]) + "\n"


def _changes(log: Log, brings: Brought) -> Iterator[str]:
    yield f"| # | {_text(log.metric)} | change over the best before it | what | proposed by |"
    yield "|--:|--:|--:|---|---|"
    for entry in brings.kept:
        row = entry.row
        change = percent(entry.change, log.direction)
        cells = [row.label, number(row.value), change, shorten(edit(row), _LONGEST), row.by]
        yield f"| {' | '.join(_text(cell) for cell in cells)} |"
    yield ""
    for entry in brought.biggest(brings.kept):
        if entry.row.hypothesis:
            yield f"- {_text(f'#{entry.row.label}: {entry.row.hypothesis}')}"
    yield from (f"- {_text(line)}" for line in brought.lost(brings))


def _progress(log: Log, *, pictured: bool) -> Iterator[str]:
    drawn = curve(log)
    if drawn is None:
        return
    from autoresearch.report.plot import legend, plot

    if pictured:
        yield "<!-- Drag chart.png, which lies beside this text, to this line. -->"
        yield ""
    yield "<details><summary>The progress as text</summary>"
    yield ""
    yield from _block(plot(drawn, width=76, height=18, color=False).rstrip().splitlines())
    yield ""
    yield _text(legend(drawn))
    yield ""
    yield "</details>"


def _measured(log: Log, summary: Summary, brings: Brought) -> Iterator[str]:
    opened = brings.opened
    if rule := _RULES.get(opened.decide):
        yield f"- {rule}"
    for name, command in (("check", opened.check), ("confirm, on inputs held out,", opened.confirm)):
        if command:
            yield f"- each passed {name} <code>{_text(clean(command))}</code>"
    if opened.guards:
        yield f"- within the guards {_text(clean(opened.guards))}"
    for line in (*certainty.lines(log), *wording.details(log, summary)):
        yield f"- {_text(line)}"


def _reproduction(brings: Brought) -> Iterator[str]:
    yield from _block(brought.commands(brings))
    yield ""
    yield _text(f"The bench prints {brought.reading(brings)}. Compare with the base, {brings.opened.base}.")
    if said := brought.sown(brings.seeds):
        yield ""
        yield _text(f"{said}.")


def _tried(log: Log, summary: Summary) -> Iterator[str]:
    yield from (f"- {_text(line)}" for line in learnings.lines(log))
    fallen = [row for row in log.rows if row.status == "discard" and not row.sentinel]
    nearest = sorted(fallen, key=lambda row: _distance(log, row))[:MOST]
    if nearest:
        which = "" if len(nearest) == len(fallen) else f"; the {len(nearest)} that came nearest:"
        yield f"- {plural(len(fallen), 'experiment')} discarded{which}"
        yield from (f"  - {_text(_fallen(row))}" for row in nearest)
    for group in summary.crashes:
        yield f"- {plural(len(group.rows), 'experiment')} crashed: {_text(group.cause)}"


def _distance(log: Log, row: Row) -> tuple[bool, float, bool, float]:
    """How far a discard was from a keep: side by side with the incumbent, else by its own number alone."""
    value = row.value if row.value is not None else math.inf
    return row.change is None, -(row.change or 0.0), row.value is None, -value if log.direction == "higher" else value


def _fallen(row: Row) -> str:
    """What came nearest fell by a reason of its own; the others measured no better, and their number says it."""
    why = number(row.value) if row.cause == "screen" else shorten(row.reason, _LONGEST)
    return f"#{row.label} {shorten(row.description, _LONGEST)}" + (f" ({why})" if why else "")


def _block(lines: Sequence[str]) -> Iterator[str]:
    """A block of code, in a fence that nothing within it closes."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (fence, *lines, fence)
