"""Who runs a session: its lock tells whether anybody does, `holder.json` who. Looking takes the lock from nobody."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autoresearch.errors import RepositoryError

HOLDER = "holder.json"
LOCK = "lock"

Life = Literal["running", "elsewhere", "killed", "over"]
"""`elsewhere`: on another host, where it cannot be seen whether it lives. `killed`: it never gave the lock back.
`over`: nobody has it."""
State = Literal["running", "ended", "failed", "killed", "elsewhere"]
"""`ended` is in order, `failed` by an error."""


@dataclass(frozen=True)
class Holder:
    """The process that runs a session, as it wrote itself down."""

    pid: int
    host: str
    born: str | None = None
    """A mark of when it started: another process that has its number by now has another one."""


def myself() -> Holder:
    """This process."""
    return Holder(os.getpid(), os.uname().nodename, born(os.getpid()))


def write_down(holder: Holder) -> bytes:
    """What `holder.json` holds."""
    return json.dumps(vars(holder)).encode()


def read(folder: Path) -> Holder | None:
    """Who wrote itself down, whether it lives or not; None for nobody, or for a file that says nothing."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        held = json.loads((folder / HOLDER).read_bytes())
        return Holder(int(held["pid"]), str(held["host"]), held.get("born"))
    return None


def look(folder: Path) -> tuple[Life, Holder | None]:
    """Whether a session is being run, and who runs it or did until it was killed."""
    holder = read(folder)
    while holder is not None:
        if holder.host != os.uname().nodename:
            return "elsewhere", holder
        if _is_held(folder / LOCK, holder):
            return "running", holder
        now = read(folder)
        if now == holder:
            return "killed", holder
        holder = now  # it ended in order meanwhile, or another one has begun
    return "over", None


def state(life: Life, closed: str | None) -> State:
    """What a session is in, by its life and why its journal says that it ended."""
    if life in ("running", "elsewhere"):
        return "running" if life == "running" else "elsewhere"
    if closed is not None:  # what was killed since, if anything, was a verification of it
        return "ended"
    return "killed" if life == "killed" else "failed"


def send(holder: Holder, number: int) -> None:
    """Signal the process that runs a session. Raises RepositoryError where it is not that process, or not ours."""
    if holder.born is None or born(holder.pid) != holder.born:
        raise RepositoryError(
            f"process {holder.pid} cannot be seen from here, or is not the one that runs the session; nothing was "
            "stopped. Stop it where it was started."
        )
    try:
        os.kill(holder.pid, number)
    except ProcessLookupError:
        return  # it has just ended
    except PermissionError:
        raise RepositoryError(
            f"process {holder.pid} belongs to another user; nothing was stopped. Ask them, or stop it as that user."
        ) from None


def born(pid: int) -> str | None:
    """The mark of when a process started; None where there is no such process."""
    if Path("/proc/self/stat").exists():
        with suppress(OSError, IndexError):
            # The name before it may hold blanks and brackets. Field 22: clock ticks since the machine started.
            return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
        return None
    import psutil  # loading it takes longer than all the rest

    with suppress(psutil.Error):
        return repr(psutil.Process(pid).create_time())
    return None


def _is_held(lock: Path, holder: Holder) -> bool:
    """Whether the lock is taken. Where it is free it is ours for an instant, which whoever takes it waits out."""
    try:
        fd = os.open(lock, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return _is_alive(holder)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    except OSError:  # a file system without such locks
        return _is_alive(holder)
    finally:
        os.close(fd)
    return False


def _is_alive(holder: Holder) -> bool:
    return holder.born is not None and born(holder.pid) == holder.born
