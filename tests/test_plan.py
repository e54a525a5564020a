"""The ladder that leads off a plateau, the bandit between models, and what is worth a repair."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from autoresearch.decide import plan
from autoresearch.decide.bandit import pick
from autoresearch.decide.history import Experiment, Spent
from autoresearch.decide.tallies import Earned, Tally
from histories import BASELINE, history, past, tried


def planned(*experiments: Experiment, patience: int = 40, tunable: bool = True) -> plan.Plan:
    done = history(BASELINE, *experiments)
    return plan.plan(done, past(done), patience, tunable=lambda: tunable)


def fruitless(count: int, first: int = 2) -> list[Experiment]:
    return [tried(n, 15.0) for n in range(first, first + count)]


def test_ideas_take_turns() -> None:
    assert [planned(*fruitless(n)).idea for n in range(7)] == list(plan.IDEAS)[1:]


@pytest.mark.parametrize(
    ("streak", "rung"),
    [
        (0, "explore"),
        (7, "explore"),
        (8, "shift"),
        (15, "shift"),
        (16, "burst"),
        (23, "burst"),
        (24, "branch"),
        (39, "branch"),
    ],
)
def test_the_longer_nothing_is_kept_the_further_it_goes(streak: int, rung: str) -> None:
    kept = tried(2, 9.0, kept=True)
    assert planned(kept, *fruitless(streak, 3)).rung == rung


def test_a_smaller_patience_has_the_same_rungs_closer_together() -> None:
    kept = tried(2, 9.0, kept=True)
    rungs = [planned(kept, *fruitless(n, 3), patience=10).rung for n in range(10)]
    assert rungs == ["explore"] * 2 + ["shift"] * 2 + ["burst"] * 2 + ["branch"] * 4


def test_without_anything_to_tune_the_hints_go_on() -> None:
    assert planned(*fruitless(20), tunable=False).rung == "shift"


def test_a_shift_asks_for_a_kind_that_was_not_tried() -> None:
    kinds = ["parameters"] * 5 + ["algorithm"] * 3
    made = planned(*(tried(n, 15.0, category=kind) for n, kind in enumerate(kinds, start=2)))
    assert made.idea not in kinds
    assert "5 × parameters, 3 × algorithm" in made.hint


@pytest.mark.parametrize(
    ("kinds", "idea"),
    [
        (["parameters"] * 8, "algorithm"),
        (["algorithm", "parameters", "data structure", "architecture"] * 2, "simplification"),
        (["algorithm", "parameters", "data structure", "architecture", "simplification"] * 2, "algorithm"),
    ],
)
def test_a_shift_asks_for_the_kind_that_was_proposed_least(kinds: list[str], idea: str) -> None:
    done = (tried(n, 15.0, category=kind) for n, kind in enumerate(kinds, start=2))
    assert planned(*done).idea == idea


def test_branches_start_from_near_misses_and_earlier_keeps_by_turns() -> None:
    keeps = [tried(2, 9.0, kept=True), tried(3, 8.0, kept=True)]
    done = [*keeps, *(tried(n, 8.1 if n in (5, 9) else 15.0) for n in range(4, 4 + 24))]
    starts = []
    for _ in range(5):
        made = planned(*done)
        starts.append(made.start)
        n = len(done) + 2
        done.append(replace(tried(n, 15.0), planned=tried(n, 15.0, rung="branch").planned))
    assert starts == [5, 9, 2, 1, 5]


def test_where_there_is_nothing_to_start_from_the_hints_go_on() -> None:
    assert planned(*(tried(n, None) for n in range(2, 40))).rung == "shift"


def test_two_near_misses_are_named_to_be_combined() -> None:
    done = [tried(2, 10.1), tried(3, 10.2), tried(4, 15.0), *fruitless(3, 5)]
    assert planned(*done).hint == "Combine #2 and #3, which nearly worked."


def earned(name: str, tries: int, keeps: int, usd: float | None) -> Earned:
    spent = Spent(usd=usd or 0.0, replies=tries, unpriced=tries if usd is None else 0)
    return Earned(name, Tally(name, tries, keeps, 0, 0.0), keeps / 100, spent)


def test_each_model_is_asked_before_any_is_preferred() -> None:
    assert pick(["a", "b"], {}) == "a"
    assert pick(["a", "b"], {"a": earned("a", 1, 1, 0.1)}) == "b"
    assert pick(["a", "b"], {"a": earned("a", 5, 1, 0.1), "b": earned("b", 1, 0, 0.1)}) == "b"


@pytest.mark.parametrize(("priced", "better"), [(True, "cheap"), (False, "strong")])
def test_the_model_that_earns_more_for_its_price_is_asked_most(priced: bool, better: str) -> None:
    """`strong` gains three times as much a proposal, at ten times the price."""
    chance, cost = {"cheap": 0.1, "strong": 0.3}, {"cheap": 0.01, "strong": 0.1}
    won = 0
    for seed in range(10):
        random, asked, keeps = Random(seed), Counter[str](), Counter[str]()
        for _ in range(200):
            names = list(chance)
            prices = {name: asked[name] * cost[name] if priced else None for name in names}
            name = pick(names, {name: earned(name, asked[name], keeps[name], prices[name]) for name in names})
            asked[name] += 1
            keeps[name] += random.random() < chance[name]
        won += asked[better] > 120
        assert min(asked.values()) >= 2
    assert won >= 9


def test_before_anything_is_kept_the_cheaper_model_is_asked_more_often() -> None:
    known = {"a": earned("a", 4, 0, 4.0), "b": earned("b", 6, 0, 0.6)}
    assert pick(["a", "b"], known) == "b"
    assert pick(["a", "b"], {**known, "b": earned("b", 60, 0, 6.0)}) == "a"


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
