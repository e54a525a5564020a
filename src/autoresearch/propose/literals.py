"""The knobs of a target text: its tunable literals, and writing other values in their place."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoresearch.errors import ProposerError
from autoresearch.model import Scalar
from autoresearch.propose.names import is_seed
from autoresearch.propose.ranges import Range, annotated, around, why_not
from autoresearch.propose.scan import scan
from autoresearch.propose.scan.source import NEWLINE, Literal, Note

BOM = "\ufeff"


@dataclass(frozen=True)
class Knob:
    """A literal that may be tuned, and between which values."""

    name: str
    """Unique in its file."""
    path: str
    value: Scalar
    """As the text has it now."""
    range: Range
    annotated: bool
    start: int
    """Where the literal begins in the text, in characters; `end` is just behind it."""
    end: int

    @property
    def key(self) -> str:
        """`train.py:LEARNING_RATE`, as in a trial's params."""
        return f"{self.path}:{self.name}"


@dataclass(frozen=True)
class Left:
    """A constant that is left alone, and why."""

    name: str
    path: str
    source: str
    """As the text has it."""
    reason: str
    start: int


def line_of(text: str, at: Knob | Left) -> int:
    """The line of the text that it begins on, from 1."""
    return bisect_right([newline.end() for newline in NEWLINE.finditer(text)], at.start) + 1


def lift(path: str, text: str) -> tuple[Knob | Left, ...]:
    """The constants of a file, as knobs or with the reason why not, in order of appearance. Raises ProposerError.

    Where any literal is annotated, only the annotated ones are knobs. An annotation holds for every literal that
    ends on its line.
    """
    body = text.removeprefix(BOM)
    shift = len(text) - len(body)
    literals, notes = scan(path, body)
    ranges = _annotated(path, body, literals, notes)
    seen: Counter[str] = Counter()
    found: list[Knob | Left] = []
    for literal in literals:
        if literal not in ranges and not literal.constant:
            continue
        span = ranges.get(literal) or _unasked(literal, annotated_alone=bool(notes))
        start, end = literal.start + shift, literal.end + shift
        if isinstance(span, str) or literal.value is None:
            found.append(Left(literal.name, path, text[start:end], str(span), start))
            continue
        seen[literal.name] += 1
        name = literal.name if seen[literal.name] == 1 else f"{literal.name}@{seen[literal.name]}"
        found.append(Knob(name, path, literal.value, span, bool(notes), start, end))
    return tuple(found)


def _unasked(literal: Literal, *, annotated_alone: bool) -> Range | str:
    """The range of a literal without an annotation, or why it has none."""
    if literal.value is None:
        return "not a plain number"
    if annotated_alone:
        return "not annotated, and others in this file are"
    return around(literal.name, literal.value) or why_not(literal.name, literal.value)


def _annotated(path: str, text: str, literals: Sequence[Literal], notes: Sequence[Note]) -> dict[Literal, Range]:
    starts = [0, *(newline.end() for newline in NEWLINE.finditer(text))]
    by_line: dict[int, list[Literal]] = {}
    for literal in literals:
        if literal.value is None:
            continue
        by_line.setdefault(bisect_right(starts, literal.end), []).append(literal)
    chosen: dict[Literal, Range] = {}
    for note in notes:
        line = bisect_right(starts, note.start)
        try:
            if any(literal.value is None and bisect_right(starts, literal.end) == line for literal in literals):
                raise ValueError("what it stands behind is not written as a plain number")
            if line not in by_line:
                raise ValueError("it must stand behind a named number, boolean or string, on the same line")
            tuned = [literal for literal in by_line[line] if not is_seed(literal.name)]
            if not tuned:
                raise ValueError("another random seed is no improvement, and is refused")
            for literal in tuned:
                assert literal.value is not None
                chosen[literal] = annotated(note.text, literal.value)
        except ValueError as e:
            raise ProposerError(f"{path} line {line}: the annotation `tune: {note.text}` does not fit: {e}.") from e
    return chosen


def rewrite(text: str, values: Mapping[Knob, Scalar]) -> str:
    """The text with other values for its knobs; nothing but their literals changes, and none that stays equal."""
    for knob in sorted(values, key=lambda knob: knob.start, reverse=True):
        if values[knob] != knob.value:
            written = _written(knob, text[knob.start : knob.end], values[knob])
            text = text[: knob.start] + written + text[knob.end :]
    return text


def _written(knob: Knob, old: str, value: Scalar) -> str:
    """The value as the language writes it, judged by what stood there."""
    if isinstance(value, bool):
        word = "true" if value else "false"
        return word.capitalize() if old in ("True", "False") else word
    if isinstance(value, str):
        return f"{old[0]}{value}{old[0]}" if old[0] in "\"'" else value
    if isinstance(knob.value, int):
        return str(int(value))
    number = repr(float(value))
    # YAML 1.1 reads 1e-05, without a dot, as a string.
    return re.sub(r"^(-?\d+)e", r"\1.0e", number) if knob.path.endswith((".yaml", ".yml")) else number
