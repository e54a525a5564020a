"""What `init` says when it is done: what was written, and what to do next."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from autoresearch.errors import AutoresearchError

if TYPE_CHECKING:
    from autoresearch.edge.repo import Repository
    from autoresearch.scaffold.draft import Draft


@dataclass(frozen=True)
class Made:
    """How a project stands with git after `init`."""

    in_repository: bool
    uncommitted: tuple[str, ...] = ()
    """Files of the project that git does not have: in a repository of the user's, committing is theirs to do."""


def repository_around(directory: Path) -> Repository | None:
    """The repository that a project lies in; None when there is none, or one that ignores the project.

    Raises RepositoryError for one that will not do.
    """
    from autoresearch.edge.first_commit import enclosing
    from autoresearch.edge.git import need_git
    from autoresearch.edge.repo import Repository

    if enclosing(directory) is None:
        return None
    need_git()
    repository = Repository.open(directory)
    return None if repository.is_ignored(".") else repository


def uncommitted(repository: Repository | None, files: Sequence[str]) -> tuple[str, ...]:
    """Those of a project's files that no commit has, as far as the index tells."""
    if repository is None:
        return ()
    empty = repository.ref("HEAD") is None
    return tuple(name for name in files if empty or not repository.in_index(name))


def show_written(draft: Draft) -> None:
    """What was written, and what was left as it was."""
    if draft.made:
        typer.echo(f"wrote in {draft.directory}: {', '.join(draft.made)}")
    if draft.left:
        typer.echo(f"left as they are: {', '.join(draft.left)}")


def show_next(directory: Path, made: Made) -> None:
    """The commands that come next, to be copied."""
    steps = []
    if directory.resolve() != Path.cwd():
        steps.append(f"cd {shlex.quote(str(directory))}")
    if not made.in_repository:
        steps += ["git init -b main", "git add -A", "git status    # everything listed goes into the first commit"]
        steps.append("git commit -m 'Start experiments'")
    elif made.uncommitted:
        steps.append(f"git add {shlex.join(made.uncommitted)} && git commit -m 'Set up experiments'")
    offline = ""
    if not _has_proposer() and _finds_knobs(directory):
        offline = " --model tune"
    elif not _has_proposer():
        steps.append(
            "export ANTHROPIC_API_KEY=…    # or OPENAI_API_KEY: there is nothing for the offline tuner to tune"
        )
    steps.append(f"autoresearch check{offline}")
    steps.append(f"autoresearch run --tag first{offline}" + ("    # offline, as no API key is set" if offline else ""))
    typer.echo("\nnext:")
    for step in steps:
        typer.echo(f"  {step}")


def _has_proposer() -> bool:
    from autoresearch.propose.choose import DEFAULTS
    from autoresearch.sources import ENVIRONMENT

    return any(os.environ.get(name) for name in (*DEFAULTS, f"{ENVIRONMENT}MODEL", f"{ENVIRONMENT}COMMAND"))


def _finds_knobs(directory: Path) -> bool:
    """True where the offline tuner finds something in the targets of the project's program.md."""
    from autoresearch import program
    from autoresearch.propose.survey import survey

    try:
        target = program.read(directory / "program.md").front.get("target")
        patterns = target if isinstance(target, list) else [target]
        files = {path.name: path.read_text() for pattern in patterns for path in directory.glob(str(pattern))}
        return bool(survey(files).knobs)
    except (AutoresearchError, OSError, ValueError, NotImplementedError):  # the last of an absolute pattern
        return False  # not a word about any of it: `check` says what is wrong
