"""`autoresearch init`: a project that can run at once, or settings for one that exists."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autoresearch.errors import SettingsError

if TYPE_CHECKING:
    from autoresearch.cli.afterwards import Made

PROGRAM = "program.md"
BESIDE = ("readme", "license", "licence", "copying")
"""Files that a directory may have, besides hidden ones, and still hold no project."""


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The project's directory.")] = Path(),
    template: Annotated[str | None, typer.Option("--template", metavar="NAME", help="Start from an example.")] = None,
    show_list: Annotated[bool, typer.Option("--list", help="List the examples, and stop.")] = False,
    target: Annotated[
        list[str] | None, typer.Option("--target", metavar="PATH", help="The file to improve, in DIR.")
    ] = None,
    bench: Annotated[
        str | None, typer.Option("--bench", metavar="COMMAND", help="Command that runs it and prints the metric.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option("--metric", metavar="NAME", help="Name on the bench's `NAME: number` line.")
    ] = None,
    direction: Annotated[
        str | None, typer.Option("--direction", metavar="WAY", help="Which way is better: higher or lower.")
    ] = None,
) -> None:
    """Set up a project: a starter in an empty directory, program.md in an existing one. It overwrites nothing."""
    from autoresearch.cli.adopt import adopt
    from autoresearch.cli.afterwards import show_next

    values = {"target": ",".join(target or []), "bench": bench, "metric": metric, "direction": direction}
    given = {name: value for name, value in values.items() if value}
    if show_list:
        list_templates()
        return
    if directory.exists() and not directory.is_dir():
        raise SettingsError(f"{directory} is a file. Name a directory.")
    if template is not None and given:
        flags = ", ".join(f"--{name}" for name in given)
        raise SettingsError(f"--template {template} brings its own settings. Leave out {flags}.")
    if template is not None and (directory / PROGRAM).exists():
        raise SettingsError(f"{directory.resolve()} has a {PROGRAM} already. Name a new directory for the template.")
    if template is not None:
        made = from_template(template, directory)
    elif is_blank(directory) and not given:
        made = from_nothing(directory)
    else:
        made = adopt(directory, given)
    show_next(directory, made)


def list_templates() -> None:
    """The examples, a line each."""
    from autoresearch.scaffold import shipped

    folders = shipped.examples()
    width = max(map(len, folders), default=0)
    for name, folder in folders.items():
        typer.echo(f"{name:<{width}}  {shipped.summary(folder)}")


def from_template(name: str, directory: Path) -> Made:
    """Copy an example, and make a repository where there is none. Raises SettingsError for an unknown name."""
    from autoresearch.scaffold import shipped

    return _create(directory, shipped.files(shipped.example(name)), {}, f"Start from the example {name}")


def from_nothing(directory: Path) -> Made:
    """The starter project: a small compressor and its bench, in a repository."""
    from autoresearch.scaffold import brief, shipped
    from autoresearch.scaffold.lookaround import interpreter

    text = brief.render(brief.starter(directory.resolve().name or "Starter", interpreter()))
    return _create(directory, shipped.starter(), {PROGRAM: text}, "Start experiments")


def is_blank(directory: Path) -> bool:
    """True for a directory that does not exist yet, or has nothing but hidden files, a README and a licence."""
    if not directory.exists():
        return True
    names = [path.name.lower() for path in directory.iterdir()]
    return all(name.startswith((".", *BESIDE)) for name in names)


def _create(directory: Path, sources: Mapping[str, Path], texts: Mapping[str, str], message: str) -> Made:
    from autoresearch.cli.afterwards import Made, repository_around, show_written, uncommitted
    from autoresearch.scaffold.draft import writing

    with writing(directory) as draft:
        for name, text in texts.items():
            draft.file(name, text.encode())
        draft.files(sources)
        repository = repository_around(directory)
        own = repository is None and bool(draft.made)
        if own:
            draft.repository(message)
    show_written(draft)
    if own:
        typer.echo("made a git repository, and committed them")
    return Made(own or repository is not None, uncommitted(repository, draft.made))
