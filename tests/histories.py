"""Histories of sessions, made up of settled experiments without running anything."""

from __future__ import annotations

from autoresearch.decide.history import Experiment, History
from autoresearch.decide.outcome import Past
from autoresearch.model import Cause, Direction, Metric, Rung, Status
from autoresearch.records import Decided, Drawn, Measured, Planned, Proposed
from autoresearch.settings import Settings
from autoresearch.sources import load

LOSS = Metric("loss", Direction.LOWER)
SCORE = Metric("score", Direction.HIGHER)


def measured(
    value: float | None, n: int = 2, failure: str | None = None, columns: dict[str, float] | None = None
) -> Measured:
    return Measured(
        n=n,
        run=1,
        arm="candidate",
        value=value,
        failure=failure,
        columns=columns or {},
        duration_s=1.0,
        log="runs/2-1.log",
    )


def proposed(n: int, description: str = "idea", repair: int = 0) -> Proposed:
    return Proposed(
        n=n,
        repair=repair,
        description=description,
        hypothesis="why",
        category="other",
        by="openai/m",
        fingerprint=f"{n}.{repair}",
        files=("a.py",),
    )


def experiment(n: int, status: Status, value: float | None, reason: str = "", **columns: float) -> Experiment:
    return Experiment(
        n=n,
        proposal=proposed(n, f"idea {n}"),
        commit=f"{n:040x}",
        runs=(measured(value, n, columns=columns),),
        verdict=Decided(n=n, status=status, reason=reason, value=value),
    )


def history(*experiments: Experiment) -> History:
    return History(experiments=experiments)


BASELINE = experiment(1, Status.KEEP, 10.0)


def tried(
    n: int,
    value: float | None,
    *,
    kept: bool = False,
    category: str = "parameters",
    expected: float | None = None,
    cause: Cause | None = "screen",
    by: str = "openai/m",
    rung: Rung = "explore",
    pairs: int = 0,
    over: float = 10.0,
    noise: float = 0.0,
) -> Experiment:
    """An experiment against an incumbent of 10: with `pairs`, measured side by side against `over`."""
    status = Status.CRASH if value is None else Status.KEEP if kept else Status.DISCARD
    update: dict[str, object] = {"category": category, "expected": expected, "by": by}
    draws = tuple(Drawn(n=n, order=("incumbent", "candidate"), seed=0) for _ in range(pairs))
    side = [
        measured(shown, n).model_copy(update={"arm": arm, "draw": draw})
        for draw in range(1, pairs + 1)
        for arm, shown in (("incumbent", over), ("candidate", value))
    ]
    return Experiment(
        n=n,
        planned=Planned(n=n, rung=rung, idea="parameters", hint="", by=by),
        proposal=proposed(n, f"idea {n}").model_copy(update=update),
        commit=f"{n:040x}",
        runs=(measured(value, n), *side),
        draws=draws,
        verdict=Decided(n=n, status=status, reason="so", value=value, cause=None if value is None else cause),
        noise=noise,
    )


def past(of: History, metric: Metric = LOSS) -> Past:
    """What came of a history."""
    return Past(metric).follow(of.experiments)


def settings(**more: object) -> Settings:
    given = {"target": "a.py", "bench": "python a.py", "metric": "loss", **more}
    return load({}, {}, given, "program.md").settings
