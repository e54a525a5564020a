"""A results.tsv taken apart into header, rows, comments and prose, before its columns mean anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from autoresearch.report import cells, columns
from autoresearch.report.segments import marks_reset

_SETTING = re.compile(
    r"#+\s*(?P<name>metric|metric_name|metric_direction|direction|goal_direction)\s*[:=]\s*(?P<value>.+)"
)


@dataclass
class Part:
    """Rows under one header, line by line."""

    header: tuple[str, ...] | None
    lines: list[int] = field(default_factory=list)
    """Their numbers in the file."""
    rows: list[Sequence[str]] = field(default_factory=list)
    """Their cells."""


@dataclass
class Table:
    """Filled line by line; every line ends up in exactly one of its fields or is named in a warning."""

    header: tuple[str, ...] | None = None
    """The first one."""
    parts: list[Part] = field(default_factory=list)
    """The rows in their order; each header begins a new part."""
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


def split(line: str, *, printable: bool = False) -> Sequence[str]:
    """Cells of a line: at tabs, or where it has none at a literal `\\t`; quotes come off afterwards.

    `printable` says that all but the tabs is known to be.
    """
    if "\t" not in line:
        line = line.replace("\\t", "\t")
    if '"' not in line and " \t" not in line and "\t " not in line and (printable or cells.are_printable(line)):
        return line.strip(" ").split("\t")
    return [cells.clean(cells.unquote(cell.strip())) for cell in line.split("\t")]


def take_apart(text: str) -> Table:
    """Sort the lines of a file; a line ends at `\\n` or `\\r\\n` and nowhere else."""
    table = Table()
    part = Part(None)
    numeric = 0
    text = text.replace("\r\n", "\n").removesuffix("\r")
    printable = cells.are_printable(text)
    lines = text.split("\n")
    for number, line in _spoken(lines):
        if "#" in line and is_comment(line):
            _comment(table, number, line)
            continue
        row = split(line, printable=printable)
        if len(row) < 2:
            table.refuse(number, line)
            continue
        # No header has a number, and a row mostly has one where the row above it had.
        if not (numeric < len(row) and cells.is_number(row[numeric])):
            if columns.is_header(row, () if table.header or table.parts else _below(lines, number)):
                header = _header(table, number, row)
                part = part if header == part.header else Part(header)
                continue
            numeric = next((i for i, cell in enumerate(row) if cells.is_number(cell)), numeric)
        if not part.rows:
            table.parts.append(part)
        part.lines.append(number)
        part.rows.append(row)
    return table


def _spoken(lines: Sequence[str], after: int = 0) -> Iterator[tuple[int, str]]:
    """Number and text of the lines behind the first `after` that are not blank."""
    for number, line in enumerate(islice(lines, after, None), start=after + 1):
        if line and not line.isspace():
            yield number, line


def _below(lines: Sequence[str], number: int) -> Sequence[str]:
    return next((split(line) for _, line in _spoken(lines, number)), ())


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
