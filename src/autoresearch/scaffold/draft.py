"""How `init` writes: files that were not there before, all of them or none, and settings on top of a program.md."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from autoresearch.edge.first_commit import first_commit
from autoresearch.errors import SettingsError
from autoresearch.program import read

BOM = b"\xef\xbb\xbf"


@dataclass
class Draft:
    """Files being written; see `writing`."""

    directory: Path
    made: list[str] = field(default_factory=list)
    """What was written, relative to the directory."""
    left: list[str] = field(default_factory=list)
    """What was there already, and was left as it is."""
    _undo: ExitStack = field(default_factory=ExitStack)

    def file(self, name: str, data: bytes, mode: int = 0o644) -> None:
        """Write a file that does not exist yet; leave one that does."""
        path = self.directory / name
        self._folders(path.parent)
        try:
            file = path.open("xb")
        except FileExistsError:
            self.left.append(name)
            return
        with file:
            self._undo.callback(path.unlink, missing_ok=True)
            file.write(data)
        if mode & 0o111:
            path.chmod(path.stat().st_mode | 0o111)
        self.made.append(name)

    def files(self, sources: Mapping[str, Path]) -> None:
        """Copies of shipped files."""
        for name, source in sources.items():
            self.file(name, source.read_bytes(), source.stat().st_mode)

    def repository(self, message: str) -> None:
        """A git repository whose first commit has the files that were written."""
        self._undo.callback(shutil.rmtree, self.directory / ".git", ignore_errors=True)
        first_commit(self.directory, self.made, message)

    def _folders(self, folder: Path) -> None:
        for each in reversed([folder, *folder.parents]):
            if not each.exists():
                each.mkdir()
                self._undo.callback(_remove_folder, each)


@contextmanager
def writing(directory: Path) -> Iterator[Draft]:
    """Write files into a directory, made if need be; all are taken back when the block does not end well.

    Raises SettingsError when something cannot be written.
    """
    with ExitStack() as undo:
        draft = Draft(directory, _undo=undo)
        try:
            yield draft
        except OSError as error:
            raise _cannot_write(Path(error.filename or directory), error) from error
        undo.pop_all()


def add_front_matter(path: Path, front: str) -> None:
    """Put settings on top of a program.md whose every byte stays. Raises SettingsError when it has some already."""
    path = path.resolve()  # a symbolic link stays one
    temporary = path.with_name(f".{path.name}.autoresearch")
    try:
        refuse_front_matter(path)
        old = path.read_bytes()
        if b"\r\n" in old[: old.find(b"\n") + 1]:
            front = front.replace("\n", "\r\n")
        mark = BOM if old.startswith(BOM) else b""
        temporary.write_bytes(mark + front.encode() + old.removeprefix(BOM))
        shutil.copymode(path, temporary)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise _cannot_write(path, error) from error


def refuse_front_matter(path: Path) -> None:
    """Raises SettingsError when there is a program.md that has front matter, or cannot be read."""
    if os.path.lexists(path) and read(path).front:
        raise SettingsError(f"{path} has front matter already. Edit its settings there, then run `autoresearch check`.")


def _remove_folder(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _cannot_write(path: Path, error: OSError) -> SettingsError:
    return SettingsError(f"cannot write {path}: {error.strerror}. Mend that, or name another directory.")
