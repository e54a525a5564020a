"""Ctrl-C, SIGTERM and a closed terminal: the first asks for an orderly stop, the second stops at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignal:
    """Whether a stop was asked for. `handling()` must be entered in the main thread."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._waiting = False
        self.name: str | None = None
        """The first signal that came."""

    @property
    def asked(self) -> bool:
        """True once a signal came."""
        return self._asked.is_set()

    @contextmanager
    def handling(self) -> Iterator[None]:
        """Catch the signals, and give them back at the end."""
        before = {number: signal.signal(number, self._handle) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """While waiting for somebody else, with nothing half done, already the first signal interrupts."""
        self._waiting = True
        try:
            if self.asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._waiting = False

    def sleep(self, seconds: float) -> None:
        """Wait; a signal ends it with KeyboardInterrupt."""
        with self.interruptible():
            self._asked.wait(seconds)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        again = self.asked
        self.name = self.name or signal.Signals(number).name
        self._asked.set()
        if again or self._waiting:
            raise KeyboardInterrupt
