"""Which of very many points are drawn: discarded ones that all but lie on another one say nothing and cost time."""

from __future__ import annotations

from autoresearch.report.curve import Curve
from autoresearch.report.labels import Paper
from autoresearch.report.log import Row

MANY = 2000
"""Points up to which all are drawn."""
_CELL = 4.0
"""Pixels; a discarded point is six wide."""


def distinct(drawn: Curve, paper: Paper) -> tuple[Row, ...]:
    """The points in their order: every keep, baseline, crash and extreme, of discarded and other ones that fall on the
    same few pixels the first."""
    if len(drawn.points) <= MANY:
        return drawn.points
    extremes = {row.n for pick in (min, max) for row in [pick(drawn.points, key=lambda row: row.value or 0.0)]}
    seen: set[tuple[str, int, int]] = set()
    shown = []
    for row in drawn.points:
        assert row.value is not None
        if row.status in ("discard", "other") and row.n not in extremes:
            x, y = paper.x(drawn.x(row)), paper.y(drawn.held(row.value))
            place = (row.status, int(x / _CELL), int(y / _CELL))
            if place in seen:
                continue
            seen.add(place)
        shown.append(row)
    return tuple(shown)
