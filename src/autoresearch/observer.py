"""Whoever watches a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from autoresearch.decide.history import History
from autoresearch.records import AnyRecord


class Observer(Protocol):
    """Whoever watches a session: the live view, plain lines, JSON lines."""

    def record(self, record: AnyRecord, history: History) -> None:
        """A step was journalled."""

    def notice(self, text: str) -> None:
        """Something to know that is no step: a wait, a warning."""

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """A wait for somebody else begins; both times are of the monotonic clock."""

    def tick(self) -> None:
        """Time goes by while a run is under way."""


@runtime_checkable
class Attentive(Protocol):
    """Whoever also says what goes on besides records."""

    def busy(self, what: str, since: float, limit_s: float | None) -> None:
        """This goes on, since then (seconds since 1970), and so long at most; the empty text: it is over."""


@dataclass(frozen=True)
class Observers:
    """Several of them, told in order."""

    all: Sequence[Observer]

    def record(self, record: AnyRecord, history: History) -> None:
        """Tell each."""
        for one in self.all:
            one.record(record, history)

    def notice(self, text: str) -> None:
        """Tell each."""
        for one in self.all:
            one.notice(text)

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """Tell each."""
        for one in self.all:
            one.waiting(who, why, until_s, gives_up_s)

    def tick(self) -> None:
        """Tell each."""
        for one in self.all:
            one.tick()
