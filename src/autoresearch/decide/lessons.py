"""LEARNINGS.md: what a session has learnt, in its own figures, for whoever begins the next one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from autoresearch.decide.learnings import Earned, Tally, earned, kind, predictions, tallies, tried
from autoresearch.decide.outcome import Outcome, near_misses
from autoresearch.decide.recover import History
from autoresearch.decide.results import one_line
from autoresearch.model import Metric

MOST = 20
"""Entries of a list."""
_MARKUP = re.compile(r"([\\`*_<>\[\]|#])")


def page(history: History, past: Sequence[Outcome], metric: Metric) -> str:
    """The whole page, in Markdown. What proposers wrote is quoted as plain text."""
    return "\n".join(_lines(history, past, metric)) + "\n"


def _lines(history: History, past: Sequence[Outcome], metric: Metric) -> Iterator[str]:
    opened, baseline, best = history.opened, history.baseline, history.incumbent
    assert opened is not None
    assert baseline is not None
    assert best is not None
    done = tried(past)
    kept = [each for each in done if each.experiment.kept]
    yield f"# What session {opened.tag} learnt"
    yield ""
    gain = metric.gain(best.value, baseline.value) if best.value is not None and baseline.value is not None else None
    share = "" if gain is None or best is baseline else f" ({gain:+.2%}, + is better; not verified)"
    yield (
        f"{plain(metric.name)} ({metric.direction} is better): {baseline.value:.10g} at the start, "
        f"{best.value:.10g} at best{share}. {len(kept)} of {len(done)} experiments were kept."
    )
    yield from _listed("What worked", [_entry(each) for each in sorted(kept, key=lambda each: -(each.gain or 0.0))])
    yield from _listed("What nearly worked", [_entry(each) for each in near_misses(past)[:5]])
    yield from _listed("By kind of idea", [_kind(tally) for tally in tallies(past, kind, metric)])
    yield from _listed("What failed", _failures(done))
    if told := predictions(past):
        yield from _listed(
            "Predictions",
            [
                f"{told.made} experiments had a predicted and a measured gain; {told.came_true} were kept with at "
                "least half of what was predicted",
                f"predicted {told.expected:+.2%} on average, measured {told.measured:+.2%}",
            ],
        )
    yield from _listed("Who proposed", [_earned(each) for each in earned(history, past, metric)])


def plain(text: str) -> str:
    """Foreign text on one line, with nothing in it that Markdown would take for its own."""
    return _MARKUP.sub(r"\\\1", one_line(text))


def _listed(title: str, entries: Sequence[str]) -> Iterator[str]:
    if entries:
        yield f"\n## {title}\n"
        yield from (f"- {entry}" for entry in entries[:MOST])
    if len(entries) > MOST:
        yield f"- and {len(entries) - MOST} more: see the report"


def _entry(outcome: Outcome) -> str:
    """`+3.20 % #12 1a2b3c4 description: hypothesis`."""
    e = outcome.experiment
    gain = "" if outcome.gain is None else f"{outcome.gain:+.2%} "
    expected = "" if outcome.expected is None else f" (expected {outcome.expected:+.2%})"
    said = plain(e.proposal.description) if e.proposal else ""
    why = f": {plain(e.proposal.hypothesis)}" if e.proposal and e.proposal.hypothesis else ""
    return f"{gain}#{e.n} {(e.commit or '')[:7]} {said}{why}{expected}"


def _kind(tally: Tally) -> str:
    gain = f", {tally.gain:+.2%} together" if tally.keeps else ""
    crashed = f", {tally.crashes} crashed" if tally.crashes else ""
    return f"{tally.name}: {tally.tries} tried, {tally.keeps} kept{gain}{crashed}"


def _failures(done: Sequence[Outcome]) -> list[str]:
    verdicts = [(each.experiment, each.experiment.verdict) for each in done]
    crashed = [(e, verdict) for e, verdict in verdicts if verdict is not None and verdict.status == "crash"]
    return [
        f"#{e.n} {plain(e.proposal.description) if e.proposal else 'no usable answer'}: {plain(verdict.reason)}"
        for e, verdict in crashed
    ]


def _earned(each: Earned) -> str:
    cost = "of unknown price" if each.usd is None else f"${each.usd:.2f}"
    tally = each.tally
    return f"{plain(each.name)}: {tally.tries} experiments, {tally.keeps} kept, {tally.gain:+.2%} together, {cost}"
