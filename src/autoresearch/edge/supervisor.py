"""The process between runner and bench: starts the bench, holds its deadline, and leaves no process behind.

A script of its own, never imported: `python -I -S -E supervisor.py TIMEOUT_S FILE_BYTES RULE... -- ARG...`, in
the bench's directory and environment, as the leader of a new session. Where there are rules, those of `confine.py`, the
bench is shut in by them, and the supervisor is not. Its standard streams are three pipes of the runner:

    stdin   never written to: its end means "stop", and comes by itself when the runner is killed
    stdout  the bench's output, both streams
    stderr  when all is over, `HOW EXIT_CODE DURATION_S LEFTOVERS SURVIVORS`; HOW is ended, timeout or stopped

On Linux every process that the bench started, however it detached itself, is found and killed: the supervisor is their
subreaper, so that whoever loses its parent becomes its child, and it goes on until it has no child left. Elsewhere
(macOS) there is no subreaper: the bench's process group is killed, and a daemon that left the group escapes.
"""

import _signal as signal  # type: ignore[import-not-found]  # `signal` itself imports enum: 3 ms of every run
import ctypes
import errno
import os
import resource
import select
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SYS_PIDFD_SEND_SIGNAL = 424
SYS_PIDFD_OPEN = 434

GRACE_S = 0.1
"""For helpers that end by themselves just after the bench, such as multiprocessing's resource tracker."""
GIVE_UP_S = 30.0
"""For processes that do not die of SIGKILL: another user's, or stuck in a driver."""
SCAN_S = 0.02
"""Between two looks at all processes; in between only the newest is looked at."""
IGNORED = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
"""By Python, by nohup, or for what a script starts in the background: not by a bench."""

LINUX = sys.platform == "linux"
libc = ctypes.CDLL(None, use_errno=True)
if LINUX:
    # os.pidfd_open is missing from Pythons built on old systems, which are common.
    libc.syscall.argtypes = [ctypes.c_long] * 5
    libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4


class Children:
    """Reaps what ends, and remembers how the bench ended."""

    def __init__(self, bench: int) -> None:
        self.bench = bench
        self.exit_code: int | None = None
        self.killed = 0

    def reap(self) -> bool:
        """Reap all that have ended. False when there is no child any more."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            code = os.waitstatus_to_exitcode(status)
            if pid == self.bench and self.exit_code is None:
                self.exit_code = code
            else:
                self.killed += code == -signal.SIGKILL


def main(timeout_s: float, file_bytes: int, rules: list[str], argv: list[str]) -> None:
    """Run the command, and report when nothing of it is left."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - {signal.SIGCHLD})
    if LINUX:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wake = wake_up_pipe()
    begin = time.monotonic()
    children = Children(start(rules, argv, file_bytes))
    how = watch(children, wake, begin + timeout_s)
    duration_s = time.monotonic() - begin
    if how == "ended":
        settle(children, wake)
    children.killed = 0
    survivors = kill_all(children, wake)
    report = f"{how} {children.exit_code} {duration_s!r} {children.killed} {survivors}\n"
    try:  # noqa: SIM105, contextlib would cost every run a millisecond
        os.write(2, report.encode())
    except BrokenPipeError:
        pass  # the runner is gone


def start(rules: list[str], argv: list[str], file_bytes: int) -> int:
    """Start the bench in a process group of its own. Returns its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        if LINUX:  # a second belt, should the supervisor itself be killed
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.setpgid(0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(1, 2)
        for number in IGNORED:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        lower(resource.RLIMIT_CORE, 0)  # a core dump holds whatever the memory held
        lower(resource.RLIMIT_FSIZE, file_bytes)
        if rules:
            shut_in(rules)
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(2, f"cannot start {argv[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def shut_in(rules: list[str]) -> None:
    """Confine this process; or end it."""
    folder = os.path.dirname(__file__)  # noqa: PTH120, as above
    sys.path.append(folder.removesuffix("__pycache__"))
    import confine  # type: ignore[import-not-found]  # no package here: the script that lies beside this one

    confine.confine(rules)


def lower(limit: int, value: int) -> None:
    """Set a limit, unless a lower one holds already."""
    hard = resource.getrlimit(limit)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (value, value))


def wake_up_pipe() -> int:
    """Make a pipe that becomes readable whenever a child ends."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    return readable


def sleep(wake: int, seconds: float) -> None:
    """Wait until a child ends, or for so long."""
    if select.select([wake], [], [], seconds)[0]:
        os.read(wake, 4096)


def watch(children: Children, wake: int, deadline: float) -> str:
    """Wait for the bench's end, its deadline, or the runner's stop; orphans are reaped meanwhile."""
    while True:
        left = deadline - time.monotonic()
        ready = select.select([0, wake], [], [], max(0.0, left))[0]
        if wake in ready:
            os.read(wake, 4096)
            children.reap()
            if children.exit_code is not None:
                return "ended"
        if 0 in ready:
            return "stopped"
        if left <= 0:
            return "timeout"


def settle(children: Children, wake: int) -> None:
    """Let what is just ending end by itself."""
    until = time.monotonic() + GRACE_S
    while children.reap() and (left := until - time.monotonic()) > 0:
        sleep(wake, left)


def kill_all(children: Children, wake: int) -> int:
    """Kill until no child is left. Returns how many withstood."""
    # While the bench is not reaped its number is its own. Elsewhere than on Linux that number is all that we have.
    if children.exit_code is None or not LINUX:
        kill_group(children.bench)
    give_up, next_scan = time.monotonic() + GIVE_UP_S, 0.0
    while children.reap():
        now = time.monotonic()
        if now > give_up:
            return max(1, len(descendants()))
        if LINUX:
            kill(newest())  # a process that forks and exits, again and again, is found nowhere else
        else:
            kill_group(children.bench)
        if now >= next_scan:
            for pid in descendants():
                kill(pid)
            next_scan = time.monotonic() + SCAN_S
        sleep(wake, 0.001)
    return 0


def kill(pid: int) -> None:
    """Kill a process and its group, if it is a descendant of ours now."""
    handle = libc.syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0)
    if handle < 0 and ctypes.get_errno() not in (errno.ENOSYS, errno.EPERM):
        return  # gone, or a thread
    try:
        group = group_of_descendant(pid)
        if group is None:
            return
        # Of one session are only processes that we started, and a group is of one session. All at once, because a fork
        # cannot slip through between two members.
        if group not in (0, os.getpgrp()):
            kill_group(group)
        if handle < 0:  # before Linux 5.3, or forbidden in an old container
            os.kill(pid, signal.SIGKILL)
        else:  # the handle cannot mean another process that was given the same number
            libc.syscall(SYS_PIDFD_SEND_SIGNAL, handle, signal.SIGKILL, 0, 0)
    except OSError:
        pass  # gone meanwhile, or not ours to kill
    finally:
        if handle >= 0:
            os.close(handle)


def kill_group(group: int) -> None:
    """Kill a process group."""
    try:  # noqa: SIM105, as above
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass  # gone, or not ours to kill


def descendants() -> list[int]:
    """All processes below this one, parents first."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc") if LINUX else ():  # noqa: PTH208, as above
        if name.isdigit():
            try:
                parent, _ = parent_and_group(int(name))
            except OSError:
                continue
            children.setdefault(parent, []).append(int(name))
    found = [os.getpid()]
    for pid in found:
        found += children.get(pid, ())
    return found[1:]


def group_of_descendant(pid: int) -> int | None:
    """A process's group, if the line of its living parents leads here. Raises OSError when one of them ends."""
    parent, group = parent_and_group(pid)
    while parent > 1 and parent != os.getpid():
        parent, _ = parent_and_group(parent)
    return group if parent == os.getpid() else None


def parent_and_group(pid: int) -> tuple[int, int]:
    """Numbers of a process's parent and process group. Raises OSError when it is gone."""
    file = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    try:
        stat = os.read(file, 1024)
    finally:
        os.close(file)
    _, parent, group = stat[stat.rindex(b")") + 2 :].split(None, 3)[:3]  # the name may hold anything
    return int(parent), int(group)


def newest() -> int:
    """Number of the process or thread that was started last."""
    file = os.open("/proc/loadavg", os.O_RDONLY)
    try:
        return int(os.read(file, 256).split()[-1])
    finally:
        os.close(file)


if __name__ == "__main__":
    split = sys.argv.index("--")
    main(float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:split], sys.argv[split + 1 :])
    os._exit(0)  # without the interpreter's own clean-up, which takes 2 ms
