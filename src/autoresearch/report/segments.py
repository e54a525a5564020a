"""Baselines, resets and zeros that mean nothing: what only the rows together can tell."""

from __future__ import annotations

import re
from bisect import bisect_right as bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import Literal

from autoresearch.report.cells import shorten
from autoresearch.report.log import Rows, Segment

_BASELINE = re.compile(
    r"\W*(?:\S+\s+){0,3}(?:(?:new|fresh|initial|original|updated|re-?)\s*)?baseline(?:_reset)?\b",
    re.IGNORECASE,
)
_NEW_BASELINE = re.compile(
    r"\W*(?:(?:new|fresh|updated|re-?)\s*baseline(?:_reset)?\b"
    r"|baseline(?:_reset\b|\s*$|\s*[:(,.;—–])"
    r"|(?P<kind>\S+\s+(?:\S+\s+){0,2})baseline(?:\s*$|\s*[:(]|\s+(?:with|for|on)\b))",
    re.IGNORECASE,
)
_COMPARING = re.compile(
    r"\b(vs|than|to|from|over|of|against|below|above|under|beats?|match(es)?|same|as|near|like|restored?|revert(ed)?|back"
    r"|not?|improved?|corrected|the|current|previous|old|and|between)\b",
    re.IGNORECASE,
)
_RESET = re.compile(
    r"\b(baseline[ _-]reset|reset[ _-](the[ _-])?baseline|new (baseline|segment)|v\d+ boundary)\b",
    re.IGNORECASE,
)

_Place = Literal["first", "lead", "middle"]
"""Where in its segment a row stands: first, behind nothing but baselines, or behind an experiment."""


@dataclass(frozen=True)
class Placed:
    """Rows with their final standing, the segments they fall into, and what was assumed on the way."""

    rows: Rows
    segments: tuple[Segment, ...]
    warnings: tuple[str, ...]


def marks_reset(text: str) -> bool:
    """True for a comment or a line of prose that announces that what follows is not comparable."""
    return _RESET.search(text) is not None


def place(rows: Rows, *, metric: str, resets: Iterable[int]) -> Placed:
    """Find baselines and resets. `resets` are the lines of markers that stand between rows."""
    statuses = list(rows.statuses)
    begun: dict[int, str] = {}
    warnings: list[str] = []
    for i, begins in _baselines(rows, resets, begun):
        if not begins and statuses[i - 1] != "baseline":
            line = rows[i].line
            warnings.append(f"line {line} is a baseline with nothing after it: read as a second look, not a reset")
        statuses[i] = "baseline"
    stretches = [range(*ends) for ends in pairwise([*begun, len(rows)])]
    for stretch in stretches:
        first = stretch.start
        unsaid = "baseline" not in statuses[first : stretch.stop] and rows.values[first] is not None
        if unsaid and statuses[first] in ("keep", "other"):
            statuses[first] = "baseline"
            line = rows[first].line
            warnings.append(f"no row calls itself the baseline: the first one (line {line}) is taken for it")
    numbers = [number for number, stretch in enumerate(stretches) for _ in stretch]
    cleared, zeros = without_empty_zeros(rows.but(statuses=statuses, segments=numbers))
    segments = [Segment(k, rows[i].line, metric, None, why) for k, (i, why) in enumerate(begun.items())]
    return Placed(cleared, tuple(segments), (*warnings, *zeros))


def without_empty_zeros(rows: Rows) -> tuple[Rows, tuple[str, ...]]:
    """0 stands for "never measured" on crashes and rows of no certain status; on discards unless a keep is 0."""
    said = zip(rows.values, rows.statuses, strict=True)
    kept = [
        (value, i) for i, (value, status) in enumerate(said) if status in ("keep", "baseline") and value is not None
    ]
    zeros = [i for value, i in kept if value == 0]
    empty = {"crash", "other"} if zeros else {"crash", "other", "discard"}
    cleared = [i for i, value in enumerate(rows.values) if value == 0 and rows.statuses[i] in empty]
    values = list(rows.values)
    for i in cleared:
        values[i] = None
    told = sum(rows.statuses[i] != "crash" for i in cleared)
    doubts = [f"0 stands for not measured in {told} rows that were not kept"] if told else []
    if 0 < len(zeros) < len(kept) / 2:
        line = rows[zeros[0]].line
        doubts.append(f"0 was kept in line {line}, taken for a measured value; so is 0 in discarded rows")
    return rows.but(values=values) if cleared else rows, tuple(doubts)


def _baselines(rows: Rows, resets: Iterable[int], begun: dict[int, str]) -> Iterator[tuple[int, bool]]:
    """Index of each baseline, and whether it begins a segment. What begins one, baseline or not, goes into `begun`
    with the reason ("" for the first)."""
    speaking = [i for i, status in enumerate(rows.statuses) if status not in ("discard", "crash")]
    # A baseline that no experiment follows is a last look at the result, not a new start.
    last = next((i for i in reversed(range(len(rows))) if not _announces(rows, i, "middle")), -1)
    marked = {bisect(rows, line, key=attrgetter("line")) for line in resets}
    leading, before = True, -1
    for i in sorted(i for i in {0, *speaking, *marked} if i < len(rows)):
        # Whatever lies between is an experiment.
        leading = leading and i == before + 1
        before = i
        begins = None
        if i == 0:
            begins = ""
        elif i in marked:
            begins = "the file marks a reset"
        elif not leading and i < last and _announces(rows, i, "middle"):
            begins = f"a new baseline: {shorten(rows[i].description or rows[i].raw_status, 50)}"
        if begins is not None:
            begun[i] = begins
        here: _Place = "first" if begins is not None else "lead" if leading else "middle"
        if baseline := _announces(rows, i, here):
            yield i, begins is not None
        leading = baseline and here != "middle"


def _announces(rows: Rows, i: int, place: _Place) -> bool:
    """Does the row say that it is a baseline? The deeper in the segment, the plainer it must."""
    status = rows.statuses[i]
    if status in ("discard", "crash") or (status == "other" and place == "middle"):
        return False
    if status == "baseline":
        return True
    description = rows[i].description
    if place == "first" and _BASELINE.match(description):
        return True
    found = _NEW_BASELINE.match(description)
    return found is not None and not _COMPARING.search(found["kind"] or "")
