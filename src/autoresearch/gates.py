"""What a would-be keep has to pass besides the rule: `check`, and `confirm` on inputs that nobody is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from autoresearch.edge import coin
from autoresearch.edge.bench import tail
from autoresearch.edge.repo import Tracked
from autoresearch.edge.tree import Tree
from autoresearch.errors import BenchError
from autoresearch.model import Measurement
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
        with self.hidden() as (tree, log):
            confirm = replace(self.confirm, tree=tree)
            return [confirm.run(files, log, tick, seed=seed) for files in arms]
