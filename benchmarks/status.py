"""How long `autoresearch status` takes on a long session, and what saying it costs the session at each step.

    python benchmarks/status.py [--experiments 10000] [--times 20]

Writes a journal of so many experiments into a scratch repository, then runs the installed command in it: with the
session's `status.json`, and without it, when the journal is read. `autoresearch --version` is the least that any
command takes that Typer parses; on a machine that does other things besides, compare with that.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from autoresearch.decide.recover import fold
from autoresearch.edge.journal import _line, read
from autoresearch.edge.signals import StopSignal
from autoresearch.heartbeat import Heartbeat
from autoresearch.model import Direction, Status
from autoresearch.records import (
    AnyRecord,
    Began,
    Closed,
    Committed,
    Decided,
    Measured,
    Measuring,
    Opened,
    Planned,
    Proposed,
    Replied,
    Settled,
)
from user import COMMAND, User


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = session(Path(scratch), options.experiments)
        written_ms = beat(folder)
        print(f"{options.experiments:,} experiments")
        print(f"each `status.json` takes the session {written_ms:.2f} ms of processor time")
        print(f"{'command':<44} {'median ms':>9} {'least ms':>9}")
        show("autoresearch --version", took(Path(scratch), options.times, "--version"))
        show("autoresearch status", took(Path(scratch), options.times, "status"))
        show("autoresearch status --json", took(Path(scratch), options.times, "status", "--json"))
        (folder / "status.json").unlink()
        show("autoresearch status, from the journal alone", took(Path(scratch), 3, "status"))


def session(home: Path, experiments: int) -> Path:
    """A repository with a session that ended in order; its folder."""
    User.with_project(home)
    folder = home / ".git/autoresearch/long"
    folder.mkdir(parents=True)
    at = datetime.now(UTC).isoformat()
    with (folder / "journal.jsonl").open("wb") as journal:
        for seq, record in enumerate(records(experiments), start=1):
            journal.write(_line(record.model_copy(update={"seq": seq, "at": at, "t": seq / 10})))
    return folder


def records(experiments: int) -> Iterator[AnyRecord]:
    """A keep in ten experiments."""
    yield Opened(
        version="0",
        tag="long",
        base="0" * 40,
        metric="loss",
        direction=Direction.LOWER,
        columns=(),
        targets=("a.py",),
        bench="python a.py",
        model="openai/m",
    )
    yield Began(pid=1, host="h", version="0")
    for n in range(1, experiments + 1):
        kept, value = n % 10 == 1, 10 - n / experiments
        yield Planned(n=n, rung="explore", idea="parameters", hint="", by="openai/m")
        yield Replied(n=n, model="openai/m", input_tokens=5000, cached_tokens=0, output_tokens=500, cost_usd=0.01)
        yield Proposed(
            n=n,
            repair=0,
            description="a description of some length, as they are",
            hypothesis="why it should be better",
            category="parameters",
            by="openai/m",
            fingerprint=str(n),
            files=("a.py",),
        )
        yield Committed(n=n, repair=0, commit=f"{n:040x}")
        yield Measuring(n=n, run=1, arm="candidate", seed=1)
        yield Measured(
            n=n, run=1, arm="candidate", value=value, failure=None, columns={}, duration_s=1.0, log=f"runs/{n}-1.log"
        )
        status = Status.KEEP if kept else Status.DISCARD
        yield Decided(n=n, status=status, reason="so", cause="better" if kept else "screen", value=value)
        yield Settled(n=n)
    yield Closed(reason="the budget is spent")


def beat(folder: Path, times: int = 200) -> float:
    """Milliseconds of processor time that a session spends on each record; leaves `status.json` there."""
    known = read(folder / "journal.jsonl")
    history = fold(known)
    heartbeat = Heartbeat(folder, Silent(), StopSignal())
    begin = time.process_time()
    for _ in range(times):
        heartbeat.record(known[-1], history)
    return (time.process_time() - begin) / times * 1000


class Silent:
    """Nobody watches."""

    def record(self, record: AnyRecord, history: object) -> None: ...
    def notice(self, text: str) -> None: ...
    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None: ...
    def tick(self) -> None: ...


def took(home: Path, times: int, *arguments: str) -> list[float]:
    """Milliseconds of wall time of each call."""
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        subprocess.run([COMMAND, *arguments], cwd=home, check=True, capture_output=True)
        found.append((time.perf_counter() - begin) * 1000)
    return found


def show(what: str, milliseconds: list[float]) -> None:
    print(f"{what:<44} {statistics.median(milliseconds):>9.0f} {min(milliseconds):>9.0f}")


if __name__ == "__main__":
    main()
