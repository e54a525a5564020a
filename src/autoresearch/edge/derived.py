"""Files beside program.md that are derived from the journal: ours to rewrite, and only ours."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from autoresearch.edge.folder import write_whole
from autoresearch.edge.journal import sync_folder

RESULTS = "results.tsv"
LEARNINGS = "LEARNINGS.md"
RUN_LOG = "run.log"
ASIDE = "results.[0-9]*.tsv"
"""Results files of others, put aside, as git's ignore rules say it."""
OWN = (RESULTS, LEARNINGS, RUN_LOG)
HALF = ".{}.*.tmp"
"""Files that are not whole yet; a kill leaves at most one of each a session."""
IGNORED = (RESULTS, ASIDE, HALF.format(RESULTS), LEARNINGS, HALF.format(LEARNINGS), RUN_LOG)
"""What git is told to ignore."""


class Derived:
    """One file in the project's directory."""

    def __init__(self, name: str, directory: Path, common_dir: Path, tag: str) -> None:
        self.path = directory / name
        # Another session may be writing the same file: each has a temporary name of its own.
        self._temporary = directory / HALF.format(name).replace("*", tag)
        self._mark = common_dir / "autoresearch" / "results.sha256"

    def is_free(self) -> bool:
        """True where there is no such file, or one that we wrote."""
        if not os.path.lexists(self.path):
            return True
        if not self.path.is_file() or not self._mark.exists():
            return False
        return hashlib.sha256(self.path.read_bytes()).hexdigest() in self._mark.read_text().split()

    def claim(self) -> Path | None:
        """Before the first write of a session: a file that somebody else wrote is put aside. Returns where."""
        if self.is_free():
            return None
        number = 1
        while (aside := self.path.with_stem(f"{self.path.stem}.{number}")).exists():
            number += 1
        os.link(self.path, aside)
        self.path.unlink()
        return aside

    def write(self, text: str) -> None:
        """Write the whole file, and remember that it is ours."""
        data = text.encode()
        with self._mark.open("ab") as marks:  # durable before the file: else it would be taken for somebody else's
            marks.write(f"{hashlib.sha256(data).hexdigest()}\n".encode())
            marks.flush()
            os.fsync(marks.fileno())
        sync_folder(self._mark.parent)
        write_whole(self.path, data, self._temporary)
