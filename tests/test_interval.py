"""What pairs of runs say about a gain, and how often that is true."""

from __future__ import annotations

import importlib.util
import math
import sys
from itertools import islice
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from autoresearch.decide.interval import interval
from autoresearch.model import Direction, Metric
from noises import Noise, drifting, gaussian, periodic, skewed

REFERENCE = Path(__file__).parents[2] / "shared" / "tools" / "simulate.py"
LOWER, HIGHER = Direction.LOWER, Direction.HIGHER
TRIALS = 4000


@pytest.mark.parametrize(
    ("pairs", "direction", "gain", "relative", "wins"),
    [
        ([(100.0, 95.0)], LOWER, 0.05, True, 1),
        ([(100.0, 95.0)], HIGHER, -0.05, True, 0),
        ([(100.0, 105.0)], HIGHER, 0.05, True, 1),
        ([(100.0, 100.0)], LOWER, 0.0, True, 0),
        ([(100.0, 90.0), (100.0, 95.0), (100.0, 99.0)], LOWER, 0.05, True, 3),
        # Between two the middle of the ratios: half of the time and twice the time make no gain.
        ([(100.0, 50.0), (100.0, 200.0)], LOWER, 0.0, True, 1),
        ([(100.0, 50.0), (100.0, 200.0)], HIGHER, 0.0, True, 1),
        ([(100.0, 64.0), (100.0, 81.0)], LOWER, 0.28, True, 2),
        ([(100.0, 64.0), (100.0, 81.0)], HIGHER, -0.28, True, 0),
        # A single value that is not above zero, and no pair has a ratio.
        ([(0.0, 2.0)], HIGHER, 2.0, False, 1),
        ([(0.0, 2.0)], LOWER, -2.0, False, 0),
        ([(4.0, 3.0), (1.0, 0.0)], LOWER, 1.0, False, 2),
        ([(-1.0, -1.5), (-1.0, -3.5)], LOWER, 1.5, False, 2),
        ([(-1.0, -1.5), (-1.0, -3.5)], HIGHER, -1.5, False, 0),
    ],
)
def test_the_gain_is_the_median_of_the_pairs(
    pairs: list[tuple[float, float]], direction: Direction, gain: float, relative: bool, wins: int
) -> None:
    found = interval(pairs, direction)
    assert found.gain == pytest.approx(gain, abs=1e-15)
    assert (found.relative, found.wins, found.pairs) == (relative, wins, len(pairs))


@pytest.mark.parametrize("direction", [LOWER, HIGHER])
def test_relative_gains_are_the_metrics_own(direction: Direction) -> None:
    pairs = [(2.0, 3.0), (7.0, 5.0), (0.3, 0.1), (11.0, 11.5), (1e-3, 2e3), (6.0, 5.9)]
    gains = [Metric("m", direction).gain(after, over=before) or 0.0 for before, after in pairs]
    found = interval(pairs, direction)
    assert (found.low, found.high) == (min(gains), max(gains))
    assert interval(pairs[:5], direction).gain == sorted(gains[:5])[2]


@pytest.mark.parametrize(
    ("pairs", "cut", "confidence"),
    # As in tables of the sign test: with 9 pairs the second gain from either end, with 12 the third.
    [(6, 1, 0.96875), (7, 1, 0.98438), (8, 1, 0.99219), (9, 2, 0.96094), (12, 3, 0.96143), (20, 6, 0.95861)],
)
def test_the_interval_reaches_from_one_gain_to_another(pairs: int, cut: int, confidence: float) -> None:
    gains = list(range(1, pairs + 1))
    Random(pairs).shuffle(gains)
    found = interval([(100.0, 100.0 - gain) for gain in gains], LOWER)
    assert (found.low, found.high) == (cut / 100, (pairs + 1 - cut) / 100)
    assert found.confidence == pytest.approx(confidence, abs=1e-5)


@pytest.mark.parametrize("pairs", [1, 2, 3, 4, 5])
def test_fewer_than_six_pairs_have_no_interval(pairs: int) -> None:
    found = interval([(100.0, 95.0)] * pairs, LOWER)
    assert (found.low, found.high, found.confidence) == (None, None, None)
    assert found.gain == 0.05


def test_no_pair_has_no_gain() -> None:
    with pytest.raises(ValueError, match="at least one pair"):
        interval([], LOWER)


@pytest.mark.parametrize("noise", [drifting, skewed, periodic, gaussian])
@pytest.mark.parametrize("direction", [LOWER, HIGHER])
def test_six_coin_flip_pairs_cover_a_known_gain(noise: Noise, direction: Direction) -> None:
    assert covered(noise, direction, coin=Random(5)) >= 0.95


def test_six_pairs_in_a_fixed_order_do_not_cover_it() -> None:
    """What the test above would find without the coin."""
    assert covered(periodic, LOWER, coin=None) < 0.05


def covered(noise: Noise, direction: Direction, coin: Random | None, true_gain: float = 0.05) -> float:
    """Share of the trials whose interval holds the gain that was put into the values after."""
    factor = 1 + true_gain if direction is HIGHER else 1 - true_gain
    machine = noise(11)
    hits = 0
    for _ in range(TRIALS):
        pairs = []
        for _ in range(6):
            one, other = islice(machine, 2)
            before, after = (one, other) if coin is None or coin.random() < 0.5 else (other, one)
            pairs.append((before, factor * after))
        found = interval(pairs, direction)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= true_gain <= found.high
    return hits / TRIALS


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """The reference simulation of decision rules, where it lies beside the checkout."""
    if not REFERENCE.exists():
        pytest.skip("there is no shared/tools/simulate.py beside this checkout")
    spec = importlib.util.spec_from_file_location("simulate", REFERENCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "simulate", module)  # its dataclasses look themselves up there
        spec.loader.exec_module(module)
    return module


def test_agrees_with_the_reference(reference: ModuleType) -> None:
    rng = Random(3)
    for _ in range(400):
        pairs = [(rng.uniform(0.1, 9), rng.uniform(0.1, 9)) for _ in range(rng.randint(1, 40))]
        middle, low, high, confidence = reference.verify_ci([math.log(after / before) for before, after in pairs])
        found = interval(pairs, HIGHER)
        assert found.gain == pytest.approx(math.expm1(middle))
        if found.low is None:
            assert (low, high) == (-math.inf, math.inf)
        else:
            assert found.high is not None
            assert (found.low, found.high) == pytest.approx((math.expm1(low), math.expm1(high)))
            assert found.confidence == pytest.approx(confidence)
