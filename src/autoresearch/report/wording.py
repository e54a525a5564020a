"""The sentences that every report shares, whatever it is drawn with."""

from __future__ import annotations

from collections.abc import Iterator

from autoresearch.edge.holder import State
from autoresearch.figures import gain, number, percent, plural
from autoresearch.model import Label
from autoresearch.report import certainty
from autoresearch.report.log import Log, Session, Spending
from autoresearch.report.phrases import dollars, duration, name, pair
from autoresearch.report.summary import Stretch, Summary

_MEANING: dict[Label, str] = {
    "self-reported": "the target itself prints the number, and nothing but its word stands behind it",
    "in-process": "as far as is known the bench runs the target in its own process, where the target could change "
    "clock, answers and output",
    "isolated": "the bench ran the target in a process of its own, out of reach of clock, answers and output",
}
"""What each label of a metric means."""
_OPEN = {
    "none": "no sandbox for {}: a candidate could read and write whatever you can, reach the network, and end the "
    "session; only changed tracked files were looked for",
    "landlock": "Landlock alone for {}: a candidate could write over tracked files, which was found out only after the "
    "run, and use sockets by path",
}
"""What a sandbox that is not whole left open."""
_STATES: dict[State | None, str] = {
    "running": "running",
    "ended": "ended",
    "failed": "ended by an error",
    "killed": "killed",
    "elsewhere": "running on another host, or killed there",
    None: "running, or was killed",
}
_COUNTED = {"keep": "kept", "discard": "discarded", "crash": "crashed", "other": "other"}


def headline(log: Log, summary: Summary) -> str:
    """The answer: best against baseline, and what became of the experiments."""
    metric = f"{log.metric} ({log.label})" if log.label else log.metric
    if summary.last is None:
        return f"{metric}: no experiments yet"
    # Best and baseline are of the last stretch; the counts are of all.
    since = f" since line {summary.last.segment.line}, in all" if len(summary.stretches) > 1 else ","
    return f"{metric} {result(summary.last)}{since} {counts(summary)}"


def result(stretch: Stretch | None) -> str:
    """`1.9979 → 1.8123 (-9.3 %)`, or what there is instead."""
    if stretch is None:
        return "not measured"
    start = stretch.baseline.value if stretch.baseline else None
    best = stretch.best.value if stretch.best else None
    if stretch.segment.direction is None:
        return "is of unknown direction (--direction higher or --direction lower tells)"
    if best is None:
        return "not measured in any row that was kept"
    if start is None:
        return f"{number(best)} at best, without a baseline"
    if stretch.best is None or stretch.best.status == "baseline":
        return f"{number(best)}: nothing better than the baseline"
    before, after = pair(start, best)
    change = percent(stretch.change, stretch.segment.direction)
    return f"{before} → {after}" + (f" ({change})" if change else "")


def counts(summary: Summary) -> str:
    """`14 experiments: 4 kept, 8 discarded, 2 crashed`; baseline and sentinels are none of them."""
    if not summary.experiments:
        return f"{plural(summary.counts['baseline'], 'baseline')} and no experiment"
    parts = [f"{n:,} {_COUNTED[standing]}" for standing, n in summary.counts.items() if n and standing in _COUNTED]
    return plural(summary.experiments, "experiment") + (f": {', '.join(parts)}" if parts else "")


def details(log: Log, summary: Summary) -> Iterator[str]:
    """The lines under the headline: which row is best, earlier segments, the session."""
    if log.label:
        yield f"{log.label}: {_MEANING[log.label]}"
    last = summary.last
    if last is not None and last.best is not None and last.best.status == "keep":
        standing = "best is" if last.best.cause != "simplification" else "what stands is a simplification,"
        yield f"{standing} {name(last.best)}" + ("" if log.evidence else f"; {certainty.CAVEAT}")
        if outdone := last.outdone:
            once = f"#{outdone.label} measured {number(outdone.value)} in its time, which is better"
            yield f"{once}: values of different times are not compared, later keeps won side by side"
    if last is not None and len(summary.stretches) > 1:
        yield f"since line {last.segment.line} ({last.segment.why}): {plural(len(last.kept), 'keep')}"
    for stretch in summary.stretches[:-1]:
        yield f"before, {stretch.segment.metric} {result(stretch)}, {plural(len(stretch.kept), 'keep')}"
    if summary.longest_streak > 1:
        yield f"longest streak without a keep: {summary.longest_streak}"
    if log.session is not None:
        yield f"session {log.session.tag}: {_state(log)}"
        yield from _sandboxes(log.session)


def cost(log: Log, summary: Summary) -> str:
    """What was spent, and for what; empty where the log does not say.

    `2 h 13 min, $1.24, 120,000 tokens for a verified gain of 10.8 %: 12 min 19 s and $0.11 for each 1 %`.
    """
    spent = summary.spent
    parts = [] if spent.elapsed_s is None else [duration(spent.elapsed_s)]
    if spent.cost_usd is not None:
        unpriced = f" and {plural(spent.unpriced, 'reply', 'replies')} of unknown price" if spent.unpriced else ""
        parts.append(f"${spent.cost_usd:,.2f}{unpriced}")
    elif spent.unpriced:
        parts.append(f"{plural(spent.unpriced, 'reply', 'replies')} of unknown price")
    if spent.tokens:
        parts.append(f"{spent.tokens:,} tokens")
    said = ", ".join(parts)
    if said and log.evidence:
        return said + _worth(log, spent)
    if spent.cost_usd and summary.counts["keep"]:
        said += f"; ${spent.cost_usd / summary.counts['keep']:,.2f} a keep"
    return said


def _worth(log: Log, spent: Spending) -> str:
    """What was got for it: the verified gain, and the price of each per cent of it."""
    found = certainty.proven(log)
    if found is None:
        return "; no verified gain yet" if log.evidence and log.evidence.kept else ""
    said = f" for a verified gain of {gain(found.gain, relative=found.relative)}"
    if not found.relative or found.gain > 1:
        return said
    points = found.gain * 100
    prices = [] if spent.elapsed_s is None else [duration(spent.elapsed_s / points)]
    prices += [dollars(spent.cost_usd / points)] if spent.cost_usd else []
    return said + (f": {' and '.join(prices)} for each 1 %" if prices else "")


def _sandboxes(session: Session) -> Iterator[str]:
    """What runs were shut in, and what that left open."""
    lives = len(session.sandboxes)
    for kind in dict.fromkeys(session.sandboxes):
        count = session.sandboxes.count(kind)
        which = "its runs" if count == lives else f"{count} of {plural(lives, 'start')}"
        yield _OPEN[kind].format(which) if kind in _OPEN else f"sandbox for {which}: {kind}"


def _state(log: Log) -> str:
    session = log.session
    assert session is not None
    state = _STATES[session.state]
    if session.closed and session.state in ("ended", None):
        state = f"ended ({session.closed})"
    if session.in_progress is not None:
        state += f", experiment {session.in_progress} not finished"
    return state + (f", started {session.lives} times" if session.lives > 1 else "")
