"""What a scanner finds, and how the source of a literal is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from autoresearch.model import Scalar

NEWLINE = re.compile(r"\r\n|\r|\n")
INT = r"[-+]?(?:0|[1-9](?:[_']?\d)*)"
FLOAT = r"[-+]?(?:\d[\d_']*\.[\d_]*|\.\d[\d_]*|\d[\d_']*(?=[eE]))(?:[eE][-+]?\d+)?"
STRING = r"\"[^\"'\\\n]*\"|'[^\"'\\\n]*'"
LITERAL = rf"{FLOAT}|{INT}|true\b|false\b|{STRING}"
BOOLS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NUMBERS = re.compile(r"[-+~(\[{.]*\d[\w\s.,+\-*/%()\[\]{}<>&|^~']*")
_NOTE = re.compile(r"(?:#|//|/\*)[ \t]*tune:[ \t]*([^\r\n]*?)[ \t]*(?:\*/[ \t]*)?(?:$|(?=\r))", re.MULTILINE)


@dataclass(frozen=True)
class Literal:
    """A literal of the text; `start` and `end` count characters."""

    name: str
    value: Scalar | None
    """None for a constant that is set to numbers, but to no plain one: `2 ** 19`, `0xFF`, `(64, 64)`."""
    start: int
    end: int
    constant: bool = True
    """False where only an annotation can say that it is meant to be tuned."""


@dataclass(frozen=True)
class Note:
    """What an annotation at `start` says behind `tune:`."""

    start: int
    text: str


Scan = tuple[list[Literal], list[Note]]


def read(source: str) -> Scalar | None:
    """The value of a literal's source; None for what is not a plain decimal number, a boolean or a simple string."""
    digits = source.replace("_", "").replace("'", "")
    if re.fullmatch(INT, source):
        return int(digits) if len(digits) < 20 else None
    if re.fullmatch(FLOAT, source):
        value = float(digits)
        return value if abs(value) != float("inf") else None
    if re.fullmatch(STRING, source):
        return source[1:-1]
    return BOOLS.get(source.lower())


def literals_at(name: str, text: str, start: int, end: int, constant: bool = True) -> Iterator[Literal]:
    """The literal at this place of the text, or nothing where `read` cannot read it."""
    value = read(text[start:end])
    if value is not None:
        yield Literal(name, value, start, end, constant)


def opaque_at(name: str, text: str, start: int, end: int) -> Iterator[Literal]:
    """The constant at this place, if it is made of numbers that nobody can tell apart."""
    if _NUMBERS.fullmatch(text[start:end].strip()):
        yield Literal(name, None, start, end)


def notes_in(text: str, start: int = 0, end: int | None = None) -> list[Note]:
    """The annotations in a part of the text: whatever stands behind a comment's mark and `tune:`."""
    return [Note(found.start(), found[1]) for found in _NOTE.finditer(text, start, len(text) if end is None else end)]
