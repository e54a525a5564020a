"""The text of one cell: made safe to show, and read as a number where it is one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import NamedTuple

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NUMBER = re.compile(
    r"""[~≈]?\s*
    (?P<number>[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    (?P<scale>[kKM](?![A-Za-z]))?
    (?P<unit>\*?|\s+[^\d\s].*|[%A-Za-zµ°][^\d\s]*)""",
    re.VERBOSE,
)
_BEGINNINGS = frozenset("+-.~≈ 0123456789")
_PLAIN = re.compile(r"[+-]?[0-9]{1,300}(?:\.[0-9]*)?")
_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6}
_MISSING = frozenset(
    [
        "-",
        "–",
        "—",
        "--",
        "n/a",
        "na",
        "nan",
        "none",
        "null",
        "inf",
        "-inf",
        "+inf",
        "?",
        "tbd",
        "pending",
        "hang",
        "hung",
        "crash",
        "crashed",
        "oom",
        "timeout",
        "error",
        "fail",
        "failed",
        "skip",
        "skipped",
    ]
)
_SEEN = b"\t\n" + bytes(range(0x20, 0x7F))
_HASH = re.compile(r"[0-9a-f]{6,40}", re.IGNORECASE)


class Reading(NamedTuple):
    """A number found in a cell, with what stood behind it."""

    value: float
    unit: str


def clean(text: str) -> str:
    """The text on one line, without control characters: a model wrote it, and terminals and pages show it."""
    if text.isprintable():
        return text.strip()
    flat = _LONE_SURROGATE.sub("\ufffd", " ".join(text.split()))
    return _CONTROL.sub("\ufffd", flat)


def are_printable(text: str) -> bool:
    """True where all but tabs and newlines is printable; quicker than `str.isprintable` where most is ASCII."""
    rest = text.encode(errors="surrogatepass").translate(None, _SEEN)
    return rest.decode(errors="surrogatepass").isprintable()


def unquote(cell: str) -> str:
    """Without the quotes that a CSV writer put around it; quotes that belong to the text stay."""
    if len(cell) < 2 or cell[0] != '"' or cell[-1] != '"':
        return cell
    inner = cell[1:-1].replace('""', "\0")
    return cell if '"' in inner else inner.replace("\0", '"')


def number(cell: str) -> Reading | None:
    """The finite number that a cell means: `68.6%`, `1,234`, `~970K`, `12 ms`; never half of `223/90`."""
    # Most cells are plain numbers or plainly none, and a table has a million of them.
    if _PLAIN.fullmatch(cell):
        return Reading(float(cell), "")
    if cell[:1] not in _BEGINNINGS:
        return None
    found = _NUMBER.fullmatch(cell.strip())
    if found is None:
        return None
    value = float(found["number"].replace(",", "")) * _SCALES.get(found["scale"] or "", 1.0)
    unit = found["unit"].strip().partition("±")[0].strip("*( )")
    return Reading(value, unit) if math.isfinite(value) else None


def is_number(cell: str) -> bool:
    """True where `number` finds one; quicker than to ask for it."""
    return _PLAIN.fullmatch(cell) is not None or number(cell) is not None


def plain_numbers(cells: Iterable[str]) -> list[float | None]:
    """The numbers of cells that are nothing but one, as most are; None for all else, where `number` may find one."""
    return [float(cell) if _PLAIN.fullmatch(cell) else None for cell in cells]


def missing(cell: str) -> bool:
    """True for the many ways to write that nothing was measured."""
    return not cell.strip() or cell.strip().lower() in _MISSING


def commit(cell: str) -> str | None:
    """The commit hash in a cell, if that is what it holds."""
    return cell if _HASH.fullmatch(cell) else None


def shorten(text: str, width: int) -> str:
    """At most `width` characters, cut at a word where that costs little."""
    if len(text) <= width:
        return text
    head = text[: width - 1]
    at_word = head.rsplit(" ", 1)[0]
    return (at_word if len(at_word) > 0.7 * width else head).rstrip(" ,.;:") + "…"
