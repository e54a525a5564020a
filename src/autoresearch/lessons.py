"""LEARNINGS.md: written when a session stops, and again once it is verified; never over a file that is not its own."""

from __future__ import annotations

from pathlib import Path

from autoresearch.decide import learnings
from autoresearch.decide.history import History
from autoresearch.decide.outcome import Past
from autoresearch.edge.derived import LEARNINGS, Derived
from autoresearch.edge.folder import SessionFolder, write_whole
from autoresearch.project import Project


def leave(project: Project, folder: SessionFolder, history: History, past: Past) -> Path | None:
    """Write what was learnt. Returns where it lies if the place beside program.md is the user's."""
    text = learnings.page(history, past.follow(history.experiments), project.settings.measured)
    beside = _beside(project, folder)
    if beside.is_free() and not project.repository.in_index(LEARNINGS):
        beside.write(text)
        return None
    write_whole(folder.path / LEARNINGS, text.encode())
    return folder.path / LEARNINGS


def renew(project: Project, folder: SessionFolder, history: History) -> None:
    """Write it anew where it lies, if it is this session's, as this session left it."""
    text = learnings.page(
        history, Past(project.settings.measured).follow(history.experiments), project.settings.measured
    )
    beside, own = _beside(project, folder), folder.path / LEARNINGS
    if own.exists():
        write_whole(own, text.encode())
    title = text.partition("\n")[0]
    if beside.path.is_file() and beside.is_free() and not project.repository.in_index(LEARNINGS):
        with beside.path.open(errors="replace") as file:
            ours = file.readline().rstrip("\n") == title  # else it is of another session, which wrote last
        if ours:
            beside.write(text)


def _beside(project: Project, folder: SessionFolder) -> Derived:
    return Derived(LEARNINGS, project.program.directory, project.repository.common_dir, folder.tag)
