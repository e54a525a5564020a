"""The pure decisions of a session: policy, budget, plan, prompt, results, fold."""

from __future__ import annotations

import pytest

from autoresearch.decide import plan, prompt
from autoresearch.decide.budget import plateau, spent_up, too_dear
from autoresearch.decide.recover import Experiment, History, Spent, fold, step
from autoresearch.decide.results import header, number, row, table
from autoresearch.model import Direction, Metric, Status
from autoresearch.records import (
    AnyRecord,
    Arm,
    Committed,
    Decided,
    Interrupted,
    Measured,
    Measuring,
    Proposed,
    Refused,
    Replied,
    Settled,
)
from autoresearch.settings import Budget, Settings, load

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


@pytest.mark.parametrize(
    ("budget", "past", "elapsed_s", "limit"),
    [
        (Budget(), history(BASELINE), 1e9, None),
        (Budget(experiments=1), history(BASELINE), 0.0, "1 experiments"),
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
        (Budget(), 0.0, None, False),
        (Budget(usd=1), 0.0, None, True),
        (Budget(usd=1), 0.5, 0.5, False),
        (Budget(usd=1), 0.5, 0.51, True),
        (Budget(usd=1), 1.0, 0.0, False),
    ],
)
def test_a_reply_is_not_asked_for_when_its_worst_case_does_not_fit(
    budget: Budget, spent: float, worst: float | None, refused: bool
) -> None:
    assert (too_dear(budget, History(spent=Spent(usd=spent)), worst) is not None) is refused


def test_a_plateau_counts_from_the_latest_keep() -> None:
    past = history(BASELINE, *(experiment(n, Status.DISCARD, 9.0) for n in range(2, 6)))
    assert plateau(4, past) == "plateau: no keep in the last 4 experiments"
    assert plateau(5, past) is None
    assert plateau(0, past) is None


@pytest.mark.parametrize(
    ("failure", "log", "fixable"),
    [
        ("bench exited with 1: NameError: name 'x' is not defined", "NameError", True),
        ("no 'loss:' line in the output", "", True),
        ("timed out after 10m", "", False),
        ("bench was killed by SIGKILL", "", False),
        ("'loss:' printed 'nan', not a finite number", "", False),
        ("bench exited with 1", "torch.cuda.OutOfMemoryError: CUDA out of memory", False),
    ],
)
def test_only_an_error_that_the_program_told_of_is_worth_a_repair(failure: str, log: str, fixable: bool) -> None:
    assert plan.looks_fixable(failure, log) is fixable


def test_hints_rotate() -> None:
    hints = [plan.hint(history(*[BASELINE] * count)) for count in range(len(plan.HINTS))]
    assert set(hints) == set(plan.HINTS)


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


def settings(**more: object) -> Settings:
    given = {"target": "a.py", "bench": "python a.py", "metric": "loss", **more}
    return load({}, {}, given, "program.md").settings


def material(**files: str) -> prompt.Material:
    return prompt.Material("Be quick.", files or {"a.py": "X = 1\n"}, {}, "", "a hint")


def test_the_static_parts_of_a_prompt_come_first_and_do_not_change() -> None:
    past = history(BASELINE, experiment(2, Status.DISCARD, 11.0))
    first, later = (prompt.build(settings(), each, material()) for each in (history(BASELINE), past))
    assert first.system == later.system
    assert first.parts[:2] == later.parts[:2]
    assert [part.cache for part in first.parts] == [True, True, True, False]


def test_long_targets_are_answered_in_blocks_and_short_ones_whole() -> None:
    assert "COMPLETE" not in prompt.system({"a.py": "x\n"})
    assert "complete new file" in prompt.system({"a.py": "x\n" * 400})
    assert "SEARCH/REPLACE" in prompt.system({"a.py": "x\n" * 401})


def test_a_model_is_told_what_a_candidate_must_pass_and_not_how_it_is_held_out() -> None:
    demanding = settings(check="pytest -q", confirm="python holdout.py", guards={"mem": "<= 1.1x"}, min_gain="0.5%")
    text = prompt.build(demanding, history(BASELINE), material()).parts[0].text
    for told in ("`pytest -q` must pass", "mem <= 1.1x", "0.005 of the metric", "on other inputs too"):
        assert told in text
    assert "holdout" not in text
    assert "smaller" not in text
    simple = prompt.build(settings(simplify=True), history(BASELINE), material())
    assert "makes the target smaller is kept" in simple.parts[0].text


def test_sentinels_are_not_told() -> None:
    from dataclasses import replace

    sentinel = replace(BASELINE, n=2, proposal=proposed(2).model_copy(update={"by": "sentinel"}))
    tried = experiment(3, Status.DISCARD, 11.0)
    parts = prompt.build(settings(), history(BASELINE, sentinel, tried), material()).parts
    assert "#1" in parts[2].text
    assert "#3" in parts[2].text
    assert "#2" not in parts[2].text


def test_comments_in_the_prose_are_for_humans() -> None:
    noted = prompt.Material("Be <!-- not\ntoo -->quick.", {"a.py": "X = 1\n"}, {}, "", "a hint")
    assert prompt.build(settings(), history(BASELINE), noted).parts[0].text.startswith("Be quick.")


def test_history_lines_tell_gain_and_reason() -> None:
    past = [BASELINE, experiment(2, Status.KEEP, 9.0), experiment(3, Status.CRASH, None, reason="timed out after 10m")]
    assert prompt.history_lines(past, LOSS) == [
        '#1 keep 10 "idea 1"',
        '#2 keep 9 (+10.00%) "idea 2"',
        '#3 crash [timed out after 10m] "idea 3"',
    ]


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
