"""What a proposer is told of past experiments: the latest ones line by line, all older ones in a digest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from autoresearch.decide.outcome import Outcome, near_misses
from autoresearch.decide.policy import TELLING
from autoresearch.decide.results import one_line
from autoresearch.decide.tallies import Tally, kind, predictions, tallies, tried
from autoresearch.model import Metric, Status

EVERY = 20
"""The digest is made anew after so many experiments: until then a prompt only grows at its end, and stays cached."""
RECENT = 5
"""So many of the latest experiments are always told one by one."""
KEPT, MISSED, FAILED, CRASHED = 10, 3, 10, 5
"""Lines of a digest about each: its length does not grow with the session."""


def covered(told: int) -> int:
    """How many of the experiments, the oldest, are told of in the digest alone."""
    return max(0, told - RECENT) // EVERY * EVERY


def line(outcome: Outcome) -> str:
    """`#37 keep 0.99412 (+0.07 %, 1.8σ) parameters, expected +1 %: "WSD decay 0.4" [reason]`."""
    e = outcome.experiment
    assert e.verdict is not None
    value = "" if e.value is None else f" {e.value:.10g}"
    if outcome.gain is not None:
        sigmas = "" if outcome.sigmas is None else f", {outcome.sigmas:.1f}σ"
        value += f" ({outcome.gain:+.2%}{sigmas})"
    expected = "" if outcome.expected is None else f", expected {outcome.expected:+.2%}"
    said = f' {kind(outcome)}{expected}: "{one_line(e.proposal.description)}"' if e.proposal else ""
    telling = e.verdict.status is Status.CRASH or e.verdict.cause in TELLING
    why = f" [{one_line(e.verdict.reason)}]" if telling else ""
    return f"#{e.n} {e.verdict.status}{value}{said}{why}"


def digest(past: Sequence[Outcome], metric: Metric) -> str:
    """What the older experiments come to, in lines that do not grow with their number."""
    return "\n".join(_lines(past, metric))


def _lines(past: Sequence[Outcome], metric: Metric) -> Iterator[str]:
    done = tried(past)
    counts = Counter(str(each.experiment.verdict.status) for each in done if each.experiment.verdict)
    yield f"{len(done)} experiments: {counts['keep']} kept, {counts['discard']} discarded, {counts['crash']} crashed."
    yield f"By kind of idea: {'; '.join(map(tallied, tallies(past, kind, metric)))}."
    if told := predictions(past):
        yield (
            f"Predictions: {told.made} gave a number, {told.came_true} got at least half of it; median "
            f"predicted {told.expected:+.2%}, measured {told.measured:+.2%}."
        )
    kept = sorted((each for each in done if each.experiment.kept), key=lambda each: -(each.gain or 0.0))
    yield from _listed("Worked, the largest gains first:", kept[:KEPT])
    misses = near_misses(past)
    yield from _listed("Came closest without being kept:", misses[:MISSED])
    failed = [each for each in done if each.experiment.value is not None and not each.experiment.kept]
    yield from _listed("Did not help, the latest:", [each for each in failed if each not in misses[:MISSED]][-FAILED:])
    crashed = [each for each in done if each.experiment.value is None]
    yield from _listed("Failed, the latest:", crashed[-CRASHED:])


def tallied(tally: Tally) -> str:
    """`parameters 20 tried, 3 kept (+2.10 %)`."""
    gain = f" ({tally.gain:+.2%})" if tally.keeps else ""
    crashed = f", {tally.crashes} crashed" if tally.crashes else ""
    return f"{tally.name} {tally.tries} tried, {tally.keeps} kept{gain}{crashed}"


def _listed(title: str, found: Sequence[Outcome]) -> Iterator[str]:
    if found:
        yield title
        yield from map(line, found)
