"""The record of a session while it goes on: each step journalled, folded into the history, and shown."""

from __future__ import annotations

from dataclasses import dataclass

from autoresearch.decide.history import History
from autoresearch.decide.recover import step
from autoresearch.edge.journal import Journal
from autoresearch.observer import Observer
from autoresearch.records import AnyRecord


@dataclass
class Ledger:
    """The journal, and the history that it tells so far."""

    journal: Journal
    history: History
    observer: Observer

    def record(self, record: AnyRecord) -> None:
        """Journal one step, fold it into the history, and tell whoever watches."""
        written = self.journal.append(record)
        self.history = step(self.history, written)
        self.observer.record(written, self.history)

    @property
    def elapsed_s(self) -> float:
        """Seconds of all lives of the session, until now."""
        return self.history.past_s + self.journal.t
