"""What an experiment has measured, put in order: runs alone, pairs that are whole, the run that is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autoresearch.decide.history import Experiment
from autoresearch.records import Arm, Measured


@dataclass(frozen=True)
class Turn:
    """Whose turn it is in the latest round."""

    arm: Arm
    draw: int
    """Number of the draw, from 1."""
    seed: int
    """The same for the first run of each arm, and so on."""


@dataclass(frozen=True)
class Rounds:
    """The runs of one candidate and of the incumbent against it. A round in which the incumbent failed is void."""

    candidate: tuple[Measured, ...]
    """Runs of the candidate."""
    incumbent: tuple[Measured, ...]
    """Runs of the incumbent that gave a value."""
    alone: tuple[float, ...]
    """The candidate's values outside of rounds."""
    refreshed: tuple[float, ...]
    """The incumbent's values outside of rounds."""
    drawn: tuple[Measured, ...]
    """Runs of the rounds that are not void, in order."""
    pairs: tuple[tuple[float, float], ...]
    """(incumbent, candidate) of each whole pair."""
    incidents: int
    """How often the incumbent failed in rounds; failures in a row are one."""
    due: Turn | None

    @property
    def failed(self) -> Measured | None:
        """The candidate's run without a value, if any."""
        return next((run for run in self.candidate if run.value is None), None)

    @property
    def swept(self) -> bool:
        """True once a round has begun."""
        return bool(self.drawn)

    def values(self, arm: Arm) -> tuple[float, ...]:
        """The values of one arm in the rounds."""
        return _values(self.drawn, arm)


def rounds(current: Experiment) -> Rounds:
    """What an experiment has measured so far."""
    runs = current.runs
    mine = tuple(run for run in runs if run.arm == "candidate")
    theirs = tuple(run for run in runs if run.arm == "incumbent" and run.value is not None)
    outside = [run for run in runs if not run.draw]
    sound: list[Measured] = []
    pairs: list[tuple[float, float]] = []
    due: Turn | None = None
    incidents, ill = 0, False
    for number, draw in enumerate(current.draws, start=1):
        within = [run for run in runs if run.draw == number]
        was_ill, ill = ill, any(run.arm == "incumbent" and run.value is None for run in within)
        if ill:
            incidents += not was_ill
            continue
        sound += within
        if len(within) < len(draw.order):
            arm = draw.order[len(within)]
            due = Turn(arm, number, draw.seed + sum(run.arm == arm for run in within))
        elif len(within) == 2:
            pairs += zip(_values(within, "incumbent"), _values(within, "candidate"), strict=False)
    return Rounds(
        candidate=mine,
        incumbent=theirs,
        alone=_values(outside, "candidate"),
        refreshed=_values(outside, "incumbent"),
        drawn=tuple(sound),
        pairs=tuple(pairs),
        incidents=incidents,
        due=due,
    )


def _values(runs: Sequence[Measured], arm: Arm) -> tuple[float, ...]:
    return tuple(run.value for run in runs if run.arm == arm and run.value is not None)
