"""The page that shows a session while it goes on: made anew when something happened, and never beside a measurement."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autoresearch.decide.history import History
from autoresearch.edge import webpage
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.repo import Repository
from autoresearch.observer import Observer
from autoresearch.project import Project
from autoresearch.records import AnyRecord, Began, Closed, Committed, Drawn, Settled
from autoresearch.secrets import redactor

SHARE = 0.05
"""At most this share of the session's time goes into pages."""
LIMIT_S = 60.0
"""A page that takes longer is given up."""
_CREDIT_S = 20.0
"""Of the time that was not used so much may be used at once."""


class LivePage:
    """Follows a session. Runs begin and end between two of its records, and a page is made within one."""

    def __init__(self, path: Path, folder: SessionFolder, repository: Repository, view: Observer) -> None:
        self._path, self._folder, self._repository, self._view = path, folder, repository, view
        self._credit_s, self._counted = 0.0, time.monotonic()
        self._begun = self._ended = self._complained = False

    def record(self, record: AnyRecord, history: History) -> None:
        """Show it: at the beginning, before runs, when an experiment is over, and at the end."""
        if isinstance(record, Began):
            self._repository.exclude_at_root(webpage.ignored(self._repository, self._path))
            self._begun, self._ended = True, False
            self._make()
        elif isinstance(record, Closed):
            self._make(running=False)
            self._ended = True  # not before: a second Ctrl-C may cut the making short
        elif isinstance(record, Settled | Committed | Drawn) and self._affordable():
            self._make()

    def notice(self, text: str) -> None:
        """Nothing of that is in the page."""

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """Say what for: it may take an hour."""
        if self._begun and self._affordable():
            self._make(waiting=redactor().text(f"waiting for {who}: {why}"))

    def tick(self) -> None:
        """A run is under way."""

    def end(self) -> None:
        """The session is over, in whatever way: a page that says otherwise would say so for ever."""
        if self._begun and not self._ended:
            self._make(running=False)
            self._ended = True

    def _affordable(self) -> bool:
        now = time.monotonic()
        self._credit_s = min(_CREDIT_S, self._credit_s + SHARE * (now - self._counted))
        self._counted = now
        return self._credit_s >= 0

    def _make(self, *, running: bool = True, waiting: str = "") -> None:
        began = time.monotonic()
        failure = _made(
            {
                "file": str(self._path),
                "journal": str(self._folder.journal),
                "tag": self._folder.tag,
                "running": running,
                "waiting": waiting,
            }
        )
        self._credit_s -= time.monotonic() - began
        if failure and not self._complained:
            self._complained = True
            self._view.notice(f"{self._path.name} could not be written: {failure}; the session goes on")


@contextmanager
def live_page(project: Project, tag: str, view: Observer) -> Iterator[list[LivePage]]:
    """The page that was asked for, if any; it is told of the end, whatever that is."""
    if project.html is None:
        yield []
        return
    page = LivePage(project.html, SessionFolder(project.repository.common_dir, tag), project.repository, view)
    try:
        yield [page]
    finally:
        page.end()


def renew(project: Project, tag: str, began: Began | None) -> str | None:
    """Write the page of a session that is over once more, if there is one: it was measured anew.

    Returns why that could not be done, in words, or None.
    """
    repository = project.repository
    path, folder = _place(project, began), SessionFolder(repository.common_dir, tag)
    if path is None or folder.is_running:  # which writes its page itself
        return None
    try:
        if f">autoresearch/{tag}</p>".encode() not in path.read_bytes():
            return None  # gone, or by now of another session
    except OSError:
        return None
    if not webpage.is_ours(path):
        return f"{path.name} was changed since it was written, and stays as it is"
    asked = {"file": str(path), "journal": str(folder.journal), "tag": tag, "running": False, "waiting": ""}
    failure = _made(asked)
    return f"{path.name} could not be written: {failure}" if failure else None


def _place(project: Project, began: Began | None) -> Path | None:
    """Where a session's page is: by the flag of its latest life, else by the settings."""
    words = shlex.split(began.again) if began else []
    named = words[words.index("--html") + 1] if "--html" in words[:-1] else project.settings.html
    home = project.repository.root / project.repository.prefix
    return (home / Path(named).expanduser()).resolve() if began and named else None


def _made(asked: dict[str, object]) -> str | None:
    """Have the page made. Returns why that failed, or None. Neither its memory nor its faults are the session's."""
    # Without -P a file of the project's could take the place of a module of ours.
    argv = [sys.executable, "-P", "-m", "autoresearch.page"]
    try:
        done = subprocess.run(
            argv,
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
            check=False,
            start_new_session=True,  # the terminal's Ctrl-C is for us
        )
    except subprocess.TimeoutExpired:
        return f"it took longer than {LIMIT_S:.0f} s"
    except OSError as error:
        return str(error)
    last = done.stderr.strip().rpartition("\n")[2].rstrip(".")
    return None if done.returncode == 0 else last or f"exit code {done.returncode}"
