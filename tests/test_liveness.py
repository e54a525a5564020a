"""Which constants the tuner leaves alone because nothing reads them, and which it must not."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from autoresearch.equipment import make_elsewhere
from autoresearch.errors import ProposerError
from autoresearch.project import examine
from autoresearch.propose.survey import UNREAD, current, survey
from user import User


def live(files: Mapping[str, str], others: Mapping[str, str] | None = None) -> list[str]:
    """Names of the knobs that are left, where other files of the project say this."""

    def elsewhere(words: frozenset[str]) -> Mapping[str, Collection[str]]:
        return {path: words & set(re.findall(r"\w+", text)) for path, text in (others or {}).items()}

    return [key.partition(":")[2] for key in current(files, elsewhere)]


@pytest.mark.parametrize(
    "code",
    [
        "print(LR)",
        "def f(x=LR): pass",
        "x = __import__('train').LR",
        "import sys; getattr(sys, 'LR')",
        "__all__ = ['LR']",
        "LR *= 2",
        "del LR",
        "def f():\n    global LR",
        "print(f'{LR}')",
        "config = {k: v for k, v in globals().items()}",
        "exec(open('more.py').read())",
        "import inspect, train; inspect.getmembers(train)",
        "import sys; f(sys.modules[__name__])",
    ],
)
def test_a_constant_that_the_target_may_read_is_tuned(code: str) -> None:
    assert live({"train.py": f"LR = 0.1\n{code}\n"}) == ["LR"]


@pytest.mark.parametrize(
    "code", ["", "def f(LR):\n    pass", "x = 'LRS'", "# LR", "f = lambda: 0\nRATE = 'no'", "class A:\n    LR = 3"]
)
def test_a_constant_that_nothing_reads_is_left_alone(code: str) -> None:
    assert live({"train.py": f"LR = 0.1\nWIDTH = 8\nprint(WIDTH)\n{code}\n"}) == ["WIDTH"]


@pytest.mark.parametrize(
    "code", ["from train import LR", "from train import *; print(LR)", "import train; train.LR", "f('LR')"]
)
def test_another_target_may_read_it(code: str) -> None:
    assert live({"train.py": "LR = 0.1\n", "more.py": code}) == ["LR"]


def test_a_target_that_does_not_parse_may_read_anything() -> None:
    assert live({"train.py": "LR = 0.1\n", "more.py": "print("}) == ["LR"]


@pytest.mark.parametrize(
    ("other", "left"),
    [
        ("import train; train.LR", ["LR"]),
        ("the LR of train", ["LR"]),
        ("import train; vars(train)", ["LR", "WIDTH"]),
        ("import train; getattr(train, name)", ["LR", "WIDTH"]),
        ("runpy run_path(train.py)", ["LR", "WIDTH"]),
        ("vars(something)", []),
        ("import train", []),
    ],
)
def test_another_file_may_read_it(other: str, left: list[str]) -> None:
    assert live({"train.py": "LR = 0.1\nWIDTH = 8\n"}, {"bench.py": other}) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("#define A 64\n#define B 32\nint x[B];\n", ["B"]),
        ("#define A 64 // A and B\n#define B 3\nint c = 5 + 1; // A\n", []),
        ("#define A 64 // A\n/* A */ const int b = 3; int c = b;\n", ["b"]),
        ('#define A 64\nconst char *s = "A";\n', ["A"]),
        ("#define A 64\n#define CAT(x) A##x\n#define B 3\n", ["A", "B"]),
        ("#ifdef X\n#define A 64\n#else\n#define A 32\n#endif\n", ["A", "A@2"]),
    ],
)
def test_of_c_what_no_other_token_mentions(text: str, left: list[str]) -> None:
    assert live({"a.cu": text}) == left


def test_a_header_is_read_by_another_target_or_file() -> None:
    assert live({"a.h": "#define A 64\n#define B 3\n", "a.cu": "int x[A];"}, {"main.cu": "use B"}) == ["A", "B"]


def test_leaves_of_data_and_annotated_literals_are_always_tuned() -> None:
    assert live({"a.json": '{"lr": 0.1}', "b.py": "LR = 0.1  # tune: 0.1..1.0\n"}) == ["lr", "LR"]


def test_says_what_is_left_alone_and_why() -> None:
    text = "LR = 0.1\nSEED = 3\nSTEPS = 5\nBATCH = 2**19\nNAME = 'a'\nOFF = 0\nPATH = f(3)\nUSED = 1.5\nprint(USED)\n"
    found = survey({"a.py": text}, lambda words: {})
    assert [knob.name for knob in found.knobs] == ["USED"]
    assert [(each.name, each.source) for each in found.left] == [
        ("LR", "0.1"),
        ("SEED", "3"),
        ("STEPS", "5"),
        ("BATCH", "2**19"),
        ("NAME", "'a'"),
        ("OFF", "0"),
    ]
    assert found.left[0].reason == UNREAD
    noted = survey({"a.py": "A = 1  # tune: 1..3\nB = 2\n"})
    assert [(each.name, each.reason) for each in noted.left] == [("B", "not annotated, and others in this file are")]


def test_the_repository_and_the_commands_are_asked(tmp_path: Path) -> None:
    program = "---\ntarget: pkg/train.py\nmetric: x_per_s\n---\n"
    bench = {"bench": "python3 -c 'import pkg.train as t; t.ASKED'"}
    text = "ASKED = 1\nREAD = 1\nOWN = 1\nUNTRACKED = 1\n"
    files = {"program.md": program, "pkg/train.py": text, "src/ü b.py": "x.READ\n", "c.bin": "\0OWN", "d.py": "OWNER"}
    user = User.with_project(tmp_path, program=program, files=files)
    (user.home / "e.py").write_text("UNTRACKED")
    for name, value in (("grep.lineNumber", "true"), ("grep.column", "true"), ("color.grep", "always")):
        user.git("config", name, value)
    project = examine(user.home / "program.md", bench, {})
    try:
        elsewhere = make_elsewhere(project)
        assert list(current({"pkg/train.py": text}, elsewhere)) == ["pkg/train.py:ASKED", "pkg/train.py:READ"]
    finally:
        project.repository.close()


def test_without_ast_grep_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ast_grep_py", None)
    with pytest.raises(ProposerError, match=r"^k/a\.cu: .* needs ast-grep\. Run `pip install 'autoresearch\[tune\]'`"):
        current({"k/a.cu": "#define A 3\n"})
    assert current({"a.py": "A = 3\n", "b.json": "[1]"}) == {"a.py:A": 3, "b.json:0": 1}
