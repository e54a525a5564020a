"""Settings from their three sources, and program.md taken apart."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoresearch.direction import guess
from autoresearch.errors import SettingsError
from autoresearch.model import Direction
from autoresearch.program import read, split
from autoresearch.settings import Budget
from autoresearch.sources import load

FRONT = {"target": "a.py", "bench": "python a.py", "metric": "val_loss"}


def test_a_flag_beats_the_environment_beats_the_front_matter_beats_the_default() -> None:
    loaded = load(
        {"repairs": 1}, {"AUTORESEARCH_REPAIRS": "3", "AUTORESEARCH_PATIENCE": "9"}, {**FRONT, "patience": 8}, "p"
    )
    assert (loaded.settings.repairs, loaded.origins["repairs"]) == (1, "--repairs")
    assert (loaded.settings.patience, loaded.origins["patience"]) == (9, "AUTORESEARCH_PATIENCE")
    assert loaded.origins["bench"] == "p"
    assert (loaded.settings.canary, loaded.origins["canary"]) == (True, "default")


def test_a_program_from_the_wild_works_with_three_flags() -> None:
    loaded = load({"target": "train.py", "bench": "uv run train.py", "metric": "val_bpb"}, {}, {}, "program.md")
    assert loaded.settings.direction is Direction.LOWER
    assert loaded.origins["direction"] == "the name 'val_bpb'"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("90", 90), (90, 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400), ("250ms", 0.25)],
)
def test_durations(value: object, seconds: float) -> None:
    assert load({}, {}, {**FRONT, "timeout": value}, "p").settings.timeout == seconds


@pytest.mark.parametrize("value", ["soon", "10x", "-5", "0", "", "1h 30"])
def test_what_is_no_duration_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="timeout"):
        load({"timeout": value or "x"}, {}, FRONT, "p")


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("alpha", "0", "must not be less than 1e-09"),
        ("alpha", "0.6", "must not be more than 0.5"),
        ("max_losses", "-1", "must not be less than 0"),
        ("patience", "-1", "must not be less than 0"),
        ("timeout", "0", "must be more than 0"),
        ("decide", "mean", "must be 'rematch', 'sweep' or 'naive'"),
    ],
)
def test_a_number_out_of_its_range_is_a_sentence(name: str, value: str, problem: str) -> None:
    front = {"target": "a.py", "bench": "b", "metric": "loss"}
    with pytest.raises(SettingsError, match=re.escape(problem)):
        load({name: value}, {}, front, "program.md")


@pytest.mark.parametrize("value", ["experiments=5, usd=2.5", "{experiments: 5, usd: 2.5}"])
def test_a_budget_in_the_environment(value: str) -> None:
    assert load({}, {"AUTORESEARCH_BUDGET": value}, FRONT, "p").settings.budget == Budget(experiments=5, usd=2.5)


def test_lists_from_a_flag_and_from_yaml() -> None:
    assert load({"columns": "a, b"}, {}, FRONT, "p").settings.columns == ("a", "b")
    assert load({}, {}, {**FRONT, "columns": ["a", "b"]}, "p").settings.columns == ("a", "b")


def test_a_metric_with_a_pattern() -> None:
    metric = load({}, {}, {**FRONT, "metric": {"name": "loss", "pattern": r"loss=(\S+)"}}, "p").settings.measured
    assert metric.pattern == r"loss=(\S+)"
    for pattern in ("(", "no group", "(two)(groups)"):
        with pytest.raises(SettingsError, match="pattern"):
            load({}, {}, {**FRONT, "metric": {"name": "loss", "pattern": pattern}}, "p")


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("val_bpb", Direction.LOWER),
        ("latency_ms", Direction.LOWER),
        ("generations_per_s", Direction.HIGHER),
        ("accuracy", Direction.HIGHER),
        ("metric", None),
        ("loss_score", None),
    ],
)
def test_a_direction_is_guessed_only_from_a_plain_name(name: str, direction: Direction | None) -> None:
    assert guess(name) is direction


@given(st.text(max_size=200))
def test_front_matter_and_prose_are_the_whole_text(text: str) -> None:
    front, prose = split(text)
    assert text.endswith(prose)
    assert front in text


@given(st.binary(max_size=200))
def test_no_file_makes_reading_fail_other_than_with_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz-program.md"
    path.write_bytes(b"---\n" + data)
    with suppress(SettingsError):  # the sentence; anything else would fail the test
        read(path)


def test_crlf_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "program.md"
    path.write_bytes(b"\xef\xbb\xbf---\r\nmetric: x\r\n---\r\nprose\r\n")
    program = read(path)
    assert program.front == {"metric": "x"}
    assert program.prose.split() == ["prose"]


def test_the_sandbox_can_be_switched_off_as_yaml_reads_it() -> None:
    assert load({}, {}, {**FRONT, "sandbox": False}, "p").settings.sandbox == "off"


@pytest.mark.parametrize("value", ["{name: loss, take: last}", {"name": "loss", "take": "last"}])
def test_a_metric_may_be_written_in_full_wherever_it_is_set(value: object) -> None:
    metric = load({"metric": value}, {}, FRONT, "p").settings.metric
    assert (metric.name, metric.take) == ("loss", "last")


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("env", "A=B", "env has 'A=B', which is no name of a variable"),
        ("env", ["A B"], "env has 'A B', which is no name of a variable"),
        ("require", "(", "require has '(', which is not a regular expression"),
        ("limits", "memory=much", "limits has 'much' for memory, which is no size"),
        ("sandbox", "on", "sandbox must be 'auto', 'strict' or 'off'"),
        ("metric", "{name: loss, take: first}", "metric.take must be 'only' or 'last'"),
    ],
)
def test_what_a_run_is_handed_is_checked(name: str, value: object, complaint: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(complaint)):
        load({name: value}, {}, FRONT, "p")
