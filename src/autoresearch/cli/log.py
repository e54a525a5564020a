"""`autoresearch log`: the history of a session, or of any results file, as a table."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from autoresearch.model import Direction

if TYPE_CHECKING:
    from rich.console import Console

    from autoresearch.report.listing import Line


class Standing(StrEnum):
    """What became of a row."""

    BASELINE = "baseline"
    KEEP = "keep"
    DISCARD = "discard"
    CRASH = "crash"
    OTHER = "other"


def log(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="SOURCE",
            help="A session's tag, a results.tsv, a pi-autoresearch .jsonl or a journal. "
            "The default is the newest session of this repository, else ./results.tsv.",
        ),
    ] = None,
    last: Annotated[
        int | None, typer.Option("-n", "--last", metavar="K", min=1, help="Only the last K of what is listed.")
    ] = None,
    status: Annotated[
        list[Standing] | None, typer.Option("--status", help="Only rows of this status; may be given several times.")
    ] = None,
    metric: Annotated[str | None, typer.Option(metavar="NAME", help="The column that is the metric.")] = None,
    direction: Annotated[Direction | None, typer.Option(help="Which way the metric is better.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a row on stdout.")] = False,
) -> None:
    """List the experiments, the oldest first."""
    from autoresearch.report.export import as_row
    from autoresearch.report.listing import lines
    from autoresearch.report.read import read
    from autoresearch.report.source import find

    found = read(find(source), metric=metric, direction=direction)
    rows = [row for row in found.rows if not status or row.status in status]
    rows = rows[-last:] if last else rows
    if as_json:
        for row in rows:
            print(json.dumps(as_row(row), allow_nan=False))
        return
    for warning in found.warnings:
        print(f"note: {warning}", file=sys.stderr)
    if not rows:
        print(f"note: {found.title}: no row to list", file=sys.stderr)
        return
    from autoresearch.cli.paper import paper

    _print(found.metric, lines(found, rows), paper())


def _print(metric: str, listed: Sequence[Line], console: Console) -> None:
    """Whole lines for a program; in a terminal each is cut to its width. Rich's own tables take long for long ones."""
    from rich.cells import cell_len, set_cell_size
    from rich.color import ColorSystem
    from rich.style import Style

    from autoresearch.report.listing import INK, cells, columns

    plain = console.color_system is None or console.no_color
    ink = None if plain else ColorSystem.STANDARD
    width = console.width if console.is_terminal else None
    sizes = columns(metric, listed, width)
    room = None if width is None else max(1, width - sum(size + 2 for size in sizes.values()))
    head = [name.rjust(size) if name in ("#", metric) else name.ljust(size) for name, size in sizes.items()]
    dim = Style(dim=True)
    print(dim.render("  ".join([*head, "description"]), color_system=ink))
    for line in listed:
        style = Style.parse(INK.get(line.row.status, ""))
        shown = [
            style.render(text, color_system=ink) if name == "status" else text
            for name, text in cells(line, sizes, metric)
        ]
        fits = room is None or cell_len(line.what) <= room
        what = line.what if fits or room is None else set_cell_size(line.what, room - 1).rstrip() + "…"
        print("  ".join([*shown, what]).rstrip())
