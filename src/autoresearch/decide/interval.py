"""How sure a comparison in coin-flip pairs is: the median gain and its exact sign-test interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autoresearch.model import Direction

CONFIDENCE = 0.95
"""An interval is the narrowest that covers the true gain at least so often; it takes six pairs."""


@dataclass(frozen=True)
class Interval:
    """What pairs of runs say about the gain of one version over another."""

    gain: float
    """Median gain of the pairs, positive when better."""
    low: float | None
    """Lowest true gain that the pairs speak for; None where there are too few for an interval."""
    high: float | None
    """Highest true gain that the pairs speak for; None exactly when `low` is."""
    confidence: float | None
    """How often such an interval covers the true gain, 0.96875 for six pairs; None exactly when `low` is."""
    pairs: int
    relative: bool
    """True for gains as a share of the value before, False for differences in the metric's own unit."""
    wins: int
    """Pairs in which the value after was strictly better."""


def interval(pairs: Sequence[tuple[float, float]], direction: Direction) -> Interval:
    """The gain that (before, after) values show, measured in pairs whose order a coin decided.

    Gains are relative, as in `Metric.gain`, where every value is positive; else differences. The interval rests on the
    coin alone: with the true gain taken out, either run of a pair is as likely to be the better one, whatever the
    noise does. Raises ValueError without a pair.
    """
    if not pairs:
        raise ValueError("an interval takes at least one pair")
    relative = all(value > 0 for pair in pairs for value in pair)
    sign = 1 if direction == "higher" else -1
    gains = sorted(sign * (after - before) / (before if relative else 1) for before, after in pairs)
    cut, missed = _cut(len(gains))
    return Interval(
        gain=_median(gains, sign, relative),
        low=gains[cut - 1] if cut else None,
        high=gains[-cut] if cut else None,
        confidence=1 - missed if cut else None,
        pairs=len(gains),
        relative=relative,
        wins=sum(gain > 0 for gain in gains),
    )


def _cut(count: int) -> tuple[int, float]:
    """Which gain from either end bounds the interval, and how often it misses; 0 where even the range is too narrow.

    The true gain lies outside the k-th gain from an end only if fewer than k of `count` fair coins fell on that side.
    """
    cut, missed = 0, 0.0
    while (wider := missed + 2 * math.comb(count, cut) / 2**count) <= 1 - CONFIDENCE:
        cut, missed = cut + 1, wider
    return cut, missed


def _median(gains: Sequence[float], sign: int, relative: bool) -> float:
    """The middle gain; between two, the middle of their ratios: twice as good and half as good make no gain."""
    lower, upper = gains[(len(gains) - 1) // 2], gains[len(gains) // 2]
    if lower == upper:
        return lower
    if not relative:
        return lower + (upper - lower) / 2
    return sign * (math.sqrt(1 + sign * lower) * math.sqrt(1 + sign * upper) - 1)
