"""Ctrl-C, SIGTERM and a closed terminal: the first asks for an orderly stop, the second stops at once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignal:
    """Whether a stop was asked for. `handling()` must be entered in the main thread."""

    def __init__(self) -> None:
        self.asked = False
        """True once a signal came."""
        self._waiting = False
        self._terminals: list[int] = []
        self.name: str | None = None
        """The first signal that came."""

    @contextmanager
    def handling(self) -> Iterator[None]:
        """Catch the signals, and give them back at the end."""
        self._terminals = [fd for fd in (1, 2) if os.isatty(fd)]
        # What our caller ignores for us, as nohup does, stays ignored.
        ours = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._handle) for number in ours}
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
            time.sleep(seconds)

    @staticmethod
    def now() -> float:
        """The time that `sleep` passes: seconds of the monotonic clock."""
        return time.monotonic()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        again = self.asked
        if number == signal.SIGHUP:
            self._forget_terminal()
        self.name = self.name or signal.Signals(number).name
        self.asked = True
        if again or self._waiting:
            raise KeyboardInterrupt

    def _forget_terminal(self) -> None:
        """The terminal is gone: what would be written to it must not fail, for the session is still to be closed."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for fd in self._terminals:
            os.dup2(nowhere, fd)
        os.close(nowhere)
