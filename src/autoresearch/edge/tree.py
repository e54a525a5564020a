"""The working tree that runs happen in: a linked worktree of the session's own, or the user's checkout in place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from autoresearch.edge.folder import RESULTS, RUN_LOG
from autoresearch.edge.repo import Repository, Tracked
from autoresearch.edge.worktree import restore_tree
from autoresearch.errors import RepositoryError, SettingsError

NOT_LINKED = frozenset(
    """
    __pycache__ bin obj build dist target out .pytest_cache .mypy_cache .ruff_cache .hypothesis .tox .nox .cache
    .coverage htmlcov .DS_Store .idea .vscode .git
    """.split()
)
"""Ignored entries that are build products, caches or an editor's: a run must not share them with the user."""
NOT_LINKED_SUFFIXES = tuple(".pyc .egg-info .log .o .a .so .dylib .dll .exe .class .jar".split())
COPIED_BYTES = 64 * 1024 * 1024
"""Untracked files up to this size are copied: what a run does to them is then no matter of the user's."""
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

    def restore(self) -> None:
        """Take away what runs left behind, as far as it is not the user's own."""

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
            data = spoilt(path)
            if data is None:
                self.remove(path)
            else:
                self.write({path: Tracked(file.mode, data)})

    def remove(self, path: str) -> None:
        """Take a target away."""
        self._place(path).unlink(missing_ok=True)

    def _place(self, path: str) -> Path:
        place = self.project / path
        if not place.parent.resolve().is_relative_to(self.root.resolve()):
            raise RepositoryError(f"{path} leads out of the repository through a symbolic link. Name another target.")
        return place


def spoilt(path: str) -> bytes | None:
    """A text with which a target must fail; None where that takes no file at all, as any text would do."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in CODE:
        return GARBAGE.encode()
    return POISON[suffix].encode() if suffix in POISON else None


class LinkedTree(Tree):
    """The session's own tree at a commit, with the user's data linked in."""

    def __init__(self, repository: Repository, folder: Path, commit: str, links: Sequence[str]) -> None:
        super().__init__(folder, repository.prefix)
        self._repository, self._commit, self._links = repository, commit, links

    def restore(self) -> None:
        """Make the tree, or bring it back to its commit: all else in it goes."""
        if not _restored(self.root, self._commit):
            shutil.rmtree(self.root, ignore_errors=True)
            self._repository.add_tree(self.root, self._commit)
        for entry in self._links:
            place, original = self.root / entry, self._repository.root / entry
            if not place.exists() and not place.is_symlink():
                place.parent.mkdir(parents=True, exist_ok=True)
                if original.is_file() and original.stat().st_size <= COPIED_BYTES:
                    shutil.copy2(original, place)
                else:
                    place.symlink_to(original)


def linked(repository: Repository, folder: Path, commit: str, links: Sequence[str]) -> Tree:
    """The session's own tree, made or brought back to its commit."""
    made = LinkedTree(repository, folder, commit, links)
    made.restore()
    return made


def _restored(folder: Path, commit: str) -> bool:
    """True when a tree of an earlier life could be brought back to a commit; a killed git may have left half of one."""
    if not (folder / ".git").exists():
        return False
    try:
        restore_tree(folder, commit)
    except RepositoryError:
        return False
    return True


class InPlaceTree(Tree):
    """The user's own checkout: what they change there in mid-session is never overwritten."""

    def __init__(self, repository: Repository) -> None:
        super().__init__(repository.root, repository.prefix)
        self._repository = repository
        self._branch = repository.branch()
        self._written: dict[str, bytes] = {}

    def write(self, files: Mapping[str, Tracked]) -> None:
        """As in any tree, after a look at whether everything is still as it was left. Raises RepositoryError."""
        for path, data in self._written.items():
            if not (self.project / path).is_file() or (self.project / path).read_bytes() != data:
                raise RepositoryError(
                    f"{path} was changed while the session was using it in place. Your version is still there: save it "
                    "elsewhere, run `git checkout` on the file, then run the same command again."
                )
        if self._repository.branch() != self._branch:
            raise RepositoryError(
                "another branch was checked out while the session was running in place. Nothing was changed on it. "
                "Run the same command again to go on."
            )
        super().write(files)
        self._written |= {path: file.data for path, file in files.items()}

    def switch(self, name: str) -> None:
        """Check a branch out, and expect to find it so."""
        self._repository.switch(name)
        self._branch = self._repository.branch()

    def remove(self, path: str) -> None:
        """Take a target away, and expect to find it gone."""
        super().remove(path)
        self._written.pop(path, None)


def links(repository: Repository, wanted: Sequence[str] | None) -> list[str]:
    """What is linked into the tree, relative to the repository's root. Raises SettingsError for what is absent."""
    if wanted is not None:
        return [_wanted(repository, path.rstrip("/")) for path in wanted]
    tops = {PurePosixPath(), PurePosixPath(repository.prefix)}
    found = {entry for entry in repository.untracked(ignored=True) if PurePosixPath(entry).parent in tops}
    return sorted(entry for entry in found if worth_linking(PurePosixPath(entry).name))


def left_out(repository: Repository, linked_in: Sequence[str]) -> list[str]:
    """Untracked things anywhere in the repository that are not in the tree and may be what a bench misses."""
    found = [*repository.untracked(ignored=False), *repository.untracked(ignored=True)]
    outside = [path for path in found if not any(PurePosixPath(path).is_relative_to(entry) for entry in linked_in)]
    return [path for path in outside if all(worth_linking(part) for part in PurePosixPath(path).parts)]


def _wanted(repository: Repository, path: str) -> str:
    full = Path(repository.full(path))
    if full.is_absolute() or {"..", ".git"} & set(full.parts) or full == Path():
        raise SettingsError(f"link: {path} lies outside the project. Name something in {repository.root}.")
    if not os.path.lexists(repository.root / full):
        raise SettingsError(f"link: {path} does not exist in {repository.root}. Mend the setting.")
    return full.as_posix()


def worth_linking(name: str) -> bool:
    return not (
        name in NOT_LINKED
        or name.endswith(NOT_LINKED_SUFFIXES)
        or name.startswith(SECRETS)
        or name == RUN_LOG
        or fnmatch(name, RESULTS.replace(".", "*.", 1))
    )
