"""Runs a bench command under a deadline, and leaves no process of it behind."""

from __future__ import annotations

import fcntl
import math
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from autoresearch.edge import script
from autoresearch.edge.log import CappedLog, ends, tail
from autoresearch.errors import BenchError, RepositoryError

__all__ = ["BenchRun", "ends", "run", "tail"]

CHUNK_BYTES = 1024 * 1024
"""Most that is read at once, and what the bench may be ahead of us."""
TICK_S = 0.25
PATIENCE_S = 45.0
"""For the supervisor's last word after the deadline; more than the time it gives itself to kill everything."""

_REPORT = re.compile(r"(ended|timeout|stopped) (-?\d+|None) (\S+) (\d+) (\d+)\n")


@dataclass(frozen=True)
class BenchRun:
    """How one run went."""

    exit_code: int | None
    """Negative: the signal that killed it, as in subprocess; None when it timed out."""
    timed_out: bool
    duration_s: float
    """Wall time of the bench command alone, by the monotonic clock."""
    output_bytes: int
    leftovers: int
    """Processes that had to be killed, besides the bench's own shell."""
    stopped: str | None = None
    """Why it was stopped before its deadline; None where it was not."""


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float,
    log: Path,
    feed: Callable[[bytes], None] = lambda chunk: None,
    tick: Callable[[], None] = lambda: None,
    watch: Callable[[int], str | None] = lambda pid: None,
    file_bytes: int = sys.maxsize,
    rules: Sequence[str] = (),
) -> BenchRun:
    """Run a command to its end or its deadline; no process of it is alive afterwards, also when this raises.

    `feed` gets all the output, in order, in chunks of at most 1 MB; `tick` is called about four times a second, and so
    is `watch`, with the number of the process above all of the command's: what it returns is why to stop the command.
    No file may become larger than `file_bytes`. With `rules` the command is shut in by Landlock.
    Raises RepositoryError when the directory or the log cannot be used, BenchError when processes withstand SIGKILL.
    """
    begin = time.monotonic()
    with CappedLog(log) as output, _supervised(argv, cwd, env, timeout_s, file_bytes, rules) as supervisor:
        stopped: list[str] = []

        def take(chunk: bytes) -> None:
            output.write(chunk)
            feed(chunk)

        def look() -> None:
            tick()
            if not stopped and (reason := watch(supervisor.pid)):
                stopped.append(reason)
                _streams(supervisor)[0].close()  # its end means "stop"

        report = _follow(supervisor, begin + timeout_s + PATIENCE_S, take, look)
    if not (said := _REPORT.fullmatch(report)):
        return _lost(supervisor, report, time.monotonic() - begin, output.size)
    how, exit_code, duration_s, leftovers, survivors = said.groups()
    if survivors != "0":
        raise BenchError(
            f"{survivors} processes of the bench are still alive after SIGKILL. End them (they may belong to another "
            "user, or hang in a driver), then run the same command again."
        )
    ended = how == "ended"
    return BenchRun(
        exit_code=int(exit_code) if ended else None,
        timed_out=not ended and not stopped,
        duration_s=float(duration_s),
        output_bytes=output.size,
        leftovers=int(leftovers),
        stopped=stopped[0] if stopped and not ended else None,
    )


@contextmanager
def _supervised(
    argv: Sequence[str], cwd: Path, env: Mapping[str, str], timeout_s: float, file_bytes: int, rules: Sequence[str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a bench under its supervisor; at the end of the block the whole tree is killed and waited for."""
    try:
        process = subprocess.Popen(
            [*script.start("supervisor.py"), repr(timeout_s), str(file_bytes), *rules, "--", *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=cwd,
            env=env,
            start_new_session=True,  # out of reach of the terminal's Ctrl-C
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise RepositoryError(
            f"cannot start the bench in {cwd}: {reason}. Mend that, then run the same command again."
        ) from error
    control, output, status = _streams(process)
    try:
        yield process
    finally:
        control.close()
        process.send_signal(signal.SIGCONT)
        process.wait()
        output.close()
        status.close()


def _follow(
    supervisor: subprocess.Popen[bytes],
    give_up: float,
    take: Callable[[bytes], None],
    tick: Callable[[], None],
) -> str:
    """Pass the output on until the supervisor has said its last word. Returns that word."""
    _, output, status = _streams(supervisor)
    with suppress(OSError, AttributeError):  # faster, where it is known and allowed
        fcntl.fcntl(output, fcntl.F_SETPIPE_SZ, CHUNK_BYTES)
    poll = select.poll()
    poll.register(output, select.POLLIN)
    poll.register(status, select.POLLIN)
    buffer = memoryview(bytearray(CHUNK_BYTES))
    report = b""
    next_tick = time.monotonic() + TICK_S
    while True:
        now = time.monotonic()
        if now >= next_tick:
            tick()
            supervisor.send_signal(signal.SIGCONT)  # the bench may have stopped it
            next_tick = now + TICK_S
        if now >= give_up:
            supervisor.kill()  # its death kills the bench
            give_up = math.inf
        ready = [fd for fd, _ in poll.poll(max(0.0, next_tick - now) * 1000)]
        if output.fileno() in ready and (size := os.readv(output.fileno(), [buffer])):
            take(bytes(buffer[:size]))
        if status.fileno() in ready:
            said = os.read(status.fileno(), 4096)
            if not said:
                # The report was read a round ago. All were dead then, and what they had written was read just now, even
                # if a stranger holds the pipe's other end.
                return report.decode(errors="replace")
            report += said


def _lost(supervisor: subprocess.Popen[bytes], said: str, duration_s: float, output_bytes: int) -> BenchRun:
    """What to say of a run whose supervisor died: the bench's doing when a signal killed it, else it never began."""
    if supervisor.returncode < 0:
        return BenchRun(supervisor.returncode, False, duration_s, output_bytes, 0)
    reason = said.strip().rpartition("\n")[2] or f"it exited with {supervisor.returncode}"
    raise BenchError(f"cannot supervise the bench with {sys.executable}: {reason}.")


def _streams(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    """Control, output and status pipe."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    return process.stdin, process.stdout, process.stderr
