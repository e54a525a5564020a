"""The history as a table, a line a row, the oldest first; as wide as there is room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autoresearch.figures import number, percent
from autoresearch.model import Direction
from autoresearch.report.log import Log, Row
from autoresearch.report.phrases import dollars, duration, edit, verdict
from autoresearch.report.summary import ratio

INK = {"baseline": "bold", "keep": "green", "crash": "red"}
"""How a status is coloured."""
_LEAST = 20
"""Columns that a description needs at least."""
_SPARE = ("time", "cost", "commit", "change")
"""What goes first where a terminal is narrow."""
_RIGHT = frozenset({"#", "change", "cost", "time"})


@dataclass(frozen=True)
class Line:
    """One row of the table, without its description, which takes what is left."""

    row: Row
    cells: dict[str, str]
    what: str


def lines(log: Log, rows: Sequence[Row]) -> list[Line]:
    """What the table says of these rows of a log."""
    changes = _changes(log)
    metric = log.metric
    return [
        Line(
            row,
            {
                "#": row.label,
                "commit": (row.commit or "")[:7],
                metric: number(row.value),
                "change": percent(changes.get(row.n), _direction(log, row)),
                "status": verdict(row),
                "cost": "" if row.cost_usd is None else dollars(row.cost_usd),
                "time": "" if row.duration_s is None else duration(row.duration_s),
            },
            edit(row) or row.reason,
        )
        for row in rows
    ]


def columns(metric: str, found: Sequence[Line], width: int | None) -> dict[str, int]:
    """The columns that have something to say and fit, with their widths in characters; None is any width."""
    names = ["#", "commit", metric, "change", "status", "cost", "time"]
    sizes = {name: max([len(name), *(len(line.cells[name]) for line in found)]) for name in names}
    shown = [name for name in names if name == "#" or any(line.cells[name] for line in found)]
    for spare in _SPARE:
        if width is not None and spare in shown and sum(sizes[name] + 2 for name in shown) + _LEAST > width:
            shown.remove(spare)
    return {name: sizes[name] for name in shown}


def cells(line: Line, sizes: dict[str, int], metric: str) -> Iterator[tuple[str, str]]:
    """(Column, its cell as wide as the column)."""
    for name, size in sizes.items():
        text = line.cells[name]
        yield name, text.rjust(size) if name in _RIGHT or name == metric else text.ljust(size)


def _direction(log: Log, row: Row) -> Direction | None:
    return log.segments[row.segment].direction if log.segments else log.direction


def _changes(log: Log) -> dict[int, float | None]:
    """Of each row its change over the best kept before it in its segment, or as both were measured side by side."""
    best: dict[int, float] = {}
    found: dict[int, float | None] = {}
    for row in log.rows:
        before = best.get(row.segment)
        if row.change is not None:
            found[row.n] = row.change
        elif before is not None and row.value is not None:
            found[row.n] = ratio(log.metric, _direction(log, row), row.value, before)
        if row.status in ("baseline", "keep") and row.value is not None:
            best[row.segment] = row.value
    return found
