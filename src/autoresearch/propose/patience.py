"""Waiting for a proposer that does not answer: one total deadline, and each wait in sight."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from autoresearch.errors import ProposerError, ProposerUnavailableError
from autoresearch.model import Reply

if TYPE_CHECKING:
    from tenacity import RetryCallState

FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 120.0
GO_ON = "Everything is recorded; run the same command again to go on."
BELIEVED = 3
"""How often a server is believed that it can be asked again at once."""


@dataclass(frozen=True)
class Patience:
    """How long is waited, and who is told."""

    outage_s: float
    """From the first failure on; no request begins later. A reply that has begun has its own limit."""
    sleep: Callable[[float], None]
    waiting: Callable[[str, str, float, float], None]
    """Told of each wait: for whom, why, until when, and when it is given up; times as `now` tells them."""
    left_s: Callable[[], float] = lambda: math.inf
    """Seconds that the session has left: no wait is longer."""
    now: Callable[[], float] = time.monotonic
    alone: bool = True
    """False where another is asked next."""


def ask_patiently(ask: Callable[[], Reply], name: str, patience: Patience) -> Reply:
    """Ask until there is an answer. Raises ProposerError when none came within the outage, or none can come."""
    from tenacity import Retrying, retry_if_exception_type

    outage = _Outage(name, patience)
    retrying = Retrying(
        retry=retry_if_exception_type(ProposerUnavailableError),
        wait=outage.wait_s,
        stop=outage.is_over,
        before_sleep=outage.show,
        sleep=lambda seconds: patience.sleep(min(seconds, patience.left_s())),
        retry_error_callback=outage.give_up,
    )
    return retrying(ask)


@dataclass
class _Outage:
    """From the first failure to the answer, or to the end of patience."""

    name: str
    patience: Patience
    ends: float | None = field(default=None, init=False)
    left_s: float = field(default=0.0, init=False)
    """At the latest failure."""

    def wait_s(self, state: RetryCallState) -> float:
        """What the server asks for, else longer and longer; the last time right at the end."""
        from tenacity import wait_exponential

        now = self.patience.now()
        if self.ends is None:
            self.ends = now + self.patience.outage_s
        self.left_s = self.ends - now
        own = wait_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S)(state)
        asked_for = _error(state).retry_after_s
        if asked_for is not None and (asked_for >= own or state.attempt_number <= BELIEVED):
            return asked_for
        return max(0.0, min(own, self.left_s))

    def is_over(self, state: RetryCallState) -> bool:
        """True as well when the server asks for more than is left: nobody need wait for nothing."""
        return self.left_s <= 0 or state.upcoming_sleep > self.left_s

    def show(self, state: RetryCallState) -> None:
        """Tell of the wait that begins."""
        now = self.patience.now()
        assert self.ends is not None
        if self.patience.left_s() <= 0:
            return  # the session ends here, and nothing is tried again
        gives_up = min(self.ends, now + self.patience.left_s())
        self.patience.waiting(self.name, _why(state), min(now + state.upcoming_sleep, gives_up), gives_up)

    def give_up(self, state: RetryCallState) -> Reply:
        """Raises ProposerError: with what to do about it, unless another is asked next."""
        outage, why = _clock(self.patience.outage_s), _why(state)
        if not self.patience.alone:
            said = f"{self.name} gives no answer: {why}."
        elif self.left_s > 0:
            said = (
                f"{self.name}: {why}. It asks to be left alone for {_clock(state.upcoming_sleep)}, longer than "
                f"`outage` ({outage}) has left. Everything is recorded; run the same command again by then, or with a "
                "longer `outage`."
            )
        else:
            said = f"{self.name} gave no answer for {outage} (`outage`): {why}. {GO_ON}"
        raise ProposerError(said) from _error(state)


def _clock(seconds: float) -> str:
    """`1:00:00`; a server may ask for more than there are dates."""
    return str(timedelta(seconds=min(int(seconds), 10**9)))


def _why(state: RetryCallState) -> str:
    return str(_error(state)).rstrip(".")


def _error(state: RetryCallState) -> ProposerUnavailableError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, ProposerUnavailableError)
    return error
