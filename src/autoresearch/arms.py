"""Runs of an experiment's two arms, each journalled before and after, and the draws that put them in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from autoresearch.decide.history import Experiment
from autoresearch.decide.policy import Decision
from autoresearch.decide.rounds import rounds
from autoresearch.edge import coin
from autoresearch.edge.commit import Tracked
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.signals import StopSignal
from autoresearch.errors import BenchError
from autoresearch.ledger import Ledger
from autoresearch.model import Measurement
from autoresearch.records import Arm, Drawn, Interrupted, Measured, Measuring
from autoresearch.runner import Runner


class Stopped(Exception):  # noqa: N818 - no error: how an orderly end travels up
    """The session ends here, in order; the text says why. Not an error."""

    def __init__(self, reason: str, *, interrupted: bool = False) -> None:
        super().__init__(reason)
        self.interrupted = interrupted


@dataclass(frozen=True)
class Arms:
    """What it takes to measure."""

    ledger: Ledger
    folder: SessionFolder
    runner: Runner
    stop: StopSignal

    def measure(
        self,
        current: Callable[[], Experiment],
        files: Callable[[Arm], Mapping[str, Tracked]],
        rule: Callable[[Experiment], Decision],
        *,
        spent: Callable[[], str | None],
        limit_s: Callable[[], float | None] = lambda: None,
    ) -> Decision:
        """Run what the rule asks for until it asks for a gate or gives a verdict.

        `spent` says why no further run may begin, `limit_s` is a run's timeout where it is not the settings' own.
        Raises Stopped between two runs, BenchError when the machine is at fault.
        """
        while True:
            decision = rule(current())
            if decision.fault:
                raise BenchError(
                    f"{decision.fault}. Look at the machine (memory, disk, other processes), then run the same command "
                    "again."
                )
            if decision.draw:
                self.ledger.record(Drawn(n=current().n, order=coin.shuffled(decision.draw), seed=coin.seed()))
            elif decision.run:
                self._refuse_to_go_on(current(), spent)
                self._run(current(), decision, files, limit_s())
            else:
                return decision

    def _refuse_to_go_on(self, current: Experiment, spent: Callable[[], str | None]) -> None:
        """A first run is always taken: nobody would begin an experiment that may not run."""
        if not current.runs:
            return
        if self.stop.asked:
            raise Stopped(f"stopped by {self.stop.name}", interrupted=True)
        if reason := spent():
            raise Stopped(reason)

    def _run(
        self, current: Experiment, asked: Decision, files: Callable[[Arm], Mapping[str, Tracked]], limit_s: float | None
    ) -> None:
        """One run of one arm, journalled before and after."""
        arm = asked.run
        assert arm is not None
        number = current.last_run if current.run_open else current.last_run + 1
        log = self.folder.log(current.n, number)
        turn = rounds(current).due
        seed = turn.seed if turn else asked.seed if asked.seed is not None else coin.seed()
        if current.run_open and current.broken_off:
            said = Measurement(None, "the machine or the runner went down twice during this run")
        else:
            self.ledger.record(Measuring(n=current.n, run=number, arm=arm, seed=seed))
            try:
                if current.faults:  # what a candidate left behind may be why the incumbent failed
                    self.runner.tree.renew()
                said = self.runner.run(files(arm), log, self.ledger.observer.tick, timeout_s=limit_s, seed=seed)
            except KeyboardInterrupt:
                self.ledger.record(Interrupted(n=current.n, run=number))
                raise Stopped("interrupted", interrupted=True) from None
        self.ledger.record(
            Measured(
                n=current.n,
                run=number,
                arm=arm,
                value=said.value,
                failure=said.failure,
                columns=dict(said.columns),
                duration_s=round(said.duration_s, 6),
                log=log.relative_to(self.folder.path).as_posix(),
                tampered=tuple(said.tampered),
                draw=turn.draw if turn else 0,
                seed=seed,
            )
        )
