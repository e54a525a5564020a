"""Which changes to leave out next, one by one and then together, and which the head can do without. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Changes = frozenset[int]
"""Kept changes by number, the oldest is 0."""


@dataclass(frozen=True)
class Removal:
    """What came of the head without some changes."""

    dead: bool
    """True when the head does without them."""
    gain: float
    """What the head gains by having them."""


@dataclass(frozen=True)
class Course:
    """How far an ablation has come."""

    due: Changes | None
    """What to leave out in the next experiment; None when there is no more to measure."""
    safe: Changes
    """What the head was measured to do without, all together."""
    together: Changes | None = None
    """All that is dead weight each for itself, once that was measured as a whole."""


def course(count: int, known: Mapping[Changes, Removal], closed: Callable[[Changes], Changes]) -> Course:
    """Each change alone; then all the dead weight at once; where that hurts, one after the other, the weakest first.

    known: what was measured; closed: a set with the changes that are built on it, which must go with it. Changes that
    are superfluous each for itself may need each other gone or there, so that only what was measured together is safe;
    and it is measured against the whole head every time, so that small losses cannot add up unseen.
    """
    alone = [closed(Changes({number})) for number in range(count)]
    for out in alone:
        if out not in known:
            return Course(out, Changes())
    dead = sorted({out for out in alone if known[out].dead}, key=lambda out: (known[out].gain, -min(out)))
    whole = closed(Changes().union(*dead))
    if not dead:
        return Course(None, Changes())
    if whole not in known:
        return Course(whole, Changes())
    if known[whole].dead:
        return Course(None, whole, whole)
    safe = Changes()
    for out in dead:
        wider = closed(safe | out)
        if wider not in known:
            return Course(wider, safe, whole)
        safe = wider if known[wider].dead else safe
    return Course(None, safe, whole)
