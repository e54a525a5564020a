"""A results.tsv taken apart into header, rows, comments and prose, before its columns mean anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from autoresearch.report import cells, columns
from autoresearch.report.segments import marks_reset

_SETTING = re.compile(
    r"#+\s*(?P<name>metric|metric_name|metric_direction|direction|goal_direction)\s*[:=]\s*(?P<value>.+)"
)


@dataclass(frozen=True)
class Line:
    """One row's cells, and the header it stands under."""

    number: int
    cells: tuple[str, ...]
    header: tuple[str, ...] | None


@dataclass
class Table:
    """Filled line by line; every line ends up in exactly one of its fields or is named in a warning."""

    header: tuple[str, ...] | None = None
    """The first one."""
    body: list[Line] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)
    """`metric` and `direction`, where comment lines give them."""
    resets: list[int] = field(default_factory=list)
    """Lines between the rows that announce a new baseline."""
    warnings: list[str] = field(default_factory=list)

    def refuse(self, number: int, text: str) -> None:
        """Name a line that is no row."""
        self.warnings.append(f"unparsed line {number}: {cells.shorten(cells.clean(text), 60)}")
        if marks_reset(text):
            self.resets.append(number)


def is_comment(line: str) -> bool:
    """True for a line that speaks about the table; `#12<tab>…<tab>…` is a row, `# commit<tab>…` a header."""
    return line.lstrip().startswith("#") and len(split(line)) < 3


def split(line: str) -> tuple[str, ...]:
    """Cells of a line: at tabs, or where it has none at a literal `\\t`; quotes come off afterwards."""
    if "\t" not in line:
        line = line.replace("\\t", "\t")
    return tuple(cells.clean(cells.unquote(cell.strip())) for cell in line.split("\t"))


def take_apart(text: str) -> Table:
    """Sort the lines of a file; a line ends at `\\n` or `\\r\\n` and nowhere else."""
    table = Table()
    header: tuple[str, ...] | None = None
    rows = [(number, line, split(line)) for number, line in _lines(text)]
    for i, (number, line, row) in enumerate(rows):
        below = rows[i + 1][2] if i + 1 < len(rows) and table.header is None and not table.body else ()
        if is_comment(line):
            _comment(table, number, line)
        elif len(row) < 2:
            table.refuse(number, line)
        elif columns.is_header(row, below):
            header = _header(table, number, row)
        else:
            table.body.append(Line(number, row, header))
    return table


def _lines(text: str) -> list[tuple[int, str]]:
    lines = ((n, line.removesuffix("\r")) for n, line in enumerate(text.split("\n"), start=1))
    return [(n, line) for n, line in lines if line.strip()]


def _header(table: Table, number: int, row: Sequence[str]) -> tuple[str, ...]:
    names = (row[0].lstrip("# ") or row[0], *row[1:])
    if table.header is None:
        table.header = names
    else:
        table.warnings.append(f"line {number} is a header again: the rows below it are read by it")
    return names


def _comment(table: Table, number: int, line: str) -> None:
    if setting := _SETTING.match(line.strip()):
        key = "metric" if setting["name"] in ("metric", "metric_name") else "direction"
        table.comments[key] = cells.clean(setting["value"])
    elif marks_reset(line):
        table.resets.append(number)
