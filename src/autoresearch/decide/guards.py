"""Whether a would-be keep holds to the guards: what its other numbers may be, as such or beside the incumbent's."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from fractions import Fraction
from statistics import median

from autoresearch.limits import Guard

HOLDS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}


def broken(
    guards: Sequence[Guard], candidate: Sequence[Mapping[str, float]], incumbent: Sequence[Mapping[str, float]]
) -> str | None:
    """The first guard that a would-be keep breaks, in words, or None.

    `candidate` and `incumbent` are the extra columns of their runs; the medians over the runs that printed the
    number are compared. A number that is not there breaks its guard: nobody knows whether it held.
    """
    return next((words for guard in guards if (words := _broken(guard, candidate, incumbent))), None)


def _broken(
    guard: Guard, candidate: Sequence[Mapping[str, float]], incumbent: Sequence[Mapping[str, float]]
) -> str | None:
    must = f"must be {guard.limit()}"
    value, limit = _median(guard.name, candidate), _exact(guard.bound)
    if value is None or any(guard.name not in run for run in candidate):
        return f"the candidate printed no {guard.name}, which {must}"
    if guard.relative:
        beside = _median(guard.name, incumbent)
        if beside is None:
            return f"the incumbent printed no {guard.name} to compare with; the candidate's {must} of it"
        # The same as a factor of a positive number; below zero 1.1x is still 10 % of the size more, not less.
        limit = beside + (limit - 1) * abs(beside)
        must += f" of the incumbent's {_shown(beside)}"
    return None if HOLDS[guard.op](value, limit) else f"{guard.name} is {_shown(value)}, {must}"


def _median(name: str, runs: Sequence[Mapping[str, float]]) -> Fraction | None:
    values = [_exact(run[name]) for run in runs if name in run]
    return median(values) if values else None


def _exact(number: float) -> Fraction:
    """The number as a person reads it: in floats 1.15 x 100 is less than 115."""
    return Fraction(str(number))


def _shown(number: Fraction) -> str:
    return f"{float(number):.10g}"
