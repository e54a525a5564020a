"""The metric of a run: what counts as a number, and what every other output is told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoresearch.decide.metric import LINE_LIMIT, MANY, VALUE_LIMIT, Scan
from autoresearch.model import Direction, Measurement, Metric

VAL_BPB = Metric("val_bpb", Direction.LOWER)
ACCURACY = Metric("accuracy", Direction.HIGHER, r"acc(?:uracy)?\s*=\s*(\S+?)%")


def measure(
    *chunks: bytes,
    metric: Metric = VAL_BPB,
    columns: Sequence[str] = (),
    exit_code: int | None = 0,
    timed_out: bool = False,
    timeout_s: float = 600,
) -> Measurement:
    scan = Scan(metric, columns)
    for chunk in chunks:
        scan.feed(chunk)
    return scan.measurement(exit_code=exit_code, timed_out=timed_out, duration_s=2.5, timeout_s=timeout_s)


def in_pieces(output: bytes, size: int = 1000) -> list[bytes]:
    return [output[at : at + size] for at in range(0, len(output), size)]


@pytest.mark.parametrize(
    ("output", "value"),
    [
        (b"val_bpb: 1.5\n", 1.5),
        (b"val_bpb:1.5", 1.5),
        (b"val_bpb:\t 1.5 \t\r\n", 1.5),
        (b"val_bpb: -3\n", -3.0),
        (b"val_bpb: +1\n", 1.0),
        (b"val_bpb: 1e-3\n", 0.001),
        (b"val_bpb: .5\n", 0.5),
        (b"val_bpb: 5.\n", 5.0),
        (b"val_bpb: 0\n", 0.0),
        (b"val_bpb: 1.50\nnoise\nval_bpb: 1.5\nval_bpb: 15e-1\n", 1.5),
        (b"loss: 9\nval_bpb: 1.5\nold_val_bpb: 2\nval_bpb_ema: 3\n val_bpb: 4\nthe val_bpb: 5\n", 1.5),
        (b"12%|#   |\r50%|##  |\rval_bpb: 1.5\r", 1.5),
        (b"\xff\xfe\x00 binary \x80\nval_bpb: 1.5\n\xc3", 1.5),
        (b"x" * (3 * LINE_LIMIT) + b"\nval_bpb: 1.5\n", 1.5),
    ],
)
def test_reads_the_number_on_the_line_of_the_metric(output: bytes, value: float) -> None:
    assert measure(output) == Measurement(value, None, {}, 2.5)


@pytest.mark.parametrize(
    ("output", "failure"),
    [
        (b"", "no 'val_bpb:' line in the output"),
        (b"val_bpb 1.5\nval_bpb = 1.5\nVAL_BPB: 1.5\n", "no 'val_bpb:' line in the output"),
        (b"val_bpb:\n1.5\n", "'val_bpb:' printed no number"),
        (b"val_bpb:", "'val_bpb:' printed no number"),
        (b"val_bpb: nan\n", "'val_bpb:' printed 'nan', not a finite number"),
        (b"val_bpb: -inf\n", "'val_bpb:' printed '-inf', not a finite number"),
        (b"val_bpb: Infinity\n", "'val_bpb:' printed 'Infinity', not a finite number"),
        (b"val_bpb: 1e400\n", "'val_bpb:' printed '1e400', not a finite number"),
        (b"val_bpb: 1e\n", "'val_bpb:' printed '1e', not a plain number"),
        (b"val_bpb: 1,234\n", "'val_bpb:' printed '1,234', not a plain number"),
        (b"val_bpb: 1_234\n", "'val_bpb:' printed '1_234', not a plain number"),
        (b"val_bpb: 12ms\n", "'val_bpb:' printed '12ms', not a plain number"),
        (b"val_bpb: 12 ms\n", "'val_bpb:' printed '12 ms', not a plain number"),
        (b"val_bpb: 0x10\n", "'val_bpb:' printed '0x10', not a plain number"),
        (b"val_bpb: \xff\x1b[1m\n", r"'val_bpb:' printed '\udcff\x1b[1m', not a plain number"),
        (b"val_bpb: " + b"a" * 100, f"'val_bpb:' printed '{'a' * 40}...', not a plain number"),
        (
            b"val_bpb: 1.5\nval_bpb: 1.7\n",
            "ambiguous metric: 'val_bpb:' printed 2 different numbers (1.5, 1.7)",
        ),
        (
            b"".join(b"val_bpb: %d\n" % n for n in range(7)),
            "ambiguous metric: 'val_bpb:' printed 7 different numbers (0.0, 1.0, 2.0, ...)",
        ),
        (
            b"".join(b"val_bpb: %d\n" % n for n in range(10 * MANY)),
            "ambiguous metric: 'val_bpb:' printed 100 or more different numbers (0.0, 1.0, 2.0, ...)",
        ),
        (b"val_bpb: nan\nval_bpb: inf\n", "'val_bpb:' printed 'nan', not a finite number"),
        (b"val_bpb: 1.5\nval_bpb: nan\n", "'val_bpb:' printed 'nan', not a finite number"),
    ],
)
def test_says_exactly_why_there_is_no_number(output: bytes, failure: str) -> None:
    assert measure(output) == Measurement(None, failure, {}, 2.5)
    assert measure(*output.splitlines(keepends=True)) == Measurement(None, failure, {}, 2.5)


@pytest.mark.parametrize("size", [VALUE_LIMIT, VALUE_LIMIT + 1, LINE_LIMIT, 2 * LINE_LIMIT])
def test_reads_no_number_of_absurd_length_however_it_comes(size: int) -> None:
    line = b"val_bpb:" + b"1" + b" " * (size - 1) + b"\n"
    assert measure(line) == measure(*in_pieces(line))
    assert (measure(line).value == 1.0) is (size <= VALUE_LIMIT)


@pytest.mark.parametrize("size", [LINE_LIMIT - 1, LINE_LIMIT, LINE_LIMIT + 1, 3 * LINE_LIMIT])
def test_fits_no_pattern_to_a_line_of_absurd_length_however_it_comes(size: int) -> None:
    line = b"acc=91.5%".ljust(size) + b"\n"
    pieces = [measure(*cut, metric=ACCURACY).value for cut in ([line], [b"\n" + line[:-1], b"\n"], in_pieces(line))]
    assert pieces == [91.5 if size <= LINE_LIMIT else None] * 3


@pytest.mark.parametrize(
    ("exit_code", "failure"),
    [
        (1, "bench exited with 1"),
        (127, "bench exited with 127"),
        (139, "bench exited with 139 (128 + SIGSEGV)"),
        (255, "bench exited with 255"),
        (-11, "bench was killed by SIGSEGV"),
        (-9, "bench was killed by SIGKILL"),
        (-60, "bench was killed by signal 60"),
    ],
)
def test_believes_no_number_of_a_bench_that_failed(exit_code: int, failure: str) -> None:
    said = measure(b"val_bpb: 1.5\nvram: 3\n", columns=["vram"], exit_code=exit_code)
    assert said == Measurement(None, failure, {"vram": 3.0}, 2.5)


@pytest.mark.parametrize(
    ("timeout_s", "failure"),
    [
        (600, "timed out after 10m"),
        (7200, "timed out after 2h"),
        (90, "timed out after 90s"),
        (0.5, "timed out after 0.5s"),
    ],
)
def test_believes_no_number_of_a_bench_that_timed_out(timeout_s: float, failure: str) -> None:
    for exit_code in (None, 0, -9):
        said = measure(b"val_bpb: 1.5\n", exit_code=exit_code, timed_out=True, timeout_s=timeout_s)
        assert said == Measurement(None, failure, {}, 2.5)


def test_takes_the_last_finite_number_of_a_column_and_leaves_out_what_it_cannot_read() -> None:
    said = measure(b"vram: 1\nval_bpb: 1.5\nvram: 2.5\nvram: nan\nunit: 3 MB\n", columns=["vram", "unit", "absent"])
    assert said == Measurement(1.5, None, {"vram": 2.5}, 2.5)


@pytest.mark.parametrize(
    ("output", "value", "failure"),
    [
        (b"epoch 1\nepoch 2: accuracy = 91.5%\n", 91.5, None),
        (b"acc=91.5%, acc =91.50%", 91.5, None),
        (b"acc=91.5%, acc=92%\n", None, f"ambiguous metric: the pattern {ACCURACY.pattern!r} printed 2 different"),
        (b"acc=nan%\n", None, f"the pattern {ACCURACY.pattern!r} printed 'nan', not a finite number"),
        (b"accuracy: 91.5\nacc=\n91.5%\n", None, f"nothing in the output fits the pattern {ACCURACY.pattern!r}"),
        (b"\n" * 1_000_000 + b"acc=91.5%", 91.5, None),
        (b"acc=91.5%" + b" " * LINE_LIMIT, None, f"nothing in the output fits the pattern {ACCURACY.pattern!r}"),
    ],
)
def test_reads_the_group_of_a_pattern_line_by_line(output: bytes, value: float | None, failure: str | None) -> None:
    said = measure(output, metric=ACCURACY)
    assert said.value == value
    assert (said.failure or "").startswith(failure or "")
    assert (said.failure is None) is (failure is None)


PIECES = [b"val_bpb:", b"val_bpb: 1.5\n", b" 1.5", b"7", b"nan", b"vram: 3\n", b"vram:", b"val_", b"bpb: 2"]
PIECES += [b"acc=9%", b"acc=", b"%", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xc3\xa9"]
PIECES += [b"x" * LINE_LIMIT, b" " * VALUE_LIMIT]


@settings(deadline=None)
@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=12),
    cuts=st.lists(st.floats(0, 1), max_size=12),
    pattern=st.booleans(),
)
def test_how_the_output_is_cut_into_chunks_changes_nothing(
    pieces: list[bytes], cuts: list[float], pattern: bool
) -> None:
    output = b"".join(pieces)
    ends = sorted({round(cut * len(output)) for cut in cuts} | {0, len(output)})
    chunks = [output[begin:end] for begin, end in pairwise(ends)]
    metric = ACCURACY if pattern else VAL_BPB
    assert measure(*chunks, metric=metric, columns=["vram"]) == measure(output, metric=metric, columns=["vram"])


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"val_bpb:", b"\nval_bpb: "]))
def test_any_bytes_give_a_finite_number_or_a_reason(output: bytes, before: bytes) -> None:
    said = measure(before + output)
    assert (said.value is None) is (said.failure is not None)
    assert said.value is None or math.isfinite(said.value)


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_reads_back_every_number_that_python_prints(number: float) -> None:
    assert measure(f"val_bpb: {number!r}\n".encode()).value == number


LAST = replace(VAL_BPB, take="last")


@pytest.mark.parametrize(
    ("output", "value", "failure"),
    [
        (b"val_bpb: 3\nval_bpb: 2\nval_bpb: 1.5\n", 1.5, None),
        (b"val_bpb: nan\nval_bpb: 1.5\n", 1.5, None),
        (b"val_bpb: 1.5\nval_bpb: nan\n", None, "'val_bpb:' printed 'nan', not a finite number"),
        (b"".join(b"val_bpb: %d\n" % n for n in range(3 * MANY)), 3 * MANY - 1, None),
        (b"loss: 1\n", None, "no 'val_bpb:' line in the output"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_takes_the_last_number_where_that_is_asked_for(
    output: bytes, value: float | None, failure: str | None, size: int
) -> None:
    said = measure(*in_pieces(output, size), metric=LAST)
    assert (said.value, said.failure) == (value, failure)


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_required_line_must_be_there(size: int) -> None:
    metric = replace(VAL_BPB, require=("^checked: all$", r"steps: \d+"))
    whole = b"12 steps: 30\nval_bpb: 1.5\nchecked: all\n"
    assert measure(*in_pieces(whole, size), metric=metric).value == 1.5
    said = measure(*in_pieces(whole.replace(b"all", b"some"), size), metric=metric)
    assert said.value is None
    assert said.failure == "no line of the output fits '^checked: all$', which `require` asks for"


def test_minus_zero_is_zero() -> None:
    value = measure(b"val_bpb: -0.0\n").value
    assert value is not None
    assert math.copysign(1.0, value) == 1.0
