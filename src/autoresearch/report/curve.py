"""The progress picture as numbers: points, the running best as a step line, and a y range that shows them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from autoresearch.report.log import Log, Row, Rows, Standing
from autoresearch.report.summary import takes_over

LOG_FROM = 20.0
"""Spread of baseline and bests (largest over smallest) from which the y axis is logarithmic."""


class Point(NamedTuple):
    """A measured row."""

    n: int
    """The row's own; it is the log's row of index `n - 1`."""
    x: int
    value: float
    status: Standing


@dataclass(frozen=True)
class Bar:
    """How far a value may be off."""

    x: int
    value: float
    low: float | None
    """The smaller end; None where there is none, and then the rest is too."""
    high: float | None
    confidence: float | None


@dataclass(frozen=True)
class Curve:
    """What to draw: the number of the experiment to the right, the metric in its own unit upwards."""

    numbers: Sequence[int]
    """x of each row of the log: the file's own number where these only grow, else `n` itself."""
    own_numbers: bool

    points: tuple[Point, ...]
    """Measured rows of segments that have the metric in common with the last one, sentinels left out."""
    steps: tuple[tuple[tuple[int, float], ...], ...]
    """The running best, corner by corner, one line a segment; empty where the direction is unknown."""
    baselines: tuple[tuple[int, int, float], ...]
    """First and last experiment of a segment, and its baseline."""
    low: float
    high: float
    log_scale: bool
    sentinels: int = 0
    """Measured ones, which are no points."""
    bars: tuple[Bar, ...] = ()
    """Of keeps that were measured in pairs."""
    verified: Bar | None = None
    """The head as it was measured again after the session."""

    def x(self, row: Row) -> int:
        """Where the row stands from left to right."""
        return self.numbers[row.n - 1]

    @cached_property
    def clipped(self) -> tuple[Point, ...]:
        """Points outside the y range."""
        return tuple(point for point in self.points if not self.low <= point.value <= self.high)

    def shows(self, value: float | None) -> bool:
        """True for a value within the y range."""
        return value is not None and self.low <= value <= self.high

    def held(self, value: float) -> float:
        """The value, moved to the edge of the y range where it lies outside."""
        return min(max(value, self.low), self.high)


def curve(log: Log) -> Curve | None:
    """The picture of a log; None where fewer than two rows have a value, or the values fit on no paper."""
    rows, numbers = log.rows, _own_numbers(log.rows)
    own = bool(numbers)
    numbers = numbers or range(1, len(rows) + 1)
    alike = {segment.index for segment in log.segments if segment.metric == log.metric}
    # None but a journal has sentinels.
    sentinels = {row.n for row in rows if row.sentinel and row.value is not None} if log.kind == "journal" else set()
    by_segment: dict[int, list[Point]] = defaultdict(list)
    for n, value in enumerate(rows.values, start=1):
        if value is not None and (segment := rows.segments[n - 1]) in alike and n not in sentinels:
            by_segment[segment].append(Point(n, numbers[n - 1], value, rows.statuses[n - 1]))
    points = tuple(point for found in by_segment.values() for point in found)
    if len(points) < 2:
        return None
    steps, baselines = [], []
    for found in by_segment.values():
        steps += [corners] if (corners := _steps(log, found)) else []
        if first := next((point for point in found if point.status == "baseline"), None):
            baselines.append((first.x, found[-1].x, first.value))
    verified = _verified(log, numbers)
    core = [y for line in steps for _, y in line] + [y for *_, y in baselines]
    core += [verified.value] if verified else []
    if not all(map(_drawable, core)):
        return None
    values = sorted(point.value for point in points if _drawable(point.value))
    if not values:
        return None
    log_scale = values[0] > 0 and bool(core) and max(core) / min(core) >= LOG_FROM
    kept = (rows[point.n - 1] for point in points if point.status == "keep")
    bars = tuple(
        Bar(numbers[row.n - 1], row.value, row.low, row.high, row.confidence)
        for row in kept
        if row.value is not None and row.low is not None
    )
    ends = [end for bar in (*bars, *([verified] if verified else ())) for end in (bar.low, bar.high) if end is not None]
    low, high = _range(values, core, [end for end in ends if end > 0 or not log_scale], log_scale)
    return Curve(
        numbers,
        own,
        points,
        tuple(steps),
        tuple(baselines),
        low,
        high,
        log_scale,
        len(sentinels),
        bars=bars,
        verified=verified,
    )


def _verified(log: Log, numbers: Sequence[int]) -> Bar | None:
    """The verified head: what the gain over the session's baseline makes of the baseline's value."""
    found = log.evidence.verified if log.evidence else None
    said = zip(log.rows.statuses, log.rows.values, strict=True)
    baseline = next((value for status, value in said if status == "baseline"), None)
    if found is None or found.gain is None or found.n is None or not found.over_baseline:
        return None
    if not 0 < found.n <= len(numbers) or baseline is None or log.direction is None:
        return None
    # Only a journal knows of verifications, and reading one has loaded what this needs.
    from autoresearch.report.bars import over

    value, ends = over(baseline, found.gain, log.direction)
    low, high, confidence = (ends.low, ends.high, ends.confidence) if ends else (None, None, None)
    return Bar(numbers[found.n - 1], value, low, high, confidence)


def _drawable(value: float) -> bool:
    """False for sizes that no chart library can put on an axis, and no bench means."""
    return value == 0 or 1e-15 <= abs(value) <= 1e15


def _own_numbers(rows: Rows) -> Sequence[int]:
    """The rows' own numbers, where every row has one and they only grow; else nothing."""
    labels = rows.labels()
    together = "".join(labels)
    if not (together.isascii() and together.isdecimal() and all(labels) and max(map(len, labels)) < 10):
        return ()
    numbers = list(map(int, labels))
    return numbers if all(before < after for before, after in pairwise(numbers)) else ()


def _steps(log: Log, points: Sequence[Point]) -> tuple[tuple[int, float], ...]:
    corners: list[tuple[int, float]] = []
    if log.direction is None:
        return ()
    for point in points:
        if point.status not in ("keep", "baseline"):
            continue
        if not corners or takes_over(log.direction, log.rows[point.n - 1], corners[-1][1]):
            corners += [(point.x, corners[-1][1])] if corners else []
            corners.append((point.x, point.value))
    return (*corners, (points[-1].x, corners[-1][1])) if corners else ()


def _range(
    values: Sequence[float], core: Sequence[float], ends: Sequence[float], log_scale: bool
) -> tuple[float, float]:
    """Room for baseline and bests whole, and for points and ends of bars near them: an outlier must not flatten all."""
    scale = math.log if log_scale else float
    quarter, three = scale(values[len(values) // 4]), scale(values[(3 * len(values)) // 4])
    fence = 1.5 * (three - quarter)
    low, high = quarter - fence, three + fence
    if core:
        bottom, top = scale(min(core)), scale(max(core))
        low, high = min(low, bottom - (top - bottom) / 2), max(high, top + (top - bottom) / 2)
    inside = [value for value in (*values, *ends) if low <= scale(value) <= high]
    return min([*inside, *core]), max([*inside, *core])
