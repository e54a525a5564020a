"""Results files and journals to report on."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoresearch import records
from autoresearch.edge.journal import Journal
from autoresearch.model import Direction, Status

RESULTS = Path(__file__).parents[2] / "shared" / "data" / "results"
"""Real files of real sessions; not part of the project, so that they may be absent."""
HEADER = "commit\tval_bpb\tmemory_gb\tstatus\tdescription\n"
BASELINE = "aaaaaa1\t2.0\t3.3\tkeep\tbaseline\n"


def real(name: str) -> Path:
    """A real file, or a skip."""
    path = RESULTS / name
    if not path.exists():
        pytest.skip(f"{path} is not there: the real results files are not part of this project")
    return path


def written(folder: Path, text: str | bytes, name: str = "results.tsv") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def journal(folder: Path, tag: str = "mar5") -> Path:
    """A journal of a baseline, a keep that cost a dollar, and a third experiment that has only begun."""
    path = folder / "journal.jsonl"
    book = Journal.open(path)
    try:
        for record in (
            records.Opened(
                version="0.1.0",
                tag=tag,
                base="a" * 40,
                metric="val_bpb",
                direction=Direction.LOWER,
                columns=("mb",),
                targets=("train.py",),
                bench="python bench.py",
                model="tune",
            ),
            records.Began(pid=1, host="here", version="0.1.0"),
            *experiment(1, "baseline", 2.0, Status.KEEP),
            records.Replied(n=2, model="m", input_tokens=10, cached_tokens=0, output_tokens=5, cost_usd=1.0),
            *experiment(2, "smaller \x1b[1mbatch", 1.5, Status.KEEP),
            *experiment(3, "deeper", None, Status.CRASH),
            records.Measuring(n=4, run=4, arm="candidate"),
        ):
            book.append(record)
    finally:
        book.close()
    return path


def experiment(n: int, description: str, value: float | None, status: Status) -> list[records.AnyRecord]:
    """The records of one finished experiment."""
    failure = None if value is not None else "exit code 1"
    return [
        records.Proposed(
            n=n,
            repair=0,
            description=description,
            hypothesis="it helps",
            category="speed",
            by="m",
            fingerprint=str(n),
            files=("train.py",),
        ),
        records.Committed(n=n, repair=0, commit=f"{n}" * 40),
        records.Measuring(n=n, run=n, arm="candidate"),
        records.Measured(
            n=n,
            run=n,
            arm="candidate",
            value=value,
            failure=failure,
            columns={"mb": 3.0},
            duration_s=1.0,
            log=f"runs/{n}.log",
        ),
        records.Decided(n=n, status=status, reason=failure or "better", value=value),
        records.Settled(n=n),
    ]
