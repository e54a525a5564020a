"""The table of all experiments, each with a part that can be opened: runs, diff, log, and what was expected of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from autoresearch.figures import number, percent, plural
from autoresearch.model import Direction
from autoresearch.report import patch
from autoresearch.report.cells import shorten
from autoresearch.report.exhibit import Exhibit, in_order
from autoresearch.report.log import Log, Ran, Row, Run
from autoresearch.report.phrases import dollars, duration, edit, verdict
from autoresearch.report.standing import changes

COLUMNS = 4
"""So many of the bench's other numbers have a column."""
MANY = 500
"""More rows than this are slow to lay out at once."""
RUNS = 100
"""So many runs of one experiment are listed."""
CELL = 400
"""Characters of another cell of a foreign file that are shown."""


@dataclass(frozen=True)
class Table:
    """What the table is made of."""

    log: Log
    exhibits: Mapping[int, Exhibit]

    def rows(self, budget: int) -> Iterator[str]:
        """The whole table, in pieces. Parts are made while they fit into `budget` characters."""
        log, moved = self.log, changes(self.log)
        parts = self._parts(budget, moved)
        left_out = sum(1 for row in log.rows if row.n not in parts and self._has_more(row))
        yield from self._head()
        for row in log.rows:
            yield self._row(row, moved.get(row.n), parts.get(row.n))
        yield "</table></div>"
        if left_out:
            how = "autoresearch show N shows any" if log.session else "the file has them"
            what = f"the details of {plural(left_out, 'experiment')}"
            yield f"<p class=why>To keep the page small, {what} are left out; {how}.</p>"

    def _head(self) -> Iterator[str]:
        names = [("i n", "#"), ("n", self.log.metric), ("", "status"), ("n", "change")]
        names += [("n f", column) for column in self._columns]
        names += [("n f", title) for title, there in (("time", self._has_times), ("cost", self._has_costs)) if there]
        many = " many" if len(self.log.rows) > MANY else ""
        yield f'<div class="wide"><table id="experiments" class="cards{many}"><thead><tr>'
        yield from (f'<th class="{kind}">{escape(name)}</th>' for kind, name in [*names, ("f", "commit"), ("", "edit")])
        yield "</tr></thead>"

    def _row(self, row: Row, change: float | None, part: str | None) -> str:
        cells = list(self._cells(row, change))
        kind = "sentinel" if row.sentinel else row.status
        return (
            f'<tbody id="experiment-{row.n}" data-s="{kind}"{" class=has" if part else ""}>'
            f'<tr class="row">{"".join(cells)}</tr>'
            + (f'<tr class="part"><td colspan="{len(cells)}">{part}</td></tr>' if part else "")
            + "</tbody>"
        )

    def _cells(self, row: Row, change: float | None) -> Iterator[str]:
        value = escape(number(row.value, 8) if row.value is not None else row.raw_value or "-")
        why = f'<div class="why">{escape(row.reason)}</div>' if row.reason and row.reason != row.description else ""
        yield f'<td class="i n"><a href="#experiment-{row.n}">{escape(row.label)}</a></td>'
        yield f'<td class="v n{"" if row.value is not None else " none"}">{value}</td>'
        yield f'<td class="s {row.status}">{escape(verdict(row))}</td>'
        own = change if change is None or self.log.direction is Direction.HIGHER else -change
        yield _number("g n", own, percent(change, self.log.direction))
        for column in self._columns:
            yield f'<td class="n f">{escape(row.extra.get(column, ""))}</td>'
        if self._has_times:
            yield _number("n f", row.duration_s, "" if row.duration_s is None else duration(row.duration_s))
        if self._has_costs:
            yield _number("n f", row.cost_usd, "" if row.cost_usd is None else dollars(row.cost_usd))
        yield f'<td class="f"><code>{escape((row.commit or "")[:7])}</code></td>'
        yield f'<td class="e">{escape(edit(row))}{why}</td>'

    def _parts(self, budget: int, moved: Mapping[int, float]) -> dict[int, str]:
        """`Row.n` → its part, of those that people look at first as many as fit."""
        parts = {}
        for row in in_order(self.log.rows):
            if self._has_more(row):
                part = "".join(self._part(row, moved.get(row.n)))
                budget -= len(part)
                if budget < 0:
                    break
                parts[row.n] = part
        return parts

    def _has_more(self, row: Row) -> bool:
        return bool(
            row.hypothesis or self._ran(row) or row.expected is not None or row.n in self.exhibits or self._others(row)
        )

    def _part(self, row: Row, change: float | None) -> Iterator[str]:
        found = self.exhibits.get(row.n, Exhibit())
        yield "<details><summary>details</summary><dl>"
        for name, said in self._told(row, change, found):
            yield f"<dt>{escape(name)}</dt><dd>{said}</dd>"
        yield "</dl>"
        if runs := self._ran(row):
            yield from self._runs(runs)
        if found.diff:
            yield f"<h3>diff</h3>{patch.coloured(found.diff)}"
            if found.diff_cut:
                rest = f"{plural(found.diff_cut, 'more line')}: <code>git show {escape(found.code)}</code>"
                yield f"<p class=why>{rest}</p>"
        if found.log:
            yield f"<h3>end of the log</h3>{patch.plain(found.log)}"
        yield "</details>"

    def _told(self, row: Row, change: float | None, found: Exhibit) -> Iterator[tuple[str, str]]:
        """(Name, HTML) of what is said of an experiment in a line each."""
        direction = self.log.direction
        if row.hypothesis:
            yield "hypothesis", escape(row.hypothesis)
        if row.expected is not None:
            measured = percent(change, direction) if change is not None else "nothing"
            yield "outcome", escape(f"expected {percent(row.expected, direction)}, measured {measured}")
        elif row.hypothesis and change is not None:
            yield "outcome", escape(f"measured {percent(change, direction)}")
        if row.reason:
            yield "verdict", escape(f"{verdict(row)}: {row.reason}")
        by = ", ".join(text for text in (row.category, f"by {row.by}" if row.by else "") if text)
        if by:
            yield "idea", escape(by)
        spent = [] if row.duration_s is None else [duration(row.duration_s)]
        spent += [] if not row.cost_usd else [dollars(row.cost_usd)]
        if spent:
            yield "cost", escape(", ".join(spent))
        for name, cell in self._others(row).items():
            yield name, escape(shorten(cell, CELL))
        if found.code:
            yield "its code", f"<code>git switch --detach {escape(found.code)}</code>"

    def _runs(self, runs: Sequence[Run]) -> Iterator[str]:
        yield "<h3>runs</h3><table><tr><th>arm<th class=n>" + escape(self.log.metric) + "<th class=n>seconds<th></tr>"
        for run in runs[:RUNS]:
            said = "-" if run.value is None else number(run.value, 8)
            took = f"{run.duration_s:,.1f}"
            yield f'<tr><td>{run.arm}<td class="n">{said}<td class="n">{took}<td>{escape(run.failure)}</tr>'
        yield "</table>"
        if len(runs) > RUNS:
            yield f"<p class=why>and {len(runs) - RUNS} more</p>"

    def _ran(self, row: Row) -> Sequence[Run]:
        return self.log.ran.get(row.n, Ran()).runs

    def _others(self, row: Row) -> dict[str, str]:
        """Cells that have no column of their own."""
        return {name: cell for name, cell in row.extra.items() if name not in self._columns}

    @property
    def _columns(self) -> tuple[str, ...]:
        return self.log.columns[:COLUMNS] if self.log.kind == "journal" else ()

    @property
    def _has_times(self) -> bool:
        return self.log.kind == "journal"

    @property
    def _has_costs(self) -> bool:
        return bool(self.log.spent.cost_usd)


def _number(kind: str, value: float | None, shown: str) -> str:
    """A cell with the number that it is sorted by."""
    by = "" if value is None else f' data-v="{value:.6g}"'
    return f'<td class="{kind}"{by}>{escape(shown)}</td>'
