"""The tuner against random search on the tiny language model: which finds the better numbers in 40 experiments?

    python benchmarks/tuner.py [--seeds 0-9] [--experiments 40] [--seconds 3] [--wall]

Both arms begin with the target as it is, draw from the same ranges, and turn the best text they have found. Each
experiment is one run of the example's bench, an experiment of one arm and one of the other by turns, with the same
AUTORESEARCH_SEED. One run is noisy, so what each arm takes for its best is run anew, by turns again, and the medians of
these runs decide. Exits with 1 where the tuner wins fewer than four in five.

How far a training gets in a wall-clock time depends on what else the machine does. So the copy of train.py that is run
reads the clock of its own CPU time, and bench.py allows for the rest; `--wall` leaves both as they are.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from autoresearch.model import Direction, Metric, Prompt, Request, Scalar, Trial
from autoresearch.propose.literals import rewrite
from autoresearch.propose.survey import current, survey
from autoresearch.propose.tune import Tune

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "tiny_lm"
TARGET = "train.py"
VAL_BPB = Metric("val_bpb", Direction.LOWER)
FRESH = 5
"""Runs anew of what each arm found."""
SHARE = 0.8
"""Of the seeds that the tuner is to win."""
WALL_CLOCK, CPU_CLOCK = "import perf_counter", "import process_time as perf_counter"
PATIENT = (("OVERRUN_S = 1.0", "OVERRUN_S = 60.0"), ("PREDICTION_S = 2.0", "PREDICTION_S = 60.0"))
"""What the copy of bench.py allows by the wall clock, where the target's own is another."""


@dataclass
class Bench:
    """The example's bench in a directory of its own."""

    place: Path
    environment: Mapping[str, str]
    wall: bool
    runs: int = 0
    crashes: int = 0

    def __post_init__(self) -> None:
        """Have a busy machine take the time it takes."""
        bench = self.place / "bench.py"
        text = bench.read_text()
        for strict, patient in () if self.wall else PATIENT:
            assert strict in text
            text = text.replace(strict, patient)
        bench.write_text(text)

    def run(self, text: str, seed: int) -> float | None:
        """What a target scores; None where it crashes."""
        self.runs += 1
        (self.place / TARGET).write_text(text if self.wall else text.replace(WALL_CLOCK, CPU_CLOCK))
        done = subprocess.run(
            [sys.executable, "-B", "bench.py"],
            cwd=self.place,
            env={**self.environment, "AUTORESEARCH_SEED": str(seed)},
            capture_output=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            self.crashes += 1
            return None
        return float(next(line for line in done.stdout.decode().splitlines() if line.startswith("val_bpb:")).split()[1])


@dataclass
class Arm:
    """One way of choosing, and how far it has come."""

    seed: int
    text: str
    best: float
    trials: list[Trial] = field(default_factory=list)

    def choose(self) -> tuple[str, dict[str, Scalar]]:
        """The next text, and its params."""
        raise NotImplementedError

    def told(self, text: str, params: Mapping[str, Scalar], value: float | None) -> None:
        """Learn what came of it."""
        self.trials.append(Trial(params, value))
        if value is not None and value < self.best:
            self.text, self.best = text, value


class Tuner(Arm):
    """The proposer itself, as a session asks it."""

    def choose(self) -> tuple[str, dict[str, Scalar]]:
        """What `tune` does."""
        request = Request(
            len(self.trials) + 1, Prompt("", ()), {TARGET: self.text}, VAL_BPB, self.trials[0].value, self.trials
        )
        reply = Tune(self.seed * 10_000).propose(request)
        assert reply.files is not None
        assert reply.params is not None
        return reply.files[TARGET], dict(reply.params)


class Chance(Arm):
    """Random search."""

    def choose(self) -> tuple[str, dict[str, Scalar]]:
        """Uniform draws, on a log scale where the range is one."""
        dice = random.Random(self.seed * 10_000 + len(self.trials))
        values = {knob: knob.range.drawn(dice) for knob in survey({TARGET: self.text}).knobs}
        return rewrite(self.text, values), {knob.key: value for knob, value in values.items()}


def duel(bench: Bench, seed: int, experiments: int) -> tuple[float, float]:
    """What the tuner's best and random search's best score, as medians of fresh runs."""
    text = (EXAMPLE / TARGET).read_text()
    first = bench.run(text, seed * 1000)
    assert first is not None, "the example does not run: is numpy installed?"
    arms = [kind(seed, text, first, [Trial(current({TARGET: text}), first)]) for kind in (Tuner, Chance)]
    for n in range(1, experiments):
        for arm in arms if n % 2 else arms[::-1]:
            candidate, params = arm.choose()
            arm.told(candidate, params, bench.run(candidate, seed * 1000 + n))
    fresh: list[list[float]] = [[], []]
    for again in range(FRESH):
        for arm, scores in zip(arms, fresh, strict=True):
            score = bench.run(arm.text, 10**6 + seed * 1000 + again)
            scores.append(math.inf if score is None else score)
    return median(fresh[0]), median(fresh[1])


def main() -> int:
    """Duel after duel. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0-9", help="first and last seed (default 0-9)")
    parser.add_argument("--experiments", type=int, default=40, help="of each arm, the baseline included (default 40)")
    parser.add_argument("--seconds", default="3", help="of training in a run (default 3, as in the example)")
    parser.add_argument("--wall", action="store_true", help="seconds of the wall clock, as in the example")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    began, won = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
        library = ROOT / "src" / "autoresearch" / "importable"
        environment = {**os.environ, "PYTHONPATH": str(library), "TINY_LM_SECONDS": options.seconds}
        bench = Bench(Path(folder), environment, options.wall)
        print("seed    tuner   random", flush=True)
        for seed in seeds:
            tuner, chance = duel(bench, seed, options.experiments)
            won += tuner < chance
            print(f"{seed:4} {tuner:8.4f} {chance:8.4f}  {'tuner' if tuner < chance else 'random'}", flush=True)
    took_min = (time.monotonic() - began) / 60
    print(f"the tuner won {won} of {len(seeds)}  ({bench.runs} runs, {bench.crashes} crashes, {took_min:.0f} min)")
    return 0 if won >= SHARE * len(seeds) else 1


if __name__ == "__main__":
    sys.exit(main())
