"""The rule: its cases one by one, and that its bound holds whatever the noise does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

from autoresearch.decide.rematch import Ruling, beats, decide, keep_probability, rematch, sweep, wins_needed
from autoresearch.model import Direction
from noises import Noise, drifting, gaussian, periodic, skewed, whole_numbers

SHARED = Path(__file__).parents[2] / "shared"
VECTORS = SHARED / "data" / "decide_vectors.json"
REFERENCE = SHARED / "tools" / "simulate.py"
LOWER, HIGHER = Direction.LOWER, Direction.HIGHER
TRIALS = 20_000
SLACK = 0.005
"""Three and a half standard errors of a share of 4.3 % among 20,000."""

WON, LOST, TIED = (100.0, 99.0), (99.0, 100.0), (100.0, 100.0)
"""(incumbent, candidate) under lower is better."""
SEEN = (100.0, 101.0, 99.5, 100.2, 100.4)
"""The incumbent's runs; the best of the last three is 99.5."""


@dataclass(frozen=True)
class Case:
    """What is known, and what the rule must say to it."""

    name: str
    says: str
    """`candidate` or `pair`: what runs next; `keep` or `discard`: how it ended."""
    candidate: Sequence[float] = (99.0,)
    pairs: Sequence[tuple[float, float]] = ()
    incumbent: Sequence[float] = SEEN
    given: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    """A part of the reason."""


CASES = [
    Case("no run yet", "candidate", candidate=()),
    Case(
        "the first run is worse", "discard", candidate=(102.0,), reason="worse than the best of the incumbent's last 3"
    ),
    Case("it is better than most, but not than the best of three", "discard", candidate=(99.6,), reason="99.5"),
    Case("a tie does not pass the screen", "discard", candidate=(99.5,), reason="equal to"),
    Case("one that looks better gets a rematch", "pair", candidate=(99.4,)),
    Case("one that looks far better gets no more than that", "pair", candidate=(1.0,)),
    Case("only the last three runs of the incumbent count", "pair", incumbent=(90.0, 100.0, 101.0, 100.0)),
    Case("as many as there are count", "discard", incumbent=(98.0,), reason="98"),
    Case("the screen asks for the smallest gain", "discard", given={"min_gain": 0.01}, reason="not better enough than"),
    Case("and passes what has it", "pair", candidate=(98.0,), given={"min_gain": 0.01}),
    Case("under a tolerance a little worse passes", "pair", candidate=(100.0,), given={"min_gain": -0.01}),
    Case("and much worse does not", "discard", candidate=(101.0,), given={"min_gain": -0.01}, reason="worse than"),
    # Rematches.
    Case("a first loss", "discard", pairs=[LOST], reason="lost its rematch, having won 0 of 1 pair"),
    Case("a first tie", "discard", pairs=[TIED], reason="lost its rematch, having won 0 of 1 pair"),
    Case("a first win", "pair", pairs=[WON]),
    Case("level", "discard", pairs=[WON, LOST], reason="lost its rematch, having won 1 of 2 pairs"),
    Case("ahead again", "pair", pairs=[WON, WON, TIED]),
    Case("4–0", "pair", pairs=[WON] * 4),
    Case("5–0", "keep", pairs=[WON] * 5, reason="won its rematch, 5 of 5 pairs"),
    Case("6–1", "pair", pairs=[WON, WON, LOST, *[WON] * 4]),
    Case("7–1", "keep", pairs=[WON, WON, LOST, *[WON] * 5], reason="won its rematch, 7 of 8 pairs"),
    Case("7–1 by the last loss possible", "keep", pairs=[*[WON] * 4, LOST, *[WON] * 3], reason="7 of 8 pairs"),
    Case(
        "a second loss",
        "discard",
        pairs=[WON, WON, LOST, WON, TIED],
        reason="lost its rematch, having won 3 of 5 pairs",
    ),
    Case("the screening run is no evidence", "discard", candidate=(1.0,), pairs=[LOST], reason="0 of 1 pair"),
    Case("nor does it speak against", "keep", candidate=(200.0,), pairs=[WON] * 5),
    Case("wins by less than the smallest gain", "discard", pairs=[WON], given={"min_gain": 0.02}, reason="0 of 1 pair"),
    Case("ties within the tolerance", "keep", pairs=[TIED] * 5, given={"min_gain": -0.02}),
    Case("small losses within the tolerance", "keep", pairs=[LOST] * 5, given={"min_gain": -0.02}),
    Case("losses beyond the tolerance", "discard", pairs=[LOST], given={"min_gain": -0.01}, reason="0 of 1 pair"),
    # Other bounds.
    Case("0.02: 5–0", "pair", pairs=[WON] * 5, given={"alpha": 0.02}),
    Case("0.02: 6–0", "keep", pairs=[WON] * 6, given={"alpha": 0.02}, reason="6 of 6 pairs"),
    Case("0.01: 6–0", "pair", pairs=[WON] * 6, given={"alpha": 0.01}),
    Case("0.01: 7–0", "keep", pairs=[WON] * 7, given={"alpha": 0.01}),
    Case("0.01: 10–1", "pair", pairs=[WON, WON, LOST, *[WON] * 8], given={"alpha": 0.01}),
    Case("0.01: 11–1", "keep", pairs=[WON, WON, LOST, *[WON] * 9], given={"alpha": 0.01}),
    Case("no loss is forgiven", "discard", pairs=[*[WON] * 3, LOST], given={"max_losses": 0}, reason="3 of 4 pairs"),
    Case("no loss, and 5–0", "keep", pairs=[WON] * 5, given={"max_losses": 0}),
    Case("a third loss is forgiven", "pair", pairs=[*[WON] * 4, LOST, LOST, LOST], given={"max_losses": 3}),
    Case("a fourth is not", "discard", pairs=[*[WON] * 4, *[LOST] * 4], given={"max_losses": 3}, reason="4 of 8 pairs"),
    # Where equal code always measured equal.
    Case(
        "exact: equal", "discard", candidate=(100.0,), incumbent=(100.0,) * 3, given={"exact": True}, reason="equal to"
    ),
    Case("exact: worse", "discard", candidate=(101.0,), incumbent=(100.0,) * 3, given={"exact": True}, reason="worse"),
    Case("exact: better runs once more", "candidate", incumbent=(100.0,) * 3, given={"exact": True}),
    Case("exact: better twice", "keep", (99.0, 99.0), (), (100.0,) * 3, {"exact": True}, "better than 100, twice"),
    Case("exact: not the same again", "pair", (99.0, 98.0), (), (100.0,) * 3, {"exact": True}),
    Case("exact: only the last run counts", "candidate", incumbent=(98.0, 100.0), given={"exact": True}),
    Case("exact: a rematch goes on as any", "keep", (99.0, 98.0), [WON] * 5, (100.0,), {"exact": True}, "5 of 5 pairs"),
    # No ratio.
    Case("below zero", "keep", (-2.0,), [(-1.0, -1.5)] * 5, (-1.0, -0.9, -1.1)),
    Case("below zero, 50 % better is not more than 50 %", "discard", pairs=[(-1.0, -1.5)], given={"min_gain": 0.5}),
    Case("at zero any gain is enough", "pair", pairs=[(0.0, -1e-9)], given={"min_gain": 0.5}),
    Case("at zero a tolerance forgives a tie and no more", "discard", pairs=[(0.0, 0.1)], given={"min_gain": -0.5}),
]


def said(ruling: Ruling) -> str:
    """What the ruling says, after a look at its form."""
    assert (ruling.run is None) != (ruling.verdict is None)
    assert bool(ruling.reason) == (ruling.verdict is not None)
    return ruling.run or ruling.verdict or ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rules(case: Case) -> None:
    ruling = decide(case.candidate, case.pairs, case.incumbent, direction=LOWER, **case.given)
    assert said(ruling) == case.says
    assert case.reason in ruling.reason


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rules_the_same_of_the_mirror_image(case: Case) -> None:
    pairs = [(-theirs, -mine) for theirs, mine in case.pairs]
    ruling = decide(mirrored(case.candidate), pairs, mirrored(case.incumbent), direction=HIGHER, **case.given)
    assert said(ruling) == case.says


def mirrored(values: Sequence[float]) -> list[float]:
    return [-value for value in values]


def test_lower_is_better_unless_it_is_said() -> None:
    assert decide([99.0], [WON] * 5, SEEN) == decide([99.0], [WON] * 5, SEEN, direction="lower")
    assert said(decide([99.0], [WON] * 5, SEEN, direction="higher")) == "discard"


def vectors() -> list[dict[str, Any]]:
    """The reference cases, where they lie beside the checkout."""
    return list(json.loads(VECTORS.read_text())) if VECTORS.exists() else []


@pytest.mark.skipif(not VECTORS.exists(), reason="there is no shared/data/decide_vectors.json beside this checkout")
@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["name"])
def test_rules_as_the_reference_does(vector: dict[str, Any]) -> None:
    given = dict(vector["given"])
    pairs = [(theirs, mine) for theirs, mine in given.pop("pairs")]
    ruling = decide(given.pop("candidate"), pairs, given.pop("incumbent"), **given)
    assert (ruling.verdict, ruling.run) == (vector["verdict"], vector["run"])


@pytest.mark.slow
@pytest.mark.skipif(not REFERENCE.exists(), reason="there is no shared/tools/simulate.py beside this checkout")
def test_meets_every_target_of_the_reference_simulation() -> None:
    done = subprocess.run(
        [sys.executable, REFERENCE, "check", "-p", "autoresearch.decide.rematch:decide", "--decide", "-n", "200"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all targets met" in done.stdout


# The bound, by counting.


@pytest.mark.parametrize(
    ("alpha", "max_losses", "wins"),
    [
        (0.05, 1, (5, 7)),
        (0.02, 1, (6, 9)),
        (0.01, 1, (7, 11)),
        (0.05, 0, (5,)),
        (0.02, 0, (6,)),
        (0.5, 0, (1,)),
        (0.05, 3, (5, 7, 9, 12)),
        (1.0, 1, (1, 2)),
        # 1/32 is just allowed with no loss, and then nothing is left for a loss.
        (1 / 32, 0, (5,)),
        (1 / 32, 1, (5,)),
    ],
)
def test_as_many_wins_are_needed(alpha: float, max_losses: int, wins: tuple[int, ...]) -> None:
    assert wins_needed(alpha, max_losses) == wins


def test_the_bound_of_the_default_is_eleven_in_256() -> None:
    assert keep_probability((5, 7)) == 11 / 256


@pytest.mark.parametrize("max_losses", [0, 1, 2, 3])
@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.02, 0.01])
def test_a_coin_is_kept_as_often_as_the_bound_allows(alpha: float, max_losses: int) -> None:
    """Every course that a rematch of fair coins can take, counted through the rule itself."""
    kept = coin_kept(alpha, max_losses, [])
    wins = wins_needed(alpha, max_losses)
    assert kept == keep_probability(wins) <= alpha
    # Not stricter than it must be: wherever a win less would make sense, the bound would not hold.
    for losses, needed in enumerate(wins):
        fewest = wins[losses - 1] + 1 if losses else 1
        assert needed == fewest or keep_probability((*wins[:losses], needed - 1)) > alpha


def coin_kept(alpha: float, max_losses: int, pairs: list[tuple[float, float]]) -> float:
    """Probability that a rematch is kept from here on."""
    ruling = rematch(pairs, direction=LOWER, alpha=alpha, max_losses=max_losses) if pairs else None
    if ruling is not None and ruling.verdict is not None:
        return float(ruling.verdict == "keep")
    return sum(coin_kept(alpha, max_losses, [*pairs, pair]) for pair in (WON, LOST)) / 2


@pytest.mark.parametrize(
    ("value", "over", "direction", "min_gain", "better"),
    [
        (99.0, 100.0, LOWER, 0.0, True),
        (100.0, 100.0, LOWER, 0.0, False),
        (101.0, 100.0, LOWER, 0.0, False),
        (101.0, 100.0, HIGHER, 0.0, True),
        (100.0, 100.0, HIGHER, 0.0, False),
        (99.0, 100.0, LOWER, 0.01, False),  # by just so much is not by more
        (98.9, 100.0, LOWER, 0.01, True),
        (101.1, 100.0, HIGHER, 0.01, True),
        (101.0, 100.0, LOWER, -0.02, True),
        (102.0, 100.0, LOWER, -0.02, False),
        (-101.1, -100.0, LOWER, 0.01, True),
        (-100.5, -100.0, LOWER, 0.01, False),
        (1e-300, 0.0, HIGHER, 0.5, True),
        (0.0, 0.0, HIGHER, -0.5, True),
    ],
)
def test_beats_by_more_than_the_smallest_gain(
    value: float, over: float, direction: Direction, min_gain: float, better: bool
) -> None:
    assert beats(value, over, direction, min_gain) is better


@pytest.mark.parametrize(
    ("candidate", "incumbent", "given", "says"),
    [
        ((), (), {}, "pair"),
        ((97.0, 98.0, 99.0), (), {}, "pair"),
        ((), (100.0, 101.0, 102.0), {}, "pair"),
        ((98.0,), (100.0, 101.0), {}, "pair"),
        ((98.0,), (100.0, 97.0), {}, "discard"),
        ((98.0, 101.0), (100.0,), {}, "discard"),
        ((100.0,), (100.0,), {}, "discard"),
        ((97.0, 98.0, 99.0), (100.0, 101.0), {}, "pair"),
        ((97.0, 98.0, 99.0), (100.0, 101.0, 102.0), {}, "keep"),
        ((97.0, 98.0, 100.0), (100.0, 101.0, 102.0), {}, "discard"),
        ((97.0, 98.0, 99.0), (100.0, 101.0, 102.0), {"min_gain": 0.02}, "discard"),
        ((97.0, 98.0, 100.5), (100.0, 101.0, 102.0), {"min_gain": -0.01}, "keep"),
    ],
)
def test_a_sweep_takes_three_runs_of_each_and_a_gap_between_them(
    candidate: Sequence[float], incumbent: Sequence[float], given: dict[str, Any], says: str
) -> None:
    assert said(sweep(candidate, incumbent, direction=LOWER, **given)) == says
    assert said(sweep(mirrored(candidate), mirrored(incumbent), direction=HIGHER, **given)) == says


# The bound, on machines. The noise belongs to the time of a run and not to what runs, so an edit that does nothing
# draws from the same stream as the incumbent; which of a pair's two runs is its own is all that chance decides.

Order = Callable[[], bool]
"""Whether the incumbent runs first."""


def by_coin(seed: int) -> Order:
    coin = Random(seed)
    return lambda: coin.random() < 0.5


def incumbent_first() -> bool:
    return True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("noise", "direction"),
    [
        (gaussian, LOWER),
        (drifting, LOWER),
        (drifting, HIGHER),
        (skewed, LOWER),
        (skewed, HIGHER),
        (periodic, LOWER),
        (whole_numbers, LOWER),
    ],
)
def test_one_in_23_do_nothing_edits_survives_its_rematch_at_most(noise: Noise, direction: Direction) -> None:
    kept = kept_in_rematches(noise(1), by_coin(2), direction)
    assert kept <= 11 / 256 + SLACK
    # And no fewer than a fair coin would keep, or the trials were none. Ties are losses: then it is less.
    assert kept >= (0.005 if noise is whole_numbers else 11 / 256 - SLACK)


@pytest.mark.parametrize(("alpha", "max_losses"), [(0.01, 1), (0.05, 3)])
def test_other_bounds_hold_as_well(alpha: float, max_losses: int) -> None:
    kept = kept_in_rematches(drifting(3), by_coin(4), LOWER, alpha=alpha, max_losses=max_losses)
    assert kept == pytest.approx(keep_probability(wins_needed(alpha, max_losses)), abs=SLACK)


def test_without_the_coin_the_bound_breaks() -> None:
    """Every second run is slower, and in a fixed order the same arm always has the fast ones."""
    assert kept_in_rematches(periodic(1), incumbent_first, LOWER) > 0.5


def kept_in_rematches(machine: Iterator[float], first: Order, direction: Direction, **settings: Any) -> float:
    """Share of the do-nothing edits kept among those that reach a rematch, through the screen, on that machine."""
    keeps = 0
    for incumbent, candidate in islice(screened(machine, direction), TRIALS):
        pairs: list[tuple[float, float]] = []
        while (ruling := decide(candidate, pairs, incumbent, direction=direction, **settings)).verdict is None:
            one, other = next(machine), next(machine)
            pairs.append((one, other) if first() else (other, one))
        keeps += ruling.verdict == "keep"
    return keeps / TRIALS


def screened(machine: Iterator[float], direction: Direction) -> Iterator[tuple[list[float], list[float]]]:
    """Runs of the incumbent and of a candidate that looked better by chance, one after another on that machine."""
    while True:
        next(machine)  # time goes by between proposals; with this one an odd number of runs, in step with nothing
        incumbent, candidate = list(islice(machine, 3)), [next(machine)]
        if said(decide(candidate, [], incumbent, direction=direction)) == "pair":
            yield incumbent, candidate


SIX = ["candidate", "incumbent"] * 3


def shuffled(rng: Random) -> list[str]:
    """Any of the twenty orders of three and three."""
    return rng.sample(SIX, 6)


def three_pairs(rng: Random) -> list[str]:
    """Three coin-flip pairs: eight of the twenty."""
    return [arm for _ in range(3) for arm in rng.sample(SIX[:2], 2)]


@pytest.mark.slow
@pytest.mark.parametrize("noise", [gaussian, drifting, skewed, periodic, whole_numbers])
def test_one_in_20_do_nothing_edits_survives_its_sweep_at_most(noise: Noise) -> None:
    """Of the twenty orders of any six values, exchangeable or not, one gives the candidate the best three."""
    kept = kept_in_sweeps(noise(5), shuffled)
    assert kept <= 1 / 20 + SLACK
    assert kept >= (0.005 if noise is whole_numbers else 1 / 20 - SLACK)


def test_a_sweep_in_coin_flip_pairs_would_break_its_bound() -> None:
    """The best three of six lie one in each pair where every second run is slower: then one order of eight is kept."""
    assert kept_in_sweeps(periodic(5), three_pairs) == pytest.approx(1 / 8, abs=SLACK)


def kept_in_sweeps(machine: Iterator[float], order: Callable[[Random], list[str]]) -> float:
    """Share of the do-nothing edits kept among those that reach a sweep, through the screen, on that machine."""
    rng, keeps = Random(6), 0
    for _ in islice(screened(machine, LOWER), TRIALS):
        runs: dict[str, list[float]] = {"candidate": [], "incumbent": []}
        for arm in order(rng):
            runs[arm].append(next(machine))
            ruling = sweep(runs["candidate"], runs["incumbent"], direction=LOWER)
            if ruling.verdict is not None:
                break
        keeps += ruling.verdict == "keep"
    return keeps / TRIALS
