"""Scripts of ours that become processes of their own, and are never imported."""

from __future__ import annotations

import py_compile
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path


def start(name: str) -> list[str]:
    """Argv prefix for a script in this folder.

    -I -S -E: neither the environment nor the directory that it starts in has a say in what it imports.
    """
    return [sys.executable, "-I", "-S", "-E", _compiled(Path(__file__).with_name(name))]


@cache
def _compiled(script: Path) -> str:
    """The script compiled, where it can be: it is otherwise compiled anew at every start, for 2 ms."""
    with suppress(OSError):
        if compiled := py_compile.compile(str(script)):
            return compiled
    return str(script)
