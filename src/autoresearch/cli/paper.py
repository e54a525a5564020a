"""Where a command prints what may be long: the terminal with its colours, or a file without any."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 100
"""Columns where there is no terminal to ask."""


def paper() -> Console:
    """A console on stdout. Lines are never broken where a program reads them, and no terminal's encoding ends them."""
    from rich.console import Console

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    if sys.stdout.isatty():
        return Console(highlight=False)
    columns = os.environ.get("COLUMNS", "")
    return Console(
        highlight=False,
        color_system=None,
        force_terminal=False,
        width=max(int(columns), 20) if columns.isdecimal() else WIDTH,
    )
