"""What a session knows about its own trustworthiness: verification, noise, rematches, sentinels. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import comb

from autoresearch.decide.history import BASELINE, Experiment, History, Verification
from autoresearch.decide.interval import Interval
from autoresearch.decide.outcome import side_by_side, verified
from autoresearch.decide.rematch import SWEEP, keep_probability, wins_needed
from autoresearch.decide.rounds import rounds
from autoresearch.model import Direction, Status
from autoresearch.report.bars import spoken
from autoresearch.report.cells import clean
from autoresearch.report.followups import Followups
from autoresearch.report.power import smallest_gain
from autoresearch.report.tampering import Tampering, tamperings

WEAKEST = 3
"""So many keeps are named as the weakest."""
_ALL_NOISE = 1.0
"""Relative noise from which a relative gain means nothing."""


@dataclass(frozen=True)
class Verified:
    """The verification: the head against the baseline, measured again after the session."""

    baseline: str
    head: str
    """Commits."""
    n: int | None
    """Number of the experiment that made the head; None where none did."""
    over_baseline: bool
    """False where it is not the session's own baseline that the head was held against."""
    asked: int
    """Pairs that were asked for."""
    measured: int
    gain: Interval | None
    """Gain of the head over the baseline; None until all pairs are measured."""
    current: bool
    """False once the session has kept something since."""
    failures: tuple[str, ...] = ()
    """What each run without a value said, and whose it was."""

    @property
    def proven(self) -> bool:
        """True when the whole interval is above zero."""
        return self.gain is not None and self.gain.low is not None and self.gain.low > 0


@dataclass(frozen=True)
class Noise:
    """How much equal code differs."""

    median: float
    """Of the relative differences; 0 for an exact metric."""
    differences: int
    exact: bool
    smallest_gain: float | None
    """True relative gain that the rule finds in half of the cases; None where that cannot be said."""


@dataclass(frozen=True)
class Rematches:
    """How many candidates were measured side by side with the incumbent; sentinels and simplifications left out."""

    entered: int
    kept: int
    bound: float
    """At most this share of do-nothing edits that enter is kept, whatever the noise does."""

    @property
    def expected(self) -> float:
        """At most so many keeps are expected to do nothing."""
        return self.entered * self.bound


@dataclass(frozen=True)
class Sentinels:
    """Edits that do nothing, proposed by the harness to see how many are kept."""

    edits: int
    """Those that the rule came to a verdict on."""
    would_keep: int
    crashed: int
    bound: float | None
    """As of the rematches; None where the rule has none, or needs none."""


@dataclass(frozen=True)
class Won:
    """By how much a keep won against the incumbent, side by side."""

    n: int
    wins: int
    losses: int
    """Both 0 for a sweep, which has no pairs."""
    gain: Interval


@dataclass(frozen=True)
class Evidence:
    """What a journal knows besides its rows; anything that does not apply is None or empty."""

    rule: str
    tag: str
    kept: int
    """Keeps after the baseline."""
    verified: Verified | None
    noise: Noise | None
    rematches: Rematches | None
    sentinels: Sentinels | None
    tolerant: bool
    """True where a negative `min_gain` keeps what is worse, so that nothing bounds the keeps."""
    simplifications: Sequence[float]
    """Relative change of each keep that only had to be no worse, positive when better."""
    keeps: Mapping[int, Won]
    """Number of each keep that ran side by side with the incumbent → by how much it won."""
    weakest: Sequence[Won]
    """Keeps with the least evidence, the weakest first."""
    discards: Mapping[str, int]
    """Cause → discards, sentinels left out; "" for those of journals that have no causes."""
    quarantined: Sequence[int]
    """Experiments whose numbers cannot be believed."""
    tampered: Sequence[Tampering]
    after: Followups = field(default_factory=Followups)
    """What was done with the keeps afterwards."""


def gather(history: History, direction: Direction) -> Evidence:
    """What the history says. `direction` is that of the report."""
    opened = history.opened
    assert opened is not None
    wins = wins_needed(opened.alpha, opened.max_losses) if opened.decide == "rematch" else None
    bound = _bound(opened.decide, wins) if opened.min_gain >= 0 else None
    real = [e for e in history.experiments if not e.is_sentinel]
    keeps = _keeps(real, direction, wins)
    return Evidence(
        rule=opened.decide,
        tag=opened.tag,
        kept=len(history.kept),
        verified=_verified(history, history.verification, direction) if history.verification else None,
        noise=_noise(history, direction, wins),
        rematches=_rematches(real, bound),
        sentinels=_sentinels(history, bound),
        tolerant=opened.min_gain < 0,
        simplifications=[_simplified(e, direction) for e in real if _cause(e) == "simplification"],
        keeps=keeps,
        weakest=_weakest([keeps[e.n] for e in real if e.n in keeps and _cause(e) != "simplification"]),
        discards=Counter(_cause(e) or "" for e in real if e.verdict and e.verdict.status is Status.DISCARD),
        quarantined=[e.n for e in real if _cause(e) == "implausible"],
        tampered=tamperings(history),
    )


def _bound(rule: str, wins: Sequence[int] | None) -> float | None:
    if wins is not None:
        return keep_probability(wins)
    return 1 / comb(2 * SWEEP, SWEEP) if rule == "sweep" else None


def _verified(history: History, verification: Verification, direction: Direction) -> Verified:
    asked, done = verification.asked, rounds(verification.measured)
    failed = [run for run in verification.measured.runs if run.value is None]
    whose = {"candidate": "head", "incumbent": "baseline"}
    baseline, incumbent = history.baseline, history.incumbent
    return Verified(
        baseline=asked.baseline,
        head=asked.head,
        n=next((e.n for e in reversed(history.experiments) if e.commit == asked.head), None),
        over_baseline=baseline is not None and baseline.commit == asked.baseline,
        asked=asked.pairs,
        measured=len(done.pairs),
        gain=verified(verification, direction),
        current=incumbent is not None and incumbent.commit == asked.head,
        failures=tuple(f"the {whose[run.arm]}'s: {clean(run.failure or 'no metric')}" for run in failed),
    )


def _noise(history: History, direction: Direction, wins: Sequence[int] | None) -> Noise | None:
    known, opened = history.yardstick, history.opened
    if not known.differences:
        return None
    assert opened is not None
    sayable = opened.decide != "naive" and 0 < known.noise < _ALL_NOISE
    smallest = smallest_gain(known.noise, direction, wins) if sayable else None
    return Noise(known.noise, len(known.differences), known.exact, smallest)


def _rematches(real: Sequence[Experiment], bound: float | None) -> Rematches | None:
    entered = [e for e in real if e.draws and e.n != BASELINE and _cause(e) != "simplification"]
    return Rematches(len(entered), sum(e.kept for e in entered), bound) if entered and bound is not None else None


def _sentinels(history: History, bound: float | None) -> Sentinels | None:
    verdicts = [e.verdict for e in history.experiments if e.is_sentinel and e.verdict]
    if not verdicts:
        return None
    crashed = sum(verdict.status is Status.CRASH for verdict in verdicts)
    would_keep = sum(verdict.would_keep is True for verdict in verdicts)
    return Sentinels(len(verdicts) - crashed, would_keep, crashed, None if history.yardstick.exact else bound)


def _simplified(experiment: Experiment, direction: Direction) -> float:
    """An exact metric has no pairs, and then a simplification changes nothing that is worth a number."""
    found = side_by_side(experiment, direction)
    return found.gain if found else 0.0


def _keeps(real: Sequence[Experiment], direction: Direction, wins: Sequence[int] | None) -> dict[int, Won]:
    found = [(e, spoken(e, direction)) for e in real if e.kept and e.n != BASELINE]
    return {e.n: _won(e, gain, wins) for e, gain in found if gain}


def _weakest(keeps: Sequence[Won]) -> list[Won]:
    """Those with a loss first, then those that gained least."""
    return sorted(keeps, key=lambda won: (-won.losses, won.gain.gain))[:WEAKEST]


def _won(experiment: Experiment, gain: Interval, wins: Sequence[int] | None) -> Won:
    """Wins and losses as the rule counted them: with a `min_gain` not every better run is a win."""
    pairs = len(rounds(experiment).pairs)
    if not pairs:
        return Won(experiment.n, 0, 0, gain)
    losses = next((lost for lost, won in enumerate(wins or ()) if won + lost == pairs), pairs - gain.wins)
    return Won(experiment.n, pairs - losses, losses, gain)


def _cause(experiment: Experiment) -> str | None:
    return experiment.verdict.cause if experiment.verdict else None
