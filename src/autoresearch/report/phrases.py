"""The pieces that sentences of a report are made of: names, shares, durations, plurals."""

from __future__ import annotations

from autoresearch.figures import number
from autoresearch.report.cells import shorten
from autoresearch.report.log import Row


def name(row: Row) -> str:
    """`#31 8f0d717 "remove logit cap"`."""
    commit = f" {row.commit[:7]}" if row.commit else ""
    return f"#{row.label}{commit}" + (f" “{shorten(row.description, 80)}”" if row.description else "")


def edit(row: Row) -> str:
    """What a row changed; a simplification is called one."""
    return f"simplification: {row.description}" if row.cause == "simplification" else row.description


def verdict(row: Row) -> str:
    """What a row's status says, as the file has it; a sentinel is called one, and a baseline."""
    return "sentinel" if row.sentinel else "baseline" if row.status == "baseline" else row.raw_status or row.status


def pair(one: float, other: float) -> tuple[str, str]:
    """Two values with as many digits as it takes to tell them apart, and equal decimals where they are near."""
    said = number(one), number(other)
    for digits in (5, 6, 8, 10, 17):
        said = number(one, digits), number(other, digits)
        if said[0] != said[1] or one == other:
            break
    if any("e" in text for text in said) or not 0.1 <= abs(one) / (abs(other) or 1) <= 10:
        return said
    decimals = max(len(text.partition(".")[2]) for text in said)
    return f"{one:,.{decimals}f}", f"{other:,.{decimals}f}"


def rough(value: float) -> str:
    """Two significant digits."""
    return number(float(f"{value:.2g}"))


def duration(seconds: float) -> str:
    """`2 h 13 min`, `4 min 5 s`, `3.2 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def dollars(cost_usd: float) -> str:
    """`$1.24`; two significant digits below a cent."""
    return f"${cost_usd:,.2f}" if cost_usd >= 0.01 or not cost_usd else f"${cost_usd:.2g}"
