"""What a log comes to: the numbers, and the sentences that carry them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from autoresearch.model import Direction
from autoresearch.report import wording
from autoresearch.report.causes import cause
from autoresearch.report.curve import Curve, curve
from autoresearch.report.log import Log, Row, Rows, Segment, Session, Spending, Standing
from autoresearch.report.phrases import duration
from autoresearch.report.summary import Stretch, Summary, ratio, summarise

HIGHER, LOWER = Direction.HIGHER, Direction.LOWER


def row(n: int, status: Standing, value: float | None, description: str = "", *, segment: int = 0) -> Row:
    """A row with only what a summary looks at."""
    return Row(
        n=n,
        line=n + 1,
        label=str(n),
        commit=f"{n:07x}",
        value=value,
        raw_value="",
        status=status,
        raw_status=status,
        description=description,
        segment=segment,
    )


def log(rows: Sequence[tuple[Standing, float | None]], direction: Direction | None = LOWER, **more: object) -> Log:
    """A log of one segment."""
    placed = Rows.of(row(n, status, value) for n, (status, value) in enumerate(rows, start=1))
    segment = Segment(0, 2, "loss", direction)
    return Log("results.tsv", "tsv", "loss", direction, placed, (segment,), (), **more)  # type: ignore[arg-type]


def last(summary: Summary) -> Stretch:
    """The stretch that the headline is about."""
    assert summary.last is not None
    return summary.last


def drawn(of: Log) -> Curve:
    """Its picture."""
    found = curve(of)
    assert found is not None
    return found


NIGHT: tuple[tuple[Standing, float | None], ...] = (
    ("baseline", 2.0),
    ("keep", 1.8),
    ("discard", 1.9),
    ("crash", None),
    ("other", None),
    ("keep", 1.85),
    ("keep", 1.5),
    ("discard", 1.6),
)


def test_counts_every_row_once_and_the_baseline_apart() -> None:
    summary = summarise(log(NIGHT))
    assert summary.counts == {"baseline": 1, "keep": 3, "discard": 2, "crash": 1, "other": 1}
    assert summary.experiments == 7
    assert summary.others == {"other": 1}
    assert summary.longest_streak == 3


def test_compares_the_best_keep_with_the_baseline() -> None:
    stretch = last(summarise(log(NIGHT)))
    assert (stretch.baseline, stretch.best) == (row(1, "baseline", 2.0), row(7, "keep", 1.5))
    assert stretch.change == pytest.approx(0.25)


def test_a_keep_is_compared_with_the_best_before_it_not_with_the_last_keep() -> None:
    kept = last(summarise(log(NIGHT))).kept
    assert [entry.over for entry in kept] == [2.0, 1.8, 1.8]
    assert [entry.change for entry in kept] == pytest.approx([0.1, -0.0277778, 0.1666667], rel=1e-4)


def test_higher_can_be_better() -> None:
    stretch = last(summarise(log([("baseline", 10.0), ("keep", 12.0), ("discard", 11.0)], HIGHER)))
    assert stretch.best == row(2, "keep", 12.0)
    assert stretch.change == pytest.approx(0.2)


def test_a_discard_is_never_the_best_but_is_mentioned() -> None:
    summary = summarise(log([("baseline", 2.0), ("keep", 1.8), ("discard", 1.0)]))
    assert last(summary).best == row(2, "keep", 1.8)
    assert "discarded rows that measured better than the best kept: 1 (#3: 1)" in summary.warnings


def test_a_crash_with_a_number_is_never_the_best() -> None:
    assert last(summarise(log([("baseline", 2.0), ("crash", 0.1)]))).best == row(1, "baseline", 2.0)


def test_keeps_that_gain_nothing_are_counted() -> None:
    summary = summarise(log([("baseline", 2.0), ("keep", 2.0), ("keep", 2.1), ("keep", 1.0)]))
    assert "keeps that are not better than the best before them: 2 of 3" in summary.warnings


@pytest.mark.parametrize(
    ("value", "over", "expected"),
    [
        (1.0, 2.0, 0.5),
        (-3.0, -2.0, 0.5),
        (1.0, 0.0, None),
        (-1.0, 2.0, None),
        (0.0, 2.0, 1.0),
        (1e300, 1e-300, None),
    ],
)
def test_a_change_is_a_ratio_or_nothing(value: float, over: float, expected: float | None) -> None:
    assert ratio("loss", LOWER, value, over) == expected


def test_no_change_without_a_direction() -> None:
    summary = summarise(log([("baseline", 2.0), ("keep", 1.0)], None))
    assert (last(summary).best, last(summary).change) == (None, None)


@pytest.mark.parametrize(("first", "said"), [(1.4, True), (1.6, False)])
def test_a_keep_that_won_side_by_side_and_measured_worse_alone_is_explained(first: float, said: bool) -> None:
    rows = tuple(
        replace(row(n, "keep", value), cause="better") if n > 1 else row(n, "baseline", value)
        for n, value in enumerate([2.0, first, 1.5], start=1)
    )
    whole = Log("mar5", "journal", "loss", LOWER, Rows.of(rows), (Segment(0, 1, "loss", LOWER),), ())
    summary = summarise(whole)
    assert last(summary).best == rows[2]
    found = [line for line in wording.details(whole, summary) if "in its time" in line]
    expected = "#2 measured 1.4 in its time, which is better: values of different times are not compared, "
    expected += "later keeps won side by side"
    assert found == ([expected] if said else [])


def test_best_and_baseline_are_those_since_the_last_reset() -> None:
    rows = (
        row(1, "baseline", 1.0),
        row(2, "keep", 0.5),
        row(3, "baseline", 4.0, segment=1),
        row(4, "keep", 3.0, segment=1),
    )
    segments = (Segment(0, 2, "loss", LOWER), Segment(1, 4, "loss", LOWER, "a new baseline: other data"))
    whole = Log("results.tsv", "tsv", "loss", LOWER, Rows.of(rows), segments, ())
    summary = summarise(whole)
    assert (last(summary).baseline, last(summary).best) == (rows[2], rows[3])
    assert wording.headline(whole, summary) == "loss 4 → 3 (-25.0 %) since line 4, in all 2 experiments: 2 kept"
    said = list(wording.details(whole, summary))
    assert "since line 4 (a new baseline: other data): 1 keep" in said
    assert "before, loss 1.0 → 0.5 (-50.0 %), 1 keep" in said


def test_says_how_far_repeated_baselines_lie_apart() -> None:
    summary = summarise(log([("baseline", 2.0), ("baseline", 2.5), ("keep", 1.0)]))
    assert "2 baselines between 2 and 2.5: changes are over the first" in summary.warnings
    assert last(summary).change == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("CUDA OOM at batch 512", "out of memory"),
        ("killed after 600 s", "timeout"),
        ("hangs on first batch", "timeout"),
        ("loss went NaN", "not a number"),
        ("InvalidMILProgram compile failure", "does not build or start"),
        ("no 'val_bpb:' line in run.log", "no metric"),
        ("exit code 3", "exit code"),
        ("checks failed: 2 tests", "wrong result"),
        ("edit_failed: none of 4 answers could be applied; the last: search not found, x", "no usable edit"),
        ("try a deeper net", "other"),
    ],
)
def test_groups_crashes_by_cause(description: str, expected: str) -> None:
    assert cause(row(1, "crash", None, description)) == expected


def test_the_commonest_cause_comes_first_and_unknown_ones_last() -> None:
    rows = tuple(row(n, "crash", None, text) for n, text in enumerate(["odd", "odd", "odd", "OOM", "NaN", "NaN"], 1))
    crashes = summarise(Log("x", "tsv", "loss", LOWER, Rows.of(rows), (Segment(0, 2, "loss", LOWER),), ())).crashes
    assert [(group.cause, len(group.rows)) for group in crashes] == [
        ("not a number", 2),
        ("out of memory", 1),
        ("other", 3),
    ]


# Sentences


@pytest.mark.parametrize(
    ("rows", "direction", "expected"),
    [
        (NIGHT, LOWER, "loss 2.0 → 1.5 (-25.0 %), 7 experiments: 3 kept, 2 discarded, 1 crashed, 1 other"),
        ([("baseline", 10.0), ("keep", 12.0)], HIGHER, "loss 10 → 12 (+20.0 %), 1 experiment: 1 kept"),
        ([("baseline", 1.0), ("keep", 793.0)], HIGHER, "loss 1 → 793 (×793), 1 experiment: 1 kept"),
        ([("baseline", 0.0), ("keep", 3.0)], HIGHER, "loss 0 → 3, 1 experiment: 1 kept"),
        (
            [("baseline", 2.0), ("discard", 3.0)],
            LOWER,
            "loss 2: nothing better than the baseline, 1 experiment: 1 disca",
        ),
        ([("keep", 2.0)], LOWER, "loss 2 at best, without a baseline, 1 experiment: 1 kept"),
        ([("discard", 2.0)], LOWER, "loss not measured in any row that was kept, 1 experiment: 1 discarded"),
        (
            [("baseline", 2.0), ("keep", 1.0)],
            None,
            "loss is of unknown direction (--direction higher or --direction lower tells), 1 experiment: 1 k",
        ),
        ([("baseline", 2.0)], LOWER, "loss 2: nothing better than the baseline, 1 baseline and no experiment"),
        ([], LOWER, "loss: no experiments yet"),
        ([("baseline", 0.99731), ("keep", 0.997309)], LOWER, "loss 0.997310 → 0.997309 (-0.0001 %), 1 experiment: 1 k"),
    ],
)
def test_the_headline_is_the_answer(
    rows: Sequence[tuple[Standing, float | None]], direction: Direction | None, expected: str
) -> None:
    whole = log(rows, direction)
    assert wording.headline(whole, summarise(whole)).startswith(expected)


def test_never_calls_a_number_verified() -> None:
    whole = log(NIGHT)
    assert any("as measured; not yet verified" in line for line in wording.details(whole, summarise(whole)))


def test_says_what_it_cost() -> None:
    spent = Spending(elapsed_s=8000.0, cost_usd=6.0, tokens=120_000, unpriced=1)
    whole = log(NIGHT, spent=spent)
    expected = "2 h 13 min, $6.00 and 1 reply of unknown price, 120,000 tokens; $2.00 a keep"
    assert wording.cost(whole, summarise(whole)) == expected
    assert wording.cost(log(NIGHT), summarise(log(NIGHT))) == ""


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(3.25, "3.2 s"), (59.0, "59 s"), (245.0, "4 min 5 s"), (3570.0, "1 h 0 min"), (7980.0, "2 h 13 min")],
)
def test_durations_are_for_people(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_says_where_a_session_stands() -> None:
    session = Session(tag="mar5", model="tune", lives=2, closed=None, in_progress=9)
    whole = log(NIGHT, session=session)
    said = "session mar5: running, or was killed, experiment 9 not finished, started 2 times"
    assert said in list(wording.details(whole, summarise(whole)))


# The picture as numbers


def test_the_running_best_is_a_step_line_that_ends_with_the_log() -> None:
    line = drawn(log(NIGHT)).steps
    assert line == (((1, 2.0), (2, 2.0), (2, 1.8), (7, 1.8), (7, 1.5), (8, 1.5)),)


def test_an_outlier_is_clipped_and_counted() -> None:
    night: list[tuple[Standing, float | None]] = [("baseline", 2.0)]
    night += [("discard", 2.0 + n / 100) for n in range(10)] + [("discard", 400.0), ("keep", 1.9)]
    picture = drawn(log(night))
    assert [point.value for point in picture.clipped] == [400.0]
    assert picture.high < 3
    assert picture.held(400.0) == picture.high


def test_baseline_and_bests_are_never_clipped() -> None:
    night: list[tuple[Standing, float | None]] = [("baseline", 100.0), ("keep", 9.0)]
    night += [("discard", 9.0 + n / 1000) for n in range(20)]
    picture = drawn(log(night))
    assert (picture.low, picture.high, picture.log_scale) == (9.0, 100.0, False)


def test_a_change_of_many_times_is_drawn_on_a_log_scale() -> None:
    assert drawn(log([("baseline", 1.0), ("keep", 30.0), ("keep", 900.0)], HIGHER)).log_scale
    assert not drawn(log([("baseline", -1.0), ("keep", 30.0), ("keep", 900.0)], HIGHER)).log_scale


def test_no_picture_of_a_single_point_or_of_impossible_sizes() -> None:
    assert curve(log([("baseline", 1.0), ("crash", None)])) is None
    assert curve(log([("baseline", 1e300), ("keep", 1e-300)])) is None
    assert curve(log([("baseline", 1e300), ("discard", 1.0), ("discard", 2.0)])) is None
