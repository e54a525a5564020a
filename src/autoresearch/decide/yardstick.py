"""What candidates are held against: the incumbent's latest runs, and how much equal code differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from autoresearch.decide.rematch import SCREEN
from autoresearch.model import Direction
from autoresearch.records import Arm, Measured

RUNS = 8
"""So many of the incumbent's latest runs are remembered."""
DIFFERENCES = 60
"""So many of the latest differences between runs of equal code are remembered."""
ENOUGH = 6
"""So many deviations within pairs tell more than differences between runs: a pair may share its seed."""
REFRESH = 10
"""After so many experiments without one the incumbent runs again: what it measured then may no longer hold."""


@dataclass(frozen=True)
class Yardstick:
    """The incumbent's runs and the noise, as a session has learnt them so far."""

    runs: tuple[float, ...] = ()
    """The incumbent's latest values, oldest first."""
    exact: bool = False
    """True while equal code has always measured equal."""
    age: int = 0
    """Experiments with a run since the incumbent last ran."""
    differences: tuple[float, ...] = ()
    """Relative differences of adjacent runs of equal code, the latest ones."""

    deviations: tuple[float, ...] = ()
    """How far pairs of a rematch lay from the middle one of it, relative, the latest ones."""
    seeds: tuple[int | None, ...] = ()
    """The seeds that `runs` had."""

    @property
    def spread(self) -> float:
        """The median relative difference that chance makes within a pair; of runs where there are too few pairs."""
        return median(self.deviations) if len(self.deviations) >= ENOUGH else self.noise

    @property
    def noise(self) -> float:
        """The median relative difference of adjacent runs of equal code; 0 for an exact metric."""
        return median(self.differences) if self.differences else 0.0

    def screen_seed(self, refreshed: Sequence[Measured], direction: Direction) -> int | None:
        """The seed with which the incumbent did best of late: a candidate must beat that, and shall have it too."""
        known = [*zip(self.runs, self.seeds, strict=False), *((run.value, run.seed) for run in refreshed)]
        valued = [(value, seed) for value, seed in known[-SCREEN:] if value is not None]
        sign = 1 if direction is Direction.HIGHER else -1
        return max(valued, key=lambda each: sign * each[0])[1] if valued and not self.exact else None

    @property
    def stale(self) -> bool:
        """True when the incumbent should run again before it is compared with."""
        return not self.exact and self.age + 1 >= REFRESH

    def after(self, runs: Sequence[Measured], *, kept: bool, baseline: bool = False) -> Yardstick:
        """What is known once an experiment is settled."""
        mine, theirs = _values(runs, "candidate"), _values(runs, "incumbent")
        drawn = [run for run in runs if run.draw]
        if baseline:
            exact = len(mine) > 1 and len(set(mine)) == 1
            seeds = _seeds(runs, "candidate")
            return Yardstick(tuple(mine), exact=exact, differences=_differences(mine), seeds=seeds)
        pairs = _values(drawn, "candidate")
        known = replace(
            self,
            exact=self.exact and not drawn,
            age=0 if theirs or kept else self.age + bool(runs),
            differences=(*self.differences, *_differences(pairs), *_differences(theirs))[-DIFFERENCES:],
            deviations=(*self.deviations, *_deviations(drawn))[-DIFFERENCES:],
        )
        if kept:
            seeds = _seeds(drawn, "candidate")[-RUNS:] or _seeds(runs, "candidate")[-1:]
            return replace(known, runs=tuple(pairs[-RUNS:] or mine[-1:]), seeds=seeds)
        seeds = (*self.seeds, *_seeds(runs, "incumbent"))[-RUNS:]
        return replace(known, runs=(*self.runs, *theirs)[-RUNS:], seeds=seeds)


def difference(one: float, other: float) -> float:
    """How far two values are apart, relative to their size: 0 for equal ones."""
    size = (abs(one) + abs(other)) / 2
    return abs(one - other) / size if size else 0.0


def _differences(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(difference(one, other) for one, other in pairwise(values))


def _deviations(drawn: Sequence[Measured]) -> tuple[float, ...]:
    """Of the pairs of one rematch, how far each lies from their median; none where one or two say nothing."""
    gaps = []
    for draw in dict.fromkeys(run.draw for run in drawn):
        pair = {run.arm: run.value for run in drawn if run.draw == draw}
        mine, theirs = pair.get("candidate"), pair.get("incumbent")
        if mine is not None and theirs is not None:
            gaps.append((mine - theirs) / (size if (size := (abs(mine) + abs(theirs)) / 2) else 1.0))
    return tuple(abs(gap - median(gaps)) for gap in gaps) if len(gaps) > 2 else ()


def _seeds(runs: Sequence[Measured], arm: Arm) -> tuple[int | None, ...]:
    return tuple(run.seed for run in runs if run.arm == arm and run.value is not None)


def _values(runs: Sequence[Measured], arm: Arm) -> list[float]:
    return [run.value for run in runs if run.arm == arm and run.value is not None]
