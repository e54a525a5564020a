"""A command of the user's that is told of something: what it gets, how long it may take, and the log it leaves."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from autoresearch.edge import bench
from autoresearch.edge.folder import write_whole
from autoresearch.secrets import redactor

LOG = "hooks.log"
LOG_BYTES = 1024 * 1024
"""The log of all hooks of a session is cut to the latter half of this once it is longer."""


@dataclass(frozen=True)
class Hook:
    """One such command. It is no candidate: it has the user's environment, files and network."""

    name: str
    """The setting that it stands in."""
    command: str
    directory: Path
    """Where it is run."""
    folder: Path
    """Holds its log."""
    timeout_s: float

    def run(self, told: Mapping[str, Any], tick: Callable[[], None]) -> str | None:
        """Run it with `told` on its stdin. Returns what went wrong, in words, or None; nothing of it is left running.

        It has a session of its own, so that neither Ctrl-C nor a closed terminal ends it. Raises AutoresearchError
        and OSError where it could not be run at all.
        """
        fed, output = self.folder / f".{self.name}.json", self.folder / f".{self.name}.log"
        said = redactor().values(dict(told))
        write_whole(fed, (json.dumps(said, ensure_ascii=False, allow_nan=False) + "\n").encode(errors="replace"))
        own = {"AUTORESEARCH_EVENT": str(said["event"]), "AUTORESEARCH_MESSAGE": str(said["message"])}
        try:
            ran = bench.run(
                ["/bin/sh", "-c", f"{{ {self.command}\n}} < {shlex.quote(str(fed))}"],
                cwd=self.directory,
                env={**os.environ, **own},
                timeout_s=self.timeout_s,
                log=output,
                tick=tick,
            )
            failure = self._failure(ran)
            self._log(own["AUTORESEARCH_MESSAGE"], failure, ran, output)
            return failure
        finally:
            for path in (fed, output):
                path.unlink(missing_ok=True)

    def _failure(self, ran: bench.BenchRun) -> str | None:
        if ran.timed_out:
            return f"was ended after {self.timeout_s:g} s (hook_timeout)"
        if ran.exit_code and ran.exit_code < 0:
            return f"was killed by signal {-ran.exit_code}"
        return f"exited with {ran.exit_code}" if ran.exit_code else None

    def _log(self, message: str, failure: str | None, ran: bench.BenchRun, output: Path) -> None:
        """Put what it printed behind what the hooks before it did."""
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        left = f", {ran.leftovers} left running and ended" if ran.leftovers and not ran.timed_out else ""
        head = f"--- {now} {self.name} {failure or 'done'} ({ran.duration_s:.1f} s{left}): {message}\n"
        printed = output.read_bytes()
        ending = b"" if not printed or printed.endswith(b"\n") else b"\n"
        log = self.folder / LOG
        with log.open("ab") as file:
            file.write(head.encode(errors="replace") + printed + ending)
            size = file.tell()
        if size > LOG_BYTES:
            with suppress(OSError):
                write_whole(log, log.read_bytes()[-LOG_BYTES // 2 :].partition(b"\n")[2])
