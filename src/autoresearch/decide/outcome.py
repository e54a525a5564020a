"""What came of each experiment: its gain over the incumbent of its time, and whether that was predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import isfinite
from statistics import median
from typing import Self, overload

from autoresearch.decide.history import BASELINE, Experiment, History, Verification
from autoresearch.decide.interval import Interval, interval
from autoresearch.decide.rounds import rounds
from autoresearch.model import Direction, Metric

SIGMA = 0.954
"""The median difference of two runs of equal code, in standard deviations of one run, for a normal distribution."""
NEAR = frozenset({"rematch", "confirm", "guard", "screen"})
"""Causes of a discard after which the candidate may still be worth something."""
FAR = -0.2
"""A loss from which on a discard is no near miss."""


@dataclass(frozen=True)
class Outcome:
    """One settled experiment against the incumbent of its time."""

    experiment: Experiment
    over: float | None
    """The incumbent's value; None for the baseline."""
    gain: float | None
    """Relative gain, positive when better: side by side where both ran so, else of the values that were recorded."""

    @property
    def sigmas(self) -> float | None:
        """The gain in standard deviations of one run; None where the metric is exact or nothing was gained or lost."""
        noise = self.experiment.noise
        return None if self.gain is None or not noise else self.gain / (noise / SIGMA)

    @property
    def expected(self) -> float | None:
        """The relative gain that the proposer predicted."""
        return self.experiment.proposal.expected if self.experiment.proposal else None

    @property
    def came_true(self) -> bool:
        """True where at least half of the predicted gain was measured, and kept."""
        expected, gain = self.expected, self.gain
        return self.experiment.kept and expected is not None and gain is not None and gain >= expected / 2


class Past(Sequence[Outcome]):
    """What came of a session's settled experiments, oldest first, sentinels left out. Each is looked at once."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._outcomes: list[Outcome] = []
        self._seen = 0
        self._best: float | None = None

    def follow(self, experiments: Sequence[Experiment]) -> Self:
        """Take in what was settled since the last call."""
        for e in experiments[self._seen :]:
            if not e.is_sentinel:
                gain = None if e.n == BASELINE else _gain(e, self._best, self._metric)
                self._outcomes.append(Outcome(e, self._best, gain))
                self._best = e.value if e.kept else self._best
        self._seen = len(experiments)
        return self

    @overload
    def __getitem__(self, at: int) -> Outcome: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Outcome]: ...
    def __getitem__(self, at: int | slice) -> Outcome | Sequence[Outcome]:
        return self._outcomes[at]

    def __len__(self) -> int:
        return len(self._outcomes)


def near_misses(past: Sequence[Outcome]) -> list[Outcome]:
    """Discards since the latest keep that came closest, the closest first: a lost rematch is closer than no rematch."""
    since = takewhile(lambda each: not each.experiment.kept, reversed(past))
    close = [each for each in since if _is_near(each)]
    return sorted(close, key=lambda each: (each.experiment.draws == (), -(each.gain or 0.0), each.experiment.n))


def side_by_side(experiment: Experiment, direction: Direction) -> Interval | None:
    """Gain over the incumbent in the rounds that they ran together; None where they did not."""
    done = rounds(experiment)
    if done.pairs:
        return finite(done.pairs, direction)
    mine, theirs = done.values("candidate"), done.values("incumbent")
    return finite([(median(theirs), median(mine))], direction) if mine and theirs else None


def proof_of_head(history: History, direction: Direction) -> Interval | None:
    """What the verification of what stands now says; None where that was not verified, or not to the end."""
    known, best = history.verification, history.incumbent
    return verified(known, direction) if known and best and known.asked.head == best.commit else None


def verified(verification: Verification, direction: Direction) -> Interval | None:
    """The gain of the head over the baseline; None until all pairs that were asked for at some time are measured."""
    pairs, asked = rounds(verification.measured).pairs, verification.asked
    settled = pairs if len(pairs) >= asked.pairs else pairs[: asked.settled]
    return finite(settled, direction) if settled else None


def finite(pairs: Sequence[tuple[float, float]], direction: Direction) -> Interval | None:
    """What pairs say; None where a ratio is too large for a number."""
    found = interval(pairs, direction)
    return found if all(isfinite(end or 0.0) for end in (found.gain, found.low, found.high)) else None


def _gain(e: Experiment, best: float | None, metric: Metric) -> float | None:
    beside = side_by_side(e, metric.direction)
    if beside is not None and beside.relative:
        return beside.gain
    gain = None if e.value is None or best is None else metric.gain(e.value, best)
    return gain if gain is not None and isfinite(gain) else None


def _is_near(outcome: Outcome) -> bool:
    verdict = outcome.experiment.verdict
    assert verdict is not None
    return verdict.status == "discard" and verdict.cause in NEAR and outcome.gain is not None and outcome.gain > FAR
