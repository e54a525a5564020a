"""Limits on what a run may say: how a person writes them, and what they forbid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoresearch.decide.guards import broken
from autoresearch.decide.plausible import implausible
from autoresearch.limits import GUARDS, Bounds, Guard, Limits, Operator, Size, bounds, fraction, guards, limits, seconds
from autoresearch.model import Direction, Metric

MEMORY = Guard("peak_vram_mb", "<=", 1.1, relative=True)
LATENCY = Guard("latency_ms", "<=", 50.0, relative=False)
VAL_BPB = Metric("val_bpb", Direction.LOWER)
SPEED = Metric("generations_per_s", Direction.HIGHER)
WRITTEN = "must be written as {metric: [0, 10], duration: [1s, ], step: 50%}"
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: round(number, 3))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"peak_vram_mb": "<= 1.10x", "latency_ms": "<= 50"}, (MEMORY, LATENCY)),
        ({"latency_ms": " <=50 "}, (LATENCY,)),
        ({"a=b": "> 1"}, (Guard("a=b", ">", 1.0, relative=False),)),
        ("peak_vram_mb<=1.10x, latency_ms<=50", (MEMORY, LATENCY)),
        ("peak_vram_mb <= 1.10 x,latency_ms <= 50", (MEMORY, LATENCY)),
        ("peak_vram_mb=<= 1.10x", (MEMORY,)),
        ("latency_ms= <= 50", (LATENCY,)),
        ("loss= <0", (Guard("loss", "<", 0.0, relative=False),)),
        ("hits>=-1e3", (Guard("hits", ">=", -1000.0, relative=False),)),
        ("x<0.5x", (Guard("x", "<", 0.5, relative=True),)),
        ("{peak_vram_mb: <= 1.10x, latency_ms: <= 50}", (MEMORY, LATENCY)),
        ("a<=5, b<=5", (Guard("a", "<=", 5.0, relative=False), Guard("b", "<=", 5.0, relative=False))),
        ("a<=5, a>=1", (Guard("a", "<=", 5.0, relative=False), Guard("a", ">=", 1.0, relative=False))),
        ("a<=5, a<=1.1x", (Guard("a", "<=", 5.0, relative=False), Guard("a", "<=", 1.1, relative=True))),
        ((MEMORY, LATENCY), (MEMORY, LATENCY)),
        ({}, ()),
        ("{}", ()),
    ],
)
def test_guards_from_the_front_matter_and_from_a_flag(written: object, read: tuple[Guard, ...]) -> None:
    assert guards(written) == read


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "has '', which is no name with <=, >=, < or > and a number"),
        ("latency_ms<=50,", "has '', which is no name"),
        ("latency_ms", "has 'latency_ms', which is no name"),
        ("latency_ms=50", "has 'latency_ms=50', which is no name"),
        ("latency_ms=>50", "has 'latency_ms=>50', which is no name"),
        ("latency_ms=<50", "has 'latency_ms=<50', which is no name"),
        ("latency_ms==50", "has 'latency_ms==50', which is no name"),
        ("latency ms<=50", "has 'latency ms<=50', which is no name"),
        ("latency_ms: <= 50", "has 'latency_ms: <= 50', which is no name"),
        ("<=50", "has '<=50', which is no name"),
        ("a<=1,000", "has '000', which is no name"),
        ("a<=fast", "has '<=fast' for a, which holds no plain number"),
        ("a<=", "has '<=' for a, which holds no plain number"),
        ("a<=x", "has '<=x' for a, which holds no plain number"),
        ("a<= =5", "has '<= =5' for a, which holds no plain number"),
        ("a<=inf", "has '<=inf' for a, which holds no plain number"),
        ("a<=nan", "has '<=nan' for a, which holds no plain number"),
        ("a<=110%", "has '<=110%' for a, which holds no plain number"),
        ("a<=-1.1x", "has '<=-1.1x' for a, but a factor of the incumbent's number cannot be negative"),
        ({"a": 50}, "has 50 for a, which does not begin with <=, >=, < or >"),
        ({"a": "50"}, "has '50' for a, which does not begin with"),
        ({"a": None}, "has None for a, which does not begin with"),
        ({"a b": "<= 5"}, "has the name 'a b', which is not one word without blanks or colons"),
        ({"a:": "<= 5"}, "has the name 'a:', which is not one word"),
        ({"": "<= 5"}, "has the name '', which is not one word"),
        ({True: "<= 5"}, "has the name True, which is not one word"),
        ({"{a": "<= 5, b"}, "has '<= 5, b' for {a, which holds no plain number"),
        ("{a: >= 5}", "must be written as"),
        (["a<=5"], "must be written as"),
        (5, "must be written as"),
        (("a<=5",), "must be written as"),
    ],
)
def test_a_guard_that_cannot_be_read_is_refused_and_shown_how_it_is_written(written: object, problem: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # its text is checked below
        guards(written)
    assert str(refused.value).startswith(problem)
    assert str(refused.value).endswith(GUARDS)


@pytest.mark.parametrize("written", ["a<=5, a<=6", "a<=1.1x, b<=5, a<=1.2x"])
def test_two_limits_of_the_same_kind_on_one_number_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match="has two limits <= on a; leave one of them out"):
        guards(written)


@pytest.mark.parametrize(
    ("guard", "text"),
    [
        (MEMORY, "peak_vram_mb <= 1.1x"),
        (LATENCY, "latency_ms <= 50"),
        (Guard("bytes", ">", 12345678.0, relative=False), "bytes > 12345678"),
    ],
)
def test_a_guard_is_shown_as_it_is_written(guard: Guard, text: str) -> None:
    assert guard.text() == text


@given(st.from_regex(r"[a-z_/.]{1,9}", fullmatch=True), st.sampled_from(["<=", ">=", "<", ">"]), NUMBERS, st.booleans())
def test_a_guard_reads_back_from_its_text(name: str, op: Operator, bound: float, relative: bool) -> None:
    guard = Guard(name, op, abs(bound) if relative else bound, relative)
    assert guards(guard.text()) == (guard,)
    assert guards({name: guard.limit()}) == (guard,)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"metric": [0, 10]}, Bounds(metric=(0.0, 10.0))),
        ({"metric": [None, 5]}, Bounds(metric=(None, 5.0))),
        ({"metric": [0, None]}, Bounds(metric=(0.0, None))),
        ({"metric": [0.5]}, Bounds(metric=(0.5, None))),
        ({"metric": (-2, -2)}, Bounds(metric=(-2.0, -2.0))),
        ({"metric": ["1e-3", "1e3"]}, Bounds(metric=(0.001, 1000.0))),
        ({"duration": ["1s"]}, Bounds(duration_s=(1.0, None))),
        ({"duration": [90, "1h30m"]}, Bounds(duration_s=(90.0, 5400.0))),
        ({"duration": [0, "250ms"]}, Bounds(duration_s=(0.0, 0.25))),
        ({"step": "50%"}, Bounds(step=0.5)),
        ({"step": 0.5}, Bounds(step=0.5)),
        ({"step": "0.5"}, Bounds(step=0.5)),
        ({"step": "300 %"}, Bounds(step=3.0)),
        (
            "{metric: [0, 10], duration: [1s, ], step: 50%}",
            Bounds(metric=(0.0, 10.0), duration_s=(1.0, None), step=0.5),
        ),
        ("{metric:[0, 10]}", Bounds(metric=(0.0, 10.0))),
        ("metric: [null, 1e3]", Bounds(metric=(None, 1000.0))),
        (Bounds(step=0.5), Bounds(step=0.5)),
    ],
)
def test_bounds_from_the_front_matter_and_from_a_flag(written: object, read: Bounds) -> None:
    assert bounds(written) == read


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ({}, WRITTEN),
        ("{}", WRITTEN),
        ("", WRITTEN),
        ("fast", WRITTEN),
        ("{metric: [0, 10]", WRITTEN),
        ("{metric: [2026-13-45]}", WRITTEN),
        (5, WRITTEN),
        ([0, 10], WRITTEN),
        ({"duration_s": [1]}, "has no part 'duration_s'; its parts are metric, duration, step"),
        ("{5: [0, 10]}", "has no part 5; its parts are"),
        ({"metric": 5}, "must have the lowest and the highest metric as a list: metric: [0, 10]"),
        ({"metric": None}, "must have the lowest and the highest metric as a list"),
        ({"metric": []}, "must have the lowest and the highest metric as a list"),
        ({"metric": [None, None]}, "must have the lowest and the highest metric as a list"),
        ({"metric": [1, 2, 3]}, "must have the lowest and the highest metric as a list"),
        ({"metric": "01"}, "must have the lowest and the highest metric as a list"),
        ({"metric": [10, 0]}, "must have the lowest metric first: metric: [0, 10]"),
        ({"metric": ["low", 5]}, "has 'low' in metric, which is no plain number"),
        ({"metric": [0, float("inf")]}, "has inf in metric, which is no plain number"),
        ({"metric": [float("nan")]}, "has nan in metric, which is no plain number"),
        ({"metric": [False, True]}, "has False in metric, which is no plain number"),
        ({"metric": [0, 10**400]}, "has 1000"),
        ({"duration": "1s"}, "must have the lowest and the highest duration as a list: duration: [1s, 10m]"),
        ({"duration": ["10m", "1s"]}, "must have the lowest duration first: duration: [1s, 10m]"),
        ({"duration": ["soon"]}, "has 'soon' in duration, which is no duration; write 90s, 10m or 1h30m"),
        ({"duration": [-1]}, "has -1 in duration, which is no duration"),
        ({"duration": ["inf"]}, "has 'inf' in duration, which is no duration"),
        ({"duration": [True]}, "has True in duration, which is no duration"),
        ({"step": 0}, "has the step 0, which is no share above zero; write step: 50% or step: 0.5"),
        ({"step": "0%"}, "has the step '0%', which is no share above zero"),
        ({"step": "-50%"}, "has the step '-50%', which is no share above zero"),
        ({"step": 50}, "has the step 50, which is no share above zero"),
        ({"step": 1}, "has the step 1, which is no share above zero"),
        ({"step": "big"}, "has the step 'big', which is no share above zero"),
        ({"step": None}, "has the step None, which is no share above zero"),
        ({"step": "inf%"}, "has the step 'inf%', which is no share above zero"),
    ],
)
def test_bounds_that_cannot_be_read_are_refused(written: object, problem: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # its text is checked below
        bounds(written)
    assert str(refused.value).startswith(problem)


@pytest.mark.parametrize(
    ("written", "share"),
    [
        ("0.5%", 0.005),
        ("0.5 %", 0.005),
        ("0.005", 0.005),
        (0.005, 0.005),
        ("-2%", -0.02),
        (-0.02, -0.02),
        (0, 0.0),
        ("0%", 0.0),
        ("99.9%", 0.999),
        ("5e-3", 0.005),
    ],
)
def test_a_fraction_is_a_number_or_a_percentage(written: object, share: float) -> None:
    assert fraction(written) == pytest.approx(share, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    "written", [5, 1, -1, "100%", "-100%", "nan", "inf%", "%", "", "a lot", "0.5 percent", "1/2", True, None, [0.5]]
)
def test_what_is_no_fraction_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"^must be a share below 100%, written as 0\.5% or 0\.005$"):
        fraction(written)


@pytest.mark.parametrize(
    ("written", "read"), [("1m30s", 90.0), ("90", 90.0), (" 1H ", 3600.0), ("250ms", 0.25), ("1d", 86400.0), (90, 90)]
)
def test_durations_are_seconds(written: object, read: float) -> None:
    assert seconds(written) == read


@pytest.mark.parametrize(
    ("op", "value", "holds"),
    [
        ("<=", 49, True),
        ("<=", 50, True),
        ("<=", 51, False),
        (">=", 49, False),
        (">=", 50, True),
        (">=", 51, True),
        ("<", 49, True),
        ("<", 50, False),
        (">", 50, False),
        (">", 51, True),
    ],
)
def test_a_guard_holds_or_is_broken(op: Operator, value: float, holds: bool) -> None:
    words = broken([Guard("latency_ms", op, 50.0, relative=False)], [{"latency_ms": value}], [])
    assert words == (None if holds else f"latency_ms is {value}, must be {op} 50")


@pytest.mark.parametrize(
    ("op", "factor", "incumbent", "value", "holds"),
    [
        ("<=", 1.1, 1000, 1100, True),
        ("<=", 1.1, 1000, 1100.5, False),
        ("<=", 1.15, 100, 115, True),
        (">", 1.15, 100, 115, False),
        (">=", 0.9, 0.3, 0.27, True),
        (">=", 0.9, 0.3, 0.2699, False),
        ("<=", 1.1, -100, -90, True),
        ("<=", 1.1, -100, -89, False),
        ("<=", 1.1, -100, -105, True),
        (">=", 0.9, -100, -110, True),
        (">=", 0.9, -100, -111, False),
        ("<=", 1.1, 0, 0, True),
        ("<=", 1.1, 0, 1e-9, False),
    ],
)
def test_a_relative_guard_allows_a_share_of_the_incumbents_size(
    op: Operator, factor: float, incumbent: float, value: float, holds: bool
) -> None:
    words = broken([Guard("x", op, factor, relative=True)], [{"x": value}], [{"x": incumbent}])
    assert words == (None if holds else f"x is {value:g}, must be {op} {factor:g}x of the incumbent's {incumbent:g}")


@given(st.floats(0.001, 100), NUMBERS.filter(lambda number: number > 0))
def test_a_relative_guard_on_a_positive_number_is_a_factor(factor: float, incumbent: float) -> None:
    guard = [Guard("x", "<=", factor, relative=True)]
    assert broken(guard, [{"x": factor * incumbent * (1 - 1e-9)}], [{"x": incumbent}]) is None
    assert broken(guard, [{"x": factor * incumbent * (1 + 1e-9)}], [{"x": incumbent}]) is not None


def test_a_number_that_a_run_of_the_candidate_keeps_back_breaks_its_guard() -> None:
    assert broken([MEMORY], [{"peak_vram_mb": 1.0}, {}], [{"peak_vram_mb": 1.0}]) is not None


def test_the_medians_of_the_runs_are_compared() -> None:
    candidate = [{"peak_vram_mb": 1090.0}, {"peak_vram_mb": 9000.0}, {"peak_vram_mb": 1000.0, "other": 1.0}]
    incumbent = [{"peak_vram_mb": 900.0}, {"other": 1.0}, {"peak_vram_mb": 1100.0}]
    assert broken([MEMORY], candidate, incumbent) is None
    words = broken([MEMORY], [*candidate, {"peak_vram_mb": 1310.0}], incumbent)
    assert words == "peak_vram_mb is 1200, must be <= 1.1x of the incumbent's 1000"


def test_a_number_that_is_not_there_breaks_its_guard() -> None:
    assert broken([LATENCY], [{"other": 1.0}, {}], []) == "the candidate printed no latency_ms, which must be <= 50"
    assert broken([LATENCY], [], [{"latency_ms": 1.0}]) == "the candidate printed no latency_ms, which must be <= 50"
    words = "the incumbent printed no peak_vram_mb to compare with; the candidate's must be <= 1.1x of it"
    assert broken([MEMORY], [{"peak_vram_mb": 1.0}], [{}]) == words
    assert broken([LATENCY], [{"latency_ms": 1.0}], [{}]) is None


def test_the_first_broken_guard_is_named_and_no_guard_is_never_broken() -> None:
    run = {"peak_vram_mb": 1000.0, "latency_ms": 60.0}
    assert broken([MEMORY, LATENCY], [run], [run]) == "latency_ms is 60, must be <= 50"
    assert broken([], [run], [run]) is None


def test_numbers_near_the_largest_do_not_overflow() -> None:
    run = {"peak_vram_mb": 1.7e308}
    assert broken([MEMORY], [run, run], [run, run]) is None


@pytest.mark.parametrize(
    ("bound", "metric", "value", "duration_s", "over", "words"),
    [
        (Bounds(), VAL_BPB, 0.01, 0.0, 1e9, None),
        (Bounds(metric=(0.5, 2.0)), VAL_BPB, 0.01, 5.0, None, "val_bpb 0.01 is below 0.5"),
        (Bounds(metric=(0.5, 2.0)), VAL_BPB, 2.5, 5.0, None, "val_bpb 2.5 is above 2"),
        (Bounds(metric=(0.5, 2.0)), VAL_BPB, 0.5, 5.0, None, None),
        (Bounds(metric=(0.5, 2.0)), VAL_BPB, 2.0, 5.0, None, None),
        (Bounds(metric=(0.0, None)), VAL_BPB, -0.1, 5.0, None, "val_bpb -0.1 is below 0"),
        (Bounds(metric=(None, 0.0)), VAL_BPB, 0.1, 5.0, None, "val_bpb 0.1 is above 0"),
        (Bounds(duration_s=(1.0, None)), VAL_BPB, 1.0, 0.2, None, "the run took 0.2 s, less than 1 s"),
        (Bounds(duration_s=(1.0, None)), VAL_BPB, 1.0, 0.21349, None, "the run took 0.213 s, less than 1 s"),
        (Bounds(duration_s=(None, 0.0)), VAL_BPB, 1.0, 12345.678, None, "the run took 12345.678 s, more than 0 s"),
        (Bounds(duration_s=(1.0, 60.0)), VAL_BPB, 1.0, 61.0, None, "the run took 61 s, more than 60 s"),
        (Bounds(duration_s=(1.0, 60.0)), VAL_BPB, 1.0, 1.0, None, None),
        (Bounds(duration_s=(1.0, 60.0)), VAL_BPB, 1.0, 60.0, None, None),
        (Bounds(step=0.5), VAL_BPB, 0.2, 5.0, 1.0, "better by 80 %, more than 50 % in one step"),
        (Bounds(step=0.5), VAL_BPB, 0.5, 5.0, 1.0, None),
        (Bounds(step=0.5), VAL_BPB, 1.8, 5.0, 1.0, None),
        (Bounds(step=0.5), VAL_BPB, 0.2, 5.0, None, None),
        (Bounds(step=0.5), VAL_BPB, -5.0, 5.0, 0.0, None),
        (Bounds(step=0.1), SPEED, 1.1, 5.0, 1.0, None),
        (Bounds(step=0.5), SPEED, 4.0, 5.0, 3.0, None),
        (Bounds(step=0.3), SPEED, 4.0, 5.0, 3.0, "better by 33.33 %, more than 30 % in one step"),
        (Bounds(step=3.0), SPEED, 1000.0, 5.0, 1.0, "better by 99900 %, more than 300 % in one step"),
        (Bounds(step=0.5), SPEED, 1e308, 5.0, 1e-10, "better by inf %, more than 50 % in one step"),
        (Bounds(step=0.5), SPEED, -20.0, 5.0, -100.0, "better by 80 %, more than 50 % in one step"),
        (Bounds((0.5, None), (1.0, None), 0.1), VAL_BPB, 0.1, 0.2, 1.0, "val_bpb 0.1 is below 0.5"),
        (Bounds((0.05, None), (1.0, None), 0.1), VAL_BPB, 0.1, 0.2, 1.0, "the run took 0.2 s, less than 1 s"),
    ],
)
def test_what_cannot_be_believed_is_told_in_words(
    bound: Bounds, metric: Metric, value: float, duration_s: float, over: float | None, words: str | None
) -> None:
    assert implausible(bound, metric, value, duration_s, over) == words


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"memory": "16GB"}, Limits(memory=Size(16e9))),
        ("{memory: 500 MB, disk: 20%}", Limits(memory=Size(5e8), disk=Size(0.2, is_share=True))),
        ({"processes": 500, "disk": "1.5GiB"}, Limits(disk=Size(1.5 * 2**30), processes=500)),
        (Limits(), Limits()),
        ("memory=16G,disk=20%", Limits(memory=Size(16e9), disk=Size(0.2, is_share=True))),
    ],
)
def test_reads_what_a_run_may_use_up(written: object, read: Limits) -> None:
    assert limits(written) == read


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("16GB", "must be written as"),
        ({}, "must be written as"),
        ({"memory": "much"}, "has 'much' for memory, which is no size"),
        ({"memory": 16}, "has 16 for memory, which is no size"),
        ({"disk": "0GB"}, "has '0GB' for disk, which is no size"),
        ({"disk": "120%"}, "has '120%' for disk, which is no size"),
        ({"processes": 0}, "has 0 processes"),
        ({"threads": 4}, "has no part 'threads'"),
    ],
)
def test_says_what_is_wrong_with_a_limit(written: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        limits(written)


@pytest.mark.parametrize("size", ["16GB", "1.5MB", "20%", "0.5%", "7B"])
def test_a_size_is_written_as_it_is_read(size: str) -> None:
    known = limits({"memory": size})
    assert isinstance(known, Limits)
    assert known.memory.text() == size


def test_a_share_is_of_what_there_is() -> None:
    assert (Size(0.5, is_share=True).of(1000), Size(200).of(1000)) == (500, 200)
