"""What of the user's that git does not track is shared with the session's own tree, and what is not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from autoresearch.edge.folder import RESULTS, RUN_LOG
from autoresearch.edge.repo import Repository
from autoresearch.errors import SettingsError

NOT_LINKED = frozenset(
    """
    __pycache__ bin obj build dist target out .pytest_cache .mypy_cache .ruff_cache .hypothesis .tox .nox .cache
    .coverage htmlcov .DS_Store .idea .vscode .git
    """.split()
)
"""Ignored entries that are build products, caches or an editor's: a run must not share them with the user."""
NOT_LINKED_SUFFIXES = tuple(".pyc .egg-info .log .o .a .so .dylib .dll .exe .class .jar".split())
SECRETS = (".env", ".netrc", ".npmrc", ".pypirc")


def chosen(repository: Repository, wanted: Sequence[str] | None) -> list[str]:
    """What is linked into the tree, relative to the repository's root. Raises SettingsError for what is absent."""
    if wanted is not None:
        return [_wanted(repository, path.rstrip("/")) for path in wanted]
    tops = {PurePosixPath(), PurePosixPath(repository.prefix)}
    found = {entry for entry in repository.untracked(ignored=True) if PurePosixPath(entry).parent in tops}
    return sorted(entry for entry in found if _worth_linking(PurePosixPath(entry).name))


def left_out(repository: Repository, linked_in: Sequence[str]) -> list[str]:
    """Untracked things anywhere in the repository that are not in the tree and may be what a bench misses."""
    found = [*repository.untracked(ignored=False), *repository.untracked(ignored=True)]
    outside = [path for path in found if not any(PurePosixPath(path).is_relative_to(entry) for entry in linked_in)]
    return [path for path in outside if all(_worth_linking(part) for part in PurePosixPath(path).parts)]


def _wanted(repository: Repository, path: str) -> str:
    full = Path(repository.full(path))
    if full.is_absolute() or {"..", ".git"} & set(full.parts) or full == Path():
        raise SettingsError(f"link: {path} lies outside the project. Name something in {repository.root}.")
    if not os.path.lexists(repository.root / full):
        raise SettingsError(f"link: {path} does not exist in {repository.root}. Mend the setting.")
    return full.as_posix()


def _worth_linking(name: str) -> bool:
    return not (
        name in NOT_LINKED
        or name.endswith(NOT_LINKED_SUFFIXES)
        or name.startswith(SECRETS)
        or name == RUN_LOG
        or fnmatch(name, RESULTS.replace(".", "*.", 1))
    )
