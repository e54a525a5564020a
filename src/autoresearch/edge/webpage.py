"""A page of ours on disk: known to be ours by a seal in it, and never written over what is somebody else's."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from autoresearch.edge.derived import HALF
from autoresearch.edge.folder import write_whole
from autoresearch.edge.repo import Repository
from autoresearch.errors import SettingsError

SUFFIXES = (".html", ".htm")
_SEAL = b"<!-- autoresearch %s -->\n"
_LENGTH = len(_SEAL % (b"0" * 64))


def seal(document: str) -> bytes:
    """The page, with a last line that only the page as it was written fits."""
    data = document.encode(errors="replace")
    return data + _SEAL % hashlib.sha256(data).hexdigest().encode()


def is_ours(path: Path) -> bool:
    """True for a page that we wrote and nobody has changed since."""
    try:
        data = path.read_bytes()
    except OSError:
        return False
    page, mark = data[:-_LENGTH], data[-_LENGTH:]
    return mark == _SEAL % hashlib.sha256(page).hexdigest().encode()


def write(path: Path, document: str) -> None:
    """Put the page in its place, whole or not at all. Raises RepositoryError."""
    write_whole(path, seal(document), half(path))


def half(path: Path) -> Path:
    """Where the page is while it is not whole."""
    return path.with_name(HALF.format(path.name).replace("*", "new"))


def place(repository: Repository, wanted: str, taken: dict[str, str]) -> Path:
    """Where the page goes. `taken` are paths in the project that are something else: path → what.

    Raises SettingsError where it would lie over something, or cannot be written.
    """
    home = repository.root / repository.prefix
    named = Path(wanted).expanduser()
    path = (home / named).resolve()
    if path.suffix.lower() not in SUFFIXES:
        raise SettingsError(f"html: {wanted} is no .html file. Name one, e.g. report.html.")
    if path.is_relative_to(repository.common_dir) or ".git" in path.parts:
        raise SettingsError(f"html: {wanted} lies in git's folder. Name a file beside it, e.g. report.html.")
    if path.is_dir():
        raise SettingsError(f"html: {path} is a folder. Name a file in it, e.g. report.html.")
    if not path.parent.is_dir():
        raise SettingsError(f"html: there is no folder {path.parent}. Make it, or name another file.")
    for other, what in taken.items():
        if path == (home / other).resolve():
            raise SettingsError(f"html: {wanted} is {what}. Name a file of its own, e.g. report.html.")
    inside = path.relative_to(repository.root).as_posix() if path.is_relative_to(repository.root) else None
    if inside is not None and repository.in_index_at_root(inside):
        raise SettingsError(f"html: {wanted} is tracked by git. Name a file that is not, e.g. report.html.")
    if os.path.lexists(path) and not is_ours(path):
        raise SettingsError(
            f"html: {wanted} exists and was not written by autoresearch, or was changed since. Move it away, or name "
            "another file."
        )
    if not os.access(path.parent, os.W_OK):
        raise SettingsError(f"html: nothing can be written in {path.parent}. Name a file elsewhere.")
    return path


def ignored(repository: Repository, path: Path) -> list[str]:
    """What git is told to ignore of a page, relative to the repository's root; nothing for one outside."""
    if not path.is_relative_to(repository.root):
        return []
    names = (path, half(path))
    return [re.sub(r"([\\*?\[\]!# ])", r"\\\1", each.relative_to(repository.root).as_posix()) for each in names]
