"""What a report is about when somebody names a tag, a file, or nothing."""

from __future__ import annotations

from pathlib import Path

from autoresearch.edge.whereabouts import JOURNAL, Recorded, offer, sessions
from autoresearch.errors import SettingsError

_RESULTS = Path("results.tsv")


def find(source: str | None) -> Path:
    """The file to read: a path that exists, else a session's journal; by default the newest session's, else
    ./results.tsv. Raises SettingsError with the known tags where there is none."""
    known = sessions()
    if source is None:
        return _default(known)
    path = Path(source)
    named = next((one.journal for one in known if source.removeprefix("autoresearch/") == one.tag), None)
    if path.is_dir():
        found = next((path / name for name in (JOURNAL, _RESULTS) if (path / name).is_file()), named)
        if found is None:
            raise SettingsError(f"{source}: neither {JOURNAL} nor {_RESULTS} in this folder. Name a file or a tag.")
        return found
    if path.exists():
        return path
    if named:
        return named
    advice = offer(known) if known else f"Name a results.tsv or a {JOURNAL}."
    raise SettingsError(f"{source} is neither a file nor a session of this repository. {advice}")


def _default(known: list[Recorded]) -> Path:
    if known:
        return known[0].journal
    if _RESULTS.is_file():
        return _RESULTS
    raise SettingsError(
        "no session in this repository and no results.tsv here. Name a results file, or start with: autoresearch run"
    )
