"""Running a bench: real processes, some of them hostile, and never one left."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autoresearch.edge import log
from autoresearch.edge.bench import BenchRun, run, tail
from autoresearch.edge.environment import environment, withheld
from autoresearch.errors import RepositoryError

LONG_S = 60.0
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs a subreaper and /proc")

ADVERSARY = """
import os, signal, sys, time

fifo, marks, mode = sys.argv[1:4]
limit = time.monotonic() + 20  # no test run is outlived

def mark(kind):
    os.close(os.open(os.path.join(marks, kind), os.O_CREAT | os.O_WRONLY))

def idle():
    while time.monotonic() < limit:
        time.sleep(0.05)

def hop(kind, detach):
    mark(kind)
    while time.monotonic() < limit:
        if os.fork():
            os._exit(0)
        if detach:
            os.setsid()

def detached():
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)

def bare():
    detached()
    for descriptor in range(3):
        os.close(descriptor)
    os.execve(sys.executable, [sys.executable, "-I", "-S", __file__, fifo, marks, "bare"], {})

def session():
    os.setsid()
    mark("session")
    idle()

def daemon():
    detached()
    mark("daemon")
    idle()

def child():
    mark("child")
    idle()

for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
    signal.signal(number, signal.SIG_IGN)
if mode == "bare":
    mark("bare")
    idle()
    os._exit(0)

os.set_inheritable(os.open(fifo, os.O_WRONLY), True)  # who lives holds it open
kinds = [child, session, daemon, bare, lambda: hop("hopper", False), lambda: hop("detached hopper", True)]
for act in kinds:
    if not os.fork():
        act()
        os._exit(0)
while len(os.listdir(marks)) < len(kinds):
    time.sleep(0.01)
print("ready", flush=True)
if mode == "stay":
    idle()
"""


class Adversary:
    """A bench whose processes detach themselves in every way, and a pipe that all of them hold open."""

    def __init__(self, folder: Path) -> None:
        self._script = folder / "adversary.py"
        self._script.write_text(ADVERSARY)
        self._marks = folder / "marks"
        self._marks.mkdir()
        self._fifo = folder / "alive"
        os.mkfifo(self._fifo)
        self.alive = os.open(self._fifo, os.O_RDONLY | os.O_NONBLOCK)

    def command(self, mode: str) -> str:
        words = [sys.executable, "-I", "-S", self._script, self._fifo, self._marks, mode]
        return shlex.join(map(str, words))

    def was_ready(self) -> bool:
        return len(list(self._marks.iterdir())) == 6

    def is_dead(self) -> bool:
        try:
            return os.read(self.alive, 1) == b""
        except BlockingIOError:
            return False


@pytest.fixture
def adversary(tmp_path: Path) -> Iterator[Adversary]:
    folder = tmp_path / "adversary"
    folder.mkdir()
    adversary = Adversary(folder)
    yield adversary
    os.close(adversary.alive)


def shell(command: str) -> list[str]:
    return ["/bin/sh", "-c", command]


def go(
    tmp_path: Path,
    command: str,
    timeout_s: float = LONG_S,
    feed: Callable[[bytes], None] = lambda chunk: None,
    tick: Callable[[], None] = lambda: None,
) -> BenchRun:
    return run(
        shell(command),
        cwd=tmp_path,
        env=environment(os.environ),
        timeout_s=timeout_s,
        log=tmp_path / "run.log",
        feed=feed,
        tick=tick,
    )


def runner(tmp_path: Path, command: str, before: str = "") -> list[str]:
    """A process that runs a bench."""
    script = f"""
import os, resource, signal
from pathlib import Path
from autoresearch.edge.bench import run
{before}
folder = Path({str(tmp_path)!r})
print(run({shell(command)!r}, cwd=folder, env=os.environ, timeout_s=60, log=folder / "run.log"))
"""
    return [sys.executable, "-c", script]


def eventually(holds: Callable[[], bool], within_s: float = 15.0) -> bool:
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def python(code: str) -> str:
    return shlex.join([sys.executable, "-I", "-S", "-c", code])


# --- no process survives ---


@linux
def test_no_process_survives_a_normal_end(tmp_path: Path, adversary: Adversary) -> None:
    ran = go(tmp_path, adversary.command("end"))
    assert adversary.is_dead()
    assert adversary.was_ready()
    assert (ran.exit_code, ran.timed_out) == (0, False)
    assert ran.leftovers >= 4


@linux
def test_no_process_survives_a_timeout(tmp_path: Path, adversary: Adversary) -> None:
    for timeout_s in (1.0, 4.0, 16.0):  # a busy machine may need longer to start them all
        ran = go(tmp_path, adversary.command("stay"), timeout_s)
        assert adversary.is_dead()
        assert (ran.exit_code, ran.timed_out) == (None, True)
        assert timeout_s <= ran.duration_s
        if adversary.was_ready():
            return
    pytest.fail("the adversary was never ready")


@linux
@pytest.mark.parametrize("error", [KeyboardInterrupt, RepositoryError, ZeroDivisionError])
def test_no_process_survives_an_exception(tmp_path: Path, adversary: Adversary, error: type[BaseException]) -> None:
    def interrupt() -> None:
        if adversary.was_ready():
            raise error

    with pytest.raises(error):
        go(tmp_path, adversary.command("stay"), tick=interrupt)
    assert adversary.is_dead()


@linux
def test_no_process_survives_when_the_runner_is_killed(tmp_path: Path, adversary: Adversary) -> None:
    with subprocess.Popen(runner(tmp_path, adversary.command("stay"))) as process:
        assert eventually(adversary.was_ready)
        assert not adversary.is_dead()
        process.kill()
    assert eventually(adversary.is_dead)


@linux
def test_no_process_survives_a_full_disk(tmp_path: Path, adversary: Adversary) -> None:
    # The limit on a file's size stands for the disk's.
    command = f"{adversary.command('stay')} & cat /dev/zero"
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    done = subprocess.run(runner(tmp_path, command, limit), capture_output=True, text=True)
    assert "RepositoryError: cannot write" in done.stderr
    assert "run.log: File too large. Mend that, then run the same command again." in done.stderr
    assert adversary.is_dead()


@linux
def test_a_bench_that_kills_its_group_does_not_reach_the_supervisor(tmp_path: Path) -> None:
    apart = "setsid sh -c 'touch apart; exec sleep 1000' & until [ -e apart ]; do sleep 0.01; done"
    ran = go(tmp_path, f"{apart}; kill -9 0; sleep 60")
    assert (ran.exit_code, ran.leftovers) == (-signal.SIGKILL, 1)


@linux
def test_the_supervisor_ignores_signals(tmp_path: Path) -> None:
    ran = go(
        tmp_path, "setsid sleep 1000 & for s in HUP INT TERM QUIT PIPE USR1 TSTP ALRM; do kill -$s $PPID; done; exit 3"
    )
    assert (ran.exit_code, ran.leftovers) == (3, 1)


@linux
def test_a_bench_that_stops_the_supervisor_gains_nothing(tmp_path: Path) -> None:
    assert go(tmp_path, "kill -STOP $PPID; exit 3").exit_code == 3


@linux
def test_a_bench_that_kills_the_supervisor_dies_with_it(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    begin = time.monotonic()
    suicide = python("import os, time; os.kill(os.getppid(), 9); time.sleep(20)")
    ran = go(tmp_path, f"exec 3>alive; exec {suicide}")
    assert (ran.exit_code, ran.timed_out) == (-signal.SIGKILL, False)
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""
    assert time.monotonic() - begin < 20  # it would have ended by itself
    os.close(reader)


def test_ctrl_c_in_the_terminal_does_not_reach_the_bench(tmp_path: Path) -> None:
    mark, go_on = tmp_path / "begun", tmp_path / "go on"
    os.mkfifo(go_on)
    command = f"touch {mark}; cat '{go_on}'; echo still here"
    ignore = "signal.signal(signal.SIGINT, lambda number, frame: print('caught', flush=True))"
    words = runner(tmp_path, command, ignore)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert eventually(mark.exists)
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout is not None
        assert process.stdout.readline() == "caught\n"
        go_on.write_text("")
        assert "exit_code=0" in process.stdout.read()
    assert (tmp_path / "run.log").read_text() == "still here\n"


# --- how it ended ---


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [
        ("true", 0),
        ("exit 3", 3),
        ("no-such-command", 127),
        ("kill -SEGV $$", -signal.SIGSEGV),
        ("kill -TERM $$", -signal.SIGTERM),
        ("kill -INT $$; sleep 60", -signal.SIGINT),
    ],
)
def test_says_how_the_bench_ended(tmp_path: Path, command: str, exit_code: int) -> None:
    ran = go(tmp_path, command)
    assert (ran.exit_code, ran.timed_out, ran.leftovers) == (exit_code, False, 0)


def test_measures_the_bench_and_not_what_is_around_it(tmp_path: Path) -> None:
    begin = time.monotonic()
    ran = go(tmp_path, python("import time; time.sleep(0.3)"))
    assert 0.3 <= ran.duration_s <= time.monotonic() - begin


def test_a_bench_that_reads_its_input_gets_the_end_at_once(tmp_path: Path) -> None:
    assert go(tmp_path, "cat; echo done").exit_code == 0
    assert (tmp_path / "run.log").read_text() == "done\n"


@linux
def test_the_bench_starts_with_no_signal_ignored_or_blocked(tmp_path: Path) -> None:
    before = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
    }
    try:
        go(tmp_path, "exec grep -E '^Sig(Blk|Ign):' /proc/self/status")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    masks = re.findall(r"\S+$", (tmp_path / "run.log").read_text(), re.MULTILINE)
    # The C library keeps the signals above 31 to itself, and may have been started with one of them ignored.
    assert [int(mask, 16) & 0x7FFF_FFFF for mask in masks] == [0, 0]


def test_the_bench_has_no_terminal(tmp_path: Path) -> None:
    go(tmp_path, "exec " + python("import os; print(os.getsid(0) == os.getppid(), os.getsid(0))"))
    leads, session = (tmp_path / "run.log").read_text().split()
    assert leads == "True"
    assert int(session) != os.getsid(0)


def test_the_bench_holds_no_pipe_of_the_runner(tmp_path: Path) -> None:
    go(tmp_path, python("import os; print([n for n in range(100) if os.path.exists(f'/dev/fd/{n}')])"))
    assert (tmp_path / "run.log").read_text() == "[0, 1, 2]\n"


@pytest.mark.parametrize("closing", ["exec >&- 2>&-", "exec >/dev/null 2>&1"])
def test_a_bench_that_closes_its_output_is_waited_for(tmp_path: Path, closing: str) -> None:
    busy_s = time.process_time()
    ran = go(tmp_path, f"echo before; {closing}; {python('import time; time.sleep(0.3)')}; exit 4")
    assert ran.exit_code == 4
    assert ran.duration_s >= 0.3
    assert time.process_time() - busy_s < 0.2  # asleep meanwhile
    assert (tmp_path / "run.log").read_text() == "before\n"


@linux
def test_a_daemon_that_holds_the_output_is_not_waited_for(tmp_path: Path) -> None:
    ran = go(tmp_path, "setsid sleep 1000 & echo done")
    assert (ran.exit_code, ran.leftovers) == (0, 1)
    assert (tmp_path / "run.log").read_text() == "done\n"


@linux
def test_a_stranger_that_holds_the_output_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    strangers: list[int] = []

    def hold() -> None:
        if not strangers and (pid := (tmp_path / "pid").read_text()):
            strangers.append(os.open(f"/proc/{pid.strip()}/fd/1", os.O_WRONLY))
            (tmp_path / "gate").write_text("")

    (tmp_path / "pid").touch()
    ran = go(tmp_path, "echo $$ > pid; cat gate; echo done", tick=hold)
    assert ran.exit_code == 0
    assert (tmp_path / "run.log").read_text() == "done\n"
    os.close(strangers[0])


@linux
def test_a_helper_that_ends_just_after_the_bench_is_no_leftover(tmp_path: Path) -> None:
    helper = """
import os, time
r, w = os.pipe()
if os.fork() == 0:
    os.close(w)
    os.read(r, 1)  # returns when the bench has ended
    time.sleep(0.01)
"""
    # Within a tenth of a second: a busy machine may need more than one try.
    assert any(go(tmp_path, python(helper)).leftovers == 0 for _ in range(10))


# --- its output ---


def test_passes_all_the_output_on_in_order(tmp_path: Path) -> None:
    chunks: list[bytes] = []
    ran = go(tmp_path, "echo one; echo two >&2; printf '\\000\\377three'", feed=chunks.append)
    assert b"".join(chunks) == (tmp_path / "run.log").read_bytes() == b"one\ntwo\n\x00\xffthree"
    assert ran.output_bytes == 15


def test_the_log_keeps_head_and_tail(tmp_path: Path) -> None:
    size = 3_000_000
    ran = go(tmp_path, f"echo first; yes | head -c {size}; echo last")
    kept = (tmp_path / "run.log").read_bytes()
    left_out = size + 11 - log.HEAD_BYTES - log.TAIL_BYTES
    assert ran.output_bytes == size + 11
    assert kept.startswith(b"first\ny\n")
    assert kept.endswith(b"y\nlast\n")
    assert kept[log.HEAD_BYTES :].startswith(f"\n[... {left_out:,} bytes left out ...]\n".encode())
    assert len(kept) < log.HEAD_BYTES + log.TAIL_BYTES + 100


@pytest.mark.parametrize("left_out", [0, 1, 1_234_567])
@pytest.mark.parametrize("piece", [1_000, 1_000_000])
def test_the_log_leaves_out_only_what_is_too_much(tmp_path: Path, left_out: int, piece: int) -> None:
    size = log.HEAD_BYTES + log.TAIL_BYTES + left_out
    output = b"".join(b"%07d\n" % n for n in range(size // 8 + 1))[:size]
    with log.CappedLog(tmp_path / "run.log") as capped:
        for at in range(0, size, piece):
            capped.write(output[at : at + piece])
    gap = f"\n[... {left_out:,} bytes left out ...]\n".encode() if left_out else b""
    assert (tmp_path / "run.log").read_bytes() == output[: log.HEAD_BYTES] + gap + output[-log.TAIL_BYTES :]


def test_the_log_can_be_followed_while_the_bench_runs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    seen: list[bytes] = []

    def follow() -> None:
        if not seen and (said := (tmp_path / "run.log").read_bytes()):
            seen.append(said)
            (tmp_path / "gate").write_text("")

    go(tmp_path, "echo early; cat gate; echo late", tick=follow)
    assert seen == [b"early\n"]


def test_yesterdays_log_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text("val_bpb: 1\n")
    os.link(tmp_path / "run.log", tmp_path / "kept.log")
    go(tmp_path, "true")
    assert (tmp_path / "run.log").read_text() == ""
    assert (tmp_path / "kept.log").read_text() == "val_bpb: 1\n"


@pytest.mark.parametrize("flood", ["yes", "cat /dev/zero", "sleep 60"])
def test_ticks_and_keeps_the_deadline_whatever_the_bench_prints(tmp_path: Path, flood: str) -> None:
    ticks: list[float] = []
    ran = go(tmp_path, flood, timeout_s=1.1, tick=lambda: ticks.append(time.monotonic()))
    assert ran.timed_out
    assert ran.duration_s >= 1.1
    assert 1 <= len(ticks) <= 4 * ran.duration_s + 4


@pytest.mark.parametrize("flood", ["yes some words | head -c 200000000", "head -c 200000000 /dev/zero"])
def test_memory_stays_flat_and_the_metric_is_found_in_any_output(tmp_path: Path, flood: str) -> None:
    command = f"{flood}; echo; echo val_bpb: 1.5; {flood}"
    script = f"""
import os, resource
from pathlib import Path
from autoresearch.decide.metric import Scan
from autoresearch.edge.bench import run
from autoresearch.model import Direction, Metric
scan = Scan(Metric("val_bpb", Direction.LOWER), ["vram"])
folder = Path({str(tmp_path)!r})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
ran = run({shell(command)!r}, cwd=folder, env=os.environ, timeout_s=60, log=folder / "run.log", feed=scan.feed)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
said = scan.measurement(exit_code=ran.exit_code, timed_out=False, duration_s=0, timeout_s=60)
print(ran.output_bytes, said.value, after - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    output_bytes, value, grown = done.stdout.split()
    unit = 1024 if sys.platform == "linux" else 1
    assert (output_bytes, value) == ("400000014", "1.5")
    assert int(grown) * unit < 32 * 1024 * 1024


# --- what stops it from starting ---


def test_a_missing_directory_is_said(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match=r"cannot start the bench in .*nowhere: No such file or directory\."):
        run(shell("true"), cwd=tmp_path / "nowhere", env={}, timeout_s=1, log=tmp_path / "run.log")


def test_a_log_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match=r"cannot write .*run\.log: No such file or directory\."):
        run(shell("true"), cwd=tmp_path, env={}, timeout_s=1, log=tmp_path / "nowhere" / "run.log")


def test_a_command_that_no_system_takes_is_said(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match=r"cannot start the bench in .*: embedded null byte\."):
        go(tmp_path, "true\0")


def test_works_in_a_folder_with_any_name_and_without_an_environment(tmp_path: Path) -> None:
    folder = tmp_path / "a 'b' \"c\"\nd ü"
    folder.mkdir()
    ran = run(shell("pwd; exit 7"), cwd=folder, env={}, timeout_s=LONG_S, log=folder / "run.log")
    assert ran.exit_code == 7
    assert (folder / "run.log").read_text() == f"{folder}\n"


# --- its environment ---


def test_what_is_handed_on_is_listed_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = "OPENAI_API_KEY HF_HUB_TOKEN UV_INDEX_X_PASSWORD CUDA_SECRET GIT_DIR SOMETHING_ELSE DYING_WISH"
    for name in names.split():
        monkeypatch.setenv(name, "planted")
    monkeypatch.setenv("UV_INDEX_URL", "https://ada:planted@example.org")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    go(tmp_path, "env; cat /proc/$PPID/environ")
    said = (tmp_path / "run.log").read_text()
    assert "planted" not in said
    assert "CUDA_VISIBLE_DEVICES=1" in said
    assert "TOKENIZERS_PARALLELISM=false" in said
    assert "PYTHONDONTWRITEBYTECODE=1" in said


def test_what_the_user_names_is_handed_on_whatever_it_is_called() -> None:
    base = {"MY_KEY": "1", "OTHER": "2", "PATH": "/bin"}
    handed_on = environment(base, ["MY_KEY"])
    assert (handed_on["MY_KEY"], handed_on["PATH"], "OTHER" in handed_on) == ("1", "/bin", False)


def test_says_which_variables_a_bench_may_be_missing() -> None:
    base = {"DATA_ROOT": "/data", "OTHER": "x", "PATH": "/bin"}
    assert withheld(base, [], "os.environ['DATA_ROOT'] and PATH and NOWHERE_SET") == ["DATA_ROOT"]
    assert withheld(base, ["DATA_ROOT"], "DATA_ROOT") == []


# --- the end of its log, for a person ---


@pytest.mark.parametrize(
    ("output", "lines", "seen"),
    [
        (b"", 5, ""),
        (b"one\ntwo\nthree\n", 2, "two\nthree"),
        (b"one\r\ntwo\r\n\n\n", 5, "one\ntwo"),
        (b" 10%|#  |\r 50%|## |\r100%|###|\ndone\n", 5, "100%|###|\ndone"),
        (b" 10%|#  |\r 50%|## |\r", 5, " 50%|## |"),
        (b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x1b(B\x1b[2K\n", 5, "red link"),
        (b"bell\x07 nul\x00 tab\t \xff\n", 5, "bell nul tab\t \ufffd"),
    ],
)
def test_shows_the_end_of_a_log_as_a_person_would_have_seen_it(
    tmp_path: Path, output: bytes, lines: int, seen: str
) -> None:
    (tmp_path / "run.log").write_bytes(output)
    assert tail(tmp_path / "run.log", lines) == seen


def test_shows_no_more_of_a_log_than_its_limit(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_bytes(b"x" * 100_000 + b"\nlast\n")
    assert tail(tmp_path / "run.log", 50, limit_bytes=20) == "x" * 14 + "\nlast"
