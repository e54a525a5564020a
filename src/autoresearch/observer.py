"""Whoever watches a session."""

from __future__ import annotations

from typing import Protocol

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
