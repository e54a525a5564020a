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
    touched: tuple[str, ...] = ()
    """Folders with another stamp that are still the same."""


class Snapshot:
    """Stamps of files, and where it is of a whole tree, of its folders with what they hold."""

    def __init__(self, root: Path, leave: Iterable[str] = ()) -> None:
        """`leave` are paths, relative to the tree, that may change."""
        self._root = str(root)
        self._leave = frozenset(leave)
        self._stamps: dict[str, Stamp] = {}
        self._folders: dict[str, frozenset[str]] = {}
        """Folder → its entries; of the tree itself, the empty path."""
        self._attributes: dict[str, tuple[frozenset[str], tuple[int, int]]] = {}
        """Folder → names of its extended attributes, and its times of access and change, as a run finds them."""

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
                    self._restore_folder(parent)
            elif self._folders:
                self._note(parent)

    def difference(self) -> Difference:
        """What is not as it was."""
        changed, new = [], []
        # Folders first, and those above before those below: one that was closed hides what is in it.
        touched = [folder for folder in self._folders if self._is_touched(folder)]
        for path, before in self._stamps.items():
            now = self._now(path)
            if now != before and path not in touched:
                changed.append(path)
        for folder in touched:
            for name in self._entries(folder) - self._folders[folder]:
                new += self._new(_join(folder, name))
        return Difference(tuple(changed), tuple(new), tuple(touched))

    def undo(self, found: Difference) -> None:
        """Take new entries away, and give folders their attributes back: what a run leaves there, the next can read."""
        for path in found.new:
            remove(Path(self._at(path)))
        for folder in found.touched:
            for name in self._entries(folder) - self._folders[folder]:  # on the way to what is left alone
                self._note(_join(folder, name))
            self._folders[folder] = self._entries(folder)
            self._restore_folder(folder)

    def _is_touched(self, folder: str) -> bool:
        """True for a folder that is the same and has another stamp; its mode is given back at once."""
        before, now = self._stamps[folder], self._now(folder)
        if now is None or now == before or not stat.S_ISDIR(now[0]) or now[1] != before[1]:
            return False
        Path(self._at(folder)).chmod(stat.S_IMODE(before[0]))
        return True

    def _restore_folder(self, folder: str) -> None:
        place = self._at(folder)
        names, times = self._attributes[folder]
        for name in _attributes(place) - names:
            with suppress(OSError):
                os.removexattr(place, name)
        os.utime(place, ns=times)
        self._stamps[folder] = _stamp(os.lstat(place))

    def _now(self, path: str) -> Stamp | None:
        try:
            return _stamp(os.lstat(self._at(path)))
        except OSError:
            return None

    def _new(self, path: str) -> list[str]:
        """A new entry; of a folder on the way to what is left alone, what else is in it."""
        place = self._at(path)
        on_the_way = any(kept.startswith(f"{path}/") for kept in self._leave)
        if not on_the_way or os.path.islink(place) or not os.path.isdir(place):  # noqa: PTH112, PTH114
            return [path]
        return [below for name in self._entries(path) for below in self._new(_join(path, name))]

    def _note(self, folder: str) -> None:
        """Take note of a folder and all below."""
        entries = self._entries(folder)
        found = os.lstat(self._at(folder))
        self._folders[folder] = entries
        self._stamps[folder] = _stamp(found)
        self._attributes[folder] = (_attributes(self._at(folder)), (found.st_atime_ns, found.st_mtime_ns))
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


def _attributes(folder: str) -> frozenset[str]:
    """Names of a folder's extended attributes; none where the system has no such thing."""
    with suppress(OSError, AttributeError):
        return frozenset(os.listxattr(folder))
    return frozenset()


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_mode, found.st_ino, found.st_ctime_ns
