"""Baselines, resets and zeros that mean nothing: what only the rows together can tell."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Literal

from autoresearch.report.cells import shorten
from autoresearch.report.log import Row, Segment

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

    rows: tuple[Row, ...]
    segments: tuple[Segment, ...]
    warnings: tuple[str, ...]


def marks_reset(text: str) -> bool:
    """True for a comment or a line of prose that announces that what follows is not comparable."""
    return _RESET.search(text) is not None


def place(rows: Sequence[Row], *, metric: str, resets: Collection[int]) -> Placed:
    """Find baselines and resets. `resets` are the lines of markers that stand between rows."""
    numbered: list[Row] = []
    segments: list[Segment] = []
    warnings: list[str] = []
    for row, begins in _beginnings(rows, resets):
        if begins is not None:
            segments.append(Segment(len(segments), row.line, metric, None, begins))
        elif row.status == "baseline" and numbered[-1].status != "baseline":
            warnings.append(f"line {row.line} is a baseline with nothing after it: read as a second look, not a reset")
        numbered.append(replace(row, segment=len(segments) - 1) if len(segments) > 1 else row)
    settled: list[Row] = []
    for _, group in groupby(numbered, key=attrgetter("segment")):
        own, assumed = _with_baseline(list(group))
        settled += own
        warnings += assumed
    cleared, zeros = without_empty_zeros(settled)
    return Placed(cleared, tuple(segments), (*warnings, *zeros))


def without_empty_zeros(rows: Sequence[Row]) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """0 stands for "never measured" on crashes and rows of no certain status; on discards unless a keep is 0."""
    kept = [row for row in rows if row.status in ("keep", "baseline") and row.value is not None]
    zeros = [row for row in kept if row.value == 0]
    empty = {"crash", "other"} if zeros else {"crash", "other", "discard"}
    cleared = tuple(replace(row, value=None) if row.value == 0 and row.status in empty else row for row in rows)
    told = sum(a is not b and a.status != "crash" for a, b in zip(rows, cleared, strict=True))
    said = [f"0 stands for not measured in {told} rows that were not kept"] if told else []
    if 0 < len(zeros) < len(kept) / 2:
        said.append(f"0 was kept in line {zeros[0].line}, taken for a measured value; so is 0 in discarded rows")
    return cleared, tuple(said)


def _beginnings(rows: Sequence[Row], resets: Collection[int]) -> Iterator[tuple[Row, str | None]]:
    """Each row with its standing, and where it begins a segment why ("" for the first)."""
    # A baseline that no experiment follows is a last look at the result, not a new start.
    last = next((i for i in reversed(range(len(rows))) if not _announces(rows[i], "middle")), -1)
    markers = sorted(resets, reverse=True)
    leading = True
    for i, row in enumerate(rows):
        marked = False
        while markers and markers[-1] < row.line:
            markers.pop()
            marked = True
        begins = None
        if i == 0:
            begins = ""
        elif marked:
            begins = "the file marks a reset"
        elif not leading and i < last and _announces(row, "middle"):
            begins = f"a new baseline: {shorten(row.description or row.raw_status, 50)}"
        here: _Place = "first" if begins is not None else "lead" if leading else "middle"
        baseline = _announces(row, here)
        leading = baseline and here != "middle"
        yield replace(row, status="baseline") if baseline else row, begins


def _announces(row: Row, place: _Place) -> bool:
    """Does the row say that it is a baseline? The deeper in the segment, the plainer it must."""
    if row.status in ("discard", "crash") or (row.status == "other" and place == "middle"):
        return False
    if row.status == "baseline":
        return True
    if place == "first" and _BASELINE.match(row.description):
        return True
    found = _NEW_BASELINE.match(row.description)
    return found is not None and not _COMPARING.search(found["kind"] or "")


def _with_baseline(rows: list[Row]) -> tuple[list[Row], tuple[str, ...]]:
    """The rows of one segment, the first taken for the baseline where none says so and it can be one."""
    first = rows[0]
    if any(row.status == "baseline" for row in rows) or first.value is None or first.status not in ("keep", "other"):
        return rows, ()
    said = f"no row calls itself the baseline: the first one (line {first.line}) is taken for it"
    return [replace(first, status="baseline"), *rows[1:]], (said,)
