"""Who follows a session besides the view."""

from __future__ import annotations

from collections.abc import Iterator

from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.signals import StopSignal
from autoresearch.heartbeat import Heartbeat
from autoresearch.observer import Observer
from autoresearch.project import Project


def followers(project: Project, tag: str, view: Observer, stop: StopSignal) -> Iterator[Observer]:
    """Each is told of every record once it is journalled. None of them can end or hold up a session: what goes wrong
    with one is a notice to the `view`."""
    yield Heartbeat(SessionFolder(project.repository.common_dir, tag).path, view, stop)
