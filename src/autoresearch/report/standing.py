"""By how much each row was better than the best before it, as measured."""

from __future__ import annotations

from collections.abc import Mapping

from autoresearch.report.log import Log
from autoresearch.report.summary import ratio, takes_over


def changes(log: Log) -> Mapping[int, float]:
    """`Row.n` → relative change, positive when better: side by side where both ran so, else of the stored values."""
    best: dict[int, float] = {}
    found: dict[int, float] = {}
    for row in log.rows:
        segment, over = log.segments[row.segment], best.get(row.segment)
        change = row.change
        if change is None and over is not None and row.value is not None and row.status != "baseline":
            change = ratio(segment.metric, segment.direction, row.value, over)
        if change is not None:
            found[row.n] = change
        counts = row.value is not None and row.status in ("keep", "baseline") and not row.sentinel
        if counts and row.value is not None and (over is None or takes_over(segment.direction, row, over)):
            best[row.segment] = row.value
    return found
