"""How far a kept value may be off: what its pairs with the incumbent speak for, in the metric's own unit. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from autoresearch.decide.history import Experiment
from autoresearch.decide.interval import Interval
from autoresearch.decide.outcome import side_by_side
from autoresearch.decide.rounds import rounds
from autoresearch.model import Direction

FEWEST = 5
"""Pairs from which their whole range is worth a bar: five cover the true gain 15 times in 16."""


@dataclass(frozen=True)
class Ends:
    """Where a bar begins and ends, the smaller number first, and how often such a bar covers the truth."""

    low: float
    high: float
    confidence: float


def spoken(experiment: Experiment, direction: Direction) -> Interval | None:
    """Its gain over the incumbent with what its pairs speak for: of five, which are too few for an interval at 95 %,
    the whole range. None where it did not run beside the incumbent."""
    found, pairs = side_by_side(experiment, direction), rounds(experiment).pairs
    if found is None or found.low is not None or len(pairs) < FEWEST:
        return found
    sign = 1 if direction is Direction.HIGHER else -1
    gains = [sign * (after - before) / (before if found.relative else 1) for before, after in pairs]
    return replace(found, low=min(gains), high=max(gains), confidence=1 - 2.0 ** (1 - len(gains)))


def around(value: float, experiment: Experiment, direction: Direction) -> Ends | None:
    """The bar around an experiment's value; None where it ran in fewer pairs than tell anything.

    It is the interval of its gain over the incumbent, laid around the value that was recorded.
    """
    found = spoken(experiment, direction)
    if found is None or found.low is None or found.high is None or found.confidence is None:
        return None
    return _laid(value, found, found.low, found.high, found.confidence, direction)


def over(baseline: float, found: Interval, direction: Direction) -> tuple[float, Ends | None]:
    """What a verified gain makes of the baseline, and the bar around it."""
    sign = 1 if direction is Direction.HIGHER else -1
    value = baseline * (1 + sign * found.gain) if found.relative else baseline + sign * found.gain
    if found.low is None or found.high is None or found.confidence is None:
        return value, None
    return value, _laid(value, found, found.low, found.high, found.confidence, direction)


def _laid(
    value: float, found: Interval, worst: float, best: float, confidence: float, direction: Direction
) -> Ends | None:
    sign = 1 if direction is Direction.HIGHER else -1
    ends = [
        value * ((1 + sign * gain) / (1 + sign * found.gain)) if found.relative else value + sign * (gain - found.gain)
        for gain in (worst, best)
    ]
    return Ends(min(ends), max(ends), confidence) if all(map(math.isfinite, ends)) else None
