"""Any results file or journal to a log: which kind it is, and who reads it."""

from __future__ import annotations

from pathlib import Path

from autoresearch.errors import SettingsError
from autoresearch.model import Direction
from autoresearch.report.log import Log

_JOURNAL = b'{"crc":"'
"""How the first line of a journal begins."""


def read(path: Path, *, metric: str | None = None, direction: Direction | None = None) -> Log:
    """Read results.tsv, a pi-autoresearch log or a journal; a line that is no row is named in the log's warnings.

    Raises SettingsError when the file is none of them, RepositoryError when it is a damaged journal.
    """
    data = _bytes(path)
    # Each kind of file loads only what it needs: a journal's records pydantic, for one.
    if data.startswith(_JOURNAL):
        from autoresearch.report.journal import read_journal

        return read_journal(path, data, metric, direction)
    text = _text(path, data)
    if path.suffix == ".jsonl" or text.lstrip().startswith("{"):
        from autoresearch.report.jsonl import read_jsonl

        return read_jsonl(text, path.name, metric, direction)
    from autoresearch.report.tsv import read_tsv

    return read_tsv(text, path.name, metric, direction)


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
