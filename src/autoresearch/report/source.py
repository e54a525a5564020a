"""What a report is about when somebody names a tag, a file, or nothing."""

from __future__ import annotations

import os
from pathlib import Path

from autoresearch.errors import SettingsError

_JOURNAL = "journal.jsonl"
_RESULTS = Path("results.tsv")


def find(source: str | None) -> Path:
    """The file to read: a path that exists, else a session's journal; by default the newest session's, else
    ./results.tsv. Raises SettingsError with the known tags where there is none."""
    sessions = _sessions()
    if source is None:
        return _default(sessions)
    path = Path(source)
    if path.is_dir():
        found = next((path / name for name in (_JOURNAL, _RESULTS) if (path / name).is_file()), None)
        if found is None and source not in sessions:
            raise SettingsError(f"{source}: neither {_JOURNAL} nor {_RESULTS} in this folder. Name a file or a tag.")
        return found or sessions[source]
    if path.exists():
        return path
    if source in sessions:
        return sessions[source]
    raise SettingsError(f"{source} is neither a file nor a session of this repository. {_offer(sessions)}")


def _default(sessions: dict[str, Path]) -> Path:
    if sessions:
        return max(sessions.values(), key=lambda journal: journal.stat().st_mtime)
    if _RESULTS.is_file():
        return _RESULTS
    raise SettingsError(
        "no session in this repository and no results.tsv here. Name a results file, or start with: autoresearch run"
    )


def _offer(sessions: dict[str, Path]) -> str:
    known = sorted(sessions, key=lambda tag: -sessions[tag].stat().st_mtime)
    more = ", …" if len(known) > 8 else ""
    return f"Its sessions: {', '.join(known[:8])}{more}." if known else "Name a results.tsv or a journal.jsonl."


def _sessions() -> dict[str, Path]:
    """Tag → journal, of the repository around the working directory."""
    git = _git_folder()
    if git is None:
        return {}
    root = git / "autoresearch"
    found: dict[str, Path] = {}
    for folder, below, files in os.walk(root):
        if _JOURNAL in files:
            # A session's folder also holds a worktree, which can be large and is no place for sessions.
            below.clear()
            found[Path(folder).relative_to(root).as_posix()] = Path(folder) / _JOURNAL
    return found


def _git_folder() -> Path | None:
    from git import Repo
    from git.exc import InvalidGitRepositoryError, NoSuchPathError

    try:
        with Repo(search_parent_directories=True) as repository:
            return Path(repository.common_dir)
    except (InvalidGitRepositoryError, NoSuchPathError):
        return None
