"""results.tsv of any kind: what each row says, and what is doubtful about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

from autoresearch.errors import SettingsError
from autoresearch.model import Direction
from autoresearch.report import cells, columns, status
from autoresearch.report import direction as directions
from autoresearch.report.columns import Layout
from autoresearch.report.log import Log, Row, Spending
from autoresearch.report.segments import place
from autoresearch.report.table import Line, Table, take_apart

_AMOUNTS = frozenset(["", "$", "usd", "s", "sec", "secs", "seconds"])


def read_tsv(text: str, title: str, metric: str | None, direction: Direction | None) -> Log:
    """Read a table. Raises SettingsError when there is none, or no column `metric`."""
    table = take_apart(text)
    layout = _layout(table, title, metric)
    found = list(_rows(table, layout))
    if table.header is None and not found:
        raise SettingsError(
            f"{title}: no tab-separated results in it. Name a results.tsv, a journal or a session's tag."
        )
    name = _metric_name(table, layout, metric)
    placed = place([row for row, _ in found], metric=name, resets=table.resets)
    comment = directions.from_word(table.comments.get("direction", ""))
    settled, contradictions = directions.resolve(direction, comment, name, placed.rows)
    doubts = _doubts(layout, placed.rows, [unit for _, unit in found])
    return Log(
        title=title,
        kind="tsv",
        metric=name,
        direction=settled,
        rows=placed.rows,
        segments=tuple(replace(segment, direction=settled) for segment in placed.segments),
        warnings=(*doubts, *contradictions, *placed.warnings, *table.warnings),
        columns=layout.columns,
        spent=_spending(placed.rows),
    )


def _layout(table: Table, title: str, metric: str | None) -> Layout:
    # What a column holds shows in a thousand rows, evenly spread, as well as in a hundred thousand.
    body = [line.cells for line in table.body[:: len(table.body) // 1000 + 1]]
    if table.header is None:
        names = columns.invent(body)
        table.warnings.insert(0, f"no header line: columns read by their content as {', '.join(names)}")
        return columns.lay_out(names, body, names.index("metric") if "metric" in names else None)
    wanted = metric or table.comments.get("metric")
    at = columns.find(table.header, wanted) if wanted else None
    if metric is not None and at is None:
        raise SettingsError(f"{title}: no column {metric}. Its columns are: {', '.join(table.header)}.")
    return columns.lay_out(table.header, body, at)


def _metric_name(table: Table, layout: Layout, metric: str | None) -> str:
    if table.header is not None and layout.metric is not None:
        return layout.columns[layout.metric]
    return metric or table.comments.get("metric") or "metric"


def _rows(table: Table, layout: Layout) -> Iterator[tuple[Row, str]]:
    """Each row with the unit of its metric; what cannot be one is named in the table's warnings."""
    n = 0
    for header, group in groupby(table.body, key=attrgetter("header")):
        lines = list(group)
        own = layout if header in (None, table.header) else _later_layout(lines, header, layout)
        for line in lines:
            row = _row(n + 1, line, own)
            if row is None:
                table.refuse(line.number, " ".join(line.cells))
            else:
                n += 1
                yield row


def _later_layout(lines: Sequence[Line], header: tuple[str, ...], first: Layout) -> Layout:
    same = None if first.metric is None else columns.find(header, first.columns[first.metric])
    return columns.lay_out(header, [line.cells for line in lines], same)


def _row(n: int, line: Line, layout: Layout) -> tuple[Row, str] | None:
    found = line.cells
    if len(found) != len(layout.columns):
        layout = _realigned(found, layout)
    padded = (*found, *layout.blank)
    metric, verdict, description, commit, label, hypothesis, cost, duration = layout.pick(padded)
    reading = cells.number(metric)
    if not verdict and reading is None:
        return None
    if len(found) > len(layout.columns) and cells.missing(description):
        description = found[-1]
    sha = cells.commit(commit)
    money, seconds = _amount(cost) if cost else None, _amount(duration) if duration else None
    more = {name: cell for i, name in layout.others if (cell := padded[i])}
    if len(found) > len(layout.columns):
        _add(more, layout, ((i, found[i]) for i in range(len(layout.columns), len(found)) if i not in layout.placed))
    if (commit and not sha) or (cost and money is None) or (duration and seconds is None):
        unread = ((layout.commit, commit, sha), (layout.cost, cost, money), (layout.duration, duration, seconds))
        _add(more, layout, ((i, cell) for i, cell, read in unread if i is not None and read is None))
    row = Row(
        n=n,
        line=line.number,
        label=label or str(n),
        commit=sha,
        value=reading.value if reading else None,
        raw_value=metric,
        status=status.standing(verdict),
        raw_status=verdict,
        description=description,
        extra=more,
        hypothesis=hypothesis,
        cost_usd=money,
        duration_s=seconds,
    )
    return row, reading.unit if reading else ""


def _add(more: dict[str, str], layout: Layout, found: Iterable[tuple[int, str]]) -> None:
    for i, cell in found:
        if cell:
            more[columns.unshared(_at(layout.columns, i), i, more)] = cell


def _amount(cell: str) -> float | None:
    """Dollars or seconds; None for an amount of anything else, which is shown as it is written."""
    reading = cells.number(cell.lstrip("$"))
    return reading.value if reading and reading.unit.lower() in _AMOUNTS else None


def _at(row: Sequence[str], i: int | None) -> str:
    return row[i] if i is not None and i < len(row) else ""


def _realigned(row: Sequence[str], layout: Layout) -> Layout:
    """For a row longer or shorter than the header: the verdict is where one stands, the text behind it."""
    at = layout.status
    if at is None or len(row) == len(layout.columns) or status.known(_at(row, at)):
        return layout
    found = [i for i, cell in enumerate(row) if status.known(cell)]
    if len(found) != 1:
        return layout
    shift = found[0] - at

    def moved(i: int | None) -> int | None:
        return i + shift if i is not None and i > at else i

    return replace(
        layout,
        status=found[0],
        description=moved(layout.description),
        hypothesis=moved(layout.hypothesis),
        cost=moved(layout.cost),
        duration=moved(layout.duration),
    )


def _doubts(layout: Layout, rows: Sequence[Row], units: Sequence[str]) -> Iterator[str]:
    if layout.metric is None:
        yield "no column looks like a metric: name one with --metric"
    elif layout.rivals:
        rivals = ", ".join(layout.rivals)
        yield f"{layout.columns[layout.metric]} is taken for the metric, not {rivals}: choose with --metric"
    if layout.status is None:
        yield "no status column: nothing counts as kept, discarded or crashed"
    unmeasured = [row for row in rows if row.value is None and not cells.missing(row.raw_value)]
    if strange := [row for row in unmeasured if not cells.number(row.raw_value)]:
        yield f"not one number, read as not measured: {_cited(strange)}"
    if rough := [row for row in rows if row.raw_value[:1] in ("~", "≈") and row.value is not None]:
        yield f"approximate numbers, taken at their word: {_cited(rough)}"
    different = list(dict.fromkeys(unit for unit in units if unit))
    if len(different) > 1:
        yield f"the metric has different units, compared as plain numbers: {_listed(different)}"
    kept = {row.commit for row in rows if row.status == "keep" and row.commit}
    if twice := [row for row in rows if row.status in ("discard", "crash") and row.commit in kept]:
        named = _listed([f"{row.commit} (line {row.line}: {row.raw_status})" for row in twice])
        yield f"commits with a keep and another verdict, counted as both: {named}"
    others = Counter(row.raw_status for row in rows if row.status == "other" and row.raw_status)
    if others:
        named = _listed([f"{word} ({count})" for word, count in others.most_common()])
        yield f"neither kept nor discarded nor crashed, shown as other: {named}"


def _cited(rows: Sequence[Row]) -> str:
    return _listed([f"line {row.line} {row.raw_value!r}" for row in rows])


def _listed(items: Sequence[str], most: int = 6) -> str:
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(cells.shorten(item, 40) for item in items[:most]) + more


def _spending(rows: Sequence[Row]) -> Spending:
    money = [row.cost_usd for row in rows if row.cost_usd is not None]
    seconds = [row.duration_s for row in rows if row.duration_s is not None]
    return Spending(elapsed_s=sum(seconds) if seconds else None, cost_usd=sum(money) if money else None)
