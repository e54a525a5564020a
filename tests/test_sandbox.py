"""What a run can reach, in each kind of sandbox that works here: real attacks from within a real bench."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from autoresearch.edge import landlock
from test_session import wait_for
from user import User, path_without_bubblewrap

PROGRAM = """\
---
target: program.py
bench: python3 -S bench.py
metric: score
direction: higher
timeout: 20s
cache: [kept/]
link: [data, small.bin]
---
Make the score as high as you can.
"""
BENCH = """\
import ctypes, json, os, socket, sys
from pathlib import Path

outside = json.loads(Path("data/outside.json").read_text())

def attack(name):
    def ran(function):
        try:
            said = function()
        except (OSError, ValueError) as error:
            said = f"refused: {error}"
        print(f"{name} = {said if isinstance(said, str) else 'possible'}", flush=True)
    return ran

def writes(path):
    return lambda: Path(path).open("a").write("#") and None

def reads(path):
    return lambda: "possible" if Path(path).read_text() else "refused: it is empty"

for name in ("bench.py", "program.py", ".git", "data/outside.json"):
    attack(f"write {name}")(writes(name))
    attack(f"unlink {name}")(lambda name=name: Path(name).unlink())
attack("rename bench.py")(lambda: Path("bench.py").rename("other.py"))
attack("write small.bin")(writes("small.bin"))
attack("create a file")(lambda: Path("made.txt").write_text("x") and None)
attack("read the cache")(reads("kept/earlier"))
Path("kept").mkdir(exist_ok=True)
attack("write the cache")(writes("kept/earlier"))
attack("read the journal")(reads(outside["git"] + "/autoresearch/t/journal.jsonl"))
attack("write into git")(writes(outside["git"] + "/config"))
attack("write results.tsv")(writes(outside["checkout"] + "/results.tsv"))
attack("read .ssh")(reads(outside["home"] + "/.ssh/id_ed25519"))
attack("read .netrc")(reads(outside["home"] + "/.netrc"))
attack("read .env")(reads(outside["checkout"] + "/.env"))
attack("read .cache")(reads(outside["home"] + "/.cache/model.bin"))
attack("write home")(writes(outside["home"] + "/planted"))
attack("write beside")(writes(outside["beside"] + "/planted"))
attack("read a key in the environment")(lambda: "possible" if "PLANTED" in str(os.environ) else "refused: none")
attack("read the parent's environment")(
    lambda: "possible" if "PLANTED" in Path(f"/proc/{outside['runner']}/environ").read_text() else "refused: none"
)
attack("kill the runner")(lambda: os.kill(outside["runner"], 0))
attack("connect to loopback")(lambda: socket.create_connection(("127.0.0.1", outside["port"]), 2).close())
attack("send a datagram")(
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", outside["port"])) and None
)
attack("connect to a socket by path")(lambda: socket.socket(socket.AF_UNIX).connect(outside["socket"]))
attack("ptrace")(lambda: "possible" if ctypes.CDLL(None).ptrace(16, outside["runner"], 0, 0) == 0 else "refused")
attack("temporary file")(lambda: (Path(os.environ["TMPDIR"]) / "x").write_text("x") and None)
attack("a process of its own")(lambda: "possible" if os.system("true") == 0 else "refused")
import program
print(f"score: {program.VALUE}")
"""

NEVER = {
    "write into git",
    "read the journal",
    "write data/outside.json",
    "unlink data/outside.json",
    "read .ssh",
    "read .netrc",
    "read .env",
    "write home",
    "read a key in the environment",
    "read the parent's environment",
    "kill the runner",
    "connect to loopback",
    "ptrace",
}
"""What neither bubblewrap nor Landlock lets through."""
ONLY_BUBBLEWRAP = {
    "write bench.py",
    "unlink bench.py",
    "rename bench.py",
    "write program.py",
    "unlink program.py",
    "write .git",
    "unlink .git",
    "connect to a socket by path",
}
ALWAYS = {
    "create a file",
    "write the cache",
    "read .cache",
    "temporary file",
    "a process of its own",
    "write small.bin",
}


@pytest.fixture
def without_bubblewrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH that has everything but bwrap."""
    monkeypatch.setenv("PATH", path_without_bubblewrap(tmp_path / "programs"))


needs_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
needs_landlock = pytest.mark.skipif(not landlock.abi(), reason="needs a kernel with Landlock")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Somebody on loopback to send data to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


class Night:
    """A project whose bench attacks, and what its latest run could do."""

    def __init__(self, home: Path, listener: socket.socket, name: Path) -> None:
        self.user = User.with_project(
            home, program=PROGRAM, files={"bench.py": BENCH, "program.py": "VALUE = 10.0  # tune: 1.0..99.0\n"}
        )
        self.beside = home.parent
        secrets = Path.home()
        for path in (".ssh/id_ed25519", ".netrc", ".cache/model.bin"):
            (secrets / path).parent.mkdir(parents=True, exist_ok=True)
            (secrets / path).write_text("PLANTED")
        (home / ".git" / "info" / "exclude").write_text("data\nsmall.bin\nkept\n.env\n")
        (home / ".env").write_text("PLANTED")
        (home / "data").mkdir()
        (home / "small.bin").write_text("small")
        self._name = name
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(name))
        self._told = {
            "git": str(home / ".git"),
            "checkout": str(home),
            "home": str(secrets),
            "beside": str(self.beside),
            "port": listener.getsockname()[1],
            "socket": str(name),
        }

    def run(self, *flags: str) -> subprocess.CompletedProcess[str]:
        """A session of three experiments, whose runner knows its own number by the time the bench runs."""
        code = (
            "import json, os, sys; from pathlib import Path; from autoresearch.cli import main\n"
            f"Path('data/outside.json').write_text(json.dumps({{**{self._told!r}, 'runner': os.getpid()}}))\n"
            "sys.argv[0] = 'autoresearch'; main()"
        )
        arguments = ["run", "--tag=t", "--model=tune", "--budget=experiments=3", *flags]
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=self.user.home,
            env={**os.environ, "SOME_API_KEY": "PLANTED-0123456789"},
            capture_output=True,
            text=True,
            check=False,
        )

    def possible(self) -> dict[str, bool]:
        """Attack → whether it went through, in the latest run."""
        lines = (self.user.home / "run.log").read_text().splitlines()
        told = dict(line.split(" = ", 1) for line in lines if " = " in line)
        return {name: said == "possible" for name, said in told.items()}


@pytest.fixture
def night(tmp_path: Path, listener: socket.socket) -> Iterator[Night]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(listener.getsockname())
        datagrams.setblocking(False)
        made = Night(tmp_path / "a project", listener, tmp_path / "s")
        yield made
        with pytest.raises(BlockingIOError):
            datagrams.recv(1)
    assert not (made.beside / "planted").exists()
    assert not (Path.home() / "planted").exists()
    assert made.user.git("status", "--porcelain") == ""
    assert "#" not in (made.user.home / ".git" / "config").read_text()
    results = made.user.home / "results.tsv"
    assert not results.exists() or "#" not in results.read_text()
    assert [path.name for path in (made.user.home / "data").iterdir()] == ["outside.json"]


@needs_bubblewrap
def test_in_bubblewrap_a_run_reaches_nothing_that_is_not_its_own(night: Night) -> None:
    done = night.run()
    assert done.returncode == 0, done.stderr
    possible = night.possible()
    assert {name for name in NEVER | ONLY_BUBBLEWRAP if possible[name]} == set()
    assert {name for name in ALWAYS if not possible[name]} == set()
    assert possible["read the cache"], "what lies under `cache` stays from run to run"
    assert not (night.user.home / "made.txt").exists()


@needs_landlock
@pytest.mark.usefixtures("without_bubblewrap")
def test_in_landlock_a_run_writes_its_tree_alone_and_changed_files_are_found_out(night: Night) -> None:
    done = night.run()
    assert done.returncode == 5, done.stderr
    assert "bubblewrap does not work here (it is not installed)" in done.stderr
    assert "tampered: .git, bench.py changed" in done.stderr
    possible = night.possible()
    assert {name for name in NEVER if possible[name]} == set()
    assert {name for name in ALWAYS if not possible[name]} == set()


@needs_bubblewrap
def test_in_place_the_repository_is_out_of_reach_and_what_a_run_creates_stays(night: Night) -> None:
    done = night.run("--in-place")
    assert done.returncode == 0, done.stderr
    possible = night.possible()
    never = (NEVER | ONLY_BUBBLEWRAP) - {"write .git", "unlink .git", "write into git"}  # an empty folder is there
    assert {name for name in never if possible[name]} == set()
    assert not possible["write small.bin"]
    assert (night.user.home / "made.txt").exists()
    (night.user.home / "made.txt").unlink()


DAEMONS = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
for detach in range(3):
    if os.fork() == 0:
        if detach:
            os.setsid()
        if detach == 2 and os.fork():
            os._exit(0)
        for descriptor in range(3):
            os.close(descriptor)
        os.execvp("sleep", ["sleep", sys.argv[1]])
print("score: 10.0", flush=True)
time.sleep(float(sys.argv[2]))
"""


def alive(mark: str) -> list[str]:
    """Processes that have a mark among their arguments."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (process / "cmdline").read_bytes().split(b"\0"):
                found.append(process.name)
    return found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("end", ["normal", "timeout", "kill"])
@pytest.mark.parametrize("kind", ["bubblewrap", "landlock"])
def test_no_process_outlives_a_run_in_a_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, end: str
) -> None:
    if kind == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip("needs bubblewrap")
    if kind == "landlock":
        if not landlock.abi():
            pytest.skip("needs a kernel with Landlock")
        monkeypatch.setenv("PATH", path_without_bubblewrap(tmp_path / "programs"))
    mark = f"{tmp_path.stat().st_ino}{os.getpid()}00"
    user = User.with_project(tmp_path / "project", files={"bench.py": DAEMONS})
    bench = f"python3 -S bench.py {mark} {0 if end == 'normal' else 600}"
    session = user.starts(
        *("run", "--tag=t", "--model=tune", "--no-canary", "--budget=experiments=2", "--bench", bench),
        *("--timeout", "3s" if end == "timeout" else "10m"),
    )
    if end == "kill":
        wait_for(lambda: len(alive(mark)) >= 4)
        session.kill()
    session.communicate()
    wait_for(lambda: not alive(mark))


@pytest.mark.usefixtures("without_bubblewrap")
def test_strict_refuses_to_run_without_bubblewrap_and_changes_nothing(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    before = user.everything()
    for command in (("run", "--tag=t"), ("check",)):
        done = user.types(*command, "--model=tune", "--sandbox=strict")
        assert done.returncode == 2, done.stdout + done.stderr
        assert "bubblewrap does not work here: it is not installed" in done.stdout + done.stderr
    assert user.everything() == before


@needs_bubblewrap
def test_an_editable_install_and_an_absolute_path_mean_the_candidate(tmp_path: Path) -> None:
    home = tmp_path / "project"
    bench = (
        f"python3 -S -c \"import sys; sys.path.insert(0, '{home}'); import program; print('score:', program.VALUE)\""
    )
    user = User.with_project(home, files={"program.py": "VALUE = 10.0  # tune: 1.0..99.0\n"})
    done = user.types("run", "--tag=t", "--model=tune", "--bench", bench, "--budget=experiments=4")
    assert done.returncode == 0, done.stderr
    assert len({row["score"] for row in user.rows()}) > 1


@pytest.mark.slow
@needs_bubblewrap
def test_the_network_and_a_variable_are_there_when_they_are_asked_for(
    tmp_path: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_PORT", str(listener.getsockname()[1]))
    code = "import os, socket; socket.create_connection(('127.0.0.1', int(os.environ['DATA_PORT'])))"
    user = User.with_project(tmp_path / "project", files={"bench.py": f"{code}\nimport program\n"})
    run = ("run", "--tag=t", "--model=tune", "--bench=python3 bench.py", "--budget=experiments=1")
    refused = user.types(*run)
    assert refused.returncode == 5
    assert "Not handed to the bench from your environment: DATA_PORT (see `env`)" in refused.stderr
    assert user.types(*run, "--env=DATA_PORT").returncode == 5
    done = user.types(*run, "--env=DATA_PORT", "--network")
    assert done.returncode == 0, done.stderr
