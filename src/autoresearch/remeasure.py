"""A branch measured anew, one experiment after the other in a tree of its own: what audits and ablations share."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from autoresearch import __version__
from autoresearch.arms import Arms, Stopped
from autoresearch.audited import Plan
from autoresearch.decide.history import BASELINE, Experiment, History
from autoresearch.decide.policy import Decision
from autoresearch.edge import bench, coin
from autoresearch.edge.commit import Tracked
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.journal import Journal
from autoresearch.edge.signals import StopSignal
from autoresearch.equipment import make_gates, make_runner, make_sandbox, make_tree
from autoresearch.errors import BenchError
from autoresearch.gates import SHOWN_LINES, Gatekeeper
from autoresearch.ledger import Ledger
from autoresearch.model import Status
from autoresearch.observer import Observer
from autoresearch.records import DONE, Arm, Began, Canary, Closed, Committed, Decided, Opened, Settled, Without
from autoresearch.resume import history_of
from autoresearch.session import disk_faults

Texts = Mapping[str, Tracked]
"""Targets by path in the project; one that is not there is absent."""


def lost(candidate: float, incumbent: float) -> bool:
    """Of a rule that asks for no held-out inputs: no pair on them is won."""
    return False


@dataclass(frozen=True)
class Comparison:
    """One experiment."""

    about: Committed | Without
    """What it measures, in the journal before anything else."""
    texts: Callable[[Arm], Texts]
    rule: Callable[[Experiment], Decision]
    confirms: Callable[[float, float], bool] = lost
    """Whether a pair (candidate, incumbent) on the held-out inputs is won."""


class Question(Protocol):
    """What is asked of a branch: an audit, or an ablation."""

    @property
    def plan(self) -> Plan:
        """What it is asked of."""

    @property
    def start(self) -> Texts:
        """The targets that experiment 1 measures, and that all others are to be compared with."""

    @property
    def start_name(self) -> str:
        """The same in words, `the base a1b2c3d`."""

    def due(self, history: History) -> Comparison | None:
        """The experiment in progress, or the next one; None when all there is to measure was measured."""


def run(question: Question, stop: StopSignal, observer: Observer, *, again: bool = False) -> tuple[History, str | None]:
    """Measure what is not measured yet, until the end or until something says stop: (what is known, why it stopped).

    Raises AutoresearchError.
    """
    plan = question.plan
    if not plan.keeps:
        return History(), None
    folder = plan.folder(lambda history: _finished(question, history), again=again)
    before = history_of(folder)
    if _finished(question, before):
        assert before.last is not None
        observer.notice(f"{plan.purpose.past} before, on {before.last.at[:10]}; --again measures anew")
        return before, None
    with disk_faults(folder.path):
        died = folder.lock()
        try:
            _say_first(plan, folder, died, observer)
            return _measure(question, folder, stop, observer)
        finally:
            folder.unlock()
            with suppress(OSError):  # those that hold others stay
                folder.path.parent.rmdir()
                folder.path.parent.parent.rmdir()


def _finished(question: Question, history: History) -> bool:
    return history.begun and history.pending is None and question.due(history) is None


def _say_first(plan: Plan, folder: SessionFolder, died: str | None, observer: Observer) -> None:
    """What to know before the first run."""
    purpose = plan.purpose
    if died:
        observer.notice(f"{died}: its {purpose.name} is taken over")
    known = {journal.parent.name[: len(plan.key())] for journal in folder.path.parent.glob("*/journal.jsonl")}
    if known and plan.key() not in known:
        observer.notice(
            f"{plan.branch.name} was {purpose.past} before, with another tip, base, bench, metric, target or rule: "
            f"this {purpose.name} begins anew, and {folder.path.parent} keeps the other"
        )
    for warning in plan.project.warnings:
        observer.notice(warning)


def _measure(
    question: Question, folder: SessionFolder, stop: StopSignal, observer: Observer
) -> tuple[History, str | None]:
    project = question.plan.project
    journal = Journal.open(folder.journal)
    try:
        ledger = Ledger(journal, history_of(folder), observer)
        try:
            box = make_sandbox(project, folder.path)
            runner = make_runner(project, make_tree(project, folder.tree, box), box, run_log=None)
            gatekeeper = Gatekeeper(make_gates(project, folder, runner), ledger, folder, stop)
            stopped = _Life(question, ledger, Arms(ledger, folder, runner, stop), gatekeeper).live()
            return ledger.history, stopped
        except BenchError:
            if not ledger.history.begun:
                folder.wipe(project.repository)
            raise
        finally:
            folder.drop_trees(project.repository)
    finally:
        journal.close()


@dataclass(frozen=True)
class _Life:
    """One life of an audit or an ablation."""

    question: Question
    ledger: Ledger
    arms: Arms
    gatekeeper: Gatekeeper

    def live(self) -> str | None:
        """From the opening to the end, or to where something says stop: then why."""
        plan = self.question.plan
        if self.ledger.history.opened is None:
            self.ledger.record(_opened(plan))
        again = plan.project.again
        self.ledger.record(Began(pid=os.getpid(), host=socket.gethostname(), version=__version__, again=again))
        try:
            if plan.project.settings.canary and not self.ledger.history.canary_passed:
                self._prove_target_runs()
            while due := self.question.due(self.ledger.history):
                if self.arms.stop.asked:
                    raise Stopped(f"stopped by {self.arms.stop.name}")
                self._experiment(due)
        except Stopped as stopped:
            self.ledger.record(Closed(reason=str(stopped)))
            return str(stopped)
        self.ledger.record(Closed(reason=DONE))
        return None

    def _experiment(self, due: Comparison) -> None:
        """Measure one thing, or go on where that was cut short."""
        n = due.about.n
        if self.ledger.history.pending is None:
            self.ledger.record(due.about)
        if self._current.verdict is None:
            decision = self._decide(due)
            verdict = decision.verdict
            assert verdict is not None
            if n == BASELINE and verdict.status is Status.CRASH:
                raise self._start_failure(verdict.reason)
            self.ledger.record(
                Decided(n=n, status=verdict.status, reason=verdict.reason, cause=verdict.cause, value=decision.value)
            )
        self.ledger.record(Settled(n=n))

    def _decide(self, due: Comparison) -> Decision:
        """Do what the rule asks for until it gives a verdict."""

        def files(arm: Arm) -> Texts:
            """The targets of one arm; those that it does not have are taken out of the tree."""
            texts = due.texts(arm)
            for path in self.question.plan.paths:
                if path not in texts:
                    self.arms.runner.tree.remove(path)
            return texts

        while True:
            decision = self.arms.measure(lambda: self._current, files, due.rule, spent=lambda: None)
            if decision.gate is None:
                return decision
            self.gatekeeper.send(decision.gate, due.about.n, files, due.confirms, spent=lambda: None)

    def _prove_target_runs(self) -> None:
        """With a target that must fail the bench must fail; otherwise all commits would measure the same."""
        plan, runner = self.question.plan, self.arms.runner
        settings, start = plan.project.settings, self.question.start
        log = self.arms.folder.path / "runs" / "canary.log"
        said = runner.run(start, log, self.ledger.observer.tick, spoilt=True, seed=coin.seed())
        if said.failure is None:
            raise BenchError(
                f"the bench `{settings.bench}` printed {settings.metric.name}: {said.value:g} although "
                f"{', '.join(start)} was broken on purpose, so it does not run the target where the "
                f"{plan.purpose.name} puts it. Have it run the target by a relative path (an editable install runs "
                "your checkout instead), or, if the bench is meant to survive a broken target, give --no-canary."
            )
        self.ledger.record(Canary(failure=said.failure))

    def _start_failure(self, reason: str) -> BenchError:
        plan = self.question.plan
        shown = bench.tail(self.arms.folder.log(BASELINE, self._current.last_run), SHOWN_LINES)
        said = f" It printed:\n{shown}" if shown.strip() else " It printed nothing."
        return BenchError(
            f"the bench `{plan.project.settings.bench}` does not run at {self.question.start_name}: {reason}.{said}\n"
            "Give it what git does not track (see `link`), or name another base with --base, and run again."
        )

    @property
    def _current(self) -> Experiment:
        return self.ledger.history.current


def _opened(plan: Plan) -> Opened:
    settings = plan.project.settings
    return Opened(
        version=__version__,
        tag=plan.branch.tag,
        base=plan.project.base,
        metric=settings.metric.name,
        direction=settings.direction,
        columns=settings.columns,
        targets=plan.paths,
        bench=settings.bench,
        pattern=settings.metric.pattern,
        model=plan.purpose.name,
        project=plan.project.repository.prefix,
        decide="rematch",
        alpha=settings.alpha,
        max_losses=settings.max_losses,
    )
