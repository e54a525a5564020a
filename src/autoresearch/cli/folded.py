"""Lines for people, broken at spaces where the screen is narrower than they are. Loads nothing: `status` is quick."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator

NARROWEST = 20
"""Columns; nobody reads less."""
_COMMANDS = re.compile(r"(?<=;) (?=autoresearch |git )| (?= # )")
"""Between the commands of a `next: ` or `then: ` line, each of which stays whole, so that it can be copied."""


def folded(line: str) -> str:
    """The line as stdout is to have it: in one piece where no terminal and no COLUMNS says how wide it may be."""
    columns = _columns()
    return line if columns is None else "\n".join(_broken(line, columns))


def _columns() -> int | None:
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return max(int(told), NARROWEST)
    try:
        found = os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):  # no terminal, or no file at all
        return None
    return max(found, NARROWEST) if found else None  # a terminal that does not know has 0


def _broken(line: str, columns: int) -> Iterator[str]:
    """A piece that is too long by itself is never cut."""
    held, *pieces = _COMMANDS.split(line) if line.startswith(("next: ", "then: ")) else line.split(" ")
    for piece in pieces:
        if len(held) + 1 + len(piece) > columns:
            yield held
            held = f"  {piece}"
        else:
            held += f" {piece}"
    yield held
