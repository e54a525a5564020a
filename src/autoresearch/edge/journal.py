"""The journal: one JSON object a line with sequence number and checksum; one append, one fsync a record."""

from __future__ import annotations

import errno
import os
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from autoresearch.errors import RepositoryError
from autoresearch.records import ANY_RECORD, FORMAT, AnyRecord, Opened
from autoresearch.secrets import redactor

OURS = frozenset("base commit commits baseline head fingerprint targets files tag project log tampered".split())
"""Fields with commits and paths: a variable named like a secret may well hold one, and it must be found again."""


class Journal:
    """Appends records to a journal file; each is on disk when `append` returns."""

    def __init__(self, path: Path, fd: int, records: list[AnyRecord], size: int) -> None:
        self.path = path
        self._fd = fd
        self._size = size
        self._next = records[-1].seq + 1 if records else 1
        self._born = time.monotonic()
        self.found = records
        """What the file held when it was opened."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or create. A torn last line goes to `<name>.torn`; damage before it raises RepositoryError."""
        created = not path.exists()
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            records, good = parse(path, path.read_bytes())
            if good < os.fstat(fd).st_size:
                _set_aside(path, fd, good)
            if created:
                sync_folder(path.parent)
        except BaseException:
            os.close(fd)
            raise
        return cls(path, fd, records, good)

    @property
    def t(self) -> float:
        """Seconds since this life began, by the monotonic clock."""
        return time.monotonic() - self._born

    def append(self, record: AnyRecord) -> AnyRecord:
        """Write one record durably, without secrets, and return it as written. A failed write changes nothing."""
        stamped = record.model_copy(
            update={"seq": self._next, "at": datetime.now(UTC).isoformat(), "t": round(self.t, 3)}
        )
        stamped = _without_secrets(stamped)
        line = _line(stamped)
        begin = self._size
        self._size, self._next = begin + len(line), self._next + 1
        try:
            if os.pwrite(self._fd, line, begin) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fdatasync(self._fd) if hasattr(os, "fdatasync") else os.fsync(self._fd)
        except BaseException as error:  # a signal's too: a record is written whole, or was never written
            os.ftruncate(self._fd, begin)
            self._size, self._next = begin, self._next - 1
            if isinstance(error, OSError):
                raise RepositoryError(
                    f"cannot write {self.path}: {error.strerror}. Make room, then run the same command again."
                ) from error
            raise
        return stamped

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def read(path: Path) -> list[AnyRecord]:
    """All whole records of a journal, without changing it. Raises RepositoryError on damage before its end."""
    return parse(path, path.read_bytes())[0]


def parse(path: Path, data: bytes, after: int = 0) -> tuple[list[AnyRecord], int]:
    """Records, and the length of the part they fill; what follows is a torn tail. Raises RepositoryError on damage.

    `data` is the file behind its first `after` records.
    """
    found = list(_records(path, data, after))
    return [record for record, _ in found], found[-1][1] if found else 0


def salvage(path: Path, data: bytes) -> tuple[list[AnyRecord], RepositoryError | None]:
    """The records before any damage, and what the damage is."""
    records: list[AnyRecord] = []
    try:
        for record, _ in _records(path, data):
            records.append(record)
    except RepositoryError as damage:
        return records, damage
    return records, None


def _records(path: Path, data: bytes, after: int = 0) -> Iterator[tuple[AnyRecord, int]]:
    """Each record with the place where its line ends, up to a torn tail."""
    for number, line, end in _lines(data, after):
        record = _record(path, number, line, expect=number)
        if record is None:
            if not _is_torn(line, data[end:]):
                raise RepositoryError(
                    f"{path}: line {number} is damaged. Restore the file from a copy, or start a new tag."
                )
            return
        yield record, end


def _lines(data: bytes, after: int = 0) -> Iterator[tuple[int, bytes, int]]:
    start = 0
    number = after
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end + 1
        number += 1
        yield number, data[start:end], end
        start = end


def _without_secrets(record: AnyRecord) -> AnyRecord:
    held = record.model_dump()
    clean = redactor().values(held, leave=OURS)
    return record if clean == held else ANY_RECORD.validate_python(clean)


def _line(record: AnyRecord) -> bytes:
    return _sealed(record.model_dump_json().encode())


def _sealed(body: bytes) -> bytes:
    return b'{"crc":"%08x","record":%b}\n' % (zlib.crc32(body), body)


PREFIX = len('{"crc":"00000000","record":')


def _checked(line: bytes) -> bytes | None:
    """The record's own JSON when the line is whole and its checksum is right."""
    body = line[PREFIX:-2]
    return body if line == _sealed(body) else None


def _is_torn(line: bytes, behind: bytes) -> bool:
    """True for what a power cut leaves of the last append: a line without its end, or with blocks never written.

    A line that has both its ends and a wrong checksum was whole once, and so was whatever stands before another one.
    """
    if not line.endswith(b"\n"):
        return True
    return b"\0" in line and all(_checked(later) is None for _, later, _ in _lines(behind))


def _record(path: Path, number: int, line: bytes, *, expect: int) -> AnyRecord | None:
    body = _checked(line)
    if body is None:
        return None
    where = f"{path}: line {number}"
    try:
        record = ANY_RECORD.validate_json(body)
    except ValidationError as error:
        raise RepositoryError(f"{where}: not a record that this version knows. Upgrade autoresearch.") from error
    if isinstance(record, Opened) and record.format > FORMAT:
        raise RepositoryError(f"{where}: written by a newer autoresearch ({record.version}). Upgrade autoresearch.")
    if record.seq != expect:
        raise RepositoryError(
            f"{where}: record {record.seq} stands where {expect} belongs. "
            "Restore the file from a copy, or start a new tag."
        )
    return record


def _set_aside(path: Path, fd: int, good: int) -> None:
    torn = os.pread(fd, os.fstat(fd).st_size - good, good)
    with path.with_name(path.name + ".torn").open("ab") as aside:
        aside.write(torn)
    os.ftruncate(fd, good)
    os.fsync(fd)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; each is durable, as a file in it is only as durable as its way there."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make a created or renamed entry of a folder durable."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
