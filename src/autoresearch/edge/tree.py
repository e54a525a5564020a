"""The working tree that runs happen in: a linked worktree of the session's own, or the user's checkout in place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from autoresearch.edge.folder import RESULTS, RUN_LOG
from autoresearch.edge.repo import Repository, Tracked, restore_tree
from autoresearch.errors import RepositoryError, SettingsError

NOT_LINKED = frozenset(
    """
    __pycache__ build dist target out .pytest_cache .mypy_cache .ruff_cache .hypothesis .tox .nox .cache .coverage
    htmlcov .DS_Store .idea .vscode .git
    """.split()
)
"""Ignored entries that are build products, caches or an editor's: a run must not share them with the user."""
NOT_LINKED_SUFFIXES = (".pyc", ".egg-info", ".log", ".o")
SECRETS = (".env", ".netrc", ".npmrc", ".pypirc")

POISON = {
    ".py": "raise SystemExit('autoresearch canary: this target must fail')\n",
}
CODE = frozenset(
    """
    .c .h .cc .cpp .cxx .hpp .cu .cuh .cl .rs .go .js .mjs .cjs .ts .tsx .jsx .java .kt .swift .zig .jl .rb .php .pl
    .lua .hs .ml .scala .cs .m .mm .f90 .json .toml .yaml .yml .wgsl .glsl .metal .s .asm .sh
    """.split()
)
GARBAGE = "}])\"'autoresearch canary: this target must fail{[(\n"


class Tree:
    """Where the bench runs. From one arm of an experiment to the other only the targets are rewritten."""

    def __init__(self, root: Path, prefix: str) -> None:
        self.root = root
        self.project = root / prefix

    def write(self, files: Mapping[str, Tracked]) -> None:
        """Put texts into place, each by temp and rename, so that nothing ever sees half a target."""
        for path, file in files.items():
            place = self._place(path)
            temporary = place.with_name(f".{place.name}.autoresearch")
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                temporary.write_bytes(file.data)
                temporary.chmod(0o755 if file.mode == "100755" else 0o644)
                temporary.replace(place)
            except OSError as error:
                with suppress(OSError):
                    temporary.unlink()
                raise RepositoryError(
                    f"cannot write the target {place}: {error.strerror}. Mend that, then run the same command again."
                ) from error

    def spoil(self, files: Mapping[str, Tracked]) -> None:
        """Make targets that must fail: code that cannot run, or no file at all where any text would do."""
        for path, file in files.items():
            suffix = PurePosixPath(path).suffix.lower()
            if suffix in POISON or suffix in CODE:
                self.write({path: Tracked(file.mode, POISON.get(suffix, GARBAGE).encode())})
            else:
                self._place(path).unlink(missing_ok=True)

    def _place(self, path: str) -> Path:
        place = self.project / path
        if not place.parent.resolve().is_relative_to(self.root.resolve()):
            raise RepositoryError(f"{path} leads out of the repository through a symbolic link. Name another target.")
        return place


def linked(repository: Repository, folder: Path, commit: str, links: Sequence[str]) -> Tree:
    """The session's own tree at `commit`, made or brought back to that state, with the user's data linked in."""
    if (folder / ".git").exists():
        restore_tree(folder, commit)
    else:
        shutil.rmtree(folder, ignore_errors=True)
        repository.add_tree(folder, commit)
    for entry in links:
        place = folder / entry
        if not place.exists() and not place.is_symlink():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(repository.root / entry)
    return Tree(folder, repository.prefix)


def in_place(repository: Repository) -> Tree:
    """The user's own checkout."""
    return Tree(repository.root, repository.prefix)


def links(repository: Repository, wanted: Sequence[str] | None) -> list[str]:
    """What is linked into the tree, relative to the repository's root. Raises SettingsError for what is absent."""
    if wanted is not None:
        for path in wanted:
            if not os.path.lexists(repository.root / repository.full(path)):
                raise SettingsError(f"link: {path} does not exist in {repository.root}. Mend the setting.")
        return [repository.full(path.rstrip("/")) for path in wanted]
    folders = {".", repository.prefix}
    found = {entry for folder in folders for entry in repository.untracked(ignored=True, folder=folder)}
    return sorted(entry for entry in found if _worth_linking(PurePosixPath(entry).name))


def _worth_linking(name: str) -> bool:
    return not (
        name in NOT_LINKED
        or name.endswith(NOT_LINKED_SUFFIXES)
        or name.startswith(SECRETS)
        or name == RUN_LOG
        or fnmatch(name, RESULTS.replace(".", "*.", 1))
    )
