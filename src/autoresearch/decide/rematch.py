"""The rules: is a candidate better than the incumbent, and if that is not known yet, what to run next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from autoresearch.figures import plural
from autoresearch.model import Direction

SCREEN = 3
"""So many of the incumbent's latest runs a candidate's first run is held against."""
SWEEP = 3
"""Runs of each arm in a sweep."""
MOST_WINS = 40
"""A rematch that would take more wins than this is not asked for: a loss is then not forgiven."""


@dataclass(frozen=True)
class Ruling:
    """What comes next, or how it ended. Exactly one of `run` and `verdict` is set."""

    run: Literal["candidate", "pair"] | None
    """`candidate`: the candidate alone; `pair`: both arms in an order of chance; in a sweep all six runs."""
    verdict: Literal["keep", "discard"] | None
    reason: str = ""


ALONE = Ruling("candidate", None)
TOGETHER = Ruling("pair", None)


def decide(
    candidate: Sequence[float],
    pairs: Sequence[tuple[float, float]],
    incumbent: Sequence[float],
    *,
    direction: Direction | str = Direction.LOWER,
    exact: bool = False,
    alpha: float = 0.05,
    max_losses: int = 1,
    min_gain: float = 0.0,
) -> Ruling:
    """The rematch rule.

    candidate: the candidate's runs outside of pairs; pairs: (incumbent, candidate) of each whole pair, in order;
    incumbent: the incumbent's latest runs, oldest first; exact: equal code has always measured equal; alpha: at most
    this share of the do-nothing edits in a rematch is kept, where `min_gain` is not negative; min_gain: relative, and
    negative where a candidate may be worse by so much, which an edit that does nothing mostly passes.
    """
    if pairs:
        return rematch(pairs, direction=direction, alpha=alpha, max_losses=max_losses, min_gain=min_gain)
    if not candidate:
        return ALONE
    best = _best(incumbent[-1:] if exact else incumbent[-SCREEN:], direction)
    if not beats(candidate[0], best, direction, min_gain):
        last = len(incumbent[-SCREEN:])
        of = "the incumbent" if exact or last == 1 else f"the best of the incumbent's last {last} runs"
        return Ruling(None, "discard", f"{_against(candidate[0], best, direction)} {of}, {best:.10g}")
    if not exact:
        return TOGETHER
    if len(candidate) == 1:
        return ALONE
    how = kept_for(candidate[0], best, direction, min_gain)
    return Ruling(None, "keep", f"{how}, twice") if candidate[0] == candidate[1] else TOGETHER


def rematch(
    pairs: Sequence[tuple[float, float]],
    *,
    direction: Direction | str,
    alpha: float = 0.05,
    max_losses: int = 1,
    min_gain: float = 0.0,
) -> Ruling:
    """Pair after pair, until the candidate has enough wins, is level, or has one loss too many. A tie is a loss."""
    wins, losses = score(pairs, direction, min_gain)
    needed = wins_needed(alpha, max_losses)
    if losses >= len(needed) or losses >= max(wins, 1):
        return Ruling(None, "discard", f"lost its rematch, having won {wins} of {plural(len(pairs), 'pair')}")
    if wins >= needed[losses]:
        return Ruling(None, "keep", f"won its rematch, {wins} of {plural(len(pairs), 'pair')}")
    return TOGETHER


def score(pairs: Sequence[tuple[float, float]], direction: Direction | str, min_gain: float = 0.0) -> tuple[int, int]:
    """Pairs that the candidate won, and lost."""
    wins = sum(beats(mine, theirs, direction, min_gain) for theirs, mine in pairs)
    return wins, len(pairs) - wins


def sweep(
    candidate: Sequence[float], incumbent: Sequence[float], *, direction: Direction | str, min_gain: float = 0.0
) -> Ruling:
    """Three runs of each arm in shuffled order: the candidate's worst must beat the incumbent's best."""
    if candidate and incumbent:
        worst = _best(candidate, Direction.LOWER if direction == Direction.HIGHER else Direction.HIGHER)
        if not beats(worst, best := _best(incumbent, direction), direction, min_gain):
            return Ruling(None, "discard", f"lost its sweep: {worst:.10g} against {best:.10g}")
    if len(candidate) < SWEEP or len(incumbent) < SWEEP:
        return TOGETHER
    return Ruling(None, "keep", f"won its sweep of {SWEEP} and {SWEEP} runs")


def beats(value: float, over: float, direction: Direction | str, min_gain: float = 0.0) -> bool:
    """True when `value` is better by more than `min_gain` of the other's size; at zero strictly better is enough.

    Where `min_gain` is negative a tie is enough, at zero too.
    """
    ahead = value - over if direction == Direction.HIGHER else over - value
    return ahead > min_gain * abs(over) or (ahead == 0 and min_gain < 0)


def kept_for(value: float, over: float, direction: Direction | str, min_gain: float) -> str:
    """`better than 100`; of what a negative `min_gain` forgives, what it is."""
    if beats(value, over, direction):
        return f"better than {over:.10g}"
    return f"equal to {over:.10g}" if value == over else f"worse than {over:.10g} by less than {-min_gain:.3g} of it"


@lru_cache(maxsize=64)
def wins_needed(alpha: float, max_losses: int = 1) -> tuple[int, ...]:
    """Wins needed with 0, 1, … losses, so that a do-nothing edit is kept with probability `alpha` at most.

    It wins a pair whose order a coin decides at most half of the time, whatever the noise does. (5, 7) for 0.05.
    """
    wins: tuple[int, ...] = ()
    for _ in range(max_losses + 1):
        needed = wins[-1] + 1 if wins else 1
        while keep_probability((*wins, needed)) > alpha:
            needed += 1
            if needed > MOST_WINS:
                return wins
        wins = (*wins, needed)
    return wins


def keep_probability(wins: Sequence[int], chance: float = 0.5, *, behind: bool = False) -> float:
    """Probability that an edit is kept which wins each pair with this chance. (5, 7) and one half: 11/256.

    `behind`: it may be level or behind meanwhile, as long as it has not lost too many.
    """
    kept = 0.0
    open_states = {(0, 0): 1.0}
    while open_states:
        following: dict[tuple[int, int], float] = {}
        for (won, lost), weight in open_states.items():
            if won + 1 >= wins[lost]:
                kept += weight * chance
            else:
                following[won + 1, lost] = following.get((won + 1, lost), 0.0) + weight * chance
            if lost + 1 < len(wins) and (behind or lost + 1 < won):
                following[won, lost + 1] = following.get((won, lost + 1), 0.0) + weight * (1 - chance)
        open_states = following
    return kept


def _best(values: Sequence[float], direction: Direction | str) -> float:
    return max(values) if direction == Direction.HIGHER else min(values)


def _against(value: float, best: float, direction: Direction | str) -> str:
    if value == best:
        return "equal to"
    return "worse than" if beats(best, value, direction) else "not better enough than"
