"""Keep, discard or measure again: a pure rule over the runs so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autoresearch.model import Metric, Status, Verdict
from autoresearch.records import Arm, Measured


@dataclass(frozen=True)
class Decision:
    """What comes next: a run of one arm, or the verdict. Exactly one of them is set."""

    run: Arm | None = None
    verdict: Verdict | None = None
    value: float | None = None
    """The candidate's metric, with a verdict that is not a crash."""


def decide(runs: Sequence[Measured], incumbent: float | None, metric: Metric) -> Decision:
    """The plain rule: one run; strictly better than the incumbent is kept. No incumbent: the baseline, kept."""
    if not runs:
        return Decision(run="candidate")
    run = runs[-1]
    if run.value is None:
        return Decision(verdict=Verdict(Status.CRASH, run.failure or "no metric"))
    if incumbent is None:
        return Decision(verdict=Verdict(Status.KEEP, "baseline"), value=run.value)
    if metric.better(run.value, than=incumbent):
        return Decision(verdict=Verdict(Status.KEEP, f"better than {incumbent:.10g}"), value=run.value)
    how = "equal to" if run.value == incumbent else "worse than"
    return Decision(verdict=Verdict(Status.DISCARD, f"{how} {incumbent:.10g}"), value=run.value)
