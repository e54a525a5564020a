"""One experiment, top to bottom: plan, propose, screen, commit, measure, judge, record, settle.

Each step is journalled before the next begins and looks first at what the journal already holds, so that an experiment
that was cut short at any instant goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from autoresearch.arms import Arms, Stopped
from autoresearch.decide import edits, plan, prompt, reply, screen
from autoresearch.decide.budget import hours_spent, too_dear
from autoresearch.decide.policy import Decision, policy
from autoresearch.decide.prompt import Material
from autoresearch.decide.recover import BASELINE, SENTINEL, Experiment, History
from autoresearch.decide.results import table
from autoresearch.edge import bench, coin
from autoresearch.edge.branch import SessionBranch
from autoresearch.edge.folder import ResultsFile, SessionFolder
from autoresearch.edge.repo import Repository, Tracked
from autoresearch.edge.signals import StopSignal
from autoresearch.errors import ProposerError
from autoresearch.gates import Gatekeeper
from autoresearch.ledger import Ledger
from autoresearch.model import Prompt, Proposal, Reply, Request, Scalar, Status, Turn, Usage
from autoresearch.propose import Proposer
from autoresearch.propose.faults import ReplyInterrupted, ReplyLostError
from autoresearch.propose.patience import ask_patiently
from autoresearch.records import (
    Arm,
    Committed,
    Decided,
    Proposed,
    Refused,
    Replied,
    Settled,
)
from autoresearch.secrets import redactor
from autoresearch.settings import Settings

ASKS = 4
"""Answers asked for one edit: the first, two more with what failed, one as a whole file."""
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
    results: ResultsFile
    proposer: Proposer
    incumbent: dict[str, Tracked]
    """The targets as the incumbent has them."""
    brief: Callable[[], str]
    """Reads the prose of program.md anew."""
    fixed: Mapping[str, str]
    """Files that the proposer may read and not change."""
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
        if not self._current.refusals and coin.lands(self.settings.sentinels):
            self._propose_nothing("sentinel: an edit that does nothing", by=SENTINEL)
            return
        texts = _texts(self.incumbent)
        last = self.history.told[-1]
        log = self._log_tail(last, CRASH_LINES)
        material = Material(self.brief(), texts, self.fixed, log, plan.hint(self.history))
        asking = prompt.build(self.settings, self.history, material)
        if not self._ask_until_it_lands(asking, texts, repair=0):
            reason = f"edit_failed: {self._current.refusals[-1]}"
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
        if verdict.status is not Status.CRASH or repair > self.settings.repairs or not self.proposer.can_repair:
            return False
        log = self._log_tail(current, CRASH_LINES)
        if not plan.looks_fixable(verdict.reason, log):
            return False
        texts = _texts(self._files("candidate"))
        material = Material(self.brief(), texts, self.fixed, log, hint="")
        asking = prompt.build_repair(self.settings, self.history, material, verdict.reason)
        try:
            return self._ask_until_it_lands(asking, texts, repair=repair)
        except (ProposerError, Stopped):
            self._judge(decision)
            self._settle()
            raise

    def _ask_until_it_lands(self, asking: Prompt, texts: Mapping[str, str], *, repair: int) -> bool:
        """Ask, screen, and ask again with what failed. True when a proposal was accepted."""
        for asked in range(len(self._current.refusals) + 1, ASKS + 1):
            answer = self._ask(asking, texts)
            landed = land(answer, texts, self.history.tried())
            if isinstance(landed, Proposal):
                self._accept(answer, landed, texts, repair)
                return True
            self.ledger.record(Refused(n=self._current.n, reason=landed.reason))
            told = prompt.complaint(landed.reason, landed.detail, whole=asked == ASKS - 1)
            asking = replace(asking, turns=(*asking.turns, Turn(answer.text, told)))
        return False

    def _ask(self, asking: Prompt, texts: Mapping[str, str]) -> Reply:
        """One answer, paid for and journalled. Raises Stopped when the budget forbids it, ProposerError."""
        baseline = self.history.baseline
        request = Request(
            n=self._current.n,
            prompt=asking,
            files=texts,
            metric=self.settings.measured,
            baseline=baseline.value if baseline else None,
            trials=self.history.trials(),
        )
        try:
            answer = ask_patiently(
                lambda: self._ask_once(request),
                self.proposer.name,
                self.settings.outage,
                self.stop.sleep,
                self.ledger.observer.notice,
            )
        except KeyboardInterrupt:
            raise Stopped("interrupted", interrupted=True) from None
        self._pay(answer.usage)
        if answer.dropped:
            self.ledger.observer.notice(f"dropped all but the target's text: {', '.join(answer.dropped)}")
        return answer

    def _ask_once(self, request: Request) -> Reply:
        worst_usd = self.proposer.worst_case_usd(request)
        if reason := too_dear(self.settings.budget, self.history, worst_usd):
            raise Stopped(reason)
        try:
            with self.stop.interruptible():
                answer = self.proposer.propose(request)
        except (ReplyLostError, ReplyInterrupted) as lost:
            self._pay(lost.usage)
            raise
        hide = redactor().beside([*request.files.values(), *self.fixed.values()]).output
        files = answer.files and {path: hide(text.encode()).decode() for path, text in answer.files.items()}
        return replace(answer, text=hide(answer.text.encode(errors="replace")).decode(), files=files)

    def _pay(self, usage: Usage) -> None:
        """Journal what an answer cost, whatever becomes of it."""
        self.ledger.record(
            Replied(
                n=self._current.n,
                model=self.proposer.name,
                input_tokens=usage.input_tokens,
                cached_tokens=usage.cached_tokens,
                output_tokens=usage.output_tokens,
                cost_usd=usage.cost_usd,
            )
        )

    def _accept(self, answer: Reply, proposal: Proposal, texts: Mapping[str, str], repair: int) -> None:
        n = self._current.n
        whole = {**texts, **proposal.files}
        self.folder.save_candidate(n, repair, answer.text, whole)
        self.ledger.record(
            Proposed(
                n=n,
                repair=repair,
                description=proposal.description,
                hypothesis=proposal.hypothesis,
                category=proposal.category,
                by=self.proposer.name,
                fingerprint=screen.fingerprint(whole),
                files=tuple(whole),
                params=dict(answer.params) if answer.params else None,
            )
        )

    # Commit and measure

    def _commit(self) -> None:
        current = self._current
        assert current.proposal is not None
        if current.commit is not None:
            return
        proposed_at = datetime.fromisoformat(current.proposal.at)
        ref = self.folder.ref(str(current.n))
        earlier = (f"{ref}.{len(current.attempts)}", current.attempts[-1]) if current.attempts else None
        commit = self.repository.commit(
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
            self.gatekeeper.send(decision.gate, current.n, self._files, rule, spent=self._hours_spent)

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
            self.repository.stage(self.incumbent)
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
        return self.history.pending or Experiment(len(self.history.experiments) + 1)

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

    def _log_tail(self, experiment: Experiment, lines: int) -> str:
        """The end of what the candidate said last: of a failed `check`, else of its latest run."""
        checked = experiment.checked
        name = checked.log if checked and checked.failure else _latest_log(experiment)
        return bench.tail(self.folder.path / name, lines) if name else ""


def _latest_log(experiment: Experiment) -> str:
    return next((run.log for run in reversed(experiment.runs) if run.arm == "candidate"), "")


def land(answer: Reply, texts: Mapping[str, str], tried: Mapping[str, str]) -> Proposal | reply.Refusal:
    """The proposal in an answer, or why it is refused. Pure."""
    parsed = reply.parse(answer.text, truncated=answer.truncated, edits=answer.files is None)
    if isinstance(parsed, reply.Refusal):
        return parsed
    files = edits.apply(texts, parsed.edits) if answer.files is None else answer.files
    if isinstance(files, reply.Refusal):
        return files
    proposal = Proposal(parsed.description, parsed.hypothesis, parsed.category, files)
    return screen.screen(proposal, texts, tried) or proposal


def _texts(files: Mapping[str, Tracked]) -> dict[str, str]:
    return {path: file.data.decode() for path, file in files.items()}


def _message(tag: str, proposal: Proposed) -> str:
    why = f"\n\n{proposal.hypothesis}" if proposal.hypothesis else ""
    return f"{proposal.description}{why}\n\nAutoresearch-Experiment: {tag}/{proposal.n}\n"
