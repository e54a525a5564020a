"""`autoresearch status`: what a session does now, whether it is alive, what it used and has left."""

from __future__ import annotations

from typing import Annotated

import typer

from autoresearch.cli.answer import JSON, answer


def status(
    tag: Annotated[
        str | None, typer.Argument(metavar="TAG", help="The session; the default is the newest of this repository.")
    ] = None,
    as_json: Annotated[bool, typer.Option(JSON, help="Print one JSON object on stdout.")] = False,
) -> None:
    """Say what a session does now, whether it is alive, and what it has used and has left."""
    answer(tag, as_json=as_json)
