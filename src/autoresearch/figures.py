"""How numbers are written for people, the same everywhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol


def number(value: float | None, digits: int = 6) -> str:
    """The value to so many significant digits, whole numbers with separators; `-` where there is none."""
    if value is None:
        return "-"
    if 1e6 <= abs(value) < 1e15 or (value == int(value) and abs(value) < 1e15):
        return f"{value:,.0f}"
    return f"{value:,.{digits}g}" if abs(value) < 1e6 else f"{value:.{digits}g}"


def percent(gain: float | None, direction: str | None) -> str:
    """A relative gain as the metric's own change: `-9.3 %` under lower is better; `×793` beyond tenfold."""
    if gain is None:
        return ""
    change = -gain if direction == "lower" else gain
    if change >= 9:
        return f"×{number(change + 1, 3)}"
    size = abs(change) * 100
    if size == 0:
        return "0 %"
    digits = 0 if size >= 100 else 1 if size >= 1 else 2 if size >= 0.01 else 4
    return f"{change * 100:+.{digits}f} %"


def gain(size: float, *, relative: bool = True) -> str:
    """`10.8 %`, positive when better; in the metric's own unit where a ratio means nothing."""
    return percent(size, None).removeprefix("+") if relative else number(size, 4)


class Verified(Protocol):
    """What a verification's pairs say: the gain and its interval, positive when better."""

    @property
    def gain(self) -> float: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def pairs(self) -> int: ...
    @property
    def wins(self) -> int: ...
    @property
    def relative(self) -> bool: ...


def proof(found: Verified) -> str:
    """`verified gain 16.6 % (8.9 % to 21.7 %, 6 of 6 pairs won)`, or that no gain is proven."""
    size, won = gain(found.gain, relative=found.relative), f"{found.wins} of {plural(found.pairs, 'pair')} won"
    if found.low is None or found.high is None:
        return f"no gain is proven: {size} ({won})"
    ends = " to ".join(gain(end, relative=found.relative) for end in (found.low, found.high))
    said = "verified gain" if found.low > 0 else "no gain but a loss:" if found.high < 0 else "no gain is proven:"
    return f"{said} {size} ({ends}, {won})"


def plural(n: int, one: str, many: str | None = None) -> str:
    """`1 keep`, `2 keeps`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def clock(seconds: float) -> str:
    """`0:01:05`."""
    return str(timedelta(seconds=round(max(0.0, seconds))))
