"""The offline proposer: a Gaussian process chooses the target's numbers, booleans and annotated choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autoresearch.errors import ExhaustedError, ProposerError
from autoresearch.model import Reply, Request, Scalar, Trial, Usage
from autoresearch.propose.literals import Knob, rewrite
from autoresearch.propose.liveness import Elsewhere
from autoresearch.propose.search import choices, way, widened
from autoresearch.propose.survey import NO_KNOBS, survey

NAMED = 3
"""Knobs that a description names."""


class Tune:
    """Proposes other values for the literals of the target. Free, offline, and the same again for the same request.

    Nothing is remembered: the process is fitted to the request's trials at each ask.
    """

    name = "tune"
    can_repair = False
    wants = None

    def __init__(self, seed: int = 0, elsewhere: Elsewhere | None = None) -> None:
        self._seed, self._elsewhere = seed, elsewhere

    def check(self) -> str:
        """Needs no key and no network."""
        return "offline tuner (a Gaussian process)"

    def worst_case(self, request: Request) -> Usage:
        """Nothing."""
        return Usage()

    def usual_case(self, request: Request) -> Usage:
        """Nothing."""
        return Usage()

    def propose(self, request: Request) -> Reply:
        """Values that were not tried yet. Raises ProposerError when there is no knob, ExhaustedError when all is tried.

        The trials may be those of a whole session, or of a burst on an incumbent of other origin: where none of them
        has the values that the target has now, these count as the first one, with `request.baseline` as its value.
        """
        found = survey(request.files, self._elsewhere).knobs
        if not found:
            raise ProposerError(NO_KNOBS.format(paths=", ".join(request.files)))
        trials = _past(found, request)
        found = tuple(widened(knob, trials) for knob in found)
        seed = self._seed + request.n + 1000 * len(request.prompt.turns)
        tried = {_values(found, trial.params) for trial in trials}
        for choice in choices(found, trials, request.metric.direction, seed):
            files = _rewritten(request.files, choice)
            if files and tuple(choice.values()) not in tried and not request.is_tried(files):
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
    text = (
        f"description: {', '.join(changes[:NAMED])}{more}\n"
        f"hypothesis: {way(n_trials)} after {n_trials} trial{'' if n_trials == 1 else 's'}\n"
        "category: parameters\n"
    )
    return Reply(text, Usage(), files=files, params={knob.key: value for knob, value in choice.items()})
