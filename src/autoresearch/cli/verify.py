"""`autoresearch verify`: what a session gained, measured anew."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autoresearch.cli.flags import ProgramPath, at_home
from autoresearch.errors import INTERRUPTED, SettingsError

if TYPE_CHECKING:
    from rich.progress import Progress

    from autoresearch.decide.history import History
    from autoresearch.edge.signals import StopSignal
    from autoresearch.observer import Observer
    from autoresearch.records import AnyRecord

PAIRS = 6
"""The fewest that give an interval: from the worst to the best pair it holds with 96.9 %."""


def verify(
    tag: Annotated[
        str | None, typer.Argument(metavar="[TAG]", help="The session; the default is the newest of this repository.")
    ] = None,
    program: ProgramPath = Path("program.md"),
    pairs: Annotated[int, typer.Option(min=PAIRS, max=200, help="Pairs to run: baseline and head in each.")] = PAIRS,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line on stdout.")] = False,
) -> None:
    """Measure a session's head against its baseline in fresh coin-flip pairs: the only number to call a gain."""
    from autoresearch import resume
    from autoresearch.arms import Stopped
    from autoresearch.decide.recover import fold
    from autoresearch.edge.folder import SessionFolder
    from autoresearch.edge.journal import read
    from autoresearch.edge.signals import StopSignal
    from autoresearch.heartbeat import Heartbeat
    from autoresearch.live_page import renew
    from autoresearch.observer import Observers
    from autoresearch.project import examine
    from autoresearch.report.source import find
    from autoresearch.verify import verify as measure

    try:
        journal = find(tag)
    except SettingsError as error:
        sentence = str(error).rstrip(".")
        raise SettingsError(f"{sentence}. To measure the branch of another tool: autoresearch audit BRANCH") from None
    known = fold(read(journal)) if journal.name == "journal.jsonl" else None
    opened = known.opened if known else None
    if known is None or opened is None:
        raise SettingsError(f"{journal} is not a session's journal. Name a session's tag; `audit` takes any branch.")
    project = examine(at_home(program, opened.tag), resume.as_begun(opened, known.began), os.environ)
    try:
        project = resume.at_base(project, opened.tag)
        stop, folder = StopSignal(), SessionFolder(project.repository.common_dir, opened.tag)
        with stop.handling(), _watching(opened.tag, pairs, stop, as_json=as_json) as view:
            observer = Observers((view, Heartbeat(folder.path, view, stop)))
            measure(project, opened.tag, pairs, stop, observer)
        trouble = renew(project, opened.tag, known.began)
    except Stopped as stopped:
        print(f"{stopped}: the same command goes on with the pairs measured so far", file=sys.stderr)
        sys.exit(INTERRUPTED)
    finally:
        project.repository.close()
    _say(journal, as_json=as_json)
    if trouble:
        print(f"note: {trouble}", file=sys.stderr)


@contextmanager
def _watching(tag: str, pairs: int, stop: StopSignal, *, as_json: bool) -> Iterator[Observer]:
    """A progress bar in a terminal, else a line a pair."""
    if as_json or not sys.stdout.isatty():
        yield Lines(as_json=as_json)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs"),
        TimeElapsedColumn(),
        TextColumn("about"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(highlight=False)) as progress:
        yield Bar(progress, tag, pairs, stop)


class Bar:
    """The progress bar: a run is a step."""

    def __init__(self, progress: Progress, tag: str, pairs: int, stop: StopSignal) -> None:
        self._progress, self._stop = progress, stop
        self._task = progress.add_task(f"verifying {tag}", total=2 * pairs)

    def record(self, record: AnyRecord, history: History) -> None:
        """Count what is measured, also by an earlier call."""
        from autoresearch.decide.rounds import rounds

        if history.verification:
            total = 2 * history.verification.asked.pairs
            drawn = len(rounds(history.verification.measured).drawn)
            self._progress.update(self._task, completed=drawn, total=total)

    def notice(self, text: str) -> None:
        """Say something above the bar."""
        self._progress.console.print(text, markup=False)

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """Nobody is asked here."""

    def tick(self) -> None:
        """Say that a signal was heard."""
        if self._stop.asked:
            self._progress.update(self._task, description="stopping after this run")


class Lines:
    """A line a pair, for pipes and programs."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._said = 0

    def record(self, record: AnyRecord, history: History) -> None:
        """Say each pair once."""
        from autoresearch.decide.rounds import rounds
        from autoresearch.records import Verifying

        if history.verification is None:
            return
        done, total = rounds(history.verification.measured).pairs, history.verification.asked.pairs
        if isinstance(record, Verifying):
            self._said = len(done)
        for number, (baseline, head) in list(enumerate(done, start=1))[self._said :]:
            self._said = number
            if self._as_json:
                print(json.dumps({"event": "pair", "n": number, "baseline": baseline, "head": head}), flush=True)
            else:
                print(f"pair {number} of {total}: baseline {baseline:g}, head {head:g}", flush=True)

    def notice(self, text: str) -> None:
        """Pass a notice on."""
        print(f"note: {text}", file=sys.stderr, flush=True)

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """Nobody is asked here."""

    def tick(self) -> None:
        """Nothing moves in a line that is written."""


def _say(journal: Path, *, as_json: bool) -> None:
    """The result as the report has it."""
    from autoresearch.cli.folded import folded
    from autoresearch.cli.onward import onward
    from autoresearch.decide.recover import fold
    from autoresearch.edge.journal import read
    from autoresearch.report.certainty import verification
    from autoresearch.report.evidence import gather
    from autoresearch.report.export import outcome

    history = fold(read(journal))
    assert history.opened is not None
    found = gather(history, history.opened.direction)
    if as_json:
        print(json.dumps({"event": "verified", **(outcome(found.verified) or {})}), flush=True)
    else:
        print(folded(verification(found) or "nothing is verified"), flush=True)
        for line in onward(journal, "finalize", "audit", "verify"):
            print(folded(line), flush=True)
