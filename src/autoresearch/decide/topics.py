"""Which changes belong together, and the files with any of these groups alone; what a group is called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from autoresearch.decide.weave import Line, knots, lasting, unravelled, weave

File = tuple[str, bytes]
"""A file's mode and bytes."""
Topic = tuple[int, ...]
"""Places of changes in their sequence, in order."""
LONGEST_NAME = 32
"""Characters of a topic's name."""


@dataclass(frozen=True)
class Fabric:
    """Files with a sequence of changes, each made to what the one before left."""

    base: Mapping[str, File | None]
    """Every file that a change touches, as it was before; None where there was none."""
    changes: Sequence[Mapping[str, File | None]]
    """What each change made of the files that it touches."""
    texts: Mapping[str, Sequence[Line]]
    """The files whose changes can be told apart line by line."""

    def files(self, chosen: Collection[int]) -> dict[str, File | None]:
        """The files that differ from the base with the chosen changes and no others."""
        found = {path: self.file(path, chosen) for path in self.base}
        return {path: file for path, file in found.items() if file != self.base[path]}

    def file(self, path: str, chosen: Collection[int]) -> File | None:
        """One file with the chosen changes and no others."""
        base = self.base[path]
        if path in self.texts and base is not None:
            return base[0], unravelled(self.texts[path], chosen)
        made = [change[path] for at, change in enumerate(self.changes) if at in chosen and path in change]
        return made[-1] if made else base

    def touching(self, path: str) -> list[int]:
        """The changes that touch a file."""
        return [at for at, change in enumerate(self.changes) if path in change]

    def lasting(self) -> set[int]:
        """The changes of which something shows in the end; the others were taken back, or written over."""
        found: set[int] = set()
        changed = self.files(range(len(self.changes)))
        for path in self.base:
            if path in self.texts:
                found |= lasting(self.texts[path])
            elif path in changed:
                found.update(self.touching(path))
        return found

    def topics(self, together: Iterable[Collection[int]] = ()) -> list[Topic]:
        """The changes in groups that do not touch each other, by their first change; each change is in just one.

        `together` holds changes that belong together for another reason.
        """
        leader = list(range(len(self.changes)))
        for group in (*self._knots(), *together):
            low = min(leader[at] for at in group)
            joined = {leader[at] for at in group}
            leader = [low if each in joined else each for each in leader]
        return [tuple(at for at, each in enumerate(leader) if each == low) for low in sorted(set(leader))]

    def _knots(self) -> Iterable[Collection[int]]:
        for path in self.base:
            if path in self.texts:
                yield from knots(self.texts[path])
            else:
                yield self.touching(path)


def fabric(base: Mapping[str, File | None], changes: Sequence[Mapping[str, File | None]]) -> Fabric:
    """Files and the changes to them. `base` has every path that a change has."""
    texts = {}
    for path, before in base.items():
        after = [(at, change[path]) for at, change in enumerate(changes) if path in change]
        if before is not None and _is_text(before) and after:
            plain = [(at, file[1]) for at, file in after if file and _is_text(file) and file[0] == before[0]]
            if len(plain) == len(after):
                texts[path] = weave(before[1], plain)
    return Fabric(base, changes, texts)


def _is_text(file: File) -> bool:
    return b"\0" not in file[1]


def named(descriptions: Sequence[Sequence[str]]) -> list[str]:
    """A name for each topic, fit for the end of a branch's, from texts that tell of it, the best first."""
    taken: list[str] = []
    for texts in descriptions:
        name = next(filter(None, map(_slug, texts)), "topic")
        number = 1
        while (free := name if number == 1 else f"{name}-{number}") in taken:
            number += 1
        taken.append(free)
    return taken


def _slug(text: str) -> str:
    """`cache-the-board` of `Cache the board!`: ASCII letters, digits and dashes, cut at a word."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain))
    if len(slug) <= LONGEST_NAME:
        return slug
    return slug[: LONGEST_NAME + 1].rpartition("-")[0] or slug[:LONGEST_NAME]
