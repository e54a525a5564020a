"""The progress picture in a terminal, with plotext."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import groupby

from autoresearch.figures import number, plural
from autoresearch.report.curve import Curve
from autoresearch.report.log import Standing

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
    quarter = _quarters(drawn, width, height)
    for line in drawn.steps:
        corners = [*(next(group) for _, group in groupby(line, lambda corner: quarter(*corner))), line[-1]]
        marker = plotext.marker("hd", _LINE)
        figure.draw(figure.signal([x for x, _ in corners], [y for _, y in corners], marker=marker).lines())
    for mark, standings, _, colour in _MARKS:
        held = [(point.x, drawn.held(point.value)) for point in drawn.points if point.status in standings]
        if points := list({quarter(*point): point for point in held}.values()):
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
    first, last = drawn.points[0].x, drawn.points[-1].x
    xs = sorted({first + (last - first) * i // 5 for i in range(6)})
    if drawn.log_scale:
        return xs, [drawn.low * (drawn.high / drawn.low) ** (i / 4) for i in range(5)]
    return xs, [drawn.low + (drawn.high - drawn.low) * i / 4 for i in range(5)]


def _quarters(drawn: Curve, columns: int, lines: int) -> Callable[[int, float], tuple[int, int]]:
    """Which quarter of a letter a place falls into. One place in each is enough to draw, and plotext is slow."""
    first, last = drawn.points[0].x, drawn.points[-1].x
    scale = math.log if drawn.log_scale else float
    bottom, top = scale(drawn.low), scale(drawn.high)
    across, up = 2 * columns / (last - first or 1), 2 * lines / (top - bottom or 1)
    return lambda x, y: (int((x - first) * across), int((scale(y) - bottom) * up))
