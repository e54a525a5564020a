"""Which sessions a repository holds, and where; found without loading more than it takes."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from autoresearch.errors import RepositoryError, SettingsError

SESSIONS = "autoresearch"
"""Where in git's folder the sessions' folders lie."""
AUDITS, ABLATIONS = "autoresearch-audit", "autoresearch-ablate"
"""Where in git's folder the folders of audits and ablations lie."""
AUDITED, ABLATED = "audited", "ablated"
"""How the names of the branches end that audits and ablations write."""
JOURNAL = "journal.jsonl"
PULSE = "status.json"
"""What a running session says of itself, for whoever may not take long to look."""


@dataclass(frozen=True)
class Recorded:
    """A session that there is."""

    tag: str
    common_dir: Path
    """git's folder of the repository."""

    @property
    def folder(self) -> Path:
        """Where all that the session recorded lies."""
        return self.root / self.tag

    @property
    def root(self) -> Path:
        """Where the folders of all sessions lie."""
        return self.common_dir / SESSIONS

    @property
    def journal(self) -> Path:
        """Its journal."""
        return self.folder / JOURNAL


def session(tag: str | None) -> Recorded:
    """The session of a tag, or of its branch's name; None is the newest. Raises SettingsError with the known tags."""
    known = sessions()
    if tag is None and known:
        return known[0]
    name = None if tag is None else tag.removeprefix("refs/heads/").removeprefix("autoresearch/")
    found = next((one for one in known if one.tag == name), None)
    if found:
        return found
    if not known and _common_dir() is None:
        raise SettingsError(f"{Path.cwd()} is not in a git repository, so it has no session. Change to the project's.")
    if not known:
        what = "no session" if tag is None else f"no session {tag}"
        raise SettingsError(f"{what} in this repository. Start one with: autoresearch run")
    raise SettingsError(f"{tag} is not a session of this repository. {offer(known)}")


def sessions() -> list[Recorded]:
    """All sessions of the repository around the working directory, the newest first; none outside of one."""
    common_dir = _common_dir()
    return recorded(common_dir / SESSIONS) if common_dir else []


def recorded(root: Path) -> list[Recorded]:
    """All sessions whose folders lie in a folder, the newest first."""
    found = []
    for folder, below, files in os.walk(root):
        if JOURNAL in files:
            # A session's folder also holds a worktree, which can be large and is no place for sessions.
            below.clear()
            found.append(Recorded(Path(folder).relative_to(root).as_posix(), root.parent))
    return sorted(found, key=_age)


def _age(one: Recorded) -> float:
    """By the last word of its journal; one that is taken away while we look is the oldest."""
    with suppress(OSError):
        return -one.journal.stat().st_mtime
    return 0.0


def offer(known: list[Recorded]) -> str:
    """The tags there are, for a message."""
    more = ", …" if len(known) > 8 else ""
    return f"Its sessions: {', '.join(one.tag for one in known[:8])}{more}."


def tip(folder: Path, name: str) -> str | None:
    """The commit of a branch by its short name, in the repository around a folder; None where there is no such branch.

    The folder may be within git's own.
    """
    asked = ["git", "-C", str(folder), "show-ref", "--verify", "--hash", f"refs/heads/{name}"]
    with suppress(OSError):
        return subprocess.run(asked, capture_output=True, text=True).stdout.strip() or None
    return None


def _common_dir() -> Path | None:
    """git's folder, shared by all worktrees. Raises RepositoryError where git refuses to say."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--git-common-dir"], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
        )
    except OSError:
        return None
    if done.returncode == 0:
        return Path(done.stdout.rstrip("\n")).resolve()
    if "not a git repository" in done.stderr:
        return None
    raise RepositoryError(f"git refuses {Path.cwd()}: {' '.join(done.stderr.split()).removeprefix('fatal: ')}")
