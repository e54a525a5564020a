"""A journal as it grows under somebody else's hand: what is new in it, without reading it again."""

from __future__ import annotations

from pathlib import Path

from autoresearch.edge.journal import parse
from autoresearch.errors import RepositoryError
from autoresearch.records import AnyRecord


class Growing:
    """Reads a journal from where it stopped reading. Changes nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self.size = 0
        """Bytes that were read."""

    def new(self) -> list[AnyRecord]:
        """The records written since the last call. Raises RepositoryError where the file is gone, damaged, or another
        one by now."""
        try:
            with self._path.open("rb") as file:
                if file.seek(0, 2) < self.size:
                    raise RepositoryError(f"{self._path} was begun anew. Run the same command again.")
                file.seek(self.size)
                data = file.read()
        except OSError as error:
            raise RepositoryError(f"cannot read {self._path}: {error.strerror}.") from error
        # A line that is being written has no end yet.
        records, length = parse(self._path, data[: data.rfind(b"\n") + 1], after=self._count)
        self._count += len(records)
        self.size += length
        return records
