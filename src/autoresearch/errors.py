"""Everything a user can be told: one sentence each, with the exit code that goes with it."""

from __future__ import annotations

from typing import ClassVar


class AutoresearchError(Exception):
    """A foreseen failure of the machine or its settings; its text says what, where and what to do next."""

    exit_code: ClassVar[int] = 1


class SettingsError(AutoresearchError):
    """Usage or settings: a flag, an environment variable, program.md or a tag."""

    exit_code = 2


class RepositoryError(AutoresearchError):
    """Git, the working tree, the lock or the journal."""

    exit_code = 3


class ProposerError(AutoresearchError):
    """The proposer gave up for good: key, quota, model name, a command that does not exist."""

    exit_code = 4


class ProposerUnavailableError(ProposerError):
    """The proposer did not answer this time (network, rate limit, overload): worth waiting for."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnreachableError(ProposerUnavailableError):
    """There is no way to the proposer: no such name, no network, nobody listens, or a wrong address."""


class PromptTooLongError(ProposerError):
    """The prompt is longer than the model takes: a shorter one may do."""


class ExhaustedError(ProposerError):
    """The proposer has nothing left to propose: an end, and no failure."""


class BenchError(AutoresearchError):
    """The bench does not run: the baseline or the canary failed."""

    exit_code = 5


class BudgetError(AutoresearchError):
    """The budget was spent before the baseline finished."""

    exit_code = 6


INTERRUPTED = 130
"""Exit code of a session that a signal stopped."""
