"""The target in a process of its own, as the bench sees it: asked, timed, watched, and killed at the end."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from autoresearch.bench import inside
from autoresearch.bench.confinement import confinement
from autoresearch.bench.echo import CHUNK_BYTES, Echo
from autoresearch.bench.failure import Failure, require
from autoresearch.bench.inside import HEADER

ANSWER_BYTES = 1024**3
"""Most that one answer may hold."""
TICK_S = 0.5
"""Between two looks at whether the worker lives; a child of it can hold its pipes open."""
# Run and not imported: what lies beside that file must not come before what the target imports.
START = """import sys; sys.path[0], file = sys.argv[1:3]
exec(compile(open(file, encoding="utf-8").read(), file, "exec"), {"__name__": "__worker__"})"""


class Result(NamedTuple):
    """What a call came to."""

    value: Any
    """Plain data: None, numbers, text, bytes, lists, tuples, dicts, sets; numpy arrays if the bench imports numpy."""
    seconds: float
    """Wall time on the bench's clock, from before the question was sent until the whole answer was here."""


workers: list[Worker] = []
"""All that this process has made."""


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
        self._echo = Echo()
        is_file = not target.endswith(".py") or os.path.isfile(self.path)  # noqa: PTH113
        require(is_file, f"{target} does not exist in {os.getcwd()}.")  # noqa: PTH109
        folder, name = os.path.split(self.path[:-3]) if target.endswith(".py") else (os.path.realpath("."), target)
        self._start([python, "-B", "-c", START, folder, os.path.realpath(inside.__file__)], without)
        workers.append(self)
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
                preexec_fn=confinement(),
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
            question = inside.encode((place, name, arguments, times, keep))
        except Exception as error:  # noqa: BLE001, whatever pickle may raise
            raise Failure(f"the bench called {name} with what is no plain data: {error}") from None
        answer, seconds = self._exchange(question, self.timeout_s if timeout_s is None else timeout_s, name)
        try:
            good, value = inside.decode(answer)
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
