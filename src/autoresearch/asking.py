"""Asking for one edit: answers are paid for, screened, and asked for again with what failed, until one lands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from autoresearch.arms import Stopped
from autoresearch.decide import form as forms
from autoresearch.decide import prompt, screen
from autoresearch.decide.budget import hours_spent, too_dear
from autoresearch.decide.history import History
from autoresearch.decide.landing import NOTHING, land
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.signals import StopSignal
from autoresearch.errors import PromptTooLongError, ProposerUnavailableError
from autoresearch.ledger import Ledger
from autoresearch.model import Form, Prompt, Proposal, Reply, Request, Turn, Usage
from autoresearch.propose import Proposer
from autoresearch.propose.faults import ReplyInterrupted, ReplyLostError
from autoresearch.propose.patience import Patience, ask_patiently
from autoresearch.propose.roster import AWAY_S, Roster
from autoresearch.records import Proposed, Refused, Replied
from autoresearch.secrets import redactor
from autoresearch.settings import Settings

MENDED = "; mended: "
ASKS = 4
"""Answers asked for one edit: the first, two more with what failed, one as a whole file."""


class TooDear(Stopped):
    """The budget does not cover an answer of whoever is asked."""


@dataclass
class Asking:
    """Whoever is asked for the present experiment, within the budget."""

    settings: Settings
    ledger: Ledger
    folder: SessionFolder
    roster: Roster
    fixed: Mapping[str, str]
    """Files that the proposer may read and not change."""
    stop: StopSignal

    def until_it_lands(self, asking: Prompt, texts: Mapping[str, str], *, repair: int = 0) -> bool:
        """Ask, screen, and ask again with what failed. True when a proposal was accepted.

        A session that goes on, and another proposer that takes over, begin with the first ask again.
        """
        size, name = self.settings.max_tokens, self.proposer.name
        blocks = self._history.blocks.get(name)
        form = forms.choose(texts, size, wanted=self.proposer.wants, tally=blocks)
        asking = replace(asking, system=prompt.system(texts, form))
        held, cut_off = NOTHING, False
        for asked in range(1, ASKS + 1):
            try:
                answer = self._ask(asking, texts, form)
            except PromptTooLongError:
                if not asking.turns:
                    raise
                asking, held = replace(asking, turns=()), NOTHING
                continue
            landed = land(answer, texts, self._history.tried(), held)
            if isinstance(landed, Proposal):
                self._accept(answer, landed, texts, repair)
                return True
            self.ledger.record(Refused(n=self._history.current.n, reason=landed.reason, said=landed.sentence))
            held, cut_off = landed.held, cut_off or answer.truncated
            before, form = form, forms.again(form, texts, size, cut_off=cut_off, last=asked == ASKS - 1)
            told = prompt.complaint(
                landed.reason, landed.detail, texts, form, switched=form != before, held=len(held.edits)
            )
            asking = replace(asking, turns=(*asking.turns, Turn(answer.text, told)))
        return False

    def _ask(self, asking: Prompt, texts: Mapping[str, str], form: Form) -> Reply:
        """One answer, paid for and journalled. Raises Stopped when the budget forbids it, ProposerError."""
        request = self._request(asking, texts)
        try:
            answer = ask_patiently(lambda: self._ask_in_time(request), self.proposer.name, self._patience)
        except KeyboardInterrupt:
            raise Stopped("interrupted", interrupted=True) from None
        self.roster.answered(self.proposer.name)
        self._pay(answer.usage, form if answer.files is None else None)
        if answer.dropped:
            self.ledger.observer.notice(f"dropped all but the target's text: {', '.join(answer.dropped)}")
        if answer.refused:
            self.ledger.observer.notice(
                f"{self.proposer.name} or its filter refused to answer for experiment {request.n}; if that goes on, "
                "reword program.md or choose another model"
            )
        return answer

    def _request(self, asking: Prompt, texts: Mapping[str, str]) -> Request:
        """Beside others the tuner is told of the incumbent alone: what it tried before was another program."""
        hide = redactor().beside(texts.values()).output
        shown = tuple(replace(part, text=hide(part.text.encode(errors="replace")).decode()) for part in asking.parts)
        history, alone = self._history, self.roster.tunes
        known = history.baseline if alone else history.incumbent
        tried = history.tried()
        return Request(
            n=self._history.current.n,
            prompt=replace(asking, parts=shown),
            files=texts,
            metric=self.settings.measured,
            baseline=known.value if known else None,
            trials=history.trials(since=0 if alone or known is None else known.n),
            is_tried=lambda files: screen.fingerprint({**texts, **files}) in tried,
        )

    @property
    def _patience(self) -> Patience:
        alone = self.roster.alone
        outage_s = self.settings.outage if alone else min(self.settings.outage, AWAY_S)
        return Patience(outage_s, self.stop.sleep, self.ledger.observer.waiting, self._left_s, self.stop.now, alone)

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
        if reason := too_dear(self.settings.budget, self._history, self.proposer.worst_case(request)):
            raise TooDear(reason)
        try:
            with self.stop.interruptible():
                answer = self.proposer.propose(request)
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
                n=self._history.current.n,
                model=self.proposer.name,
                input_tokens=usage.input_tokens,
                cached_tokens=usage.cached_tokens,
                output_tokens=usage.output_tokens,
                cost_usd=usage.cost_usd,
                form=form,
            )
        )

    def _accept(self, answer: Reply, proposal: Proposal, texts: Mapping[str, str], repair: int) -> None:
        n = self._history.current.n
        before = self._history.current.proposal
        idea = before or proposal  # mended, it is still that of the first answer
        whole = {**texts, **proposal.files}
        self.folder.save_candidate(n, repair, answer.text, whole)
        self.ledger.record(
            Proposed(
                n=n,
                repair=repair,
                description=mended(before.description, proposal.description) if before else idea.description,
                hypothesis=idea.hypothesis,
                category=idea.category,
                expected=idea.expected,
                by=self.proposer.name,
                fingerprint=screen.fingerprint(whole),
                files=tuple(whole),
                params=dict(answer.params) if answer.params else None,
            )
        )

    @property
    def proposer(self) -> Proposer:
        """Who proposes the present experiment, and mends it."""
        planned = self._history.current.planned
        asked = planned is not None and (planned.rung == "burst" or planned.by in self.roster.names)
        return self.roster[planned.by if planned and asked else self.roster.names[0]]

    @property
    def _history(self) -> History:
        return self.ledger.history


def mended(idea: str, change: str) -> str:
    """The description of an idea whose candidate crashed and was changed: `deeper; mended: import math`."""
    first = idea.partition(MENDED)[0]
    return first if not change.strip() or change.strip() == first.strip() else f"{first}{MENDED}{change}"
