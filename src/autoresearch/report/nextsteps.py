"""What to do next, as commands that can be typed, each with its reason; depends on how far a session is and can be
trusted. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autoresearch.figures import plural
from autoresearch.report import certainty
from autoresearch.report.log import Log, Row
from autoresearch.report.summary import Summary

if TYPE_CHECKING:
    from autoresearch.report.evidence import Evidence

MANY = 0.5
"""Share of crashes from which they are what to look at first."""
MOST = 2
"""Experiments that one is sent to look at."""


@dataclass(frozen=True)
class Step:
    """One command, and what it is for."""

    command: str
    why: str


def steps(log: Log, summary: Summary) -> list[Step]:
    """The commands, the most urgent first; none for a file without rows."""
    if not log.rows:
        return []
    if log.session is None or log.evidence is None:
        return list(_of_a_file(summary))
    tag = shlex.quote(log.session.tag)  # a journal may come from anywhere
    return [*_alarming(log, tag), *_of_a_session(log, summary, tag)]


def aligned(found: list[Step]) -> list[str]:
    """A line each, as a shell takes it: the reasons are comments."""
    width = max((len(step.command) for step in found), default=0)
    return [f"{step.command:<{width}}  # {step.why}" for step in found]


def _of_a_file(summary: Summary) -> Iterator[Step]:
    if summary.counts["keep"]:
        yield Step("autoresearch audit BRANCH", "measures each kept commit of its branch anew: which of them survive")


def _alarming(log: Log, tag: str) -> Iterator[Step]:
    evidence = log.evidence
    assert evidence is not None
    numbers = [one.n for one in evidence.tampered if one.n is not None] + list(evidence.quarantined)
    for n in list(dict.fromkeys(numbers))[:MOST]:
        why = "what its code changed that it must not" if n not in evidence.quarantined else "why it cannot be believed"
        yield Step(f"autoresearch show {n} {tag}", why)


def _of_a_session(log: Log, summary: Summary, tag: str) -> Iterator[Step]:
    assert log.session is not None
    assert log.evidence is not None
    again = log.session.goes_on or f"autoresearch run --tag {tag}"
    if log.session.state == "running":
        yield Step(f"autoresearch watch {tag}", "the live view; `stop` ends it in order")
    elif log.session.state in ("killed", "failed"):
        yield Step(again, "goes on where it was cut short")
    elif log.session.closed is None and not log.evidence.verified:
        yield Step(f"autoresearch status {tag}", "what it does now, or whether it was killed")
        yield Step(again, "goes on where it was killed")
    elif log.session.closed and log.session.closed.startswith(("stopped", "interrupted")):
        yield Step(again, "goes on where it was stopped")
    crashed = summary.counts["crash"]
    if summary.experiments and crashed >= MANY * summary.experiments:
        latest = summary.crashes[0].rows[-1]
        why = f"one of {plural(crashed, 'crash', 'crashes')}, with its log: {summary.crashes[0].cause}"
        yield Step(f"autoresearch show {latest.label} {tag}", why)
        yield Step("autoresearch check", "whether the bench runs as it should")
    yield from _of_keeps(log, summary, tag) if log.evidence.kept else _of_nothing(log, tag)


def _of_keeps(log: Log, summary: Summary, tag: str) -> Iterator[Step]:
    evidence = log.evidence
    assert evidence is not None
    verified = evidence.verified
    running = log.session is not None and log.session.state == "running"
    unfinished = verified and verified.current and verified.gain and verified.gain.pairs < verified.asked
    if (certainty.proven(log) is None or unfinished) and not running:
        if verified is None or not verified.current:
            yield Step(f"autoresearch verify {tag}", "head against baseline, measured anew in 12 runs")
        elif verified.gain is None or verified.gain.pairs < verified.asked:
            yield Step(f"autoresearch verify {tag}", "goes on with the pairs that are not measured yet")
        else:
            yield Step(f"autoresearch verify {tag}", "adds six pairs, which may tell what these did not")
            yield Step(f"autoresearch audit {tag}", "which of the keeps survive a rematch against their parent")
    base = log.rows[0].commit
    if base:
        yield Step(f"git diff {shlex.quote(base[:7])} autoresearch/{tag}", "all that was kept")
    biggest = certainty.ranked(log, summary.last.kept)[0].row if summary.last and summary.last.kept else None
    if biggest:
        yield Step(f"autoresearch show {biggest.label} {tag}", "the largest change: diff, runs, log")
    if certainty.proven(log):
        yield from _towards_review(log, evidence, tag)


def _towards_review(log: Log, evidence: Evidence, tag: str) -> Iterator[Step]:
    """From a gain that is proven to a branch that can be merged."""
    weights, after = certainty.weights(log), evidence.after
    if weights is None and evidence.kept > 1:
        yield Step(certainty.ablating(evidence), "which of the keeps still earn their place")
    dead = weights["dead"] if weights else []
    name, head = tag, evidence.verified.head if evidence.verified else ""
    if dead and after.shrunk:
        name, head = after.shrunk[0].removeprefix("autoresearch/"), after.shrunk[1]
    elif 0 < len(dead) < evidence.kept:
        yield Step(f"{certainty.ablating(evidence)} --apply", f"a branch without {certainty.named(dead)}")
    if after.finalized and after.finalized.head == head:
        yield from (Step(f"git merge {shlex.quote(branch)}", "finalized") for branch in after.finalized.branches)
    else:
        what = "a branch to review and merge, with the pull request's text"
        yield Step(f"autoresearch finalize {shlex.quote(name)}", what)


def _of_nothing(log: Log, tag: str) -> Iterator[Step]:
    """Nothing was kept: what came closest, and what may have hidden a gain."""
    measured = [row for row in log.rows if row.status == "discard" and row.value is not None and not row.sentinel]
    if nearest := max(measured, key=lambda row: _closeness(log, row), default=None):
        yield Step(f"autoresearch show {nearest.label} {tag}", "what came closest")
    noise = log.evidence.noise if log.evidence else None
    if noise and noise.smallest_gain:
        hidden = certainty.share(noise.smallest_gain)
        yield Step(
            "autoresearch check", f"the noise hides what is below about {hidden}: a longer or quieter bench shows more"
        )


def _closeness(log: Log, row: Row) -> float:
    assert row.value is not None
    return row.value if log.direction == "higher" else -row.value
