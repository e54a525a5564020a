"""What everything around LLM and bench costs an experiment, in a small and in a large repository; and memory.

    python benchmarks/overhead.py [--experiments 60] [--files 50000]
    python benchmarks/overhead.py --memory
    python benchmarks/overhead.py --sandbox

Runs the installed command on scratch repositories with a bench that does nothing but print a number, and a scripted
model server on loopback. The milliseconds are wall time an experiment less the bench's own duration and the time the
proposer took to answer, both read from the journal.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.journal import read
from autoresearch.equipment import make_runner, make_sandbox, make_tree
from autoresearch.project import Project, examine
from autoresearch.records import AnyRecord
from autoresearch.runner import Runner
from model_server import ModelServer
from user import PROGRAM, User, path_without_bubblewrap, whole

MODES = {"none": "off", "landlock": "auto", "bubblewrap": "auto"}
"""Kind of sandbox → the setting that leads to it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=60)
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument(
        "--memory", action="store_true", help="measure memory instead: over 2,000 experiments, and 2 GB of output"
    )
    parser.add_argument("--sandbox", action="store_true", help="measure what a run costs in each kind of sandbox")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if options.memory:
            memory(Path(scratch))
            return
        if options.sandbox:
            sandboxes(Path(scratch), options.files, options.experiments)
            return
        print(f"{'repository':<16} {'ms an experiment':>17} {'of it git':>10} {'of it bench start and end':>26}")
        for name, files in (("small", 0), (f"{options.files:,} files", options.files)):
            show(name, session(Path(scratch) / name.split()[0], files, options.experiments))


def session(home: Path, files: int, experiments: int) -> list[AnyRecord]:
    """The journal of a session of so many experiments in a repository of so many other files."""
    user = repository(home, files)
    # Every third is better, so that keeps, which move the branch, are in the mean as well.
    replies = [whole(str(20 + number if number % 3 == 0 else number / 1000)) for number in range(1, experiments)]
    with ModelServer(replies) as server:
        done = user.types(
            *("run", "--tag=t", "--model=openai/gpt-6-luna", f"--budget=experiments={experiments}", "--patience=0"),
            timeout_s=1200,
            env={"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": server.openai_url},
        )
    if done.returncode != 0:
        sys.exit(done.stderr)
    return read(home / ".git" / "autoresearch" / "t" / "journal.jsonl")


def repository(home: Path, files: int) -> User:
    """A project among so many other files."""
    user = User.with_project(home, commit=False)
    for number in range(files):
        path = home / f"d{number % 250}" / f"f{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{number}\n")
    user.git("add", "-A")
    user.git("commit", "--quiet", "-m", "start")
    return user


def show(name: str, records: list[AnyRecord]) -> None:
    """One line of the table: medians over the experiments."""
    whole_ms, git_ms, bench_ms = [], [], []
    by_kind: dict[str, AnyRecord] = {}
    for before, record in pairwise(records):
        by_kind[record.kind] = record
        if record.kind == "replied":
            # From the answer to the end of the experiment: the proposer's own time lies before it.
            start = before.t
            asked_s = record.t - before.t
        if record.kind == "settled" and getattr(record, "n", 1) > 1:
            measured = by_kind["measured"]
            ran_s = measured.duration_s  # type: ignore[union-attr]
            whole_ms.append((record.t - start - asked_s - ran_s) * 1000)
            git_s = by_kind["committed"].t - by_kind["proposed"].t + record.t - by_kind["decided"].t
            git_ms.append(git_s * 1000)
            bench_ms.append((measured.t - by_kind["measuring"].t - ran_s) * 1000)
    cells = [statistics.median(values) for values in (whole_ms, git_ms, bench_ms)]
    print(f"{name:<16} {cells[0]:>17.1f} {cells[1]:>10.1f} {cells[2]:>26.1f}")


def sandboxes(scratch: Path, files: int, runs: int) -> None:
    """Milliseconds of a run that does nothing, from the order to its end; and the runner's CPU beside a long run."""
    usual = os.environ["PATH"]
    kinds = {"none": usual, "landlock": path_without_bubblewrap(scratch / "programs"), "bubblewrap": usual}
    print(f"{'sandbox':<12} {'repository':<14} {'ms a run':>9} {'over none':>10}")
    for count in (0, 40, files):
        user = repository(scratch / f"s{count}", count)
        runners = {kind: shut_in(user, kind, path) for kind, path in kinds.items()}
        taken: dict[str, list[float]] = {kind: [] for kind in kinds}
        for number in range(runs + 1):
            # In turns, so that what else the machine does meets all kinds alike.
            for kind, (runner, project) in runners.items():
                begin = time.monotonic()
                said = runner.run(project.targets, scratch / f"{kind}.log", lambda: None, seed=number)
                assert said.value == 10, said.failure
                taken[kind] += [(time.monotonic() - begin) * 1000] if number else []  # the first fills caches
        for kind, values in taken.items():
            over = statistics.median(here - none for here, none in zip(values, taken["none"], strict=True))
            name = f"{count:,} files" if count else "small"
            beside = f"{over:>+10.1f}" if kind != "none" else ""
            print(f"{kind:<12} {name:<14} {statistics.median(values):>9.1f} {beside}".rstrip())
    print(f"{'sandbox':<12} {'CPU ms a second of a run':>24}")
    for kind, path in kinds.items():
        os.environ.update(PATH=path, AUTORESEARCH_SANDBOX=MODES[kind])
        print(f"{kind:<12} {statistics.median(cpu_beside(scratch / f'cpu-{kind}-{turn}') for turn in range(3)):>24.1f}")


def shut_in(user: User, kind: str, path: str) -> tuple[Runner, Project]:
    """A runner in a tree of its own, in a kind of sandbox, which is what works with this PATH."""
    project = examine(user.home / "program.md", {"sandbox": MODES[kind]}, os.environ)
    folder = SessionFolder(project.repository.common_dir, kind)
    folder.path.mkdir(parents=True)
    usual = os.environ["PATH"]
    os.environ["PATH"] = path
    box = make_sandbox(project, folder.path)
    os.environ["PATH"] = usual
    assert box.kind == kind, f"{kind} does not work here, {box.kind} does"
    return make_runner(project, make_tree(project, folder.tree, box), box, None), project


def cpu_beside(home: Path) -> float:
    """CPU milliseconds that runner and sandbox take a second while a bench sleeps."""
    taken = []
    for seconds in (0, 10):
        bench = f"sleep {seconds}; python3 -S program.py"
        user = User.with_project(home.with_name(f"{home.name}-{seconds}"))
        before = os.times()
        done = user.types(
            *("run", "--tag=t", "--model=tune", "--no-canary", "--bench", bench, "--budget=experiments=1")
        )
        assert done.returncode == 0, done.stderr
        after = os.times()
        taken.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return (taken[1] - taken[0]) * 1000 / (3 * 10)  # the baseline of an exact metric runs three times


def memory(scratch: Path) -> None:
    """Peak memory of the runner: 2,000 experiments against 100, and a bench that prints 2 GB against a silent one."""
    few, many = (peak(scratch / f"m{count}", PROGRAM, count) for count in (100, 2000))
    print(f"peak memory: {few:.0f} MB after 100 experiments, {many:.0f} MB after 2,000")
    loud = PROGRAM.replace("bench: python3", "bench: head -c 2000000000 /dev/zero | tr '\\0' 'x' && echo && python3")
    quiet, noisy = peak(scratch / "quiet", PROGRAM, 2), peak(scratch / "loud", loud.replace("20s", "5m"), 2)
    print(f"peak memory: {quiet:.0f} MB with a silent bench, {noisy:.0f} MB with one that prints 2 GB")


def peak(home: Path, program: str, experiments: int) -> float:
    """Peak resident memory of one session in MB, by the kernel's account of the runner alone."""
    user = User.with_project(home, program=program)
    code = (
        # Not ru_maxrss, which begins with the size of whoever started the process.
        "import re, sys; from autoresearch.cli import main\n"
        "try: main()\n"
        "finally: print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1], file=sys.stderr)"
    )
    with ModelServer([whole(str(number / 1000)) for number in range(1, experiments)]) as server:
        done = subprocess.run(
            [
                *(sys.executable, "-c", code, "run", "--tag=t", "--model=openai/gpt-6-luna", "--patience=0"),
                f"--budget=experiments={experiments}",
            ],
            cwd=user.home,
            env={**os.environ, "OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": server.openai_url},
            capture_output=True,
            text=True,
            check=True,
        )
    return int(done.stderr.split()[-1]) / 1024


if __name__ == "__main__":
    main()
