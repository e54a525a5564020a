"""How large a gain must be for the rule to find it: the chance that an edit is kept, given what noise hides."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

from autoresearch.decide.rematch import SCREEN, SWEEP, keep_probability
from autoresearch.model import Direction

_NORMAL = NormalDist()
_MEDIAN = _NORMAL.inv_cdf(0.75)
"""Median size of a normal quantity, in standard deviations."""
_REACH, _STEP = 8.0, 0.1
"""How far out, and how finely, chances are added up, in standard deviations."""
_LARGEST = 50.0
"""Standard deviations beyond which no effect is looked for."""


def smallest_gain(noise: float, direction: Direction, wins: Sequence[int] | None) -> float:
    """The true relative gain that the rule keeps in half of the cases.

    noise: median relative difference of two runs of equal code; wins: what a rematch takes with 0, 1, … losses, None
    for a sweep. Takes the noise for normal and proportional, so it is a rough figure.
    """
    sd = noise / (_MEDIAN * math.sqrt(2))
    ratio = math.exp(even_effect(wins) * sd)
    return ratio - 1 if direction is Direction.HIGHER else 1 - 1 / ratio


def even_effect(wins: Sequence[int] | None) -> float:
    """The effect that is kept in half of the cases, in standard deviations of one run."""
    low, high = 0.0, _LARGEST
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if chance_kept(middle, wins) < 0.5 else (low, middle)
    return high


def chance_kept(effect: float, wins: Sequence[int] | None) -> float:
    """Probability that an edit of this effect, in standard deviations of one run, passes the screen and is kept."""
    screened = _chance(lambda z: _NORMAL.cdf(z + effect) ** SCREEN)
    if wins is None:
        return screened * _swept(effect)
    return screened * keep_probability(wins, _NORMAL.cdf(effect / math.sqrt(2)))


def _swept(effect: float) -> float:
    """Probability that the candidate's worst run beats the incumbent's best."""
    return _chance(lambda z: SWEEP * _NORMAL.cdf(z) ** (SWEEP - 1) * _NORMAL.cdf(effect - z) ** SWEEP)


def _chance(given: Callable[[float], float]) -> float:
    """The mean of a probability over a standard normal quantity."""
    steps = round(_REACH / _STEP)
    return sum(_NORMAL.pdf(i * _STEP) * given(i * _STEP) for i in range(-steps, steps + 1)) * _STEP
