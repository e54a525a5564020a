"""Named literals and annotations of C, C++, CUDA, JavaScript, Rust, Go and their kin, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autoresearch.propose.scan.source import LITERAL, Literal, Note, Scan, literals_at, notes_in

_COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_DEFINE = re.compile(rf"[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+\(?({LITERAL})(?:[uUlLfF]{{1,3}})?\)?\s*$")
_SUFFIX = r"(?:[uUlLfFdDn]{1,3}|_?[iuf](?:8|16|32|64|128|size))?"
_CONST = re.compile(
    rf"(?P<indent>[ \t]*)(?:\w+[ \t]+)*?(?:const|constexpr|final)[ \t]+(?P<left>[\w:<> \t]+?)[ \t]*="
    rf"[ \t]*(?P<value>{LITERAL}){_SUFFIX}[ \t]*;?\s*$"
)
_TYPE = r"(?:u?int|float)(?:8|16|32|64)?|bool"
_ANY = re.compile(rf"(\w+)(?:[ \t]*:[ \t]*\w+|[ \t]+(?:{_TYPE}))?[ \t]*(?::=|[:=])[ \t]*({LITERAL}){_SUFFIX}(?![\w.])")


def scan(text: str) -> Scan:
    """`#define`, `const` and `final` lines with a literal; of an annotated line any `name = literal`."""
    notes: list[Note] = []

    def without_comment(found: re.Match[str]) -> str:
        if found[0].startswith('"'):
            return found[0]
        notes.extend(notes_in(text, found.start(), found.end()))
        return re.sub(r"[^\r\n]", " ", found[0])

    code = _COMMENT_OR_STRING.sub(without_comment, text)
    literals: list[Literal] = []
    start = 0
    for line in code.splitlines(keepends=True):
        for name, (first, last), constant in _line(line):
            literals += literals_at(name, text, start + first, start + last, constant)
        start += len(line)
    return literals, notes


def _line(line: str) -> Iterator[tuple[str, tuple[int, int], bool]]:
    if found := _DEFINE.match(line):
        yield found[1], found.span(2), not found[1].startswith("_")
    elif found := _CONST.match(line):
        words = found["left"].replace("::", ".").partition(":")[0].split()
        type_last = len(words) == 2 and re.fullmatch(_TYPE, words[1]) is not None  # as Go has it
        name = words[0] if type_last else words[-1]
        yield name, found.span("value"), name.isupper() or not found["indent"]
    else:
        for found in _ANY.finditer(line):
            yield found[1], found.span(2), False
