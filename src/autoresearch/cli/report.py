"""`autoresearch report`: a session, or any results file, for people and programs."""

from __future__ import annotations

import gc
import os
import sys
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autoresearch.errors import SettingsError
from autoresearch.model import Direction

if TYPE_CHECKING:
    from autoresearch.report.log import Log
    from autoresearch.report.summary import Summary


class Format(StrEnum):
    """What a report can be written as."""

    TEXT = "text"
    JSON = "json"
    MD = "md"
    HTML = "html"
    PNG = "png"
    SVG = "svg"


class Export(StrEnum):
    """What flat rows can be written as."""

    CSV = "csv"
    JSONL = "jsonl"


def report(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[SOURCE]",
            help="A session's tag, a results.tsv, a pi-autoresearch .jsonl or a journal. "
            "The default is the newest session of this repository, else ./results.tsv.",
        ),
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="What to write; the default is what -o's name says, else text."),
    ] = None,
    export: Annotated[
        Export | None,
        typer.Option("--export", help="Write one flat row an experiment instead, for wandb, mlflow and such."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of stdout.")
    ] = None,
    metric: Annotated[str | None, typer.Option(metavar="NAME", help="The column that is the metric.")] = None,
    direction: Annotated[Direction | None, typer.Option(help="Which way the metric is better.")] = None,
) -> None:
    """Say what a session, or any results.tsv, came to."""
    from autoresearch.report.read import read
    from autoresearch.report.source import find
    from autoresearch.report.summary import summarise

    kind = _kind(form, export, output)
    # A large table becomes a million objects, none of which is ever garbage: looking for it takes half a second.
    gc.disable()
    path = find(source)
    if output is None and kind is Format.PNG and sys.stdout.isatty():
        raise SettingsError("a PNG is no text for a terminal. Give a file: --format png -o report.png")
    if output is not None and output.exists() and output.samefile(path):
        raise SettingsError(f"{output} is the file that the report reads. Give -o another name.")
    log = read(path, metric=metric, direction=direction)
    summary = summarise(log)
    if kind is Format.TEXT and output is None:
        _print(log, summary)
    elif output is None:
        _to_stdout(_document(kind, path, log, summary))
    else:
        _to_file(output, _document(kind, path, log, summary))


def _kind(form: Format | None, export: Export | None, output: Path | None) -> Format | Export:
    """What to write: as told, else as the file's name says, else text."""
    if form is not None and export is not None:
        raise SettingsError(
            f"--format {form} writes a report and --export {export} a row an experiment. Give one of them at a time."
        )
    named = output.suffix.lower().removeprefix(".") if output else ""
    by_name = next((kind for kind in (*Format, *Export) if kind == named), None)
    return form or export or by_name or Format.TEXT


def _print(log: Log, summary: Summary) -> None:
    from rich.console import Console

    from autoresearch.report.terminal import WIDTH, as_text, show

    # A terminal that cannot show an arrow gets a question mark, not a traceback.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    if sys.stdout.isatty():
        show(log, summary, Console(), chart=True)
    else:
        columns = os.environ.get("COLUMNS", "")
        width = max(int(columns), 20) if columns.isdecimal() else WIDTH
        sys.stdout.write(as_text(log, summary, width=width, chart=False))
        sys.stdout.flush()


def _document(form: Format | Export, path: Path, log: Log, summary: Summary) -> bytes:
    """The report on a file in one piece. Each format loads only what it needs."""
    match form:
        case Format.TEXT:
            from autoresearch.report.terminal import as_text

            return as_text(log, summary).encode()
        case Format.JSON:
            from autoresearch.report.export import to_json

            return to_json(log, summary).encode()
        case Format.MD:
            from autoresearch.report.markdown import markdown

            return markdown(log, summary).encode()
        case Format.HTML:
            from autoresearch.edge.webpage import seal
            from autoresearch.exhibits import gather
            from autoresearch.report.html import page

            return seal(page(log, summary, gather(path, log)))
        case Format.PNG:
            from autoresearch.report.chart import png

            return png(log, summary)
        case Format.SVG:
            from autoresearch.report.chart import svg

            return svg(log, summary).encode()
        case Export.CSV:
            from autoresearch.report.rows import to_csv

            return to_csv(log).encode()
        case Export.JSONL:
            from autoresearch.report.rows import to_jsonl

            return to_jsonl(log).encode()


def _to_stdout(document: bytes) -> None:
    sys.stdout.buffer.write(document)
    sys.stdout.buffer.flush()


def _to_file(output: Path, document: bytes) -> None:
    """Whole or not at all: somebody may be watching the file in a browser."""
    if output.is_dir():
        raise SettingsError(f"{output} is a directory. Give -o the name of a file.")
    beside = output.with_name(f".{output.name}.{os.getpid()}.new")
    try:
        beside.write_bytes(document)
        beside.replace(output)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise SettingsError(f"cannot write {output}: {error.strerror}. Give -o a place that can be written.") from error
