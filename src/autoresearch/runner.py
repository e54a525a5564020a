"""A run: the targets put in place, the bench under its timeout, its output to run.log, the metric read from it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autoresearch.decide.metric import Scan
from autoresearch.edge import bench
from autoresearch.edge.repo import Tracked
from autoresearch.edge.tree import Tree
from autoresearch.model import Measurement, Metric


@dataclass(frozen=True)
class Runner:
    """How a bench is run, the same for every run of a session."""

    command: str
    metric: Metric
    columns: Sequence[str]
    timeout_s: float
    tree: Tree
    run_log: Path
    """run.log in the project's directory, written while the bench runs."""
    environment: Mapping[str, str]

    def run(
        self,
        files: Mapping[str, Tracked],
        log: Path,
        tick: Callable[[], None],
        *,
        spoilt: bool = False,
        timeout_s: float | None = None,
    ) -> Measurement:
        """Run the bench on these targets (or, `spoilt`, on targets that must fail); its log stays under `log`."""
        limit_s = self.timeout_s if timeout_s is None else timeout_s
        if spoilt:
            self.tree.spoil(files)
        else:
            self.tree.write(files)
        scan = Scan(self.metric, self.columns)
        self.run_log.unlink(missing_ok=True)
        ran = bench.run(
            self.command,
            cwd=self.tree.project,
            env=self.environment,
            timeout_s=limit_s,
            log=self.run_log,
            feed=scan.feed,
            tick=tick,
        )
        _keep(self.run_log, log)
        said = scan.measurement(
            exit_code=ran.exit_code, timed_out=ran.timed_out, duration_s=ran.duration_s, timeout_s=limit_s
        )
        return said if not ran.exit_code else _with_last_line(said, bench.tail(log, 1))


def _with_last_line(said: Measurement, line: str) -> Measurement:
    """A crash with what the bench said last, which mostly is why."""
    return replace(said, failure=f"{said.failure}: {line.strip()[:200]}") if line.strip() else said


def _keep(run_log: Path, log: Path) -> None:
    """Keep a run's log beyond the next run; run.log itself is unlinked then, never overwritten."""
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    try:
        os.link(run_log, log)
    except OSError:
        shutil.copyfile(run_log, log)
