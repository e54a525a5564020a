"""An audit: each commit of a branch against its parent, measured anew in a tree of its own; which of them survive."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from autoresearch import __version__
from autoresearch.arms import Arms, Stopped
from autoresearch.audited import Plan, texts_at
from autoresearch.decide.history import BASELINE, Experiment, History
from autoresearch.decide.screen import size
from autoresearch.decide.survival import Survival
from autoresearch.edge import bench, coin
from autoresearch.edge.commit import Tracked
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.journal import Journal
from autoresearch.edge.lineage import Commit
from autoresearch.edge.pick import Picked, pick
from autoresearch.edge.signals import StopSignal
from autoresearch.equipment import make_runner, make_sandbox, make_tree
from autoresearch.errors import BenchError, RepositoryError
from autoresearch.gates import SHOWN_LINES
from autoresearch.ledger import Ledger
from autoresearch.model import Status
from autoresearch.observer import Observer
from autoresearch.records import Arm, Began, Canary, Closed, Committed, Decided, Opened, Settled
from autoresearch.resume import history_of
from autoresearch.session import disk_faults


@dataclass(frozen=True)
class Finding:
    """What came of one commit."""

    commit: Commit
    survives: bool | None
    """None for a commit that was not measured."""
    reason: str
    experiment: Experiment | None = None


@dataclass(frozen=True)
class Outcome:
    """How an audit ended this time."""

    findings: tuple[Finding, ...]
    stopped: str | None = None
    """Why it stopped before the end; None when it is finished."""


def run(plan: Plan, stop: StopSignal, observer: Observer, *, again: bool = False) -> Outcome:
    """Measure what is not measured yet, until the end or until something says stop. Raises AutoresearchError."""
    if not plan.keeps:
        return Outcome(findings(plan, History()))
    folder = plan.folder(again=again)
    before = history_of(folder)
    if plan.finished(before):
        assert before.last is not None
        observer.notice(f"audited before, on {before.last.at[:10]}; --again measures anew")
        return Outcome(findings(plan, before))
    with disk_faults(folder.path):
        died = folder.lock()
        try:
            _say_first(plan, folder, died, observer)
            return _audit(plan, folder, stop, observer)
        finally:
            folder.unlock()
            with suppress(OSError):  # those that hold other audits stay
                folder.path.parent.rmdir()
                folder.path.parent.parent.rmdir()


def findings(plan: Plan, history: History) -> tuple[Finding, ...]:
    """What is known of each commit."""
    known = {e.commit: e for e in history.experiments[BASELINE:]}
    found = []
    for commit in plan.commits:
        experiment = known.get(commit.id)
        if not commit.targets:
            found.append(Finding(commit, None, "changes no target"))
        elif experiment is None or experiment.verdict is None:
            found.append(Finding(commit, None, "not measured yet"))
        else:
            found.append(Finding(commit, experiment.kept, experiment.verdict.reason, experiment))
    return tuple(found)


def refuse_existing(plan: Plan) -> None:
    """Raises RepositoryError when the branch for the survivors exists: it is not ours to move."""
    if plan.project.repository.ref(f"refs/heads/{plan.audited}"):
        raise RepositoryError(
            f"branch {plan.audited} exists, and nothing was changed. Rename or delete it "
            f"(`git branch -m {plan.audited} NAME`), then run the same command again."
        )


def apply(plan: Plan, found: tuple[Finding, ...]) -> Picked:
    """Put the survivors on a new branch. Raises RepositoryError, having changed nothing, where it exists."""
    refuse_existing(plan)
    survivors = [finding.commit for finding in found if finding.survives]
    return pick(plan.project.repository, plan.audited, plan.project.base, survivors, f"{int(time.time())} +0000")


def _say_first(plan: Plan, folder: SessionFolder, died: str | None, observer: Observer) -> None:
    """What to know before the first run."""
    if died:
        observer.notice(f"{died}: its audit is taken over")
    known = {journal.parent.name[: len(plan.key())] for journal in folder.path.parent.glob("*/journal.jsonl")}
    if known and plan.key() not in known:
        observer.notice(
            f"{plan.branch.name} was audited before, with another tip, base, bench, metric, target or rule: this audit "
            f"begins anew, and {folder.path.parent} keeps the other"
        )
    for warning in plan.project.warnings:
        observer.notice(warning)


def _audit(plan: Plan, folder: SessionFolder, stop: StopSignal, observer: Observer) -> Outcome:
    repository, project = plan.project.repository, plan.project
    journal = Journal.open(folder.journal)
    try:
        ledger = Ledger(journal, history_of(folder), observer)
        try:
            box = make_sandbox(project, folder.path)
            where = make_tree(project, folder.tree, box)
            arms = Arms(ledger, folder, make_runner(project, where, box, run_log=None), stop)
            return _Audit(plan, ledger, arms).live()
        except BenchError:
            if not ledger.history.begun:
                folder.wipe(repository)
            raise
        finally:
            folder.drop_trees(repository)
    finally:
        journal.close()


@dataclass
class _Audit:
    """One life of an audit."""

    plan: Plan
    ledger: Ledger
    arms: Arms
    _known: dict[str, dict[str, Tracked]] = field(default_factory=dict)
    """Targets by commit, of the pair in hand."""

    def live(self) -> Outcome:
        """From the opening to the end, or to where something says stop."""
        if self.ledger.history.opened is None:
            self.ledger.record(_opened(self.plan))
        self.ledger.record(Began(pid=os.getpid(), host=socket.gethostname(), version=__version__))
        try:
            if self.plan.project.settings.canary and not self.ledger.history.canary_passed:
                self._prove_target_runs()
            while not self.plan.finished(self.ledger.history):
                if self.arms.stop.asked:
                    raise Stopped(f"stopped by {self.arms.stop.name}")
                self._experiment()
        except Stopped as stopped:
            self.ledger.record(Closed(reason=str(stopped)))
            return Outcome(findings(self.plan, self.ledger.history), str(stopped))
        self.ledger.record(Closed(reason="done"))
        return Outcome(findings(self.plan, self.ledger.history))

    def _experiment(self) -> None:
        """Measure the base, or the next commit, or go on where that was cut short."""
        n = self._current.n
        if self._current.commit is None:
            commit = self.plan.project.base if n == BASELINE else self._keep.id
            self.ledger.record(Committed(n=n, repair=0, commit=commit))
        if self._current.verdict is None:
            rule = self._rule()
            decision = self.arms.measure(lambda: self._current, self._files, rule.next, spent=lambda: None)
            verdict = decision.verdict
            assert verdict is not None
            if n == BASELINE and verdict.status is Status.CRASH:
                raise self._base_failure(verdict.reason)
            self.ledger.record(
                Decided(n=n, status=verdict.status, reason=verdict.reason, cause=verdict.cause, value=decision.value)
            )
        self.ledger.record(Settled(n=n))

    def _rule(self) -> Survival:
        history, settings = self.ledger.history, self.plan.project.settings
        if self._current.n == BASELINE:
            return Survival(settings, history.yardstick, parent=None)
        smaller = settings.simplify and _size(self._at(self._keep.id)) < _size(self._at(self._keep.parent))
        return Survival(settings, history.yardstick, history.experiments[-1], smaller)

    def _prove_target_runs(self) -> None:
        """With a target that must fail the bench must fail; otherwise all commits would measure the same."""
        project, runner = self.plan.project, self.arms.runner
        log = self.arms.folder.path / "runs" / "canary.log"
        said = runner.run(project.targets, log, self.ledger.observer.tick, spoilt=True, seed=coin.seed())
        if said.failure is None:
            raise BenchError(
                f"the bench `{project.settings.bench}` printed {project.settings.metric.name}: {said.value:g} although "
                f"{', '.join(project.targets)} was broken on purpose, so it does not run the target where the audit "
                "puts it. Have it run the target by a relative path (an editable install runs your checkout instead), "
                "or, if the bench is meant to survive a broken target, give --no-canary."
            )
        self.ledger.record(Canary(failure=said.failure))

    def _base_failure(self, reason: str) -> BenchError:
        project = self.plan.project
        shown = bench.tail(self.arms.folder.log(BASELINE, self._current.last_run), SHOWN_LINES)
        said = f" It printed:\n{shown}" if shown.strip() else " It printed nothing."
        return BenchError(
            f"the bench `{project.settings.bench}` does not run at the base {project.base[:7]}: {reason}.{said}\n"
            "Give it what git does not track (see `link`), or name another base with --base, and run again."
        )

    @property
    def _current(self) -> Experiment:
        return self.ledger.history.pending or Experiment(len(self.ledger.history.experiments) + 1)

    @property
    def _keep(self) -> Commit:
        """The commit that the current experiment measures."""
        return self.plan.keeps[self._current.n - BASELINE - 1]

    def _files(self, arm: Arm) -> Mapping[str, Tracked]:
        """The targets of one arm; those that it does not have are taken out of the tree."""
        if self._current.n == BASELINE:
            texts = self.plan.project.targets
        else:
            texts = self._at(self._keep.id if arm == "candidate" else self._keep.parent)
        for path in self.plan.paths:
            if path not in texts:
                self.arms.runner.tree.remove(path)
        return texts

    def _at(self, commit: str) -> dict[str, Tracked]:
        if commit not in self._known:
            pair = {self._keep.id, self._keep.parent}
            self._known = {known: texts for known, texts in self._known.items() if known in pair}
            self._known[commit] = texts_at(self.plan.project.repository, commit, self.plan.paths)
        return self._known[commit]


def _size(files: Mapping[str, Tracked]) -> int:
    return size({path: file.data.decode(errors="replace") for path, file in files.items()})


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
        model="audit",
        project=plan.project.repository.prefix,
        decide="rematch",
        alpha=settings.alpha,
        max_losses=settings.max_losses,
    )
