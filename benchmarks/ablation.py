"""What `ablate` says of changes whose worth is known, on machines of known noise: how often it errs, and what it costs.

    python benchmarks/ablation.py [--trials 2000]

Plays the rule itself, without a bench: the head against itself, then the head with and without a change that is worth
so many times the noise, the order of each pair by coin flip. Noise is the median difference of a pair of equal code.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from autoresearch.decide.ablation import Ablation, standing
from autoresearch.decide.history import Experiment, History
from autoresearch.decide.recover import step
from autoresearch.records import Arm, Decided, Drawn, Measured, Settled, Without
from autoresearch.settings import Settings
from autoresearch.sources import load
from noises import Noise, drifting, gaussian, periodic, skewed

NOISES: dict[str, Noise] = {"gaussian": gaussian, "drifting": drifting, "skewed": skewed, "periodic": periodic}
WORTHS = (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Times the noise."""


@dataclass(frozen=True)
class Rates:
    """What came of many changes of the same worth, as shares."""

    earns: float
    dead: float
    undecided: float
    pairs: float
    """Pairs a change, on average; those of the head with itself left out."""


def rates(noise: Noise, worth: float, trials: int, **settings: object) -> Rates:
    """So many changes that each lower the metric by `worth` times the noise, each in a session of its own."""
    asked = load({}, {}, {"target": "a", "bench": "b", "metric": "t", "direction": "lower", **settings}, "p").settings
    gain, found, pairs = worth * typical(noise), Counter[str](), 0
    for trial in range(trials):
        said, took = one(asked, noise(trial), gain, Random(trial))
        found[said] += 1
        pairs += took
    earns, dead, undecided = (found[name] / trials for name in ("earns", "dead", "undecided"))
    return Rates(earns, dead, undecided, pairs / trials)


def typical(noise: Noise, pairs: int = 20_000) -> float:
    """The median relative difference of two runs in a row of the same code."""
    runs = noise(1)
    return median(abs(next(runs) / next(runs) - 1) for _ in range(pairs))


def one(settings: Settings, runs: Iterator[float], gain: float, chance: Random) -> tuple[str, int]:
    """The verdict on one change, and how many pairs it took: three experiments, as an ablation has them."""
    history = History()
    for n, without in ((1, ()), (2, ()), (3, ("change",))):
        head = history.baseline.value if history.baseline else None
        rule = Ablation(settings, history.yardstick, head)
        history = step(history, Without(n=n, commits=without))
        while True:
            decision = rule.next(history.current)
            if decision.verdict:
                verdict = decision.verdict
                decided = Decided(n=n, status=verdict.status, reason="", cause=verdict.cause, value=decision.value)
                history = step(step(history, decided), Settled(n=n))
                break
            if decision.draw:
                order = tuple(chance.sample(decision.draw, len(decision.draw)))
                history = step(history, Drawn(n=n, order=order, seed=0))
                continue
            arm: Arm = decision.run or "candidate"
            value = next(runs) * (1 + gain if without and arm == "candidate" else 1)
            history = step(history, measured(history.current, arm, value))
    last = history.experiments[-1]
    return standing(last), len(last.draws)


def measured(current: Experiment, arm: Arm, value: float) -> Measured:
    """A run, as the journal has it."""
    return Measured(
        n=current.n,
        run=len(current.runs) + 1,
        arm=arm,
        value=value,
        failure=None,
        columns={},
        duration_s=1.0,
        log="",
        draw=len(current.draws),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=2000)
    trials = parser.parse_args().trials
    print(f"{'noise':<9} {'worth':>5} {'earns its place':>15} {'dead weight':>11} {'undecided':>9} {'pairs':>6}")
    for name, noise in NOISES.items():
        for worth in WORTHS:
            found = rates(noise, worth, trials)
            print(
                f"{name:<9} {worth:>5g} {found.earns:>15.1%} {found.dead:>11.1%} {found.undecided:>9.1%} "
                f"{found.pairs:>6.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
