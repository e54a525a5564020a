"""What a session is doing: small enough to be written at every step, and read without loading what a session takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autoresearch.decide.interval import Interval

SCHEMA = 1
"""Of the file; one with another number is not read, and the journal is."""


@dataclass(frozen=True)
class Wait:
    """A wait for somebody who does not answer. Times are seconds since 1970."""

    who: str
    why: str
    until: float
    gives_up: float


@dataclass(frozen=True)
class Scored:
    """An experiment and its metric."""

    n: int
    value: float | None
    commit: str | None


@dataclass(frozen=True)
class Counts:
    """What became of the experiments."""

    settled: int = 0
    """All that are over, baseline and sentinels included: what a budget counts."""
    tries: int = 0
    """Those that are neither; the rest is of them."""
    kept: int = 0
    discarded: int = 0
    crashed: int = 0
    streak: int = 0
    """Since the latest keep."""


@dataclass(frozen=True)
class Pulse:
    """A session at its latest record. Times are seconds since 1970, durations are seconds."""

    tag: str
    journal_bytes: int
    """Length of the journal that this was told from: a longer one has more to say."""
    at: float
    """When the record was written."""
    model: str
    metric: str
    direction: str
    phase: str
    since: float
    """When the phase began."""
    n: int | None
    """The experiment in progress."""
    by: str | None = None
    """Who proposes it."""
    description: str = ""
    limit_s: float | None = None
    """How long the phase may take."""
    hook: str | None = None
    """The hook that runs; it is the phase too."""
    waiting: Wait | None = None
    stopping: bool = False
    """True once a stop was asked for."""
    counts: Counts = Counts()
    baseline: Scored | None = None
    best: Scored | None = None
    change: float | None = None
    """Best over baseline as measured, relative, positive when better."""
    elapsed_s: float = 0.0
    """Of all lives, at the latest record."""
    budget: Mapping[str, float] = field(default_factory=dict)
    patience: int | None = None
    again: str = ""
    """The command that goes on with it; empty where that is not known."""
    usd: float = 0.0
    tokens: int = 0
    replies: int = 0
    unpriced: int = 0
    lives: int = 1
    closed: str | None = None
    """Why the latest life ended; None while it runs, or where it did not end in order."""
    closed_at: float | None = None
    verified: Interval | None = None
    """Gain of what stands now over the baseline, measured again; None where it was not."""
    verifying: tuple[int, int] | None = None
    """Pairs measured and asked for, where the latest record is a verification's."""


_PARTS = {"waiting": Wait, "counts": Counts, "baseline": Scored, "best": Scored, "verified": Interval}
"""Fields that have fields."""


def write(pulse: Pulse) -> bytes:
    """The file's text."""
    return json.dumps({"schema": SCHEMA, **vars(pulse)}, default=vars).encode()


def read(path: Path) -> Pulse | None:
    """What the file says; None where it is missing, torn, or of another version."""
    try:
        held: dict[str, Any] = json.loads(path.read_bytes())
        if held.pop("schema") != SCHEMA:
            return None
        for name, kind in _PARTS.items():
            held[name] = held[name] and kind(**held[name])
        verifying = held.pop("verifying")
        return Pulse(**held, verifying=verifying and (int(verifying[0]), int(verifying[1])))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None
