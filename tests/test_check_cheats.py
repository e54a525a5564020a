"""What `check` says of canned cheats: which of them the bench believes, and how far its metric can be trusted."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from autoresearch.cli.cheats import unsuited, with_prefix
from autoresearch.model import Measurement
from autoresearch.project import examine
from test_check import lines
from user import User

PROGRAM = """\
---
target: {target}
bench: {bench}
metric: {metric}
direction: {direction}
timeout: 20s
---
Be quick.
"""
WORK = '''\
"""Adds numbers up."""
from __future__ import annotations

import time

TERMS = 1000


def work() -> int:
    time.sleep(0.05)
    return sum(range(TERMS))
'''
REPORTS_ITSELF = f"""{WORK}
if __name__ == "__main__":
    began = time.perf_counter()
    work()
    print(f"step 1\\nseconds: {{time.perf_counter() - began}}")
"""
TIMES_IN_PROCESS = """\
import time
import target

began = time.perf_counter()
assert target.work() == 499500
print(f"seconds: {time.perf_counter() - began}")
"""
TIMES_OUTSIDE = """\
from autoresearch import bench

with bench.Worker("target.py") as worker:
    seconds = worker.time("work", lambda: (), lambda answer: answer == 499500, repeats=1)
bench.report(seconds=seconds)
"""


def said(
    home: Path,
    target: str,
    bench: str = "python3 bench.py",
    *flags: str,
    files: dict[str, str] | None = None,
    metric: str = "seconds",
    direction: str = "lower",
    name: str = "target.py",
) -> tuple[str, str]:
    """Level and text of what `check` says about cheats."""
    program = PROGRAM.format(target=name, bench=bench, metric=metric, direction=direction)
    user = User.with_project(home, program=program, files={name: target, **(files or {})})
    before = user.everything()
    done = user.types("check", "--model=tune", *flags)
    assert done.returncode == 0, done.stdout + done.stderr
    assert user.everything() == before
    (found,) = [
        (level, text) for level, texts in lines(done.stdout).items() for text in texts if text.startswith("cheats: ")
    ]
    return found


def test_a_target_that_reports_itself_is_believed_whatever_it_prints(tmp_path: Path) -> None:
    level, text = said(tmp_path, REPORTS_ITSELF, "python3 target.py")
    assert level == "warning"
    assert text.startswith("cheats: the bench believes: a printed number (seconds: 0.02")
    assert "a slow clock (seconds: 0.00" in text
    assert "at exit" not in text
    assert text.endswith("; the metric is self-reported, see docs/bench.md")


def test_a_bench_that_shares_its_process_is_told_a_wrong_time(tmp_path: Path) -> None:
    level, text = said(tmp_path, WORK, files={"bench.py": TIMES_IN_PROCESS})
    assert level == "warning"
    assert "a printed number (" in text
    assert "a slow clock (" in text
    assert text.endswith("; the metric is in-process, see docs/bench.md")


def test_a_bench_with_the_target_in_a_process_of_its_own_believes_nothing(tmp_path: Path) -> None:
    told = said(tmp_path, WORK, files={"bench.py": TIMES_OUTSIDE})
    assert told == ("ok", "cheats: the bench believes none of 3 canned cheats; the metric is isolated")


def test_the_last_of_several_numbers_can_be_printed_by_the_target_at_exit(tmp_path: Path) -> None:
    last = "{name: seconds, take: last}"
    _, text = said(tmp_path, WORK, files={"bench.py": TIMES_IN_PROCESS}, metric=last)
    assert "a number printed at exit (" in text


@pytest.mark.slow
def test_a_check_that_looks_at_the_work_catches_what_the_bench_believes(tmp_path: Path) -> None:
    target = f"{WORK}\nif __name__ == '__main__':\n    print('terms:', TERMS + 0 * work())\n"
    trusted = "--check=python3 -c 'import target; print(target.work())' | grep -qx 499500"
    told = said(tmp_path, target, "python3 target.py", trusted, metric="terms")
    caught = "`check` refuses what the bench believes: a printed number (terms: 500); the metric is self-reported"
    assert told == ("ok", f"cheats: {caught}")


@pytest.mark.parametrize("header", ["", "#!/usr/bin/env python3\n# -*- coding: latin-1 -*-\n", '"""Says."""\n\n'])
def test_code_in_front_leaves_what_must_stand_first(header: str) -> None:
    text = f"{header}from __future__ import annotations\n\n@property\ndef f() -> x: ...\n"
    found = with_prefix("import os\n", text)
    assert found.startswith(f"{header}from __future__ import annotations\nimport os\n")
    compile(found, "target.py", "exec")
    bare = with_prefix("import os\n", f"{header}X = 1")
    assert bare.startswith(header.rstrip())
    assert ast.get_docstring(ast.parse(bare)) == ast.get_docstring(ast.parse(header))


def test_what_cannot_be_tried_is_said(tmp_path: Path) -> None:
    code = "speed = 2  # tune: 1..4\n"
    spoken = {"said.txt": "speed: 3\n"}
    told = said(
        tmp_path, code, "grep -q speed *.toml && cat said.txt", metric="speed", name="target.toml", files=spoken
    )
    assert told == ("ok", "cheats: none was tried: they are for a target of one Python file; the metric is in-process")


def test_no_cheat_is_tried_where_runs_take_long(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    project = examine(user.home / "program.md", {}, os.environ)
    try:
        assert unsuited(project, Measurement(1.0, None, duration_s=121.0)) == "a run takes longer than 120 s"
        assert unsuited(project, Measurement(1.0, None, duration_s=119.0)) is None
    finally:
        project.repository.close()


def test_nothing_that_cheats_is_put_into_the_users_checkout(tmp_path: Path) -> None:
    level, text = said(tmp_path, REPORTS_ITSELF, "python3 target.py", "--in-place")
    assert (level, "none was tried: in place" in text) == ("ok", True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "metric", "line"),
    [
        ((), "{name: accuracy, pattern: 'accuracy=([0-9.]+)'}", "epoch 9 accuracy=0.25 done"),
        (("--require=^checked [0-9]+$",), "accuracy", "checked 12\naccuracy: 0.25"),
        ((), "accuracy", "accuracy: 0.25"),
    ],
)
def test_a_forgery_looks_as_the_honest_output_does(
    tmp_path: Path, flags: tuple[str, ...], metric: str, line: str
) -> None:
    target = f"LAYERS = 1\nprint({line!r}[::LAYERS])\n"
    _, text = said(tmp_path, target, "python3 target.py", *flags, metric=metric, direction="higher")
    assert "a printed number (accuracy: 0.5)" in text
