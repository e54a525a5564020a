"""What the human tells a session that runs: the prose of program.md and notes.md, both read anew each time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from autoresearch import program as program_file
from autoresearch.errors import SettingsError
from autoresearch.project import Project

NOTES = "notes.md"
"""Beside program.md: the human's latest word, for a session that runs."""
NOTES_MOST = 4000
"""Characters of it that a proposer is shown: they are paid in every prompt."""


def prose(project: Project, notice: Callable[[str], None]) -> Callable[[], str]:
    """Reads the prose of program.md as it is now; as it was, when it cannot be read any more. Its settings stay."""
    known = project.program

    def read() -> str:
        nonlocal known
        with suppress(SettingsError):
            now = program_file.read(project.program.path)
            if now.front != known.front:
                notice(f"the settings in {now.path.name} were changed; they count from the next `autoresearch run` on")
            known = now
        return known.prose

    return read


def notes(project: Project, notice: Callable[[str], None]) -> Callable[[], str]:
    """Reads what notes.md says now; it may come, change and go, and that is said once."""
    path = project.program.directory / NOTES
    known, trouble = "", ""

    def read() -> str:
        nonlocal known, trouble
        try:
            now, wrong = path.read_text(encoding="utf-8").strip() if path.exists() else "", ""
        except (OSError, UnicodeDecodeError) as error:
            now, wrong = known, f"{NOTES} cannot be read: {error}. What it said before counts on"
        if wrong != trouble and wrong:
            notice(wrong)
        if now != known:
            notice(_heard(now))
        known, trouble = now, wrong
        return now[:NOTES_MOST]

    return read


def _heard(now: str) -> str:
    if len(now) > NOTES_MOST:
        return f"{NOTES} is long: the next proposal is shown its first {NOTES_MOST:,} characters"
    return f"{NOTES}: the next proposal is shown it" if now else f"{NOTES} is gone, and counts no more"
