"""One experiment, top to bottom: plan, propose, screen, commit, measure, judge, record, settle.

Each step is journalled before the next begins and looks first at what the journal already holds, so that an experiment
that was cut short at any instant goes on from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from autoresearch.arms import Arms, Stopped
from autoresearch.decide import form as forms
from autoresearch.decide import plan, prompt, screen
from autoresearch.decide.bandit import pick
from autoresearch.decide.budget import hours_spent, too_dear
from autoresearch.decide.landing import NOTHING, land
from autoresearch.decide.learnings import earned
from autoresearch.decide.outcome import Past
from autoresearch.decide.policy import Decision, policy
from autoresearch.decide.prompt import Material
from autoresearch.decide.recover import BASELINE, SENTINEL, Experiment, History
from autoresearch.decide.results import table
from autoresearch.edge import bench, coin
from autoresearch.edge.branch import SessionBranch
from autoresearch.edge.derived import Derived
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.repo import Repository, Tracked
from autoresearch.edge.signals import StopSignal
from autoresearch.errors import ExhaustedError, PromptTooLongError, ProposerError, ProposerUnavailableError
from autoresearch.gates import Gatekeeper
from autoresearch.ledger import Ledger
from autoresearch.model import Form, Prompt, Proposal, Reply, Request, Scalar, Status, Turn, Usage
from autoresearch.propose import Proposer
from autoresearch.propose.faults import ReplyInterrupted, ReplyLostError
from autoresearch.propose.patience import Patience, ask_patiently
from autoresearch.propose.roster import Roster
from autoresearch.records import (
    Arm,
    Committed,
    Decided,
    Planned,
    Proposed,
    Refused,
    Replied,
    Settled,
)
from autoresearch.secrets import redactor
from autoresearch.settings import Settings

ASKS = 4
"""Answers asked for one edit: the first, two more with what failed, one as a whole file."""
AWAY_S = 120.0
"""So long one of several models is waited for before another is asked."""
CRASH_LINES = 50
"""Lines of a crashed run's log that the proposer is shown."""


@dataclass
class Loop:
    """What experiments need. Only the history, the incumbent's files and what is remembered of both change."""

    settings: Settings
    ledger: Ledger
    repository: Repository
    folder: SessionFolder
    branch: SessionBranch
    arms: Arms
    gatekeeper: Gatekeeper
    results: Derived
    roster: Roster
    past: Past
    incumbent: dict[str, Tracked]
    """The targets as the incumbent has them."""
    brief: Callable[[], str]
    """Reads the prose of program.md anew."""
    notes: Callable[[], str]
    """Reads notes.md anew."""
    fixed: Mapping[str, str]
    """Files that the proposer may read and not change."""
    stop: StopSignal
    diffs: Mapping[int, str] = field(default_factory=dict)
    """What the experiments changed that prompts show."""
    shorter: int = 0
    """How much of the prompt is left out, because it was too long for the model."""
    tuned_out: str | None = None
    """The incumbent for which the tuner has nothing left to try."""

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
        elif not self._ask_as_planned():
            refusals = self._current.refusals
            reason = f"edit_failed: none of {len(refusals)} answers could be applied; the last: {refusals[-1]}"
            self.ledger.record(Decided(n=self._current.n, status=Status.CRASH, reason=reason, value=None))

    def _ask_as_planned(self) -> bool:
        """True when a proposal was accepted. Where a proposer has nothing left, or gives up, another plan is made."""
        while True:
            planned = self._plan()
            texts = self._texts_of(planned.start)
            try:
                return self._ask_until_it_lands(self._prompt(planned, texts), texts, repair=0)
            except PromptTooLongError as error:
                if self.shorter == len(prompt.SHORTER):
                    raise
                self.ledger.observer.notice(f"{error} {prompt.SHORTER[self.shorter].capitalize()} is left out")
                self.shorter += 1
            except ExhaustedError:
                if planned.rung != "burst":
                    raise
                self.tuned_out = self._incumbent_commit
            except ProposerError as error:
                if not self.roster.leave_out(planned.by, error):
                    raise
                self.ledger.observer.notice(f"{error} From here on {', '.join(self.roster.names)} is asked")

    def _plan(self) -> Planned:
        """The plan of the present experiment, journalled before anything comes of it."""
        planned = self._current.planned
        if planned is None or planned.by not in self.roster or (planned.rung == "burst" and not self._tunable()):
            made = self._next_plan()
            by = "tune" if made.rung == "burst" else self._pick()
            n = self._current.n
            planned = Planned(n=n, rung=made.rung, idea=made.idea, hint=made.hint, by=by, start=made.start)
            self.ledger.record(planned)
        return planned

    def _next_plan(self) -> plan.Plan:
        if self.roster.tunes:
            return plan.TUNING
        return plan.plan(self.history, self._past(), self.settings.patience, tunable=self._tunable)

    def _pick(self) -> str:
        names = self.roster.names
        if len(names) == 1:
            return names[0]
        return pick(names, {each.name: each for each in earned(self.history, self._past(), self.settings.measured)})

    def _tunable(self) -> bool:
        """True where the tuner has something left to try on the incumbent."""
        from autoresearch.propose.survey import current

        try:
            return self.tuned_out != self._incumbent_commit and bool(current(_texts(self.incumbent)))
        except ProposerError:  # an annotation that does not fit
            return False

    def _texts_of(self, start: int | None) -> dict[str, str]:
        """The targets as the incumbent has them, or as an earlier experiment had them."""
        commit = start and self.history.experiments[start - 1].commit
        if not commit:
            return _texts(self.incumbent)
        found = {path: self.repository.tracked(commit, path) for path in self.incumbent}
        return _texts({path: file or self.incumbent[path] for path, file in found.items()})

    def _prompt(self, planned: Planned, texts: Mapping[str, str]) -> Prompt:
        """What the proposer is shown; the tuner reads nothing but the texts."""
        if planned.by == "tune":
            return Prompt("", ())
        past = self._past()
        material = Material(
            prose=self.brief(),
            files=texts,
            fixed=self.fixed,
            log_tail=self._log(past[-1].experiment, bench.ends),
            hint=planned.hint,
            diffs=self._diffs(prompt.wanted(past)),
            notes=self.notes(),
            start=planned.start,
            shorter=self.shorter,
        )
        return prompt.build(self.settings, self.history, past, material)

    def _past(self) -> Past:
        return self.past.follow(self.history.experiments)

    def _diffs(self, wanted: Sequence[int]) -> Mapping[int, str]:
        """What each of these experiments changed; git is asked once for each."""
        commits = {n: self.history.experiments[n - 1].commit for n in wanted}
        known = {n: self.diffs[n] for n in wanted if n in self.diffs}
        self.diffs = {n: known.get(n) or self.repository.diff(commit) for n, commit in commits.items() if commit}
        return self.diffs

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
        if verdict.status is not Status.CRASH or repair > self.settings.repairs or not self._proposer.can_repair:
            return False
        log = self._log(current, lambda path: bench.tail(path, CRASH_LINES))
        if not plan.looks_fixable(verdict.reason, log):
            return False
        texts = _texts(self._files("candidate"))
        material = Material(self.brief(), texts, self.fixed, log, hint="")
        asking = prompt.build_repair(self.settings, self.history, material, verdict.reason)
        try:
            return self._ask_until_it_lands(asking, texts, repair=repair)
        except PromptTooLongError:
            return False
        except (ProposerError, Stopped):
            self._judge(decision)
            self._settle()
            raise

    def _ask_until_it_lands(self, asking: Prompt, texts: Mapping[str, str], *, repair: int) -> bool:
        """Ask, screen, and ask again with what failed. True when a proposal was accepted."""
        size, name = self.settings.max_tokens, self._proposer.name
        blocks = self.history.blocks.get(name)
        form = forms.choose(texts, size, writes_blocks=self._proposer.writes_blocks, tally=blocks)
        asking = replace(asking, system=prompt.system(texts, form))
        held, cut_off = NOTHING, False
        for asked in range(len(self._current.refusals) + 1, ASKS + 1):
            answer = self._ask(asking, texts, form)
            landed = land(answer, texts, self.history.tried(), held)
            if isinstance(landed, Proposal):
                self._accept(answer, landed, texts, repair)
                return True
            self.ledger.record(Refused(n=self._current.n, reason=landed.reason, said=landed.sentence))
            held, cut_off = landed.held, cut_off or answer.truncated
            before, form = form, forms.again(form, texts, size, cut_off=cut_off, last=asked == ASKS - 1)
            told = prompt.complaint(
                landed.reason, landed.detail, texts, form, switched=form != before, held=bool(held.edits)
            )
            asking = replace(asking, turns=(*asking.turns, Turn(answer.text, told)))
        return False

    def _ask(self, asking: Prompt, texts: Mapping[str, str], form: Form) -> Reply:
        """One answer, paid for and journalled. Raises Stopped when the budget forbids it, ProposerError."""
        request = self._request(asking, texts)
        try:
            answer = ask_patiently(lambda: self._ask_in_time(request), self._proposer.name, self._patience)
        except KeyboardInterrupt:
            raise Stopped("interrupted", interrupted=True) from None
        self._pay(answer.usage, form if answer.files is None else None)
        if answer.dropped:
            self.ledger.observer.notice(f"dropped all but the target's text: {', '.join(answer.dropped)}")
        if answer.refused:
            self.ledger.observer.notice(
                f"{self._proposer.name} or its filter refused to answer for experiment {request.n}; if that goes on, "
                "reword program.md or choose another model"
            )
        return answer

    def _request(self, asking: Prompt, texts: Mapping[str, str]) -> Request:
        """In a burst the tuner is told of the incumbent alone: what it tried on others was another program."""
        history, planned = self.history, self._current.planned
        burst = planned is not None and planned.rung == "burst"
        known = history.incumbent if burst else history.baseline
        return Request(
            n=self._current.n,
            prompt=asking,
            files=texts,
            metric=self.settings.measured,
            baseline=known.value if known else None,
            trials=history.trials(since=known.n if burst and known else 0),
        )

    @property
    def _patience(self) -> Patience:
        outage_s = self.settings.outage if len(self.roster.names) == 1 else min(self.settings.outage, AWAY_S)
        return Patience(outage_s, self.stop.sleep, self.ledger.observer.waiting, self._left_s, self.stop.now)

    def _left_s(self) -> float:
        """Seconds of the budget's hours that are left."""
        hours = self.settings.budget.hours
        return math.inf if hours is None else max(0.0, hours * 3600 - self.ledger.elapsed_s)

    def _ask_in_time(self, request: Request) -> Reply:
        """Ask once, within the hours of the budget. Raises Stopped once they are spent."""
        left_s = self._left_s()
        try:
            if left_s > 0:
                return self._ask_once(replace(request, limit_s=left_s))
        except ProposerUnavailableError:
            if self._left_s() > 0:
                raise
        reason = hours_spent(self.settings.budget, self.ledger.elapsed_s)
        assert reason is not None
        raise Stopped(reason)

    def _ask_once(self, request: Request) -> Reply:
        if reason := too_dear(self.settings.budget, self.history, self._proposer.worst_case(request)):
            raise Stopped(reason)
        try:
            with self.stop.interruptible():
                answer = self._proposer.propose(request)
        except (ReplyLostError, ReplyInterrupted) as lost:
            self._pay(lost.usage)
            raise
        hide = redactor().beside([*request.files.values(), *self.fixed.values()]).output
        files = answer.files and {path: hide(text.encode()).decode() for path, text in answer.files.items()}
        return replace(answer, text=hide(answer.text.encode(errors="replace")).decode(), files=files)

    def _pay(self, usage: Usage, form: Form | None = None) -> None:
        """Journal what an answer cost, whatever becomes of it."""
        self.ledger.record(
            Replied(
                n=self._current.n,
                model=self._proposer.name,
                input_tokens=usage.input_tokens,
                cached_tokens=usage.cached_tokens,
                output_tokens=usage.output_tokens,
                cost_usd=usage.cost_usd,
                form=form,
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
                expected=proposal.expected,
                by=self._proposer.name,
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
    def _proposer(self) -> Proposer:
        """Who proposes the present experiment, and mends it."""
        planned = self._current.planned
        return self.roster[planned.by if planned and planned.by in self.roster else self.roster.names[0]]

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

    def _log(self, experiment: Experiment, part: Callable[[Path], str]) -> str:
        """Of what the candidate said last: of a failed `check`, else of its latest run."""
        checked = experiment.checked
        name = checked.log if checked and checked.failure else _latest_log(experiment)
        return part(self.folder.path / name) if name else ""


def _latest_log(experiment: Experiment) -> str:
    return next((run.log for run in reversed(experiment.runs) if run.arm == "candidate"), "")


def _texts(files: Mapping[str, Tracked]) -> dict[str, str]:
    return {path: file.data.decode() for path, file in files.items()}


def _message(tag: str, proposal: Proposed) -> str:
    why = f"\n\n{proposal.hypothesis}" if proposal.hypothesis else ""
    return f"{proposal.description}{why}\n\nAutoresearch-Experiment: {tag}/{proposal.n}\n"
