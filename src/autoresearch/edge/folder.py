"""A session's folder, `.git/autoresearch/<tag>`: what lies where, and files that are whole or absent."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from autoresearch.edge import entries, footprint, holder
from autoresearch.edge.journal import make_folder, sync_folder
from autoresearch.edge.repo import Repository
from autoresearch.edge.snapshot import remove
from autoresearch.edge.whereabouts import ABLATIONS, AUDITS, JOURNAL, PULSE, SESSIONS, recorded
from autoresearch.errors import RepositoryError

LOOKED_AT_S = 0.5
"""How long to try for the lock: whoever looks whether a session lives has it for an instant."""
NAMES = {SESSIONS: "session", AUDITS: "audit", ABLATIONS: "ablation"}


class SessionFolder:
    """Paths of one session, audit or ablation, its lock, and its candidates' texts."""

    def __init__(self, common_dir: Path, tag: str, root: str = SESSIONS) -> None:
        self.path = common_dir / root / tag
        self.tag = tag
        self._what = NAMES[root]
        self.journal = self.path / JOURNAL
        self.tree = self.path / "tree"
        self.scratch = self.path / "scratch"
        self.scratch_tree = _elsewhere(self.path) / "tree"
        self.held_out = self.path / "held_out"
        self.held_out_tree = self.held_out / "tree"
        self._holder = self.path / holder.HOLDER
        self._lock = FileLock(self.path / holder.LOCK, thread_local=False)

    def lock(self) -> str | None:
        """Take the session for this process. Returns a sentence when a dead runner had it, else None.

        Raises RepositoryError with the holder's pid and host when it is alive.
        """
        make_folder(self.path)
        try:
            self._lock.acquire(timeout=LOOKED_AT_S, poll_interval=0.01)
        except Timeout:
            other = holder.read(self.path)
            pid, host = (other.pid, other.host) if other else ("?", "?")
            way = f"or stop it with `autoresearch stop {self.tag}`"
            if self._what != NAMES[SESSIONS]:
                way = "or stop it with Ctrl-C there"
            who = f"process {pid} on {host}"
            raise RepositoryError(f"{self._what} {self.tag} is being run by {who}. Wait for it, {way}.") from None
        dead = holder.read(self.path)
        write_whole(self._holder, holder.write_down(holder.myself()))
        return f"the runner before (process {dead.pid}) did not end in order" if dead else None

    def others_running(self) -> list[str]:
        """Tags of other sessions of this repository that are being run on this machine."""
        known = recorded(self.path.parents[len(Path(self.tag).parts) - 1])
        return sorted(one.tag for one in known if one.tag != self.tag and holder.look(one.folder)[0] == "running")

    @property
    def is_running(self) -> bool:
        """True while a process of this machine runs it."""
        return holder.look(self.path)[0] == "running"

    def unlock(self) -> None:
        """Give the session back; one that never began leaves nothing."""
        self._holder.unlink(missing_ok=True)
        if not self.journal.exists():
            # Before the release: whoever waits for a lock file that is gone makes a new one.
            shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()

    @property
    def branch_name(self) -> str:
        """The session's branch as people write it."""
        return f"autoresearch/{self.tag}"

    @property
    def branch(self) -> str:
        """Full name of the session's branch."""
        return f"refs/heads/{self.branch_name}"

    def ref(self, name: str) -> str:
        """Full name of one of the session's own refs: an experiment's number, or `best`."""
        return f"refs/autoresearch/{self.tag}/{name}"

    def log(self, n: int, run: int) -> Path:
        """The log of one run."""
        return self.path / "runs" / f"{n}-{run}.log"

    def check_log(self, n: int) -> Path:
        """The log of `check` on one experiment's candidate."""
        return self.path / "runs" / f"{n}-check.log"

    def candidate(self, n: int, repair: int) -> Path:
        """The file that holds one candidate."""
        return self.path / "candidates" / (f"{n}.{repair}.json" if repair else f"{n}.json")

    def save_candidate(self, n: int, repair: int, reply: str, files: Mapping[str, str]) -> None:
        """Put a candidate's reply and texts on disk, before the journal says that they are there."""
        held = json.dumps({"reply": reply, "files": dict(files)}, ensure_ascii=False, indent=1)
        write_whole(self.candidate(n, repair), held.encode(errors="replace"))

    def load_candidate(self, n: int, repair: int) -> dict[str, str]:
        """A candidate's texts, as saved. Raises RepositoryError when they are gone."""
        path = self.candidate(n, repair)
        try:
            files = json.loads(path.read_bytes())["files"]
        except (OSError, ValueError, KeyError) as error:
            raise RepositoryError(f"cannot read the candidate {path}: {error}. Begin a new --tag.") from error
        return {str(name): str(text) for name, text in files.items()}

    def wipe(self, repository: Repository) -> None:
        """Take a session that never had a baseline out of the repository; the lock stays."""
        self.drop_trees(repository)
        for entry in (JOURNAL, f"{JOURNAL}.torn", PULSE, "seccomp.bpf"):
            (self.path / entry).unlink(missing_ok=True)
        for entry in ("runs", "candidates", "scratch"):
            shutil.rmtree(self.path / entry, ignore_errors=True)

    def drop_trees(self, repository: Repository) -> None:
        """Remove the checkouts, which only a running session needs."""
        self.drop_held_out(repository)
        for place in (self.tree, self.scratch_tree):
            if place.exists():
                footprint.remove_tree(repository, place)
        with suppress(OSError):
            self.scratch_tree.parent.rmdir()
        for gone in (self.path, self.scratch_tree):
            entries.forget(repository.common_dir, gone)

    def drop_held_out(self, repository: Repository) -> None:
        """Remove all that `confirm` wrote."""
        if self.held_out_tree.exists():
            footprint.remove_tree(repository, self.held_out_tree)
        remove(self.held_out)

    def remove(self, repository: Repository) -> None:
        """Take the whole folder out of the repository."""
        self.wipe(repository)
        shutil.rmtree(self.path, ignore_errors=True)


def write_whole(path: Path, data: bytes, temporary: Path | None = None) -> None:
    """Write a file by temp and rename, durably: it is there whole, or as it was. Raises RepositoryError."""
    temporary = temporary or path.with_name(f".{path.name}.tmp")
    try:
        make_folder(path.parent)
        temporary.unlink(missing_ok=True)  # a link there would lead us astray
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise RepositoryError(
                f"cannot write {path}: {error.strerror}. Mend that, then run the same command again."
            ) from error
        raise


def _elsewhere(folder: Path) -> Path:
    """A session's place outside of .git: coding agents edit nothing that has .git in its path."""
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()).resolve() / entries.SCRATCH.format(owner=os.getuid(), digest=digest)
