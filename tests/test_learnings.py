"""What a session has learnt: outcomes, kinds of ideas, predictions, what models earned, the digest and LEARNINGS.md."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autoresearch.decide import learnings
from autoresearch.decide.digest import covered, digest, line
from autoresearch.decide.history import History, Spent
from autoresearch.decide.outcome import near_misses
from autoresearch.decide.tallies import category, earned, kind, predictions, tallies
from autoresearch.model import Status
from autoresearch.records import Opened
from histories import BASELINE, LOSS, SCORE, experiment, history, past, tried


def test_a_gain_is_over_the_incumbent_of_its_time() -> None:
    done = history(BASELINE, tried(2, 9.0, kept=True), tried(3, 9.9), tried(4, 8.1, kept=True))
    assert [each.gain and round(each.gain, 6) for each in past(done)] == [None, 0.1, -0.1, 0.1]


def test_what_ran_side_by_side_is_compared_with_what_ran_beside_it() -> None:
    done = history(BASELINE, tried(2, 9.0, kept=True, pairs=5, over=12.0))
    gain = past(done)[1].gain
    assert gain == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("parameters", "parameters"),
        ("Hyper-Parameter tuning", "parameters"),
        ("data_structure", "data structure"),
        ("algorithmic", "algorithm"),
        ("bug fix", "fix"),
        ("", "other"),
        ("magic", "other"),
    ],
)
def test_kinds_are_known_by_any_word_for_them(said: str, meant: str) -> None:
    assert category(said) == meant


def test_kinds_are_counted_with_what_their_keeps_gained_one_upon_the_other() -> None:
    done = history(
        BASELINE,
        tried(2, 9.0, kept=True),
        tried(3, 8.1, kept=True),
        tried(4, None),
        tried(5, 9.0, category="algorithm"),
    )
    first, second = tallies(past(done), kind, LOSS)
    assert (first.name, first.tries, first.keeps, first.crashes) == ("parameters", 3, 2, 1)
    assert first.gain == pytest.approx(0.19)
    assert (second.name, second.tries, second.keeps, second.gain) == ("algorithm", 1, 0, 0.0)


def test_gains_of_a_metric_that_rises_multiply() -> None:
    done = history(BASELINE, tried(2, 20.0, kept=True), tried(3, 40.0, kept=True))
    assert tallies(past(done, SCORE), kind, SCORE)[0].gain == pytest.approx(3.0)


def test_a_prediction_came_true_when_half_of_it_was_kept() -> None:
    done = history(
        BASELINE,
        tried(2, 9.0, kept=True, expected=0.2),
        tried(3, 8.9, kept=True, expected=0.2),
        tried(4, 8.0, expected=0.01),
        tried(5, None, expected=0.5),
        tried(6, 8.0),
    )
    told = predictions(past(done))
    assert told is not None
    assert (told.made, told.came_true) == (3, 1)
    assert told.expected == pytest.approx(0.2)


def test_a_lost_rematch_is_nearer_than_any_screening_run() -> None:
    done = history(
        BASELINE,
        tried(2, 9.9, kept=True),
        tried(3, 9.95),
        tried(4, 9.8, cause="rematch", pairs=3, over=9.7),
        tried(5, 30.0),
        tried(6, 9.0, cause="tampered"),
    )
    assert [each.experiment.n for each in near_misses(past(done))] == [4, 3]


def test_a_line_tells_value_gain_noise_kind_prediction_and_reason() -> None:
    done = history(BASELINE, tried(2, 9.0, expected=0.02, noise=0.0954), tried(3, None))
    lines = [line(each) for each in past(done)]
    assert lines[0] == '#1 keep 10 other: "idea 1"'
    assert lines[1] == '#2 discard 9 (+10.00%, 1.0σ) parameters, expected +2.00%: "idea 2"'
    assert lines[2] == '#3 crash parameters: "idea 3" [so]'


def test_the_digest_covers_all_but_the_latest_and_keeps_its_length() -> None:
    assert [covered(n) for n in (1, 24, 25, 44, 45, 505)] == [0, 0, 20, 20, 40, 500]
    done = history(BASELINE, *(tried(n, 10 - n / 1e4, kept=n % 9 == 0) for n in range(2, 2000)))
    text = digest(past(done), LOSS)
    assert len(text.splitlines()) < 40
    assert "1998 experiments: 222 kept, 1776 discarded, 0 crashed." in text


def test_each_model_has_its_own_account() -> None:
    done = History(
        experiments=(BASELINE, tried(2, 9.0, kept=True, by="a"), tried(3, 9.0, by="b"), tried(4, None, by="b")),
        spent_by={"a": Spent(usd=0.5, replies=1), "b": Spent(replies=2, unpriced=2)},
    )
    found = {each.name: each for each in earned(done, past(done), LOSS)}
    assert (found["a"].tally.keeps, found["a"].usd) == (1, 0.5)
    assert (found["b"].tally.tries, found["b"].tally.crashes, found["b"].usd) == (2, 1, None)
    assert found["a"].worth > 0 == found["b"].worth


def test_the_page_says_what_worked_and_what_did_not_and_quotes_plainly() -> None:
    opened = Opened(
        version="1", tag="mar5", base="0" * 40, metric="loss", direction=LOSS.direction, columns=(), targets=("a.py",),
        bench="b", model="a",
    )  # fmt: skip
    odd = tried(2, 9.0, kept=True, expected=0.5, by="a")
    assert odd.proposal is not None
    named = replace(odd, proposal=odd.proposal.model_copy(update={"description": "<b>*x*</b>\n# y"}))
    crash = experiment(3, Status.CRASH, None, reason="timed out after 10m")
    done = History(opened=opened, experiments=(BASELINE, named, crash, tried(4, 9.1)))
    text = learnings.page(done, past(done), LOSS)
    assert text.startswith("# What session mar5 learnt\n")
    assert "10 at the start, 9 at best (-10.0 % as measured; not verified when this was written)" in text
    assert r"- #2 0000000 -10.0 % \<b>\*x\*\</b> # y: why (expected -50.0 %)" in text
    assert "- #3 idea 3: timed out after 10m" in text
    assert "## What came closest since the last keep\n\n- #4" in text
    assert "0 of 1 came true" in text
