"""results.tsv of any kind: what each row says, and what is doubtful about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Literal, TypeVar

from autoresearch.errors import SettingsError
from autoresearch.model import Direction
from autoresearch.report import cells, columns, status
from autoresearch.report import direction as directions
from autoresearch.report.columns import Layout
from autoresearch.report.log import Log, Row, Rows, Spending, Standing
from autoresearch.report.segments import place
from autoresearch.report.table import Table, take_apart

_AMOUNTS = frozenset(["", "$", "usd", "s", "sec", "secs", "seconds"])
_ROUGH = frozenset("~≈")
_Name = Literal["metric", "status", "commit", "label", "cost", "duration"]
_T = TypeVar("_T")


@dataclass
class _Found:
    """The rows of a table as they are found, one item each in every list but the last."""

    lines: list[int] = field(default_factory=list)
    cells: list[Sequence[str]] = field(default_factory=list)
    layouts: list[Layout] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    """The metric's cell as written."""
    values: list[float | None] = field(default_factory=list)
    statuses: list[Standing] = field(default_factory=list)
    odd: list[int] = field(default_factory=list)
    """Indexes of the rows whose metric is no plain number."""

    def labels(self) -> list[str]:
        """What each row is called."""
        return [label or str(n) for n, label in enumerate(self.column("label"), start=1)]

    def column(self, name: _Name) -> list[str]:
        """The cells of a column, empty where there is none."""
        return _column(self.cells, self.layouts, name)


def read_tsv(text: str, title: str, metric: str | None, direction: Direction | None) -> Log:
    """Read a table. Raises SettingsError when there is none, or no column `metric`."""
    table = take_apart(text)
    layout = _layout(table, title, metric)
    found = _find(table, layout)
    if table.header is None and not found.cells:
        raise SettingsError(
            f"{title}: no tab-separated results in it. Name a results.tsv, a journal or a session's tag."
        )

    def make(i: int, value: float | None, status: Standing, segment: int) -> Row:
        return _row(i + 1, found.lines[i], found.cells[i], found.layouts[i], value, status, segment)

    name = _metric_name(table, layout, metric)
    rows = Rows(found.values, found.statuses, [0] * len(found.values), make, found.labels)
    placed = place(rows, metric=name, resets=table.resets)
    comment = directions.from_word(table.comments.get("direction", ""))
    settled, contradictions = directions.resolve(direction, comment, name, placed.rows)
    doubts = _doubts(layout, placed.rows, found)
    return Log(
        title=title,
        kind="tsv",
        metric=name,
        direction=settled,
        rows=placed.rows,
        segments=tuple(replace(segment, direction=settled) for segment in placed.segments),
        warnings=(*doubts, *contradictions, *placed.warnings, *table.warnings),
        columns=layout.columns,
        spent=_spending(found),
    )


def _layout(table: Table, title: str, metric: str | None) -> Layout:
    # What a column holds shows in a thousand rows, evenly spread, as well as in a hundred thousand.
    rows = [row for part in table.parts for row in part.rows]
    body = rows[:: len(rows) // 1000 + 1]
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


def _find(table: Table, layout: Layout) -> _Found:
    """The rows; what cannot be one is named in the table's warnings."""
    found = _Found()
    for part in table.parts:
        usual = layout if part.header in (None, table.header) else _later_layout(part.rows, part.header, layout)
        width = len(usual.columns)
        layouts = [usual if len(row) == width else _realigned(row, usual) for row in part.rows]
        metrics, verdicts = _column(part.rows, layouts, "metric"), _column(part.rows, layouts, "status")
        plain = cells.plain_numbers(metrics)
        odd = [i for i, value in enumerate(plain) if value is None]
        readings = {i: reading for i in odd if (reading := cells.number(metrics[i]))}
        refused = {i for i in odd if i not in readings and not verdicts[i]}
        for i in sorted(refused):
            table.refuse(part.lines[i], " ".join(part.rows[i]))
        values = plain.copy()
        for i, reading in readings.items():
            values[i] = reading.value
        found.odd += [len(found.values) + i for i, value in enumerate(_without(plain, refused)) if value is None]
        found.lines += _without(part.lines, refused)
        found.cells += _without(part.rows, refused)
        found.layouts += _without(layouts, refused)
        found.metrics += _without(metrics, refused)
        found.values += _without(values, refused)
        found.statuses += map(status.standing, _without(verdicts, refused))
    return found


def _column(rows: Sequence[Sequence[str]], layouts: Sequence[Layout], name: _Name) -> list[str]:
    places = zip(rows, map(attrgetter(name), layouts), strict=True)
    return [row[i] if i is not None and i < len(row) else "" for row, i in places]


def _without(items: Sequence[_T], refused: Collection[int]) -> Sequence[_T]:
    return [item for i, item in enumerate(items) if i not in refused] if refused else items


def _later_layout(rows: Sequence[Sequence[str]], header: tuple[str, ...], first: Layout) -> Layout:
    same = None if first.metric is None else columns.find(header, first.columns[first.metric])
    return columns.lay_out(header, rows, same)


def _row(
    n: int, line: int, found: Sequence[str], layout: Layout, value: float | None, standing: Standing, segment: int
) -> Row:
    metric, verdict, description, commit, label, hypothesis, cost, duration = layout.pick((*found, *layout.blank))
    sha = cells.commit(commit)
    money, seconds = _amount(cost) if cost else None, _amount(duration) if duration else None
    more = {name: cell for i, name in layout.others if (cell := _cell(found, i))}
    if len(found) > len(layout.columns):
        description = found[-1] if cells.missing(description) else description
        _add(more, layout, ((i, found[i]) for i in range(len(layout.columns), len(found)) if i not in layout.placed))
    if (commit and not sha) or (cost and money is None) or (duration and seconds is None):
        unread = ((layout.commit, commit, sha), (layout.cost, cost, money), (layout.duration, duration, seconds))
        _add(more, layout, ((i, cell) for i, cell, read in unread if i is not None and read is None))
    return Row(
        n=n,
        line=line,
        label=label or str(n),
        commit=sha,
        value=value,
        raw_value=metric,
        status=standing,
        raw_status=verdict,
        description=description,
        extra=more,
        segment=segment,
        hypothesis=hypothesis,
        cost_usd=money,
        duration_s=seconds,
    )


def _cell(row: Sequence[str], i: int | None) -> str:
    """The cell of that index; empty where the row or the table has none."""
    return row[i] if i is not None and i < len(row) else ""


def _add(more: dict[str, str], layout: Layout, found: Iterable[tuple[int, str]]) -> None:
    for i, cell in found:
        if cell:
            more[columns.unshared(_cell(layout.columns, i), i, more)] = cell


def _amount(cell: str) -> float | None:
    """Dollars or seconds; None for an amount of anything else, which is shown as it is written."""
    reading = cells.number(cell.lstrip("$"))
    return reading.value if reading and reading.unit.lower() in _AMOUNTS else None


def _realigned(row: Sequence[str], layout: Layout) -> Layout:
    """For a row longer or shorter than the header: the verdict is where one stands, the text behind it."""
    at = layout.status
    if at is None or len(row) == len(layout.columns) or status.known(_cell(row, at)):
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


def _doubts(layout: Layout, rows: Rows, found: _Found) -> Iterator[str]:
    if layout.metric is None:
        yield "no column looks like a metric: name one with --metric"
    elif layout.rivals:
        rivals = ", ".join(layout.rivals)
        yield f"{layout.columns[layout.metric]} is taken for the metric, not {rivals}: choose with --metric"
    if layout.status is None:
        yield "no status column: nothing counts as kept, discarded or crashed"
    readings = {i: cells.number(found.metrics[i]) for i in found.odd}
    if strange := [i for i, reading in readings.items() if not reading and not cells.missing(found.metrics[i])]:
        yield f"not one number, read as not measured: {_cited(found, strange)}"
    if rough := [i for i in readings if found.metrics[i][:1] in _ROUGH and rows.values[i] is not None]:
        yield f"approximate numbers, taken at their word: {_cited(found, rough)}"
    units = list(dict.fromkeys(reading.unit for reading in readings.values() if reading and reading.unit))
    if len(units) > 1:
        yield f"the metric has different units, compared as plain numbers: {_listed(units)}"
    commits = found.column("commit")
    kept = {commit for commit, standing in zip(commits, rows.statuses, strict=True) if standing == "keep"}
    kept = {commit for commit in kept if cells.commit(commit)}
    told = (rows[i] for i, commit in enumerate(commits) if commit in kept)
    again = (row for row in told if row.status in ("discard", "crash"))
    if twice := [f"{row.commit} (line {row.line}: {row.raw_status})" for row in again]:
        yield f"commits with a keep and another verdict, counted as both: {_listed(twice)}"
    unclear = (rows[i].raw_status for i, standing in enumerate(rows.statuses) if standing == "other")
    others = Counter(filter(None, unclear))
    if others:
        named = _listed([f"{word} ({count})" for word, count in others.most_common()])
        yield f"neither kept nor discarded nor crashed, shown as other: {named}"


def _cited(found: _Found, rows: Sequence[int]) -> str:
    return _listed([f"line {found.lines[i]} {found.metrics[i]!r}" for i in rows])


def _listed(items: Sequence[str], most: int = 6) -> str:
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(cells.shorten(item, 40) for item in items[:most]) + more


def _spending(found: _Found) -> Spending:
    money = _total(found.column("cost"))
    return Spending(elapsed_s=_total(found.column("duration")), cost_usd=money)


def _total(amounts: Sequence[str]) -> float | None:
    known = [amount for amount in map(_amount, filter(None, amounts)) if amount is not None]
    return sum(known) if known else None
