"""The working tree that runs happen in: a linked worktree of the session's own, or the user's checkout in place."""

from __future__ import annotations

import difflib
import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from autoresearch.edge import footprint
from autoresearch.edge.commit import Tracked
from autoresearch.edge.derived import OWN
from autoresearch.edge.folder import write_whole
from autoresearch.edge.links import SECRETS
from autoresearch.edge.repo import Repository
from autoresearch.edge.sandbox import Place
from autoresearch.edge.snapshot import Difference, Snapshot, remove
from autoresearch.edge.worktree import restore_tree
from autoresearch.errors import RepositoryError
from autoresearch.secrets import redactor

GIT = ".git"
EVIDENCE_FILES = 20
EVIDENCE_BYTES = 256 * 1024
"""What is kept of the differences that a run made to protected files."""
COPIED_BYTES = 64 * 1024 * 1024
"""Untracked files up to this size are copied: what a run does to them is then no matter of the user's."""
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


@dataclass(frozen=True)
class Rules:
    """What runs may do to a tree; paths relative to its root."""

    protected: frozenset[str] = frozenset()
    """Files that must be the same before and after a run."""
    fixed: tuple[str, ...] = ()
    """Files and folders to make read-only where that can be done, the most important first."""
    cache: tuple[str, ...] = ()
    """Where what runs write stays; what has a slash at the end is a folder, and made for them."""
    own: tuple[Path, ...] = ()
    """Other files of the session's own, by their full paths, which no run may see or write."""


class Tree:
    """Where the bench runs. From one arm of an experiment to the other only the targets are rewritten."""

    def __init__(self, repository: Repository, root: Path, commit: str, rules: Rules) -> None:
        self.root = root
        self.project = root / repository.prefix
        self._repository, self._commit, self._rules = repository, commit, rules
        self._snapshot = Snapshot(root)

    @property
    def place(self) -> Place:
        """The tree as a sandbox shows it."""
        return Place(
            tree=self.root,
            shown=self._repository.root,
            project=Path(self._repository.prefix),
            fixed=[Path(path) for path in self._rules.fixed],
            hidden=[self._repository.common_dir],
        )

    def renew(self) -> None:
        """Take away all that runs left behind, the cache too, as far as it is not the user's own."""

    def settle(self, evidence: Path) -> tuple[str, ...]:
        """After a run: the protected files that it changed, whose differences are then in `evidence`; and all is as
        before the run, as far as it is not the user's own."""
        found = self._snapshot.difference()
        tampered = tuple(sorted(path for path in found.changed if path in self._rules.protected or path == GIT))
        if tampered:
            self._keep_evidence(tampered, evidence)
        self._mend(found)
        return tampered

    def _mend(self, found: Difference) -> None:
        """Undo what a run did, as far as it is not the user's own."""

    def _keep_evidence(self, paths: Sequence[str], evidence: Path) -> None:
        lines: list[str] = []
        for path in paths[:EVIDENCE_FILES]:
            before = self._repository.blob(self._commit, path)
            lines += difflib.unified_diff(_lines(before), _lines(_read(self.root / path)), f"a/{path}", f"b/{path}")
        text = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
        write_whole(evidence, redactor().output(text.encode(errors="surrogateescape"))[:EVIDENCE_BYTES])

    def write(self, files: Mapping[str, Tracked]) -> None:
        """Put texts into place, each by temp and rename, so that nothing ever sees half a target."""
        for path, file in files.items():
            place = self._place(path)
            temporary = place.with_name(f".{place.name}.autoresearch")
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                remove(temporary)  # a run may have put a link there, or a folder
                with temporary.open("xb") as half:
                    half.write(file.data)
                temporary.chmod(0o755 if file.mode == "100755" else 0o644)
                temporary.replace(place)
            except OSError as error:
                with suppress(OSError):
                    temporary.unlink()
                raise RepositoryError(
                    f"cannot write the target {place}: {error.strerror}. Mend that, then run the same command again."
                ) from error
        self._snapshot.refresh(map(self._repository.full, files))

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
    """The session's own tree at a commit, with the user's data linked in, or shown in it by the sandbox."""

    def __init__(
        self, repository: Repository, folder: Path, commit: str, links: Sequence[str], rules: Rules, shows: bool
    ) -> None:
        super().__init__(repository, folder, commit, rules)
        self._links, self._shows = links, shows

    @property
    def place(self) -> Place:
        """As in any tree, with what is linked."""
        borrowed = {Path(path): self._original(path).resolve() for path in self._uncopied()}
        return replace(super().place, borrowed=borrowed)

    def restore(self) -> None:
        """Make the tree, or bring it back to its commit: all else in it goes but the cache."""
        if not (self.is_own() and _restored(self.root, self._commit, self._rules.cache)):
            remove(self.root)
            footprint.add_tree(self._repository, self.root, self._commit)
        for entry in self._links:
            place = self.root / entry
            if not place.exists() and not place.is_symlink():
                place.parent.mkdir(parents=True, exist_ok=True)
                self._link(entry, place)
        for path in self._rules.cache:
            if path.endswith("/") and not os.path.lexists(self.root / path):
                (self.root / path).mkdir(parents=True)
        changing = [path.rstrip("/") for path in self._rules.cache]
        self._snapshot = Snapshot.of_tree(self.root, [*changing, *self._uncopied()])

    def is_own(self) -> bool:
        """True where git would find its own folder: a run may have named another one, whose settings git would run."""
        said = (_read(self.root / GIT) or b"").decode(errors="surrogateescape")
        named = Path(said.removeprefix("gitdir: ").rstrip("\n"))
        back = _read(named / "gitdir") if named.parent == self._repository.common_dir / "worktrees" else None
        return back is not None and back.decode(errors="surrogateescape").rstrip("\n") == str(self.root / GIT)

    def renew(self) -> None:
        """Bring the tree back to its commit, without what lies under `cache`."""
        for path in self._rules.cache:
            remove(self.root / path)
        self.restore()

    def _link(self, entry: str, place: Path) -> None:
        original = self._original(entry)
        if self._is_copied(entry):
            shutil.copy2(original, place)
        elif not self._shows:
            place.symlink_to(original)
        elif original.is_dir():  # an empty place, for the sandbox to show the original there
            place.mkdir()
        else:
            place.touch()

    def _mend(self, found: Difference) -> None:
        if not found.changed:
            self._snapshot.undo(found)
            return
        self.restore()

    def _original(self, entry: str) -> Path:
        return self._repository.root / entry

    def _is_copied(self, entry: str) -> bool:
        original = self._original(entry)
        return original.is_file() and original.stat().st_size <= COPIED_BYTES

    def _uncopied(self) -> list[str]:
        return [entry for entry in self._links if not self._is_copied(entry)]


def linked(
    repository: Repository,
    folder: Path,
    commit: str,
    links: Sequence[str] = (),
    rules: Rules = Rules(),
    *,
    shows: bool = False,
) -> LinkedTree:
    """The session's own tree, made or brought back to its commit.

    `shows` says that a sandbox shows what is linked, so that no link need lead to it.
    """
    made = LinkedTree(repository, folder, commit, links, rules, shows)
    made.restore()
    return made


def _restored(folder: Path, commit: str, keep: Sequence[str]) -> bool:
    """True when a tree of an earlier life could be brought back to a commit; a killed git may have left half of one."""
    try:
        restore_tree(folder, commit, keep)
    except RepositoryError:
        return False
    return True


class InPlaceTree(Tree):
    """The user's own checkout: what they change there in mid-session is never overwritten."""

    def __init__(self, repository: Repository, commit: str, rules: Rules) -> None:
        super().__init__(repository, repository.root, commit, rules)
        self._written: dict[str, bytes] = {}
        self._branch = repository.branch()
        untracked = [*repository.untracked(ignored=True), *repository.untracked(ignored=False)]
        self._secrets = [self.root / path for path in untracked if PurePosixPath(path).name.startswith(SECRETS)]
        """Files for keys that the user has in the checkout."""
        self._tampered: str | None = None
        """A protected file that is not as it was."""
        self._snapshot = Snapshot.of_files(self.root, self._watched(repository))

    def write(self, files: Mapping[str, Tracked]) -> None:
        """As in any tree, after a look at whether everything is still as it was left. Raises RepositoryError."""
        if self._tampered:
            raise RepositoryError(
                f"{self._tampered} was changed while a run used the checkout in place, by the run or by you. Nothing "
                f"was undone: look at `git diff`, commit or save what is yours, put the file back, then run the same "
                "command again."
            )
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

    def give_back(self, files: Mapping[str, Tracked], home: str | None) -> None:
        """Put the incumbent's targets in place, and the user back where they were."""
        self._tampered = None  # that was said; it stays as it is
        self.write(files)
        if home:
            self.switch(home)

    def switch(self, name: str) -> None:
        """Check a branch out, and expect to find it so."""
        footprint.switch(self._repository, name)
        self._branch = self._repository.branch()
        self._snapshot = Snapshot.of_files(self.root, self._watched(self._repository))

    @property
    def place(self) -> Place:
        """As in any tree, with the session's own files out of reach."""
        named = (*(self.project / name for name in OWN), *self._rules.own)
        own = [path for path in named if path.exists()]
        own += [path for path in self._secrets if path.exists()]
        place = super().place
        return replace(place, hidden=[*place.hidden, self.root / GIT, *own])

    def _mend(self, found: Difference) -> None:
        """Nothing: who changed it, the run or the user, cannot be told."""
        watched = [path for path in found.changed if path in self._rules.protected]
        self._tampered = watched[0] if watched else None

    def _watched(self, repository: Repository) -> list[str]:
        return [*self._rules.protected, *map(repository.full, self._written)]

    def remove(self, path: str) -> None:
        """Take a target away, and expect to find it gone."""
        super().remove(path)
        self._written.pop(path, None)


def _read(path: Path) -> bytes | None:
    """What a run left of a file; None for nothing, for what is no plain file, and for what is large."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > EVIDENCE_BYTES:
            return None
        return path.read_bytes()
    except OSError:
        return None


def _lines(data: bytes | None) -> list[str]:
    return (data or b"").decode(errors="surrogateescape").splitlines(keepends=True)
