"""How long the report and `status` take on large files, and how much memory: each command in a fresh process.

    python benchmarks/report.py [--times 5] [--only text,png]

Makes a results.tsv of 100,000 rows, one of 10,000 and one of 1,000, and a repository with a session of 10,000
experiments; everything is drawn from one seed. Prints the best and the median wall time, the best CPU time and the
largest resident memory of each command, beside their limits. The best of several runs is what is held to a limit:
whatever else the machine does only ever adds. Exits with 1 where a limit is missed.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from autoresearch import records
from autoresearch.cli.app import COMMANDS
from autoresearch.edge.journal import _line
from report_files import HEADER, commit, opened, tried
from status import beat

AUTORESEARCH = Path(sys.executable).with_name("autoresearch")
EXPERIMENTS = 10_000
IDEAS = ("lower the learning rate", "wider MLP, 4× → 6×", "halve the batch", "drop dropout", "AdamW betas 0.9, 0.95")


@dataclass(frozen=True)
class Case:
    """A command, and what it may take."""

    name: str
    arguments: tuple[str, ...]
    limit_s: float | None = None
    limit_mb: float | None = None


CASES = (
    Case("text", ("report", "100000.tsv"), 2.0, 300),
    Case("picture", ("report", "100000.tsv", "-o", "100000.txt"), 2.0, 300),
    Case("json", ("report", "100000.tsv", "-f", "json")),
    Case("md", ("report", "100000.tsv", "-f", "md")),
    Case("png", ("report", "10000.tsv", "-f", "png"), 3.0),
    Case("svg", ("report", "10000.tsv", "-f", "svg")),
    Case("html", ("report", "1000.tsv", "-f", "html")),
    Case("small", ("report", "1000.tsv")),
    Case("journal", ("report", "t")),
    Case("status", ("status", "t"), 0.15),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--only", default=",".join(case.name for case in CASES), help="names of commands, with commas")
    options = parser.parse_args()
    missed = []
    with tempfile.TemporaryDirectory() as scratch:
        # In a process of its own: a child's largest memory counts what its parent held when it was forked.
        preparing = get_context("spawn").Process(target=prepare, args=(Path(scratch),))
        preparing.start()
        preparing.join()
        print(f"{'command':<36} {'best':>7} {'median':>7} {'limit':>7} {'CPU':>7} {'memory':>8} {'limit':>8}")
        for case in CASES:
            if case.name not in options.only.split(","):
                continue
            if case.arguments[0] not in COMMANDS:
                print(f"{' '.join(case.arguments):<36} left out: this version has no such command")
                continue
            missed += [case.name] if not show(case, Path(scratch), options.times) else []
    if missed:
        sys.exit(f"over the limit: {', '.join(missed)}")


def show(case: Case, place: Path, times: int) -> bool:
    """One line of the table; False where a limit is missed."""
    once(case, place)  # so that there is bytecode, as pip makes it where the package is installed
    runs = [once(case, place) for _ in range(times)]
    walls, cpus, memories = zip(*runs, strict=True)
    best, middle, memory = min(walls), statistics.median(walls), max(memories)
    limit_s = f"{case.limit_s:.2f} s" if case.limit_s else ""
    limit_mb = f"{case.limit_mb:.0f} MB" if case.limit_mb else ""
    name = " ".join(case.arguments)
    print(
        f"{name:<36} {best:>5.2f} s {middle:>5.2f} s {limit_s:>7} {min(cpus):>5.2f} s {memory:>5.0f} MB {limit_mb:>8}",
        flush=True,
    )
    return (case.limit_s is None or best <= case.limit_s) and (case.limit_mb is None or memory <= case.limit_mb)


def once(case: Case, place: Path) -> tuple[float, float, float]:
    """Seconds of one run by the wall and of the CPU, and its largest resident memory in MB."""
    began = time.perf_counter()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [str(AUTORESEARCH), *case.arguments]
    process = subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"autoresearch {' '.join(case.arguments)} failed")
    megabyte = 1024 * 1024 if sys.platform == "darwin" else 1024
    return took, used.ru_utime + used.ru_stime, used.ru_maxrss / megabyte


def prepare(place: Path) -> None:
    """The files, and the repository with the session `t`."""
    for rows in (1_000, 10_000, 100_000):
        (place / f"{rows}.tsv").write_text(HEADER + "".join(table(rows)))
    subprocess.run(["git", "init", "--quiet", place], check=True)
    folder = place / ".git" / "autoresearch" / "t"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_bytes(b"".join(lines(session())))
    beat(folder)


def table(rows: int) -> Iterator[str]:
    """A night's rows: one in twelve kept, each a little better, one in twenty crashed."""
    chance, best = random.Random(1), 2.0
    yield "aaaaaa1\t2.000000\t3.3\tkeep\tbaseline\n"
    for n in range(2, rows + 1):
        status = chance.choices(["keep", "crash", "discard"], [8, 5, 87])[0]
        if status == "keep":
            best -= best * 10 / rows * chance.random() / 2
        value = {"keep": best, "crash": 0.0}.get(status, best * (1 + chance.expovariate(40)))
        yield f"{chance.randrange(16**7):07x}\t{value:.6f}\t{chance.uniform(3, 4):.1f}\t{status}\t{edit(chance, n)}\n"


def edit(chance: random.Random, n: int) -> str:
    """What an experiment changed."""
    return f"{chance.choice(IDEAS)}, then {chance.choice(IDEAS)} in step {n}"


def session() -> Iterator[records.AnyRecord]:
    """The records of a session under the rematch rule, some ten for each experiment."""
    chance, best = random.Random(2), 2.0
    yield opened(tag="t", decide="rematch", base=commit(1))
    yield records.Began(pid=1, host="elsewhere", version="0.1.0")
    yield from tried(1, best, cause="baseline")
    for n in range(2, EXPERIMENTS + 1):
        yield records.Planned(n=n, rung="explore", idea="parameters", hint="", by="m")
        yield records.Replied(n=n, model="m", input_tokens=900, cached_tokens=0, output_tokens=90, cost_usd=0.001)
        if n % 12 == 0:
            pairs = [(best * chance.gauss(1, 0.001), best * chance.gauss(0.999, 0.001)) for _ in range(5)]
            best *= 0.9995
            yield from tried(n, best, cause="better", pairs=pairs, description=edit(chance, n))
        else:
            yield from tried(n, best * (1 + chance.expovariate(40)), cause="screen", description=edit(chance, n))


def lines(told: Iterable[records.AnyRecord]) -> Iterator[bytes]:
    """The lines of a journal: as it writes them, but for waiting on the disk after each."""
    for seq, record in enumerate(told, start=1):
        yield _line(record.model_copy(update={"seq": seq, "at": "2026-01-01T00:00:00+00:00", "t": seq / 10}))


if __name__ == "__main__":
    main()
