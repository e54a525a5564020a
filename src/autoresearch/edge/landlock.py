"""What a command shut in by Landlock may reach, as rules for `confine.py`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from autoresearch.edge import script

ALWAYS_HIDDEN = ("/tmp", "/var/tmp", "/run", "/dev")
"""Files of others, sockets, terminals and disks."""
DEVICES = "null zero full random urandom nvidia* dri kfd dxg accel".split()
ENTRIES_MOST = 2000
"""A folder that has something hidden in it and more entries than this is out of reach as a whole: each is a rule."""


def abi() -> int:
    """Version of the kernel's Landlock; 0 where there is none, and on machines other than x86_64 and aarch64."""
    from autoresearch.edge import confine  # imports ctypes

    return confine.landlock_abi()


def prefix(rules: Sequence[str]) -> list[str]:
    """Argv prefix for a command that is shut in by these rules."""
    return [*script.start("confine.py"), *rules, "--"]


def rules(*, read_write: Sequence[Path], read: Sequence[Path], hidden: Sequence[Path], network: bool) -> list[str]:
    """Rules for a command that can write in some places, and read everywhere but in the hidden ones.

    Of two places, one in the other, the inner one counts; hidden counts when they are the same. The temporary folders,
    /run and /dev are hidden but for harmless devices and GPUs. Each rule is an argument: join them to no single one.
    """
    secret = {str(path.resolve()) for path in (*hidden, *map(Path, ALWAYS_HIDDEN))}
    through = {str(above) for path in secret for above in Path(path).parents}
    found = [f"read={path}" for root in (Path("/"), *read) for path in _around(str(root.resolve()), secret, through)]
    found += [f"write={path}" for root in read_write for path in _around(str(root.resolve()), secret, through)]
    for pattern in DEVICES:
        found += [f"write={device}" for device in sorted(Path("/dev").glob(pattern))]
    if _threads_need_names():
        found.append("alter=/proc")
    if network:
        found.append("network")
    return list(dict.fromkeys(found))


def _around(place: str, hidden: set[str], through: set[str]) -> Iterator[str]:
    """What a grant of this place comes to: Landlock can only allow, so around what is hidden all else is named.

    The folders on the way to it are not named: they cannot be listed, and nothing new can be made in them. Links are
    not followed: what they lead to is within reach where it is so by its own path.
    """
    if place in hidden:
        return
    if place not in through:
        yield place
        return
    try:
        with os.scandir(place) as found:
            entries = [entry.path for entry in found if not entry.is_symlink()]
    except OSError:
        return
    if len(entries) <= ENTRIES_MOST:
        for entry in sorted(entries):
            yield from _around(entry, hidden, through)


def _threads_need_names() -> bool:
    """Whether CUDA runs here, which gives up when it cannot write its threads' names to /proc, and may safely do so.

    Landlock can allow this only for all of /proc, where root could change the machine unless that part is read-only.
    """
    if not Path("/dev/nvidiactl").exists():
        return False
    return os.geteuid() != 0 or bool(os.statvfs("/proc/sys").f_flag & os.ST_RDONLY)
