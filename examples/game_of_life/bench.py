"""Runs life.py from the recorded seed, checks it against the recorded checkpoints, prints how fast it was."""

import argparse
import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

GENERATIONS = 200
MEASURED_S = 1.0  # a fast target plays the same life again, moved on the torus, until this much is measured

Rows = list[list[int]]


def load_target() -> Any:
    """The class under test."""
    sys.dont_write_bytecode = True  # a cached .pyc could stand in for an edit made within the same second
    from life import Life

    return Life


def moved(team: Rows, down: int, right: int, rows: int, columns: int) -> Rows:
    """The same cells elsewhere on the torus; an odd `down + right` would swap the checkerboard's colours."""
    return sorted([(y + down) % rows, *sorted((x + right) % columns for x in xs)] for y, *xs in team)


def play(life: Any, checkpoints: list[list[int]]) -> None:
    """Step through the checkpoints in order; exit at the first that differs."""
    done = 0
    for generation, *expected in checkpoints:
        while done < generation:
            life.step()
            done += 1
        got = list(life.counts())
        if got != expected:
            sys.exit(f"divergence at generation {generation}: expected {expected} cells, got {got}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generations", type=int, default=GENERATIONS, help="a generation with a checkpoint")
    last = parser.parse_args().generations

    record = json.loads(Path(__file__).with_name("checkpoints.json").read_text())
    rows, columns = record["rows"], record["columns"]
    checkpoints = [entry for entry in record["checkpoints"] if entry[0] <= last]
    if last < 1 or checkpoints[-1][0] != last:
        parser.error(f"no checkpoint is recorded for generation {last}")
    Life = load_target()  # noqa: N806

    games = 0
    walltime_s = 0.0
    while walltime_s < MEASURED_S:
        down, right = 7 * games, 11 * games
        team1, team2 = (moved(record[team], down, right, rows, columns) for team in ("team1", "team2"))
        started = perf_counter()
        play(Life(rows, columns, team1, team2), checkpoints)
        walltime_s += perf_counter() - started
        games += 1

    print(f"total_generations: {games * last}")
    print(f"total_walltime: {walltime_s:.3f}")
    print(f"generations_per_s: {games * last / walltime_s:.2f}")


if __name__ == "__main__":
    main()
