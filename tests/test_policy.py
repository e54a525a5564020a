"""The policy: what runs next and how it ends, told in letters over whole experiments that never ran."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from autoresearch.decide.history import BASELINE, SENTINEL, Experiment, History
from autoresearch.decide.policy import Decision, compare, policy
from autoresearch.decide.recover import advance, step
from autoresearch.decide.rounds import rounds
from autoresearch.decide.yardstick import Yardstick, difference
from autoresearch.model import Direction, Status
from autoresearch.records import (
    AnyRecord,
    Arm,
    Began,
    Checked,
    Committed,
    Confirmed,
    Decided,
    Drawn,
    Measured,
    Measuring,
    Proposed,
    Settled,
)
from autoresearch.settings import Settings
from autoresearch.sources import load

ARMS: dict[str, Arm] = {"c": "candidate", "i": "incumbent"}
SEED = 1000
"""Of the first draw; the second has one more than any run of the first could have."""
SEEDS_A_DRAW = 10


@dataclass(frozen=True)
class Said:
    """What a run says, where that is more than a number."""

    value: float | None
    duration_s: float = 1.0
    columns: dict[str, float] = field(default_factory=dict)


Saying = float | Said | None
"""None is a crash."""


def settings(**more: object) -> Settings:
    front = {"target": "a.py", "bench": "python a.py", "metric": "loss", **more}
    return load({}, {}, front, "program.md").settings


@dataclass(frozen=True)
class Told:
    """One experiment as it went."""

    steps: str
    """`c` and `i`: a run of the candidate, of the incumbent; `(ci)`: a draw; `k`: check; `h`: a held-out pair."""
    decision: Decision
    """The last one."""
    pending: Experiment
    """Before it was settled."""

    @property
    def ended(self) -> str:
        """`keep better`, `discard rematch`, `crash`, `fault`; empty for one that has not ended."""
        if self.decision.fault:
            return "fault"
        verdict = self.decision.verdict
        return f"{verdict.status} {verdict.cause or ''}".strip() if verdict else ""

    @property
    def reason(self) -> str:
        """The verdict's, or what is wrong with the machine."""
        verdict = self.decision.verdict
        return verdict.reason if verdict else self.decision.fault or ""


class Night:
    """A session that is nothing but records: the policy asks, and a script answers in the place of the bench."""

    def __init__(self, *baseline: Saying, **given: object) -> None:
        self.settings = settings(**given)
        self.history = History()
        self.records: list[AnyRecord] = []
        self.begin()
        if baseline:
            told = self.takes(*baseline)
            assert told.ended == "keep baseline", told

    def begin(self) -> None:
        """A life of the session begins."""
        self._record(Began(pid=1, host="h", version="0"))

    def takes(
        self,
        *candidate: Saying,
        incumbent: Sequence[Saying] = (),
        coin: str = "ci ic",
        check: str | None = None,
        held_out: Sequence[bool | None] = (),
        simpler: bool = False,
        by: str = "openai/m",
    ) -> Told:
        """Take one experiment as far as the script goes, and settle it when it has a verdict.

        A pending one goes on. `coin`: orders of the draws, in turn; `check`: how it fails; `held_out`: pairs won.
        """
        n = len(self.history.experiments) + 1
        if self.history.pending is None:
            self._record(proposed(n, by), Committed(n=n, repair=0, commit=f"{n:040x}"))
        script: dict[Arm, Iterator[Saying]] = {"candidate": iter(candidate), "incumbent": iter(incumbent)}
        orders, pairs, steps = cycle(coin.split()), iter(held_out), ""
        rule = policy(self.settings, self.history, simpler=simpler)
        while True:
            assert self.history.pending is not None
            decision = rule.next(self.history.pending)
            assert one_thing(decision), decision
            try:
                letters, record = self._answer(decision, script, orders, check, pairs)
            except StopIteration:
                return Told(steps, decision, self.history.pending)
            if record is None:
                told = Told(steps, decision, self.history.pending)
                if not decision.fault:
                    self._settle(decision)
                return told
            steps += letters
            self._record(*record)

    def _answer(
        self,
        decision: Decision,
        script: dict[Arm, Iterator[Saying]],
        orders: Iterator[str],
        check: str | None,
        pairs: Iterator[bool | None],
    ) -> tuple[str, list[AnyRecord] | None]:
        """What happens on a decision, as letters and records; None where nothing is left to do."""
        pending = self.history.pending
        assert pending is not None
        n = pending.n
        if decision.run:
            return decision.run[0], measured(pending, decision.run, next(script[decision.run]))
        if decision.draw:
            letters = next(orders)
            order = tuple(ARMS[letter] for letter in letters)
            assert sorted(order) == sorted(decision.draw), "a coin decides the order and nothing else"
            return f"({letters})", [Drawn(n=n, order=order, seed=SEED + SEEDS_A_DRAW * len(pending.draws))]
        if decision.gate == "check":
            return "k", [Checked(n=n, failure=check, duration_s=1.0, log=f"runs/{n}-check.log")]
        if decision.gate == "confirm":
            return "h", [Confirmed(n=n, won=next(pairs))]
        return "", None

    def _settle(self, decision: Decision) -> None:
        verdict = decision.verdict
        assert verdict is not None
        n = len(self.history.experiments) + 1
        decided = Decided(n=n, status=verdict.status, reason=verdict.reason, cause=verdict.cause, value=decision.value)
        self._record(decided, Settled(n=n))

    def _record(self, *records: AnyRecord) -> None:
        for record in records:
            self.records.append(record)
            self.history = step(self.history, record)


def proposed(n: int, by: str = "openai/m") -> Proposed:
    by = "baseline" if n == BASELINE else by
    return Proposed(
        n=n, repair=0, description="", hypothesis="", category="", by=by, fingerprint=str(n), files=("a.py",)
    )


def measured(pending: Experiment, arm: Arm, saying: Saying) -> list[AnyRecord]:
    """The records of one run, in its round where one is under way."""
    said = saying if isinstance(saying, Said) else Said(saying)
    turn = rounds(pending).due
    number, seed = pending.last_run + 1, turn.seed if turn else 1
    return [
        Measuring(n=pending.n, run=number, arm=arm, seed=seed),
        Measured(
            n=pending.n,
            run=number,
            arm=arm,
            value=said.value,
            failure=None if said.value is not None else "broken",
            columns=said.columns,
            duration_s=said.duration_s,
            log=f"runs/{pending.n}-{number}.log",
            draw=turn.draw if turn else 0,
            seed=seed,
        ),
    ]


def one_thing(decision: Decision) -> bool:
    """True for a decision that asks for one thing, or says one."""
    asked = (decision.run, decision.draw, decision.gate, decision.fault, decision.verdict)
    if sum(part is not None for part in asked) != 1:
        return False
    crashed = decision.verdict is not None and decision.verdict.status is Status.CRASH
    return (decision.value is not None) == (decision.verdict is not None and not crashed)


NOISY = (100.0, 101.0, 99.5, 100.2, 100.4)
"""A baseline of which the best of the last three is 99.5, the median 100.2; runs differ by 0.85 % (median)."""
EXACT = (100.0,) * 3
WIN, LOSS = 90.0, 110.0
"""Of a candidate, against an incumbent of 100."""
KEPT = "c(ci)ci(ic)ic(ci)ci(ic)ic(ci)ci"
"""5–0."""


def night(*baseline: Saying, **given: object) -> Night:
    return Night(*(baseline or NOISY), **given)


# The baseline


@pytest.mark.parametrize(
    ("said", "given", "steps", "value", "exact"),
    [
        ((10.0,) * 3, {}, "ccc", 10.0, True),
        ((10.0,) * 3, {"decide": "sweep"}, "ccc", 10.0, True),
        ((10.0, 10.0, 11.0, 12.0, 13.0), {}, "ccccc", 11.0, False),
        ((10.0, 11.0, 10.0, 10.0, 10.0), {}, "ccccc", 10.0, False),
        ((10.0, 10.0, 11.0, 12.0, 13.0), {"decide": "sweep"}, "ccccc", 11.0, False),
        ((10.0,), {"decide": "naive"}, "c", 10.0, False),
        ((0.0, -0.0, 0.0), {}, "ccc", 0.0, True),
    ],
)
def test_a_baseline_runs_three_times_and_five_where_it_is_noisy(
    said: Sequence[float], given: dict[str, object], steps: str, value: float, exact: bool
) -> None:
    begun = Night(**given)
    told = begun.takes(*said, 99.0)
    assert (told.steps, told.ended, told.decision.value) == (steps, "keep baseline", value)
    differences = tuple(difference(*two) for two in pairwise(said))
    assert replace(begun.history.yardstick, seeds=()) == Yardstick(tuple(said), exact, 0, differences)


@pytest.mark.parametrize(
    ("said", "given", "steps", "reason"),
    [
        ((None,), {}, "c", "broken"),
        ((10.0, None), {}, "cc", "in run 2 of the baseline: broken"),
        ((10.0, 11.0, 10.0, None), {}, "cccc", "in run 4 of the baseline: broken"),
        ((None,), {"decide": "naive"}, "c", "broken"),
        ((10.0, 11.0, 12.0), {"bounds": {"metric": [0, 11]}}, "ccc", "in run 3 of the baseline: `bounds` call it"),
        ((10.0,), {"bounds": {"metric": [11, None]}}, "c", "`bounds` call it implausible: loss 10 is below 11"),
        ((10.0,), {"bounds": {"duration": ["2s"]}}, "c", "the run took 1 s, less than 2 s"),
        ((10.0,), {"bounds": {"duration": [0, "500ms"]}}, "c", "the run took 1 s, more than 0.5 s"),
        ((10.0,), {"guards": {"mem": "< 1"}}, "c", "no 'mem:' line in the output, which `guards` names"),
        ((Said(1.0, columns={"mem": 5}), 1.0), {"guards": {"mem": "< 1"}}, "cc", "in run 2 of the baseline: no 'mem:'"),
    ],
)
def test_a_baseline_that_cannot_be_measured_every_time_is_none(
    said: Sequence[Saying], given: dict[str, object], steps: str, reason: str
) -> None:
    told = Night(**given).takes(*said, 10.0, 10.0)
    assert (told.steps, told.ended) == (steps, "crash")
    assert reason in told.reason
    assert told.reason.startswith("in run ") is (len(steps) > 1)


def test_a_step_is_not_asked_of_a_baseline_nor_is_a_guard_held_against_it() -> None:
    said = (Said(1.0, columns={"mem": 5}), Said(100.0, columns={"mem": 7}), *[Said(1.0, columns={"mem": 5})] * 3)
    assert Night(guards={"mem": "< 1"}, bounds={"step": "1%"}).takes(*said).ended == "keep baseline"


# The screen


@pytest.mark.parametrize(
    ("baseline", "value", "ended", "reason"),
    [
        (NOISY, 99.6, "discard screen", "worse than the best of the incumbent's last 3 runs, 99.5"),
        (NOISY, 99.5, "discard screen", "equal to the best of the incumbent's last 3 runs, 99.5"),
        (NOISY, 99.4, "", ""),
        ((90.0, 101.0, 99.5, 100.2, 100.4), 99.4, "", ""),  # what ran longer ago does not count
        (EXACT, 100.0, "discard screen", "equal to the incumbent, 100"),
        (EXACT, 101.0, "discard screen", "worse than the incumbent, 100"),
        (EXACT, 99.0, "", ""),
    ],
)
def test_a_candidate_runs_once_and_must_beat_the_best_of_the_last_three(
    baseline: Sequence[float], value: float, ended: str, reason: str
) -> None:
    told = night(*baseline).takes(value)
    assert (told.steps[:1], told.ended) == ("c", ended)
    assert reason in told.reason
    if ended:
        assert (told.steps, told.decision.value) == ("c", value)


@pytest.mark.parametrize(
    ("said", "incumbent", "steps", "ended"),
    [
        ((99.0, 99.0), (), "cc", "keep better"),
        ((99.0, 99.0, 1.0), (1.0,), "cc", "keep better"),
        ((99.0, 98.0), (), "cc(ci)", ""),
        ((99.0, 100.0), (), "cc(ci)", ""),
        ((99.0, 98.0, 90.0), (90.0,), "cc(ci)ci", "discard rematch"),
        ((99.0, 98.0, *[90.0] * 5), (100.0,) * 5, f"c{KEPT}", "keep better"),
        ((99.0, None), (), "cc", "discard rematch"),
    ],
)
def test_of_an_exact_metric_a_keep_is_confirmed_once_or_played_out(
    said: Sequence[float | None], incumbent: Sequence[float], steps: str, ended: str
) -> None:
    told = night(*EXACT).takes(*said, incumbent=incumbent)
    assert (told.steps, told.ended) == (steps, ended)


def test_a_metric_that_once_differed_is_exact_no_more() -> None:
    begun = night(*EXACT)
    begun.takes(99.0, 98.0, 101.0, incumbent=(100.0,))
    assert not begun.history.yardstick.exact
    assert begun.takes(99.0).steps == "c(ci)"


def test_an_exact_metric_costs_one_run_a_bad_proposal_and_two_a_keep() -> None:
    begun = night(*EXACT)
    assert [begun.takes(*said).steps for said in ((101.0,), (99.0, 99.0), (99.0,), (98.5, 98.5))] == "c cc c cc".split()
    assert replace(begun.history.yardstick, seeds=()) == Yardstick((98.5,), exact=True, age=0, differences=(0.0, 0.0))


# The rematch


@pytest.mark.parametrize(
    ("said", "incumbent", "steps", "ended", "reason"),
    [
        ([WIN] * 5, [100.0] * 5, KEPT, "keep better", "won its rematch, 5 of 5 pairs"),
        ([LOSS], [100.0], "c(ci)ci", "discard rematch", "lost its rematch, having won 0 of 1 pair"),
        ([100.0], [100.0], "c(ci)ci", "discard rematch", "lost its rematch, having won 0 of 1 pair"),
        ([WIN, LOSS], [100.0] * 2, "c(ci)ci(ic)ic", "discard rematch", "lost its rematch, having won 1 of 2 pairs"),
        ([WIN] * 4, [100.0] * 4, "c(ci)ci(ic)ic(ci)ci(ic)ic(ci)", "", ""),
        ([WIN, WIN, LOSS, *[WIN] * 5], [100.0] * 8, f"{KEPT}(ic)ic(ci)ci(ic)ic", "keep better", "7 of 8 pairs"),
        (
            [WIN, WIN, LOSS, WIN, LOSS],
            [100.0] * 5,
            KEPT,
            "discard rematch",
            "lost its rematch, having won 3 of 5 pairs",
        ),
        # Against its own pair each time, and not against what the screen saw.
        ([10.0, 20.0, 30.0, 40.0, 50.0], [11.0, 21.0, 31.0, 41.0, 51.0], KEPT, "keep better", "5 of 5 pairs"),
        ([95.0], [90.0], "c(ci)ci", "discard rematch", "0 of 1 pair"),
    ],
)
def test_a_rematch_is_played_in_the_order_of_the_draws(
    said: Sequence[float], incumbent: Sequence[float], steps: str, ended: str, reason: str
) -> None:
    told = night().takes(WIN, *said, incumbent=incumbent)
    assert (told.steps, told.ended) == (steps, ended)
    assert reason in told.reason
    assert len(told.pending.draws) == steps.count("(")


@pytest.mark.parametrize(
    ("given", "pairs", "ended"),
    [
        ({"alpha": 0.02}, 5, ""),
        ({"alpha": 0.02}, 6, "keep better"),
        ({"alpha": 0.01}, 6, ""),
        ({"alpha": 0.01}, 7, "keep better"),
        ({"max_losses": 0}, 5, "keep better"),
    ],
)
def test_the_settings_say_how_many_wins_it_takes(given: dict[str, object], pairs: int, ended: str) -> None:
    assert night(**given).takes(WIN, *[WIN] * pairs, incumbent=[100.0] * pairs).ended == ended


def test_the_first_loss_may_end_it() -> None:
    said = (WIN, WIN, WIN, LOSS)
    assert night().takes(WIN, *said, incumbent=[100.0] * 4).ended == ""
    assert night(max_losses=0).takes(WIN, *said, incumbent=[100.0] * 4).ended == "discard rematch"


def test_the_value_is_the_median_of_the_runs_in_pairs_and_not_of_the_lucky_first() -> None:
    told = night().takes(1.0, 90.0, 91.0, 92.0, 93.0, 94.0, incumbent=[100.0] * 5)
    assert told.decision.value == 92.0


def test_both_runs_of_a_pair_have_its_seed_and_each_draw_its_own() -> None:
    told = night().takes(WIN, *[WIN] * 5, incumbent=[100.0] * 5)
    seeds = {(run.draw, run.seed) for run in told.pending.runs if run.draw}
    assert seeds == {(draw + 1, SEED + SEEDS_A_DRAW * draw) for draw in range(5)}


def test_in_a_sweep_the_first_runs_of_the_arms_have_one_seed_the_second_the_next() -> None:
    told = night(decide="sweep").takes(WIN, *[WIN] * 3, incumbent=[100.0] * 3, coin="ciicci")
    assert [run.seed for run in told.pending.runs if run.draw] == [SEED + of for of in (0, 0, 1, 1, 2, 2)]


@pytest.mark.parametrize(
    ("coin", "runs_so_far", "pairs", "due"),
    [
        ("ci", "c(ci)", 0, ("candidate", 1, SEED)),
        ("ci", "c(ci)c", 0, ("incumbent", 1, SEED)),
        ("ci", "c(ci)ci", 1, None),
        ("ci ic", "c(ci)ci(ic)i", 1, ("candidate", 2, SEED + SEEDS_A_DRAW)),
        ("ciicci", "c(ciicci)ci", 0, ("incumbent", 1, SEED + 1)),
        ("ciicci", "c(ciicci)ciicci", 0, None),
        ("ic", "c(ic)i!", 0, None),
        ("ci", "c(ci)ci!", 0, None),
        ("ci", "c(ci)ci(ci)ci!", 1, None),
        ("ci", "c(ci)ci!(ci)c", 0, ("incumbent", 2, SEED + SEEDS_A_DRAW)),
    ],
)
def test_what_was_run_tells_whose_turn_it_is(
    coin: str, runs_so_far: str, pairs: int, due: tuple[str, int, int] | None
) -> None:
    pending, orders = Experiment(2), cycle(coin.split())
    steps = runs_so_far.replace("i!", "x")
    while steps:
        if steps[0] == "(":
            order = next(orders)
            draw = Drawn(n=2, order=tuple(ARMS[c] for c in order), seed=SEED + SEEDS_A_DRAW * len(pending.draws))
            pending, steps = advance(pending, draw), steps.removeprefix(f"({order})")
            continue
        for record in measured(
            pending, "candidate" if steps[0] == "c" else "incumbent", WIN if steps[0] != "x" else None
        ):
            assert isinstance(record, Measuring | Measured)
            pending = advance(pending, record)
        steps = steps[1:]
    done = rounds(pending)
    assert done.pairs == ((WIN, WIN),) * pairs
    assert (done.due and (done.due.arm, done.due.draw, done.due.seed)) == due
    assert all(run.value is not None for run in done.incumbent)


# Crashes


@pytest.mark.parametrize(
    ("baseline", "said", "incumbent", "steps", "ended", "value"),
    [
        (NOISY, (None,), (), "c", "crash", None),
        (EXACT, (None,), (), "c", "crash", None),
        (EXACT, (99.0, None), (), "cc", "discard rematch", 99.0),
        (NOISY, (WIN, None), (), "c(ci)c", "discard rematch", WIN),
        (NOISY, (WIN, 80.0, None), (100.0, 100.0), "c(ci)ci(ic)ic", "discard rematch", 85.0),
    ],
)
def test_a_candidate_that_fails_is_a_crash_at_first_and_a_discard_later(
    baseline: Sequence[float],
    said: Sequence[float | None],
    incumbent: Sequence[float],
    steps: str,
    ended: str,
    value: float | None,
) -> None:
    told = night(*baseline).takes(*said, incumbent=incumbent)
    assert (told.steps, told.ended, told.decision.value) == (steps, ended, value)
    assert told.reason == ("broken" if ended == "crash" else "crashed when it ran again: broken")


@pytest.mark.parametrize("coin", ["ic", "ci"])
@pytest.mark.parametrize("after", [0, 2])
def test_a_pair_is_repeated_when_the_incumbent_failed_and_nothing_of_it_counts(coin: str, after: int) -> None:
    said = [WIN] * after + ([LOSS] if coin == "ci" else []) + [WIN] * (5 - after)
    incumbent = [*[100.0] * after, None, *[100.0] * (5 - after)]
    told = night().takes(WIN, *said, incumbent=incumbent, coin=coin)
    whole = f"({coin}){coin}"
    void = "(ci)ci" if coin == "ci" else "(ic)i"
    assert told.steps == f"c{whole * after}{void}{whole * (5 - after)}"
    assert (told.ended, told.reason, told.decision.value) == ("keep better", "won its rematch, 5 of 5 pairs", WIN)
    assert rounds(told.pending).pairs == ((100.0, WIN),) * 5


@pytest.mark.parametrize("coin", ["ic", "ci"])
def test_an_incumbent_that_fails_twice_in_a_row_is_the_machines_fault(coin: str) -> None:
    begun = night()
    told = begun.takes(WIN, WIN, WIN, WIN, WIN, incumbent=(100.0, None, None, 100.0), coin=coin)
    void = "(ci)ci" if coin == "ci" else "(ic)i"
    assert told.steps == f"c({coin}){coin}{void}{void}"
    assert told.reason == "the incumbent, which ran before, failed 2 times in a row: broken"
    assert begun.takes(WIN, incumbent=(100.0,)).ended == "fault", "the same life would only fail again"
    begun.begin()
    went_on = begun.takes(*[WIN] * 4, incumbent=[100.0] * 4, coin=coin)
    assert went_on.steps == f"({coin}){coin}" * 4
    assert (went_on.ended, went_on.reason) == ("keep better", "won its rematch, 5 of 5 pairs")


def test_a_new_life_forgives_one_failure_too() -> None:
    begun = night()
    begun.takes(WIN, incumbent=(None,), coin="ic")
    begun.begin()
    assert begun.takes(incumbent=(None,), coin="ic").ended == ""


def test_a_first_run_has_the_seed_of_the_run_that_it_must_beat() -> None:
    known = Yardstick((90.0, 101.0, 99.0, 100.0), seeds=(1, 2, 3, 4))
    assert known.screen_seed([], Direction.LOWER) == 3
    assert known.screen_seed([], Direction.HIGHER) == 2
    assert replace(known, exact=True).screen_seed([], Direction.LOWER) is None
    assert replace(known, seeds=()).screen_seed([], Direction.LOWER) is None


def test_one_failure_voids_a_pair_and_a_second_one_later_is_laid_to_the_candidate() -> None:
    once = night().takes(WIN, *[WIN] * 5, incumbent=(None, *[100.0] * 5), coin="ic")
    assert once.ended == "keep better"
    twice = night().takes(WIN, *[WIN] * 5, incumbent=(None, 100.0, None, *[100.0] * 4), coin="ic")
    assert (twice.ended, twice.reason) == ("discard rematch", "the incumbent failed twice where this candidate had run")


def test_a_crash_behind_a_void_pair_is_the_candidates() -> None:
    told = night().takes(WIN, None, incumbent=(None,), coin="ic ci")
    assert (told.steps, told.ended) == ("c(ic)i(ci)c", "discard rematch")


# The incumbent grows old


def aged(experiments: int, *baseline: float, **given: object) -> Night:
    """A session that discarded so many candidates after one run each."""
    begun = night(*baseline, **given)
    for _ in range(experiments):
        assert begun.takes(LOSS).steps == "c"
    return begun


def test_the_incumbent_runs_before_the_tenth_candidate_and_again_before_the_twentieth() -> None:
    begun = aged(9)
    assert begun.takes(LOSS, incumbent=(100.0,)).steps == "ic"
    assert [begun.takes(LOSS).steps for _ in range(9)] == ["c"] * 9
    assert begun.takes(LOSS, incumbent=(100.0,)).steps == "ic"


@pytest.mark.parametrize(("baseline", "given"), [(EXACT, {}), (NOISY[:1], {"decide": "naive"})])
def test_it_never_does_where_nothing_could_have_changed(baseline: Sequence[float], given: dict[str, object]) -> None:
    assert aged(25, *baseline, **given).takes(LOSS).steps == "c"


@pytest.mark.parametrize(
    ("said", "incumbent"),
    [((WIN, LOSS), (100.0,)), ((WIN, *[WIN] * 5), (100.0,) * 5), ((WIN, None), (100.0,))],
    ids=["lost", "won", "crashed"],
)
def test_a_rematch_in_which_it_ran_counts_as_well(said: Sequence[float | None], incumbent: Sequence[float]) -> None:
    begun = aged(8)
    begun.takes(*said, incumbent=incumbent, coin="ic")
    assert [begun.takes(LOSS).steps for _ in range(9)] == ["c"] * 9
    assert begun.takes(LOSS, incumbent=(100.0,)).steps == "ic"


def test_an_experiment_without_a_run_does_not_count() -> None:
    known = Yardstick((100.0,), age=5)
    assert known.after([], kept=False).age == 5
    assert known.after(runs(("c", None)), kept=False).age == 6
    assert known.after(runs(("i", None), ("c", 1.0)), kept=False).age == 6


def test_what_it_says_then_is_what_the_candidate_must_beat() -> None:
    assert aged(9).takes(95.0, incumbent=(94.0,)).ended == "discard screen"
    told = aged(9).takes(95.0, incumbent=(94.0,))
    assert told.reason == "worse than the best of the incumbent's last 3 runs, 94"
    begun = aged(9)
    begun.takes(LOSS, incumbent=(94.0,))
    assert begun.takes(95.0).ended == "discard screen"
    assert aged(9).takes(95.0, incumbent=(97.0,)).steps == "ic(ci)"


@pytest.mark.parametrize(
    ("incumbent", "steps", "ended"),
    [((None, 100.0), "iic", "discard screen"), ((None, None), "ii", "fault")],
)
def test_it_runs_again_when_it_failed_then(incumbent: Sequence[float | None], steps: str, ended: str) -> None:
    told = aged(9).takes(LOSS, incumbent=incumbent)
    assert (told.steps, told.ended) == (steps, ended)


def test_a_candidate_that_fails_after_it_is_a_crash_as_ever() -> None:
    assert aged(9).takes(None, incumbent=(100.0,)).ended == "crash"


def test_a_sweep_asks_for_it_too() -> None:
    assert aged(9, decide="sweep").takes(LOSS, incumbent=(100.0,)).steps == "ic"


# What is learnt


def runs(*said: tuple[str, float | None], draw: int = 0) -> list[Measured]:
    """Runs by letter and value; those of `draw` belong to a round."""
    told = []
    for number, (letter, value) in enumerate(said, start=1):
        found = measured(Experiment(2, last_run=number - 1), ARMS[letter], value)[1]
        assert isinstance(found, Measured)
        told.append(found.model_copy(update={"draw": draw}))
    return told


def drawn(*said: tuple[str, float | None]) -> list[Measured]:
    return runs(*said, draw=1)


KNOWN = Yardstick((1.0, 2.0, 3.0), exact=False, age=4, differences=(0.5,))


@pytest.mark.parametrize(
    ("known", "took", "kept", "learnt"),
    [
        # A discard by the screen teaches nothing but that time went by.
        (KNOWN, runs(("c", 9.0)), False, Yardstick((1.0, 2.0, 3.0), False, 5, (0.5,))),
        # The incumbent's runs are remembered, a candidate's that was discarded are not.
        (
            KNOWN,
            [*runs(("c", 9.0)), *drawn(("c", 3.0), ("i", 4.0))],
            False,
            Yardstick((1.0, 2.0, 3.0, 4.0), False, 0, (0.5,)),
        ),
        (KNOWN, runs(("i", 4.0), ("c", 9.0)), False, Yardstick((1.0, 2.0, 3.0, 4.0), False, 0, (0.5,))),
        # Of both arms it is seen how much equal code differs.
        (
            KNOWN,
            drawn(("c", 3.0), ("i", 5.0), ("i", 5.0), ("c", 1.0)),
            False,
            Yardstick((1.0, 2.0, 3.0, 5.0, 5.0), False, 0, (0.5, 1.0, 0.0)),
        ),
        # A keep takes the incumbent's place, with its runs in pairs and not with the one that was lucky.
        (
            KNOWN,
            [*runs(("c", 0.1)), *drawn(("c", 3.0), ("i", 5.0), ("i", 5.0), ("c", 1.0))],
            True,
            Yardstick((3.0, 1.0), False, 0, (0.5, 1.0, 0.0)),
        ),
        (KNOWN, runs(("c", 0.5)), True, Yardstick((0.5,), False, 0, (0.5,))),
        (Yardstick((2.0,), exact=True, age=4), runs(("c", 1.0), ("c", 1.0)), True, Yardstick((1.0,), True, 0)),
        (Yardstick((2.0,), exact=True, age=4), runs(("c", 3.0)), False, Yardstick((2.0,), True, 5)),
        # A run that said nothing is no value.
        (KNOWN, runs(("c", None)), False, Yardstick((1.0, 2.0, 3.0), False, 5, (0.5,))),
        (KNOWN, drawn(("i", None), ("i", 4.0)), False, Yardstick((1.0, 2.0, 3.0, 4.0), False, 0, (0.5,))),
        (KNOWN, [], False, KNOWN),
    ],
)
def test_what_an_experiment_teaches(known: Yardstick, took: Sequence[Measured], kept: bool, learnt: Yardstick) -> None:
    assert replace(known.after(took, kept=kept), seeds=()) == learnt


def test_only_the_latest_eight_runs_are_remembered() -> None:
    known = KNOWN
    for value in range(20):
        known = known.after(runs(("i", float(value)), ("c", 99.0)), kept=False)
    assert known.runs == tuple(float(value) for value in range(12, 20))
    won = known.after(drawn(*(("c", float(value)) for value in range(30))), kept=True)
    assert won.runs == tuple(float(value) for value in range(22, 30))


def test_only_the_latest_differences_are_remembered() -> None:
    known = Yardstick((1.0,), differences=(9.0,) * 60).after(drawn(("i", 1.0), ("i", 1.0)), kept=False)
    assert known.differences == (*(9.0,) * 59, 0.0)


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [(90.0, 110.0, 0.2), (110.0, 90.0, 0.2), (-90.0, -110.0, 0.2), (0.0, 0.0, 0.0), (0.0, 5.0, 2.0), (-1.0, 1.0, 2.0)],
)
def test_a_difference_is_relative_to_the_size_of_both(one: float, other: float, found: float) -> None:
    assert difference(one, other) == pytest.approx(found)


def test_noise_is_the_median_difference_of_adjacent_runs_of_equal_code() -> None:
    assert night(*EXACT).history.yardstick.noise == 0.0
    assert Yardstick().noise == 0.0
    assert night(10.0, 10.0, 11.0, 11.0, 10.0).history.yardstick.noise == pytest.approx(0.5 / 10.5)
    assert night().history.yardstick.noise == pytest.approx(0.0085, abs=2e-4)


def test_the_next_candidate_is_held_against_what_was_kept() -> None:
    begun = night()
    begun.takes(1.0, 90.0, 91.0, 92.0, 93.0, 94.0, incumbent=[100.0] * 5)
    assert begun.history.yardstick.runs == (90.0, 91.0, 92.0, 93.0, 94.0)
    assert begun.takes(92.0).reason == "equal to the best of the incumbent's last 3 runs, 92"
    assert begun.takes(91.9).ended == ""


def test_what_a_lost_rematch_saw_of_the_incumbent_is_the_screen_of_the_next() -> None:
    begun = night()
    begun.takes(WIN, 85.0, LOSS, incumbent=(86.0, 87.0))
    assert begun.takes(86.0).ended == "discard screen"
    assert begun.takes(85.9).ended == ""


# Guards, check, confirm

GATED = {"guards": {"mem": "<= 10"}, "check": "true", "confirm": "true"}


def lean(value: float) -> Said:
    return Said(value, columns={"mem": 10.0})


def fat(value: float) -> Said:
    return Said(value, columns={"mem": 10.1})


@pytest.mark.parametrize(
    ("said", "check", "held_out", "gates", "ended", "reason"),
    [
        (lean(WIN), None, (True, True), "khh", "keep better", "won its rematch, 5 of 5 pairs"),
        (fat(WIN), "it exited with 1", (False, False), "", "discard guard", "guard: mem is 10.1, must be <= 10"),
        (Said(WIN), None, (), "", "discard guard", "guard: the candidate printed no mem, which must be <= 10"),
        (lean(WIN), "it exited with 1", (False,), "k", "discard check", "check: it exited with 1"),
        (lean(WIN), None, (False, False), "khh", "discard confirm", "confirm: no gain on the held-out inputs"),
        (lean(WIN), None, (True, False, True), "khhh", "keep better", ""),
        (lean(WIN), None, (False, True, True), "khhh", "keep better", ""),
        (lean(WIN), None, (True, False, False), "khhh", "discard confirm", ""),
        (lean(WIN), None, (True, None, True), "khhh", "keep better", ""),
        (lean(WIN), None, (None, False, None, True, True), "khhhhh", "keep better", ""),
        (lean(WIN), None, (None, None, True, True), "khh", "fault", "failed 2 times in a row"),
        (lean(WIN), None, (True,), "kh", "", ""),
    ],
)
def test_a_would_be_keep_passes_guards_then_check_then_confirm(
    said: Said, check: str | None, held_out: Sequence[bool | None], gates: str, ended: str, reason: str
) -> None:
    begun = night(*map(lean, NOISY), **GATED)
    told = begun.takes(said, *[said] * 5, incumbent=[lean(100.0)] * 5, check=check, held_out=held_out)
    assert (told.steps, told.ended) == (KEPT + gates, ended)
    assert reason in told.reason
    if ended.startswith(("keep", "discard")):
        assert told.decision.value == WIN


@pytest.mark.parametrize(
    ("held_out", "gates", "ended"),
    [
        ((True, False, False), "h", "keep better"),
        ((False, True, True), "h", "discard confirm"),
        ((None, True), "hh", "keep better"),
        ((None, None, True), "hh", "fault"),
    ],
)
def test_one_held_out_pair_is_enough_where_the_metric_is_exact(
    held_out: Sequence[bool | None], gates: str, ended: str
) -> None:
    told = night(*EXACT, confirm="true").takes(99.0, 99.0, held_out=held_out)
    assert (told.steps, told.ended) == (f"cc{gates}", ended)


def test_a_new_life_forgives_a_held_out_failure_as_well() -> None:
    begun = night(*EXACT, confirm="true")
    assert begun.takes(99.0, 99.0, held_out=(None, None)).ended == "fault"
    begun.begin()
    assert begun.takes(held_out=(True,)).ended == "keep better"


@pytest.mark.parametrize("ended", ["lost", "crashed", "screened"])
def test_no_gate_opens_for_what_is_no_would_be_keep(ended: str) -> None:
    said = {"lost": (lean(WIN), fat(LOSS)), "crashed": (lean(WIN), None), "screened": (fat(LOSS),)}[ended]
    told = night(*map(lean, NOISY), **GATED).takes(*said, incumbent=[lean(100.0)])
    assert told.ended in ("discard rematch", "discard screen")
    assert not set(told.steps) & set("kh")


@pytest.mark.parametrize(
    ("limit", "mine", "theirs", "ended"),
    [
        ("<= 1.1x", 11.0, 10.0, "keep better"),
        ("<= 1.1x", 11.1, 10.0, "discard guard"),
        (">= 0.9x", 9.0, 10.0, "keep better"),
        (">= 0.9x", 8.9, 10.0, "discard guard"),
        ("<= 1.1x", 11.1, 10.1, "keep better"),  # of the incumbent beside it, and not of the baseline
        ("<= 1.1x", 11.0, 9.9, "discard guard"),
        ("<= 11", 11.0, 1.0, "keep better"),
    ],
)
def test_a_relative_guard_is_held_against_the_incumbent_beside_it(
    limit: str, mine: float, theirs: float, ended: str
) -> None:
    def says(value: float, memory: float) -> Said:
        return Said(value, columns={"mem": memory})

    begun = night(*(says(value, 10.0) for value in NOISY), guards={"mem": limit})
    told = begun.takes(*[says(WIN, mine)] * 6, incumbent=[says(100.0, theirs)] * 5)
    assert told.ended == ended


def test_a_guard_is_held_against_the_median_of_all_runs() -> None:
    begun = night(*map(lean, NOISY), guards={"mem": "<= 10"})
    assert begun.takes(fat(WIN), fat(WIN), *[lean(WIN)] * 4, incumbent=[lean(100.0)] * 5).ended == "keep better"


def test_a_relative_guard_of_an_exact_metric_is_held_against_the_runs_that_made_the_incumbent() -> None:
    begun = night(*(Said(100.0, columns={"mem": 10.0}) for _ in range(3)), guards={"mem": "<= 1.1x"})
    heavier = [Said(99.0, columns={"mem": 11.0})] * 2
    assert begun.takes(*heavier).ended == "keep better"
    assert begun.takes(*[Said(98.0, columns={"mem": 12.0})] * 2).ended == "keep better"
    assert begun.takes(*[Said(97.0, columns={"mem": 13.3})] * 2).ended == "discard guard"


@pytest.mark.parametrize(
    ("given", "simpler", "candidate", "incumbent", "won"),
    [
        ({}, False, 99.0, 100.0, True),
        ({}, False, 100.0, 100.0, False),
        ({"min_gain": "2%"}, False, 99.0, 100.0, False),
        ({"min_gain": "-2%"}, False, 101.0, 100.0, True),
        ({"direction": "higher"}, False, 99.0, 100.0, False),
        ({"direction": "higher"}, False, 101.0, 100.0, True),
        ({"simplify": True}, True, 100.0, 100.0, True),
        ({"simplify": True}, True, 103.0, 100.0, False),
    ],
)
def test_a_held_out_pair_is_won_as_any_pair_is(
    given: dict[str, object], simpler: bool, candidate: float, incumbent: float, won: bool
) -> None:
    begun = night(**given)
    assert policy(begun.settings, begun.history, simpler=simpler).confirms(candidate, incumbent) is won


# What cannot be believed


@pytest.mark.parametrize(
    ("bounds", "said", "reason"),
    [
        ({"metric": [95, None]}, (94.0,), "implausible: loss 94 is below 95"),
        ({"metric": [None, 105]}, (106.0,), "implausible: loss 106 is above 105"),
        ({"duration": ["900ms"]}, (Said(WIN, 0.8),), "implausible: the run took 0.8 s, less than 0.9 s"),
        ({"duration": [0, "2s"]}, (Said(LOSS, 3.0),), "implausible: the run took 3 s, more than 2 s"),
        ({"step": "10%"}, (89.0,), "% in one step"),
        # Also what shows in a rematch only.
        ({"step": "11%"}, (WIN, 85.0), "implausible: better by 15"),
        ({"duration": ["900ms"]}, (WIN, WIN, Said(WIN, 0.8)), "less than 0.9 s"),
    ],
)
def test_a_run_that_cannot_be_believed_ends_it(bounds: dict[str, Any], said: Sequence[Saying], reason: str) -> None:
    told = night(bounds=bounds).takes(*said, WIN, WIN, incumbent=[100.0] * 5, coin="ic")
    assert told.ended == "discard implausible"
    assert reason in told.reason
    last = said[-1]
    assert told.decision.value == (last.value if isinstance(last, Said) else last)
    assert told.pending.runs[-1].value == told.decision.value, "no run behind the one that nobody can believe"


@pytest.mark.parametrize(
    ("bounds", "value"), [({"metric": [90, None]}, 90.0), ({"step": "10.2%"}, WIN), ({"duration": ["1s", "1s"]}, WIN)]
)
def test_what_lies_on_a_bound_is_believed(bounds: dict[str, Any], value: float) -> None:
    assert night(bounds=bounds).takes(*[value] * 6, incumbent=[100.0] * 5).ended == "keep better"


def test_what_was_not_believed_is_no_crash_to_be_repaired_and_never_the_incumbent() -> None:
    begun = night(*EXACT, bounds={"step": "50%"})
    begun.takes(10.0)
    assert begun.history.incumbent == begun.history.baseline
    assert replace(begun.history.yardstick, seeds=()) == Yardstick(EXACT, exact=True, age=1, differences=(0.0, 0.0))


def test_a_step_is_from_the_latest_keep() -> None:
    begun = night(*EXACT, bounds={"step": "10%"})
    assert begun.takes(91.0, 91.0).ended == "keep better"
    assert begun.takes(82.0, 82.0).ended == "keep better"


def test_a_machine_that_became_faster_is_no_step_of_the_candidates() -> None:
    begun = night(bounds={"step": "20%"})
    begun.takes(99.0, 51.0, incumbent=(50.0,))  # since then everything takes half the time
    begun.takes(LOSS, incumbent=())
    told = begun.takes(45.0, *[45.0] * 5, incumbent=[50.0] * 5)
    assert told.ended == "keep better"


# Edits that do nothing


@pytest.mark.parametrize(
    ("said", "incumbent", "given", "ended", "reason", "would_keep"),
    [
        ((LOSS,), (), {}, "discard sentinel", "does nothing, and worse than", False),
        (
            (WIN, 100.0),
            (100.0,),
            {},
            "discard sentinel",
            "does nothing, and lost its rematch, having won 0 of 1 pair",
            False,
        ),
        (
            (WIN, *[WIN] * 5),
            (100.0,) * 5,
            {},
            "discard sentinel",
            "does nothing, and won its rematch, 5 of 5 pairs",
            True,
        ),
        ((WIN, None), (100.0,), {}, "discard sentinel", "does nothing, and crashed when it ran again", False),
        ((1.0,), (), {"bounds": {"step": "5%"}}, "discard sentinel", "does nothing, and implausible", False),
        ((None,), (), {}, "crash", "broken", None),
        ((WIN,), (), {"decide": "naive"}, "discard sentinel", "does nothing, and better than 100", True),
        ((101.0,), (), {"decide": "naive"}, "discard sentinel", "does nothing, and not better than 100", False),
    ],
)
def test_a_sentinel_is_never_kept_and_says_whether_it_would_have_been(
    said: Sequence[Saying],
    incumbent: Sequence[Saying],
    given: dict[str, object],
    ended: str,
    reason: str,
    would_keep: bool | None,
) -> None:
    begun = night(*(NOISY if "decide" not in given else NOISY[:1]), **given)
    told = begun.takes(*said, incumbent=incumbent, by=SENTINEL)
    assert told.ended == ended
    assert reason in told.reason
    assert told.decision.verdict is not None
    assert told.decision.verdict.would_keep is would_keep
    assert begun.history.incumbent == begun.history.baseline


def test_a_sentinel_passes_no_gate_and_anything_else_says_nothing_of_it() -> None:
    begun = night(**(GATED | {"guards": {}}))
    told = begun.takes(*[WIN] * 6, incumbent=[100.0] * 5, by=SENTINEL)
    assert (told.steps, told.ended) == (KEPT, "discard sentinel")
    real = begun.takes(*[WIN] * 6, incumbent=[100.0] * 5, held_out=(True, True))
    assert real.decision.verdict is not None
    assert (real.ended, real.decision.verdict.would_keep) == ("keep better", None)


def test_sentinels_are_no_plateau_and_are_not_taken_for_a_duplicate() -> None:
    begun = night()
    for _ in range(3):
        begun.takes(LOSS, by=SENTINEL)
    begun.takes(LOSS)
    assert begun.history.streak == 1
    assert set(begun.history.tried()) == {"1", "5"}


# Simpler


@pytest.mark.parametrize(
    ("baseline", "given", "simpler", "said", "incumbent", "ended"),
    [
        (EXACT, {}, True, (100.0, 100.0), (), "keep simplification"),
        (EXACT, {}, False, (100.0,), (), "discard screen"),
        (EXACT, {}, True, (99.0, 99.0), (), "keep better"),
        (EXACT, {}, True, (100.001,), (), "discard screen"),
        (EXACT, {"min_gain": "2%"}, True, (99.0, 99.0), (), "keep simplification"),
        (EXACT, {"min_gain": "2%"}, False, (99.0,), (), "discard screen"),
        # The noise is 0.85 %.
        (NOISY, {}, True, (100.3, *[100.5] * 5), (100.0,) * 5, "keep simplification"),
        (NOISY, {}, True, (100.3, *[100.0] * 5), (100.0,) * 5, "keep simplification"),
        (NOISY, {}, True, (100.3, 101.0), (100.0,), "discard rematch"),
        (NOISY, {}, True, (100.5,), (), "discard screen"),
        (NOISY, {}, False, (100.3,), (), "discard screen"),
        (NOISY, {}, True, (WIN, *[WIN] * 5), (100.0,) * 5, "keep better"),
        (NOISY, {}, True, (WIN, *[WIN] * 4, 100.0), (100.0,) * 5, "keep simplification"),
        (NOISY, {"min_gain": "-5%"}, True, (104.0, *[104.0] * 5), (100.0,) * 5, "keep better"),
        (NOISY[:1], {"decide": "naive"}, True, (100.0,), (), "keep simplification"),
        (NOISY[:1], {"decide": "naive"}, True, (100.1,), (), "discard screen"),
        (NOISY[:1], {"decide": "naive"}, False, (100.0,), (), "discard screen"),
        (NOISY, {"decide": "sweep"}, True, (100.3, *[100.5] * 3), (100.0,) * 3, "keep simplification"),
        (NOISY, {"decide": "sweep"}, True, (WIN, *[WIN] * 3), (100.0,) * 3, "keep better"),
    ],
)
def test_a_smaller_target_need_not_be_better_than_the_noise(
    baseline: Sequence[float],
    given: dict[str, object],
    simpler: bool,
    said: Sequence[float],
    incumbent: Sequence[float],
    ended: str,
) -> None:
    coin = "ciicci" if given.get("decide") == "sweep" else "ci ic"
    begun = night(*baseline, **given)
    told = begun.takes(*said, incumbent=incumbent, simpler=simpler, coin=coin)
    assert told.ended == ended
    if ended == "keep simplification":
        assert told.reason.startswith("simplification: smaller, and ")


def test_a_smaller_target_that_ties_at_zero_is_no_worse() -> None:
    assert night(0.0, 0.0, 0.0).takes(0.0, 0.0, simpler=True).ended == "keep simplification"


# The smallest gain


@pytest.mark.parametrize(
    ("baseline", "gain", "said", "incumbent", "ended"),
    [
        (EXACT, "1%", (99.0,), (), "discard screen"),
        (EXACT, "1%", (98.9, 98.9), (), "keep better"),
        (EXACT, "-1%", (100.5, 100.5), (), "keep better"),
        (EXACT, "-1%", (101.0,), (), "discard screen"),
        (NOISY, "5%", (94.6,), (), "discard screen"),
        (NOISY, "5%", (94.0, 95.0), (100.0,), "discard rematch"),
        (NOISY, "5%", (94.0, *[94.0] * 5), (100.0,) * 5, "keep better"),
        (NOISY, "-5%", (104.0, *[104.0] * 5), (100.0,) * 5, "keep better"),
        (NOISY, "-5%", (104.0, 105.0), (100.0,), "discard rematch"),
        (NOISY[:1], "1%", (99.0,), (), "discard screen"),
        (NOISY[:1], "1%", (98.9,), (), "keep better"),
        (NOISY[:1], "-1%", (100.9,), (), "keep better"),
    ],
)
def test_a_gain_must_be_worth_it(
    baseline: Sequence[float], gain: str, said: Sequence[float], incumbent: Sequence[float], ended: str
) -> None:
    rule = "naive" if len(baseline) == 1 else "rematch"
    assert night(*baseline, min_gain=gain, decide=rule).takes(*said, incumbent=incumbent).ended == ended


@pytest.mark.parametrize("rule", ["rematch", "naive"])
def test_a_keep_that_is_worse_is_not_said_to_be_better(rule: str) -> None:
    told = night(*(EXACT if rule == "rematch" else EXACT[:1]), min_gain="-2%", decide=rule).takes(101.0, 101.0)
    assert told.ended.startswith("keep")
    assert not told.reason.startswith("better than 100")


# The other rules


@pytest.mark.parametrize(
    ("said", "incumbent", "coin", "steps", "ended"),
    [
        ([WIN] * 3, [100.0] * 3, "ciicci", "c(ciicci)ciicci", "keep better"),
        ([WIN] * 3, [100.0] * 3, "ccciii", "c(ccciii)ccciii", "keep better"),
        ([LOSS], [100.0], "ciicci", "c(ciicci)ci", "discard rematch"),
        ([100.0], [100.0], "ciicci", "c(ciicci)ci", "discard rematch"),
        ([LOSS, WIN, WIN], [100.0], "ccciii", "c(ccciii)ccci", "discard rematch"),
        ([WIN], [100.0, 80.0], "ciicci", "c(ciicci)cii", "discard rematch"),
        ([WIN, LOSS], [100.0, 100.0], "ciicci", "c(ciicci)ciic", "discard rematch"),
        ([WIN, WIN, LOSS], [100.0, 100.0], "ciicci", "c(ciicci)ciicc", "discard rematch"),
        ([WIN, WIN, WIN], [100.0, 100.0, 80.0], "ciicci", "c(ciicci)ciicci", "discard rematch"),
        ([WIN, None], [100.0, 100.0], "ciicci", "c(ciicci)ciic", "discard rematch"),
        # A round in which the incumbent failed is void as a whole.
        ([WIN, *[WIN] * 3], [100.0, None, *[100.0] * 3], "ciicci iccici", "c(ciicci)cii(iccici)iccici", "keep better"),
        ([95.0, WIN, LOSS], [97.0, None, 100.0], "ciicci cciici", "c(ciicci)cii(cciici)cci", "discard rematch"),
        ([WIN], [None, None], "iccici", "c(iccici)i(iccici)i", "fault"),
    ],
)
def test_a_sweep_stops_at_the_run_that_breaks_the_separation(
    said: Sequence[float | None], incumbent: Sequence[float | None], coin: str, steps: str, ended: str
) -> None:
    told = night(decide="sweep").takes(WIN, *said, incumbent=incumbent, coin=coin)
    assert (told.steps, told.ended) == (steps, ended)


def test_a_sweep_screens_and_trusts_an_exact_metric_as_the_rematch_does() -> None:
    assert night(decide="sweep").takes(99.6).ended == "discard screen"
    assert night(*EXACT, decide="sweep").takes(99.0, 99.0).steps == "cc"


def test_a_won_sweep_makes_the_candidates_three_runs_the_incumbents() -> None:
    begun = night(decide="sweep")
    told = begun.takes(1.0, 90.0, 91.0, 92.0, incumbent=[100.0] * 3, coin="ciicci")
    assert (told.decision.value, begun.history.yardstick.runs) == (91.0, (90.0, 91.0, 92.0))


@pytest.mark.parametrize(
    ("said", "ended", "reason"),
    [
        ((99.0,), "keep better", "better than 100"),
        ((100.0,), "discard screen", "equal to 100"),
        ((101.0,), "discard screen", "not better than 100"),
        ((None,), "crash", "broken"),
    ],
)
def test_naive_is_one_run_against_the_best(said: Sequence[float | None], ended: str, reason: str) -> None:
    told = night(100.0, decide="naive").takes(*said)
    assert (told.steps, told.ended, told.reason) == ("c", ended, reason)


def test_naive_keeps_to_the_best_value_and_not_to_the_latest_runs() -> None:
    begun = night(100.0, decide="naive")
    assert [begun.takes(value).ended for value in (90.0, 95.0, 91.0, 89.0)] == [
        "keep better",
        "discard screen",
        "discard screen",
        "keep better",
    ]


def test_naive_too_passes_guards_check_and_confirm() -> None:
    begun = night(lean(100.0), decide="naive", **GATED)
    assert begun.takes(fat(WIN)).ended == "discard guard"
    assert begun.takes(lean(WIN), check="no").ended == "discard check"
    assert begun.takes(lean(WIN), held_out=(False, True, False)).ended == "discard confirm"
    assert begun.takes(lean(WIN), held_out=(True, False, True)).steps == "ckhhh"


# Pairs alone, as an audit asks


@pytest.mark.parametrize(
    ("said", "incumbent", "steps", "ended"),
    [
        ([WIN] * 5, [100.0] * 5, KEPT[1:], "keep better"),
        ([100.0], [100.0], "(ci)ci", "discard rematch"),
        ([None], [100.0], "(ci)c", "discard rematch"),
        ([WIN] * 9, [None, 100.0, 100.0], "(ci)ci(ic)ic(ci)ci(ic)", ""),
        ([WIN] * 9, [None, None], "(ci)ci(ic)i", "fault"),
    ],
)
def test_a_comparison_is_a_rematch_without_a_screen(
    said: Sequence[float | None], incumbent: Sequence[float | None], steps: str, ended: str
) -> None:
    pending, went = Experiment(2), ""
    script: dict[Arm, Iterator[Saying]] = {"candidate": iter(said), "incumbent": iter(incumbent)}
    orders = cycle(("ci", "ic"))
    while True:
        decision = compare(pending, settings())
        try:
            if decision.run:
                for record in measured(pending, decision.run, next(script[decision.run])):
                    assert isinstance(record, Measuring | Measured)
                    pending = advance(pending, record)
                went += decision.run[0]
            elif decision.draw:
                letters = next(orders)
                order = tuple(ARMS[letter] for letter in letters)
                pending = advance(pending, Drawn(n=2, order=order, seed=1))
                went += f"({letters})"
            else:
                break
        except StopIteration:
            break
    assert Told(went, decision, pending).ended == ended
    assert went == steps


# Whatever happens

VALUES = st.sampled_from([None, 80.0, 90.0, 99.0, 100.0, 101.0, 110.0])
LONG = 60


@given(
    candidate=st.lists(VALUES, min_size=LONG, max_size=LONG),
    incumbent=st.lists(VALUES, min_size=LONG, max_size=LONG),
    coins=st.lists(st.permutations("ciicci"), min_size=LONG, max_size=LONG),
    decide=st.sampled_from(get_args(Settings.model_fields["decide"].annotation)),
    old=st.booleans(),
    exact=st.booleans(),
    by=st.sampled_from(["openai/m", SENTINEL]),
)
@hypothesis_settings(max_examples=300, deadline=None)
def test_every_experiment_ends_and_every_step_asks_for_one_thing(
    candidate: list[float | None],
    incumbent: list[float | None],
    coins: list[list[str]],
    decide: str,
    old: bool,
    exact: bool,
    by: str,
) -> None:
    baseline = (100.0,) * (1 if decide == "naive" else 3) if exact or decide == "naive" else NOISY
    begun = Night(*baseline, decide=decide)
    for _ in range(9 * old):
        begun.takes(LOSS)
    pairs = {"c": "ci", "i": "ic"}
    orders = " ".join("".join(order) if decide == "sweep" else pairs[order[0]] for order in coins)
    told = begun.takes(*candidate, incumbent=incumbent, coin=orders, by=by)
    assert told.ended
    won = rounds(told.pending)
    if told.ended == "keep better" and decide == "rematch" and not begun.history.yardstick.exact:
        assert sum(mine < theirs for theirs, mine in won.pairs) >= 5
    if told.ended == "keep better" and decide == "sweep" and won.swept:
        assert max(won.values("candidate")) < min(won.values("incumbent"))
    if told.ended == "fault":
        assert [run.value for run in told.pending.runs if run.arm == "incumbent"][-2:] == [None, None]
    assert len(begun.history.experiments) == 1 + 9 * old + (told.ended != "fault")


def test_a_night_told_again_from_its_records_is_the_same_night() -> None:
    begun = night(check="true", confirm="true")
    begun.takes(WIN, *[WIN] * 5, incumbent=(None, *[100.0] * 5), held_out=(None, True, True))
    begun.takes(LOSS)
    begun.takes(80.0, 80.0, incumbent=(85.0,))
    again = History()
    for record in begun.records:
        again = step(again, record)
    assert again == begun.history
    assert again.pending is not None
    assert again.pending.draws
