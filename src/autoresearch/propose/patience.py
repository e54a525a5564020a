"""Waiting for a proposer that cannot be reached: one outer policy with a total deadline, every wait said aloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from autoresearch.errors import ProposerError, ProposerUnavailableError
from autoresearch.model import Reply

if TYPE_CHECKING:
    from tenacity import RetryCallState

FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 120.0


def ask_patiently(
    ask: Callable[[], Reply],
    name: str,
    outage_s: float,
    sleep: Callable[[float], None],
    notice: Callable[[str], None],
) -> Reply:
    """Ask until there is an answer. Raises ProposerError when none came for `outage_s` seconds, or none can come."""
    from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

    backoff = wait_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S)

    def wait(state: RetryCallState) -> float:
        asked_for = _error(state).retry_after_s
        return backoff(state) if asked_for is None else min(asked_for, outage_s)

    def say(state: RetryCallState) -> None:
        notice(f"{name}: {str(_error(state)).rstrip('.')}; trying again in {state.upcoming_sleep:.0f} s")

    def give_up(state: RetryCallState) -> Reply:
        error = _error(state)
        raise ProposerError(
            f"{name} gave no answer for {outage_s:.0f} s: {str(error).rstrip('.')}. "
            "Everything is recorded; run the same command again to go on."
        ) from error

    retrying = Retrying(
        retry=retry_if_exception_type(ProposerUnavailableError),
        stop=stop_after_delay(outage_s),
        wait=wait,
        sleep=sleep,
        before_sleep=say,
        retry_error_callback=give_up,
    )
    return retrying(ask)


def _error(state: RetryCallState) -> ProposerUnavailableError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, ProposerUnavailableError)
    return error
