"""What many commits changed, read from one git process."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from autoresearch.edge.git import LOCAL

_SHOWN = "-p -U3 -r --root -m --first-parent --no-renames --no-ext-diff --no-textconv --no-color --ignore-submodules"
_LONGEST = 2000
"""Bytes of a line that are read: the rest of a line is nothing that anybody reads."""
_ID = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?\n")
_OPTIONS = ("core.quotePath=false", "core.fsmonitor=false", "core.attributesFile=/dev/null", "diff.orderFile=/dev/null")


def folder_of_git(place: Path) -> Path | None:
    """git's folder for a file: the one it lies in, or that of the repository around it; None where there is none."""
    for above in place.resolve().parents:
        if (above / "objects").is_dir() and (above / "HEAD").is_file():
            return above
    said = _ask(["git", "-C", str(place.resolve().parent), "rev-parse", "--git-common-dir"])
    return (place.resolve().parent / os.fsdecode(said.rstrip(b"\n"))).resolve() if said.strip() else None


def found(git_dir: Path, names: Sequence[str]) -> dict[str, str]:
    """Name → commit, for those names (hashes, also short ones, or refs) that mean one here."""
    asked = "".join(f"{name}^{{commit}}\n" for name in names)
    said = _ask([*_git(git_dir), "cat-file", "--batch-check"], asked.encode()).decode(errors="replace")
    words = [line.split(" ") for line in said.splitlines()]
    # An answer for each question, in order; else git did not understand one of them.
    if len(words) != len(names):
        return {}
    return {name: answer[0] for name, answer in zip(names, words, strict=True) if answer[1:2] == ["commit"]}


def patches(
    git_dir: Path, commits: Iterable[str], *, lines: int, limit_s: float = 20.0
) -> Generator[tuple[str, list[str], int], None, None]:
    """(Commit, the first lines of its diff against its first parent, how many more there are), in order.

    Ends early where git fails or takes longer than `limit_s`: what a page lacks is no failure of the page.
    """
    with tempfile.TemporaryFile() as asked:
        asked.write("".join(f"{commit}\n" for commit in commits).encode())
        asked.seek(0)
        try:
            process = subprocess.Popen(
                [*_git(git_dir), "diff-tree", "--stdin", *_SHOWN.split()],
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )
        except OSError:
            return
    killer = threading.Timer(limit_s, process.kill)
    killer.start()
    try:
        assert process.stdout is not None
        yield from _apart(_lines(process.stdout), lines)
    finally:
        killer.cancel()
        process.kill()
        process.communicate()


def _apart(said: Iterator[bytes], most: int) -> Iterator[tuple[str, list[str], int]]:
    commit, kept, more = "", list[str](), 0
    for line in said:
        if _ID.fullmatch(line):  # every line of a diff begins otherwise
            if commit:
                yield commit, kept, more
            commit, kept, more = line.decode().strip(), [], 0
        elif len(kept) < most:
            kept.append(line.decode(errors="replace").rstrip("\n"))
        else:
            more += 1
    if commit:
        yield commit, kept, more


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines, of long ones the beginning: a file of data may be one line of a gigabyte."""
    while line := stream.readline(_LONGEST):
        yield line if line.endswith(b"\n") else line + b"\n"
        while line and not line.endswith(b"\n"):
            line = stream.readline(1 << 20)


def _git(git_dir: Path) -> list[str]:
    options = [word for option in _OPTIONS for word in ("-c", option)]
    return ["git", f"--git-dir={git_dir}", *options]


def _ask(argv: Sequence[str], said: bytes = b"") -> bytes:
    try:
        done = subprocess.run(argv, input=said, capture_output=True, check=False, timeout=20, env=_environment())
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""


def _environment() -> dict[str, str]:
    """Nothing of a repository's clone that is not here is fetched over the network."""
    kept = {name: value for name, value in os.environ.items() if name not in LOCAL}
    return {**kept, "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
