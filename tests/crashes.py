"""Sessions that die at a chosen instant, and what must be true once another one has gone on from there.

The launcher is a process of its own that imports the package once and forks a child a session. The child counts its
own steps at the operating system (a file synced, renamed, linked, removed, opened for writing; a process started), and
SIGKILLs itself at the one it was told. Nothing of the package is replaced.
"""

from __future__ import annotations

import builtins
import functools
import gc
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from user import OURS, User

TAG = "t"
EXPERIMENTS = 4
PROGRAM = f"""\
---
target: value.sh
bench: sh bench.sh
metric: score
direction: higher
timeout: 20s
model: command
command: sh agent.sh
check: sh check.sh
confirm: sh bench.sh
alpha: 0.5
max_losses: 0
sandbox: "off"
budget: experiments={EXPERIMENTS}
---
Make the score as high as you can.
"""
FILES = {
    "value.sh": "VALUE=10 WIDTH=50\n",
    # Noise that is the same for the same seed, and far smaller than what the candidates differ by.
    "bench.sh": '. ./value.sh\necho "score: $((VALUE * 100 + AUTORESEARCH_SEED % WIDTH))"\n',
    "check.sh": '. ./value.sh\ntest "$VALUE" -lt 900\n',
    "agent.sh": """\
echo asked >> "$ASKED"
say() { echo "$1" > value.sh; printf 'description: %s\\nhypothesis: more\\ncategory: parameters\\n' "$1"; }
case "$(sed -n 's/^This is experiment \\([0-9]*\\).*/\\1/p' "$AUTORESEARCH_PROMPT")" in
2) say 'VALUE=$((1 / 0))' ;;
3) if grep -q 'That answer was not used' "$AUTORESEARCH_PROMPT"
   then say 'VALUE=5 WIDTH=50'; else echo 'description: nothing'; fi ;;
4) say 'VALUE=40 WIDTH=50' ;;
5) say 'VALUE=950 WIDTH=50' ;;
6) say 'VALUE=40 WIDTH=97' ;;
*) say 'VALUE=20 WIDTH=50' ;;
esac
""",
}
"""Experiments: 2 crashes, is repaired, kept; 3 is refused, then discarded; 4 is kept; 5 fails `check`; 6 is a toss-up.

Each keep takes a screen, a pair, `check`, and two pairs of `confirm`.
"""
STATUSES = ["keep", "keep", "discard", "keep", "discard"]
"""Of the experiments whose verdict is no matter of chance."""
ASKS = {3: 4, 4: 5, 6: 7}
"""Experiments of a session → answers that the agent gives when nothing is cut short."""

STEPS = "replace rename link symlink unlink remove rmdir mkdir ftruncate truncate pwrite".split()
"""Functions of `os` that change what is on disk; what writes by pathlib and shutil ends there too."""


SHORT = ("--budget=experiments=3", "--confirm=")
IN_PLACE = ("--in-place", *SHORT)


@dataclass(frozen=True)
class Instant:
    """When a session dies."""

    at: int | None = None
    """Behind so many steps."""
    after_s: float | None = None
    """After so long a time."""
    power: bool = False
    """The power goes, and takes with it what was not synced."""


NEVER = Instant()


@dataclass(frozen=True)
class Ended:
    """How a session of the launcher's ended."""

    status: int
    """Exit code; negative for a signal."""
    said: str
    """Both its streams."""
    instants: tuple[str, ...]
    """Those that it passed, as text; only where they were asked for."""
    seconds: float


class Launcher:
    """Starts sessions in a process that has the package imported already."""

    def __init__(self, *within: str) -> None:
        """`within` is a command that runs another one, in a namespace of its own for example."""
        self._within = within

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [*self._within, sys.executable, str(Path(__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(
        self,
        home: Path,
        *arguments: str,
        death: Instant = NEVER,
        life: int = 0,
        note: bool = False,
    ) -> Ended:
        """One session in `home`; its chance comes from the number of its `life`."""
        order = {
            "home": str(home),
            "arguments": ["run", f"--tag={TAG}", *arguments],
            "die_at": death.at,
            "die_after_s": death.after_s,
            "power": death.power,
            "life": life,
            "note": note,
        }
        answer = self._order(order)
        return Ended(answer["status"], answer["said"], tuple(answer["instants"]), answer["seconds"])

    def shell(self, command: str) -> None:
        """A shell command where the sessions run."""
        assert self._order({"shell": command}) == 0, command

    def _order(self, order: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def beside(home: Path, name: str) -> Path:
    """A file about a session that lies on no disk of its."""
    return home.parent.parent / name


# In the launcher's process


def serve() -> None:
    """One order a line on stdin, one answer a line on stdout."""
    warm = False
    for line in sys.stdin:
        order = json.loads(line)
        if "shell" in order:
            print(json.dumps(subprocess.run(order["shell"], shell=True).returncode), flush=True)
            continue
        said, instants = beside(Path(order["home"]), "said"), beside(Path(order["home"]), "instants")
        if not warm:
            warm = warm_up(order)
        said.write_bytes(b"")  # it may be killed before it has begun
        begin = time.monotonic()
        child = os.fork()
        if child == 0:
            live(order, said, instants)
        if order["die_after_s"] is not None:
            time.sleep(order["die_after_s"])
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        answer = {
            "status": os.waitstatus_to_exitcode(status),
            "seconds": time.monotonic() - begin,
            "said": said.read_text(),
            "instants": instants.read_text().splitlines() if instants.exists() else [],
        }
        print(json.dumps(answer), flush=True)


def warm_up(order: Mapping[str, Any]) -> bool:
    """Import what a session imports, and do once what every command line begins with. True when done."""
    import git  # noqa: F401
    import typer.main

    import autoresearch.display
    import autoresearch.propose.command
    import autoresearch.session  # noqa: F401
    from autoresearch.cli import main

    typer.main.get_command = functools.cache(typer.main.get_command)
    sys.argv = ["autoresearch", "--help"]
    with redirect_stdout(io.StringIO()), suppress(SystemExit):
        main()
    gc.freeze()
    return True


def live(order: Mapping[str, Any], said: Path, instants: Path) -> None:
    """The child: a session from its command line to its end. Never returns."""
    code = 70
    try:
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.chdir(order["home"])
        os.environ["ASKED"] = str(beside(Path(order["home"]), "asked"))
        chance = random.Random(order["life"])
        random._urandom = chance.randbytes  # type: ignore[attr-defined]  # where SystemRandom takes its bytes from
        sys.argv = ["autoresearch", *order["arguments"]]
        notes = os.open(instants, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if order["note"] else None
        disk = Disk(Path(order["home"])) if order["power"] else None
        Instants(order["die_at"], notes, disk).count()
        from autoresearch.cli import main

        main()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
    except BaseException:  # noqa: BLE001 - a fork must not go on as its parent would
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


class Instants:
    """Counts the instants at which this process may die, and dies at one of them.

    One lies behind every step that changed the disk, and behind the start and the end of every process: what lies
    before the next step is the same to whoever comes afterwards.
    """

    def __init__(self, die_at: int | None, notes: int | None, disk: Disk | None) -> None:
        self._die_at = die_at
        self._notes = notes
        self._disk = disk
        self._passed = 0
        self._started: dict[int, Sequence[Any]] = {}

    def count(self) -> None:
        """From now on."""
        for name in STEPS:
            setattr(os, name, self._behind(name, getattr(os, name)))
        if self._disk:
            for name in ("fsync", "fdatasync"):
                setattr(os, name, self._disk.watching(getattr(os, name)))
        io.open = builtins.open = self._behind("open", io.open)
        subprocess._fork_exec = self._starting(subprocess._fork_exec)  # type: ignore[attr-defined]
        os.waitpid = self._waiting(os.waitpid)

    def _behind(self, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(step)
        def stepping(*arguments: Any, **more: Any) -> Any:
            done = step(*arguments, **more)
            if name != "open" or done.writable():
                self._pass(name, arguments)
            return done

        return stepping

    def _starting(self, start: Callable[..., int]) -> Callable[..., int]:
        def starting(*arguments: Any) -> int:
            pid = start(*arguments)
            self._started[pid] = arguments
            self._pass("start", arguments)
            return pid

        return starting

    def _waiting(self, wait: Callable[[int, int], tuple[int, int]]) -> Callable[[int, int], tuple[int, int]]:
        def waiting(pid: int, options: int) -> tuple[int, int]:
            ended = wait(pid, options)
            if ended[0]:
                self._pass("end", self._started.get(ended[0], ()))
            return ended

        return waiting

    def _pass(self, what: str, arguments: Sequence[Any]) -> None:
        self._passed += 1
        if self._notes is not None:
            os.write(self._notes, f"{what} {_shown(arguments)}\n".encode(errors="replace"))
        if self._passed == self._die_at:
            if self._disk:
                self._disk.tell()
            os.kill(os.getpid(), signal.SIGKILL)


class Disk:
    """What of a repository a power cut would spare: bytes that were synced, under names whose folders were."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._bytes: dict[int, bytes] = {}
        """Inode → what it held when it was synced last."""
        self._names: dict[Path, dict[str, int]] = {home: _entries(home)}
        """Folder → its entries when it was synced last."""
        for folder in home.rglob("*"):
            if folder.is_dir():
                self._names[folder] = _entries(folder)
            elif folder.is_file():
                self._bytes[folder.stat().st_ino] = folder.read_bytes()

    def watching(self, sync: Callable[[int], None]) -> Callable[[int], None]:
        """`fsync`, with a note of what it made durable."""

        def syncing(fd: int) -> None:
            sync(fd)
            path = Path(f"/proc/self/fd/{fd}").readlink()
            if path.is_dir():
                self._names[path] = _entries(path)
            else:
                self._bytes[os.fstat(fd).st_ino] = path.read_bytes()

        return syncing

    def tell(self) -> None:
        """Write down what a power cut at this instant spares: by each name that was synced, and of each file now."""
        old = {str(path.relative_to(self._home)): inode for path, inode in self._found(self._home)}
        new = {
            str(path.relative_to(self._home)): path.stat().st_ino
            for path in self._home.rglob("*")
            if path.is_file() and not path.is_symlink()
        }
        told = {
            name: {which: self._spared(names[name]) for which, names in (("old", old), ("new", new)) if name in names}
            for name in {**old, **new}
            if old.get(name) != new.get(name) or self._spared(new[name]) != _text(self._home / name)
        }
        beside(self._home, "spared").write_text(json.dumps(told))

    def _spared(self, inode: int) -> str | None:
        return self._bytes[inode].decode("latin-1") if inode in self._bytes else None

    def _found(self, folder: Path) -> Iterator[tuple[Path, int]]:
        for name, inode in self._names.get(folder, {}).items():
            if folder / name in self._names:
                yield from self._found(folder / name)
            elif not (folder / name).is_dir():
                yield folder / name, inode


def _text(path: Path) -> str:
    return path.read_bytes().decode("latin-1")


def _entries(folder: Path) -> dict[str, int]:
    return {entry.name: entry.inode() for entry in os.scandir(folder)}


def _shown(arguments: Sequence[Any]) -> str:
    first = arguments[0] if arguments else ""
    if isinstance(first, int):
        with suppress(OSError):
            return str(Path(f"/proc/self/fd/{first}").readlink())
    words = first if isinstance(first, list | tuple) else [first]
    return " ".join(str(word) for word in words if word != "-c" and "=" not in str(word)).replace("\n", " ")[-200:]


# In the tests' process


@dataclass(frozen=True)
class Project:
    """A project that each session gets a fresh copy of."""

    template: Path
    flags: tuple[str, ...] = ()
    """Of every session."""
    program: str = PROGRAM

    def make(self) -> None:
        """Make the template."""
        User.with_project(self.template, program=self.program, files=FILES, commit=False)
        user = User(self.template)
        (self.template / "program.py").unlink()
        shutil.rmtree(self.template / ".git" / "hooks", ignore_errors=True)
        (self.template / "notes.txt").write_text("committed\n")
        user.git("add", "-A")
        user.git("commit", "--quiet", "-m", "start")
        if not self.in_place:  # work of the user's that lies about, and must lie there afterwards
            (self.template / "notes.txt").write_text("unfinished\n")
            (self.template / "new.txt").write_text("untracked\n")

    @property
    def in_place(self) -> bool:
        """True where the session works in the user's checkout."""
        return "--in-place" in self.flags

    @property
    def experiments(self) -> int:
        """So many the session ends with."""
        return 3 if set(SHORT) <= set(self.flags) else EXPERIMENTS

    @contextmanager
    def copy(self, folder: Path) -> Iterator[Path]:
        """A fresh copy of the project below `folder`, gone afterwards."""
        home = folder / "disk" / "home"
        shutil.copytree(self.template, home, symlinks=True)
        try:
            yield home
        finally:
            shutil.rmtree(home)
            for name in ("said", "asked", "instants", "spared"):
                beside(home, name).unlink(missing_ok=True)


OWN = (".git/autoresearch", ".git/worktrees", ".git/info", *OURS, *(f".{name}." for name in OURS))
"""What only we write and sync ourselves. The rest is git's, which syncs objects and refs, or may be lost."""


def cut_power(home: Path, chance: random.Random) -> None:
    """Leave of a repository whose session has just died what a power cut may leave: each file in one of its ways."""
    for line in processes_in(home, patience_s=0):
        with suppress(ProcessLookupError):
            os.kill(int(line.split()[0]), signal.SIGKILL)
    processes_in(home, patience_s=5)
    at_stake: dict[str, dict[str, str | None]] = json.loads(beside(home, "spared").read_text())
    for name, spared in sorted(at_stake.items()):
        path = home / name
        live = _text(path) if path.is_file() else None
        left = chance.choice(list(_ways(live, spared)))
        if not name.startswith(OWN):
            continue
        if left is None:
            path.unlink(missing_ok=True)
        elif left != live:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(left.encode("latin-1"))
    for entry in (home / ".git" / "worktrees").glob("*"):
        os.utime(entry, (0, 0))  # a machine takes a while to start


def _ways(live: str | None, spared: Mapping[str, str | None]) -> Iterator[str | None]:
    """What may be left of a file; None is no file."""
    yield live
    if live is not None and "new" in spared and (kept := spared["new"] or "") != live:  # written, and not synced
        tail = live[len(kept) :]
        yield from (kept, kept + tail[: len(tail) // 2], kept + tail[: len(tail) // 3] + "\0" * (len(tail) // 2))
    if "old" not in spared:
        yield None  # made, and its folder not synced
    elif spared["old"] != spared.get("new"):
        yield spared["old"] or ""  # removed or replaced, and its folder not synced


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where that can be: a session syncs each of its steps, and it is no disk that is tried here."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made).resolve()


def made(folder: Path, *flags: str) -> Project:
    """A project, its template below `folder`."""
    project = Project(folder / "template", flags)
    project.make()
    return project


def passed(launcher: Launcher, project: Project, folder: Path) -> tuple[list[str], float]:
    """The instants of a session that nothing cuts short, and how long it takes."""
    with project.copy(folder) as home:
        ended = launcher.run(home, *project.flags, note=True)
        assert broken(project, home, ended, kills=0) == []
    return list(ended.instants), ended.seconds


LESSER = re.compile(
    r"^(open|mkdir|rmdir|unlink|symlink|ftruncate) (?!.*results)|\.(autoresearch|link)$"
    r"|git (ls-tree|cat-file|rev-parse|config|status|ls-files|symbolic-ref)\b|^(start|end) (sh|bwrap)"
    r"|status\.json"
)
"""Instants between which nothing changes that a later life goes by: targets put in place, logs, what git is asked, and
what the session says of itself."""


def worth_dying_at(known: Sequence[str]) -> list[int]:
    """Numbers of the instants behind every durable step, and of one in eight of the others."""
    return [at for at, name in enumerate(known, start=1) if at % 8 == 0 or not LESSER.search(name)]


def die(launcher: Launcher, project: Project, folder: Path, *deaths: Instant, chance: int = 0) -> list[str]:
    """Die in each life in its turn, then run to the end. Returns what does not hold."""
    with project.copy(folder) as home:
        kills = 0
        for life, death in enumerate(deaths):
            died = launcher.run(home, *project.flags, death=death, life=life).status == -signal.SIGKILL
            kills += died
            if died and death.power:
                cut_power(home, random.Random(chance))
        ended = launcher.run(home, *project.flags, life=len(deaths))
        return broken(project, home, ended, kills, power=any(death.power for death in deaths))


def broken(project: Project, home: Path, ended: Ended, kills: int, *, power: bool = False) -> list[str]:
    """What does not hold of a session that died `kills` times and was then run to its end: a sentence each."""
    said = []
    if ended.status != 0:
        return [f"the last life ended with {ended.status}: {ended.said}"]
    records = [json.loads(line)["record"] for line in _journal(home).read_text().splitlines()]
    said += list(_numbering(records, project.experiments, kills))
    said += list(_git(home, records))
    said += list(_table(home, records))
    if not power:  # logs are not synced: what counts of them is in the journal
        said += list(_logs(home, records))
    said += list(_asking(home, records, project.experiments, kills))
    said += list(_checkout(project, home))
    said += list(_leftovers(project, home, records))
    return said


def _journal(home: Path) -> Path:
    return home / ".git" / "autoresearch" / TAG / "journal.jsonl"


Record = Mapping[str, Any]


def _of(records: Sequence[Record], kind: str) -> list[Record]:
    return [record for record in records if record["kind"] == kind]


def _numbering(records: Sequence[Record], experiments: int, kills: int) -> Iterator[str]:
    """Experiments 1..N, each decided once, settled once, and not touched afterwards; each run measured once."""
    if [record["seq"] for record in records] != list(range(1, len(records) + 1)):
        yield "the journal's records are not numbered in order"
    wanted = list(range(1, experiments + 1))
    for kind in ("decided", "settled"):
        if (found := [record["n"] for record in _of(records, kind)]) != wanted:
            yield f"{kind}: {found}, not {wanted}"
    decided: set[int] = set()
    for record in records:
        if record.get("n") in decided and record["kind"] not in ("settled", "decided"):
            yield f"experiment {record['n']} was {record['kind']} after its verdict"
        if record["kind"] == "decided":
            decided.add(record["n"])
    runs = Counter((record["n"], record["run"]) for record in _of(records, "measured"))
    yield from (f"run {run} of experiment {n} counts {times} times" for (n, run), times in runs.items() if times > 1)
    begun = Counter((record["n"], record["run"]) for record in _of(records, "measuring"))
    if (again := sum(times - 1 for times in begun.values())) > kills:
        yield f"{again} runs were begun anew after {kills} kills"
    lost = [record for record in _of(records, "decided") if record["reason"].startswith("the machine or the runner")]
    if kills < 2:
        statuses = [record["status"] for record in _of(records, "decided")][: len(STATUSES)]
        if lost or statuses != STATUSES[: min(experiments, len(statuses))]:
            yield f"the verdicts are {statuses}, not {STATUSES}"


def _git(home: Path, records: Sequence[Record]) -> Iterator[str]:
    """Branch = baseline + keeps; a row for every commit and a commit for every row; nothing else, nothing broken."""
    git = User(home).git
    base = _of(records, "opened")[0]["base"]
    made: dict[int, list[str]] = {}
    for record in _of(records, "committed"):
        if record["commit"] not in made.setdefault(record["n"], []):
            made[record["n"]].append(record["commit"])
    keeps = [made[record["n"]][-1] for record in _of(records, "decided") if record["status"] == "keep"]
    if keeps[:1] != [base]:
        yield "the baseline is not the commit that the session started from"
    branch = git("rev-list", "--first-parent", "--reverse", f"{base}..refs/heads/autoresearch/{TAG}").split()
    if branch != keeps[1:]:
        yield f"the branch is {branch}, the keeps are {keeps[1:]}"
    prefix = f"refs/autoresearch/{TAG}/"
    wanted = {f"{prefix}best": keeps[-1], f"refs/heads/autoresearch/{TAG}": keeps[-1], "refs/heads/main": base}
    for n, commits in made.items():
        for number, commit in enumerate(commits[:-1], start=1):
            wanted[f"{prefix}{n}.{number}"] = commit
        if n > 1:
            wanted[f"{prefix}{n}"] = commits[-1]
    refs = dict(line.split()[::-1] for line in git("for-each-ref", "--format=%(objectname) %(refname)").splitlines())
    if refs != wanted:
        yield f"the refs are {refs}, not {wanted}"
    names = Counter(commit for commits in made.values() for commit in commits)
    yield from (f"commit {commit} belongs to two experiments" for commit, times in names.items() if times > 1)
    proposed = Counter(record["n"] for record in _of(records, "proposed"))
    for n, commits in made.items():
        if len(commits) != proposed[n]:
            yield f"experiment {n} has {proposed[n]} candidates and {len(commits)} commits"
    checked = subprocess.run(
        ["git", "fsck", "--no-progress", "--unreachable", "--no-reflogs"], cwd=home, capture_output=True, text=True
    )
    if checked.returncode or "commit" in checked.stdout or checked.stderr:
        yield f"git fsck: {checked.stdout}{checked.stderr}"


def _table(home: Path, records: Sequence[Record]) -> Iterator[str]:
    """results.tsv says what the journal says."""
    commits = {record["n"]: record["commit"] for record in _of(records, "committed")}
    told = {record["n"]: record["description"] for record in _of(records, "proposed")}
    expected = []
    for verdict in _of(records, "decided"):
        n, value = verdict["n"], 0.0 if verdict["status"] == "crash" else verdict["value"]
        expected.append([commits.get(n, "0" * 7)[:7], f"{value:.6f}", verdict["status"], told.get(n, "")])
    table = (home / "results.tsv").read_text().splitlines()
    if (rows := [line.split("\t") for line in table[1:]]) != expected:
        yield f"results.tsv is {rows}, the journal says {expected}"


def _logs(home: Path, records: Sequence[Record]) -> Iterator[str]:
    """The journal says what the logs say."""
    for record in _of(records, "measured"):
        log = (_journal(home).parent / record["log"]).read_text() if record["value"] is not None else ""
        if record["value"] is not None and f"score: {record['value']:.0f}\n" not in log:
            yield f"{record['log']} does not say {record['value']}: {log!r}"


def _asking(home: Path, records: Sequence[Record], experiments: int, kills: int) -> Iterator[str]:
    """A kill may cost the answer that was on its way, and the complaint that was to be answered; nothing else."""
    asked, paid = beside(home, "asked").read_text().count("asked"), len(_of(records, "replied"))
    if not paid <= asked <= paid + kills:
        yield f"{asked} answers were given and {paid} recorded, with {kills} kills"
    if asked > ASKS[experiments] + 2 * kills:
        yield f"{asked} answers were asked for with {kills} kills, where {ASKS[experiments]} do"


def _checkout(project: Project, home: Path) -> Iterator[str]:
    """What is the user's is as it was."""
    before, after = _owned(project.template), _owned(home)
    if before != after:
        yield f"the user's checkout was {before}, now it is {after}"


def _owned(home: Path) -> dict[str, str]:
    git = User(home).git
    mine = [path for path in home.iterdir() if path.is_file() and path.name not in OURS]
    files = {path.name: f"{path.stat().st_mode} {path.read_text()}" for path in mine}
    status = git("status", "--porcelain")
    return {**files, "HEAD": (home / ".git" / "HEAD").read_text(), "status": status, "index": git("ls-files", "-s")}


# Not git's own tmp_obj_*, which a full disk leaves and git's housekeeping takes away.
TEMPORARY = re.compile(r"\.tmp$|\.autoresearch$|\.link$|\.lock$|fast_import_crash")


def _leftovers(project: Project, home: Path, records: Sequence[Record]) -> Iterator[str]:
    """No process, no half-written file, no tree, no holder."""
    folder = _journal(home).parent
    for path in home.rglob("*"):
        if TEMPORARY.search(path.name):
            yield f"{path.relative_to(home)} was left"
    for name in ("tree", "held_out", "holder.json"):
        if (folder / name).exists():
            yield f"{name} was left in the session's folder"
    if list((home / ".git" / "worktrees").glob("*")):
        yield "a linked tree is still registered"
    wanted = {f"{r['n']}.{r['repair']}.json" if r["repair"] else f"{r['n']}.json" for r in _of(records, "proposed")}
    if (found := {path.name for path in (folder / "candidates").iterdir()}) != wanted - {"1.json"}:
        yield f"candidates are {found}, not {wanted}"
    if left := processes_in(home, patience_s=5):
        yield f"processes are left: {left}"


def processes_in(home: Path, patience_s: float) -> list[str]:
    """Processes that work below a folder, after so long a time to end by themselves."""
    end = time.monotonic() + patience_s
    while (found := list(_living(home))) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def _living(home: Path) -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            where = str((process / "cwd").readlink())
            mine = b"ASKED=" + os.fsencode(beside(home, "asked"))
            if where.startswith(str(home)) or mine in (process / "environ").read_bytes().split(b"\0"):
                yield f"{process.name} {(process / 'cmdline').read_bytes().decode(errors='replace')!r}"


if __name__ == "__main__":
    serve()
