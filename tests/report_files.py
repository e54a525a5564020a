"""Results files and journals to report on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from autoresearch import records
from autoresearch.edge.journal import Journal
from autoresearch.model import Cause, Direction, Status
from autoresearch.records import Arm

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
    """A journal from before rules could be chosen: a baseline, a keep that cost a dollar, a crash, and a fourth
    experiment that has only begun."""
    return written_down(
        folder,
        [
            opened(tag=tag, columns=("mb",)),
            records.Began(pid=1, host="here", version="0.1.0"),
            *experiment(1, "baseline", 2.0, Status.KEEP),
            records.Replied(n=2, model="m", input_tokens=10, cached_tokens=0, output_tokens=5, cost_usd=1.0),
            *experiment(2, "smaller \x1b[1mbatch", 1.5, Status.KEEP),
            *experiment(3, "deeper", None, Status.CRASH),
            records.Measuring(n=4, run=4, arm="candidate"),
        ],
    )


def written_down(folder: Path, records: Iterable[records.AnyRecord]) -> Path:
    """A journal of these records."""
    path = folder / "journal.jsonl"
    book = Journal.open(path)
    try:
        for record in records:
            book.append(record)
    finally:
        book.close()
    return path


def opened(**more: Any) -> records.Opened:
    """The first record of a session."""
    plain = {"version": "0.1.0", "tag": "mar5", "base": commit(1), "metric": "val_bpb", "direction": Direction.LOWER}
    project = {"columns": (), "targets": ("train.py",), "bench": "python bench.py", "model": "tune"}
    return records.Opened(**{**plain, **project, **more})


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


def commit(n: int) -> str:
    """The commit of an experiment."""
    return f"{n:07x}" + "0" * 33


def tried(
    n: int,
    *alone: float,
    cause: Cause | None,
    pairs: Sequence[tuple[float, float | None]] = (),
    sweep: Sequence[tuple[Arm, float]] = (),
    value: float | None = None,
    status: Status | None = None,
    **more: Any,
) -> Iterator[records.AnyRecord]:
    """The records of an experiment: runs alone, then pairs of (incumbent, candidate) or a sweep, then the verdict."""
    by = more.get("by", "m")
    yield records.Proposed(
        n=n,
        repair=0,
        description=more.get("description", f"edit {n}"),
        hypothesis="",
        category="speed",
        by=by,
        fingerprint=str(n),
        files=("train.py",),
    )
    yield records.Committed(n=n, repair=0, commit=commit(n))
    for run, said in enumerate(alone, start=1):
        yield measured(n, run, "candidate", said)
    yield from in_pairs(n, pairs, len(alone))
    if sweep:
        yield records.Drawn(n=n, order=tuple(arm for arm, _ in sweep), seed=1)
        yield from (measured(n, 10 + run, arm, said, draw=1) for run, (arm, said) in enumerate(sweep))
    kept = cause in ("baseline", "better", "simplification")
    yield records.Decided(
        n=n,
        status=status or (Status.KEEP if kept else Status.DISCARD),
        reason=more.get("reason", f"because of {cause}"),
        cause=cause,
        would_keep=more.get("would_keep"),
        value=value if value is not None else alone[-1] if alone else None,
    )
    yield records.Settled(n=n)


def in_pairs(n: int, pairs: Sequence[tuple[float | None, float | None]], run: int = 0) -> Iterator[records.AnyRecord]:
    """The records of pairs of (incumbent, candidate), behind so many runs."""
    for draw, (theirs, mine) in enumerate(pairs, start=1):
        yield records.Drawn(n=n, order=("incumbent", "candidate"), seed=draw)
        yield measured(n, run + 2 * draw - 1, "incumbent", theirs, draw=draw)
        yield measured(n, run + 2 * draw, "candidate", mine, draw=draw)


def measured(n: int, run: int, arm: Arm, value: float | None, draw: int = 0) -> records.Measured:
    """One run."""
    return records.Measured(
        n=n,
        run=run,
        arm=arm,
        value=value,
        failure=None if value is not None else "exit code 1",
        columns={},
        duration_s=1.0,
        log=f"runs/{n}-{run}.log",
        draw=draw,
    )


def verification(
    head: int, pairs: Sequence[tuple[float | None, float | None]], asked: int = 6
) -> Iterator[records.AnyRecord]:
    """The records of the verification of an experiment, so far as it has come."""
    yield records.Verifying(baseline=commit(1), head=commit(head), pairs=asked)
    yield from in_pairs(0, pairs)


def story(folder: Path, *experiments: Iterable[records.AnyRecord], **more: Any) -> Path:
    """A journal of a session under the rematch rule."""
    first = opened(**{"decide": "rematch", **more})
    began = records.Began(pid=1, host="here", version="0.1.0")
    return written_down(folder, [first, began, *chain.from_iterable(experiments)])
