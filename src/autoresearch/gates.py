"""What a would-be keep has to pass besides the rule: `check`, and `confirm` on inputs that nobody is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from autoresearch.arms import Stopped
from autoresearch.decide.history import BASELINE
from autoresearch.decide.policy import PAIR
from autoresearch.edge import coin
from autoresearch.edge.bench import tail
from autoresearch.edge.commit import Tracked
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.signals import StopSignal
from autoresearch.edge.tree import Tree
from autoresearch.errors import BenchError
from autoresearch.ledger import Ledger
from autoresearch.model import Measurement
from autoresearch.records import Arm, Checked, Confirmed, Gate, Gating
from autoresearch.runner import Runner

SHOWN_LINES = 20
"""Lines of a failed command's log that the user is shown."""


@dataclass(frozen=True)
class Gates:
    """How the two commands are run; None for one that is not set."""

    check: Runner | None
    confirm: Runner | None
    hidden: Callable[[], AbstractContextManager[tuple[Tree, Path]]]
    """A tree and a log for `confirm`, gone afterwards with all that was written into them."""

    def prove(self, targets: Mapping[str, Tracked], log: Path, tick: Callable[[], None]) -> None:
        """The target as it is must pass `check`, and `confirm` must measure it: else nothing would ever be kept.

        Raises BenchError that says what they do instead.
        """
        if self.check and (failure := self.passes(targets, log, tick).failure):
            raise BenchError(
                f"`check: {self.check.command}` does not pass with the target as it is, so that nothing could be kept: "
                f"{failure}. It printed:\n{tail(log, SHOWN_LINES)}\nMend it, commit, and run again."
            )
        if self.confirm and (failure := self.held_out([targets], tick, coin.seed())[0].failure):
            raise BenchError(
                f"`confirm: {self.confirm.command}` does not measure the target as it is, so that nothing could be "
                f"kept: {failure}. Mend it, commit, and run again."
            )

    def passes(self, files: Mapping[str, Tracked], log: Path, tick: Callable[[], None]) -> Measurement:
        """Run `check` on these targets; `failure` says why it did not pass."""
        assert self.check is not None
        return self.check.passes(files, log, tick, seed=coin.seed())

    def held_out(
        self, arms: Sequence[Mapping[str, Tracked]], tick: Callable[[], None], seed: int | None = None
    ) -> list[Measurement]:
        """Run `confirm` on one set of targets after the other. What it prints is read, and kept nowhere."""
        assert self.confirm is not None
        return [self._held_out(files, tick, seed) for files in arms]

    def _held_out(self, files: Mapping[str, Tracked], tick: Callable[[], None], seed: int | None) -> Measurement:
        assert self.confirm is not None
        with self.hidden() as (tree, log):  # a tree for each: what one leaves behind is nothing to the other
            return replace(self.confirm, tree=tree).run(files, log, tick, seed=seed)


@dataclass
class Gatekeeper:
    """Sends would-be keeps through the gates, each journalled before and after."""

    gates: Gates
    ledger: Ledger
    folder: SessionFolder
    stop: StopSignal
    _proven: bool = False
    """True once this life of the session has seen both gates pass with an incumbent."""

    def prove(self, incumbent: Mapping[str, Tracked]) -> None:
        """Once in a life, before they decide anything. Raises BenchError."""
        if not self._proven:
            self.gates.prove(incumbent, self.folder.check_log(BASELINE), self._tick)
            self._proven = True

    def send(
        self,
        gate: Gate,
        n: int,
        files: Callable[[Arm], Mapping[str, Tracked]],
        confirms: Callable[[float, float], bool],
        *,
        spent: Callable[[], str | None],
    ) -> None:
        """Send experiment `n` through a gate; what the user cuts short is done again when the session goes on.

        `confirms` says whether a pair (candidate, incumbent) on the held-out inputs is won, `spent` why the gate may
        not begin. Raises Stopped.
        """
        if self.stop.asked:
            raise Stopped(f"stopped by {self.stop.name}", interrupted=True)
        if reason := spent():
            raise Stopped(reason)
        begun = self._begun(n, gate)
        try:
            self.prove(files("incumbent"))
            self.ledger.record(self._check(n, files) if gate == "check" else self._confirm(begun, files, confirms))
        except KeyboardInterrupt:
            raise Stopped("interrupted", interrupted=True) from None

    def _begun(self, n: int, gate: Gate) -> Gating:
        """What was begun before and cut short, with its coin; else a new one."""
        pending = self.ledger.history.pending
        if pending and pending.gating and pending.gating.gate == gate:
            return pending.gating
        flip = (coin.shuffled(PAIR), coin.seed()) if gate == "confirm" else ((), None)
        begun = Gating(n=n, gate=gate, order=flip[0], seed=flip[1])
        self.ledger.record(begun)
        return begun

    def _check(self, n: int, files: Callable[[Arm], Mapping[str, Tracked]]) -> Checked:
        log = self.folder.check_log(n)
        said = self.gates.passes(files("candidate"), log, self._tick)
        where = log.relative_to(self.folder.path).as_posix()
        return Checked(n=n, failure=said.failure, duration_s=round(said.duration_s, 6), log=where)

    def _confirm(
        self,
        begun: Gating,
        files: Callable[[Arm], Mapping[str, Tracked]],
        confirms: Callable[[float, float], bool],
    ) -> Confirmed:
        """One pair on the held-out inputs. Only who won is recorded, and nothing of what was printed."""
        said = self.gates.held_out([files(arm) for arm in begun.order], self._tick, begun.seed)
        values = {arm: measured.value for arm, measured in zip(begun.order, said, strict=True)}
        mine, theirs = values["candidate"], values["incumbent"]
        won = None if theirs is None else mine is not None and confirms(mine, theirs)
        return Confirmed(n=begun.n, won=won)

    def _tick(self) -> None:
        self.ledger.observer.tick()
