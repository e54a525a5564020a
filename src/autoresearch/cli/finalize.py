"""`autoresearch finalize`: a session's branch made into something to review."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autoresearch.finalize import Shape


def finalize(
    tag: Annotated[
        str | None,
        typer.Argument(
            metavar="[TAG]",
            help="The session, or a branch with some of its keeps, as `audit --apply` writes it; the default is the "
            "newest session of this repository.",
        ),
    ] = None,
    shape: Annotated[
        Shape,
        typer.Option(
            "--as", help="One commit, one commit a keep, or one branch a topic: changes that touch no lines of others."
        ),
    ] = Shape.SQUASH,
    onto: Annotated[
        str | None,
        typer.Option(metavar="REF", help="Where the branch begins, e.g. main. The default is the session's base."),
    ] = None,
    branch: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the branch. The default is autoresearch/TAG-final.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Where the pull request's text and chart go. Default: in .git."
        ),
    ] = None,
    despite_tampering: Annotated[
        bool, typer.Option("--despite-tampering", help="Go on although a kept change's code changed protected files.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made, and make nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Make a branch for review out of a session's keeps, and a pull request's text; its own branch stays as it is."""
    from autoresearch import finalize as finalizing
    from autoresearch.cli.handover import Handover, show, show_json, warn
    from autoresearch.finalized import look

    found = look(tag)
    try:
        if not despite_tampering:
            found.refuse_tampering()
        plan = finalizing.plan(found, shape, onto, branch)
        handover = Handover(found, plan, output)
        warn(found, plan, onto)
        tips = {}
        if not dry_run:
            handover.write()
            tips = finalizing.make(found, plan)
        (show_json if as_json else show)(handover, shape, tips)
    finally:
        found.repository.close()
