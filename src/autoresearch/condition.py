"""What a session is in: its pulse, and whether anybody runs it; found in milliseconds where it is told already."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from autoresearch import pulse
from autoresearch.edge import holder
from autoresearch.edge.holder import Holder, Life, State
from autoresearch.edge.whereabouts import ABLATED, ABLATIONS, AUDITED, AUDITS, PULSE, Recorded
from autoresearch.errors import RepositoryError
from autoresearch.pulse import Pulse

LAG_S = 0.03
"""How far a running session's `status.json` may be behind its journal before the journal is read."""


@dataclass(frozen=True)
class Condition:
    """A session as it is now."""

    session: Recorded
    life: Life
    holder: Holder | None
    pulse: Pulse | None
    """None while the journal says nothing yet."""

    @property
    def closed(self) -> str | None:
        """Why its latest life ended in order."""
        return self.pulse.closed if self.pulse else None

    @property
    def state(self) -> State:
        """What it is in."""
        return holder.state(self.life, self.closed)

    @property
    def is_verified(self) -> bool:
        """True while it is `verify` that has the session."""
        return self.life == "running" and self.pulse is not None and self.pulse.verifying is not None

    @property
    def is_closing(self) -> bool:
        """True while whoever closed it has it still; False while it begins anew."""
        with suppress(OSError):
            began = (self.session.folder / holder.HOLDER).stat().st_mtime
            return self.pulse is not None and self.pulse.closed is not None and began <= self.pulse.at
        return False

    @property
    def elapsed_s(self) -> float:
        """Seconds of running time until now; a verification's are none."""
        if self.pulse is None:
            return 0.0
        runs = self.state == "running" and self.closed is None
        return self.pulse.elapsed_s + (max(0.0, time.time() - self.pulse.at) if runs else 0.0)


def look(session: Recorded) -> Condition:
    """Look at a session, and change nothing. Raises RepositoryError where its journal is damaged or cannot be read."""
    life, who = holder.look(session.folder)
    told = _told(session)
    give_up = time.monotonic() + LAG_S
    while told is None and life == "running" and time.monotonic() < give_up:
        time.sleep(LAG_S / 6)
        told = _told(session)
    if told is None:
        # Slower: pydantic, and all that was ever journalled.
        from autoresearch.heartbeat import from_journal

        told = from_journal(session.journal)
    return Condition(session, life, who, told)


def measured_anew(session: Recorded) -> list[tuple[str, Holder]]:
    """What is being done to the session's branch on this machine, `audited` or `ablated`, and by whom."""
    found = []
    for done, root in ((AUDITED, AUDITS), (ABLATED, ABLATIONS)):
        for folder in sorted((session.common_dir / root / session.tag).glob("*")):
            life, who = holder.look(folder)
            if life == "running" and who:
                found.append((done, who))
    return found


def running(known: list[Recorded]) -> list[str]:
    """Tags of those sessions that are being run on this machine."""
    return sorted(one.tag for one in known if holder.look(one.folder)[0] == "running")


def told_by(path: Path) -> Pulse | None:
    """What a running session says of itself."""
    return pulse.read(path / PULSE)


def _told(session: Recorded) -> Pulse | None:
    """The pulse, if it says as much as the journal."""
    found = told_by(session.folder)
    try:
        size = session.journal.stat().st_size
    except OSError as error:
        raise RepositoryError(f"cannot read {session.journal}: {error.strerror}.") from error
    return found if found and found.journal_bytes == size else None
