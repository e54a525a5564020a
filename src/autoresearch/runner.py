"""A run: the targets put in place, the bench under its timeout, its output to run.log, the metric read from it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autoresearch.decide.metric import Scan, ending
from autoresearch.edge import bench
from autoresearch.edge.commit import Tracked
from autoresearch.edge.sandbox import Sandbox
from autoresearch.edge.snapshot import remove
from autoresearch.edge.tree import Tree
from autoresearch.edge.watchdog import Watchdog
from autoresearch.limits import Limits
from autoresearch.model import Measurement, Metric
from autoresearch.records import EVIDENCE

SEED = "AUTORESEARCH_SEED"
"""A bench that seeds its chance with this variable has it in common between the two runs of a pair."""


@dataclass(frozen=True)
class Runner:
    """How a bench is run, the same for every run of a session."""

    command: str
    metric: Metric
    columns: Sequence[str]
    timeout_s: float
    tree: Tree
    run_log: Path | None
    """run.log in the project's directory, written while the bench runs; None for runs that are not shown there."""
    environment: Mapping[str, str]
    sandbox: Sandbox
    limits: Limits

    def run(
        self,
        files: Mapping[str, Tracked],
        log: Path,
        tick: Callable[[], None],
        *,
        spoilt: bool = False,
        timeout_s: float | None = None,
        seed: int | None = None,
    ) -> Measurement:
        """Run the bench on these targets (or, `spoilt`, on targets that must fail); its log stays under `log`.

        `seed` is what the bench finds as AUTORESEARCH_SEED.
        """
        limit_s = self.timeout_s if timeout_s is None else timeout_s
        if spoilt:
            self.tree.spoil(files)
        else:
            self.tree.write(files)
        scan = Scan(self.metric, self.columns)
        ran, tampered = self._run(log, scan.feed, tick, limit_s, seed)
        said = scan.measurement(
            exit_code=ran.exit_code, timed_out=ran.timed_out, duration_s=ran.duration_s, timeout_s=limit_s
        )
        return _judged(said, ran, tampered, log)

    def passes(self, files: Mapping[str, Tracked], log: Path, tick: Callable[[], None], *, seed: int) -> Measurement:
        """Run a command that says no number on these targets: `failure` is why it did not exit with 0, or None."""
        self.tree.write(files)
        ran, tampered = self._run(log, lambda chunk: None, tick, self.timeout_s, seed)
        failure = ending(ran.exit_code, timed_out=ran.timed_out, timeout_s=self.timeout_s, what="it")
        return _judged(Measurement(None, failure, duration_s=ran.duration_s), ran, tampered, log)

    def _run(
        self, log: Path, feed: Callable[[bytes], None], tick: Callable[[], None], limit_s: float, seed: int | None
    ) -> tuple[bench.BenchRun, tuple[str, ...]]:
        """One command in the sandbox; how it went, and the protected files that it changed."""
        log.parent.mkdir(parents=True, exist_ok=True)
        shown = _Shown(log, self.run_log) if self.run_log else None

        def ticking() -> None:
            if shown:
                shown.link()
            tick()

        shut = self.sandbox.shut(self.tree.place)
        room = self.sandbox.room
        watchdog = Watchdog(self.limits, self.tree.root, room)
        if room:
            remove(room)
            room.mkdir(mode=0o700)
        try:
            ran = bench.run(
                shut.argv(self.command),
                cwd=shut.cwd,
                env={**self.environment, **shut.environment, **({} if seed is None else {SEED: str(seed)})},
                timeout_s=limit_s,
                log=log,
                feed=feed,
                tick=ticking,
                watch=watchdog.look,
                file_bytes=int(watchdog.disk_bytes),
                rules=shut.rules,
            )
        finally:
            if room:
                remove(room)
        if shown:
            shown.link()
        return ran, self.tree.settle(log.with_suffix(EVIDENCE))


class _Shown:
    """run.log: the log of the latest run, the same file under a second name, or a copy where that cannot be."""

    def __init__(self, log: Path, run_log: Path) -> None:
        self._log = log
        self._run_log = run_log
        self._linked = False
        run_log.unlink(missing_ok=True)

    def link(self) -> None:
        """Give the log its second name, once it exists. In one step: another session may be doing the same."""
        if self._linked:
            return
        second = self._log.with_name(".run.log")  # one for all runs: a kill leaves at most one
        try:
            second.unlink(missing_ok=True)
            os.link(self._log, second)
            second.replace(self._run_log)
        except OSError:  # on another disk
            self._run_log.unlink(missing_ok=True)
            shutil.copyfile(self._log, self._run_log)
        else:
            self._linked = True


def _judged(said: Measurement, ran: bench.BenchRun, tampered: tuple[str, ...], log: Path) -> Measurement:
    """What a run said, unless it was stopped or changed what it must not: then it said nothing."""
    if tampered:
        return replace(said, value=None, failure=f"tampered: {', '.join(tampered[:5])} changed", tampered=tampered)
    if ran.stopped:
        return replace(said, value=None, failure=ran.stopped)
    return _with_last_line(said, bench.tail(log, 1)) if ran.exit_code else said


def _with_last_line(said: Measurement, line: str) -> Measurement:
    """A crash with what the bench said last, which mostly is why."""
    return replace(said, failure=f"{said.failure}: {line.strip()[:200]}") if line.strip() else said
