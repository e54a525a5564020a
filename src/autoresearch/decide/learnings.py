"""LEARNINGS.md: what a session has learnt, in its own figures, for whoever begins the next one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from autoresearch.decide.history import History
from autoresearch.decide.outcome import Outcome, near_misses, proof_of_head
from autoresearch.decide.results import one_line
from autoresearch.decide.tallies import Earned, Tally, earned, kind, predictions, tallies, tried
from autoresearch.figures import number, percent, plural, proof
from autoresearch.model import Direction, Metric

MOST = 20
"""Entries of a list."""
CLOSEST = 5
TUNER = "tune"
"""Its hypothesis says how it chose, and nothing of the target."""
_MARKUP = re.compile(r"[\\`*<\[\]|]|(?<!\w)_|_(?!\w)|\A[#>+-]")


def page(history: History, past: Sequence[Outcome], metric: Metric) -> str:
    """The whole page, in Markdown. What proposers wrote is quoted as plain text."""
    return "\n".join(_lines(history, past, metric)) + "\n"


def _lines(history: History, past: Sequence[Outcome], metric: Metric) -> Iterator[str]:
    opened, baseline, best = history.opened, history.baseline, history.incumbent
    assert opened is not None
    assert baseline is not None
    assert best is not None
    done, towards = tried(past), metric.direction
    kept = sorted((each for each in done if each.experiment.kept), key=lambda each: -(each.gain or 0.0))
    misses = near_misses(past)[:CLOSEST]
    missed = [each for each in done if each.experiment.value is not None and each not in [*kept, *misses]]
    yield f"# What session {opened.tag} learnt"
    yield ""
    gain = metric.gain(best.value, baseline.value) if best.value is not None and baseline.value is not None else None
    share = (
        ""
        if gain is None or best is baseline
        else f" ({percent(gain, towards)} as measured; {_proof(history, towards)})"
    )
    yield (
        f"{plain(metric.name)} ({towards} is better): {number(baseline.value)} at the start, {number(best.value)} at "
        f"best{share}. {len(kept)} of {plural(len(done), 'experiment')} kept. Changes are over the best of that time, "
        "in a rematch over the runs beside it."
    )
    yield from _listed("What worked", [_entry(each, towards) for each in kept])
    yield from _listed("What came closest since the last keep", [_entry(each, towards) for each in misses])
    yield from _listed("What did not help, the latest first", [_entry(each, towards) for each in reversed(missed)])
    yield from _listed("What failed", _failures(done))
    yield from _listed("By kind of idea", [_counted(tally, towards) for tally in tallies(past, kind, metric)])
    if told := predictions(past):
        yield from _listed(
            "Predictions",
            [
                f"{told.came_true} of {told.made} came true: kept, with at least half of what was predicted",
                f"in the middle {percent(told.expected, towards)} was predicted, and {percent(told.measured, towards)} "
                "measured",
            ],
        )
    yield from _listed("Who proposed", [_earned(each, towards) for each in earned(history, past, metric)])


def _proof(history: History, towards: Direction) -> str:
    """What the verification of what stands now says."""
    found = proof_of_head(history, towards)
    return proof(found) if found else "not verified when this was written"


def plain(text: str) -> str:
    """Foreign text on one line, with nothing in it that Markdown would take for its own."""
    return _MARKUP.sub(r"\\\g<0>", one_line(text))


def _listed(title: str, entries: Sequence[str]) -> Iterator[str]:
    if entries:
        yield f"\n## {title}\n"
        yield from (f"- {entry}" for entry in entries[:MOST])
    if len(entries) > MOST:
        yield f"- and {len(entries) - MOST} more: see the report"


def _entry(outcome: Outcome, towards: Direction) -> str:
    """`#12 1a2b3c4 +3.2 % description: hypothesis (expected +1.0 %)`."""
    e = outcome.experiment
    said, why = (plain(e.proposal.description), plain(e.proposal.hypothesis)) if e.proposal else ("", "")
    words = [f"#{e.n}", (e.commit or "")[:7], percent(outcome.gain, towards), said]
    text = " ".join(filter(None, words)) + (f": {why}" if why and e.by != TUNER else "")
    return text if outcome.expected is None else f"{text} (expected {percent(outcome.expected, towards)})"


def _counted(tally: Tally, towards: Direction) -> str:
    """`tune: 12 tried, 2 kept, +3.2 % together`."""
    gain = f", {percent(tally.gain, towards)} together" if tally.keeps else ""
    crashed = f", {tally.crashes} crashed" if tally.crashes else ""
    return f"{plain(tally.name)}: {tally.tries} tried, {tally.keeps} kept{gain}{crashed}"


def _failures(done: Sequence[Outcome]) -> list[str]:
    verdicts = [(each.experiment, each.experiment.verdict) for each in done]
    crashed = [(e, verdict) for e, verdict in verdicts if verdict is not None and verdict.status == "crash"]
    return [
        f"#{e.n} {plain(e.proposal.description) if e.proposal else 'no usable answer'}: {plain(verdict.reason)}"
        for e, verdict in crashed
    ]


def _earned(each: Earned, towards: Direction) -> str:
    cost = "of unknown price" if each.usd is None else f"${each.usd:.2f}"
    return f"{_counted(each.tally, towards)}, {cost}"
