"""When a page was made, and what its session was doing then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from autoresearch.report.log import Log

_PATIENCE_S = 900.0
_RUNS = 8
"""A sweep takes six runs, between which no page is made."""
_AT_FIRST_S = 3600.0


@dataclass(frozen=True)
class Moment:
    """Of a page that a running session makes again and again."""

    at: datetime
    running: bool
    """False for the last page."""
    waiting: str = ""
    """What the session waits for, where it does."""


def doing(log: Log, moment: Moment) -> str:
    """What the session is at: `as of 03:12:05, running: experiment 41 “wider”`; of the last page, that it is over."""
    clock = moment.at.strftime("%H:%M:%S")
    session = log.session
    assert session is not None
    if not moment.running:
        day = moment.at.strftime("%Y-%m-%d")
        if session.closed:
            return f"ended {day} {clock}: {session.closed}"
        return f"stopped {day} {clock} before its end; it goes on with: autoresearch run --tag {session.tag}"
    number = session.in_progress or len(log.rows) + 1
    what = f"experiment {number}" if number > 1 else "the baseline"
    trying = f" “{log.trying}”" if log.trying and number > 1 else ""
    return f"as of {clock}, running: {what}{trying}" + (f"; {moment.waiting}" if moment.waiting else "")


def expected_s(log: Log) -> float:
    """Seconds within which a running session makes the next page, as far as its runs so far tell."""
    runs = [run.duration_s for ran in log.ran.values() for run in ran.runs]
    return _PATIENCE_S + _RUNS * max(runs) if runs else _AT_FIRST_S
