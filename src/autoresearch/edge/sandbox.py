"""What commands are shut in: bubblewrap where it works, else Landlock, else nothing, and then a warning says so."""

from __future__ import annotations

import ctypes
import getpass
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Literal

from autoresearch.edge import confine, landlock
from autoresearch.edge.environment import IMPORTABLE, in_read_only_home, private
from autoresearch.errors import SettingsError

Kind = Literal["bubblewrap", "landlock", "none"]

EMPTY_PLACES = ("/tmp", "/var/tmp", "/run", "/dev/shm")
"""Empty and writable inside: sockets of docker, dbus and ssh-agent lie here, and files of other runs."""
DEVICES = "nvidia* dri kfd dxg accel".split()
SECRET_PLACES = """
    .ssh .gnupg .aws .azure .kube .docker .config/gcloud .config/gh .config/hub .config/op .config/rclone .config/sops
    .config/doctl .config/git/credentials .git-credentials .netrc .npmrc .yarnrc .pypirc .pgpass .my.cnf .vault-token
    .password-store .local/share/keyrings .local/share/kwalletd .terraform.d .boto .s3cfg .databrickscfg .oci
    .claude .claude.json .codex .gemini .cursor .aider.conf.yml .config/anthropic .config/openai .config/github-copilot
    .continue .kaggle .wandb .config/wandb .cache/huggingface/token .cache/huggingface/stored_tokens .huggingface
    .bash_history .zsh_history .python_history .node_repl_history .psql_history .mysql_history .local/share/fish
    .lesshst .viminfo .mozilla .thunderbird .config/google-chrome .config/chromium .config/BraveSoftware .env
    .cargo/credentials .cargo/credentials.toml .gem/credentials .m2/settings.xml .gradle/gradle.properties
    .config/pip/pip.conf .pip/pip.conf .config/uv/uv.toml .local/share/uv/credentials
    """.split()
"""In a home: keys, sessions of agents and browsers, and what was typed."""
SECRET_SYSTEM_FILES = ("/etc/shadow", "/etc/gshadow", "/etc/sudoers")
NAMES = ("/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/nscd")
"""What looking up a name takes, where there is a network."""
SYSTEM = ("/run/current-system", "/run/opengl-driver", "/run/nvidia-persistenced")
OPEN = (
    "a candidate can read and write whatever you can, reach the network, and end this process. Changed tracked files "
    "are found out after the run, nothing else is"
)
PR_SET_DUMPABLE = 4
FIXED_MOST = 16
"""So many files are worth making read-only, one by one: each costs bubblewrap time, the more the more there are. All of
them, however many, are compared after the run."""
ROOM_SHARE = 0.25
"""Of the machine's memory: what may be written to each of the empty places, which lie in memory."""


@dataclass(frozen=True)
class Place:
    """A tree that commands run in, and what they may do there."""

    tree: Path
    """Where it really lies."""
    shown: Path
    """Where the commands see it (in bubblewrap): the repository's own path."""
    project: Path
    """The directory that commands begin in, relative to the tree."""
    fixed: Sequence[Path] = ()
    """Files and folders, relative to the tree, that nothing may change; the most important first."""
    borrowed: Mapping[Path, Path] = field(default_factory=dict)
    """Path relative to the tree → the user's own, shown there and never written."""
    hidden: Sequence[Path] = ()
    """Out of reach: the repository's git folder, and with it the session's own files."""


@dataclass(frozen=True)
class Shut:
    """How to start a command in the sandbox."""

    prefix: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    processes: int | None = None
    """Most processes that it may have, where that can be limited by its own count."""
    rules: Sequence[str] = ()
    """Of Landlock's, which the command is started under."""

    def argv(self, command: str) -> list[str]:
        """A shell command, shut in."""
        if self.processes is not None:
            # dash calls it -p, others -u; inside a namespace of its own only the run's processes count.
            number = self.processes
            command = f"ulimit -u {number} 2>/dev/null || ulimit -p {number} 2>/dev/null\n{command}"
        return [*self.prefix, "/bin/sh", "-c", command]


@dataclass(frozen=True)
class Sandbox:
    """One kind of sandbox, as it works on this machine."""

    kind: Kind
    network: bool = False
    processes: int | None = None
    room: Path | None = None
    """For temporary files where there is no private /tmp; made by whoever runs a command, and gone after it."""
    filter: Path | None = None
    """A program of seccomp's for bubblewrap: what namespaces leave open."""
    gap: str | None = None
    """What is not protected, in words, where that is not what the user asked for."""

    def shut(self, place: Place) -> Shut:
        """How to run a command in this place."""
        if self.kind == "bubblewrap":
            inner = Path("/tmp")
            filtered = ["/bin/sh", "-c", 'exec "$@" 9<"$0"', str(self.filter)] if self.filter else []
            ends = [*(["--seccomp", "9"] if self.filter else []), "--chdir", str(place.shown / place.project), "--"]
            return Shut(
                [*filtered, *_bubblewrap(place, self.network), *ends],
                place.tree,
                {**private(inner), **in_read_only_home(inner, self.network)},
                self.processes,
            )
        room = {} if self.room is None else private(self.room)
        cwd = place.tree / place.project
        if self.kind == "none":
            return Shut((), cwd, room)
        assert self.room is not None
        rules = _rules(place.tree, self.room, tuple(place.borrowed.values()), tuple(place.hidden), self.network)
        return Shut((), cwd, {**room, **in_read_only_home(self.room, self.network)}, rules=rules)


def choose(
    mode: Literal["auto", "strict", "off"], place: Place, *, network: bool, processes: int, folder: Path
) -> Sandbox:
    """The strongest sandbox that works here, tried by running it. `folder` is the session's own.

    Raises SettingsError where `strict` cannot be had.
    """
    room = room_for(folder)
    if mode == "off":
        return Sandbox("none", room=room, gap=f"the sandbox is off: {OPEN}")
    full = Sandbox("bubblewrap", network, processes, filter=_filter(folder))
    failure = _fails(full, place)
    if failure is None:
        return full
    if mode == "strict":
        raise SettingsError(
            f"sandbox: strict, but bubblewrap does not work here: {failure}. Install bubblewrap or allow it user "
            "namespaces, or choose `sandbox: auto`."
        )
    partial = Sandbox("landlock", network, room=room)
    if landlock.abi() and _fails(partial, place) is None:
        gap = (
            f"bubblewrap does not work here ({failure}), so runs are shut in by Landlock: they can write into the tree "
            "they run in, also over tracked files (found out after the run), use sockets by path, and see that "
            "other processes exist"
        )
        return replace(partial, gap=gap)
    return Sandbox("none", room=room, gap=f"there is no sandbox here ({failure}): {OPEN}")


def _filter(folder: Path) -> Path | None:
    """bubblewrap's filter, written where it can be opened for each run; None on machines that it is not known for."""
    program = confine.login_program() if sys.platform == "linux" else None
    if program is None:
        return None
    path = folder / "seccomp.bpf"
    path.write_bytes(program)
    return path


def agent(place: Place, sessions: Path, prompt: Path) -> list[str]:
    """Argv prefix for a command that proposes: it has your rights, home, network and keys, but can only read the
    repository, and of the sessions' folder nothing but the folder of its prompt. Its own tree it can write, though not
    the file that says to git whose tree it is. Empty where bubblewrap does not work."""
    prefix = "bwrap --unshare-user --unshare-pid --die-with-parent --dev-bind / / --proc /proc".split()
    for path in (place.shown, *place.hidden):
        prefix += ["--ro-bind", str(path), str(path)]
    tree, link = str(place.tree), str(place.tree / ".git")
    prefix += ["--tmpfs", str(sessions), "--ro-bind", str(prompt), str(prompt), "--remount-ro", str(sessions)]
    prefix += ["--bind", tree, tree, "--ro-bind", link, link, "--chdir", str(place.tree / place.project), "--"]
    return prefix if shutil.which("bwrap") and _runs([*prefix, "true"]) is None else []


def _bubblewrap(place: Place, network: bool) -> list[str]:
    """Devices behind /dev, binds behind the empty places, the tree behind what is hidden."""
    options = [*_namespaces(network), "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
    for pattern in DEVICES:
        for device in sorted(Path("/dev").glob(pattern)):
            options += ["--dev-bind-try", str(device), str(device)]
    room = str(int(_memory_bytes() * ROOM_SHARE))
    for empty in dict.fromkeys(str(Path(path).resolve()) for path in EMPTY_PLACES):
        if Path(empty).is_dir():
            options += [*(("--size", room) if "--size" in _known() else ()), "--tmpfs", empty]
    for path in [*_needed(), *map(Path, SYSTEM), *(map(Path, NAMES) if network else ())]:
        if _in_empty_place(path) and path.exists():
            options += ["--ro-bind", str(path), str(path)]
    for path in _secrets():
        options += _covered(path)
    options += ["--bind", str(place.tree), str(place.shown)]
    inside = [relative for relative in (*place.fixed, *place.borrowed) if (place.tree / relative).exists()]
    for folder in sorted({above for relative in inside for above in relative.parents if above.parts}):
        # Else it could be moved aside with what is fixed in it, and back again before anyone looks.
        options += ["--bind", str(place.tree / folder), str(place.shown / folder)]
    for path in place.hidden:
        if not path.is_relative_to(place.shown) or place.tree == place.shown:
            options += _covered(path)
    for relative, original in place.borrowed.items():
        options += ["--ro-bind", str(original), str(place.shown / relative)]
    for relative in place.fixed:
        if (place.tree / relative).exists() and not (place.tree / relative).is_symlink():
            options += ["--ro-bind", str(place.tree / relative), str(place.shown / relative)]
    return options


def _namespaces(network: bool) -> list[str]:
    optional = [option for option in ("--disable-userns",) if option in _known()]
    return [
        *("bwrap", "--unshare-user", *optional, "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
        *(() if network else ("--unshare-net",)),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
    ]


def _covered(path: Path) -> list[str]:
    """Options that put nothing in the place of a folder or file; of a link, in the place of what it leads to."""
    real = path.resolve()
    if real.is_dir():
        return ["--tmpfs", str(real)]
    return ["--ro-bind", os.devnull, str(real)] if real.exists() else []


def _secrets() -> list[Path]:
    """What is there of the known places for secrets."""
    places = [home / entry for home in _homes() for entry in SECRET_PLACES]
    places += [Path(os.environ[name]) for name in ("SSH_AUTH_SOCK", "GNUPGHOME") if os.environ.get(name)]
    return [path for path in [*places, *map(Path, SECRET_SYSTEM_FILES)] if os.path.exists(path)]  # noqa: PTH110


def _needed() -> list[Path]:
    """Folders that commands are run from or that hold what they import, wherever they lie."""
    found = [*_homes(), IMPORTABLE.parent]
    for name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "HF_HOME"):
        found += [Path(entry) for entry in os.environ.get(name, "").split(os.pathsep) if Path(entry).is_absolute()]
    # Not Path.exists, which raises where a folder of another user's is on the PATH.
    roots = [path.parent if os.path.exists(path.parent / "pyvenv.cfg") else path for path in found]  # noqa: PTH110
    return [path for path in dict.fromkeys(roots) if os.path.isdir(path) and path != Path("/")]  # noqa: PTH112


def _homes() -> list[Path]:
    """The home that the environment names, and the one that the system knows."""
    found = [os.path.expanduser(name) for name in ("~", f"~{getpass.getuser()}")]  # noqa: PTH111 - never raises
    return [Path(home) for home in dict.fromkeys(found) if home.startswith("/") and home != "/"]


def _in_empty_place(path: Path) -> bool:
    return any(path.is_relative_to(empty) and path != Path(empty) for empty in EMPTY_PLACES)


def _fails(sandbox: Sandbox, place: Place) -> str | None:
    """Why a command cannot be run in this sandbox; None when it can."""
    if sandbox.kind == "bubblewrap" and shutil.which("bwrap") is None:
        return "it is not installed"
    shut = sandbox.shut(place)
    return _runs([*(landlock.prefix(shut.rules) if shut.rules else ()), *shut.argv("true")])


def _runs(argv: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(argv, capture_output=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return None if done.returncode == 0 else said or f"it exits with {done.returncode}"


@cache
def _rules(
    tree: Path, room: Path, borrowed: tuple[Path, ...], hidden: tuple[Path, ...], network: bool
) -> tuple[str, ...]:
    """Landlock's, worked out once: they name what lies around the hidden places."""
    rules = landlock.rules(
        read_write=[tree, room, Path("/dev/shm")],
        read=[*_needed(), *map(Path, (*SYSTEM, *(NAMES if network else ()))), *borrowed],
        hidden=[*_secrets(), *hidden],
        network=network,
    )
    # In place .git lies in the tree, and around it no folder could be listed.
    return (*rules, f"list={tree}")


@cache
def _known() -> str:
    """bubblewrap's own list of its options: older ones lack some."""
    if shutil.which("bwrap") is None:
        return ""
    return subprocess.run(["bwrap", "--help"], capture_output=True, text=True, check=False).stdout


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def close_memory() -> None:
    """Keep this process's memory and environment, which holds the keys, from other processes of the same user."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def room_for(folder: Path) -> Path:
    """A short path for a session's temporary files: sockets in it have names of at most 108 bytes."""
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    room = Path(tempfile.gettempdir()) / f"autoresearch-{os.getuid()}-{digest}"
    if os.path.lexists(room) and room.lstat().st_uid != os.getuid():  # somebody else was there before us
        return room.with_name(f"{room.name}-{os.urandom(6).hex()}")
    return room
