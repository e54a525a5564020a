"""What a model is told of a block that does not match exactly once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoresearch.decide.ladder import Lines
from autoresearch.decide.reply import Refusal, Replace
from autoresearch.decide.target import Target, split


@dataclass(frozen=True)
class Place:
    """Where a block matches, and the lines that go there."""

    path: str
    start: int
    stop: int
    lines: list[str]


ENOUGH = 50
"""Places counted of a block that matches too often."""


def mismatch(within: Mapping[str, Target], edit: Replace, places: Sequence[Place], *, near: bool = True) -> Refusal:
    """Which block, how often it matched, and what would help; with the lines `near` it."""
    names = ", ".join(within)
    if not edit.search.strip():
        return Refusal("empty search", f"SEARCH is empty, but {names} is not. Copy the lines to replace into it.")
    block = _quoted(split(edit.search))
    if places:
        many = "at least " if len(places) == ENOUGH else ""
        where = ", ".join(f"{place.path}:{place.start + 1}" for place in places[:5])
        return Refusal(
            "search ambiguous",
            f"SEARCH matches {many}{len(places)} places ({where}); it must match exactly one. Add lines "
            f"around the change.\n{block}",
        )
    blanks = _but_for_blanks(within, split(edit.search))
    nearest = _nearest(within, edit.search) if near and not blanks else ""
    return Refusal("search not found", f"SEARCH matches 0 places in {names}.{blanks}\n{block}{nearest}")


def _but_for_blanks(within: Mapping[str, Target], search: Lines) -> str:
    """Where the search would match if tabs, and blanks within lines, were no matter."""
    sought = ["".join(line.split()) for line in search]
    for path, target in within.items():
        there = ["".join(line.split()) for line in target.lines]
        at = next((k for k in range(len(there) - len(sought) + 1) if there[k : k + len(sought)] == sought), None)
        if at is not None:
            near = _quoted(target.lines[at : at + len(sought)])
            return f" Copy tabs and blanks as they are in {path}, from line {at + 1}:\n{near}\nSEARCH was:"
    return ""


def _nearest(within: Mapping[str, Target], search: str) -> str:
    """The lines of the file around the one most like a line of the search, the longest tried first."""
    sought = split(search)
    telling = sorted((k for k, line in enumerate(sought) if line.strip()), key=lambda k: -len(sought[k].strip()))
    for k in telling[:3]:
        for path, target in within.items():
            close = difflib.get_close_matches(sought[k].strip()[:200], [s.strip()[:200] for s in target.lines], n=1)
            if close:
                at = next(i for i, line in enumerate(target.lines) if line.strip()[:200] == close[0])
                start, stop = max(0, at - k - 2), at - k + len(sought) + 2
                near = _quoted(target.lines[start:stop])
                return f"\nThe nearest lines of {path}, from line {start + 1}:\n{near}"
    return ""


def _quoted(lines: Lines, limit: int = 40) -> str:
    """Lines between marks that none of them can close."""
    more = [f"[… {len(lines) - limit} more lines]"] if len(lines) > limit else []
    longest = max((len(run) for line in lines[:limit] for run in re.findall("`+", line)), default=0)
    mark = "`" * max(7, longest + 1)
    return "\n".join([mark, *lines[:limit], *more, mark])
