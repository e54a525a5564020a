"""The log of one run: its head and its tail on disk, whatever the bench prints."""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType

from autoresearch.errors import RepositoryError
from autoresearch.secrets import redactor

HEAD_BYTES = 256 * 1024
"""Written as they come, so that `tail -f` shows them."""
TAIL_BYTES = 256 * 1024
"""Kept in memory, and written when the run is over."""
LIMIT_BYTES = 16_384
"""Of the end of a log so much is looked at."""
HEAD_OF_ENDS_BYTES = 4096

_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])"  # CSI, OSC and kin, the rest
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class CappedLog:
    """A file that is made anew and keeps the first and the last part of what is written to it, without any secret."""

    def __init__(self, path: Path) -> None:
        """Raises RepositoryError when the file cannot be made."""
        self._path = path
        self.size = 0
        """Bytes that were written, kept or not."""
        self._head = 0
        """Bytes of it that are on disk, or were before a secret in them was replaced."""
        self._tail = bytearray()
        """What came later; while the head grows, what may be the beginning of a secret."""
        self._redactor = redactor()
        self._kept = TAIL_BYTES + self._redactor.longest
        try:
            # Yesterday's log may be open or linked elsewhere, and must not become today's.
            path.unlink(missing_ok=True)
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            raise self._failure(error) from error

    def __enter__(self) -> CappedLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._finish()
        finally:
            self._file.close()

    def write(self, chunk: bytes) -> None:
        """Take the next piece of the output. Raises RepositoryError when the disk is full."""
        self.size += len(chunk)
        if self._head < HEAD_BYTES:
            chunk = self._grow(bytes(self._tail) + chunk)
            self._tail.clear()
        self._tail += chunk[-self._kept :]
        if len(self._tail) > 2 * self._kept:  # seldom enough that small pieces cost little
            del self._tail[: -self._kept]

    def _grow(self, data: bytes) -> bytes:
        """Put as much into the head as belongs there. Returns the rest."""
        end = min(self._redactor.settled(data), self._redactor.clear(data, HEAD_BYTES - self._head))
        self._put(self._redactor.output(data[:end]))
        self._head += end
        return data[end:]

    def _finish(self) -> None:
        tail = bytes(self._tail)
        tail = tail[self._redactor.clear(tail, max(0, len(tail) - TAIL_BYTES)) :]
        if left_out := self.size - self._head - len(tail):
            self._put(f"\n[... {left_out:,} bytes left out ...]\n".encode())
        self._put(self._redactor.output(tail))

    def _put(self, data: bytes) -> None:
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> RepositoryError:
        return RepositoryError(
            f"cannot write {self._path}: {error.strerror}. Mend that, then run the same command again."
        )


def ends(log: Path, head: int = 15, last: int = 40) -> str:
    """The first and the last lines of a log, as `tail` shows them; the whole where it is short."""
    data, whole = _last(log, LIMIT_BYTES)
    lines = _seen(data)
    if whole and len(lines) <= head + last:
        return "\n".join(lines)
    with log.open("rb") as file:
        first = _seen(file.read(HEAD_OF_ENDS_BYTES))
    return "\n".join([*first[:head], "[…]", *lines[-last:]])


def tail(log: Path, lines: int, limit_bytes: int = LIMIT_BYTES) -> str:
    """The last lines of a log as a person would have seen them: no escape sequences, a progress bar as it ended.

    "" where there is no log: logs are not synced, so a power cut may take one that the journal knows of.
    """
    return "\n".join(_seen(_last(log, limit_bytes)[0])[-lines:])


def _last(log: Path, limit_bytes: int) -> tuple[bytes, bool]:
    """The end of a file, and whether that is all of it."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - limit_bytes))
            return file.read(limit_bytes), size <= limit_bytes
    except FileNotFoundError:
        return b"", True


def _seen(data: bytes) -> list[str]:
    text = _ESCAPE.sub("", data.decode(errors="replace")).rstrip()
    return [_CONTROL.sub("", line.rstrip("\r").rpartition("\r")[2]) for line in text.split("\n")]
