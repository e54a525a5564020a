"""What keeps the worker out of the bench's memory, environment and files, and out of all processes above."""

from __future__ import annotations

import os
import signal
import struct
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF, PATH_BENEATH, REFER = 444, 445, 446, 1, 1 << 13
PIERCING = (16, 17, 19, 21, 38, 39, 40)
"""What lets root into another process: SYS_MODULE, _RAWIO, _PTRACE, _ADMIN, PERFMON, BPF, CHECKPOINT_RESTORE."""


def confinement() -> Callable[[], None] | None:
    """Close this process's memory, environment and files to the worker; return what confines the worker itself."""
    if sys.platform != "linux":
        return None
    import ctypes  # here, as importing the library must take no time

    libc, parent = ctypes.CDLL(None), os.getpid()
    prctl, syscall, rights = libc.prctl, libc.syscall, ctypes.c_uint64(REFER)
    prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)

    def confine() -> None:
        for capability in PIERCING:  # with these root would look through the above
            prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)  # and anyone by way of sudo
        # A rule of Landlock (Linux 5.19), if only one that allows everything, closes all processes above: a shell, say,
        # that has the seed as well.
        ruleset = syscall(LANDLOCK_CREATE_RULESET, ctypes.byref(rights), ctypes.c_size_t(8), 0)
        if ruleset >= 0:
            everywhere = struct.pack("=Qi", REFER, os.open("/", os.O_PATH | os.O_CLOEXEC))
            syscall(LANDLOCK_ADD_RULE, ruleset, PATH_BENEATH, everywhere, 0)
            syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before that
            os._exit(1)

    return confine
