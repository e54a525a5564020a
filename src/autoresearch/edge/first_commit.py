"""A new git repository with its first commit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autoresearch.edge.git import need_git, said
from autoresearch.edge.repo import FALLBACK_EMAIL, FALLBACK_NAME
from autoresearch.errors import RepositoryError

if TYPE_CHECKING:
    from git import Git

BRANCH = "main"
OPTIONS = ["core.hooksPath=/dev/null", "commit.gpgSign=false", "core.quotePath=false"]


def first_commit(directory: Path, files: Sequence[str], message: str) -> None:
    """Make a repository of a directory and commit just these files. Raises RepositoryError when git does not."""
    need_git()
    from git import Git
    from git.exc import GitCommandError

    git = Git(directory)
    git.set_persistent_git_options(c=OPTIONS)
    try:
        git.init("--quiet", f"--initial-branch={BRANCH}")
        git.update_environment(**_identity(git))
        git.add("--force", "--", *files)  # an ignore rule of the user's, meant for other repositories, may name them
        git.commit("--quiet", f"--message={message}")
    except GitCommandError as error:
        raise RepositoryError(
            f"git could not make a repository in {directory}: {said(error.stderr)}. Mend that, then run init again."
        ) from error


def enclosing(directory: Path) -> Path | None:
    """Root of the repository that a directory lies in, as git looks for it; None when there is none."""
    place = directory.resolve()
    return next((folder for folder in (place, *place.parents) if (folder / ".git").exists()), None)


def _identity(git: Git) -> dict[str, str]:
    """Names for the roles that git knows none for; its guess from the host's name is no identity."""
    names = {}
    for role in ("AUTHOR", "COMMITTER"):
        asked = git.execute(
            ["git", "-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT"],
            with_extended_output=True,
            with_exceptions=False,
        )
        if asked[0] == 0:
            continue
        for key, fallback in (("NAME", FALLBACK_NAME), ("EMAIL", FALLBACK_EMAIL)):
            variable = f"GIT_{role}_{key}"
            names[variable] = os.environ.get(variable) or _configured(git, f"user.{key.lower()}") or fallback
    return names


def _configured(git: Git, name: str) -> str:
    _, value, _ = git.config(name, with_extended_output=True, with_exceptions=False)
    return str(value).strip()
