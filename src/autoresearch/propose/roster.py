"""The proposers of a session: those that the settings name, and the tuner for bursts."""

from __future__ import annotations

from collections.abc import Sequence

from autoresearch.errors import ProposerUnavailableError
from autoresearch.propose import Proposer
from autoresearch.propose.liveness import Elsewhere


class Roster:
    """Who can be asked. One that fails is left out while there are others: for this life, or until all have failed."""

    def __init__(self, proposers: Sequence[Proposer], elsewhere: Elsewhere | None = None) -> None:
        """`elsewhere` tells the tuner of bursts which words other files of the project mention."""
        self._elsewhere = elsewhere
        self._proposers = {proposer.name: proposer for proposer in proposers}
        self._aside: set[str] = set()
        self._gone: set[str] = set()

    @property
    def names(self) -> tuple[str, ...]:
        """Those that may be asked now, in the order of the settings."""
        here = [name for name in self._proposers if name not in self._gone]
        return tuple([name for name in here if name not in self._aside] or here)

    @property
    def all(self) -> tuple[Proposer, ...]:
        """Those that the settings name."""
        return tuple(self._proposers.values())

    @property
    def tunes(self) -> bool:
        """True where the tuner is all there is."""
        return set(self._proposers) == {"tune"}

    def __contains__(self, name: str) -> bool:
        return name == "tune" or name in self.names

    def __getitem__(self, name: str) -> Proposer:
        if name == "tune" and name not in self._proposers:
            from autoresearch.propose.tune import Tune

            return Tune(elsewhere=self._elsewhere)
        return self._proposers[name]

    def leave_out(self, name: str, error: Exception) -> bool:
        """Ask others instead of one that failed. False where there is no other."""
        others = [each for each in self.names if each != name]
        if isinstance(error.__cause__, ProposerUnavailableError):
            self._aside = self._aside | {name} if others else set()
        else:
            self._gone.add(name)
        return bool(others)
