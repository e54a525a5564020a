"""The progress picture in a terminal, with plotext."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autoresearch.figures import number, plural
from autoresearch.report.curve import Curve
from autoresearch.report.log import Row, Standing

_MARKS: tuple[tuple[str, frozenset[Standing], str, int], ...] = (
    ("·", frozenset({"discard", "crash", "other"}), "discarded", 244),
    ("●", frozenset({"keep", "baseline"}), "kept", 35),
)
_LINE = 67
"""Colour of the running best, as the other numbers above in the terminal's 256."""


def plot(drawn: Curve, *, width: int, height: int, color: bool) -> str:
    """Lines of text, with colours as ANSI codes."""
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.plot_size(width, height)
    figure.theme("colorless")
    for line in drawn.steps:
        marker = plotext.marker("hd", _LINE)
        figure.draw(figure.signal([x for x, _ in line], [y for _, y in line], marker=marker).lines())
    for mark, standings, _, colour in _MARKS:
        points = _apart(drawn, [row for row in drawn.points if row.status in standings], 4 * width, 4 * height)
        if points:
            marker = plotext.marker(mark, colour)
            figure.draw(figure.signal([x for x, _ in points], [y for _, y in points], marker=marker))
    xs, ys = _ticks(drawn)
    figure.ruler("x").ticks(xs, [f"{x}" for x in xs])
    figure.ruler("y").ticks(ys, [number(y, 4) for y in ys])
    if drawn.log_scale:
        figure.ruler("y").scale("log")
    text: str = figure.build().string(colorless=not color)
    return text


def legend(drawn: Curve) -> str:
    """What the marks mean, and what is not shown as it is."""
    said = "● kept  · discarded, crashed or other  ▬ best so far"
    if drawn.log_scale:
        said += "  (log scale)"
    if drawn.sentinels:
        said += f"; {plural(drawn.sentinels, 'sentinel')} left out"
    if drawn.clipped:
        said += f"; {len(drawn.clipped)} of {len(drawn.points)} points lie outside and are drawn at the edge"
    return said


def _ticks(drawn: Curve) -> tuple[list[int], list[float]]:
    first, last = drawn.x(drawn.points[0]), drawn.x(drawn.points[-1])
    xs = sorted({first + (last - first) * i // 5 for i in range(6)})
    if drawn.log_scale:
        return xs, [drawn.low * (drawn.high / drawn.low) ** (i / 4) for i in range(5)]
    return xs, [drawn.low + (drawn.high - drawn.low) * i / 4 for i in range(5)]


def _apart(drawn: Curve, rows: Sequence[Row], columns: int, lines: int) -> list[tuple[int, float]]:
    """Where the rows' points stand, once for those that no terminal could tell apart: plotext is slow with points."""
    first, last = drawn.x(drawn.points[0]), drawn.x(drawn.points[-1])
    scale = math.log if drawn.log_scale else float
    bottom, top = scale(drawn.low), scale(drawn.high)
    found: dict[tuple[int, int], tuple[int, float]] = {}
    for row in rows:
        assert row.value is not None
        x, y = drawn.x(row), drawn.held(row.value)
        place = int((x - first) / (last - first or 1) * columns), int((scale(y) - bottom) / (top - bottom or 1) * lines)
        found.setdefault(place, (x, y))
    return list(found.values())
