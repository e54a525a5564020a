"""What a session has learnt: kinds of ideas, predictions, what each proposer earned, and how hard it had to try."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoresearch.decide.history import History
from autoresearch.decide.outcome import Past
from autoresearch.decide.tallies import Earned, Predictions, Tally, earned, kind, predictions, tallies
from autoresearch.model import Direction, Metric, Rung


@dataclass(frozen=True)
class Learnt:
    """What came of the experiments by kind of idea and by proposer."""

    kinds: Sequence[Tally]
    predictions: Predictions | None
    earned: Sequence[Earned]
    rungs: Mapping[Rung, int]
    """Experiments on each rung of the ladder that leads off a plateau."""


def learnt(history: History, direction: Direction) -> Learnt:
    """What the history says. `direction` is that of the report."""
    assert history.opened is not None
    metric = Metric(history.opened.metric, direction)
    past = Past(metric).follow(history.experiments)
    return Learnt(
        kinds=tallies(past, kind, metric),
        predictions=predictions(past),
        earned=earned(history, past, metric),
        rungs=Counter(e.planned.rung for e in history.experiments if e.planned),
    )
