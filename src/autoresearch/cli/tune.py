"""`autoresearch tune`: a session of the offline tuner alone, or a look at what it would turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autoresearch.cli.flags import ProgramPath, with_settings
from autoresearch.cli.run import AsJson, DryRun, Tag, opened, start
from autoresearch.errors import ProposerError, SettingsError

if TYPE_CHECKING:
    from autoresearch.project import Project
    from autoresearch.propose.literals import Knob, Left

SHOWN = 60
"""Characters of a cell that are shown."""
WIDE = 400
"""Columns where nobody looks at a terminal: a row a line."""


@with_settings
def tune(
    program: ProgramPath = Path("program.md"),
    tag: Tag = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    listed: Annotated[
        bool, typer.Option("--list", help="List what would be tuned, and what is left alone and why, and stop.")
    ] = False,
    *,
    flags: dict[str, object],
) -> None:
    """Try other numbers in the target: a session as of `run`, without model, key or network."""
    model = flags.setdefault("model", "tune")
    if model != "tune":
        raise SettingsError(f"`autoresearch tune` is the offline tuner. For {model}: autoresearch run --model {model}.")
    if listed:
        with opened(program, tag, flags) as (project, _):
            show_knobs(project)
    else:
        start(program, tag, flags, as_json=as_json, dry_run=dry_run, command="tune")


def show_knobs(project: Project) -> None:
    """Print what the tuner finds in the targets. Raises ProposerError where it finds nothing to tune."""
    from autoresearch.equipment import make_elsewhere
    from autoresearch.propose.literals import line_of
    from autoresearch.propose.ranges import text
    from autoresearch.propose.scan import comment_mark
    from autoresearch.propose.survey import NO_KNOBS, source, survey

    files = {path: file.data.decode() for path, file in project.targets.items()}
    found = survey(files, make_elsewhere(project))

    def row(at: Knob | Left, *cells: str) -> tuple[str, ...]:
        return (f"{at.path}:{line_of(files[at.path], at)}", at.name, *cells)

    if found.knobs:
        rows = [
            row(knob, source(knob, files), text(knob.range), "annotated" if knob.annotated else "default")
            for knob in found.knobs
        ]
        show_table(("knob", "name", "value", "range", "range is"), rows)
    if found.left:
        print("\n" if found.knobs else "", end="")
        show_table(("left alone", "name", "value", "why"), [row(at, at.source, at.reason) for at in found.left])
        if marks := {mark for path in files if (mark := comment_mark(path))}:
            forms = " or ".join(f"`{mark} tune: LOW..HIGH`" for mark in sorted(marks))
            print(f"\nAn annotation has a literal tuned all the same, and those without one left alone: {forms}.")
    if not found.knobs:
        raise ProposerError(NO_KNOBS.format(paths=", ".join(files)))


def show_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: in a terminal as wide as that, elsewhere a row a line."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*head, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(_short(cell)) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDE)
    console.print(table)


def _short(cell: str) -> str:
    line = " ".join(cell.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
