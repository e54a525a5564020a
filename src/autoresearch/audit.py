"""An audit: each commit of a branch against its parent, measured anew; which of them survive."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from autoresearch import remeasure
from autoresearch.audited import Plan, texts_at
from autoresearch.decide.history import BASELINE, Experiment, History
from autoresearch.decide.policy import Decision
from autoresearch.decide.screen import size
from autoresearch.decide.survival import Survival
from autoresearch.edge.commit import Tracked
from autoresearch.edge.lineage import Commit
from autoresearch.edge.pick import Picked, pick
from autoresearch.edge.signals import StopSignal
from autoresearch.observer import Observer
from autoresearch.records import Arm, Committed
from autoresearch.remeasure import Comparison


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
    history, stopped = remeasure.run(_Audit(plan), stop, observer, again=again)
    return Outcome(findings(plan, history), stopped)


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


def apply(plan: Plan, found: tuple[Finding, ...]) -> Picked:
    """Put the survivors on a new branch. Raises RepositoryError, having changed nothing, where it exists."""
    plan.refuse_existing()
    survivors = [finding.commit for finding in found if finding.survives]
    return pick(plan.project.repository, plan.outcome, plan.project.base, survivors, f"{int(time.time())} +0000")


@dataclass(frozen=True)
class _Audit:
    """The base, and then each keep against its parent."""

    plan: Plan
    _known: dict[str, dict[str, Tracked]] = field(default_factory=dict)
    """Targets by commit, of the pair in hand."""

    @property
    def start(self) -> Mapping[str, Tracked]:
        """The targets at the base."""
        return self.plan.project.targets

    @property
    def start_name(self) -> str:
        """`the base a1b2c3d`."""
        return f"the base {self.plan.project.base[:7]}"

    def due(self, history: History) -> Comparison | None:
        """The next commit in order."""
        n, settings = history.current.n, self.plan.project.settings
        if n == BASELINE:
            about = Committed(n=n, repair=0, commit=self.plan.project.base)
            return Comparison(about, lambda arm: self.start, Survival(settings, history.yardstick, parent=None).next)
        if n - BASELINE > len(self.plan.keeps):
            return None
        keep, parent = self.plan.keeps[n - BASELINE - 1], history.experiments[-1]

        def texts(arm: Arm) -> Mapping[str, Tracked]:
            return self._at(keep, keep.id if arm == "candidate" else keep.parent)

        def rule(current: Experiment) -> Decision:
            smaller = settings.simplify and _size(texts("candidate")) < _size(texts("incumbent"))
            return Survival(settings, history.yardstick, parent, smaller).next(current)

        return Comparison(Committed(n=n, repair=0, commit=keep.id), texts, rule)

    def _at(self, keep: Commit, commit: str) -> dict[str, Tracked]:
        if commit not in self._known:
            for other in self._known.keys() - {keep.id, keep.parent}:
                del self._known[other]
            self._known[commit] = texts_at(self.plan.project.repository, commit, self.plan.paths)
        return self._known[commit]


def _size(files: Mapping[str, Tracked]) -> int:
    return size({path: file.data.decode(errors="replace") for path, file in files.items()})
