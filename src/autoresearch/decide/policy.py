"""Keep, discard, or what to run next: the settings' rule over what an experiment has measured so far. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from autoresearch.decide.guards import broken
from autoresearch.decide.history import BASELINE, Experiment, History
from autoresearch.decide.plausible import implausible
from autoresearch.decide.rematch import SCREEN, SWEEP, Ruling, beats, decide, kept_for, rematch, sweep
from autoresearch.decide.rounds import Rounds, rounds
from autoresearch.decide.yardstick import Yardstick
from autoresearch.model import Cause, Direction, Measurement, Status, Verdict
from autoresearch.records import Arm, Gate, Measured
from autoresearch.settings import Settings

BASELINE_RUNS = 3
"""Runs of the baseline: all equal, and the metric is exact."""
NOISY_BASELINE_RUNS = 5
"""Runs of a baseline that is not exact."""
FAULTS = 2
"""So many failures of the incumbent in a row are the machine's fault: the incumbent has run before."""
SAME = 1e-9
"""Relative difference up to which a simplification of an exact metric is no worse."""
CONFIRM_WINS = 2
"""Pairs on held-out inputs that a would-be keep must win, of at most three; one where the metric is exact."""
TELLING: frozenset[Cause | None] = frozenset(
    {"rematch", "guard", "check", "confirm", "implausible", "simplification", "tampered"}
)
"""Causes that are worth a word, as the value alone does not tell them."""
PAIR: tuple[Arm, ...] = ("candidate", "incumbent")


@dataclass(frozen=True)
class Decision:
    """What comes next: one of the fields, and `value` with a verdict that is no crash. None of them: it is done."""

    run: Arm | None = None
    """One run of this arm."""
    seed: int | None = None
    """What that run shall find as its seed; None leaves it to chance."""
    draw: tuple[Arm, ...] | None = None
    """Chance shall put these runs into an order, and then they follow in it."""
    gate: Gate | None = None
    fault: str | None = None
    """The machine is at fault: nothing can be decided."""
    verdict: Verdict | None = None
    value: float | None = None
    """The candidate's metric: the median of its runs in pairs, or of its runs alone where there are none."""


@dataclass(frozen=True)
class Policy:
    """The rule that the settings ask for, and what the experiment before it is held against."""

    settings: Settings
    yardstick: Yardstick
    best: float | None
    """The incumbent's value as results.tsv has it; None before the baseline."""
    incumbent_columns: Sequence[dict[str, float]] = ()
    """Extra columns of the runs that made the incumbent."""
    simpler: bool = False
    """True when the candidate makes the target smaller and `simplify` asks to value that."""

    def next(self, current: Experiment) -> Decision:
        """The next step of an experiment that has a commit."""
        if current.faults >= FAULTS:
            return Decision(fault=_fault(current))
        if current.n == BASELINE:
            return self._baseline(current.runs)
        done = rounds(current)
        if decision := self._before_rule(current, done):
            return decision
        ruling = self._rule(done)
        if ruling.run == "candidate":
            return Decision(run="candidate", seed=self._seed(done))
        if ruling.run == "pair":
            return Decision(draw=PAIR if self.settings.decide != "sweep" else PAIR * SWEEP)
        value = median(done.values("candidate") or done.alone)
        if ruling.verdict == "discard":
            cause: Cause = "rematch" if done.pairs or done.swept else "screen"
            return self._settled(current, Verdict(Status.DISCARD, ruling.reason, cause), value)
        return self._would_keep(current, done, ruling, value)

    def _seed(self, done: Rounds) -> int | None:
        """The screen is held against the incumbent's best of late, so it has that one's luck."""
        if done.alone or self.settings.decide == "naive":
            return None
        refreshed = [run for run in done.incumbent if not run.draw]
        return self.yardstick.screen_seed(refreshed, self.settings.direction)

    def _baseline(self, runs: Sequence[Measured]) -> Decision:
        """The unmodified target, often enough to know whether it always measures the same."""
        for run in runs:
            if problem := unfit(self.settings, run):
                where = f"in run {run.run} of the baseline: " if len(runs) > 1 else ""
                return Decision(verdict=Verdict(Status.CRASH, where + problem))
        values = [run.value for run in runs if run.value is not None]
        wanted = 1 if self.settings.decide == "naive" else BASELINE_RUNS
        if len(values) >= BASELINE_RUNS and len(set(values)) > 1:
            wanted = NOISY_BASELINE_RUNS
        if len(values) < wanted:
            return Decision(run="candidate")
        return Decision(verdict=Verdict(Status.KEEP, "baseline", "baseline"), value=median(values))

    def _before_rule(self, current: Experiment, done: Rounds) -> Decision | None:
        """What comes before any comparison: a fresh incumbent, crashes, the implausible, a round in progress."""
        stale = self.settings.decide != "naive" and self.yardstick.stale
        if stale and not done.alone and not done.refreshed and not done.failed:
            return Decision(run="incumbent")
        if tampered := next((run for run in done.candidate if run.tampered), None):
            verdict = Verdict(Status.DISCARD, tampered.failure or "tampered", "tampered")
            return self._settled(current, verdict, None)
        if done.incidents >= FAULTS:
            verdict = Verdict(Status.DISCARD, "the incumbent failed twice where this candidate had run", "rematch")
            return self._settled(current, verdict, median((*done.alone, *done.values("candidate"))))
        if done.failed:
            failure = done.failed.failure or "no metric"
            if len(done.candidate) == 1:
                return Decision(verdict=Verdict(Status.CRASH, failure))
            verdict = Verdict(Status.DISCARD, f"crashed when it ran again: {failure}", "rematch")
            return self._settled(current, verdict, median((*done.alone, *done.values("candidate"))))
        for run in done.candidate:
            if strange := self._implausible(run, self._beside(run, done)):
                return self._settled(
                    current, Verdict(Status.DISCARD, f"implausible: {strange}", "implausible"), run.value
                )
        return Decision(run=done.due.arm) if done.due and not self._swept_out(done) else None

    def _swept_out(self, done: Rounds) -> bool:
        """True when a sweep in progress is lost already."""
        return self.settings.decide == "sweep" and bool(done.swept) and self._rule(done).verdict is not None

    def _beside(self, run: Measured, done: Rounds) -> float | None:
        """What a run of the candidate is a step from: the incumbent in its round, or else in its latest runs."""
        beside = [other.value for other in done.incumbent if other.draw == run.draw and other.value is not None]
        if run.draw:
            return median(beside) if beside else None
        if self.settings.decide == "naive":
            return self.best
        latest = [*self.yardstick.runs, *done.refreshed][-SCREEN:]
        return max(latest) if self.settings.direction is Direction.HIGHER else min(latest)

    def _implausible(self, run: Measured, over: float | None) -> str | None:
        assert run.value is not None
        return implausible(self.settings.bounds, self.settings.measured, run.value, run.duration_s, over)

    def _rule(self, done: Rounds, *, min_gain: float | None = None) -> Ruling:
        """What the rule says to the runs so far; a smaller target may be as much worse as equal code differs."""
        settings, direction = self.settings, self.settings.direction
        if min_gain is None:
            min_gain = self._min_gain
        incumbent = (*self.yardstick.runs, *done.refreshed)
        if settings.decide == "naive":
            return self._naive(done.alone, min_gain)
        if settings.decide == "sweep" and done.swept:
            return sweep(done.values("candidate"), done.values("incumbent"), direction=direction, min_gain=min_gain)
        return decide(
            done.alone,
            done.pairs,
            incumbent,
            direction=direction,
            exact=self.yardstick.exact,
            alpha=settings.alpha,
            max_losses=settings.max_losses,
            min_gain=min_gain,
        )

    def _naive(self, alone: Sequence[float], min_gain: float) -> Ruling:
        """The original rule: one run, better than the best so far."""
        if not alone:
            return Ruling("candidate", None)
        assert self.best is not None
        if beats(alone[0], self.best, self.settings.direction, min_gain):
            return Ruling(None, "keep", kept_for(alone[0], self.best, self.settings.direction, min_gain))
        how = "equal to" if alone[0] == self.best else "not better than"
        return Ruling(None, "discard", f"{how} {self.best:.10g}")

    @property
    def _min_gain(self) -> float:
        gain = self.settings.min_gain
        return min(gain, -max(self.yardstick.spread, SAME)) if self.simpler else gain

    def _would_keep(self, current: Experiment, done: Rounds, ruling: Ruling, value: float) -> Decision:
        """Guards, then `check`, then `confirm`, the cheap ones first."""
        if current.is_sentinel:
            verdict = Verdict(Status.DISCARD, f"does nothing, and {ruling.reason}", "sentinel", would_keep=True)
            return Decision(verdict=verdict, value=value)
        theirs = [run.columns for run in done.incumbent] or self.incumbent_columns
        if problem := broken(self.settings.guards, [run.columns for run in done.candidate], theirs):
            return Decision(verdict=Verdict(Status.DISCARD, f"guard: {problem}", "guard"), value=value)
        if self.settings.check:
            if current.checked is None:
                return Decision(gate="check")
            if failure := current.checked.failure:
                return Decision(verdict=Verdict(Status.DISCARD, f"check: {failure}", "check"), value=value)
        if self.settings.confirm and (
            held := held_out(current, "confirm: no gain on the held-out inputs", exact=self.yardstick.exact)
        ):
            return held if held.verdict is None else Decision(verdict=held.verdict, value=value)
        simpler = self.simpler and self._rule(done, min_gain=self.settings.min_gain).verdict != "keep"
        reason = f"simplification: smaller, and no worse ({ruling.reason})" if simpler else ruling.reason
        return Decision(verdict=Verdict(Status.KEEP, reason, "simplification" if simpler else "better"), value=value)

    def confirms(self, candidate: float, incumbent: float) -> bool:
        """True when a pair on the held-out inputs is won."""
        return beats(candidate, incumbent, self.settings.direction, self._min_gain)

    def _settled(self, current: Experiment, verdict: Verdict, value: float | None) -> Decision:
        """A discard; of an edit that does nothing, also what it says about the rule."""
        if current.is_sentinel:
            verdict = Verdict(verdict.status, f"does nothing, and {verdict.reason}", "sentinel", would_keep=False)
        return Decision(verdict=verdict, value=value)


def unfit(settings: Settings, run: Measured | Measurement) -> str | None:
    """Why a run of the unmodified target cannot begin a session."""
    if run.value is None:
        return run.failure or "no metric"
    if strange := implausible(settings.bounds, settings.measured, run.value, run.duration_s, over=None):
        return f"`bounds` call it implausible: {strange}"
    missing = [guard.name for guard in settings.guards if guard.name not in run.columns]
    return f"no '{missing[0]}:' line in the output, which `guards` names" if missing else None


def policy(settings: Settings, history: History, *, simpler: bool) -> Policy:
    """The rule as it stands before the pending experiment."""
    incumbent = history.incumbent
    columns = [run.columns for run in incumbent.runs if run.arm == "candidate"] if incumbent else []
    best = incumbent.value if incumbent else None
    return Policy(settings, history.yardstick, best, columns, simpler)


def held_out(current: Experiment, lost: str, *, exact: bool) -> Decision | None:
    """Another pair on the held-out inputs, a discard for the reason `lost`, or None once it is won."""
    results = [result.won for result in current.confirmed if result.won is not None]
    needed = 1 if exact and not current.draws else CONFIRM_WINS
    if results.count(True) >= needed:
        return None
    if results.count(False) >= needed:
        return Decision(verdict=Verdict(Status.DISCARD, lost, "confirm"))
    return Decision(gate="confirm")


def in_pairs(current: Experiment) -> Decision | None:
    """What pairs without a screen take before they can be judged: the first one, the other half of one, sound arms."""
    done = rounds(current)
    if current.faults >= FAULTS:
        return Decision(fault=_fault(current))
    if done.failed:
        verdict = Verdict(Status.DISCARD, f"crashed: {done.failed.failure or 'no metric'}", "rematch")
        return Decision(verdict=verdict)
    if done.due:
        return Decision(run=done.due.arm)
    return None if done.pairs else Decision(draw=PAIR)


def compare(current: Experiment, settings: Settings) -> Decision:
    """Pairs alone, without a screen, until the rematch is decided: how an audit asks."""
    if before := in_pairs(current):
        return before
    done = rounds(current)
    ruling = rematch(
        done.pairs,
        direction=settings.direction,
        alpha=settings.alpha,
        max_losses=settings.max_losses,
        min_gain=settings.min_gain,
    )
    if ruling.verdict is None:
        return Decision(draw=PAIR)
    status = Status.KEEP if ruling.verdict == "keep" else Status.DISCARD
    cause: Cause = "better" if status is Status.KEEP else "rematch"
    return Decision(verdict=Verdict(status, ruling.reason, cause), value=median(done.values("candidate")))


def _fault(current: Experiment) -> str:
    if current.confirmed and current.confirmed[-1].won is None:
        return f"`confirm`, which measured the incumbent before, failed {FAULTS} times in a row"
    failed = [run for run in current.runs if run.arm == "incumbent" and run.value is None]
    said = f": {failed[-1].failure}" if failed else ""
    return f"the incumbent, which ran before, failed {FAULTS} times in a row{said}"
