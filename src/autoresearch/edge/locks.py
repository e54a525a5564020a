"""Lock files of git: which one stands in the way, and whether whoever made it is certainly dead."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path

IN_THE_WAY = re.compile(r"Unable to create '(.+\.lock)': File exists")
OURS = ("refs/autoresearch/", "refs/autoresearch-audit/", "refs/autoresearch-final/", "refs/heads/autoresearch/")
"""Refs that nobody but a session and git's own housekeeping locks."""
PROCESSES = Path("/proc")


def abandoned(stderr: str, common_dir: Path) -> Path | None:
    """The lock that a git complained of, if its owner is dead for certain; None where it may live.

    It is dead when the machine was started since, and, for the lock of a ref that is ours, when no git is at work in
    the repository. Another tool may hold the lock of anything else, and need not be seen from here.
    """
    found = IN_THE_WAY.search(stderr)
    lock = Path(found[1]) if found else None
    if lock is None or not lock.is_relative_to(common_dir):
        return None
    with suppress(OSError):
        ours = lock.relative_to(common_dir).as_posix().startswith(OURS)
        if _older_than_the_machine(lock) or (ours and not _git_may_work_in(common_dir)):
            return lock
    return None


def _older_than_the_machine(lock: Path) -> bool:
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return False
    return lock.stat().st_mtime < time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _git_may_work_in(common_dir: Path) -> bool:
    """False only where every process can be seen, and none is a git in this repository that could hold a lock."""
    processes = [entry for entry in PROCESSES.glob("[0-9]*") if entry.name != str(os.getpid())]
    return not processes or any(_may_lock(process, common_dir) for process in processes)


def _may_lock(process: Path, common_dir: Path) -> bool:
    try:
        if not (process / "comm").read_text().startswith("git"):
            return False
        command = (process / "cmdline").read_bytes().split(b"\0")
        if b"cat-file" in command or command == [b""]:  # only reads, or has ended
            return False
        return (process / "cwd").readlink().is_relative_to(common_dir.parent)
    except PermissionError:
        return True
    except OSError:
        return False
