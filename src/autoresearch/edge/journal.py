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
        """Write one record durably and return it as written. A failed write leaves the file as it was."""
        stamped = record.model_copy(
            update={"seq": self._next, "at": datetime.now(UTC).isoformat(), "t": round(self.t, 3)}
        )
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


def parse(path: Path, data: bytes) -> tuple[list[AnyRecord], int]:
    """Records, and the length of the part they fill; what follows is a torn tail."""
    records: list[AnyRecord] = []
    good = 0
    for number, line, end in _lines(data):
        record = _record(path, number, line, expect=len(records) + 1)
        if record is None:
            # A record is one append: only the last line can be torn. Anything whole behind this one is damage.
            if any(_checked(later) is not None for _, later, _ in _lines(data[end:])):
                raise RepositoryError(
                    f"{path}: line {number} is damaged. Restore the file from a copy, or start a new tag."
                )
            break
        records.append(record)
        good = end
    return records, good


def _lines(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    start = 0
    number = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end + 1
        number += 1
        yield number, data[start:end], end
        start = end


def _line(record: AnyRecord) -> bytes:
    body = record.model_dump_json()
    return f'{{"crc":"{zlib.crc32(body.encode()):08x}","record":{body}}}\n'.encode()


PREFIX = len('{"crc":"00000000","record":')


def _checked(line: bytes) -> bytes | None:
    """The record's own JSON when the line is whole and its checksum is right."""
    body = line[PREFIX:-2]
    whole = line.startswith(b'{"crc":"') and line.endswith(b"}\n")
    return body if whole and line[8:16] == b"%08x" % zlib.crc32(body) else None


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


def sync_folder(folder: Path) -> None:
    """Make a created or renamed entry of a folder durable."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
