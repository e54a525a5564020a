"""The log of one run: its head and its tail on disk, whatever the bench prints."""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType

from autoresearch.errors import RepositoryError

HEAD_BYTES = 256 * 1024
"""Written as they come, so that `tail -f` shows them."""
TAIL_BYTES = 256 * 1024
"""Kept in memory, and written when the run is over."""

_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])"  # CSI, OSC and kin, the rest
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class CappedLog:
    """A file that is made anew and keeps the first and the last part of what is written to it."""

    def __init__(self, path: Path) -> None:
        """Raises RepositoryError when the file cannot be made."""
        self._path = path
        self.size = 0
        """Bytes that were written, kept or not."""
        self._head_left = HEAD_BYTES
        self._tail = bytearray()
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
        if self._head_left:
            head, chunk = chunk[: self._head_left], chunk[self._head_left :]
            self._head_left -= len(head)
            self._put(head)
        self._tail += chunk[-TAIL_BYTES:]
        if len(self._tail) > 2 * TAIL_BYTES:  # seldom enough that small pieces cost little
            del self._tail[:-TAIL_BYTES]

    def _finish(self) -> None:
        tail = bytes(self._tail[-TAIL_BYTES:])
        left_out = self.size - (HEAD_BYTES - self._head_left) - len(tail)
        if left_out:
            self._put(f"\n[... {left_out:,} bytes left out ...]\n".encode())
        self._put(tail)

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


def tail(log: Path, lines: int, limit_bytes: int = 16_384) -> str:
    """The last lines of a log as a person would have seen them: no escape sequences, a progress bar as it ended."""
    with log.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - limit_bytes))
        text = file.read(limit_bytes).decode(errors="replace")
    seen = [line.rstrip("\r").rpartition("\r")[2] for line in _ESCAPE.sub("", text).rstrip().split("\n")]
    return _CONTROL.sub("", "\n".join(seen[-lines:]))
