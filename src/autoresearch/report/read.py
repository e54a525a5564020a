"""Any results file or journal to a log: which kind it is, and who reads it."""

from __future__ import annotations

from pathlib import Path

from autoresearch.errors import SettingsError
from autoresearch.model import Direction
from autoresearch.report.jsonl import read_jsonl
from autoresearch.report.log import Log
from autoresearch.report.tsv import read_tsv

_JOURNAL = b'{"crc":"'
"""How the first line of a journal begins."""


def read(path: Path, *, metric: str | None = None, direction: Direction | None = None) -> Log:
    """Read results.tsv, a pi-autoresearch log or a journal; a line that is no row is named in the log's warnings.

    Raises SettingsError when the file is none of them, RepositoryError when it is a damaged journal.
    """
    data = _bytes(path)
    if data.startswith(_JOURNAL):
        # The journal's records need pydantic, which no other kind of file does.
        from autoresearch.report.journal import read_journal

        return read_journal(path, data, metric, direction)
    text = _text(path, data)
    as_json = path.suffix == ".jsonl" or text.lstrip().startswith("{")
    return (read_jsonl if as_json else read_tsv)(text, path.name, metric, direction)


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}. Name a results file or a session's tag.") from error
    if not data.strip():
        raise SettingsError(f"{path} is empty. Name a results file or a session's tag.")
    return data


def _text(path: Path, data: bytes) -> str:
    if b"\0" in data:
        raise SettingsError(f"{path} is not a text file. Name a results file or a session's tag.")
    return data.decode("utf-8-sig", errors="replace")
