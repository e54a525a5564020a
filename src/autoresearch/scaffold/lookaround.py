"""What a project has that could be its bench and its target, found by reading; nothing is run."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autoresearch.edge.links import NOT_LINKED

DEPTH = 3
MAX_FILES = 2000
MAX_BYTES = 256 * 1024
"""A script larger than this is none that a person wrote."""
SKIPPED = NOT_LINKED | {"node_modules", "site-packages", "venv", "env", "vendor", "third_party"}
RUNNABLE = (".py", ".sh", ".js", ".mjs")

BENCH_NAME = re.compile(r"(^|[_-])(bench|benchmarks?|perf)([_-]|$)|^bench", re.IGNORECASE)
EVAL_NAME = re.compile(r"^(eval|evaluate|evaluation|train)([_-].*)?$", re.IGNORECASE)
TEST_NAME = re.compile(r"^(test_.*|.*_test|conftest|setup|__init__)$")
PRINTS = re.compile(
    r"""\b(?:print|printf|echo|log|write|puts)\b[^\n]*?["'`]([^\W\d][\w./-]*):[ \t]*(?:[{%$]|["'`][ \t]*[,+])"""
)
"""`print(f"loss: {x}")`, `print("loss:", x)`, `echo "loss: $x"`, `printf "loss: %f"`, `console.log(`loss: ${x}`)`."""
SCRIPT = re.compile(r"""^(print\b|if __name__ == ["']__main__)""", re.MULTILINE)
WORTHY = r"[\w.:-]*(?:bench|perf|eval)[\w.:-]*"


@dataclass(frozen=True)
class Found:
    """A command that may be the bench."""

    command: str
    origin: str
    """The file that it was found in."""
    prints: tuple[str, ...] = ()
    """Names that its source seems to print as `name: number`."""
    rank: int = 0
    """The lower, the likelier."""


def find_benches(directory: Path) -> list[Found]:
    """Commands that may be the bench, the likeliest first."""
    found = [*_scripts(directory), *_make(directory), *_npm(directory), *_cargo(directory), *_pytest(directory)]
    return sorted(found, key=lambda each: (each.rank, each.origin.count("/"), each.origin))


def guess_targets(directory: Path, command: str) -> list[str]:
    """Files that a bench command is about, the likeliest first: what its script uses, or else the script itself."""
    named = scripts(directory, command)
    used = [path for script in named for path in _used_by(directory, script) if path not in named]
    # `train.py` is improved itself; `bench.py` is not, or the number would be improved instead of the program.
    selves = [script for script in named if not BENCH_NAME.search(PurePosixPath(script).stem)]
    return list(dict.fromkeys([*selves, *used]))


def scripts(directory: Path, command: str) -> list[str]:
    """The project's scripts that a command names."""
    try:
        words = [PurePosixPath(word) for word in shlex.split(command) if word.endswith(RUNNABLE)]
    except ValueError:
        return []
    inside = [word for word in words if not word.is_absolute() and ".." not in word.parts]
    return [word.as_posix() for word in inside if (directory / word).is_file()]


def interpreter() -> str:
    """The command that runs Python here."""
    return "python3" if shutil.which("python3") or not shutil.which("python") else "python"


def python(directory: Path) -> str:
    """The command that runs Python in a project: its own environment's where it has one."""
    if (directory / "uv.lock").exists() and shutil.which("uv"):
        return "uv run python"
    for place in (".venv/bin/python", "venv/bin/python"):
        if (directory / place).exists():
            return place
    return interpreter()


def _scripts(directory: Path) -> Iterator[Found]:
    for path in _walk(directory):
        stem = PurePosixPath(path).stem
        if TEST_NAME.match(stem):
            continue
        text = _text(directory / path)
        prints = tuple(dict.fromkeys(PRINTS.findall(text)))
        if BENCH_NAME.search(stem):
            rank = 0 if prints else 2
        elif EVAL_NAME.match(stem):
            rank = 1 if prints else 4
        elif prints and path.endswith(".py") and SCRIPT.search(text):
            rank = 5
        else:
            continue
        yield Found(_run(directory, path), path, prints, rank)


def _make(directory: Path) -> Iterator[Found]:
    for name in ("GNUmakefile", "makefile", "Makefile"):
        for target in re.findall(rf"^({WORTHY})[ \t]*:(?!=)", _text(directory / name), re.MULTILINE | re.IGNORECASE):
            yield Found(f"make -s {shlex.quote(target)}", f"{name}", rank=3)


def _npm(directory: Path) -> Iterator[Found]:
    with suppress(ValueError, AttributeError):
        scripts = json.loads(_text(directory / "package.json")).get("scripts", {})
        for name in scripts:
            if re.fullmatch(WORTHY, name, re.IGNORECASE):
                yield Found(f"npm run --silent {shlex.quote(name)}", "package.json", rank=3)


def _cargo(directory: Path) -> Iterator[Found]:
    with suppress(ValueError, AttributeError, TypeError):
        text = _text(directory / "Cargo.toml")
        named = [str(bench["name"]) for bench in tomllib.loads(text).get("bench", []) if "name" in bench]
        files = [path.stem for path in sorted((directory / "benches").glob("*.rs"))] if text else []
        for name in dict.fromkeys([*named, *files]):
            yield Found(f"cargo bench --bench {shlex.quote(name)}", "Cargo.toml", rank=3)


def _pytest(directory: Path) -> Iterator[Found]:
    for name in ("pyproject.toml", "requirements.txt", "requirements-dev.txt", "setup.cfg", "tox.ini"):
        if "pytest-benchmark" in _text(directory / name):
            yield Found(f"{python(directory)} -m pytest -q --benchmark-only", name, rank=4)
            return


def _walk(directory: Path) -> list[str]:
    """Files that could be run, relative to the project; neither hidden ones nor products and packages."""
    found: list[str] = []
    for folder, folders, files in os.walk(directory):
        here = Path(folder).relative_to(directory)
        deep = len(here.parts) >= DEPTH
        folders[:] = [] if deep else sorted(f for f in folders if f not in SKIPPED and not f.startswith("."))
        found += [(here / file).as_posix() for file in sorted(files) if file.endswith(RUNNABLE)]
        if len(found) >= MAX_FILES:
            break
    return found[:MAX_FILES]


def _run(directory: Path, path: str) -> str:
    """The command that runs a script from the project's directory."""
    quoted = shlex.quote(path)
    if path.endswith(".py"):
        return f"{python(directory)} {quoted}"
    if path.endswith(".sh"):
        executable = os.access(directory / path, os.X_OK)
        return shlex.quote(f"./{path}") if executable else f"sh {quoted}"
    return f"node {quoted}"


def _used_by(directory: Path, script: str) -> list[str]:
    """Files of the project that a script imports or names."""
    text = _text(directory / script)
    here = PurePosixPath(script).parent
    modules = re.findall(r"^[ \t]*(?:from|import)[ \t]+([A-Za-z_][\w.]*)", text, re.MULTILINE)
    guesses = [f"{module.replace('.', '/')}{end}" for module in modules for end in (".py", "/__init__.py")]
    guesses += re.findall(r"[\w./-]+\.(?:py|c|cc|cpp|cu|rs|go|js|mjs|ts|java|jl|rb|sh|json|ya?ml|toml)\b", text)
    found = []
    for guess in guesses:
        for place in (here / guess, PurePosixPath(guess), PurePosixPath("src") / guess):
            if not place.is_absolute() and ".." not in place.parts and (directory / place).is_file():
                found.append(place.as_posix())
                break
    return list(dict.fromkeys(found))


def _text(path: Path) -> str:
    """A small file's text; nothing where there is none."""
    try:
        if path.is_file() and path.stat().st_size <= MAX_BYTES:
            return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        pass
    return ""
