"""A bench command tried once: which `name: number` lines it prints, so that a metric can be offered."""

from __future__ import annotations

import math
import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autoresearch.direction import guess
from autoresearch.edge import bench
from autoresearch.edge.environment import environment

LIMIT_S = 60.0
LINE = re.compile(
    rb"^([^\W\d][^\s:]{0,79}):[ \t]*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)[ \t]*\r?$", re.MULTILINE
)
LONGEST_LINE = 4096
RESOURCE = re.compile(r"(^|_)((wall_?)?time|seconds?|secs?|s|ms|bytes|[kmg]i?b|mem|memory|vram|size)$", re.IGNORECASE)
"""Ends of names that are a resource: now and then the metric, mostly a side remark."""


@dataclass(frozen=True)
class Trial:
    """What one run of a bench command showed."""

    command: str
    numbers: dict[str, float]
    """What could be a metric: names printed with one finite number each, in order."""
    failure: str | None
    """Why the run would count as a crash; None when it ended well."""


def try_once(command: str, directory: Path, limit_s: float = LIMIT_S) -> Trial:
    """Run a bench command in the project, for at most `limit_s`; it may write there what it always writes."""
    numbers = Numbers()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "trial.log"
        run = bench.run(
            ["/bin/sh", "-c", command],
            cwd=directory,
            env={**environment(os.environ), "AUTORESEARCH_SEED": "0"},
            timeout_s=limit_s,
            log=log,
            feed=numbers.feed,
        )
        last = bench.tail(log, 1).strip()
    numbers.feed(b"\n")
    failure = None
    if run.timed_out:
        failure = f"it was not over after {limit_s:g} s"
    elif run.exit_code != 0:
        failure = f"exit code {run.exit_code}" + (f": {last[:200]}" if last else "")
    return Trial(command, numbers.steady(), failure)


class Numbers:
    """Collects `name: number` lines from output that comes in pieces."""

    def __init__(self) -> None:
        self._found: dict[str, set[float]] = {}
        self._begun = b""

    def feed(self, chunk: bytes) -> None:
        """Take the next piece; a carriage return ends a line as well."""
        block, _, rest = (self._begun + chunk.replace(b"\r", b"\n")).rpartition(b"\n")
        self._begun = rest[:LONGEST_LINE]
        for name, number in LINE.findall(block):
            self._found.setdefault(name.decode(errors="replace"), set()).add(float(number))

    def steady(self) -> dict[str, float]:
        """Names with one number each; a name with several would be an ambiguous metric."""
        lone = {name: next(iter(values)) for name, values in self._found.items() if len(values) == 1}
        return {name: value for name, value in lone.items() if math.isfinite(value)}


def likeliest(names: Iterable[str]) -> str | None:
    """The name that is the metric, by its looks: its direction is plain, it is no mere resource, it comes last."""
    ranked = sorted(names, key=lambda name: (guess(name) is not None, not RESOURCE.search(name)))
    return ranked[-1] if ranked else None
