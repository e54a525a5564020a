"""Which of very many points are drawn: discarded ones that all but lie on another one say nothing and cost time."""

from __future__ import annotations

from operator import attrgetter

from autoresearch.report.curve import Curve, Point
from autoresearch.report.labels import Paper

MANY = 2000
"""Points up to which all are drawn."""
_CELL = 4.0
"""Pixels; a discarded point is six wide."""


def distinct(drawn: Curve, paper: Paper) -> tuple[Point, ...]:
    """The points in their order: every keep, baseline, crash and extreme, of discarded and other ones that fall on the
    same few pixels the first."""
    if len(drawn.points) <= MANY:
        return drawn.points
    extremes = {pick(drawn.points, key=attrgetter("value")).n for pick in (min, max)}
    seen: set[tuple[str, int, int]] = set()
    shown = []
    for point in drawn.points:
        if point.status in ("discard", "other") and point.n not in extremes:
            place = (point.status, int(paper.x(point.x) / _CELL), int(paper.y(drawn.held(point.value)) / _CELL))
            if place in seen:
                continue
            seen.add(place)
        shown.append(point)
    return tuple(shown)
