"""Which column of a table is what, by name, and by content where there is no header."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from operator import itemgetter

from autoresearch.report import cells, names, status

Body = Sequence[Sequence[str]]
_LONGEST_NAME = 2 * max(map(len, names.KNOWN))
"""No name that tables have is longer, however it is spaced."""


@dataclass(frozen=True)
class Layout:
    """Indexes into the cells of a row; None where the table has no such column."""

    columns: tuple[str, ...]
    metric: int | None
    status: int | None
    description: int | None
    commit: int | None = None
    label: int | None = None
    hypothesis: int | None = None
    cost: int | None = None
    duration: int | None = None
    rivals: tuple[str, ...] = ()
    """Columns that could as well be the metric."""

    @cached_property
    def placed(self) -> frozenset[int | None]:
        """The columns that have a place of their own in a Row."""
        said = [self.metric, self.status, self.description, self.commit, self.label, self.hypothesis]
        return frozenset([*said, self.cost, self.duration])

    @cached_property
    def others(self) -> tuple[tuple[int, str], ...]:
        """The columns without one, each with a name that no other has."""
        found: dict[str, int] = {}
        for i, own in enumerate(self.columns):
            if i not in self.placed:
                found[unshared(own, i, found)] = i
        return tuple((i, name) for name, i in found.items())

    @cached_property
    def pick(self) -> Callable[[Sequence[str]], tuple[str, ...]]:
        """A row's cells of metric, status, description, commit, label, hypothesis, cost and duration.

        The row ends with as many empty cells as there are columns, and one: that is what absent columns read.
        """
        places = [self.metric, self.status, self.description, self.commit]
        places += [self.label, self.hypothesis, self.cost, self.duration]
        return itemgetter(*(-1 if i is None else i for i in places))

    @cached_property
    def blank(self) -> tuple[str, ...]:
        """The empty cells that `pick` wants behind a row."""
        return ("",) * (len(self.columns) + 1)


def unshared(name: str, i: int, taken: Container[str]) -> str:
    """What to call the column of that index: its number where it has no name, or another has the same."""
    name = name or f"column {i + 1}"
    while name in taken:
        name += f" (column {i + 1})"
    return name


def is_header(row: Sequence[str], below: Sequence[str] = ()) -> bool:
    """True for a row of names: no number, and names that tables of this kind have, or numbers right below."""
    known = sum(len(cell) <= _LONGEST_NAME and names.plain(cell) in names.KNOWN for cell in row)
    if known < 2 and not below:
        return False
    filled = [cell for cell in row if cell]
    if len(filled) < 2 or any(cells.number(cell) for cell in filled):
        return False
    if known >= 2:
        return True
    if any(status.standing(cell) in ("discard", "crash") for cell in filled):
        return False
    identifiers = all(re.fullmatch(r"[\w .%/()#-]{1,40}", cell) for cell in filled)
    return identifiers and any(cells.number(cell) for cell in below)


def invent(body: Body) -> tuple[str, ...]:
    """Column names for a table without a header, from what its cells look like."""
    width = max((len(row) for row in body), default=0)
    invented = [f"column {i + 1}" for i in range(width)]
    free = list(range(width))

    def claim(name: str, found: Iterable[int]) -> None:
        for i in list(found)[:1]:
            invented[i] = name
            free.remove(i)

    by_status = sorted(free, key=lambda i: -_share(body, i, status.known))
    claim("status", [i for i in by_status if _share(body, i, status.known) >= 0.3])
    claim("commit", [i for i in free if _share(body, i, _hashlike) >= 0.5])
    claim("iteration", [i for i in free if _counts(body, i)])
    claim("timestamp", [i for i in free if _share(body, i, _timelike) >= 0.5])
    numeric = [i for i in free if _share(body, i, cells.number) >= 0.5]
    claim("metric", numeric)
    texts = [i for i in free if i not in numeric]
    claim("description", sorted(texts, key=lambda i: -sum(len(cell) for cell in _column(body, i))))
    return tuple(invented)


def lay_out(columns: tuple[str, ...], body: Body, metric: int | None) -> Layout:
    """Find every column by name; `metric` is its index where that is settled already."""
    plain = [names.plain(name) for name in columns]
    verdicts = _status_column(plain, body)
    taken = {verdicts, metric}
    candidates = [] if metric is not None else _metric_candidates(columns, plain, body, taken)
    chosen = metric if metric is not None else next(iter(candidates), None)
    taken.add(chosen)
    description = _first(plain, [n for n in names.DESCRIPTION if n not in names.LABEL], taken)
    if description is None:
        description = _first(plain, names.DESCRIPTION, taken)
    taken.add(description)
    label = _first(plain, names.LABEL, taken)
    if label is not None and _share(body, label, lambda cell: len(cell) <= 16) < 0.9:
        label = None
    return Layout(
        columns=columns,
        metric=chosen,
        status=verdicts,
        description=description,
        commit=_first(plain, names.COMMIT, taken),
        label=label,
        hypothesis=_first(plain, ["hypothesis"], taken),
        cost=_first(plain, ["cost_usd"], taken),
        duration=_first(plain, names.DURATION, taken),
        rivals=() if chosen is None else _rivals(columns, plain, chosen, candidates),
    )


def find(columns: Sequence[str], name: str) -> int | None:
    """The column of that name, whatever its case."""
    return _first([names.plain(column) for column in columns], [names.plain(name)], set())


def _first(plain: Sequence[str], names: Iterable[str], taken: set[int | None]) -> int | None:
    found = ((i for i, column in enumerate(plain) if column == name and i not in taken) for name in names)
    return next((i for indexes in found for i in indexes), None)


def _status_column(plain: Sequence[str], body: Body) -> int | None:
    if "status" in plain:
        return plain.index("status")
    shares = {i: _share(body, i, status.known) for i in range(len(plain))}
    named = (plain.index(name) for name in names.STATUS if name in plain)
    by_content = sorted(shares, key=lambda i: -shares[i])
    return next((i for i in [*named, *by_content] if shares[i] >= 0.3 or not body), None)


def _metric_candidates(columns: Sequence[str], plain: Sequence[str], body: Body, taken: set[int | None]) -> list[int]:
    fitting = [
        i
        for i, name in enumerate(plain)
        if i not in taken and name not in names.NEVER_METRIC and (not body or _share(body, i, cells.number) >= 0.5)
    ]
    usual = [i for i in fitting if plain[i] in names.METRIC]
    likely = [i for i in fitting if not names.SELDOM_METRIC & set(names.words(columns[i]))]
    return list(dict.fromkeys([*usual, *likely, *fitting]))


def _rivals(columns: Sequence[str], plain: Sequence[str], chosen: int, candidates: list[int]) -> tuple[str, ...]:
    if plain[chosen] in names.METRIC:
        return ()
    kind = names.words(columns[chosen])[-1:]
    return tuple(columns[i] for i in candidates if i != chosen and names.words(columns[i])[-1:] == kind)


def _column(body: Body, i: int) -> list[str]:
    return [row[i] for row in body if i < len(row)]


def _share(body: Body, i: int, test: Callable[[str], object]) -> float:
    filled = [cell for cell in _column(body, i) if not cells.missing(cell) or status.known(cell)]
    return sum(bool(test(cell)) for cell in filled) / len(filled) if filled else 0.0


def _hashlike(cell: str) -> bool:
    return cells.commit(cell) is not None and len(cell) >= 7 and not cell.isdecimal()


def _timelike(cell: str) -> bool:
    return re.match(r"\d{4}-\d\d-\d\d", cell) is not None


def _counts(body: Body, i: int) -> bool:
    column = _column(body, i)
    if len(column) < 2 or not all(cell.isdecimal() for cell in column):
        return False
    numbers = [int(cell[:18]) for cell in column]
    return numbers[0] <= 1 and all(b - a in (0, 1) for a, b in pairwise(numbers))
