"""Does a kept change still earn its place: the head in pairs with the head without it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import median
from typing import Literal

from autoresearch.decide.history import BASELINE, Experiment
from autoresearch.decide.interval import Interval
from autoresearch.decide.outcome import finite
from autoresearch.decide.policy import BASELINE_RUNS, FAULTS, PAIR, SAME, Decision, held_out, in_pairs
from autoresearch.decide.rematch import beats, keep_probability
from autoresearch.decide.rounds import rounds
from autoresearch.decide.survival import unchanged
from autoresearch.decide.yardstick import Yardstick
from autoresearch.model import Direction, Status, Verdict
from autoresearch.settings import Settings

Standing = Literal["earns", "dead", "undecided"]
"""What a change is to the head: it earns its place, it is dead weight, or so many pairs cannot tell."""
FEWEST = 6
"""Pairs that are run at least: from so many on there is an interval."""
ITSELF = 10
"""Pairs that the head runs against itself: what they differ by is the noise."""
LOSSES = 5
"""Pairs that either side may lose: what was kept once is not thrown out lightly."""
USUAL = 10
"""Pairs that a keep takes on average."""
MATTERS = 1.5
"""A gain matters from so many times the noise on; a rematch keeps one of about this size every other time."""


@dataclass(frozen=True)
class Ablation:
    """The rule for one removal: keep says that the head does without, so that what is left out is dead weight."""

    settings: Settings
    yardstick: Yardstick
    head: float | None
    """What the head measured alone; None before it has."""

    def next(self, current: Experiment) -> Decision:
        """The next step of an experiment of which it is known what is left out."""
        if current.n == BASELINE:
            return unchanged(current.runs, "head")
        done = rounds(current)
        if done.failed and current.faults < FAULTS:
            failure = done.failed.failure or "no metric"
            return Decision(verdict=Verdict(Status.CRASH, f"without it the bench fails: {failure}"))
        if self.yardstick.exact and current.without:
            return self._gated(current, self._exactly(done.alone)) if done.alone else Decision(run="candidate")
        if before := in_pairs(current):
            return replace(before, fault=before.fault and before.fault.replace("the incumbent", "the head", 1))
        if not current.without:
            enough = len(done.pairs) >= ITSELF
            itself = Verdict(Status.DISCARD, "the head against itself", "sentinel")
            return Decision(verdict=itself, value=self.head) if enough else Decision(draw=PAIR)
        verdict = self._in_pairs(done.pairs)
        if verdict is None:
            return Decision(draw=PAIR)
        return self._gated(current, Decision(verdict=verdict, value=median(done.values("candidate"))))

    @property
    def bar(self) -> tuple[int, ...]:
        """What wins a race."""
        return bar(self.settings.alpha, max(self.settings.max_losses, LOSSES))

    @property
    def matters(self) -> float:
        """The smallest relative gain that is worth a place."""
        return max(self.settings.min_gain, MATTERS * self.yardstick.spread, SAME)

    def does_without(self, without: float, head: float) -> bool:
        """True when what a run measured without a change is worse than the head's by less than what matters."""
        return beats(without, head, self.settings.direction, -self.matters)

    def _exactly(self, alone: Sequence[float]) -> Decision:
        """Where equal code always measures equal one run tells."""
        assert self.head is not None
        value, smallest = alone[0], max(self.settings.min_gain, 0.0)
        if beats(self.head, value, self.settings.direction, smallest):
            return Decision(verdict=Verdict(Status.DISCARD, f"{value:.10g} without it", "rematch"), value=value)
        how = "equal" if value == self.head else f"{value:.10g}"
        return Decision(verdict=Verdict(Status.KEEP, f"{how} without it", "simplification"), value=value)

    def _in_pairs(self, pairs: Sequence[tuple[float, float]]) -> Verdict | None:
        """What the pairs say, once they do."""
        found = weigh(
            pairs,
            direction=self.settings.direction,
            wins=self.bar,
            min_gain=self.settings.min_gain,
            matters=self.matters,
        )
        if found is None:
            return None
        wins = sum(beats(head, without, self.settings.direction) for head, without in pairs)
        said = f"better with it in {wins} of {len(pairs)} pairs"
        if found == "earns":
            return Verdict(Status.DISCARD, said, "rematch")
        if found == "dead":
            worth = f"worth less than {self.matters * 100:.2g} %" if self.matters > SAME else "no worse without it"
            return Verdict(Status.KEEP, f"{worth}, {said}", "simplification")
        return Verdict(Status.DISCARD, said, "undecided")

    def _gated(self, current: Experiment, decision: Decision) -> Decision:
        """What the head does without must pass `check` and `confirm` as any keep."""
        verdict, settings = decision.verdict, self.settings
        if verdict is None or verdict.status is not Status.KEEP:
            return decision
        if settings.check:
            if current.checked is None:
                return Decision(gate="check")
            if failure := current.checked.failure:
                failed = Verdict(Status.DISCARD, f"without it `check` fails: {failure}", "check")
                return replace(decision, verdict=failed)
        if settings.confirm:
            held = held_out(current, "worse without it on the held-out inputs", exact=self.yardstick.exact)
            if held:
                return held if held.verdict is None else replace(decision, verdict=held.verdict)
        return decision


@lru_cache(maxsize=8)
def bar(alpha: float, losses: int) -> tuple[int, ...]:
    """Pairs to win with 0, 1, … losses, so that a race won by coin flips alone is one of `alpha` at most.

    Each further loss has the same share of `alpha`. Unlike in a rematch a race may be level or behind meanwhile. With
    five losses 0.05 takes (7, 9, 10, 12, 13, 14).
    """
    wins: tuple[int, ...] = ()
    for lost in range(losses + 1):
        needed = wins[-1] + 1 if wins else 1
        while keep_probability((*wins, needed), behind=True) > alpha * (lost + 1) / (losses + 1):
            needed += 1
        wins = (*wins, needed)
    return wins


def bound(wins: Sequence[int]) -> float:
    """At most how often either verdict of pairs is wrong: of what does nothing, and of what matters."""
    return keep_probability(wins, behind=True)


def runs_expected(keeps: int, *, exact: bool) -> int:
    """About how many runs it takes: the head, each keep, and the dead weight together."""
    if exact:
        return BASELINE_RUNS + keeps + 1
    return BASELINE_RUNS + 2 * ITSELF + 2 * USUAL * (keeps + 1)


def weigh(
    pairs: Sequence[tuple[float, float]],
    *,
    direction: Direction,
    wins: Sequence[int],
    min_gain: float,
    matters: float,
) -> Standing | None:
    """What (head, head without the change) values say of the change; None while another pair is to be run.

    Two races over the same pairs; `wins` says what wins one with 0, 1, … losses. In one the head must be better by more
    than `min_gain`: won, the change earns its place, which one that does nothing does in at most `alpha` of all cases.
    In the other the head without it must not be worse by as much as `matters`: won, the change is dead weight, which
    one that is worth so much is in at most `alpha`. Both bounds come from the coin. Whichever is won first counts; both
    lost, it is undecided.
    """
    needed = _race((beats(head, without, direction, max(min_gain, 0.0)) for head, without in pairs), wins)
    spared = _race((beats(without, head, direction, -matters) for head, without in pairs), wins)
    if len(pairs) < FEWEST:
        return None
    if needed.won_at and (not spared.won_at or needed.won_at <= spared.won_at):
        return "earns"
    if spared.won_at:
        return "dead"
    return None if needed.is_open or spared.is_open else "undecided"


@dataclass(frozen=True)
class _Race:
    """How a race stands."""

    won_at: int | None
    """Number of the pair that won it."""
    is_open: bool


def _race(won: Iterable[bool], bar: Sequence[int]) -> _Race:
    wins = losses = 0
    for number, is_won in enumerate(won, start=1):
        wins, losses = wins + is_won, losses + (not is_won)
        if losses >= len(bar):
            return _Race(None, is_open=False)
        if wins >= bar[losses]:
            return _Race(number, is_open=False)
    return _Race(None, is_open=True)


def standing(experiment: Experiment) -> Standing:
    """What a settled removal says of what it leaves out."""
    assert experiment.verdict is not None
    if experiment.kept:
        return "dead"
    return "undecided" if experiment.verdict.cause == "undecided" else "earns"


def worth(experiment: Experiment, head: float | None, direction: Direction) -> Interval | None:
    """The gain of the head over the head without the change; None where it could not be measured."""
    pairs = [(without, with_it) for with_it, without in rounds(experiment).pairs]
    if not pairs and head is not None and experiment.value is not None:
        pairs = [(experiment.value, head)]
    return finite(pairs, direction) if pairs else None
