"""When a page was made, and what its session was doing then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from autoresearch.report.log import Log

_PATIENCE_S = 120.0
_TIMES = 2.0
"""How many times the longest experiment so far one may take, proposal and all."""
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
        if session.closed and session.ended:
            ended = datetime.fromisoformat(session.ended).astimezone(moment.at.tzinfo)
            return f"ended {ended:%Y-%m-%d %H:%M:%S}: {session.closed}"
        again = session.goes_on or f"autoresearch run --tag {session.tag}"
        return f"stopped {moment.at:%Y-%m-%d} {clock} before its end; it goes on with: {again}"
    number = session.in_progress or len(log.rows) + 1
    what = f"experiment {number}" if number > 1 else "the baseline"
    trying = f" “{log.trying}”" if log.trying and number > 1 else ""
    return f"as of {clock}, running: {what}{trying}" + (f"; {moment.waiting}" if moment.waiting else "")


def expected_s(log: Log) -> float:
    """Seconds within which a running session makes the next page, as far as its runs so far tell."""
    known = [row.duration_s for row in log.rows if row.duration_s is not None]
    return _PATIENCE_S + _TIMES * max(known) if known else _AT_FIRST_S
