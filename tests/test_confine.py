"""Commands shut in by Landlock: what they try and cannot do, and what they need and can."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from autoresearch.edge import bench, confine, landlock

pytestmark = pytest.mark.skipif(landlock.abi() == 0, reason="this kernel has no Landlock")

SECRET = "planted-secret"
NUMBERS = {  # on x86_64 and on aarch64
    "ptrace": (101, 117),
    "pidfd_getfd": (438, 438),
    "keyctl": (250, 219),
    "io_uring_setup": (425, 425),
    "clone": (56, 220),
}
HEAD = f"""
import ctypes, os, signal, socket, sys
outside, tree, port, udp, abstract, victim = sys.argv[1:]
port, udp, victim = int(port), int(udp), int(victim)
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
N = {{name: pair[os.uname().machine == 'aarch64'] for name, pair in {NUMBERS!r}.items()}}
def call(number, *words):
    done = libc.syscall(*[ctypes.c_long(word) if isinstance(word, int) else word for word in (number, *words)])
    if done == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done
def made(done):
    if done == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
def secret(text):
    if {SECRET!r} not in text:
        raise OSError('not found')
def attack():
"""
TAIL = """
try:
    attack()
except OSError as error:
    print('refused', error.errno)
else:
    print('possible')
"""


@dataclass(frozen=True)
class Surroundings:
    """What an attack is aimed at: a folder with a secret, the tree beside it, sockets, and another process."""

    outside: Path
    tree: Path
    aims: Sequence[str]

    @property
    def shown(self) -> Path:
        return self.tree.parent / "shown"

    def rules(self, *, network: bool = False) -> list[str]:
        return landlock.rules(
            read_write=[self.tree, Path("/dev/shm")],
            read=[Path(sys.prefix), Path(sys.base_prefix), self.shown, self.tree / "absent"],
            hidden=[self.outside],
            network=network,
        )

    def prefix(self, *, network: bool = False) -> list[str]:
        return landlock.prefix(self.rules(network=network))


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Surroundings]:
    outside, tree = tmp_path / "outside", tmp_path / "tree"
    outside.mkdir()
    tree.mkdir()
    (outside / "secret").write_text(SECRET)
    (outside / "program").write_text("#!/bin/sh\necho possible\n")
    (outside / "program").chmod(0o755)
    (tree / "own").write_text("own")
    (tmp_path / "shown").write_text("shown")
    (tree / "link").symlink_to(outside / "secret")
    abstract = f"confine-{os.getpid()}-{tmp_path.name}"
    sleeper = "import sys; print(flush=True); sys.stdin.read()"
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_UNIX) as unix,
        socket.socket(socket.AF_UNIX) as named,
        subprocess.Popen(
            [sys.executable, "-c", sleeper, SECRET],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PLANTED": SECRET},
        ) as victim,
    ):
        datagrams.bind(("127.0.0.1", 0))
        unix.bind(f"\0{abstract}")
        unix.listen()
        named.bind(str(outside / "socket"))
        named.listen()
        assert victim.stdout is not None
        victim.stdout.readline()
        ports = (listener.getsockname()[1], datagrams.getsockname()[1])
        yield Surroundings(outside, tree, [str(outside), str(tree), *map(str, ports), abstract, str(victim.pid)])
        victim.kill()


def run(prefix: Sequence[str], *argv: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "PYTHONDONTWRITEBYTECODE": "1"}
    env |= {"TMPDIR": ".", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}  # a socket's path must be short
    return subprocess.run([*prefix, *argv], cwd=cwd, env=env, capture_output=True, text=True, check=False)


def attacked(around: Surroundings, attack: str, prefix: Sequence[str]) -> str:
    body = "".join(f"    {line}\n" for line in attack.split("; "))
    done = run(prefix, sys.executable, "-c", HEAD + body + TAIL, *around.aims, cwd=around.tree)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


ATTACKS = {
    "read a secret": "secret(open(f'{outside}/secret').read())",
    "read it by a link in the tree": "secret(open(f'{tree}/link').read())",
    "read it by another root": "secret(open(f'/proc/self/root{outside}/secret').read())",
    "read it by a folder's handle": (
        "d = os.open(outside, os.O_PATH); secret(open('secret', opener=lambda p, f: os.open(p, f, dir_fd=d)).read())"
    ),
    "list the names": "os.listdir(outside)",
    "write a new file": "open(f'{outside}/new', 'w')",
    "write over a file": "open(f'{outside}/secret', 'r+')",
    "empty a file by its path": "os.truncate(f'{outside}/secret', 0)",
    "empty a file by opening it": "os.open(f'{outside}/secret', os.O_RDONLY | os.O_TRUNC)",
    "empty a file by opening it for nothing": "os.open(f'{outside}/secret', 3 | os.O_TRUNC)",
    "empty what may be read": "open(f'{tree}/../shown').read(); os.truncate(f'{tree}/../shown', 0)",
    "empty what may be read by opening it": "os.open(f'{tree}/../shown', os.O_RDONLY | os.O_TRUNC)",
    "write over what may be read": "open(f'{tree}/../shown', 'r+')",
    "remove what may be read": "os.unlink(f'{tree}/../shown')",
    "remove a file": "os.unlink(f'{outside}/secret')",
    "make a folder": "os.mkdir(f'{outside}/new')",
    "rename inside": "os.rename(f'{outside}/secret', f'{outside}/other')",
    "rename into the tree": "os.rename(f'{outside}/secret', f'{tree}/stolen')",
    "rename over from the tree": "os.rename(f'{tree}/own', f'{outside}/secret')",
    "hard link into the tree": "os.link(f'{outside}/secret', f'{tree}/stolen'); secret(open(f'{tree}/stolen').read())",
    "hard link out of the tree": "os.link(f'{tree}/own', f'{outside}/new')",
    "plant a link outside": "os.symlink('/etc/passwd', f'{outside}/new')",
    "plant a socket outside": "socket.socket(socket.AF_UNIX).bind(f'{outside}/new')",
    "connect to this machine": "socket.create_connection(('127.0.0.1', port))",
    "listen": "socket.create_server(('127.0.0.1', 0))",
    "send a datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', udp))",
    "list the network's interfaces": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "connect to an abstract socket": "socket.socket(socket.AF_UNIX).connect('\\0' + abstract)",
    "signal another process": "os.kill(victim, 0)",
    "signal the parent": "os.kill(os.getppid(), 0)",
    "signal by a handle": "signal.pidfd_send_signal(os.pidfd_open(victim), 0)",
    "another's environment": "secret(open(f'/proc/{victim}/environ').read())",
    "another's memory": "os.open(f'/proc/{victim}/mem', os.O_RDWR)",
    "another's files": "os.readlink(f'/proc/{victim}/fd/0')",
    "ptrace another": "call(N['ptrace'], 0x4206, victim, 0, 0)",
    "ptrace itself": "call(N['ptrace'], 0, 0, 0, 0)",
    "read another's memory": (
        "b = ctypes.create_string_buffer(16); made(libc.process_vm_readv(victim, "
        "ctypes.byref((ctypes.c_size_t * 2)(ctypes.addressof(b), 0)), 1, "
        "ctypes.byref((ctypes.c_size_t * 2)(0, 0)), 1, 0))"
    ),
    "another's limits": (
        "import resource; resource.prlimit(victim, resource.RLIMIT_CPU, resource.prlimit(victim, resource.RLIMIT_CPU))"
    ),
    "take another's file": "call(N['pidfd_getfd'], os.pidfd_open(victim), 0, 0)",
    "keyring": "call(N['keyctl'], 0, -3, 0)",
    "io_uring": "call(N['io_uring_setup'], 4, ctypes.create_string_buffer(120))",
    "a user namespace": "made(libc.unshare(0x10000000))",
    "a user namespace by clone": ("p = call(N['clone'], 0x10000000 | 17, 0, 0, 0, 0); p or os._exit(0)"),
    "a mount namespace": "made(libc.unshare(0x00020000))",
    "another's namespace": "made(libc.setns(os.pidfd_open(victim), 0x04000000))",
    "change the root": "os.chroot(tree)",
    "make a disk's node": "os.mknod(f'{tree}/disk', 0o060600, os.makedev(7, 0))",
    "make a device's node": "os.mknod(f'{tree}/device', 0o020600, 0)",
    "open a new terminal": "os.open('/dev/ptmx', os.O_RDWR)",
    "read the kernel's memory": "os.open('/proc/kcore', os.O_RDONLY)",
    "read a disk": (
        "disks = [f.path for f in os.scandir('/dev') if os.stat(f).st_mode >> 12 == 6]; "
        "os.open([*disks, '/none'][0], os.O_RDONLY)"
    ),
    "change the kernel's settings": "open('/proc/sys/kernel/core_pattern', 'r+')",
    "run a hidden program": "os.execv(f'{outside}/program', ['x'])",
    "a program of the other word length": (
        "m = __import__('mmap').mmap(-1, 4096, prot=7); m.write(bytes.fromhex('b814000000cd80c3')); "
        "f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m))); r = f(); "
        "made(-1 if r < 0 else r)"
    ),
    "a system call of x32": "call(0x40000000 | 39)",
}
X86 = {"a program of the other word length", "a system call of x32"}
SINCE = {
    "connect to an abstract socket": 6,
    "signal another process": 6,
    "signal the parent": 6,
    "signal by a handle": 6,
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_that_would_succeed_is_refused(around: Surroundings, name: str) -> None:
    if name in X86 and platform.machine() != "x86_64":
        pytest.skip("only on x86_64")
    if landlock.abi() < SINCE.get(name, 1):
        pytest.skip(f"possible before version {SINCE[name]} of Landlock")
    assert attacked(around, ATTACKS[name], around.prefix()).startswith("refused")
    assert (around.outside / "secret").read_text() + around.shown.read_text() == SECRET + "shown"
    if attacked(around, ATTACKS[name], ()) != "possible":
        pytest.skip("refused on this machine anyway")


@pytest.mark.parametrize("name", [name for name in ATTACKS if name.startswith("empty")])
@pytest.mark.parametrize("version", [1, 2, 3, 5])
def test_no_file_is_emptied_under_older_versions(around: Surroundings, name: str, version: int) -> None:
    assert attacked(around, ATTACKS[name], older(around.prefix(), version)).startswith("refused")


@pytest.mark.parametrize("version", range(1, 9))
def test_older_versions_work_and_hide_secrets(around: Surroundings, version: int) -> None:
    prefix = older(around.prefix(), version)
    assert attacked(around, "open(f'{tree}/made', 'w').write('x')", prefix) == "possible"
    assert attacked(around, "open(f'{tree}/made', 'r+').truncate(0); open(f'{tree}/made', 'w')", prefix) == "possible"
    assert attacked(around, ATTACKS["read a secret"], prefix).startswith("refused")
    assert attacked(around, ATTACKS["connect to this machine"], prefix).startswith("refused")


@pytest.mark.parametrize(
    ("attack", "since", "before", "after"),
    [
        (ATTACKS["signal another process"], 6, "possible", "refused 1"),
        (ATTACKS["connect to an abstract socket"], 6, "possible", "refused 1"),
        ("os.mkdir(f'{tree}/sub'); os.rename(f'{tree}/own', f'{tree}/sub/own')", 2, "refused 18", "possible"),
        ("os.truncate(f'{tree}/own', 0)", 3, "refused 1", "possible"),
    ],
)
def test_versions_differ_as_documented(around: Surroundings, attack: str, since: int, before: str, after: str) -> None:
    if landlock.abi() < since:
        pytest.skip("this kernel is older")
    assert attacked(around, attack, older(around.prefix(), since - 1)) == before
    for path in around.tree.glob("sub/*"):
        path.rename(around.tree / "own")
    shutil.rmtree(around.tree / "sub", ignore_errors=True)
    assert attacked(around, attack, older(around.prefix(), since)) == after


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only on x86_64")
def test_calls_of_x32_are_refused_by_the_filter_itself(around: Surroundings) -> None:
    assert attacked(around, ATTACKS["a system call of x32"], around.prefix()) == "refused 1"


def older(prefix: Sequence[str], version: int) -> list[str]:
    """The same rules on a kernel whose Landlock is of this version, at most."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import confine; known = confine.landlock_abi; "
        f"confine.landlock_abi = lambda: min(known(), {version}); confine.main(sys.argv[2:])"
    )
    return [*prefix[:4], "-c", code, str(Path(confine.__file__).parent), *prefix[5:]]


# --- what stays possible, so that the documentation is right about it ---


@pytest.mark.parametrize(
    "attack",
    [
        "os.stat(f'{outside}/secret')",
        "os.chmod(f'{outside}/secret', 0o644)",
        "os.utime(f'{outside}/secret')",
        "os.chdir(outside)",
        "os.listdir(f'/proc/{victim}/fd')",
        "socket.socket(socket.AF_UNIX).connect(f'{outside}/socket')",
        "secret(open(f'/proc/{victim}/cmdline').read())",
        "os.setpriority(os.PRIO_PROCESS, victim, 5)",
        "os.sched_setaffinity(victim, os.sched_getaffinity(victim))",
        "os.memfd_create('x')",
        "made(libc.inotify_add_watch(libc.inotify_init(), outside.encode(), 0x100))",
        "made(libc.shmctl(libc.shmget(0, 4096, 0o1600), 0, 0))",
    ],
)
def test_what_landlock_does_not_see(around: Surroundings, attack: str) -> None:
    if "connect" in attack and landlock.abi() >= 9:
        pytest.skip("refused since version 9 of Landlock")
    if "set" in attack and os.geteuid() == 0:
        pytest.skip("refused to root, whose other processes have more capabilities")
    assert attacked(around, attack, around.prefix()) == "possible"


# --- what benches need ---


def test_a_network_can_be_allowed(around: Surroundings) -> None:
    for name in ("connect to this machine", "listen", "send a datagram", "list the network's interfaces"):
        assert attacked(around, ATTACKS[name], around.prefix(network=True)) == "possible"
    assert attacked(around, ATTACKS["read a secret"], around.prefix(network=True)).startswith("refused")


ORDINARY = {
    "pool": "import multiprocessing as m; print(sum(m.Pool(2).map(abs, [-1, -2])))",
    "manager": (
        "import multiprocessing as m\nif __name__ == '__main__':\n with m.Manager() as a: print(len(a.list([1, 2, 3])))"
    ),
    "spawn": (
        "import multiprocessing as m\n"
        "if __name__ == '__main__': print(m.get_context('spawn').Pool(1).map(abs, [-3])[0])"
    ),
    "forkserver": (
        "import multiprocessing as m\n"
        "if __name__ == '__main__': print(m.get_context('forkserver').Pool(1).map(abs, [-3])[0])"
    ),
    "shared memory": (
        "from multiprocessing.shared_memory import SharedMemory as S; s = S(create=True, size=3); "
        "print(s.buf[0] + 3); s.unlink()"
    ),
    "threads": "from concurrent.futures import ThreadPoolExecutor as T; print(sum(T(4).map(abs, [-1, -2])))",
    "subprocess": (
        "import subprocess as s; print(s.run(['/bin/sh', '-c', 'echo 3 | cat'], capture_output=True, text=True).stdout)"
    ),
    "temporary": "import tempfile as t; f = t.TemporaryFile(); f.write(b'123'); print(f.tell())",
    "asyncio": "import asyncio as a; print(a.run(a.sleep(0, 3)))",
    "numpy": "import numpy as n; print(int(n.linalg.det(n.eye(200)) + 2.5))",
    "null": "import os; open('/dev/null', 'w').write('x'); print(open('/dev/urandom', 'rb').read(3) and 3)",
    "limits": "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, r.getrlimit(r.RLIMIT_NOFILE)); print(3)",
    "affinity": "import os; os.sched_setaffinity(0, os.sched_getaffinity(0)); print(3)",
    "tree": (
        "import os, shutil; os.makedirs('a/b'); open('a/b/c', 'w'); os.rename('a/b/c', 'c'); os.link('c', "
        "'d'); shutil.rmtree('a'); os.mkfifo('f'); print(3)"
    ),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_programs_work(around: Surroundings, name: str) -> None:
    script = around.tree / "ordinary.py"
    script.write_text(ORDINARY[name])
    done = run(around.prefix(), sys.executable, str(script), cwd=around.tree)
    assert (done.stdout.strip(), done.stderr, done.returncode) == ("3", "", 0)


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_a_program_can_be_compiled_and_run(around: Surroundings) -> None:
    (around.tree / "a.c").write_text('#include <stdio.h>\nint main(void) { puts("3"); }\n')
    done = run(around.prefix(), "/bin/sh", "-c", "cc -o a a.c && ./a && git --version", cwd=around.tree)
    assert done.stdout.startswith("3\ngit version"), done.stderr


def ignored(mask: int) -> list[int]:
    """Which of the signals that Python ignores are, by a mask of ignored signals."""
    return [number for number in (signal.SIGPIPE, signal.SIGXFSZ) if mask >> (number - 1) & 1]


def test_signals_that_python_ignores_are_not_ignored_by_the_command(around: Surroundings) -> None:
    done = run(around.prefix(), "/bin/sh", "-c", "grep SigIgn /proc/self/status", cwd=around.tree)
    assert not ignored(int(done.stdout.split()[1], 16))


def test_root_keeps_no_power_over_the_machine(around: Surroundings) -> None:
    done = run(
        around.prefix(), "/bin/sh", "-c", "grep -E 'CapPrm|CapEff|NoNewPrivs' /proc/self/status", cwd=around.tree
    )
    permitted, effective, privileges = (int(line.split()[1], 16) for line in done.stdout.splitlines())
    assert permitted & ~confine.CAPABILITIES_KEPT == effective & ~confine.CAPABILITIES_KEPT == 0
    assert privileges == 1


# --- rules ---


def ran(around: Surroundings, command: str, rules: Sequence[str]) -> tuple[bench.BenchRun, str]:
    """A run of the bench, and its log."""
    log = around.tree.parent / "run.log"
    done = bench.run(["/bin/sh", "-c", command], cwd=around.tree, env=os.environ, timeout_s=60, log=log, rules=rules)
    return done, log.read_text()


def test_a_run_is_shut_in_and_the_supervisor_is_not(around: Surroundings) -> None:
    asked = "grep -E 'SigIgn|CapEff|NoNewPrivs|Seccomp:' /proc/self/status"
    refused = f"cat {around.outside}/secret; echo x > {around.outside}/x"
    run, log = ran(around, f"{asked}; {refused}; setsid sleep 1000 >/dev/null 2>&1 & exec true", around.rules())
    assert (run.exit_code, run.leftovers) == (0, 1)
    state = {name: int(value, 16) for name, value in re.findall(r"^(\w+):\s+(\w+)$", log, re.MULTILINE)}
    assert (state["NoNewPrivs"], state["Seccomp"], state["CapEff"] & ~confine.CAPABILITIES_KEPT) == (1, 2, 0)
    assert not ignored(state["SigIgn"])
    assert log.count("Permission denied") == log.count("outside") == 2
    assert SECRET not in log


def test_a_run_that_may_reach_nothing_does_not_begin(around: Surroundings) -> None:
    run, log = ran(around, "touch began", [f"write={around.tree}"])
    assert (run.exit_code, log) == (127, "cannot start /bin/sh: Permission denied\n")
    assert not (around.tree / "began").exists()


def test_the_inner_of_two_places_counts(tmp_path: Path) -> None:
    for name in ("home/keys/open/closed", "home/work", "home/link/x"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "home" / "way").symlink_to(tmp_path / "home" / "keys")
    home = tmp_path / "home"
    rules = landlock.rules(
        read_write=[home / "keys" / "open"],
        read=[home],
        hidden=[home / "keys", home / "keys" / "open" / "closed", home / "absent"],
        network=False,
    )
    (home / "keys" / "open" / "file").touch()
    inside = [rule.replace(str(tmp_path), "") for rule in rules if str(tmp_path) in rule]
    assert inside == ["read=/home/link", "read=/home/work"]  # nothing can be granted around an unmade file
    assert "read=/usr" in rules
    assert not {"read=/", "read=/tmp", "read=/dev", "read=/run"} & set(rules)


def test_what_a_hidden_link_leads_to_is_hidden(around: Surroundings) -> None:
    (around.tree / "way").symlink_to(around.outside)
    prefix = landlock.prefix(
        landlock.rules(
            read_write=(), read=[around.tree.parent, Path(sys.prefix)], hidden=[around.tree / "way"], network=False
        )
    )
    assert attacked(around, "open(f'{tree}/own')", prefix) == "possible"
    assert attacked(around, ATTACKS["read a secret"], prefix) == "refused 13"


def test_a_folder_with_too_many_entries_is_left_out(tmp_path: Path) -> None:
    for number in range(landlock.ENTRIES_MOST + 1):
        (tmp_path / str(number)).touch()
    arguments = {"read_write": (), "read": [tmp_path], "network": False}
    hidden = landlock.rules(hidden=[tmp_path / "0"], **arguments)  # type: ignore[arg-type]
    assert not [rule for rule in hidden if str(tmp_path) in rule]
    (tmp_path / "1").unlink()
    rules = landlock.rules(hidden=[tmp_path / "0"], **arguments)  # type: ignore[arg-type]
    assert len([rule for rule in rules if str(tmp_path) in rule]) == landlock.ENTRIES_MOST - 1
    assert run(landlock.prefix(rules), "/bin/true", cwd=tmp_path).returncode == 0


def test_a_name_of_any_bytes_can_be_ruled(around: Surroundings) -> None:
    odd = Path(os.fsdecode(os.fsencode(around.tree) + b"/a=b\n\xff --"))
    odd.mkdir()
    prefix = landlock.prefix(landlock.rules(read_write=[odd], read=(), hidden=(), network=False))
    done = run(prefix, "/bin/sh", "-c", 'echo 3 > "$1/x"', "sh", str(odd), cwd=around.tree)
    assert (done.returncode, (odd / "x").read_text()) == (0, "3\n")


def test_what_may_be_altered_is_neither_made_nor_removed(around: Surroundings) -> None:
    (around.tree / "sub").mkdir()
    (around.tree / "sub" / "file").write_text("old")
    prefix = [*around.prefix()[:-1], f"alter={around.tree}/sub", "--"]
    prefix.remove(f"write={around.tree}")
    assert attacked(around, "os.write(os.open(f'{tree}/sub/file', os.O_WRONLY), b'new')", prefix) == "possible"
    for attack in ("os.unlink(f'{tree}/sub/file')", "open(f'{tree}/sub/x', 'w')", "os.truncate(f'{tree}/sub/file', 0)"):
        assert attacked(around, attack, prefix).startswith("refused")
    assert (around.tree / "sub" / "file").read_text() == "new"


# --- when it cannot be done ---


def test_without_landlock_nothing_is_run(around: Surroundings) -> None:
    done = run(older(around.prefix(), 0), "/bin/sh", "-c", "echo ran", cwd=around.tree)
    assert (done.returncode, done.stdout) == (126, "")
    assert done.stderr.startswith("error: this kernel (")
    assert done.stderr.endswith(") has no Landlock, or it is switched off. Nothing was run.\n")


@pytest.mark.parametrize(
    "number", ["ADD_RULE", "RESTRICT_SELF", "CREATE_RULESET", "PR_SET_SECCOMP", "PR_SET_NO_NEW_PRIVS"]
)
def test_nothing_is_run_when_a_step_fails(around: Surroundings, number: str) -> None:
    prefix = older(around.prefix(), 7)
    prefix[5] = prefix[5].replace("confine.main(", f"known(); confine.{number} = 9999; confine.main(")
    prefix[5] = prefix[5].replace("min(known(), 7)", "7")
    done = run(prefix, "/bin/sh", "-c", "echo ran", cwd=around.tree)
    assert (done.returncode, done.stdout) == (126, "")
    assert done.stderr.endswith(". Nothing was run.\n")
    assert "could not be applied: " in done.stderr


def test_a_command_that_is_not_there_is_said(around: Surroundings) -> None:
    done = run(around.prefix(), "/nowhere", cwd=around.tree)
    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr == "error: /nowhere cannot be run: No such file or directory. Nothing was run.\n"
