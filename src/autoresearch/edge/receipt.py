"""What `finalize` made of a session: which branches and files are its own, so that nothing else is ever replaced."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from autoresearch.edge.folder import SessionFolder, write_whole
from autoresearch.errors import SettingsError

RECEIPT = "finalized.json"


class Receipt:
    """The commits that it ever pointed a branch at, and the fingerprints of the files that it ever wrote.

    Each fingerprint goes with that of what the file was made of.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tips: dict[str, list[str]] = {}
        self._files: dict[str, str] = {}
        self.head = ""
        """The commit that its latest call was about; empty where there was none."""
        self.latest: dict[str, str] = {}
        """Branch → commit, of the latest call."""

    @classmethod
    def of(cls, folder: SessionFolder) -> Self:
        """That of a session."""
        return cls.at(folder.path / RECEIPT)

    @classmethod
    def at(cls, path: Path) -> Self:
        """That of a file; one that cannot be read says that nothing is ours."""
        receipt = cls(path)
        try:
            known = json.loads(path.read_bytes())
            tips = {str(name): [str(tip) for tip in tips] for name, tips in known["branches"].items()}
            files = {str(mark): str(source) for mark, source in known["files"].items()}
            latest = {str(name): str(tip) for name, tip in known.get("latest", {}).items()}
            receipt._tips, receipt._files = tips, files
            receipt.head, receipt.latest = str(known.get("head", "")), latest
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass
        return receipt

    def tips(self, branch: str) -> list[str]:
        """Where we put a branch, whenever."""
        return self._tips.get(branch, [])

    def note(self, tips: Mapping[str, str], head: str) -> None:
        """Before branches are pointed at commits. Raises RepositoryError where it cannot be written."""
        self.head, self.latest = head, dict(tips)
        for branch, tip in tips.items():
            self._tips[branch] = [*(known for known in self.tips(branch) if known != tip), tip]
        self._write()

    def made_of(self, source: str, path: Path) -> bytes | None:
        """What a file holds, where we made it of the same; None where it is to be made."""
        held = path.read_bytes() if path.is_file() else b""
        return held if self._files.get(mark(held)) == source else None

    def put(self, files: Mapping[Path, bytes], source: str) -> None:
        """Write files, each whole or not at all. Raises SettingsError, RepositoryError."""
        self._refuse_others(files)
        fresh = {path: data for path, data in files.items() if not path.exists() or path.read_bytes() != data}
        if not fresh:
            return
        self._files |= {mark(data): source for data in fresh.values()}
        self._write()
        for path, data in fresh.items():
            write_whole(path, data)

    def _refuse_others(self, files: Mapping[Path, bytes]) -> None:
        """Raises SettingsError for a place that holds something which we did not write."""
        for path, data in files.items():
            try:
                held = path.read_bytes() if path.exists() or path.is_symlink() else None
            except OSError as error:
                raise SettingsError(f"cannot read {path}: {error.strerror}. Give --output another folder.") from error
            if held is not None and held != data and mark(held) not in self._files:
                raise SettingsError(
                    f"{path} is not as `autoresearch finalize` wrote it, and nothing was changed. Move it away, or "
                    "give --output another folder."
                )

    def _write(self) -> None:
        held = {"branches": self._tips, "files": self._files, "head": self.head, "latest": self.latest}
        write_whole(self._path, json.dumps(held, indent=1).encode())


def mark(data: bytes) -> str:
    """A fingerprint."""
    return hashlib.sha256(data).hexdigest()
