"""The progress picture as numbers: points, the running best as a step line, and a y range that shows them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoresearch.report.log import Log, Row
from autoresearch.report.summary import takes_over

LOG_FROM = 20.0
"""Spread of baseline and bests (largest over smallest) from which the y axis is logarithmic."""


@dataclass(frozen=True)
class Bar:
    """How far a value may be off."""

    x: int
    value: float
    low: float | None
    """The smaller end; None where there is none, and then `high` is too."""
    high: float | None


@dataclass(frozen=True)
class Curve:
    """What to draw: the number of the experiment to the right, the metric in its own unit upwards."""

    numbers: Mapping[int, int]
    """`n` of a row → its x: the file's own number where these only grow, else `n` itself."""
    own_numbers: bool

    points: tuple[Row, ...]
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
        return self.numbers[row.n]

    @property
    def clipped(self) -> tuple[Row, ...]:
        """Points outside the y range."""
        return tuple(row for row in self.points if not self.shows(row.value))

    def shows(self, value: float | None) -> bool:
        """True for a value within the y range."""
        return value is not None and self.low <= value <= self.high

    def held(self, value: float) -> float:
        """The value, moved to the edge of the y range where it lies outside."""
        return min(max(value, self.low), self.high)


def curve(log: Log) -> Curve | None:
    """The picture of a log; None where fewer than two rows have a value, or the values fit on no paper."""
    alike = {segment.index for segment in log.segments if segment.metric == log.metric}
    measured = [row for row in log.rows if row.value is not None and row.segment in alike]
    points = tuple(row for row in measured if not row.sentinel)
    if len(points) < 2:
        return None
    numbers = _own_numbers(log.rows)
    own = bool(numbers)
    numbers = numbers or {row.n: row.n for row in log.rows}
    by_segment: dict[int, list[Row]] = defaultdict(list)
    for row in points:
        by_segment[row.segment].append(row)
    steps, baselines = [], []
    for rows in by_segment.values():
        steps += [corners] if (corners := _steps(log, rows, numbers)) else []
        first = next((row for row in rows if row.status == "baseline"), None)
        if first is not None and first.value is not None:
            baselines.append((numbers[first.n], numbers[rows[-1].n], first.value))
    verified = _verified(log, numbers)
    core = [y for line in steps for _, y in line] + [y for *_, y in baselines]
    core += [verified.value] if verified else []
    if not all(map(_drawable, core)):
        return None
    values = sorted(row.value for row in points if row.value is not None and _drawable(row.value))
    if not values:
        return None
    log_scale = values[0] > 0 and bool(core) and max(core) / min(core) >= LOG_FROM
    bars = tuple(
        Bar(numbers[row.n], row.value, row.low, row.high)
        for row in points
        if row.status == "keep" and row.value is not None and row.low is not None
    )
    ends = [end for bar in (*bars, *([verified] if verified else ())) for end in (bar.low, bar.high) if end is not None]
    low, high = _range(values, core, [end for end in ends if end > 0 or not log_scale], log_scale)
    left_out = len(measured) - len(points)
    return Curve(
        numbers,
        own,
        points,
        tuple(steps),
        tuple(baselines),
        low,
        high,
        log_scale,
        left_out,
        bars=bars,
        verified=verified,
    )


def _verified(log: Log, numbers: Mapping[int, int]) -> Bar | None:
    """The verified head: what the gain over the session's baseline makes of the baseline's value."""
    found = log.evidence.verified if log.evidence else None
    baseline = next((row.value for row in log.rows if row.status == "baseline"), None)
    if found is None or found.gain is None or found.n is None or not found.over_baseline:
        return None
    if found.n not in numbers or baseline is None or log.direction is None:
        return None
    # Only a journal knows of verifications, and reading one has loaded what this needs.
    from autoresearch.report.bars import over

    value, ends = over(baseline, found.gain, log.direction)
    return Bar(numbers[found.n], value, ends.low if ends else None, ends.high if ends else None)


def _drawable(value: float) -> bool:
    """False for sizes that no chart library can put on an axis, and no bench means."""
    return value == 0 or 1e-15 <= abs(value) <= 1e15


def _own_numbers(rows: Sequence[Row]) -> dict[int, int]:
    """The rows' own numbers, where every row has one and they only grow."""
    if not all(row.label.isascii() and row.label.isdecimal() and len(row.label) < 10 for row in rows):
        return {}
    numbers = [int(row.label) for row in rows]
    return {row.n: x for row, x in zip(rows, numbers, strict=True)} if sorted(set(numbers)) == numbers else {}


def _steps(log: Log, rows: Sequence[Row], numbers: Mapping[int, int]) -> tuple[tuple[int, float], ...]:
    corners: list[tuple[int, float]] = []
    for row in rows:
        if row.value is None or row.status not in ("keep", "baseline") or log.direction is None:
            continue
        x = numbers[row.n]
        if not corners or takes_over(log.direction, row, corners[-1][1]):
            corners += [(x, corners[-1][1])] if corners else []
            corners.append((x, row.value))
    return (*corners, (numbers[rows[-1].n], corners[-1][1])) if corners else ()


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
