"""The sentences that every report shares, whatever it is drawn with."""

from __future__ import annotations

from collections.abc import Iterator

from autoresearch.figures import number, percent
from autoresearch.report.cells import shorten
from autoresearch.report.log import Log, Row
from autoresearch.report.summary import CAVEAT, Stretch, Summary

_COUNTED = {"keep": "kept", "discard": "discarded", "crash": "crashed", "other": "other"}


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


def headline(log: Log, summary: Summary) -> str:
    """The answer: best against baseline, and what became of the experiments."""
    return (
        f"{log.metric} {result(summary.last)}, {counts(summary)}" if log.rows else f"{log.metric}: no experiments yet"
    )


def result(stretch: Stretch | None) -> str:
    """`1.9979 → 1.8123 (-9.3 %)`, or what there is instead."""
    if stretch is None:
        return "not measured"
    start = stretch.baseline.value if stretch.baseline else None
    best = stretch.best.value if stretch.best else None
    if stretch.segment.direction is None:
        return "has no known direction"
    if best is None:
        return "not measured in any row that was kept"
    if start is None:
        return f"{number(best)} at best, without a baseline"
    if stretch.best is None or stretch.best.status == "baseline":
        return f"{number(best)}: nothing better than the baseline"
    before, after = pair(start, best)
    gained = percent(stretch.gain, stretch.segment.direction)
    return f"{before} → {after}" + (f" ({gained})" if gained else "")


def counts(summary: Summary) -> str:
    """`14 experiments: 4 kept, 8 discarded, 2 crashed`; the baseline is none of them."""
    if not summary.experiments:
        return f"{plural(summary.counts['baseline'], 'baseline')} and no experiment"
    parts = [f"{n} {_COUNTED[standing]}" for standing, n in summary.counts.items() if n and standing in _COUNTED]
    return plural(summary.experiments, "experiment") + (f": {', '.join(parts)}" if parts else "")


def details(log: Log, summary: Summary) -> Iterator[str]:
    """The lines under the headline: which row is best, what the number is worth, earlier segments, the session."""
    last = summary.last
    if last is not None and last.best is not None and last.best.status == "keep":
        yield f"best is {name(last.best)}; {CAVEAT}"
    if last is not None and len(summary.stretches) > 1:
        yield f"since line {last.segment.line} ({last.segment.why}): {plural(len(last.kept), 'keep')}"
    for stretch in summary.stretches[:-1]:
        yield f"before, {stretch.segment.metric} {result(stretch)}, {plural(len(stretch.kept), 'keep')}"
    if summary.longest_streak > 1:
        yield f"longest streak without a keep: {summary.longest_streak}"
    if log.session is not None:
        yield f"session {log.session.tag}: {_state(log)}"


def cost(summary: Summary) -> str:
    """`2 h 13 min, $1.24, 120,000 tokens; $0.31 a keep`; empty where the log does not say."""
    spent = summary.spent
    parts = [] if spent.elapsed_s is None else [duration(spent.elapsed_s)]
    if spent.cost_usd is not None:
        unpriced = f" and {plural(spent.unpriced, 'reply', 'replies')} of unknown price" if spent.unpriced else ""
        parts.append(f"${spent.cost_usd:,.2f}{unpriced}")
    if spent.tokens:
        parts.append(f"{spent.tokens:,} tokens")
    said = ", ".join(parts)
    if spent.cost_usd and summary.counts["keep"]:
        said += f"; ${spent.cost_usd / summary.counts['keep']:,.2f} a keep"
    return said


def name(row: Row) -> str:
    """`#31 8f0d717 "remove logit cap"`."""
    commit = f" {row.commit[:7]}" if row.commit else ""
    return f"#{row.label}{commit}" + (f" “{shorten(row.description, 80)}”" if row.description else "")


def duration(seconds: float) -> str:
    """`2 h 13 min`, `4 min 5 s`, `3.2 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def plural(n: int, one: str, many: str | None = None) -> str:
    """`1 keep`, `2 keeps`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _state(log: Log) -> str:
    session = log.session
    assert session is not None
    state = f"ended ({session.closed})" if session.closed else "running, or was killed"
    if session.in_progress is not None:
        state += f", experiment {session.in_progress} not finished"
    return state + (f", started {session.lives} times" if session.lives > 1 else "")
