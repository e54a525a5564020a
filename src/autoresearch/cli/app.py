"""The Typer app: a command a module."""

from __future__ import annotations

from typing import Annotated

import typer

from autoresearch import __version__
from autoresearch.cli.audit import audit
from autoresearch.cli.check import check
from autoresearch.cli.demo import demo
from autoresearch.cli.init import init
from autoresearch.cli.report import report
from autoresearch.cli.run import run
from autoresearch.cli.tune import tune
from autoresearch.cli.verify import verify

app = typer.Typer(
    name="autoresearch",
    help="Improve one file by experiment, overnight: an LLM proposes edits, the harness measures and decides.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (init, check, run, tune, report, verify, audit, demo):
    app.command()(command)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass
