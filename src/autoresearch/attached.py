"""The view of a session that another process runs: fed from its journal as it grows."""

from __future__ import annotations

import time
from collections.abc import Callable

from autoresearch.condition import told_by
from autoresearch.decide.history import History
from autoresearch.decide.recover import step
from autoresearch.edge.growth import Growing
from autoresearch.edge.signals import StopSignal
from autoresearch.edge.whereabouts import Recorded
from autoresearch.errors import RepositoryError
from autoresearch.observer import Attentive, Observer
from autoresearch.pulse import Wait
from autoresearch.records import AnyRecord, Began, Opened
from autoresearch.settings import Settings

POLL_S = 0.25
"""How often to look; the view is drawn as often."""


class Attached:
    """A session's history, kept up with its journal. Raises RepositoryError where that cannot be read."""

    def __init__(self, session: Recorded) -> None:
        self._session = session
        self._journal = Growing(session.journal)
        self._before = self._journal.new()
        self._wait: Wait | None = None
        self._hook: str | None = None
        self.history = History()
        self.stop = StopSignal()
        """Asked where the session was asked to stop; nobody here catches signals with it."""

    def catch_up(self, view: Observer | None = None) -> None:
        """Take in what was there at the beginning; a view is shown it."""
        for record in self._before:
            self._take(record, view)
        self._before = []

    def follow(self, view: Observer, goes_on: Callable[[], bool]) -> None:
        """Show each step until nothing goes on any more. Raises RepositoryError, KeyboardInterrupt."""
        while True:
            last = not goes_on()  # before reading: what was written at the end is shown too
            for record in self._journal.new():
                self._take(record, view)
            if last:
                return
            self._hear(view)
            time.sleep(POLL_S)

    def settings(self) -> Settings:
        """What a view needs of the settings; before catching up. Raises RepositoryError where there are none yet."""
        opened = next((record for record in self._before if isinstance(record, Opened)), None)
        began = next((record for record in reversed(self._before) if isinstance(record, Began)), None)
        if opened is None or began is None:
            raise RepositoryError(f"{self._session.journal} says nothing yet. Look again once the session has begun.")
        known = {
            "timeout": began.timeout_s,
            "check_timeout": began.check_timeout_s,
            "confirm_timeout": began.confirm_timeout_s,
            "patience": began.patience,
        }
        return Settings.model_validate(
            {
                "target": opened.targets,
                "bench": opened.bench,
                "metric": opened.metric,
                "direction": opened.direction,
                "min_gain": opened.min_gain,
                "budget": began.budget,
                **{name: value for name, value in known.items() if value is not None},
            }
        )

    def _take(self, record: AnyRecord, view: Observer | None) -> None:
        self.history = step(self.history, record)
        self._wait = self._hook = None
        if view:
            view.record(record, self.history)

    def _hear(self, view: Observer) -> None:
        """What the session says besides its records: that it waits, runs a hook, was asked to stop."""
        told = told_by(self._session.folder)
        if told is None or told.journal_bytes != self._journal.size:
            return
        self.stop.asked = told.stopping
        if told.hook != self._hook and isinstance(view, Attentive):
            self._hook = told.hook
            view.busy(told.hook or "", told.since, told.limit_s)
        if told.waiting and told.waiting != self._wait:
            self._wait, shift = told.waiting, time.monotonic() - time.time()
            view.waiting(told.waiting.who, told.waiting.why, shift + told.waiting.until, shift + told.waiting.gives_up)
