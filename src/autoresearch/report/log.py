"""What any results file or journal says, in one shape: rows, segments, and what was spent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, overload

from autoresearch.model import Cause, Direction, Label, Rung

if TYPE_CHECKING:
    from autoresearch.edge.holder import State
    from autoresearch.report.evidence import Evidence
    from autoresearch.report.learnt import Learnt

Standing = Literal["baseline", "keep", "discard", "crash", "other"]
"""What became of a row; `other` is every status whose meaning is not certain."""


@dataclass(frozen=True)
class Run:
    """One run of the bench, from a journal."""

    arm: Literal["candidate", "incumbent"]
    value: float | None
    failure: str
    """Why there is no value; empty where there is one."""
    duration_s: float


@dataclass(frozen=True)
class Ran:
    """What was run for one experiment, from a journal."""

    runs: tuple[Run, ...] = ()
    """Of the latest candidate, and of the incumbent beside it, oldest first."""
    last_log: str = ""
    """The log of what the candidate said last, relative to the journal's folder; empty where there is none."""


@dataclass
class Row:
    """One row of a results file, or one experiment of a journal; never changed once it is made.

    Not frozen, as everything else is: that makes a row five times as dear, a second in 100,000.
    """

    n: int
    """1, 2, … over all rows of the log."""
    line: int
    """Line of the file; for a journal the number of the experiment."""
    label: str
    """What the file itself calls the row (its iteration, run, …), else `n`."""
    commit: str | None
    value: float | None
    """The metric in its own unit and sign; None where it was not measured."""
    raw_value: str
    """The metric's cell as written."""
    status: Standing
    raw_status: str
    description: str
    extra: Mapping[str, str] = field(default_factory=dict)
    """Every other cell, by column."""
    segment: int = 0
    reason: str = ""
    """Why the verdict fell, from a journal."""
    hypothesis: str = ""
    category: str = ""
    expected: float | None = None
    """Relative gain that the proposer predicted, positive when better."""
    by: str = ""
    """Who proposed it."""
    rung: Rung | None = None
    """How far off a plateau the session was."""
    cost_usd: float | None = None
    duration_s: float | None = None
    cause: Cause | None = None
    """What decided the verdict, from a journal."""
    sentinel: bool = False
    """True for an edit that does nothing, proposed by the harness; it counts nowhere but among its like."""
    change: float | None = None
    """Relative change over the incumbent where both ran side by side, positive when better."""
    low: float | None = None
    high: float | None = None
    """Ends of the interval of `change`, laid around `value`, the smaller number first; None for too few pairs."""
    confidence: float | None = None
    """How often such an interval covers the truth; None exactly when `low` is."""


class Rows(Sequence[Row]):
    """The rows of a log: three columns, and a Row of those that are looked at.

    Of a hundred thousand few are, and to make all, or to walk over them, takes longer than the rest of a report.
    """

    def __init__(
        self,
        values: Sequence[float | None],
        statuses: Sequence[Standing],
        segments: Sequence[int],
        make: Callable[[int, float | None, Standing, int], Row],
        labels: Callable[[], Sequence[str]],
    ) -> None:
        """`make` makes a Row of its index and what the columns say of it, `labels` the column of that name."""
        self.values, self.statuses, self.segments = values, statuses, segments
        self.labels = labels
        self._make = make
        self._made: dict[int, Row] = {}

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Rows:
        """Of rows that are there already."""
        rows = list(rows)

        def make(i: int, value: float | None, status: Standing, segment: int) -> Row:
            return replace(rows[i], value=value, status=status, segment=segment)

        columns = [row.value for row in rows], [row.status for row in rows], [row.segment for row in rows]
        made = cls(*columns, make, lambda: [row.label for row in rows])
        made._made = dict(enumerate(rows))
        return made

    def but(
        self,
        *,
        values: Sequence[float | None] | None = None,
        statuses: Sequence[Standing] | None = None,
        segments: Sequence[int] | None = None,
    ) -> Rows:
        """The same rows with other columns."""
        columns = values or self.values, statuses or self.statuses, segments or self.segments
        other = Rows(*columns, self._make, self.labels)
        other._made = {
            i: row for i, row in self._made.items() if other._says(i) == (row.value, row.status, row.segment)
        }
        return other

    def _says(self, i: int) -> tuple[float | None, Standing, int]:
        return self.values[i], self.statuses[i], self.segments[i]

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, i: int) -> Row: ...
    @overload
    def __getitem__(self, i: slice) -> list[Row]: ...
    def __getitem__(self, i: int | slice) -> Row | list[Row]:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        i = range(len(self))[i]
        if (row := self._made.get(i)) is None:
            row = self._made[i] = self._make(i, *self._says(i))
        return row


@dataclass(frozen=True)
class Segment:
    """A stretch of rows that share one baseline and so can be compared."""

    index: int
    line: int
    """Line of its first row."""
    metric: str
    direction: Direction | None
    why: str = ""
    """What began it; empty for the first."""


@dataclass(frozen=True)
class Spending:
    """What the log says was used up; None where it does not say."""

    elapsed_s: float | None = None
    cost_usd: float | None = None
    tokens: int | None = None
    unpriced: int = 0
    """Replies whose price is unknown; `cost_usd` leaves them out, and is None where there are no others."""


@dataclass(frozen=True)
class Session:
    """What only a journal knows."""

    tag: str
    model: str
    lives: int
    closed: str | None
    """Why the latest life ended in order; None while it runs, or when it was killed."""
    in_progress: int | None
    """Number of the experiment that has begun and not ended."""
    goes_on: str = ""
    """The command that goes on with it; empty where that is not known."""
    sandboxes: tuple[str, ...] = ()
    """What the runs of each life were shut in, oldest first: bubblewrap, landlock or none."""
    ended: str | None = None
    """When that was, ISO 8601; None exactly when `closed` is."""
    state: State | None = None
    """What it is in; None where the journal lies elsewhere than where it was written, so that nobody can tell."""


@dataclass(frozen=True)
class Log:
    """A whole results file or journal. `metric` and `direction` are those of the last segment."""

    title: str
    kind: Literal["tsv", "jsonl", "journal"]
    metric: str
    direction: Direction | None
    rows: Rows
    segments: tuple[Segment, ...]
    warnings: tuple[str, ...]
    columns: tuple[str, ...] = ()
    spent: Spending = Spending()
    session: Session | None = None
    evidence: Evidence | None = None
    """How far the session can be trusted, from a journal."""
    learnt: Learnt | None = None
    """What came of which kinds of ideas, from a journal."""
    label: Label | None = None
    """Who says the metric, from a journal; None where it is not known."""
    ran: Mapping[int, Ran] = field(default_factory=dict)
    """`Row.n` → what was run, from a journal."""
    trying: str = ""
    """What the experiment in progress changes; empty where there is none, or that is not known yet."""
