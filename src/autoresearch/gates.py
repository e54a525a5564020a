"""What a would-be keep has to pass besides the rule: `check`, and `confirm` on inputs that nobody is shown."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from autoresearch.edge.repo import Tracked
from autoresearch.edge.tree import Tree
from autoresearch.model import Measurement
from autoresearch.runner import Runner


@dataclass(frozen=True)
class Gates:
    """How the two commands are run; None for one that is not set."""

    check: Runner | None
    confirm: Runner | None
    hidden: Callable[[], AbstractContextManager[Tree]]
    """A tree for `confirm`, gone afterwards with all that was written into it."""

    def passes(self, files: Mapping[str, Tracked], log: Path, tick: Callable[[], None]) -> Measurement:
        """Run `check` on these targets; `failure` says why it did not pass."""
        assert self.check is not None
        return self.check.passes(files, log, tick)

    def held_out(
        self, arms: Sequence[Mapping[str, Tracked]], tick: Callable[[], None], seed: int | None = None
    ) -> list[Measurement]:
        """Run `confirm` on one set of targets after the other. What it prints is read, and kept nowhere."""
        assert self.confirm is not None
        with tempfile.TemporaryDirectory(prefix="autoresearch-") as folder, self.hidden() as tree:
            confirm = replace(self.confirm, tree=tree)
            return [confirm.run(files, Path(folder) / "log", tick, seed=seed) for files in arms]
