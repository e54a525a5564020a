"""One experiment, top to bottom: plan, propose, screen, commit, measure, judge, record, settle.

Each step is journalled before the next begins and looks first at what the journal already holds, so that an experiment
that was cut short at any instant goes on from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from autoresearch.arms import Arms, Stopped
from autoresearch.decide import plan, screen
from autoresearch.decide.budget import hours_spent
from autoresearch.decide.history import BASELINE, SENTINEL, Experiment, History
from autoresearch.decide.policy import Decision, policy
from autoresearch.decide.results import table
from autoresearch.edge import bench, coin, footprint
from autoresearch.edge.branch import SessionBranch
from autoresearch.edge.commit import Tracked
from autoresearch.edge.derived import Derived
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.repo import Repository
from autoresearch.edge.signals import StopSignal
from autoresearch.errors import ProposerError
from autoresearch.gates import Gatekeeper
from autoresearch.ledger import Ledger
from autoresearch.model import Scalar, Status
from autoresearch.proposing import Proposing
from autoresearch.records import Arm, Committed, Decided, Proposed, Settled
from autoresearch.settings import Settings

CRASH_LINES = 50
"""Lines of a crashed run's log that the proposer is shown."""


@dataclass
class Loop:
    """What experiments need. Only the history and the incumbent's files change."""

    settings: Settings
    ledger: Ledger
    repository: Repository
    folder: SessionFolder
    branch: SessionBranch
    arms: Arms
    gatekeeper: Gatekeeper
    proposing: Proposing
    results: Derived
    incumbent: dict[str, Tracked]
    """The targets as the incumbent has them."""
    stop: StopSignal

    def experiment(self) -> None:
        """Take the next experiment, or the pending one, from plan to settled."""
        if self._current.proposal is None and self._current.verdict is None:
            self._propose()
        while self._current.verdict is None:
            self._commit()
            decision = self._measure()
            if not self._repair(decision):
                self._judge(decision)
        self._settle()

    def measure_baseline(self, params: Mapping[str, Scalar]) -> Decision:
        """Run the unmodified target. Nothing is settled: the caller says what a crash means."""
        if self._current.proposal is None:
            self._propose_nothing("baseline", by="baseline", params=params)
        if self._current.commit is None:
            self.ledger.record(Committed(n=BASELINE, repair=0, commit=self._incumbent_commit))
        return self._measure()

    def accept_baseline(self, decision: Decision) -> None:
        """Record the baseline, and make the branch."""
        if self._current.verdict is None:
            self._judge(decision)
        self._settle()

    @property
    def history(self) -> History:
        """The session so far."""
        return self.ledger.history

    # Propose and screen

    def _propose(self) -> None:
        """Ask until an answer passes the screen, or give the experiment up without a run."""
        if self._current.planned is None and coin.lands(self.settings.sentinels):
            self._propose_nothing("sentinel: an edit that does nothing", by=SENTINEL)
        elif not self.proposing.propose(_texts(self.incumbent)):
            refusals = self._current.refusals
            reason = f"edit_failed: none of {len(refusals)} answers could be applied; the last: {refusals[-1]}"
            self.ledger.record(Decided(n=self._current.n, status=Status.CRASH, reason=reason, value=None))

    def _propose_nothing(self, description: str, *, by: str, params: Mapping[str, Scalar] | None = None) -> None:
        """The incumbent's own text, proposed by the harness."""
        self.ledger.record(
            Proposed(
                n=self._current.n,
                repair=0,
                description=description,
                hypothesis="",
                category=by,
                by=by,
                fingerprint=screen.fingerprint(_texts(self.incumbent)),
                files=(),
                params=dict(params) if params else None,
            )
        )

    def _repair(self, decision: Decision) -> bool:
        """Show a crash that looks fixable to the proposer; True when a mended candidate takes its place."""
        current, verdict = self._current, decision.verdict
        assert current.proposal is not None
        assert verdict is not None
        if current.is_sentinel:
            return False
        repair = current.proposal.repair + 1
        mendable = verdict.status is Status.CRASH and repair <= self.settings.repairs
        if not (mendable and self.proposing.can_repair):
            return False
        log = bench.tail(self.folder.path / current.last_log, CRASH_LINES) if current.last_log else ""
        if not plan.looks_fixable(verdict.reason, log):
            return False
        texts = _texts(self._files("candidate"))
        try:
            return self.proposing.mend(texts, log, verdict.reason, repair=repair)
        except (ProposerError, Stopped):
            self._judge(decision)
            self._settle()
            raise

    # Commit and measure

    def _commit(self) -> None:
        current = self._current
        assert current.proposal is not None
        if current.commit is not None:
            return
        proposed_at = datetime.fromisoformat(current.proposal.at)
        ref = self.folder.ref(str(current.n))
        earlier = (f"{ref}.{len(current.attempts)}", current.attempts[-1]) if current.attempts else None
        commit = footprint.commit(
            self.repository,
            {path: file for path, file in self._files("candidate").items() if file != self.incumbent[path]},
            parent=self._incumbent_commit,
            message=_message(self.folder.tag, current.proposal),
            date=f"{int(proposed_at.timestamp())} +0000",
            ref=ref,
            move=earlier,
        )
        self.ledger.record(Committed(n=current.n, repair=current.proposal.repair, commit=commit))

    def _measure(self) -> Decision:
        """Do what the rule asks for until it gives a verdict."""
        current = self._current
        simpler = self.settings.simplify and current.n != BASELINE and self._is_smaller()
        rule = policy(self.settings, self.history, simpler=simpler)
        while True:
            decision = self.arms.measure(
                lambda: self._current, self._files, rule.next, spent=self._hours_spent, limit_s=lambda: self._limit_s
            )
            if decision.gate is None:
                return decision
            self.gatekeeper.send(decision.gate, current.n, self._files, rule.confirms, spent=self._hours_spent)

    def _is_smaller(self) -> bool:
        return screen.size(_texts(self._files("candidate"))) < screen.size(_texts(self.incumbent))

    def _hours_spent(self) -> str | None:
        """Why no further run may begin. The baseline's runs are cut to the budget instead: see `_limit_s`."""
        if not self.history.experiments:
            return None
        return hours_spent(self.settings.budget, self.ledger.elapsed_s)

    # Judge and settle

    def _judge(self, decision: Decision) -> None:
        verdict = decision.verdict
        assert verdict is not None
        self.ledger.record(
            Decided(
                n=self._current.n,
                status=verdict.status,
                reason=verdict.reason,
                value=decision.value,
                cause=verdict.cause,
                would_keep=verdict.would_keep,
            )
        )

    def _settle(self) -> None:
        """Make branch, tree and results.tsv agree with the verdict."""
        current = self._current
        if current.kept:
            files = self._files("candidate")
            assert current.commit is not None
            self.branch.advance(current.commit, self._keeps())
            self.incumbent = files
        if any(run.arm == "incumbent" and run.value is None for run in current.runs):
            self.arms.runner.tree.renew()  # the next candidate shall not suffer from what this one left
        self.arms.runner.tree.write(self.incumbent)
        if self.settings.in_place:
            footprint.stage(self.repository, self.incumbent)
        self.write_results((*self.history.experiments, current))
        self.ledger.record(Settled(n=current.n))

    def write_results(self, experiments: Sequence[Experiment]) -> None:
        """Derive results.tsv."""
        self.results.write(table(self.settings.metric.name, self.settings.columns, experiments))

    def catch_up(self) -> None:
        """Move the branch to the incumbent where it stayed behind, because the user had it checked out."""
        keeps = self._keeps()
        if keeps:
            self.branch.advance(keeps[-1], keeps)

    def _keeps(self) -> list[str]:
        """Commits that the branch may stand at: the baseline's and every keep's, oldest first."""
        found = (*self.history.experiments, self._current)
        return [e.commit for e in found if e.kept and e.commit]

    @property
    def _limit_s(self) -> float:
        """A run's timeout. Only the baseline's is cut to what is left of the budget: a candidate gets a fair run."""
        hours = self.settings.budget.hours
        if hours is None or self.history.experiments:
            return self.settings.timeout
        return max(0.0, min(self.settings.timeout, hours * 3600 - self.ledger.elapsed_s))

    @property
    def _current(self) -> Experiment:
        return self.history.current

    @property
    def _incumbent_commit(self) -> str:
        incumbent, opened = self.history.incumbent, self.history.opened
        assert opened is not None
        return (incumbent.commit if incumbent else None) or opened.base

    def _files(self, arm: Arm) -> dict[str, Tracked]:
        """The targets of one arm."""
        proposal = self._current.proposal
        if arm == "incumbent" or proposal is None or not proposal.files:
            return self.incumbent
        texts = self.folder.load_candidate(self._current.n, proposal.repair)
        return {path: replace(self.incumbent[path], data=text.encode()) for path, text in texts.items()}


def _texts(files: Mapping[str, Tracked]) -> dict[str, str]:
    return {path: file.data.decode() for path, file in files.items()}


def _message(tag: str, proposal: Proposed) -> str:
    why = f"\n\n{proposal.hypothesis}" if proposal.hypothesis else ""
    return f"{proposal.description}{why}\n\nAutoresearch-Experiment: {tag}/{proposal.n}\n"
