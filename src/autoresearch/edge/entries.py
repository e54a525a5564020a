"""What git keeps of our linked worktrees in `worktrees/`, also after a power cut: git itself then gives up."""

from __future__ import annotations

import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

OURS = re.compile(r"tree\d*")
"""What git calls the entries of our trees, after the last part of their paths."""
FOLDERS = ("autoresearch", "autoresearch-audit", "autoresearch-ablate")
"""Folders in git's own that hold our trees."""
SCRATCH = "autoresearch-{owner}-{digest}-scratch"
"""The folder of a session's scratch checkout, among others' temporary files."""
_SCRATCH = re.compile(SCRATCH.format(owner="[0-9]+", digest="[0-9a-f]+"))
TORN_S = 10.0
"""Git writes an entry within milliseconds: one that was torn so long ago is not being written any more."""


def forget(common_dir: Path, below: Path | None = None) -> None:
    """Take away entries of ours that a power cut tore, and those of linked worktrees below a folder that are gone."""
    for entry in common_dir.glob("worktrees/*"):
        place = _place(entry)
        gone = below is not None and place is not None and place.is_relative_to(below) and not place.exists()
        if gone or (_is_torn(entry) and _was_ours(entry, common_dir)):
            shutil.rmtree(entry, ignore_errors=True)
    with suppress(OSError):
        (common_dir / "worktrees").rmdir()


def drop(common_dir: Path, tree: Path) -> None:
    """Take away the entry that a linked worktree names, unless it is another one's."""
    entry = _entry(tree)
    if entry and entry.parent == common_dir / "worktrees" and _place(entry) in (None, tree / ".git"):
        shutil.rmtree(entry, ignore_errors=True)


def _place(entry: Path) -> Path | None:
    """The `.git` file of the linked worktree that an entry is about; None where it does not say."""
    with suppress(OSError):
        data = (entry / "gitdir").read_bytes()
        return Path(os.fsdecode(data[:-1])) if data.endswith(b"\n") and b"\0" not in data else None
    return None


def _entry(tree: Path) -> Path | None:
    """The entry of a linked worktree, by what its `.git` file says."""
    with suppress(OSError):
        kind, _, where = (tree / ".git").read_bytes().rstrip(b"\n").partition(b": ")
        return Path(os.fsdecode(where)) if kind == b"gitdir" and b"\0" not in where else None
    return None


def _is_torn(entry: Path) -> bool:
    """True when one of the files that make an entry is not whole, and has not been for a while."""
    try:
        files = [(entry / name).read_bytes() for name in ("gitdir", "commondir", "HEAD")]
        whole = all(data.endswith(b"\n") and b"\0" not in data for data in files)
        return not whole and time.time() - entry.stat().st_mtime > TORN_S
    except FileNotFoundError:
        return entry.is_dir() and time.time() - entry.stat().st_mtime > TORN_S


def _was_ours(entry: Path, common_dir: Path) -> bool:
    """True when a torn entry names a session's tree; or does not say, and is called as ours are."""
    place = _place(entry)
    if place is None:
        return OURS.fullmatch(entry.name) is not None
    if _SCRATCH.fullmatch(place.parent.parent.name):
        return True
    return any(place.is_relative_to(common_dir / folder) for folder in FOLDERS)
