"""Looks at what a run uses up, about four times a second, and says when it is too much."""

from __future__ import annotations

import shutil
import stat
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

from autoresearch.limits import Limits, Size

FIRST_LOOK = 0.5
"""Share of a limit that the whole machine must have lost since the run began before the run itself is looked at: a walk
over processes or files takes time of the bench's."""


RESERVE = 0.1
"""Share of the free disk that a run must leave, once it has written much, whatever is found of it."""


class Watchdog:
    """Holds one run to its limits; a share is of what was free when it began."""

    def __init__(self, limits: Limits, tree: Path, room: Path | None) -> None:
        self._limits, self._tree = limits, tree
        self._places = [place for place in (tree, room) if place]
        self._size = _size_at_first(tree)
        memory = psutil.virtual_memory()
        self._free_memory, self._shared = memory.available, _shared(memory)
        self._free_disk = shutil.disk_usage(tree).free
        self._tasks = _tasks()
        self._memory_bytes = limits.memory.of(self._free_memory)
        self.disk_bytes = limits.disk.of(self._free_disk)
        """Most that the run may write."""

    def look(self, pid: int) -> str | None:
        """Why the run below this process must be stopped, or None."""
        memory = psutil.virtual_memory()
        lost, shared = self._free_memory - memory.available, _shared(memory) - self._shared
        if lost > FIRST_LOOK * self._memory_bytes and _memory(pid) + max(0, shared) > self._memory_bytes:
            return f"used more than {_said(self._limits.memory, self._memory_bytes)} of memory"
        free = shutil.disk_usage(self._tree).free
        written = self._free_disk - free
        if written > FIRST_LOOK * self.disk_bytes:
            grown = sum(map(_size, self._places)) - self._size
            found = min(written, grown) + _deleted(pid, self._tree.stat().st_dev)
            if found > self.disk_bytes or free < RESERVE * self._free_disk:
                return f"wrote more than {_said(self._limits.disk, self.disk_bytes)} to the disk"
        if _tasks() - self._tasks > self._limits.processes and len(_below(pid)) > self._limits.processes:
            return f"started more than {self._limits.processes} processes"
        return None


def _shared(memory: object) -> int:
    """Bytes of files that lie in memory, of which no process need know; 0 where that is not known."""
    return int(getattr(memory, "shared", 0))


def _memory(pid: int) -> float:
    """Bytes of all processes below one; what several of them share is counted once."""
    total = 0.0
    for process in _below(pid):
        with suppress(psutil.Error, OSError):
            total += getattr(process.memory_full_info(), "pss", 0) or process.memory_info().rss
    return total


def _below(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


@cache
def _size_at_first(tree: Path) -> float:
    """Bytes of a tree before any run in it."""
    return _size(tree)


def _size(tree: Path) -> float:
    """Bytes that a tree takes on the disk, however deep it is."""
    done = subprocess.run(["du", "-skx", tree], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return int(done.stdout.split()[0]) * 1024 if done.stdout[:1].isdigit() else 0


def _deleted(pid: int, device: int) -> float:
    """Bytes of files of a device that processes below one hold open, though they have no name any more."""
    total = 0
    for process in _below(pid):
        with suppress(OSError):
            for file in Path(f"/proc/{process.pid}/fd").iterdir():
                found = file.stat()
                lost = stat.S_ISREG(found.st_mode) and not found.st_nlink and found.st_dev == device
                total += found.st_blocks * 512 if lost else 0
    return total


def _tasks() -> int:
    """Processes and threads of the whole machine; 0 where that is not known."""
    try:
        return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    except OSError:
        return 0


def _said(limit: Size, limit_bytes: float) -> str:
    return f"{limit_bytes / 1e9:.3g} GB" if limit.is_share else limit.text()
