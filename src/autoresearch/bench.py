"""For authors of benches: owns clock, inputs and answers, while the target runs in a process of its own.

Standard library only, Python 3.9 or later, nothing of the rest of autoresearch. docs/bench.md says why and how.
"""

from __future__ import annotations

import importlib
import io
import math
import os
import pickle
import re
import struct
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

if __name__ != "__worker__":  # which starts a third sooner without
    import hashlib
    import random
    import select
    import signal
    import subprocess

__all__ = ["Failure", "Result", "Thing", "Worker", "chance", "report", "require", "seed"]

SEED = "AUTORESEARCH_SEED"
LABEL = "autoresearch-bench: isolated"
"""Printed above the metric: the target had no part in measuring it."""
HEADER = struct.Struct(">16sQ")
"""Before every message: a token that the answer must repeat, and the length in bytes of what follows."""
CHUNK_BYTES = 1024 * 1024
ANSWER_BYTES = 1024**3
"""Most that one answer may hold."""
ECHO_BYTES = 64 * 1024
"""Most that is shown of what the target prints."""
LINE_BYTES = 2000
TICK_S = 0.5
"""Between two looks at whether the worker lives; a child of it can hold its pipes open."""
# Run and not imported: what lies beside this file must not come before what the target imports.
START = """import sys; sys.path[0], file = sys.argv[1:3]
exec(compile(open(file, encoding="utf-8").read(), file, "exec"), {"__name__": "__worker__"})"""

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF, PATH_BENEATH, REFER = 444, 445, 446, 1, 1 << 13
PIERCING = (16, 17, 19, 21, 38, 39, 40)
"""What lets root into another process: SYS_MODULE, _RAWIO, _PTRACE, _ADMIN, PERFMON, BPF, CHECKPOINT_RESTORE."""


class Failure(SystemExit):
    """The run is worth nothing. Uncaught it ends the bench: one sentence on stderr, exit code 1, no metric."""

    def __init__(self, sentence: str) -> None:
        super().__init__("error: " + _on_one_line(sentence))


class Result(NamedTuple):
    """What a call came to."""

    value: Any
    """Plain data: None, numbers, text, bytes, lists, tuples, dicts, sets; numpy arrays if the bench imports numpy."""
    seconds: float
    """Wall time on the bench's clock, from before the question was sent until the whole answer was here."""


_workers: list[Worker] = []
_reported = False


def seed() -> int:
    """The number that the harness gave this run, the same for runs that it compares; by hand a new one each time."""
    if SEED not in os.environ:
        os.environ[SEED] = str(int.from_bytes(os.urandom(4), "big") >> 1)
        print(f"{SEED}={os.environ[SEED]} repeats this run's inputs", file=sys.stderr)
    with suppress(ValueError):
        return int(os.environ[SEED])
    raise Failure(f"{SEED} is {os.environ[SEED]!r}, which is no integer.")


def chance(purpose: str = "") -> random.Random:
    """A generator that follows from `seed()`; each purpose has its own, however much the others draw."""
    return _Chance(f"{seed()} {purpose}")


def require(condition: object, otherwise: str) -> None:
    """End the bench with exit code 1 and this sentence on stderr, unless the condition holds."""
    if not condition:
        raise Failure(otherwise)


def report(**numbers: float) -> None:
    """Print `NAME: number` lines; once, at the very end, after the workers were closed. All must be finite."""
    global _reported
    require(not _reported, "the bench called report() twice; give it all numbers at once.")
    require(all(worker.closed for worker in _workers), "the bench called report() before its worker was closed.")
    require(numbers, "the bench called report() without a number.")
    values: dict[str, float] = {}
    for name, number in numbers.items():
        with suppress(TypeError, ValueError):
            values[name] = number if isinstance(number, int) else float(number + 0)
        require(math.isfinite(values.get(name, math.nan)), f"{name} is {number!r}, which is no finite number.")
    loaded = {os.path.realpath(getattr(module, "__file__", None) or "") for module in [*sys.modules.values()]}
    isolated = bool(_workers) and not any(worker.path in loaded for worker in _workers)
    print(*[LABEL] * isolated, *(f"{name}: {value!r}" for name, value in values.items()), sep="\n", flush=True)
    _reported = True


if __name__ != "__worker__":

    class _Chance(random.Random):
        """Draws that nobody can work out from those before: Python's own generator gives itself away in 624 of them."""

        def __init__(self, origin: str) -> None:
            # Slow, so that trying all seeds takes years.
            self._key = hashlib.pbkdf2_hmac("sha256", origin.encode(), b"autoresearch", 30_000)
            self._drawn = 0
            super().__init__()

        def getrandbits(self, k: int) -> int:
            """So many bits."""
            self._drawn += 1
            stream = hashlib.shake_256(self._key + self._drawn.to_bytes(8, "big"))
            return int.from_bytes(stream.digest((k + 7) // 8), "big") >> (-k % 8)

        def random(self) -> float:
            """A number from 0 up to 1."""
            return self.getrandbits(53) / 2.0**53

        def seed(self, *_: object, **__: object) -> None:
            """Not taken: the origin is all there is."""


class Worker:
    """The target in a process of its own, which is gone with its process group when the `with` block ends.

    `target` is a Python file (its folder comes first on sys.path) or the dotted name of a module. `timeout_s` is for
    the import and for each call. Modules named in `without` cannot be imported there: a reminder and not a wall.
    Whatever the target does wrong raises Failure.
    """

    def __init__(
        self, target: str, *, python: str = sys.executable, timeout_s: float = 60.0, without: Sequence[str] = ()
    ) -> None:
        self.target, self.timeout_s, self.closed = target, timeout_s, False
        self.path = os.path.realpath(target)
        self.peak_memory_mb: float | None = None
        """Largest resident memory (2**20 bytes), known once the worker is closed; None where it cannot be asked."""
        self._echo = _Echo()
        is_file = not target.endswith(".py") or os.path.isfile(self.path)  # noqa: PTH113
        require(is_file, f"{target} does not exist in {os.getcwd()}.")  # noqa: PTH109
        folder, name = os.path.split(self.path[:-3]) if target.endswith(".py") else (os.path.realpath("."), target)
        self._start([python, "-B", "-c", START, folder, os.path.realpath(__file__)], without)
        _workers.append(self)
        try:
            self._target = self._make(0, "import_module", (name,), None)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def call(self, name: str, *arguments: Any, timeout_s: float | None = None, times: int = 1) -> Result:
        """Call a function of the target, `times` in a row, for the last answer. The name may be dotted."""
        return self._target.call(name, *arguments, timeout_s=timeout_s, times=times)

    def new(self, name: str, *arguments: Any, timeout_s: float | None = None) -> Thing:
        """Make an object that stays in the worker: what calling the target's class or function returns."""
        return self._make(self._target.number, name, arguments, timeout_s)

    def time(
        self,
        name: str,
        draw: Callable[[], tuple[Any, ...]],
        check: Callable[..., object],
        *,
        warmups: int = 1,
        repeats: int = 5,
    ) -> float:
        """Median of the seconds that a function takes, each call with new arguments from `draw()`.

        Every answer, the warm-ups' too, must pass `check(answer, *arguments)`, which is not timed.
        """
        seconds = []
        for _ in range(warmups + repeats):
            arguments = draw()
            require(isinstance(arguments, (tuple, list)), "draw() must return a tuple of arguments.")
            result = self.call(name, *arguments)
            require(check(result.value, *arguments), f"{self.target}: {name} returned a wrong answer.")
            seconds.append(result.seconds)
        ordered = sorted(seconds[warmups:])
        return (ordered[(repeats - 1) // 2] + ordered[repeats // 2]) / 2

    def close(self) -> None:
        """Kill the worker and its process group, and show what it still had to say. Once is enough."""
        if self.closed:
            return
        self.closed = True
        file = f"/proc/{self._process.pid}/status"
        with suppress(OSError, IndexError), open(file, "rb") as status:  # noqa: PTH123, pathlib is slow to import
            self.peak_memory_mb = int(status.read().partition(b"VmHWM:")[2].split()[0]) / 1024
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._echo.drain(self._output)
        for fd in (self._questions, self._answers, self._output):
            os.close(fd)

    def _start(self, command: Sequence[str], without: Sequence[str]) -> None:
        questions, self._questions = os.pipe()
        self._answers, answers = os.pipe()
        self._output, output = os.pipe()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AUTORESEARCH_")}
        try:
            self._process = subprocess.Popen(
                [*command, str(questions), str(answers), *without],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(questions, answers),
                env={**kept, "PYTHONDONTWRITEBYTECODE": "1"},
                start_new_session=True,
                preexec_fn=_confinement(),
            )
        except OSError as error:
            raise Failure(f"cannot start {command[0]}: {error.strerror}.") from None
        finally:
            for fd in (questions, answers, output):
                os.close(fd)
        for fd in (self._questions, self._answers, self._output):
            os.set_blocking(fd, False)

    def _make(self, place: int, name: str, arguments: tuple[Any, ...], timeout_s: float | None) -> Thing:
        number, seconds = self._ask(place, name, arguments, timeout_s, keep=True)
        return Thing(self, number, seconds)

    def _ask(
        self,
        place: int,
        name: str,
        arguments: tuple[Any, ...],
        timeout_s: float | None,
        times: int = 1,
        keep: bool = False,
    ) -> Result:
        require(not self.closed, f"the bench called {name} after it had closed the worker.")
        require(times >= 1, f"the bench called {name} {times} times.")
        try:
            question = _encode((place, name, arguments, times, keep))
        except Exception as error:  # noqa: BLE001, whatever pickle may raise
            raise Failure(f"the bench called {name} with what is no plain data: {error}") from None
        answer, seconds = self._exchange(question, self.timeout_s if timeout_s is None else timeout_s, name)
        try:
            good, value = _decode(answer)
        except Exception as error:  # noqa: BLE001, whatever a forged answer may raise
            raise Failure(f"{self.target}: {name} answered with what is no plain data: {error}") from None
        require(good is True, f"{self.target}: {name} failed: {value}")
        return Result(value, seconds)

    def _exchange(self, question: bytes, timeout_s: float, name: str) -> tuple[bytearray, float]:
        """Send a question and take the whole answer; show meanwhile what the target prints."""
        token = os.urandom(16)
        outgoing, answer = memoryview(HEADER.pack(token, len(question)) + question), bytearray()
        poll = select.poll()
        poll.register(self._questions, select.POLLOUT)
        poll.register(self._answers, select.POLLIN)
        poll.register(self._output, select.POLLIN)
        begin = time.perf_counter()
        while (left_s := begin + timeout_s - time.perf_counter()) > 0:
            ready = [fd for fd, _ in poll.poll(min(left_s, TICK_S) * 1000)]
            if self._answers in ready:
                chunk = os.read(self._answers, CHUNK_BYTES)
                answer += chunk
                if self._is_whole(answer, token, name):
                    seconds = time.perf_counter() - begin
                    alive = self._process.poll() is None
                    require(alive, f"{self.target}: another process than the worker answered {name}.")
                    return answer[HEADER.size :], seconds
            if (self._answers in ready and not chunk) or (not ready and self._process.poll() is not None):
                raise Failure(f"{self.target}: {self._end()} before it had answered {name}.")
            if self._questions in ready:
                try:
                    outgoing = outgoing[os.write(self._questions, outgoing) :]
                except BrokenPipeError:  # the pipe of the answers will tell why
                    outgoing = memoryview(b"")
                if not outgoing:
                    poll.unregister(self._questions)
            if self._output in ready and not self._echo.take(self._output):
                poll.unregister(self._output)
        raise Failure(f"{self.target}: {name} had not answered after {timeout_s:g} s.")

    def _is_whole(self, answer: bytearray, token: bytes, name: str) -> bool:
        """Whether all of the answer is here. What is no answer to this question was put there by the target."""
        if len(answer) < HEADER.size:
            return False
        repeated, length = HEADER.unpack_from(answer)
        missing: int = HEADER.size + length - len(answer)
        require(repeated == token and missing >= 0, f"{self.target}: {name} wrote into the pipe of the answers.")
        require(length <= ANSWER_BYTES, f"{self.target}: the answer of {name} is larger than {ANSWER_BYTES} bytes.")
        return missing == 0

    def _end(self) -> str:
        try:
            code = self._process.wait(TICK_S)
        except subprocess.TimeoutExpired:
            return "it closed the pipe of the answers"
        return f"it was killed by signal {-code}" if code < 0 else f"it exited with {code}"


class Thing:
    """An object that lives in the worker."""

    def __init__(self, worker: Worker, number: int, seconds: float) -> None:
        self.worker, self.number, self.seconds = worker, number, seconds
        """`seconds` is the wall time that making it took."""

    def call(self, name: str, *arguments: Any, timeout_s: float | None = None, times: int = 1) -> Result:
        """Call a method, `times` in a row, for the last answer."""
        return self.worker._ask(self.number, name, arguments, timeout_s, times)


class _Echo:
    """Shows on stderr what the target prints; every line is marked, so that none can be taken for the metric."""

    def __init__(self) -> None:
        self._begun, self._shown = b"", 0

    def take(self, fd: int) -> bool:
        """Read and show what is there now. False when there is nothing, or no more to come."""
        chunk = b""
        with suppress(BlockingIOError):
            chunk = os.read(fd, CHUNK_BYTES)
        *lines, self._begun = (self._begun + chunk).split(b"\n")
        if len(self._begun) > LINE_BYTES or not chunk:
            lines, self._begun = [*lines, *filter(None, [self._begun])], b""
        for line in lines:
            if self._shown <= ECHO_BYTES:
                self._shown += len(line) + 1
                print("|", _on_one_line(line.decode(errors="replace")), file=sys.stderr)
                if self._shown > ECHO_BYTES:
                    print("| (the rest of what the target printed is left out)", file=sys.stderr)
        return bool(chunk)

    def drain(self, fd: int) -> None:
        """Show the rest, but not for ever: a process that got away may go on printing."""
        for _ in range(16):
            if not self.take(fd):
                break


def _on_one_line(text: str) -> str:
    """Text that no terminal and no reader of logs takes for several lines."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:LINE_BYTES])


def _confinement() -> Callable[[], None] | None:
    """Close this process's memory, environment and files to the worker; return what confines the worker itself."""
    if sys.platform != "linux":
        return None
    import ctypes  # here, as it would lengthen the worker's start

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


# What crosses: plain data, and arrays as their bytes


class _Pickler(pickle.Pickler):
    """Takes numpy's arrays and scalars apart."""

    def persistent_id(self, value: Any) -> tuple[str, tuple[int, ...], bytes] | None:
        numpy = sys.modules["numpy"]
        if not isinstance(value, (numpy.ndarray, numpy.generic)):
            return None
        if value.dtype.kind not in "biufc":
            raise TypeError(f"an array of {value.dtype} is no plain data")
        return value.dtype.str, value.shape, value.tobytes()


class _Unpickler(pickle.Unpickler):
    """Builds plain data; nothing that the other side names is looked up."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "complex"):
            return complex
        raise pickle.UnpicklingError(f"{module}.{name}")

    def persistent_load(self, parts: Any) -> Any:
        kind, shape, data = parts
        if __name__ == "__worker__":
            importlib.import_module("numpy")
        # The bench looks for no module now: the target may have put a numpy.py where it would be found.
        if "numpy" not in sys.modules:
            raise pickle.UnpicklingError("an array, though the bench has not imported numpy")
        if not re.fullmatch(r"[<>|=][biufc][0-9]{1,2}", kind):
            raise pickle.UnpicklingError("an array of an unknown kind")
        return sys.modules["numpy"].frombuffer(bytearray(data), dtype=kind).reshape(shape)[()]


def _encode(value: Any) -> bytes:
    file = io.BytesIO()
    # Only where there can be arrays, as it looks at every value: slower by half.
    pickler = _Pickler if "numpy" in sys.modules else pickle.Pickler
    pickler(file, protocol=5).dump(value)
    return file.getvalue()


def _decode(data: bytes | bytearray) -> Any:
    return _Unpickler(io.BytesIO(data)).load()


# The worker, from within: nothing of this is trusted


def _serve(questions: int, answers: int, *without: str) -> None:
    """Answer questions until there are none. The first asks for the import of the target."""
    sys.modules.update(dict.fromkeys(without))  # type: ignore[arg-type]  # None: not to be imported
    things: list[Any] = [importlib]
    with open(questions, "rb") as incoming, open(answers, "wb") as outgoing:
        while header := incoming.read(HEADER.size):
            token, length = HEADER.unpack(header)
            try:
                answer = _encode((True, _answer(things, *_decode(incoming.read(length)))))
            except Exception as error:  # noqa: BLE001, the bench is told
                sys.__excepthook__(*sys.exc_info())
                answer = _encode((False, f"{type(error).__name__}: {error}"))
            sys.stdout.flush()
            sys.stderr.flush()
            outgoing.write(HEADER.pack(token, len(answer)) + answer)
            outgoing.flush()


def _answer(things: list[Any], place: int, name: str, arguments: tuple[Any, ...], times: int, keep: bool) -> Any:
    function = things[place]
    for part in name.split("."):
        function = getattr(function, part)
    for _ in range(times - 1):
        function(*arguments)
    value = function(*arguments)
    if not keep:
        return value
    things.append(value)
    return len(things) - 1


if __name__ == "__worker__":
    _serve(int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
