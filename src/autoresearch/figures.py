"""How numbers are written for people, the same everywhere."""

from __future__ import annotations

from datetime import timedelta

from autoresearch.model import Direction


def number(value: float | None, digits: int = 6) -> str:
    """The value to so many significant digits, whole numbers with separators; `-` where there is none."""
    if value is None:
        return "-"
    if 1e6 <= abs(value) < 1e15 or (value == int(value) and abs(value) < 1e15):
        return f"{value:,.0f}"
    return f"{value:,.{digits}g}" if abs(value) < 1e6 else f"{value:.{digits}g}"


def percent(gain: float | None, direction: Direction | None) -> str:
    """A relative gain as the metric's own change: `-9.3 %` under lower is better; `×793` beyond tenfold."""
    if gain is None:
        return ""
    change = -gain if direction is Direction.LOWER else gain
    if change >= 9:
        return f"×{number(change + 1, 3)}"
    size = abs(change) * 100
    if size == 0:
        return "0 %"
    digits = 0 if size >= 100 else 1 if size >= 1 else 2 if size >= 0.01 else 4
    return f"{change * 100:+.{digits}f} %"


def plural(n: int, one: str, many: str | None = None) -> str:
    """`1 keep`, `2 keeps`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def clock(seconds: float) -> str:
    """`0:01:05`."""
    return str(timedelta(seconds=round(max(0.0, seconds))))
