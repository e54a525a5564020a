"""For authors of benches: owns clock, inputs and answers, while the target runs in a process of its own.

Standard library only, Python 3.9 or later, nothing of the rest of autoresearch. docs/bench.md says why and how.
"""

from __future__ import annotations

import hashlib
import math
import os
import random
import sys
from contextlib import suppress

from autoresearch.bench.failure import Failure, require
from autoresearch.bench.worker import Result, Thing, Worker, workers

__all__ = ["Failure", "Result", "Thing", "Worker", "chance", "report", "require", "seed"]

SEED = "AUTORESEARCH_SEED"
LABEL = "autoresearch-bench: isolated"
"""Printed above the metric: the target had no part in measuring it."""

_reported = False


def seed() -> int:
    """The number that the harness gave this run, the same for runs that it compares; by hand a new one each time."""
    if SEED not in os.environ:
        os.environ[SEED] = str(int.from_bytes(os.urandom(4), "big") >> 1)
        print(f"{SEED}={os.environ[SEED]} repeats this run's inputs", file=sys.stderr)
    with suppress(ValueError):
        return int(os.environ[SEED])
    raise Failure(f"{SEED} is {os.environ[SEED]!r}, which is no integer.")


def chance(purpose: str = "") -> random.Random:
    """A generator that follows from `seed()`; each purpose has its own, however much the others draw."""
    return _Chance(f"{seed()} {purpose}")


def report(**numbers: float) -> None:
    """Print `NAME: number` lines; once, at the very end, after the workers were closed. All must be finite."""
    global _reported
    require(not _reported, "the bench called report() twice; give it all numbers at once.")
    require(all(worker.closed for worker in workers), "the bench called report() before its worker was closed.")
    require(numbers, "the bench called report() without a number.")
    values: dict[str, float] = {}
    for name, number in numbers.items():
        with suppress(TypeError, ValueError):
            values[name] = number if isinstance(number, int) else float(number + 0)
        require(math.isfinite(values.get(name, math.nan)), f"{name} is {number!r}, which is no finite number.")
    loaded = {os.path.realpath(getattr(module, "__file__", None) or "") for module in [*sys.modules.values()]}
    isolated = bool(workers) and not any(worker.path in loaded for worker in workers)
    print(*[LABEL] * isolated, *(f"{name}: {value!r}" for name, value in values.items()), sep="\n", flush=True)
    _reported = True


class _Chance(random.Random):
    """Draws that nobody can work out from those before: Python's own generator gives itself away in 624 of them."""

    def __init__(self, origin: str) -> None:
        # Slow, so that trying all seeds takes years.
        self._key = hashlib.pbkdf2_hmac("sha256", origin.encode(), b"autoresearch", 30_000)
        self._drawn = 0
        super().__init__()

    def getrandbits(self, k: int) -> int:
        """So many bits."""
        self._drawn += 1
        stream = hashlib.shake_256(self._key + self._drawn.to_bytes(8, "big"))
        return int.from_bytes(stream.digest((k + 7) // 8), "big") >> (-k % 8)

    def random(self) -> float:
        """A number from 0 up to 1."""
        return self.getrandbits(53) / 2.0**53

    def seed(self, *_: object, **__: object) -> None:
        """Not taken: the origin is all there is."""
