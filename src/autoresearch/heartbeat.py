"""`status.json`: a running session's word on itself, and the same told from a journal."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from autoresearch.decide.history import VERIFICATION, Experiment, History
from autoresearch.decide.outcome import proof_of_head
from autoresearch.decide.recover import step
from autoresearch.decide.results import one_line
from autoresearch.decide.rounds import rounds
from autoresearch.edge.journal import read
from autoresearch.edge.signals import StopSignal
from autoresearch.edge.whereabouts import JOURNAL, PULSE
from autoresearch.errors import RepositoryError
from autoresearch.model import Metric, Status
from autoresearch.news import phase
from autoresearch.observer import Observer
from autoresearch.pulse import Counts, Pulse, Scored, Wait, write
from autoresearch.records import AnyRecord, Began, Closed, Gating, Measuring, Opened
from autoresearch.secrets import redactor

WRITING = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
"""A link that somebody put there would lead us astray."""


class Teller:
    """Tells the pulse of a session, record by record; what the settled experiments come to is counted once."""

    def __init__(self) -> None:
        self._phase, self._since = "", 0.0
        self._settled = -1
        self._counts = Counts()
        self._best: Scored | None = None

    def tell(self, record: AnyRecord, history: History, journal_bytes: int) -> Pulse | None:
        """The pulse at a record that is the history's latest; None before the session is opened."""
        opened, began, current = history.opened, history.began, history.pending
        at = _time(record)
        if (named := one_line(phase(record))) != self._phase:
            self._phase, self._since = named, at
        if opened is None:
            return None
        if self._settled != len(history.experiments):
            self._count(history)
        spent, baseline = history.spent, _scored(history.baseline)
        return Pulse(
            tag=opened.tag,
            journal_bytes=journal_bytes,
            at=at,
            model=one_line(opened.model),
            metric=opened.metric,
            direction=opened.direction,
            phase=self._phase,
            since=self._since,
            n=current.n if current else None,
            by=one_line(current.by) if current and current.by else None,
            description=one_line(current.proposal.description) if current and current.proposal else "",
            limit_s=_limit_s(record, began) if began else None,
            counts=self._counts,
            baseline=baseline,
            best=self._best,
            change=_change(opened, baseline, self._best),
            elapsed_s=history.elapsed_s,
            budget=began.budget if began else {},
            patience=began.patience if began else None,
            again=one_line(began.again) if began else "",
            usd=spent.usd,
            tokens=spent.tokens,
            replies=spent.replies,
            unpriced=spent.unpriced,
            lives=history.lives,
            closed=None if history.closed is None else one_line(history.closed),
            closed_at=_time(history.last) if isinstance(history.last, Closed) else None,
            verified=proof_of_head(history, opened.direction),
            verifying=_verifying(record, history),
        )

    def _count(self, history: History) -> None:
        told = [e.verdict.status for e in history.told[1:] if e.verdict]
        found = Counter(told)
        self._settled = len(history.experiments)
        self._counts = Counts(
            settled=self._settled,
            tries=len(told),
            kept=found[Status.KEEP],
            discarded=found[Status.DISCARD],
            crashed=found[Status.CRASH],
            streak=history.streak,
        )
        self._best = _scored(history.incumbent)


class Heartbeat:
    """Writes the pulse into the session's folder. The journal is the truth: whatever goes wrong here does no harm."""

    def __init__(self, folder: Path, view: Observer, stop: StopSignal) -> None:
        self._folder = folder
        self._view = view
        self._stop = stop
        self._teller = Teller()
        self._pulse: Pulse | None = None
        self._before: Pulse | None = None
        self._failed = False

    def record(self, record: AnyRecord, history: History) -> None:
        """Write what the session does now."""
        try:
            size = (self._folder / JOURNAL).stat().st_size
        except OSError:
            size = -1
        self._pulse = self._teller.tell(record, history, size)
        self._write()

    def notice(self, text: str) -> None:
        """A notice changes nothing."""

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """Write who is waited for, and until when."""
        if self._pulse:
            shift = time.time() - time.monotonic()
            wait = Wait(who, redactor().text(one_line(why)), shift + until_s, shift + gives_up_s)
            self._pulse = replace(self._pulse, waiting=wait)
            self._write()

    def busy(self, what: str, since: float, limit_s: float | None) -> None:
        """Write which hook runs, and then what was written before."""
        if self._pulse and what:
            self._before = self._pulse
            phase = f"running {what}"
            self._pulse = replace(self._pulse, phase=phase, since=since, limit_s=limit_s, hook=what, waiting=None)
        elif self._before:
            self._pulse, self._before = self._before, None
        self._write()

    def tick(self) -> None:
        """Write that a stop was asked for, once."""
        if self._pulse and self._stop.asked and not self._pulse.stopping:
            self._write()

    def _write(self) -> None:
        """By temp and rename, so that it is whole or as it was; a power cut may take it, as it is only a copy."""
        if self._pulse is None:
            return
        self._pulse = replace(self._pulse, stopping=self._stop.asked)
        place = self._folder / PULSE
        beside = place.with_name(f".{PULSE}.new")
        try:
            fd = os.open(beside, WRITING, 0o644)
            try:
                os.write(fd, write(self._pulse))
            finally:
                os.close(fd)
            os.replace(beside, place)  # noqa: PTH105 - many times a second in a session of short runs
        except OSError as error:
            if not self._failed:
                self._view.notice(
                    f"cannot write {place}: {error.strerror}; the session goes on, and `autoresearch status` takes "
                    "longer, as it reads the journal"
                )
            self._failed = True


def _time(record: AnyRecord) -> float:
    return datetime.fromisoformat(record.at).timestamp()


def _scored(experiment: Experiment | None) -> Scored | None:
    return Scored(experiment.n, experiment.value, experiment.commit) if experiment else None


def _change(opened: Opened, baseline: Scored | None, best: Scored | None) -> float | None:
    if baseline is None or best is None or baseline.value is None or best.value is None:
        return None
    return Metric(opened.metric, opened.direction).gain(best.value, over=baseline.value)


def _limit_s(record: AnyRecord, began: Began) -> float | None:
    """How long what a record begins may take."""
    if isinstance(record, Gating):
        return began.check_timeout_s if record.gate == "check" else began.confirm_timeout_s
    return began.timeout_s if isinstance(record, Measuring) else None


def _verifying(record: AnyRecord, history: History) -> tuple[int, int] | None:
    verification = history.verification
    if verification is None or getattr(record, "n", None) != VERIFICATION:
        return None
    return len(rounds(verification.measured).pairs), verification.asked.pairs


def from_journal(journal: Path) -> Pulse | None:
    """The pulse that a journal tells; None where it says nothing yet. Raises RepositoryError where it is damaged."""
    teller, history, pulse = Teller(), History(), None
    try:
        size = journal.stat().st_size
        records = read(journal)
    except OSError as error:
        raise RepositoryError(f"cannot read {journal}: {error.strerror}.") from error
    last = len(records) - 1
    for number, record in enumerate(records):
        history = step(history, record)
        if number > last - 2:  # a phase may have begun with the record before
            pulse = teller.tell(record, history, size)
    return pulse
