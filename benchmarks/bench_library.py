"""What `autoresearch.bench` costs: a worker's start and end, and a call, with little and with much to carry.

python benchmarks/bench_library.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autoresearch import bench

REPEATS = 30


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "echo.py"
        target.write_text("def same(value=None):\n    return value\n")
        starts, ends, bare = [], [], []
        for _ in range(REPEATS):
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", "pass"], check=True)
            begun = time.perf_counter()
            worker = bench.Worker(str(target))
            started = time.perf_counter()
            worker.close()
            bare.append(begun - begin)
            starts.append(started - begun)
            ends.append(time.perf_counter() - started)
        with bench.Worker(str(target)) as worker:
            calls = [worker.call("same").seconds for _ in range(REPEATS * 30)]
            repeated = [worker.call("same", times=10_000).seconds / 10_000 for _ in range(REPEATS)]
            large = [worker.call("same", bytes(2**24)).seconds for _ in range(REPEATS)]
    shown = {"a bare Python": bare, "a worker's start": starts, "its end": ends, "a call": calls}
    for name, seconds in {**shown, "a call with times=10,000": repeated, "16 MiB there and back": large}.items():
        print(f"{name:26} {statistics.median(seconds) * 1000:9.4f} ms, at best {min(seconds) * 1000:.4f}")


if __name__ == "__main__":
    main()
