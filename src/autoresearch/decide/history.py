"""A session so far, as its records tell it: experiments as far as they have come, and what they used up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from autoresearch.decide.form import Tally
from autoresearch.decide.yardstick import Yardstick
from autoresearch.model import Label, Status, Trial
from autoresearch.records import (
    AnyRecord,
    Began,
    Checked,
    Closed,
    Confirmed,
    Decided,
    Drawn,
    Gating,
    Measured,
    Opened,
    Planned,
    Proposed,
    Replied,
    Verifying,
)

BASELINE = 1
"""Number of the experiment that measures the unmodified target."""
VERIFICATION = 0
"""Number in the records of a verification, which is no experiment."""
SENTINEL = "sentinel"
"""Who proposes an edit that does nothing, to see whether it is kept: the harness itself."""


@dataclass(frozen=True)
class Experiment:
    """One experiment as far as it has come; the fields fill up from top to bottom."""

    n: int
    planned: Planned | None = None
    refusals: tuple[str, ...] = ()
    """Why answers were not taken, a sentence each."""
    proposal: Proposed | None = None
    """The latest one: a repair replaces what it repairs."""
    commit: str | None = None
    without: tuple[str, ...] = ()
    """In an ablation: the commits that the head is measured without."""
    attempts: tuple[str, ...] = ()
    """Commits of the candidates that crashed and were repaired, oldest first."""
    repaired: tuple[str, ...] = ()
    """Their fingerprints."""
    runs: tuple[Measured, ...] = ()
    """Runs of the latest candidate, and of the incumbent against it."""
    draws: tuple[Drawn, ...] = ()
    """Orders that chance gave to the latest candidate's pairs."""
    gating: Gating | None = None
    """The gate that it was sent to last, until that has answered."""
    checked: Checked | None = None
    confirmed: tuple[Confirmed, ...] = ()
    faults: int = 0
    """How often in a row the incumbent failed in this life of the session, which says nothing about the candidate."""
    last_run: int = 0
    """Number of the latest run begun, over all repairs."""
    run_open: bool = False
    """True while the latest run has begun and not ended."""
    broken_off: int = 0
    """How often the latest run was begun anew because the machine or the runner went down with it."""
    verdict: Decided | None = None
    cost_usd: float | None = 0.0
    """None where the price of a reply is unknown."""
    began_s: float = 0.0
    """Session seconds at the first record of the experiment."""
    ended_s: float = 0.0
    noise: float = 0.0
    """The yardstick's when the experiment was settled."""

    @property
    def kept(self) -> bool:
        """True when the verdict is keep."""
        return self.verdict is not None and self.verdict.status is Status.KEEP

    @property
    def is_sentinel(self) -> bool:
        """True for an edit that does nothing, proposed by the harness."""
        return self.proposal is not None and self.proposal.by == SENTINEL

    @property
    def by(self) -> str | None:
        """Who proposed it, or was asked to where no edit came of it; None while nobody was."""
        return self.proposal.by if self.proposal else self.planned.by if self.planned else None

    @property
    def value(self) -> float | None:
        """The metric that results.tsv shows."""
        return self.verdict.value if self.verdict else None

    @property
    def last_log(self) -> str:
        """Name of the log of what the candidate said last: of a failed `check`, else of its latest run; "" for none."""
        if self.checked and self.checked.failure:
            return self.checked.log
        return next((run.log for run in reversed(self.runs) if run.arm == "candidate"), "")

    @property
    def bench_s(self) -> float:
        """Seconds spent in runs of the latest candidate."""
        return sum(run.duration_s for run in self.runs)


@dataclass(frozen=True)
class Verification:
    """The final head measured against the baseline, as far as it has come."""

    asked: Verifying
    measured: Experiment = Experiment(VERIFICATION)
    forgiven: int = 0
    """So many runs are of earlier calls, whose failures do not count any more."""


@dataclass(frozen=True)
class Spent:
    """What a session has used up."""

    usd: float = 0.0
    tokens: int = 0
    replies: int = 0
    unpriced: int = 0
    """Replies whose price is unknown; `usd` leaves them out."""

    def after(self, reply: Replied) -> Spent:
        """With one more reply."""
        return Spent(
            usd=self.usd + (reply.cost_usd or 0.0),
            tokens=self.tokens + reply.input_tokens + reply.output_tokens,
            replies=self.replies + 1,
            unpriced=self.unpriced + (reply.cost_usd is None),
        )


@dataclass(frozen=True)
class History:
    """A session so far."""

    opened: Opened | None = None
    began: Began | None = None
    """The latest life."""
    experiments: tuple[Experiment, ...] = ()
    """The settled ones, in order."""
    pending: Experiment | None = None
    """The one in progress, if any."""
    yardstick: Yardstick = field(default_factory=Yardstick)
    verification: Verification | None = None
    """The latest one."""
    canary_passed: bool = False
    label: Label | None = None
    """How far the metric can be trusted; None where it was not found out."""
    spent: Spent = Spent()
    spent_by: Mapping[str, Spent] = field(default_factory=dict)
    """The same for each proposer."""
    blocks: Mapping[str, Tally] = field(default_factory=dict)
    """By model, what became of the answers in SEARCH/REPLACE blocks that it was asked for."""
    lives: int = 0
    past_s: float = 0.0
    """Seconds of the lives before the present one."""
    life_s: float = 0.0
    """Seconds of the present life at its latest record."""
    home: str | None = None
    """Where the user was before an in-place session took their checkout."""
    last: AnyRecord | None = None

    @property
    def baseline(self) -> Experiment | None:
        """Experiment 1, once settled."""
        return self.experiments[0] if self.experiments else None

    @property
    def begun(self) -> bool:
        """True once the baseline was accepted; before that nothing of the session counts."""
        return bool(self.experiments) or (self.pending is not None and self.pending.kept)

    @property
    def incumbent(self) -> Experiment | None:
        """The latest kept experiment."""
        return next((e for e in reversed(self.experiments) if e.kept), None)

    @property
    def current(self) -> Experiment:
        """The one in progress, or the next one, of which nothing is known yet."""
        return self.pending or Experiment(len(self.experiments) + 1)

    @property
    def told(self) -> tuple[Experiment, ...]:
        """The experiments that a proposer is told of: the sentinels left out."""
        return tuple(e for e in self.experiments if not e.is_sentinel)

    @property
    def tries(self) -> int:
        """Experiments besides the baseline and sentinels."""
        return max(0, len(self.told) - 1)

    @property
    def kept(self) -> tuple[Experiment, ...]:
        """The keeps after the baseline."""
        return tuple(e for e in self.experiments if e.kept and e.n != BASELINE)

    @property
    def streak(self) -> int:
        """Experiments since the latest keep, sentinels left out."""
        incumbent = self.incumbent
        return sum(not e.is_sentinel for e in self.experiments[incumbent.n :]) if incumbent else 0

    @property
    def elapsed_s(self) -> float:
        """Seconds of all lives, as of the latest record."""
        return self.past_s + self.life_s

    @property
    def closed(self) -> str | None:
        """Why the latest life ended; None when it still runs or was killed."""
        return self.last.reason if isinstance(self.last, Closed) else None

    def trials(self, since: int = 0) -> tuple[Trial, ...]:
        """What the tuner chose behind experiment `since`, and what came of it."""
        return tuple(
            Trial(e.proposal.params, e.value)
            for e in self.experiments[since:]
            if e.proposal is not None and e.proposal.params is not None
        )

    def tried(self) -> dict[str, str]:
        """Fingerprint of every candidate → what became of it; the one that is being looked at is left out."""
        mended = {mark: f"#{e.n}: crashed" for e in (*self.experiments, self.current) for mark in e.repaired}
        last = {e.proposal.fingerprint: label(e) for e in self.experiments if e.proposal and not e.is_sentinel}
        return {**mended, **last}


def label(experiment: Experiment) -> str:
    """`#12: 0.9931, discard`."""
    assert experiment.verdict is not None
    value = "no metric" if experiment.value is None else f"{experiment.value:.10g}"
    return f"#{experiment.n}: {value}, {experiment.verdict.status}"
