"""Does a commit survive its audit: what to run next, and what its runs came to against its parent's. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from autoresearch.decide.history import Experiment
from autoresearch.decide.policy import BASELINE_RUNS, FAULTS, PAIR, SAME, Decision, compare
from autoresearch.decide.rematch import decide
from autoresearch.decide.rounds import Rounds, rounds
from autoresearch.decide.yardstick import Yardstick
from autoresearch.model import Status, Verdict
from autoresearch.records import Measured
from autoresearch.settings import Settings


@dataclass(frozen=True)
class Survival:
    """The rule for one commit of a branch: keep says that it survives. The rule that once kept it has no say."""

    settings: Settings
    yardstick: Yardstick
    parent: Experiment | None
    """What the audit measured of the commit's parent; None for the base, which is held against nothing."""
    smaller: bool = False
    """True when the commit makes the target smaller and `simplify` asks to value that."""

    def next(self, current: Experiment) -> Decision:
        """The next step of an experiment that has a commit."""
        if self.parent is None:
            return unchanged(current.runs, "base")
        done = rounds(current)
        if done.failed:
            return Decision(verdict=Verdict(Status.CRASH, f"crashed: {done.failed.failure or 'no metric'}"))
        if _does_not_run(self.parent, current):
            return _orphan(done, self.parent)
        settings = self.settings
        decision = self._ruled(current, done, settings.model_copy(update={"min_gain": self._min_gain}))
        if decision.fault:
            return Decision(fault=decision.fault.replace("the incumbent", f"commit {_short(self.parent)}", 1))
        if self.smaller and _kept(decision) and not _kept(self._ruled(current, done, settings)):
            return _because(decision, lambda reason: f"smaller, and no worse ({reason})")
        return _because(decision, lambda reason: reason.replace("the incumbent", "its parent"))

    def _ruled(self, current: Experiment, done: Rounds, settings: Settings) -> Decision:
        """One run, and a second where it is better, while equal code has always measured equal; else pairs."""
        assert self.parent is not None
        if current.draws or not self.yardstick.exact or self.parent.value is None:
            return compare(current, settings)
        ruling = decide(
            done.alone,
            (),
            [self.parent.value],
            direction=settings.direction,
            exact=True,
            alpha=settings.alpha,
            max_losses=settings.max_losses,
            min_gain=settings.min_gain,
        )
        if ruling.verdict is None:
            return Decision(run="candidate") if ruling.run == "candidate" else Decision(draw=PAIR)
        status = Status.KEEP if ruling.verdict == "keep" else Status.DISCARD
        return Decision(verdict=Verdict(status, ruling.reason), value=median(done.alone))

    @property
    def _min_gain(self) -> float:
        gain = self.settings.min_gain
        return min(gain, -max(self.yardstick.spread, SAME)) if self.smaller else gain


def unchanged(runs: Sequence[Measured], name: str) -> Decision:
    """So many runs of what commits are held against that it is known whether equal code always measures equal."""
    for run in runs:
        if run.value is None:
            return Decision(verdict=Verdict(Status.CRASH, run.failure or "no metric"))
    if len(runs) < BASELINE_RUNS:
        return Decision(run="candidate")
    value = median(run.value for run in runs if run.value is not None)
    return Decision(verdict=Verdict(Status.KEEP, name, "baseline"), value=value)


def _does_not_run(parent: Experiment, current: Experiment) -> bool:
    """True for a parent that never ran as a commit of its own, or crashed then and crashes now."""
    own = rounds(parent)
    never = all(run.value is None for run in own.candidate)
    return own.failed is not None and (never or current.faults >= FAULTS)


def _orphan(done: Rounds, parent: Experiment) -> Decision:
    """There is nothing to compare with; one run tells whether there will be for the commit behind it."""
    if not done.candidate:
        return Decision(run="candidate")
    verdict = Verdict(Status.DISCARD, f"its parent {_short(parent)} does not run")
    return Decision(verdict=verdict, value=done.candidate[0].value)


def _kept(decision: Decision) -> bool:
    return decision.verdict is not None and decision.verdict.status is Status.KEEP


def _because(decision: Decision, say: Callable[[str], str]) -> Decision:
    """The decision with its reason put into other words."""
    if decision.verdict is None:
        return decision
    return replace(decision, verdict=replace(decision.verdict, reason=say(decision.verdict.reason)))


def _short(experiment: Experiment) -> str:
    return (experiment.commit or "")[:7]
