"""The sentences on what a session has learnt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from autoresearch.figures import percent, plural
from autoresearch.model import Direction, Rung
from autoresearch.report.cells import clean
from autoresearch.report.log import Log
from autoresearch.report.phrases import dollars

if TYPE_CHECKING:
    from autoresearch.decide.tallies import Earned, Tally

_RUNGS: Mapping[Rung, str] = {
    "shift": "with hints of a neglected kind",
    "burst": "by the tuner on the best so far",
    "branch": "from a near miss or an earlier keep",
}


def lines(log: Log) -> Iterator[str]:
    """The sentences; none for a file that is no journal, or where nothing was proposed."""
    found, direction = log.learnt, log.direction
    if found is None:
        return
    yield from (f"{clean(tally.name)}:{_counted(tally, direction)}" for tally in found.kinds)
    if log.evidence and log.evidence.keeps:
        yield "changes are those of the pairs, one keep upon the other; the headline's is between the values on record"
    if told := found.predictions:
        yield (
            f"predictions: {told.came_true} of {told.made} were kept with at least half of what was predicted; "
            f"median predicted {percent(told.expected, direction)}, measured {percent(told.measured, direction)}"
        )
    if len(found.earned) > 1:
        yield from (_earned(each, direction) for each in found.earned)
    tried = [(found.rungs[rung], what) for rung, what in _RUNGS.items() if found.rungs[rung]]
    climbed = [f"{plural(count, 'experiment')} {what}" for count, what in tried]
    if climbed:
        yield f"to leave plateaus: {', '.join(climbed)}"


def _counted(tally: Tally, direction: Direction | None) -> str:
    """` 12 tried, 2 kept (+8.1 %), 1 crashed`."""
    gain = f" ({percent(tally.gain, direction)})" if tally.keeps else ""
    crashed = f", {tally.crashes} crashed" if tally.crashes else ""
    return f" {tally.tries} tried, {tally.keeps} kept{gain}{crashed}"


def _earned(each: Earned, direction: Direction | None) -> str:
    """`openai/x: 12 tried, 2 kept (+8.1 %), $1.20`."""
    usd, spent = each.usd, each.spent
    price = "of unknown price" if usd is None else dollars(usd) if spent.replies else "no reply"
    return f"{clean(each.name)}:{_counted(each.tally, direction)}, {price}"
