"""What of the user's that git does not track is shared with the session's own tree, and what is not."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from autoresearch.edge import webpage
from autoresearch.edge.derived import OWN, RESULTS
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
MISSING = re.compile(r"No such file|[Nn]ot found|cannot open|ENOENT|does not exist")
SECRETS = (".env", ".netrc", ".npmrc", ".pypirc")


def chosen(repository: Repository, wanted: Sequence[str] | None, cached: Sequence[str]) -> list[str]:
    """What is linked into the tree, relative to the repository's root, and nothing of what is `cached`.

    Raises SettingsError for what is absent, and for what runs are to write to and only to read.
    """
    own = [PurePosixPath(path) for path in cached]
    found = _ignored(repository, own) if wanted is None else [_wanted(repository, path.rstrip("/")) for path in wanted]
    for entry in map(PurePosixPath, found):
        for path in own:
            if path.is_relative_to(entry) or entry.is_relative_to(path):
                raise SettingsError(
                    f"cache: {path} and {entry}, which is linked, lie in each other: runs write to the one, and only "
                    "read the other, which is your own. Set `link` to what runs need of it, or name another `cache`."
                )
    return found


def _ignored(repository: Repository, own: Sequence[PurePosixPath]) -> list[str]:
    """What git ignores at the top of repository and project, but for build products, caches and what is our own."""
    tops = {PurePosixPath(), PurePosixPath(repository.prefix)}
    entries = {PurePosixPath(entry) for entry in repository.untracked(ignored=True)}
    found = [entry for entry in entries if entry.parent in tops and _worth_linking(entry.name)]
    found = [entry for entry in found if not _is_page(repository, str(entry))]
    return sorted(str(entry) for entry in found if not any(entry.is_relative_to(path) for path in own))


def left_out(repository: Repository, present: Sequence[str], said: str) -> list[str]:
    """Untracked things anywhere in the repository that are not in the tree and may be what a bench misses.

    First what the lines of its output that miss something name, whatever it is.
    """
    found = [*repository.untracked(ignored=False), *repository.untracked(ignored=True)]
    found = [path for path in found if not _is_page(repository, path)]
    outside = [path for path in found if not any(PurePosixPath(path).is_relative_to(entry) for entry in present)]
    missing = "\n".join(line for line in said.splitlines() if MISSING.search(line))
    named = [path for path in outside if _names(PurePosixPath(path).name, missing)]
    likely = [path for path in outside if all(_worth_linking(part) for part in PurePosixPath(path).parts)]
    return list(dict.fromkeys([*named, *likely]))


def _is_page(repository: Repository, path: str) -> bool:
    """True for a page that we wrote."""
    return path.lower().endswith(webpage.SUFFIXES) and webpage.is_ours(repository.root / path)


def _names(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) is not None


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
        or name in OWN
        or fnmatch(name, RESULTS.replace(".", "*.", 1))
    )
