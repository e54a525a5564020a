"""The offline proposer: Optuna's TPE chooses the target's numbers, booleans and annotated choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from autoresearch.errors import ExhaustedError, ProposerError
from autoresearch.model import Direction, Reply, Request, Scalar, Trial, Usage
from autoresearch.propose.literals import Knob, rewrite
from autoresearch.propose.liveness import Elsewhere
from autoresearch.propose.survey import NO_KNOBS, survey

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution

STARTUP = 8
"""Trials, the baseline among them, before TPE takes over from uniform sampling."""
ASKS = 100
"""How often TPE is asked for values that were not tried yet; it is told of every ask, and keeps away from it."""
NAMED = 3
"""Knobs that a description names."""


class Tune:
    """Proposes other values for the literals of the target. Free, offline, and the same again for the same request.

    Nothing is remembered: the study is rebuilt from the request's trials at each ask.
    """

    name = "tune"
    can_repair = False

    def __init__(self, seed: int = 0, elsewhere: Elsewhere | None = None) -> None:
        self._seed, self._elsewhere = seed, elsewhere

    def check(self) -> str:
        """Needs no key and no network."""
        return "offline tuner (Optuna TPE)"

    def worst_case_usd(self, request: Request) -> float | None:
        """Nothing."""
        return 0.0

    def propose(self, request: Request) -> Reply:
        """Values that were not tried yet. Raises ProposerError when there is no knob, ExhaustedError when all is tried.

        The trials may be those of a whole session, or of a burst on an incumbent of other origin: where none of them
        has the values that the target has now, these count as the first one, with `request.baseline` as its value.
        """
        found = survey(request.files, self._elsewhere).knobs
        if not found:
            raise ProposerError(NO_KNOBS.format(paths=", ".join(request.files)))
        trials = _past(found, request)
        found = tuple(_widened(knob, trials) for knob in found)
        seed = self._seed + request.n + 1000 * len(request.prompt.turns)
        tried = {_values(found, trial.params) for trial in trials}
        for choice in _choices(found, trials, request.metric.direction, seed):
            files = _rewritten(request.files, choice)
            if files and tuple(choice.values()) not in tried:
                return _reply(choice, files, len(trials))
        raise ExhaustedError(
            f"tune has nothing left to try for {', '.join(knob.name for knob in found)}: widen their annotations, "
            "or annotate more literals."
        )


def _past(found: Sequence[Knob], request: Request) -> list[Trial]:
    """The trials as far as they are about these knobs, the incumbent's own among them."""
    now = {knob.key: knob.value for knob in found}
    # What a trial does not name was not there yet, or said so in other words: it is taken as it is now.
    trials = [
        Trial({**now, **{key: value for key, value in trial.params.items() if key in now}}, trial.value)
        for trial in request.trials
        if trial.params.keys() & now.keys()
    ]
    if request.baseline is not None and all(trial.params != now for trial in trials):
        trials.insert(0, Trial(now, request.baseline))
    return trials


def _values(found: Sequence[Knob], params: Mapping[str, Scalar]) -> tuple[Scalar | None, ...]:
    return tuple(params.get(knob.key) for knob in found)


def _widened(knob: Knob, trials: Sequence[Trial]) -> Knob:
    """A default range moves along with the incumbent; it must go on holding what was tried, or that is lost.

    An annotated range is the user's word and stays.
    """
    span = knob.range
    if knob.annotated or span.choices:
        return knob
    wide = replace(span, low=float("-inf"), high=float("inf"))
    past = [trial.params[knob.key] for trial in trials if knob.key in trial.params]
    kept = [value for value in past if not isinstance(value, str) and wide.holds(value) and (value > 0 or not span.log)]
    return replace(knob, range=replace(span, low=min([span.low, *kept]), high=max([span.high, *kept])))


def _choices(
    found: Sequence[Knob], trials: Sequence[Trial], direction: Direction, seed: int
) -> Iterator[dict[Knob, Scalar]]:
    """What TPE makes of the trials, first choice first."""
    space = {knob.key: _distribution(knob) for knob in found}
    study = _study(found, space, trials, direction, seed)
    for _ in range(ASKS):
        params = study.ask(space).params
        yield {knob: knob.range.tidy(params[knob.key]) for knob in found}


def _study(
    found: Sequence[Knob],
    space: Mapping[str, BaseDistribution],
    trials: Sequence[Trial],
    direction: Direction,
    seed: int,
) -> Study:
    """A study in memory that has seen every trial as far as it still fits; a crash counts as worse than any value."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP, multivariate=True)
    study = optuna.create_study(sampler=sampler, direction="maximize" if direction is Direction.HIGHER else "minimize")
    for trial in trials:
        params = {
            knob.key: trial.params[knob.key]
            for knob in found
            if knob.key in trial.params and knob.range.holds(trial.params[knob.key])
        }
        if params:  # a trial without any would take every knob out of TPE's joint model
            state = optuna.trial.TrialState.PRUNED if trial.value is None else optuna.trial.TrialState.COMPLETE
            distributions = {key: space[key] for key in params}
            study.add_trial(
                optuna.trial.create_trial(state=state, value=trial.value, params=params, distributions=distributions)
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


def _rewritten(files: Mapping[str, str], choice: Mapping[Knob, Scalar]) -> dict[str, str]:
    """The texts that change."""
    new = {
        path: rewrite(text, {knob: value for knob, value in choice.items() if knob.path == path})
        for path, text in files.items()
    }
    return {path: text for path, text in new.items() if text != files[path]}


def _reply(choice: Mapping[Knob, Scalar], files: Mapping[str, str], n_trials: int) -> Reply:
    changes = [f"{knob.name} {knob.value} -> {value}" for knob, value in choice.items() if value != knob.value]
    more = f", +{len(changes) - NAMED} more" if len(changes) > NAMED else ""
    chosen = "TPE's choice" if n_trials >= STARTUP else "a random choice, as TPE has too little to go by yet,"
    text = (
        f"description: {', '.join(changes[:NAMED])}{more}\n"
        f"hypothesis: {chosen} after {n_trials} trial{'' if n_trials == 1 else 's'}\n"
        "category: parameters\n"
    )
    return Reply(text, Usage(), files=files, params={knob.key: value for knob, value in choice.items()})
