"""What one line of a model's answer can be: a marker, a fence, a header, a path."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

NOTES = ("description", "hypothesis", "category", "expected")

# Models miscount, so 5 to 9 characters are taken; `reader` prefers the length of the opening marker, so that
# content with such lines of its own can be sent between markers of another length.
_FENCE = re.compile(r" {0,3}(?:(`{3,})([^`]*)|(~{3,})(.*))")
_PATH = r"(?:[\w.@+-]*/)*[\w.@+-]*\.[A-Za-z]\w*|(?:[\w.@+-]+/)+[\w.@+-]+"
_NAME = re.compile(_PATH)
_REMARK = re.compile(r" \([^()]*\)\Z")
_DRESS = "*_`\"' \t"
_THOUGHT = re.compile(r"\s*<(think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)
THOUGHT_ENDS = re.compile(r"</(?:think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)
_DIFF = re.compile(r"@@ .*|@@|\*\*\* (?:Begin Patch|Update File: .*)|diff --git .*")


@dataclass(frozen=True)
class Marks:
    """The lines that a block begins and ends with; between old and new lines stands a `DIVIDER`."""

    search: re.Pattern[str]
    """Group 2 is a path, where the line names one."""
    replace: re.Pattern[str]
    """Group 2 is a fence, where it stands on the same line."""


_BEHIND = rf"[:>]?(?:\s+({_PATH}))?\s*"
_FENCED = r"\s*(?:(`{3,})\s*)?"
DIVIDER = re.compile(r" {0,3}(={5,9})\s*")
MARKS = (
    Marks(
        re.compile(rf" {{0,3}}(<{{5,9}}) ?(?:SEARCH|ORIGINAL){_BEHIND}", re.IGNORECASE),
        re.compile(rf" {{0,3}}(>{{5,9}}) ?(?:REPLACE|UPDATED){_FENCED}", re.IGNORECASE),
    ),
    Marks(re.compile(rf" {{0,3}}(-{{5,9}}) SEARCH{_BEHIND}"), re.compile(rf" {{0,3}}(\+{{5,9}}) REPLACE{_FENCED}")),
)
"""Ours, with the words that models know from elsewhere; and those of another well-known tool."""


def opening(line: str) -> Marks | None:
    """The marks of the block that this line begins, at any depth: in a list, blocks are indented."""
    return next((marks for marks in MARKS if marks.search.fullmatch(line.lstrip())), None)


def closes(line: str) -> bool:
    """True for a line that ends a block."""
    return any(length(marks.replace, line) for marks in MARKS)


def length(marker: re.Pattern[str], line: str) -> int:
    """Length of the marker that is all of this line, or 0."""
    found = marker.fullmatch(line)
    return len(found[1]) if found else 0


def thought(line: str) -> str | None:
    """The tag of the reasoning that begins on this line."""
    found = _THOUGHT.match(line)
    return found[1] if found else None


def is_diff(lines: Sequence[str]) -> bool:
    """True for the body of a unified diff or a patch: as a file's text it would destroy the file."""
    said = [line for line in lines if line.strip()]
    heads = len(said) > 1 and said[0].startswith("--- ") and said[1].startswith("+++ ")
    return heads or bool(said and _DIFF.fullmatch(said[0]))


@dataclass(frozen=True)
class Fence:
    """A line of three or more backticks or tildes, with its info text."""

    char: str
    length: int
    info: str

    def matches(self, other: Fence) -> bool:
        """True when a line with this fence could take part in closing a block that `other` opened."""
        return self.char == other.char and self.length >= other.length

    @property
    def language(self) -> str:
        """The first word of the info text, in lower case."""
        return re.split(r"[\s:{]", self.info, maxsplit=1)[0].lower()

    @property
    def path(self) -> str | None:
        """The path in the info text: `python a.py`, `python:src/a.py`, `py title="a.py"`, `a.py`."""
        words = (word.strip("\"'") for word in re.split(r"[\s:=]+", self.info))
        return next((word for word in words if _NAME.fullmatch(word)), None)


def fence(line: str) -> Fence | None:
    """The fence that this line is."""
    found = _FENCE.fullmatch(line.rstrip())
    if found is None:
        return None
    run = found[1] or found[3]
    return Fence(run[0], len(run), (found[2] or found[4] or "").strip())


def label(line: str) -> tuple[str, str] | None:
    """Key and value of a header in any Markdown dress: `**Description:** x`, `### FILE: a.py`."""
    key, colon, value = line.strip().lstrip("#>*-_` \t").partition(":")
    key = key.rstrip("*_` #").lower()
    if key in NOTES and (colon or line.lstrip().startswith(("#", "*"))):
        return key, value.strip().removeprefix("**").removeprefix("__").strip()
    if key in ("file", "filename", "path"):
        name = _REMARK.sub("", value.strip(_DRESS).rstrip(":").strip(_DRESS)).strip(_DRESS)
        if name and (" " not in name or _NAME.fullmatch(name.split()[-1])):
            return "file", name
    return None


def bare_path(line: str) -> str | None:
    """The path on a line that holds nothing else, as models put it right before a block."""
    name = line.strip().removeprefix("//").strip(_DRESS + "#>:")
    return name if _NAME.fullmatch(name) else None


def commented_file(line: str) -> str | None:
    """The path on a `FILE:` line, as some models put it into the file itself: `# FILE: a.py`."""
    found = label(line.strip().removeprefix("//").removeprefix("/*").removesuffix("*/"))
    return found[1] if found and found[0] == "file" else None


def names_file(line: str) -> bool:
    """True when this line says which file the next block is."""
    found = label(line)
    return found[0] == "file" if found else bare_path(line) is not None
