"""Noise of machines and benches, as endless streams with fixed seeds: what one run after another measures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from random import Random

Noise = Callable[[int], Iterator[float]]
"""A seed → one positive value a run, around 100, of code that never changes."""


def gaussian(seed: int) -> Iterator[float]:
    """White noise of 1 %."""
    rng = Random(seed)
    while True:
        yield 100 * math.exp(rng.gauss(0, 0.01))


def drifting(seed: int) -> Iterator[float]:
    """A machine that slowly warms and cools by 2.5 %, and a neighbour that now and then takes 5 % for a while."""
    rng = Random(seed)
    warmth, busy = 0.0, False
    while True:
        warmth = 0.97 * warmth + rng.gauss(0, 0.025 * math.sqrt(1 - 0.97**2))
        busy = rng.random() < (0.94 if busy else 0.02)
        yield 100 * math.exp(warmth + 0.05 * busy + rng.gauss(0, 0.007))


def skewed(seed: int) -> Iterator[float]:
    """Log-normal, with one run of twenty up to some tens of percent slower."""
    rng = Random(seed)
    while True:
        outlier = rng.expovariate(1 / 20) if rng.random() < 0.05 else 0.0
        yield 98 + rng.lognormvariate(0, 0.6) + outlier


def periodic(seed: int) -> Iterator[float]:
    """Every second run is 3 % slower."""
    rng = Random(seed)
    while True:
        yield 100 * math.exp(rng.gauss(0, 0.005))
        yield 103 * math.exp(rng.gauss(0, 0.005))


def whole_numbers(seed: int) -> Iterator[float]:
    """One of six values, so that many pairs are tied."""
    rng = Random(seed)
    while True:
        yield float(98 + rng.randrange(6))
