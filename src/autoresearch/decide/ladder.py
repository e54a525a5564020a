"""How lines are found in a file: five rungs, each a little more lenient than the one before."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

Lines = list[str]
_DOTS = re.compile(r"(?:\.{3}|…)|(?:#|//|--|/\*|<!--)\s?[\[(]?(?:\.{3}|…).*")
"""`...`, or in a comment also with words: `# ... existing code ...`."""
Match = tuple[int, int, Lines]
"""First line, line behind the last, and what goes there."""


def exact(lines: Lines, search: Lines, replace: Lines) -> Iterator[Match]:
    n = len(search)
    for i in range(len(lines) - n + 1):
        if lines[i] == search[0] and lines[i : i + n] == search:
            yield i, i + n, replace


def trailing_blanks(lines: Lines, search: Lines, replace: Lines) -> Iterator[Match]:
    return exact(_stripped(lines), _stripped(search), replace)


def shifted(lines: Lines, search: Lines, replace: Lines) -> Iterator[Match]:
    """The same lines, all deeper or all shallower by the same blanks; the replacement moves along."""
    lines, search = _stripped(lines), _stripped(search)
    first, sought = next((k, line) for k, line in enumerate(search) if line)
    for i in range(len(lines) - len(search) + 1):
        there = lines[i + first]
        if there.lstrip() != sought.lstrip() or there == sought:
            continue
        found = lines[i : i + len(search)]
        if there.endswith(sought):
            shift = there.removesuffix(sought)
            if _indented(search, shift) == found:
                yield i, i + len(search), _indented(replace, shift)
        elif sought.endswith(there):
            shift = sought.removesuffix(there)
            out = [line.removeprefix(shift) for line in replace]
            if _indented(found, shift) == search and _stripped(_indented(out, shift)) == _stripped(replace):
                yield i, i + len(search), out


def _indented(lines: Lines, shift: str) -> Lines:
    return [shift + line if line.strip() else line for line in lines]


def elided(lines: Lines, search: Lines, replace: Lines) -> Iterator[Match]:
    """One `...` line in the search stands for any lines; one in the replacement puts them there again."""
    dots = [k for k, line in enumerate(search) if _DOTS.fullmatch(line.strip())]
    kept = [k for k, line in enumerate(replace) if _DOTS.fullmatch(line.strip())]
    if len(dots) != 1 or len(kept) > 1:
        return
    head, tail = search[: dots[0]], search[dots[0] + 1 :]
    if not any(map(str.strip, head)) or not any(map(str.strip, tail)):
        return
    tails = [match[:2] for match in trailing_blanks(lines, tail, [])]
    for start, middle, _ in trailing_blanks(lines, head, []):
        for end, stop in tails:
            if end >= middle and kept:
                yield start, stop, [*replace[: kept[0]], *lines[middle:end], *replace[kept[0] + 1 :]]
            elif end >= middle:
                yield start, stop, replace


def unpadded(lines: Lines, search: Lines, replace: Lines) -> Iterator[Match]:
    """Without the blank lines that a model put around both."""
    head = next(k for k, line in enumerate(search) if line.strip())
    tail = next(k for k, line in enumerate(reversed(search)) if line.strip())
    if head or tail:
        core = search[head : len(search) - tail]
        start, stop = _blank(replace, head), len(replace) - _blank(replace[::-1], tail)
        found = list(trailing_blanks(lines, core, replace[start:stop]))
        yield from found or shifted(lines, core, replace[start:stop])


def _blank(lines: Lines, limit: int) -> int:
    """How many lines are blank at the beginning, `limit` at most."""
    return next((k for k, line in enumerate(lines[:limit]) if line.strip()), min(limit, len(lines)))


def _stripped(lines: Lines) -> Lines:
    return [line.rstrip() for line in lines]


LADDER: tuple[Callable[[Lines, Lines, Lines], Iterator[Match]], ...] = (
    exact,
    trailing_blanks,
    shifted,
    elided,
    unpadded,
)
"""Each takes the lines of a file, of a search (not all blank) and of its replacement, and yields every match."""
