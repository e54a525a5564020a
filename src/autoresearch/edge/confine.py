"""Shuts this process in by Landlock and seccomp, for good: where bubblewrap cannot be had.

The supervisor's child does so before it becomes the bench. As a script it becomes a command:
`python -I -S -E confine.py RULE... -- COMMAND ARGUMENT...`. A rule is one of

    read=PATH   may be read and executed, with all that lies below it
    write=PATH  may also be written, made, renamed and removed, but for devices, which cannot be made anywhere
    alter=PATH  existing files may be written over, no more
    list=PATH   the names in it, and below, may be seen
    network     sockets of every family; without it there are none but UNIX's, not even to this machine itself

All other files are out of reach, and so are other processes, keyrings, namespaces and the rest that is refused below.
Paths that do not exist are passed over. When something cannot be applied it exits with 126 and a sentence, when the
command cannot be run with 127; a command is never run unconfined.
"""

import _signal as signal  # type: ignore[import-not-found]  # `signal` itself imports enum: 3 ms of every run
import ctypes
import errno
import os
import stat
import struct
import sys

PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, MAKE_CHAR, MAKE_BLOCK = 1, 2, 4, 8, 1 << 6, 1 << 11
REFER, TRUNCATE, IOCTL_DEV, RESOLVE_UNIX = 1 << 13, 1 << 14, 1 << 15, 1 << 16
SINCE_ABI = {1: REFER - 1, 2: REFER, 3: TRUNCATE, 5: IOCTL_DEV, 9: RESOLVE_UNIX}
READ = EXECUTE | READ_FILE | READ_DIR
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV | RESOLVE_UNIX
TCP, SCOPES = 0b11, 0b11  # bind and connect; abstract sockets and signals

CAPABILITIES_KEPT = 1 << 1 | 1 << 3
"""Root's right to open and to own files of others (DAC_OVERRIDE, FOWNER): in containers trees are often another's."""
CAPABILITY_VERSION_3, X32, O_ACCMODE = 0x20080522, 0x40000000, 3

NAMESPACES = 0x7E020080
"""Every CLONE_NEW… flag; the lowest, of time, is in clone a bit of the exit signal, which is never so high."""
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # which of the two numbers below, and seccomp's name
REFUSED = """
    ptrace 101 117  process_vm_readv 310 270  process_vm_writev 311 271  kcmp 312 272  pidfd_getfd 438 438
    keyctl 250 219  add_key 248 217  request_key 249 218  bpf 321 280  perf_event_open 298 241  setns 308 268
    io_uring_setup 425 425  io_uring_enter 426 426  io_uring_register 427 427  open_by_handle_at 304 265
    mount 165 40  umount2 166 39  pivot_root 155 41  chroot 161 51  open_tree 428 428  move_mount 429 429
    fsopen 430 430  fsconfig 431 431  fsmount 432 432  fspick 433 433  mount_setattr 442 442  open_tree_attr 467 467
    """.split()
CLONE, CLONE3, UNSHARE, PRLIMIT64 = (56, 220), (435, 435), (272, 97), (302, 261)
SOCKET, SOCKETPAIR, AF_UNIX, AF_VSOCK = (41, 198), (53, 199), 1, 40
OPEN, OPENAT, OPENAT2, TRUNCATE_BY_PATH = (2, -1), (257, 56), (437, 437), (76, 45)
CAPGET, CAPSET = (125, 90), (126, 91)
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
NUMBER = struct.pack("=HBBI", 0x20, 0, 0, 0)  # loads the system call's number

libc = ctypes.CDLL(None, use_errno=True)


def main(words: list[str]) -> None:
    """Confine this process and become the command."""
    end = words.index("--")
    rules, command = words[:end], words[end + 1 :]
    confine(rules)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        fail(f"{command[0]} cannot be run: {error.strerror}", 127)


def confine(rules: list[str]) -> None:
    """Confine this process, and all that come from it; or end it."""
    network = "network" in rules
    abi = landlock_abi()
    if abi < 1:
        fail(f"this kernel ({os.uname().release}, {os.uname().machine}) has no Landlock, or it is switched off")
    column, architecture = MACHINES[os.uname().machine]
    applied("no_new_privs", libc.prctl(PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))))
    restrict_files(rules, abi, network)
    give_up_capabilities(column)
    program = filter_program(column, architecture, abi, network)
    memory = ctypes.create_string_buffer(program)
    fprog = struct.pack("@HP", len(program) // 8, ctypes.addressof(memory))
    applied("seccomp's filter", libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), fprog))


def landlock_abi() -> int:
    """Version of the kernel's Landlock; 0 where there is none, and on machines that are not known here."""
    known = sys.platform == "linux" and os.uname().machine in MACHINES
    return max(0, syscall(CREATE_RULESET, None, 0, 1)) if known else 0


def restrict_files(rules: list[str], abi: int, network: bool) -> None:
    """Leave what the rules name; also refuse TCP, signals to others and abstract sockets where that can be done."""
    known = sum(rights for since, rights in SINCE_ABI.items() if since <= abi)
    grants = {"read": READ, "write": known & ~(MAKE_CHAR | MAKE_BLOCK), "alter": WRITE_FILE, "list": READ_DIR}
    tcp = TCP if abi >= 4 and not network else 0
    attributes = struct.pack("=QQQ", known, tcp, SCOPES if abi >= 6 else 0)
    ruleset = syscall(CREATE_RULESET, attributes, len(attributes), 0)
    applied("Landlock's ruleset", ruleset)
    for rule in rules:
        grant, _, path = rule.partition("=")
        if grant not in grants:
            continue
        try:
            file = os.open(path, os.O_PATH)
        except OSError:
            continue  # nothing is granted, so nothing is lost
        rights = grants[grant] if stat.S_ISDIR(os.fstat(file).st_mode) else grants[grant] & ON_FILES
        applied(f"Landlock's rule {rule}", syscall(ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, file), 0))
        os.close(file)
    applied("Landlock's restriction", syscall(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def give_up_capabilities(column: int) -> None:
    """Keep what opens files, and nothing that changes the machine. No program can gain more: no_new_privs is set."""
    header, sets = struct.pack("=Ii", CAPABILITY_VERSION_3, 0), ctypes.create_string_buffer(24)
    applied("capget", syscall(CAPGET[column], header, sets))
    kept = struct.unpack("=6I", sets.raw)[1] & CAPABILITIES_KEPT
    applied("giving up capabilities", syscall(CAPSET[column], header, struct.pack("=6I", kept, kept, 0, 0, 0, 0)))


def filter_program(column: int, architecture: int, abi: int, network: bool) -> bytes:
    """Seccomp's filter in classic BPF: 8 bytes an instruction."""
    no, absent = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS
    # Other architectures' calls, x32's too, would have other numbers.
    steps = [step(0x20, 4), step(0x15, architecture, 1), step(0x06, no)]
    steps += [NUMBER, step(0x35, X32, 0, 1), step(0x06, no)]
    for number in map(int, REFUSED[1 + column :: 3]):
        steps += refuse(number, no)
    steps += refuse(CLONE3[column], absent)  # its flags are out of sight; all fall back to clone
    for call in (CLONE, UNSHARE):
        steps += refuse_unless(call[column], 0, NAMESPACES, 0, no)
    steps += refuse_unless(PRLIMIT64[column], 0, 0xFFFFFFFF, 0, no)  # limits of others
    if not network:
        for call in (SOCKET, SOCKETPAIR):
            steps += refuse_unless(call[column], 0, 0xFFFFFFFF, AF_UNIX, REFUSE | errno.EACCES)
    if abi < 3:  # Landlock does not see truncation, by path or by opening for reading
        steps += refuse(TRUNCATE_BY_PATH[column], no) + refuse(OPENAT2[column], absent)
        for number, flags in ((OPEN[column], 1), (OPENAT[column], 2)):
            for mode in (os.O_RDONLY, O_ACCMODE) if number >= 0 else ():
                steps += refuse_unless(number, flags, os.O_TRUNC | O_ACCMODE, os.O_TRUNC | mode, no, False)
    return b"".join([*steps, step(0x06, ALLOW)])


def login_program() -> bytes | None:
    """A filter for what namespaces leave open: the login's keyrings, and sockets to a virtual machine's host.

    None on machines that are not known here.
    """
    machine = os.uname().machine
    if machine not in MACHINES:
        return None
    column, architecture = MACHINES[machine]
    no = REFUSE | errno.EPERM
    steps = [step(0x20, 4), step(0x15, architecture, 1), step(0x06, no), NUMBER, step(0x35, X32, 0, 1), step(0x06, no)]
    for name in ("keyctl", "add_key", "request_key"):
        steps += refuse(int(REFUSED[REFUSED.index(name) + 1 + column]), no)
    steps += refuse_unless(SOCKET[column], 0, 0xFFFFFFFF, AF_VSOCK, REFUSE | errno.EACCES, False)
    return b"".join([*steps, step(0x06, ALLOW)])


def refuse(number: int, answer: int) -> list[bytes]:
    """Refuse a system call."""
    return [step(0x15, number, 0, 1), step(0x06, answer)]


def refuse_unless(number: int, argument: int, mask: int, value: int, answer: int, equal: bool = True) -> list[bytes]:
    """Refuse a system call unless the masked low half of an argument equals this value, or unless it does not."""
    test = step(0x15, value, equal, not equal)
    return [step(0x15, number, 0, 5), step(0x20, 16 + 8 * argument), step(0x54, mask), test, step(0x06, answer), NUMBER]


def step(code: int, operand: int, on_true: int = 0, on_false: int = 0) -> bytes:
    """One BPF instruction; the jumps count instructions passed over."""
    return struct.pack("=HBBI", code, on_true, on_false, operand)


def syscall(number: int, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make a system call. Returns -1 on failure."""
    words = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    return int(libc.syscall(ctypes.c_long(number), *words))


def applied(what: str, returned: int) -> None:
    """Go no further when something was refused."""
    if returned < 0:
        fail(f"{what} could not be applied: {os.strerror(ctypes.get_errno())}")


def fail(why: str, code: int = 126) -> None:
    """Say why the command was not run, and end."""
    os.write(2, f"error: {why}. Nothing was run.\n".encode(errors="replace"))
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
