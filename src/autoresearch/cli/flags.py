"""A flag for every setting, made from the settings themselves, so that neither can lack the other."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from autoresearch.settings import Settings

ProgramPath = Annotated[Path, typer.Option("--program", help="The program.md; its directory is the project.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line on stdout.")]
BranchName = Annotated[
    str | None,
    typer.Argument(
        metavar="[BRANCH]",
        help="Tag or branch, whoever made it. The default is the newest session of this repository, else the branch "
        "autoresearch/TAG that is checked out.",
    ),
]
"""What an audit or an ablation is about."""
BaseCommit = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="COMMIT",
        help="Where the branch began. The default is the session's base, else the merge base with HEAD.",
    ),
]
SETTINGS_PANEL = "Settings (also in program.md, or AUTORESEARCH_NAME in the environment)"


def at_home(program: Path, tag: str | None) -> Path:
    """The program.md of a session's own project, where none is named and none is here, as at a repository's root."""
    from autoresearch.edge import journal, whereabouts
    from autoresearch.edge.repo import Repository
    from autoresearch.errors import SettingsError

    if program != Path("program.md") or program.exists():
        return program
    try:
        recorded = whereabouts.session(tag)
    except SettingsError:
        return program  # a branch of another tool's: whoever looks for it says what is missing
    opened = next(iter(journal.read(recorded.journal)), None)
    repository = Repository.open(Path.cwd())
    try:
        there = repository.root / getattr(opened, "project", ".") / program
    finally:
        repository.close()
    return there if there.exists() else program


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command a flag for every setting; it receives those given as `flags: dict[str, object]`."""
    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "flags"]
    made = [_parameter(name) for name in Settings.model_fields]

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> None:
        given = {name: arguments.pop(name) for name in Settings.model_fields}
        flags = {name: ",".join(value) if isinstance(value, list) else value for name, value in given.items()}
        command(**arguments, flags={name: value for name, value in flags.items() if value not in (None, "")})

    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *made)]
    # What Typer reads; the functions of the standard library are typed without it.
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapper


def _parameter(name: str) -> inspect.Parameter:
    field = Settings.model_fields[name]
    flag = "--" + name.replace("_", "-")
    kind: Any = str
    metavar: str | None = name.split("_")[-1].upper()
    if field.annotation is bool:
        flag, kind, metavar = f"{flag}/--no-{flag[2:]}", bool, None
    elif "tuple" in str(field.annotation):
        kind = list[str]
    option = typer.Option(flag, help=field.description, metavar=metavar, rich_help_panel=SETTINGS_PANEL)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )
