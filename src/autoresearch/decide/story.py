"""One experiment whole, from its own records: what was asked, refused, tried, repaired, run and decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from autoresearch.decide.history import BASELINE, SENTINEL
from autoresearch.records import (
    AnyRecord,
    Checked,
    Committed,
    Confirmed,
    Decided,
    Interrupted,
    Measured,
    Measuring,
    Planned,
    Proposed,
    Refused,
    Replied,
    Settled,
)


@dataclass(frozen=True)
class Attempt:
    """A candidate: the proposal's, or a repair's."""

    refused: tuple[Refused, ...] = ()
    """Answers before it that were screened out."""
    proposed: Proposed | None = None
    """None where no answer became a candidate, or none has yet."""
    commit: str | None = None
    runs: tuple[Measured, ...] = ()
    open: Measuring | None = None
    """A run that has begun and not ended."""
    interrupted: int = 0
    """Runs that were broken off, and begun anew or not."""
    checked: Checked | None = None
    confirmed: tuple[Confirmed, ...] = ()

    @property
    def failure(self) -> str | None:
        """Why it has no metric, or did not pass its check."""
        failed = next((run.failure for run in self.runs if run.arm == "candidate" and run.failure), None)
        return failed or (self.checked.failure if self.checked else None)

    @property
    def last_log(self) -> str:
        """The log of what the candidate said last, relative to the session's folder; "" for none."""
        if self.checked and self.checked.failure:
            return self.checked.log
        return next((run.log for run in reversed(self.runs) if run.arm == "candidate"), "")


@dataclass(frozen=True)
class Story:
    """An experiment from its plan to its verdict, as far as it has come."""

    n: int
    began: str
    """When, ISO 8601."""
    at: str
    """When its latest record was written."""
    planned: Planned | None = None
    replies: tuple[Replied, ...] = ()
    attempts: tuple[Attempt, ...] = (Attempt(),)
    """Oldest first: each was shown to its proposer when it crashed, and is repaired by the next."""
    verdict: Decided | None = None
    settled: bool = False
    last: AnyRecord | None = None

    @property
    def final(self) -> Attempt:
        """The candidate that was decided about, or is being looked at; answers to its crash may have been refused."""
        return next((each for each in reversed(self.attempts) if each.proposed), self.attempts[-1])

    @property
    def by(self) -> str | None:
        """Who proposed it, or was asked to."""
        return self.final.proposed.by if self.final.proposed else self.planned.by if self.planned else None

    @property
    def is_baseline(self) -> bool:
        """True for the unmodified target."""
        return self.n == BASELINE

    @property
    def is_sentinel(self) -> bool:
        """True for an edit that does nothing, proposed by the harness."""
        return self.by == SENTINEL


def tell(records: Iterable[AnyRecord], n: int) -> Story | None:
    """The story of experiment `n`; None where there is none."""
    story: Story | None = None
    for record in records:
        if getattr(record, "n", None) == n:
            story = _step(story or Story(n, began=record.at, at=record.at), record)
    return story


def _step(story: Story, record: AnyRecord) -> Story:
    story = replace(story, at=record.at, last=record)
    match record:
        case Planned():
            return replace(story, planned=record)
        case Replied():
            return replace(story, replies=(*story.replies, record))
        case Decided():
            return replace(story, verdict=record)
        case Settled():
            return replace(story, settled=True)
        case Refused() if story.attempts[
            -1
        ].proposed:  # of the answers to a crash: they belong to the repair that follows
            return replace(story, attempts=(*story.attempts, Attempt(refused=(record,))))
        case Proposed() if story.attempts[-1].proposed:
            return replace(story, attempts=(*story.attempts, Attempt(proposed=record)))
    *before, final = story.attempts
    return replace(story, attempts=(*before, _advance(final, record)))


def _advance(attempt: Attempt, record: AnyRecord) -> Attempt:
    match record:
        case Refused():
            return replace(attempt, refused=(*attempt.refused, record))
        case Proposed():
            return replace(attempt, proposed=record)
        case Committed():
            return replace(attempt, commit=record.commit)
        case Measuring():
            return replace(attempt, open=record, interrupted=attempt.interrupted + (attempt.open is not None))
        case Interrupted():
            return replace(attempt, open=None, interrupted=attempt.interrupted + 1)
        case Measured():
            return replace(attempt, open=None, runs=(*attempt.runs, record))
        case Checked():
            return replace(attempt, checked=record)
        case Confirmed():
            return replace(attempt, confirmed=(*attempt.confirmed, record))
    return attempt
