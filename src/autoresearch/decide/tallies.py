"""What a session has learnt, in its own figures: kinds of ideas, predictions, what each model earned. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, expm1, log1p
from statistics import median

from autoresearch.decide.history import BASELINE, History, Spent
from autoresearch.decide.outcome import Outcome
from autoresearch.model import Direction, Metric, Status

CATEGORIES = ("parameters", "algorithm", "data structure", "architecture", "simplification", "fix")
"""The kinds of ideas that a proposer is asked to name; everything else counts as `other`."""
OTHER = "other"


@dataclass(frozen=True)
class Tally:
    """What came of the experiments of one kind."""

    name: str
    tries: int
    keeps: int
    crashes: int
    gain: float
    """Relative gain of the keeps together, one upon the other."""


@dataclass(frozen=True)
class Predictions:
    """How well proposers foresaw what their edits would gain."""

    made: int
    """Proposals with a number of which a gain was measured."""
    came_true: int
    """Those that were kept with at least half of what was predicted."""
    expected: float
    """Median of the predicted gains."""
    measured: float
    """Median of the measured ones: a few that went badly wrong say little of the others."""


@dataclass(frozen=True)
class Earned:
    """What one proposer brought in for what it cost."""

    name: str
    tally: Tally
    worth: float
    """The gain of its keeps as a logarithm, so that they add up."""
    spent: Spent

    @property
    def usd(self) -> float | None:
        """Dollars; None where the price of any reply is unknown."""
        return None if self.spent.unpriced else self.spent.usd


def category(said: str) -> str:
    """The kind that a proposer's own word means: `Hyper-parameter tuning` is `parameters`."""
    words = said.lower().replace("-", " ").replace("_", " ")
    return next((known for known in CATEGORIES if known.removesuffix("s") in words), OTHER)


def kind(outcome: Outcome) -> str:
    """The kind of idea that an experiment tried."""
    proposal = outcome.experiment.proposal
    return category(proposal.category) if proposal else OTHER


def proposer(outcome: Outcome) -> str:
    """Who was asked for an experiment, also where no edit came of it."""
    return outcome.experiment.by or ""


def tried(past: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes of experiments, the baseline left out."""
    return [each for each in past if each.experiment.n != BASELINE]


def tallies(past: Sequence[Outcome], by: Callable[[Outcome], str], metric: Metric) -> list[Tally]:
    """Counts by a name of each experiment, what gained most first."""
    grouped: dict[str, list[Outcome]] = defaultdict(list)
    for each in tried(past):
        grouped[by(each)].append(each)
    found = [_tally(name, group, metric.direction) for name, group in grouped.items()]
    return sorted(found, key=lambda tally: (-tally.gain, -tally.keeps, -tally.tries, tally.name))


def predictions(past: Sequence[Outcome]) -> Predictions | None:
    """None where nothing was predicted."""
    told = [(each, each.expected, each.gain) for each in tried(past)]
    known = [(each, said, got) for each, said, got in told if said is not None and got is not None]
    if not known:
        return None
    return Predictions(
        made=len(known),
        came_true=sum(each.came_true for each, _, _ in known),
        expected=median(said for _, said, _ in known),
        measured=median(got for _, _, got in known),
    )


def earned(history: History, past: Sequence[Outcome], metric: Metric) -> list[Earned]:
    """What each proposer brought in, the harness's own edits left out."""
    groups = {tally.name: tally for tally in tallies(past, proposer, metric)}
    names = [name for name in dict.fromkeys((*groups, *history.spent_by)) if name]
    return [
        Earned(
            name,
            groups.get(name, Tally(name, 0, 0, 0, 0.0)),
            sum(worth(each, metric.direction) for each in past if proposer(each) == name),
            history.spent_by.get(name, Spent()),
        )
        for name in names
    ]


def worth(outcome: Outcome, direction: Direction) -> float:
    """A keep's gain as the logarithm of the ratio, 0 for everything else: what adds up from keep to keep."""
    if not outcome.experiment.kept or outcome.gain is None or outcome.experiment.n == BASELINE:
        return 0.0
    gain = outcome.gain if direction is Direction.HIGHER else -outcome.gain
    return abs(log1p(gain)) * (1 if outcome.gain >= 0 else -1) if gain > -1 else outcome.gain


def _tally(name: str, group: Sequence[Outcome], direction: Direction) -> Tally:
    verdicts = [each.experiment.verdict for each in group]
    total = sum(worth(each, direction) for each in group)
    return Tally(
        name=name,
        tries=len(group),
        keeps=sum(each.experiment.kept for each in group),
        crashes=sum(verdict is not None and verdict.status is Status.CRASH for verdict in verdicts),
        gain=expm1(total) if direction is Direction.HIGHER else 1 - exp(-total),
    )
