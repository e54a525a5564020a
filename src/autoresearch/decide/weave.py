"""A text and its versions as one list of lines, each with who wrote it and who took it away: any choice can be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
"""Lines as git has them: nothing but a newline ends one, and the last may lack it."""


@dataclass
class Line:
    """One line of any version, by the numbers of the changes that wrote it and took it away; None is nobody."""

    text: bytes
    born: int | None = None
    died: int | None = None

    @property
    def owners(self) -> set[int]:
        """The changes that had to do with it."""
        return {number for number in (self.born, self.died) if number is not None}

    def stands(self, chosen: Collection[int]) -> bool:
        """True where it is there when these changes are made and no others."""
        return (self.born is None or self.born in chosen) and (self.died is None or self.died not in chosen)


def weave(base: bytes, versions: Sequence[tuple[int, bytes]]) -> list[Line]:
    """All lines of a text's versions: (number of the change, text after it), each made to the one before."""
    lines = [Line(text) for text in _LINE.findall(base)]
    for number, after in versions:
        lines = _changed(lines, number, _LINE.findall(after))
    return lines


def unravelled(lines: Sequence[Line], chosen: Collection[int]) -> bytes:
    """The text with the chosen changes and no others.

    A text that has ever been there where a whole prefix of the changes is chosen, or whole groups (see `knots`).
    """
    return b"".join(line.text for line in lines if line.stands(chosen))


def knots(lines: Sequence[Line]) -> Iterator[set[int]]:
    """Sets of changes that touch each other: no line between theirs is left alone that stands nowhere else.

    A line that stands elsewhere too separates nothing: git may slide a change along lines that are equal.
    """
    alike = Counter(line.text for line in lines)
    knot: set[int] = set()
    for line in lines:
        if line.owners:
            knot |= line.owners
        elif alike[line.text] == 1 and knot:
            yield knot
            knot = set()
    if knot:
        yield knot


def lasting(lines: Sequence[Line]) -> set[int]:
    """The changes of which a diff from the first version to the last shows a line: one they wrote, or took away."""
    found: set[int] = set()
    for is_touched, stretch in groupby(lines, key=lambda line: bool(line.owners)):
        run = list(stretch) if is_touched else []
        before, after = [line for line in run if line.born is None], [line for line in run if line.died is None]
        for first, last, begin, end in _edits([line.text for line in before], [line.text for line in after]):
            found = found.union(*(line.owners for line in (*before[first:last], *after[begin:end])))
    return found


def _changed(lines: list[Line], number: int, after: list[bytes]) -> list[Line]:
    """The lines with one more version."""
    now = [at for at, line in enumerate(lines) if line.died is None]
    before = [lines[at].text for at in now]
    added: dict[int, list[bytes]] = {}
    for first, last, begin, end in _edits(before, after):
        for at in now[first:last]:
            lines[at].died = number
        added.setdefault(now[last] if last < len(now) else len(lines), []).extend(after[begin:end])
    made = []
    for at in range(len(lines) + 1):
        made += [Line(text, born=number) for text in added.get(at, ())]
        made += lines[at : at + 1]
    return made


def _edits(before: list[bytes], after: list[bytes]) -> Iterator[tuple[int, int, int, int]]:
    """(First line, end, and those of the lines that take their place) of each change between two texts."""
    start = _common(before, after)
    behind = _common(before[start:][::-1], after[start:][::-1])
    mine, theirs = before[start : len(before) - behind], after[start : len(after) - behind]
    for kind, first, last, begin, end in SequenceMatcher(None, mine, theirs).get_opcodes():
        if kind != "equal":
            yield start + first, start + last, start + begin, start + end


def _common(one: list[bytes], other: list[bytes]) -> int:
    """With how many equal lines two texts begin."""
    ends = (at for at, (mine, theirs) in enumerate(zip(one, other, strict=False)) if mine != theirs)
    return next(ends, min(len(one), len(other)))
