"""Which values to try next: spread out at first, then where a Gaussian process of the trials expects most."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import NormalDist, median

from autoresearch.model import Direction, Scalar, Trial
from autoresearch.propose.literals import Knob

Choice = dict[Knob, Scalar]

STARTUP = 5
"""Trials, the first one among them, before anything is concluded from them."""
POOL = 200
"""Choices by chance, and as many steps from the best, of which the most promising comes first."""
ELITE = 4
"""The best trials, from any of which a step begins: the very best may be luck."""
STEPS = (0.3, 0.5)
"""How far a step goes, as the standard deviation in shares of the range."""
MEMORY = 200
"""The latest trials, which alone are learnt from along with the best: what a fit takes grows as their cube."""
FAR = 1e9
"""Farther from the best than so many times the median gap, trials are equally bad."""
LENGTH_SCALES = (0.3, 10.0)
"""Between which shares of a range the fit seeks how far a knob must turn to matter."""


def way(n_trials: int) -> str:
    """How the values that follow so many trials are chosen, in a few words."""
    if n_trials < STARTUP:
        return "far from what was tried, as there is too little to go by yet,"
    return "what a Gaussian process expects most of"


def choices(found: Sequence[Knob], trials: Sequence[Trial], direction: Direction, seed: int) -> Iterator[Choice]:
    """Values for every knob, the first choice first; the trials know all of these knobs."""
    fit = [
        _as_loss(trial, direction)
        for trial in trials
        if all(knob.range.holds(trial.params[knob.key]) for knob in found)
    ]
    best = _best(fit)
    dice = random.Random(seed)
    pool = [{knob: knob.range.drawn(dice) for knob in found} for _ in range(POOL)]
    if len(trials) < STARTUP or not best:
        yield from _farthest_first(pool, fit)
        return
    pool += [_stepped(found, dice.choice(best), dice) for _ in range(POOL)]
    known = [trial for i, trial in enumerate(fit) if i >= len(fit) - MEMORY or trial in best]
    yield from _most_promising_first(pool, known)


def widened(knob: Knob, trials: Sequence[Trial]) -> Knob:
    """A default range moves along with the incumbent; it must go on holding what was tried, or that is lost.

    An annotated range is the user's word and stays.
    """
    span = knob.range
    if knob.annotated or span.kind == "bool":
        return knob
    past = [trial.params[knob.key] for trial in trials]
    if span.choices:
        known = {value for value in (*span.choices, *past) if isinstance(value, int)}
        return replace(knob, range=replace(span, choices=tuple(sorted(known))))
    wide = replace(span, low=float("-inf"), high=float("inf"))
    kept = [value for value in past if not isinstance(value, str) and wide.holds(value) and (value > 0 or not span.log)]
    return replace(knob, range=replace(span, low=min([span.low, *kept]), high=max([span.high, *kept])))


def _as_loss(trial: Trial, direction: Direction) -> Trial:
    """The trial with a value that is better when lower."""
    if trial.value is None or direction is Direction.LOWER:
        return trial
    return replace(trial, value=-trial.value)


def _best(trials: Sequence[Trial]) -> list[Trial]:
    """The best trials, best first; of equals the later one."""
    ranked = [(trial.value, -i, trial) for i, trial in enumerate(trials) if trial.value is not None]
    return [trial for *_, trial in sorted(ranked, key=lambda each: each[:2])[:ELITE]]


def _stepped(found: Sequence[Knob], start: Trial, dice: random.Random) -> Choice:
    """A few knobs moved, one at least, and the rest as they are."""
    count = min(len(found), 1 + int(dice.expovariate(0.5)))
    moved = set(dice.sample(range(len(found)), count))
    return {
        knob: knob.range.moved(start.params[knob.key], dice, dice.choice(STEPS))
        if i in moved
        else start.params[knob.key]
        for i, knob in enumerate(found)
    }


def _farthest_first(pool: Sequence[Choice], trials: Sequence[Trial]) -> list[Choice]:
    """By the distance from the nearest trial."""
    tried = [_coordinates({knob: trial.params[knob.key] for knob in pool[0]}) for trial in trials]

    def distance(choice: Choice) -> float:
        return min((math.dist(_coordinates(choice), each) for each in tried), default=0.0)

    return sorted(pool, key=distance, reverse=True)


def _most_promising_first(pool: Sequence[Choice], trials: Sequence[Trial]) -> list[Choice]:
    """By expected improvement, in the eyes of a Gaussian process that is fitted to the trials."""
    # Imported where they are used: they take a second.
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from threadpoolctl import threadpool_limits

    tried = [_coordinates({knob: trial.params[knob.key] for knob in pool[0]}) for trial in trials]
    losses = _levelled([trial.value for trial in trials])
    kernel = ConstantKernel(1.0, (0.05, 20.0)) * Matern([1.0] * len(tried[0]), LENGTH_SCALES, nu=2.5)
    model = GaussianProcessRegressor(kernel + WhiteKernel(1e-2, (1e-4, 0.3)), normalize_y=True)
    with warnings.catch_warnings(), threadpool_limits(1):  # for matrices of this size more threads take longer
        warnings.simplefilter("ignore")  # a length scale at its bound says that the knob does not matter
        model.fit(tried, losses)
        means, deviations = model.predict([_coordinates(choice) for choice in pool], return_std=True)
    least, normal = min(losses), NormalDist()

    def improvement(i: int) -> float:
        z = (least - means[i]) / deviations[i]
        return float(deviations[i] * (z * normal.cdf(z) + normal.pdf(z)))

    return [pool[i] for i in sorted(range(len(pool)), key=improvement, reverse=True)]


def _levelled(losses: Sequence[float | None]) -> list[float]:
    """Losses on a scale on which the far-off ones do not drown the good; a crash lies beyond the worst.

    Up to the median it is about linear, from there on it is about a logarithm.
    """
    known = [loss for loss in losses if loss is not None]
    gaps = [loss / 2 - min(known) / 2 for loss in known]  # halves, as the whole may be more than a float holds
    usual = median(gaps) or 1.0
    levels = [math.log1p(min(gap / usual, FAR)) for gap in gaps]
    each = iter(levels)
    return [max(levels) + 1 if loss is None else next(each) for loss in losses]


def _coordinates(choice: Choice) -> list[float]:
    return [at for knob, value in choice.items() for at in knob.range.coordinates(value)]
