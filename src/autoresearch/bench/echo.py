"""What the target prints, shown on the bench's stderr."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from autoresearch.bench.failure import LINE_BYTES, on_one_line

CHUNK_BYTES = 1024 * 1024
ECHO_BYTES = 64 * 1024
"""Most that is shown of what the target prints."""


class Echo:
    """Shows on stderr what the target prints; every line is marked, so that none can be taken for the metric."""

    def __init__(self) -> None:
        self._begun, self._shown = b"", 0

    def take(self, fd: int) -> bool:
        """Read and show what is there now. False when there is nothing, or no more to come."""
        chunk = b""
        with suppress(BlockingIOError):
            chunk = os.read(fd, CHUNK_BYTES)
        *lines, self._begun = (self._begun + chunk).split(b"\n")
        if len(self._begun) > LINE_BYTES or not chunk:
            lines, self._begun = [*lines, *filter(None, [self._begun])], b""
        for line in lines:
            if self._shown <= ECHO_BYTES:
                self._shown += len(line) + 1
                print("|", on_one_line(line.decode(errors="replace")), file=sys.stderr)
                if self._shown > ECHO_BYTES:
                    print("| (the rest of what the target printed is left out)", file=sys.stderr)
        return bool(chunk)

    def drain(self, fd: int) -> None:
        """Show the rest, but not for ever: a process that got away may go on printing."""
        for _ in range(16):
            if not self.take(fd):
                break
