"""Which values to try next: by chance at first, then what TPE makes of the trials and small steps from the best."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from autoresearch.model import Direction, Scalar, Trial
from autoresearch.propose.literals import Knob

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution

STARTUP = 8
"""Trials, the first one among them, before anything is concluded from them."""
ASKS = 100
"""How often values that were not tried yet are looked for; TPE is told of every ask, and keeps away from it."""
TURN = 4
"""One in so many trials is TPE's, which looks everywhere; the others are steps from the best, which pay sooner."""
ELITE = 4
"""The best trials, of which every TURN-th one takes any for its start: the very best may be luck."""
STEPS = (0.1, 0.3)
"""How far a step goes, as the standard deviation in shares of the range."""


def way(n_trials: int) -> str:
    """How the values that follow so many trials are chosen, in a few words."""
    if n_trials < STARTUP:
        return "a random choice, as there is too little to go by yet,"
    return "a step from the best" if n_trials % TURN else "TPE's choice"


def choices(
    found: Sequence[Knob], trials: Sequence[Trial], direction: Direction, seed: int
) -> Iterator[dict[Knob, Scalar]]:
    """Values for every knob, the first choice first; the trials know all of these knobs."""
    fit = [trial for trial in trials if all(knob.range.holds(trial.params[knob.key]) for knob in found)]
    best = _best(fit, direction)
    if len(trials) >= STARTUP and len(trials) % TURN and best:
        dice = random.Random(seed)
        for _ in range(ASKS):
            start = dice.choice(best) if len(trials) % TURN == TURN // 2 else best[0]
            step = _stepped(found, start.params, dice)
            if not _crashes(step, fit):
                yield step
    space = {knob.key: _distribution(knob) for knob in found}
    study = _study(space, fit, direction, seed)
    for _ in range(ASKS):
        params = study.ask(space).params
        yield {knob: knob.range.tidy(params[knob.key]) for knob in found}


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


def _best(trials: Sequence[Trial], direction: Direction) -> list[Trial]:
    """The best trials, best first; of equals the later one."""
    sign = 1 if direction is Direction.LOWER else -1
    ranked = [(sign * trial.value, -i, trial) for i, trial in enumerate(trials) if trial.value is not None]
    return [trial for *_, trial in sorted(ranked, key=lambda each: each[:2])[:ELITE]]


def _stepped(found: Sequence[Knob], params: Mapping[str, Scalar], dice: random.Random) -> dict[Knob, Scalar]:
    """A few knobs moved, one at least, and the rest as they are."""
    count = min(len(found), 1 + int(dice.expovariate(0.5)))
    moved = set(dice.sample(range(len(found)), count))
    return {
        knob: knob.range.moved(params[knob.key], dice, dice.choice(STEPS)) if i in moved else params[knob.key]
        for i, knob in enumerate(found)
    }


def _crashes(step: Mapping[Knob, Scalar], trials: Sequence[Trial]) -> bool:
    """True where the trial nearest to it crashed."""

    def distance(trial: Trial) -> float:
        return sum(knob.range.distance(value, trial.params[knob.key]) ** 2 for knob, value in step.items())

    return min(trials, key=distance).value is None


def _study(space: Mapping[str, BaseDistribution], trials: Sequence[Trial], direction: Direction, seed: int) -> Study:
    """A study in memory that has seen these trials; a crash counts as worse than any value."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP, multivariate=True)
    study = optuna.create_study(sampler=sampler, direction="maximize" if direction is Direction.HIGHER else "minimize")
    for trial in trials:
        state = optuna.trial.TrialState.PRUNED if trial.value is None else optuna.trial.TrialState.COMPLETE
        params = {key: trial.params[key] for key in space}
        study.add_trial(
            optuna.trial.create_trial(state=state, value=trial.value, params=params, distributions=dict(space))
        )
    return study


def _distribution(knob: Knob) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    span = knob.range
    if span.choices:
        return CategoricalDistribution(span.choices)
    if span.kind == "int":
        return IntDistribution(int(span.low), int(span.high), log=span.log)
    return FloatDistribution(span.low, span.high, log=span.log)
