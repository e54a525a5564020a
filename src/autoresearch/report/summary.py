"""What a log comes to: counts, best against baseline, what was kept, what crashed. Pure."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import gt, itemgetter, lt

from autoresearch.model import Direction, Metric
from autoresearch.report.causes import cause
from autoresearch.report.log import Log, Row, Rows, Segment, Spending, Standing


@dataclass(frozen=True)
class Kept:
    """A kept row and its change over the best before it: relative, positive when better, as measured."""

    row: Row
    over: float | None
    change: float | None


@dataclass(frozen=True)
class Stretch:
    """One segment in short. The baseline is its first.

    Best is the best of baselines and keeps; of keeps whose cause a journal names, the last one, which beat the others.
    """

    segment: Segment
    experiments: int
    """Rows that are neither baselines nor sentinels."""
    baseline: Row | None
    best: Row | None
    change: float | None
    """Best over baseline, relative; None where there is no keep better than it or the ratio means nothing."""
    kept: tuple[Kept, ...]

    @property
    def outdone(self) -> Row | None:
        """The baseline or keep with the best stored value, where that is better than the best's."""
        if self.best is None or self.best.value is None:
            return None
        ahead, value = None, self.best.value
        for row in (self.baseline, *(entry.row for entry in self.kept)):
            if row and row.value is not None and better(self.segment.direction, row.value, value):
                ahead, value = row, row.value
        return ahead


@dataclass(frozen=True)
class Cause:
    """Crashes for one reason."""

    cause: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Summary:
    """A log in short. Counts are over the whole log, sentinels left out; best and baseline of the last stretch."""

    counts: Mapping[Standing, int]
    others: Mapping[str, int]
    """Statuses as written, of the rows that count as other."""
    stretches: tuple[Stretch, ...]
    crashes: tuple[Cause, ...]
    longest_streak: int
    """Most experiments in a row without a keep."""
    spent: Spending
    warnings: tuple[str, ...]

    @property
    def experiments(self) -> int:
        """Rows that are neither baselines nor sentinels."""
        return sum(count for standing, count in self.counts.items() if standing != "baseline")

    @property
    def last(self) -> Stretch | None:
        """The stretch that best and baseline refer to; None for a log without rows."""
        return self.stretches[-1] if self.stretches else None


def summarise(log: Log) -> Summary:
    """What the log comes to."""
    # None but a journal has sentinels.
    rows = Rows.of(row for row in log.rows if not row.sentinel) if log.kind == "journal" else log.rows
    spans = [(log.segments[k], [i for i, _ in group]) for k, group in groupby(enumerate(rows.segments), itemgetter(1))]
    stretches = tuple(_stretch(segment, rows, span) for segment, span in spans)
    counts: dict[Standing, int] = {"baseline": 0, "keep": 0, "discard": 0, "crash": 0, "other": 0}
    return Summary(
        counts=counts | Counter(rows.statuses),
        others=Counter(rows[i].raw_status for i, status in enumerate(rows.statuses) if status == "other"),
        stretches=stretches,
        crashes=_crashes(rows),
        longest_streak=_longest_streak(rows.statuses),
        spent=log.spent,
        warnings=(*(_observations(rows, spans[-1][1], stretches[-1]) if spans else ()), *log.warnings),
    )


def ratio(metric: str, direction: Direction | None, value: float, over: float) -> float | None:
    """Relative change, positive when better; None where a percentage means nothing: at zero, and across it."""
    if direction is None or over == 0 or (value < 0) != (over < 0):
        return None
    change = Metric(metric, direction).gain(value, over)
    return change if change is not None and math.isfinite(change) else None


def better(direction: Direction | None, value: float, than: float) -> bool:
    """True when the direction is known and `value` is strictly better."""
    return direction is not None and (value > than if direction is Direction.HIGHER else value < than)


def _stretch(segment: Segment, rows: Rows, span: Sequence[int]) -> Stretch:
    baselines = [i for i in span if rows.statuses[i] == "baseline"]
    baseline = rows[baselines[0]] if baselines else None
    best: Row | None = None
    kept: list[Kept] = []
    for row in (rows[i] for i in span if rows.statuses[i] in ("keep", "baseline")):
        if row.status == "keep":
            kept.append(_kept(segment, row, best))
        counts = segment.direction is not None and row.value is not None
        if counts and (best is None or _beats(segment.direction, row, best)):
            best = row
    change = None
    if best is not None and best.status == "keep" and best.value is not None and baseline is not None:
        start = baseline.value
        change = None if start is None else ratio(segment.metric, segment.direction, best.value, start)
    return Stretch(segment, len(span) - len(baselines), baseline, best, change, tuple(kept))


def takes_over(direction: Direction | None, row: Row, than: float) -> bool:
    """True when a kept row becomes the best: it measured better, or was compared otherwise than by stored values."""
    return row.value is not None and (_ruled(row) or better(direction, row.value, than))


def _ruled(row: Row) -> bool:
    """True where a journal names what decided: a rule that need not compare by the stored values."""
    return row.cause is not None


def _beats(direction: Direction | None, row: Row, best: Row) -> bool:
    return best.value is not None and takes_over(direction, row, best.value)


def _kept(segment: Segment, row: Row, best: Row | None) -> Kept:
    over = None if best is None else best.value
    if row.change is not None or over is None or row.value is None:
        return Kept(row, over, row.change)
    return Kept(row, over, ratio(segment.metric, segment.direction, row.value, over))


def _crashes(rows: Rows) -> tuple[Cause, ...]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in (rows[i] for i, status in enumerate(rows.statuses) if status == "crash"):
        grouped[cause(row)].append(row)
    ordered = sorted(grouped.items(), key=lambda item: (item[0] == "other", -len(item[1])))
    return tuple(Cause(name, tuple(found)) for name, found in ordered)


def _longest_streak(statuses: Sequence[Standing]) -> int:
    experiments = [status for status in statuses if status != "baseline"]
    keeps = [i for i, status in enumerate(experiments) if status == "keep"]
    return max(after - before - 1 for before, after in pairwise([-1, *keeps, len(experiments)]))


def _observations(rows: Rows, span: Sequence[int], stretch: Stretch) -> Iterator[str]:
    """What a careful reader notices about the numbers themselves, in the rows of the last stretch."""
    yield from _about_baselines(rows, span, stretch)
    idle = [kept for kept in stretch.kept if not _ruled(kept.row) and not _improves(stretch, kept)]
    if idle and stretch.segment.direction is not None:
        yield f"keeps that are not better than the best before them: {len(idle)} of {len(stretch.kept)}"
    yield from _about_discards(rows, span, stretch)


def _improves(stretch: Stretch, kept: Kept) -> bool:
    value = kept.row.value
    return value is None or kept.over is None or better(stretch.segment.direction, value, kept.over)


def _about_baselines(rows: Rows, span: Sequence[int], stretch: Stretch) -> Iterator[str]:
    found = [rows.values[i] for i in span if rows.statuses[i] == "baseline"]
    values = [value for value in found if value is not None]
    if stretch.baseline is None:
        yield "no baseline: changes are over the best before, where there is one"
    elif len(values) > 1:
        yield f"{len(values)} baselines between {min(values):.8g} and {max(values):.8g}: changes are over the first"


def _about_discards(rows: Rows, span: Sequence[int], stretch: Stretch) -> Iterator[str]:
    direction = stretch.segment.direction
    if direction is None or stretch.best is None or stretch.best.value is None:
        return
    best, ahead = stretch.best.value, gt if direction is Direction.HIGHER else lt
    measured = ((i, rows.values[i]) for i in span if rows.statuses[i] == "discard")
    passed_over = [rows[i] for i, value in measured if value is not None and ahead(value, best)]
    # Where a journal names the cause, something else than the stored values decided, and it says what.
    if unexplained := [row for row in passed_over if row.cause is None]:
        named = ", ".join(f"#{row.label}: {row.value:.8g}" for row in unexplained[:3])
        yield f"discarded rows that measured better than the best kept: {len(unexplained)} ({named})"
