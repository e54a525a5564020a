"""The proposers of a session: those that the settings name, and the tuner for bursts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from autoresearch.errors import ProposerUnavailableError
from autoresearch.propose import Proposer
from autoresearch.propose.liveness import Elsewhere

AWAY_S = 120.0
"""So long one of several is waited for, and then left alone; twice as long each time that it fails again."""
LONGEST_AWAY_S = 3600.0


class Roster:
    """Who can be asked. Of several, who cannot be reached is left alone for a while, who cannot work for good."""

    def __init__(
        self,
        proposers: Sequence[Proposer],
        elsewhere: Elsewhere | None = None,
        outage_s: float = 0.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`elsewhere` tells the tuner of bursts which words other files of the project mention.

        When nobody has answered for `outage_s`, it is over.
        """
        self.elsewhere = elsewhere
        self._proposers = {proposer.name: proposer for proposer in proposers}
        self._outage_s, self._now = outage_s, now
        self._gone: set[str] = set()
        self._away: dict[str, float] = {}
        """Name → until when it is left alone."""
        self._failures: dict[str, int] = {}
        self._silent_since: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Those that may be asked now, in the order of the settings; of those left alone the first."""
        now = self._now()
        here = tuple(name for name in self._left if self._away.get(name, now) <= now)
        return here or tuple(sorted(self._left, key=lambda name: self._away[name])[:1])

    @property
    def all(self) -> tuple[Proposer, ...]:
        """Those that the settings name."""
        return tuple(self._proposers.values())

    @property
    def tunes(self) -> bool:
        """True where the tuner is all there is."""
        return set(self._proposers) == {"tune"}

    @property
    def alone(self) -> bool:
        """True where there is nobody else to ask."""
        return len(self._left) == 1

    @property
    def _left(self) -> tuple[str, ...]:
        return tuple(name for name in self._proposers if name not in self._gone)

    def __getitem__(self, name: str) -> Proposer:
        if name == "tune" and name not in self._proposers:
            from autoresearch.propose.tune import Tune

            return Tune(elsewhere=self.elsewhere)
        return self._proposers[name]

    def answered(self, name: str) -> None:
        """Somebody is there."""
        self._silent_since = None
        self._failures.pop(name, None)

    def leave_out(self, name: str, error: Exception) -> bool:
        """Ask others instead of one that failed. False where there is no other, or none has answered for long."""
        if not isinstance(error.__cause__, ProposerUnavailableError):
            self._gone.add(name)
            return bool(self._left)
        now = self._now()
        if self._silent_since is None:
            self._silent_since = now
        self._failures[name] = self._failures.get(name, 0) + 1
        self._away[name] = now + min(LONGEST_AWAY_S, AWAY_S * 2 ** (self._failures[name] - 1))
        return not self.alone and now - self._silent_since < self._outage_s
