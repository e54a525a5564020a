"""What a tree holds, so that what a run did to it is found: by stamps that nobody can forge without the clock."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

Stamp = tuple[int, int, int]
"""Mode, inode, and when anything of it was last changed, content or name or mode, in nanoseconds."""


@dataclass(frozen=True)
class Difference:
    """What is not as it was; paths relative to the tree."""

    changed: tuple[str, ...]
    """Files with another stamp, and files and folders that are gone."""
    new: tuple[str, ...]


class Snapshot:
    """Stamps of files, and where it is of a whole tree, of its folders with what they hold."""

    def __init__(self, root: Path, leave: Iterable[str] = ()) -> None:
        """`leave` are paths, relative to the tree, that may change."""
        self._root = str(root)
        self._leave = frozenset(leave)
        self._stamps: dict[str, Stamp] = {}
        self._folders: dict[str, frozenset[str]] = {}
        """Folder → its entries; of the tree itself, the empty path."""

    @classmethod
    def of_tree(cls, root: Path, leave: Iterable[str]) -> Self:
        """All of a tree: what is new in it is found too."""
        made = cls(root, leave)
        made._note("")
        return made

    @classmethod
    def of_files(cls, root: Path, paths: Iterable[str]) -> Self:
        """These files alone."""
        made = cls(root)
        for path in paths:
            with suppress(OSError):
                made._stamps[path] = _stamp(os.lstat(made._at(path)))
        return made

    def refresh(self, paths: Iterable[str]) -> None:
        """Take note of what we ourselves changed: files, and the folders that they lie in."""
        for path in paths:
            parent = os.path.dirname(path)  # noqa: PTH120 - on texts: this runs before every run
            if path in self._stamps:
                self._stamps[path] = _stamp(os.lstat(self._at(path)))
                if parent in self._folders:
                    self._stamps[parent] = _stamp(os.lstat(self._at(parent)))
            elif self._folders:
                self._note(parent)

    def difference(self) -> Difference:
        """What is not as it was."""
        changed, new = [], []
        for path, before in self._stamps.items():
            try:
                now = _stamp(os.lstat(self._at(path)))
            except OSError:
                changed.append(path)
                continue
            if now == before:
                continue
            if path in self._folders and stat.S_ISDIR(now[0]) and now[:2] == before[:2]:
                new += [_join(path, name) for name in self._entries(path) - self._folders[path]]
            else:
                changed.append(path)
        return Difference(tuple(changed), tuple(new))

    def remove(self, paths: Iterable[str]) -> None:
        """Take new entries away, and take note that their folders are as they were."""
        for path in paths:
            remove(Path(self._at(path)))
            parent = os.path.dirname(path)  # noqa: PTH120
            with suppress(OSError):
                self._stamps[parent] = _stamp(os.lstat(self._at(parent)))

    def _note(self, folder: str) -> None:
        """Take note of a folder and all below."""
        entries = self._entries(folder)
        self._folders[folder] = entries
        self._stamps[folder] = _stamp(os.lstat(self._at(folder)))
        for name in entries:
            path = _join(folder, name)
            found = os.lstat(self._at(path))
            if stat.S_ISDIR(found.st_mode):
                self._note(path)
            else:
                self._stamps[path] = _stamp(found)

    def _entries(self, folder: str) -> frozenset[str]:
        names = os.listdir(self._at(folder))  # noqa: PTH208
        return frozenset(name for name in names if _join(folder, name) not in self._leave)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root


def remove(path: Path) -> None:
    """Delete a file, or a folder with all in it, also where its permissions say no."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except (OSError, RecursionError):  # closed to us, or thousands of folders deep: these two walk any tree
        subprocess.run(["chmod", "-R", "u+rwX", path], capture_output=True, check=False)
        done = subprocess.run(["rm", "-rf", path], capture_output=True, check=False)
        if done.returncode:
            raise OSError(errno.EPERM, done.stderr.decode(errors="replace").strip(), str(path)) from None


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_mode, found.st_ino, found.st_ctime_ns
