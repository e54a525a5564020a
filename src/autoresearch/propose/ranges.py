"""Between which values a literal may be tuned: as its annotation says, or around the value it has."""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass
from typing import Literal, TypeGuard

from autoresearch.model import Scalar
from autoresearch.propose.names import guarded, is_seed, words
from autoresearch.propose.scan.source import read

Kind = Literal["int", "float", "bool", "choice"]
FORMS = "LOW..HIGH, LOW..HIGH log or A|B|C"
POWERS = frozenset(
    "block blocks blocksize tile tiles warp warps thread threads lane lanes vec vector simd unroll align alignment "
    "workgroup bm bn bk tm tn tk wm wn".split()
)
"""Words of what is laid out in powers of two: no other value is worth a try, and few compile."""
PARTS = frozenset("ratio frac fraction prob probability share quantile".split())
"""Words for what lies between 0 and 1."""
NEAR_ONE = frozenset("momentum decay beta betas beta1 beta2 gamma ema".split())
LARGEST_INT = 2**31


@dataclass(frozen=True)
class Range:
    """The values that a knob may take; `low` and `high` are meant inclusively."""

    kind: Kind
    low: float = 0
    high: float = 0
    log: bool = False
    choices: tuple[Scalar, ...] = ()
    """The values of a bool or choice; empty for an int or float."""

    def holds(self, value: Scalar) -> bool:
        """True for a value of the right kind, inside the bounds."""
        if self.choices:
            return any(value == choice and type(value) is type(choice) for choice in self.choices)
        if not _number(value) or (self.kind == "int" and isinstance(value, float)):
            return False
        return self.low <= value <= self.high

    def tidy(self, value: Scalar) -> Scalar:
        """A float with the fewest digits, from four on, that keep it inside and lose nothing; others as they are."""
        if not isinstance(value, float) or self.choices:
            return value
        for digits in range(4, 17):
            short = float(f"{value:.{digits}g}")
            if self.holds(short) and abs(short - value) <= (self.high - self.low) / 1000:
                return short
        return value

    def drawn(self, dice: random.Random) -> Scalar:
        """Any value, each part of the range being as likely as any other of its size."""
        return dice.choice(self.choices) if self.choices else self._at(dice.random())

    def moved(self, value: Scalar, dice: random.Random, share: float) -> Scalar:
        """Another value: any other choice, or a number about this share of the range away, mirrored at the bounds."""
        if self.choices:
            return dice.choice([choice for choice in self.choices if choice != value] or [value])
        at = abs(self._share(value) + dice.gauss(0, share))
        return self._at(max(0.0, 1 - abs(1 - at)))

    def coordinates(self, value: Scalar) -> tuple[float, ...]:
        """Where a value lies: numbers in their order from 0 to 1; of other choices each in a direction of its own."""
        if not self.choices:
            return (self._share(value),)
        if all(map(_number, self.choices)):
            return (sorted(self.choices).index(value) / max(1, len(self.choices) - 1),)
        return tuple(0.5 * (value == choice) for choice in self.choices)

    def _share(self, value: Scalar) -> float:
        """Where a number lies between the bounds, 0 to 1."""
        assert not isinstance(value, str)
        low, high = self._ends()
        return ((math.log(value) if self.log else value) - low) / (high - low)

    def _at(self, share: float) -> Scalar:
        """The number that lies there."""
        low, high = self._ends()
        back = low + share * (high - low)
        inside = min(self.high, max(self.low, math.exp(back) if self.log else back))
        return round(inside) if self.kind == "int" else self.tidy(float(inside))

    def _ends(self) -> tuple[float, float]:
        return (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)


def around(name: str, value: Scalar) -> Range | None:
    """The default range; None for what is left alone: strings, integers below 1 or beyond 2**31, guarded names.

    Integers: a quarter to four times, and of what is laid out in powers of two those in between. Floats: a tenth to
    ten times, on a log scale; from zero: 0 to 1. A dropout, and what is usually just below one (momentum, beta,
    decay), stays below one, and a ratio or a probability between 0 and 1.
    """
    if guarded(name) or isinstance(value, str):
        return None
    if isinstance(value, bool):
        return Range("bool", choices=(False, True))
    if isinstance(value, int) and _in_powers(name, value):
        return Range("choice", choices=tuple(sorted({max(1, value * 2**i // 4) for i in range(5)})))
    if isinstance(value, int):
        return Range("int", max(1, value // 4), value * 4, log=True) if 1 <= value <= LARGEST_INT else None
    parts = set(words(name))
    if parts & PARTS and 0 <= value <= 1:
        return Range("float", 0.0, 1.0)
    if "dropout" in parts and 0 <= value < 1:
        return Range("float", 0.0, max(0.9, value))
    if parts & NEAR_ONE and 0.5 <= value < 1:
        gap = 1 - value
        return Range("float", max(0.0, 1 - _short(10 * gap)), 1 - _short(gap / 10))
    if value == 0:
        return Range("float", 0.0, 1.0)
    low, high = sorted((_short(value / 10), _short(value * 10)))
    if parts & NEAR_ONE and 0 < value < 1:
        high = min(high, 0.999)
    usable = low != 0 and math.isfinite(low) and math.isfinite(high)
    return Range("float", low, high, log=low > 0) if usable else None


def _in_powers(name: str, value: int) -> bool:
    return 2 <= value <= LARGEST_INT and value & (value - 1) == 0 and bool(POWERS & set(words(name)))


def why_not(name: str, value: Scalar) -> str:
    """Why `around` has no range for this, in a few words."""
    if is_seed(name):
        return "a random seed: another is no improvement"
    if guarded(name):
        return "by its name no free choice (budget, measurement, data, bookkeeping)"
    if isinstance(value, str):
        return "a string, and nothing says which others will do"
    return "no range suggests itself around this value"


def text(span: Range) -> str:
    """As an annotation would write it."""
    if span.choices:
        return "|".join(map(str, span.choices))
    return f"{span.low:g}..{span.high:g}{' log' if span.log else ''}"


def annotated(note: str, value: Scalar) -> Range:
    """The range that an annotation gives. Raises ValueError, with what is wrong, when it does not suit the value."""
    if ".." in note:
        return _interval(note, value)
    if "|" in note:
        return _choices([choice.strip() for choice in note.split("|")], value)
    raise ValueError(f"write {FORMS}")


def _interval(note: str, value: Scalar) -> Range:
    found = re.fullmatch(r"(\S+?)\s*\.\.\s*(\S+)(?:\s+(log|linear))?", note)
    low, high = (read(found[1]), read(found[2])) if found else (None, None)
    if found is None or "..." in note or not _number(low) or not _number(high):
        raise ValueError(f"write {FORMS}")
    if not _number(value):
        raise ValueError(f"a range needs a number, and the value is {value!r}")
    kind: Kind = "int" if isinstance(value, int) else "float"
    if kind == "int" and (low % 1 or high % 1):
        raise ValueError(f"the value is an integer and a bound is not; write the value as {value}.0")
    if not low < high:
        raise ValueError("the first bound must be below the second")
    log = found[3] == "log"
    if log and low <= 0:
        raise ValueError("a log range must begin above 0")
    return Range(kind, low, high, log)


def _choices(choices: list[str], value: Scalar) -> Range:
    if isinstance(value, str):
        plain = [choice.strip("\"'") for choice in choices]
        if not all(re.fullmatch(r"[^\"'\\]+", choice) for choice in plain):
            raise ValueError("a choice is empty, or has a quote or a backslash")
        return Range("choice", choices=tuple(dict.fromkeys(plain)))
    values = [read(choice) for choice in choices]
    if isinstance(value, float):
        values = [float(each) if _number(each) else each for each in values]
    given = tuple(dict.fromkeys(each for each in values if type(each) is type(value) and each is not None))
    if None in values or len(given) < len(set(choices)):
        raise ValueError(f"every choice must be of the kind of {value!r}")
    return Range("bool" if isinstance(value, bool) else "choice", choices=given)


def _number(value: Scalar | None) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(value: float) -> float:
    """Four significant digits: nobody reads more in a bound."""
    return float(f"{value:.4g}")
