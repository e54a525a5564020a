"""The pure decisions of a session: policy, budget, plan, prompt, results, fold."""

from __future__ import annotations

import pytest

from autoresearch.decide.budget import plateau, spent_up, too_dear
from autoresearch.decide.history import Experiment, History, Spent
from autoresearch.decide.recover import fold, step
from autoresearch.decide.results import header, number, row, table
from autoresearch.model import Status, Usage
from autoresearch.records import (
    AnyRecord,
    Arm,
    Committed,
    Decided,
    Interrupted,
    Measuring,
    Refused,
    Replied,
    Settled,
)
from autoresearch.settings import Budget
from histories import BASELINE, experiment, history, measured, proposed


@pytest.mark.parametrize(
    ("budget", "past", "elapsed_s", "limit"),
    [
        (Budget(), history(BASELINE), 1e9, None),
        (Budget(experiments=1), history(BASELINE), 0.0, "1 experiment"),
        (Budget(experiments=2), history(BASELINE), 0.0, None),
        (Budget(hours=1), history(), 3599.0, None),
        (Budget(hours=1), history(), 3600.0, "1 hours"),
        (Budget(usd=2), History(spent=Spent(usd=2.0)), 0.0, r"\$2"),
        (Budget(usd=2), History(spent=Spent(usd=1.99)), 0.0, None),
        (Budget(tokens=5), History(spent=Spent(tokens=5)), 0.0, "5 tokens"),
    ],
)
def test_a_budget_is_spent_at_its_limit(budget: Budget, past: History, elapsed_s: float, limit: str | None) -> None:
    reason = spent_up(budget, past, elapsed_s)
    assert (reason is None) == (limit is None)
    if reason and limit:
        assert limit.replace("\\", "") in reason


@pytest.mark.parametrize(
    ("budget", "spent", "worst", "refused"),
    [
        (Budget(), Spent(), Usage(cost_usd=None), False),
        (Budget(usd=1), Spent(), Usage(cost_usd=None), True),
        (Budget(usd=1), Spent(usd=0.5), Usage(cost_usd=0.5), False),
        (Budget(usd=1), Spent(usd=0.5), Usage(cost_usd=0.51), True),
        (Budget(usd=1), Spent(usd=1.0), Usage(), False),
        (Budget(tokens=100), Spent(tokens=50), Usage(30, 0, 20), False),
        (Budget(tokens=100), Spent(tokens=50), Usage(30, 0, 21), True),
        (Budget(tokens=100), Spent(tokens=100), Usage(), False),
    ],
)
def test_a_reply_is_not_asked_for_when_its_worst_case_does_not_fit(
    budget: Budget, spent: Spent, worst: Usage, refused: bool
) -> None:
    assert (too_dear(budget, History(spent=spent), worst) is not None) is refused


def test_a_plateau_counts_from_the_latest_keep() -> None:
    past = history(BASELINE, *(experiment(n, Status.DISCARD, 9.0) for n in range(2, 6)))
    assert plateau(4, past) == "plateau: no keep in the last 4 experiments"
    assert plateau(5, past) is None
    assert plateau(0, past) is None


def test_a_row_is_what_the_field_reads() -> None:
    assert header("loss", ["mem"]) == "commit\tloss\tmem\tstatus\tdescription"
    kept = experiment(3, Status.KEEP, 0.997900, mem=44.0)
    assert row(kept, ["mem"]) == "0000000\t0.997900\t44.000000\tkeep\tidea 3"
    crashed = experiment(4, Status.CRASH, None)
    assert row(crashed, ["mem"]).split("\t")[1:4] == ["0.000000", "0.000000", "crash"]


def test_a_description_cannot_break_the_table() -> None:
    from dataclasses import replace

    odd = replace(BASELINE, proposal=proposed(1, "a\tb\nc\x1b[31m\u2028d"))
    text = table("loss", [], [odd])
    assert text.count("\n") == 2
    assert text.splitlines()[1].count("\t") == 3
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.9979, "0.997900"),
        (None, "0.000000"),
        (1234567.0, "1234567.000000"),
        (1.5e-9, "1.5e-09"),
        (-0.25, "-0.250000"),
    ],
)
def test_six_decimals_unless_they_lose_the_value(value: float | None, shown: str) -> None:
    assert number(value) == shown


def run_of(*records: AnyRecord) -> Experiment:
    folded = fold(records)
    assert folded.pending is not None
    return folded.pending


def begin(run: int = 1, arm: Arm = "candidate") -> Measuring:
    return Measuring(n=2, run=run, arm=arm)


def test_a_run_that_was_begun_twice_and_never_ended_is_known() -> None:
    once = run_of(proposed(2), Committed(n=2, repair=0, commit="c"), begin())
    assert (once.run_open, once.broken_off) == (True, 0)
    twice = run_of(proposed(2), Committed(n=2, repair=0, commit="c"), begin(), begin())
    assert (twice.run_open, twice.broken_off) == (True, 1)


def test_a_run_that_the_user_interrupted_never_was() -> None:
    interrupted = run_of(proposed(2), begin(), Interrupted(n=2, run=1))
    assert (interrupted.run_open, interrupted.broken_off, interrupted.last_run) == (False, 0, 0)


def test_a_repair_takes_the_place_of_what_it_repairs() -> None:
    pending = run_of(
        proposed(2),
        Committed(n=2, repair=0, commit="c0"),
        begin(),
        measured(None, failure="broken"),
        proposed(2, repair=1),
        Committed(n=2, repair=1, commit="c1"),
    )
    assert pending.attempts == ("c0",)
    assert pending.commit == "c1"
    assert pending.runs == ()
    assert pending.last_run == 1


def test_what_was_paid_counts_whatever_became_of_the_answer() -> None:
    reply = Replied(n=2, model="m", input_tokens=10, cached_tokens=0, output_tokens=5, cost_usd=0.5)
    free = reply.model_copy(update={"cost_usd": None})
    folded = fold([reply, Refused(n=2, reason="no change"), free])
    assert folded.spent == Spent(usd=0.5, tokens=30, replies=2, unpriced=1)


def test_settled_experiments_are_counted_once() -> None:
    records: list[AnyRecord] = [
        proposed(1),
        Decided(n=1, status=Status.KEEP, reason="baseline", value=1.0),
        Settled(n=1),
    ]
    folded = fold(records)
    assert folded.pending is None
    assert [e.n for e in folded.experiments] == [1]
    assert folded.tried() == {"1.0": "#1: 1, keep"}
    assert step(folded, proposed(2)).pending is not None
