"""What an audit and an ablation show alike: lines or a bar on stderr while they run, tables and events on stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from autoresearch.audited import Plan
from autoresearch.cli.folded import folded
from autoresearch.decide.history import History
from autoresearch.decide.results import one_line
from autoresearch.display import say
from autoresearch.edge.lineage import Commit
from autoresearch.edge.pick import LeftOut, Picked
from autoresearch.edge.signals import StopSignal
from autoresearch.figures import number, plural
from autoresearch.news import STOPPING
from autoresearch.observer import Observer
from autoresearch.records import AnyRecord, Began, Settled

if TYPE_CHECKING:
    from rich.progress import Progress

ROOM = 70
"""Columns from which a table has room."""
WIDTH = 100
"""Columns of a table where there is no terminal to ask."""
LONGEST = 160
"""Characters of a description that are shown; a model may write a page."""


class Words(Protocol):
    """How one of them puts it."""

    def heading(self) -> Sequence[str]:
        """What begins, and what it will take."""

    def decided(self, history: History) -> str:
        """What was measured just now."""

    def in_hand(self, history: History) -> str:
        """What is being measured, for the bar."""

    def done(self, history: History) -> tuple[int, int]:
        """Experiments that are over, and that there are to be, as far as is known."""


@contextmanager
def watching(words: Words, stop: StopSignal, events: Events | None, *, is_empty: bool) -> Iterator[Observer]:
    """The events where they are asked for, a progress bar in a terminal, else a line an experiment.

    `is_empty`: there is nothing to measure.
    """
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if events:
        yield events
        return
    if is_empty or not console.is_terminal or console.is_dumb_terminal:
        yield Lines(words, stop)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(20), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bar(words, stop, progress)


class Lines(Observer):
    """A line for each experiment once it is decided."""

    def __init__(self, words: Words, stop: StopSignal) -> None:
        self._words, self._stop = words, stop
        self._said_stop = False

    def record(self, record: AnyRecord, history: History) -> None:
        """Say what begins, and what is decided."""
        if isinstance(record, Began):
            for line in self._words.heading():
                self.say(line)
            if history.experiments:
                done, total = self._words.done(history)
                self.say(f"it goes on after {done} of {plural(total, 'keep')}")
        elif isinstance(record, Settled):
            self.say(self._words.decided(history))

    def notice(self, text: str) -> None:
        """Pass a notice on."""
        self.say(f"note: {text}")

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """Nobody is asked here."""

    def tick(self) -> None:
        """Say once that a signal was heard."""
        if self._stop.asked and not self._said_stop:
            self._said_stop = True
            self.notice(STOPPING)

    def say(self, text: str) -> None:
        """One line of progress."""
        print(safe(text, sys.stderr.encoding), file=sys.stderr, flush=True)


class Bar(Lines):
    """The same lines above a progress bar, which says how the experiment in hand stands."""

    def __init__(self, words: Words, stop: StopSignal, progress: Progress) -> None:
        super().__init__(words, stop)
        self._progress = progress
        self._task = progress.add_task("preparing", total=None)

    def record(self, record: AnyRecord, history: History) -> None:
        """Move the bar."""
        super().record(record, history)
        done, total = self._words.done(history)
        self._progress.update(self._task, completed=done, total=total, description=self._words.in_hand(history))

    def say(self, text: str) -> None:
        """One line above the bar, which is gone in the end."""
        self._progress.console.print(safe(text, self._progress.console.encoding), markup=False)


class Events(Observer):
    """One JSON object a line on stdout."""

    def notice(self, text: str) -> None:
        """Pass a notice on."""
        event("notice", text=text)

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """Nobody is asked here."""

    def tick(self) -> None:
        """Nothing moves in a line that is written."""


def event(name: str, **values: object) -> None:
    """One object."""
    say(json.dumps({"event": name, **values}))


def applied(picked: Picked) -> None:
    """What became of `--apply`, as an event."""
    left_out = [{"commit": each.commit.id, "conflicts": list(each.files)} for each in picked.left_out]
    commits = [commit.id for commit in picked.commits]
    branch = picked.branch if picked.tip else None
    event("applied", branch=branch, commit=picked.tip, picked=commits, left_out=left_out)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], inks: Sequence[str], folds: Sequence[str]) -> None:
    """Rows of foreign texts, never read as markup; `inks` colours the last cell of each, `folds` are wide columns.

    Where a table has no room, each row is a block of lines.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    wide = os.environ.get("COLUMNS", "")
    width = None if sys.stdout.isatty() else max(int(wide), 40) if wide.isdecimal() else WIDTH
    console = Console(width=width, highlight=False)
    shown = [[safe(text, sys.stdout.encoding) for text in row] for row in rows]
    if console.width < ROOM:
        for row in shown:
            _block(columns, row)
        return
    made = Table(box=None, pad_edge=False, header_style="dim")
    for name in columns:
        if name in folds:
            made.add_column(name, overflow="fold", ratio=1)
        else:
            made.add_column(name, no_wrap=True)
    for (*first, last), ink in zip(shown, inks, strict=True):
        made.add_row(*map(Text, first), Text(last, style=ink))
    with console.capture() as drawn:
        console.print(made)
    for line in drawn.get().splitlines():
        say(line.rstrip())


def _block(columns: Sequence[str], row: Sequence[str]) -> None:
    """A row where a table has no room: its name and description, its figures, and its last cell."""
    name, text, *figures, last = row
    say(folded(f"{name} {text}"))
    if figures:
        said = zip(columns[2:], figures, strict=False)
        say(folded("  " + ", ".join(f"{column} {cell}" for column, cell in said)))
    say(folded(f"  {last}"))


def tell(lines: Sequence[str]) -> None:
    """Lines of the result."""
    for line in lines:
        say(folded(safe(line, sys.stdout.encoding)))


def started(plan: Plan, history: History, where: str) -> str:
    """What the place that it begins at measured: `base a1b2c3d: score 10, always the same`."""
    how = "always the same" if history.yardstick.exact else "never quite the same, so in pairs"
    return f"{where}: {plan.project.settings.metric.name} {number(history.experiments[-1].value)}, {how}"


def stopped(plan: Plan, reason: str | None, done: int) -> str:
    """That it can go on."""
    return f"{reason} after {done} of {plural(len(plan.keeps), 'keep')}; the same command goes on"


def wrote(plan: Plan, picked: Picked) -> str:
    """What `--apply` made."""
    assert picked.tip
    made = plural(len(picked.commits), "commit")
    return (
        f"wrote {picked.branch} at {picked.tip[:7]}: {made} on {plan.project.base[:7]}, of each only what it changes "
        f"in {', '.join(plan.paths)}"
    )


def description(commit: Commit) -> str:
    """What a commit says of itself, not longer than is good for a table."""
    text = one_line(commit.subject)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def unmeasured(commits: Sequence[Commit], what: str) -> list[str]:
    """What commits change besides the targets, which an audit or an ablation leaves as at the base."""
    return [
        f"{commit.short} also changes {_some(commit.others)}, which the {what} left as at the base"
        for commit in commits
        if commit.targets and commit.others
    ]


def not_picked(left_out: Sequence[LeftOut]) -> list[str]:
    """Commits that `--apply` could not take, and why."""
    return [f"{each.commit.short} is left out: {_why(each)}" for each in left_out]


def safe(text: str, encoding: str | None) -> str:
    """The text with question marks for what cannot be shown: undecodable subjects, arrows on old terminals."""
    return text.encode(encoding or "utf-8", "replace").decode(encoding or "utf-8")


def _why(left_out: LeftOut) -> str:
    if not left_out.files:
        return "what it changes is there already"
    return f"it conflicts in {', '.join(left_out.files)} with what came before it"


def _some(paths: tuple[str, ...]) -> str:
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    return ", ".join(paths[:5]) + more
