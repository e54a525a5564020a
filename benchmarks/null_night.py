"""A night of edits that do nothing, on a bench that really is noisy: what each rule keeps, claims and costs.

    python benchmarks/null_night.py [--edits 100] [--nights 1]
    python benchmarks/null_night.py --injected

Runs the installed command once a rule, `autoresearch verify` behind it, on a scratch repository whose bench measures
the wall time of a small computation. A scripted model server proposes the edits: each renames local variables or
reorders two assignments, so that every keep is a false one. `--injected` has an edit that saves 5 % of the work
instead, and shows what `verify` makes of it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from autoresearch.decide.interval import Interval, interval
from autoresearch.edge.journal import read
from autoresearch.model import Direction, Metric, Status
from autoresearch.records import AnyRecord, Decided, Drawn, Measured, Refused
from model_server import ModelServer
from user import User

RULES = ("naive", "rematch")
WALL = Metric("wall_ms", Direction.LOWER)
ROUNDS = 120
LONGER = 10
"""So many times the rounds where a gain is to be measured: short runs vary by more than it."""
PAIRS = 20
SAVED = 0.05
"""Share of the rounds that the injected edit saves."""
PROGRAM = """\
---
target: work.py
bench: python3 -S -B bench.py
metric: wall_ms
direction: lower
protect: bench.py
timeout: 20s
---
Make the work take less time.
"""
BENCH = """\
import time

import work

start = time.perf_counter()
found = work.work()
wall_ms = (time.perf_counter() - start) * 1000
assert found == 303, found
print(f"wall_ms: {wall_ms:.4f}")
"""
WORK = """\
def primes_below(limit):
    {first_line}
    {second_line}
    for {number} in range(2, limit):
        if {marks}[{number}]:
            {count} += 1
            for {multiple} in range(2 * {number}, limit, {number}):
                {marks}[{multiple}] = False
    return {count}


def work():
    for _ in range({rounds}):
        found = primes_below(2000)
    return found
"""
NAMES = {
    "marks": ("marks", "sieve", "prime", "flags", "table"),
    "count": ("count", "found", "total", "tally", "known"),
    "number": ("number", "factor", "cursor", "stride", "anchor"),
    "multiple": ("multiple", "position", "compound", "crossing", "stricken"),
}
"""Names of local variables, as long as the one in place, which is the first."""


def texts(rounds: int = ROUNDS) -> Iterator[str]:
    """The target as it is, and then 1,249 other texts that compile to the same steps."""
    for swapped, *chosen in product((False, True), *NAMES.values()):
        names = dict(zip(NAMES, chosen, strict=True))
        lines = [f"{names['marks']} = [True] * limit", f"{names['count']} = 0"]
        first_line, second_line = reversed(lines) if swapped else lines
        yield WORK.format(first_line=first_line, second_line=second_line, rounds=rounds, **names)


def reply(text: str, number: int) -> str:
    """What a model would answer who proposes that text."""
    return (
        f"description: rewrite {number}\nhypothesis: it may take less time\ncategory: code\n\n"
        f"FILE: work.py\n```python\n{text}```\n"
    )


@dataclass(frozen=True)
class Night:
    """What became of a session."""

    edits: int
    rematches: int
    """Candidates that ran in pairs with the incumbent."""
    kept: int
    claimed: float | None
    """Relative gain between the first and the last number that results.tsv shows as kept; None without a keep."""
    verified: Interval | None
    """None where nothing was kept."""
    runs: int
    """Bench runs of the session, those of the baseline and of the incumbent included, those of `verify` not."""
    baseline_runs: int
    minutes: float
    """Wall time of `autoresearch run`."""


def night(home: Path, proposed: Sequence[str], *rule: str, start_text: str = "", pairs: int = 6) -> Night:
    """A session with these proposals under that rule, given in flags, and its verification."""
    files = {"work.py": start_text or next(texts()), "bench.py": BENCH}
    user = User.with_project(home, program=PROGRAM, files=files)
    replies = [reply(text, number) for number, text in enumerate(proposed, start=1)]
    start = time.monotonic()
    with ModelServer(replies) as server:
        types(
            user,
            *("run", "--tag=null", "--model=openai/gpt-6-luna", "--patience=0", "--repairs=0", *rule),
            f"--budget=experiments={len(replies) + 1}",
            env={"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": server.openai_url},
        )
    minutes = (time.monotonic() - start) / 60
    journal = home / ".git" / "autoresearch" / "null" / "journal.jsonl"
    kept = [record for record in read(journal) if isinstance(record, Decided) and record.status is Status.KEEP]
    if len(kept) > 1:
        types(user, "verify", "null", f"--pairs={pairs}")
    return account(read(journal), minutes)


def types(user: User, *arguments: str, env: dict[str, str] | None = None) -> None:
    """One command, that must succeed."""
    done = user.types(*arguments, env=env, timeout_s=3600)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)


def account(records: Sequence[AnyRecord], minutes: float) -> Night:
    """What the journal says of the session, experiment 0 being its verification."""
    if refused := next((record for record in records if isinstance(record, Refused)), None):
        sys.exit(f"edit {refused.n - 1} was refused: {refused.reason}")
    verdicts = [record for record in records if isinstance(record, Decided) and record.n > 0]
    values = [verdict.value for verdict in verdicts if verdict.status is Status.KEEP and verdict.value is not None]
    runs = [record.n for record in records if isinstance(record, Measured) and record.n > 0]
    return Night(
        edits=len(verdicts) - 1,
        rematches=len({record.n for record in records if isinstance(record, Drawn) and record.n > 0}),
        kept=len(values) - 1,
        claimed=WALL.gain(values[-1], over=values[0]) if len(values) > 1 else None,
        verified=verified(records),
        runs=len(runs),
        baseline_runs=runs.count(1),
        minutes=minutes,
    )


def verified(records: Sequence[AnyRecord]) -> Interval | None:
    """The interval of the pairs that `verify` ran."""
    runs = [record for record in records if isinstance(record, Measured) and record.n == 0]
    pairs = []
    for draw in sorted({run.draw for run in runs}):
        values = {run.arm: run.value for run in runs if run.draw == draw}
        before, after = values.get("incumbent"), values.get("candidate")
        if before is not None and after is not None:
            pairs.append((before, after))
    return interval(pairs, WALL.direction) if pairs else None


def percent(gain: float | None) -> str:
    return "-" if gain is None else f"{gain * 100:+.1f} %"


def with_interval(found: Interval | None) -> str:
    """`+0.2 % (-0.5 % to +0.9 %)`."""
    return "-" if found is None else f"{percent(found.gain)} ({percent(found.low)} to {percent(found.high)})"


def compare(scratch: Path, edits: int, nights: int) -> None:
    """So many nights under each rule in turn, a line each."""
    print(
        f"{'rule':<8} {'edits':>5} {'rematches':>9} {'kept, all false':>15} {'claimed gain':>12} "
        f"{'verified gain':>29} {'runs':>5} {'runs a proposal':>15} {'minutes':>7}"
    )
    for number, rule in product(range(nights), RULES):
        had = night(scratch / f"{rule}{number}", list(islice(texts(), 1, edits + 1)), f"--decide={rule}")
        print(
            f"{rule:<8} {had.edits:>5} {had.rematches:>9} {had.kept:>15} {percent(had.claimed):>12} "
            f"{with_interval(had.verified):>29} {had.runs:>5} {(had.runs - had.baseline_runs) / had.edits:>15.2f} "
            f"{had.minutes:>7.1f}",
            flush=True,
        )


def inject(scratch: Path) -> None:
    """One edit that leaves out a twentieth of the work, and what it verifies as."""
    rounds = ROUNDS * LONGER
    text, before = next(texts(round(rounds * (1 - SAVED)))), next(texts(rounds))
    # Kept unless it is far worse: what a noisy machine makes of it in a few runs is not what is asked here.
    rule = ("--decide=rematch", "--min-gain=-0.9")
    had = night(scratch / "injected", [text], *rule, start_text=before, pairs=PAIRS)
    found = had.verified
    if found is None:
        sys.exit("the edit was not kept, so there is nothing to verify; run the same command again")
    covered = found.low is not None and found.high is not None and found.low <= SAVED <= found.high
    print(f"put in:   {percent(SAVED)}")
    print(f"verified: {with_interval(found)}, {found.pairs} pairs, {found.confidence or 0:.1%} confidence")
    print(f"the interval {'covers' if covered else 'does not cover'} what was put in")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--nights", type=int, default=1)
    parser.add_argument("--injected", action="store_true", help="verify a known gain of 5 %% instead")
    options = parser.parse_args()
    if not 1 <= options.edits <= (most := sum(1 for _ in texts()) - 1):
        parser.error(f"--edits must be from 1 to {most}")
    with tempfile.TemporaryDirectory() as scratch:
        if options.injected:
            inject(Path(scratch))
        else:
            compare(Path(scratch), options.edits, options.nights)


if __name__ == "__main__":
    main()
