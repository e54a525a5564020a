"""Predicted gains, as people and models write them."""

from __future__ import annotations

import pytest

from autoresearch.decide.expected import share


@pytest.mark.parametrize(
    ("text", "gain"),
    [
        ("+2 %", 0.02),
        ("-0.5%", -0.005),
        ("−1 %", -0.01),
        ("1-3% better", 0.02),
        ("1 % to 3 %", 0.02),
        ("2 to 4 percent", 0.03),
        ("5 per cent", 0.05),
        ("2", 0.02),
        ("2,5 %", 0.025),
        ("2.5x", 1.5),
        ("x2", 1.0),
        ("3 times faster", 2.0),
        ("approx 2 %", 0.02),
        ("max 5%", 0.05),
        ("approx. 2x", 1.0),
        ("a little", None),
        ("", None),
        ("200000 %", None),
    ],
)
def test_reads_a_gain(text: str, gain: float | None) -> None:
    assert share(text) == (gain if gain is None else pytest.approx(gain))
