"""Which way the metric is better: flag, else comment, else the metric's name, else the data."""

from __future__ import annotations

import re

from autoresearch.direction import guess
from autoresearch.model import Direction
from autoresearch.report import names
from autoresearch.report.log import Rows

_WORDS = {
    **dict.fromkeys(("lower", "lower_is_better", "minimize", "minimise", "min", "down"), Direction.LOWER),
    **dict.fromkeys(("higher", "higher_is_better", "maximize", "maximise", "max", "up"), Direction.HIGHER),
}


def from_word(text: str) -> Direction | None:
    """`lower_is_better`, `minimize`, `max`, …"""
    return _WORDS.get(re.sub(r"[-\s]+", "_", text.strip().strip("\"'").lower()))


def from_name(metric: str) -> Direction | None:
    """What the metric's name says, where it says one thing; `ops_sec` and `tok_s` are rates, not times."""
    return Direction.HIGHER if names.is_rate(metric) else guess("_".join(names.words(metric)))


def from_rows(rows: Rows) -> Direction | None:
    """Which way keeps move and discards fall back: at least two votes, three in four of them agreeing.

    Without a keep that moved nothing is said: what was not kept may have been better, and not by enough.
    """
    up = down = moved = 0
    incumbent: float | None = None
    current = -1
    for segment, value, status in zip(rows.segments, rows.values, rows.statuses, strict=True):
        if segment != current:
            current, incumbent = segment, None
        if value is None or status not in ("baseline", "keep", "discard"):
            continue
        if incumbent is not None and value != incumbent:
            toward_up = (value > incumbent) == (status != "discard")
            up, down = up + toward_up, down + (not toward_up)
            moved += status == "keep"
        if status != "discard":
            incumbent = value
    if not moved or max(up, down) < 2 or max(up, down) < 0.75 * (up + down):
        return None
    return Direction.HIGHER if up > down else Direction.LOWER


def resolve(
    flag: Direction | None, comment: Direction | None, metric: str, rows: Rows
) -> tuple[Direction | None, tuple[str, ...]]:
    """The direction by the first source that knows it, and what contradicts it."""
    sources = [
        ("--direction", flag),
        ("the file's comment", comment),
        (f"the name {metric}", from_name(metric)),
        ("the way keeps and discards fall", from_rows(rows)),
    ]
    known = [(source, said) for source, said in sources if said is not None]
    if not known:
        return None, (f"nothing says whether higher or lower {metric} is better: give --direction",)
    chosen_by, chosen = known[0]
    against = [source for source, said in known if said is not chosen]
    if not against:
        return chosen, ()
    return chosen, (f"{chosen_by} says that {chosen} {metric} is better; {' and '.join(against)} says the opposite",)
