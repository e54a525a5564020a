"""What the human tells a session that runs: the prose of program.md and notes.md, both read anew each time."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from autoresearch import program as program_file
from autoresearch.errors import SettingsError
from autoresearch.project import Project

NOTES = "notes.md"
"""Beside program.md: the human's latest word, for a session that runs."""
NOTES_MOST = 4000
"""Characters of it that a proposer is shown: they are paid in every prompt."""


def prose(project: Project, notice: Callable[[str], None]) -> Callable[[], str]:
    """Reads the prose of program.md as it is now; as it was, when it cannot be read any more. Its settings stay.

    In place a run could have written one that git does not know: that is not read again.
    """
    known, trouble = project.program, ""
    name = known.path.name
    if project.settings.in_place and not project.repository.in_index(name):
        return lambda: project.program.prose

    def read() -> str:
        nonlocal known, trouble
        try:
            now, wrong = program_file.read(known.path), ""
            if not now.front and known.front:
                now, wrong = known, f"{name} has lost its front matter, so the brief that it held before counts on"
        except SettingsError as error:
            now, wrong = known, f"the brief as it was counts on: {error}"
        if wrong and wrong != trouble:
            notice(wrong)
        if now.front != known.front:
            notice(f"the settings in {name} were changed; they count from the next `autoresearch run` on")
        if now.prose != known.prose:
            notice(f"{name}: the next proposal is shown the new brief")
        known, trouble = now, wrong
        return known.prose

    return read


def notes(project: Project, notice: Callable[[str], None]) -> Callable[[], str]:
    """Reads what notes.md says now; it may come, change and go, and that is said once.

    In place it is not read: a run could have written it.
    """
    path = project.program.directory / NOTES
    known, trouble = "", ""
    if project.settings.in_place:
        return lambda: ""

    def read() -> str:
        nonlocal known, trouble
        now, wrong = _text(path)
        if now is None:
            before = ": what it said before counts on" if known else ""
            now, wrong = known, f"{NOTES} cannot be read, {wrong}{before}"
        if wrong and wrong != trouble:
            notice(wrong)
        if now != known:
            notice(_heard(now))
        known, trouble = now, wrong
        return now[:NOTES_MOST]

    return read


def _text(path: Path) -> tuple[str | None, str]:
    """What a file says, "" where there is none; or None and why. Nothing else is opened: a pipe would have no end."""
    if not os.path.lexists(path):
        return "", ""
    if not path.is_file():
        return None, "since it is no file"
    try:
        return path.read_text(encoding="utf-8").strip(), ""
    except UnicodeDecodeError:
        return None, "since it is not UTF-8"
    except OSError as error:
        return None, f"{error.strerror}"


def _heard(now: str) -> str:
    if len(now) > NOTES_MOST:
        return f"{NOTES} is long: the next proposal is shown its first {NOTES_MOST:,} characters"
    return f"{NOTES}: the next proposal is shown it" if now else f"{NOTES} is gone, and counts no more"
