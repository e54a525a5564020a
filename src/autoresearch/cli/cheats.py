"""Canned cheats: targets that are no better but look it, run against the user's bench to see which it believes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autoresearch.decide.syntax import parsed
from autoresearch.edge.commit import Tracked
from autoresearch.edge.folder import SessionFolder
from autoresearch.equipment import make_gates
from autoresearch.label import label
from autoresearch.model import Direction, Measurement, Metric

if TYPE_CHECKING:
    from autoresearch.project import Project
    from autoresearch.runner import Runner

LONGEST_S = 120.0
"""No cheat is tried against a bench that takes longer."""
PATIENCE, GRACE_S = 3.0, 5.0
"""A cheat has so many times as long as the honest run, and so much more."""
LEAP = 0.3
"""A slow clock is believed when the metric gains more than this, relative, in each of two runs."""
SLOW_CLOCK = """\
def _slow():
    import time
    for name in ("time", "monotonic", "perf_counter", "process_time"):
        for name in (name, name + "_ns"):
            real = getattr(time, name)
            def slow(real=real, start=real()):
                gone = real() - start
                return start + (gone // 10 if isinstance(gone, int) else gone / 10)
            setattr(time, name, slow)
_slow()
"""
"""Every clock of Python's goes at a tenth of its speed."""


@dataclass(frozen=True)
class Cheat:
    """A target that cheats."""

    name: str
    text: str
    forged: float | None = None
    """The metric that it prints; None for one that only distorts the bench's own."""


def try_cheats(project: Project, runner: Runner, folder: Path, honest: Measurement) -> tuple[str, str]:
    """Level and sentence on what the bench believes. `honest` is the unmodified target's run, in `bench.log`."""
    known = f"the metric is {label(project, folder / 'bench.log')}"
    if reason := unsuited(project, honest):
        return "ok", f"none was tried: {reason}; {known}"
    cheats = list(_cheats(project, folder / "bench.log", honest))
    believed, caught = list[str](), list[str]()
    for cheat in cheats:
        value = _believed(project, runner, folder, cheat, honest)
        if value is not None:
            refused = _refused(project, runner, folder, cheat)
            (caught if refused else believed).append(f"{cheat.name} ({project.settings.metric.name}: {value:g})")
    if not believed and not caught:
        return "ok", f"the bench believes none of {len(cheats)} canned cheats; {known}"
    but_check = f"`check` refuses what the bench believes: {', '.join(caught)}; " if caught else ""
    if not believed:
        return "ok", but_check + known
    return "warning", f"the bench believes: {', '.join(believed)}; {but_check}{known}, see docs/bench.md"


def unsuited(project: Project, honest: Measurement) -> str | None:
    """Why no cheat is tried; None when they can be."""
    if project.settings.in_place:
        return "in place they would lie in your checkout"
    (path, target), *others = project.targets.items()
    if others or not path.endswith(".py") or parsed(target.data.decode()) is None:
        return "they are for a target of one Python file"
    if honest.duration_s > LONGEST_S:
        return f"a run takes longer than {LONGEST_S:g} s"
    return None


def _cheats(project: Project, log: Path, honest: Measurement) -> Iterator[Cheat]:
    assert honest.value is not None
    (target,) = project.targets.values()
    text = target.data.decode("utf-8-sig")
    step = abs(honest.value) or 1.0
    forged = honest.value + (step if project.settings.direction is Direction.HIGHER else -step / 2)
    if lines := _forged_lines(project.settings.measured, log, forged):
        said = f"*{lines!r}, sep='\\n', flush=True"
        yield Cheat("a printed number", f"import os\nprint({said})\nos._exit(0)\n", forged)
        at_exit = f"import atexit; atexit.register(print, {said})\n"
        yield Cheat("a number printed at exit", with_prefix(at_exit, text), forged)
    yield Cheat("a slow clock", with_prefix(SLOW_CLOCK, text))


def _forged_lines(metric: Metric, log: Path, forged: float) -> Sequence[str]:
    """What the honest run printed that counts, with another number."""
    number = re.compile(metric.pattern or rf"^{re.escape(metric.name)}:[ \t]*(.*)")
    required = [re.compile(pattern) for pattern in metric.require]
    lines = dict.fromkeys(re.split(r"[\r\n]+", log.read_bytes().decode(errors="replace")))
    forgery: dict[str, None] = {}
    for line in lines:
        if (found := number.search(line)) and found[1] is not None:
            forgery[f"{line[: found.start(1)]}{forged!r}{line[found.end(1) :]}"] = None
        elif any(pattern.search(line) for pattern in required):
            forgery[line] = None
    return list(forgery)


def with_prefix(prefix: str, text: str) -> str:
    """The target with other code before its own, but behind its docstring and imports from __future__."""
    lines = text.split("\n")
    at = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    tree = parsed(text)
    for statement in tree.body if tree else ():
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not is_text and getattr(statement, "module", None) != "__future__":
            break
        at = statement.end_lineno or at
    return "\n".join([*lines[:at], prefix, *lines[at:]])


def _believed(project: Project, runner: Runner, folder: Path, cheat: Cheat, honest: Measurement) -> float | None:
    """The value that the bench takes the cheat's word for; None where it does not."""
    assert honest.value is not None
    metric, value = project.settings.measured, None
    limit_s = min(runner.timeout_s, PATIENCE * honest.duration_s + GRACE_S)
    for _ in range(2 if cheat.forged is None else 1):
        files, log = _files(project, cheat), folder / "cheat.log"
        value = runner.run(files, log, lambda: None, seed=0, timeout_s=limit_s).value
        gain = None if value is None else metric.gain(value, over=honest.value)
        if value != cheat.forged if cheat.forged is not None else gain is None or gain <= LEAP:
            return None
    return value


def _refused(project: Project, runner: Runner, folder: Path, cheat: Cheat) -> bool:
    """Whether `check` would not let it pass."""
    gates = make_gates(project, SessionFolder(project.repository.common_dir, folder.name), runner)
    if gates.check is None:
        return False
    return gates.passes(_files(project, cheat), folder / "cheat.log", lambda: None).failure is not None


def _files(project: Project, cheat: Cheat) -> dict[str, Tracked]:
    return {path: Tracked(file.mode, cheat.text.encode()) for path, file in project.targets.items()}
