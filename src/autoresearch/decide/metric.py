"""The one number of a run: read from the bench's output as it streams by, or why there is none."""

from __future__ import annotations

import math
import re
import signal
from collections.abc import Callable, Sequence

from autoresearch.model import Measurement, Metric

LINE_LIMIT = 65_536
"""Bytes of a line that are looked at; no number is read with a `pattern` from a longer one."""
VALUE_LIMIT = 1_024
"""Bytes behind `NAME:` that may still be a number."""
MANY = 100
"""Different numbers after which counting them says nothing new."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)

_Reader = Callable[[bytes], list[str]]
"""What a block of whole lines, each with a line break before it, says for one name: the texts in order."""


class Scan:
    """Reads a bench's output chunk by chunk, in bounded memory; how it was cut into chunks changes nothing."""

    def __init__(self, metric: Metric, columns: Sequence[str] = ()) -> None:
        pattern = metric.pattern
        self._read = _on_lines(metric.name) if pattern is None else _by_pattern(pattern)
        self._label = f"'{metric.name}:'" if pattern is None else f"the pattern {pattern!r}"
        self._absent = (
            f"no {self._label} line in the output" if pattern is None else f"nothing in the output fits {self._label}"
        )
        self._take = metric.take
        self._numbers: dict[float, None] = {}
        self._wanted = {required: re.compile(required) for required in metric.require}
        """What no line has fitted so far."""
        self._unreadable: str | None = None
        self._readers = {name: _on_lines(name) for name in columns}
        self._columns: dict[str, float] = {}
        self._line = b""
        """The line that has begun, without the end that may still come."""

    def feed(self, chunk: bytes) -> None:
        """Take the next piece of the output. A carriage return ends a line too: progress bars redraw with it."""
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r", b"\n")
        end = chunk.rfind(b"\n")
        if end < 0:
            self._line += chunk[: LINE_LIMIT + 1 - len(self._line)]
            return
        block = b"".join((b"\n", self._line, memoryview(chunk)[:end]))
        self._line = chunk[end + 1 : end + 2 + LINE_LIMIT]
        self._read_metric(block)
        if self._wanted:
            self._look_for_required(block)
        for name, read in self._readers.items():
            self._read_column(name, read(block))

    def measurement(
        self, *, exit_code: int | None, timed_out: bool, duration_s: float, timeout_s: float
    ) -> Measurement:
        """What the run said, once all its output was fed. A negative `exit_code` is the signal that killed it."""
        self.feed(b"\n")
        failure = ending(exit_code, timed_out=timed_out, timeout_s=timeout_s) or self._failure()
        value = next(iter(self._numbers)) if failure is None else None
        return Measurement(value, failure, dict(self._columns), duration_s)

    def _read_metric(self, block: bytes) -> None:
        texts = self._read(block)
        if self._take == "last":
            if texts:
                number = _number(texts[-1])
                self._numbers = {} if number is None else {number: None}
                self._unreadable = texts[-1] if number is None else None
            return
        if self._unreadable is not None or len(self._numbers) >= MANY:
            return
        for text in dict.fromkeys(texts):
            number = _number(text)
            if number is None:
                self._unreadable = text
                return
            self._numbers[number] = None
            if len(self._numbers) >= MANY:
                return

    def _look_for_required(self, block: bytes) -> None:
        lines = [_text(line) for line in dict.fromkeys(block.split(b"\n")) if len(line) <= LINE_LIMIT]
        self._wanted = {
            required: regex for required, regex in self._wanted.items() if not any(regex.search(line) for line in lines)
        }

    def _read_column(self, name: str, texts: list[str]) -> None:
        for text in dict.fromkeys(reversed(texts)):
            number = _number(text)
            if number is not None:
                self._columns[name] = number
                return

    def _failure(self) -> str | None:
        if self._unreadable is not None:
            return f"{self._label} {_complaint(self._unreadable)}"
        if not self._numbers:
            return self._absent
        if self._wanted:
            return f"no line of the output fits {next(iter(self._wanted))!r}, which `require` asks for"
        if len(self._numbers) > 1:
            count = len(self._numbers)
            shown = ", ".join(map(repr, list(self._numbers)[:3])) + (", ..." if count > 3 else "")
            how_many = f"{count} or more" if count >= MANY else str(count)
            return f"ambiguous metric: {self._label} printed {how_many} different numbers ({shown})"
        return None


def _on_lines(name: str) -> _Reader:
    """Reads what follows `NAME:` at the start of a line."""
    needle = f"\n{name}:".encode()
    find = re.compile(re.escape(needle) + rb"([^\n]{0,%d})" % (VALUE_LIMIT + 1)).findall
    # The substring test is ten times as fast as the regex, and most blocks hold no metric.
    return lambda block: [_text(found) for found in find(block)] if needle in block else []


def _by_pattern(pattern: str) -> _Reader:
    """Reads the first group of a regex, line by line; it cannot match across lines."""
    regex = re.compile(pattern)

    def read(block: bytes) -> list[str]:
        # Not on the whole block: `^\s*NAME` would take for ever over a million empty lines.
        lines = [line for line in dict.fromkeys(block.split(b"\n")) if len(line) <= LINE_LIMIT]
        return [match.group(1) or "" for line in lines for match in regex.finditer(_text(line))]

    return read


def _text(output: bytes) -> str:
    return output.decode(errors="surrogateescape")


def _number(text: str) -> float | None:
    """A finite number and nothing else: no unit, no comma, no underscore."""
    if len(text) > VALUE_LIMIT or not _NUMBER.fullmatch(text.strip()):
        return None
    number = float(text)
    return number + 0.0 if math.isfinite(number) else None  # -0.0 is 0.0


def _complaint(text: str) -> str:
    said = text.strip()
    if not said:
        return "printed no number"
    shown = repr(said if len(said) <= 40 else f"{said[:40]}...")
    finite = not (_NUMBER.fullmatch(said) or _NOT_FINITE.fullmatch(said))
    return f"printed {shown}, not a {'plain' if finite else 'finite'} number"


def ending(exit_code: int | None, *, timed_out: bool, timeout_s: float, what: str = "bench") -> str | None:
    """How a command ended in words; None when it ended well."""
    if timed_out or exit_code is None:
        return f"timed out after {_in_words(timeout_s)}"
    if exit_code == 0:
        return None
    if exit_code < 0:
        return f"{what} was killed by {_signal_name(-exit_code)}"
    # A shell that is not itself killed passes the signal of its last command on as 128 + number.
    name = _signal_name(exit_code - 128) if exit_code > 128 else None
    return f"{what} exited with {exit_code}" + (f" (128 + {name})" if name and name.startswith("SIG") else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _in_words(seconds: float) -> str:
    """600.0 → `10m`, as the setting is written."""
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
