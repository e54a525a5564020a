"""Running git: with our options, in the user's repository, patient with whoever else is at work there."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from autoresearch.edge.locks import IN_THE_WAY, abandoned
from autoresearch.errors import RepositoryError

if TYPE_CHECKING:
    from git import Repo

OPTIONS = [
    "core.hooksPath=/dev/null",
    "core.fsync=loose-object,reference,pack,pack-metadata",
    "core.filesRefLockTimeout=500",
    "core.packedRefsTimeout=500",
    "fastimport.unpackLimit=1000",
    "core.fsmonitor=false",
    "core.trustctime=true",
    "core.checkStat=default",
    "core.quotePath=false",
    "commit.gpgSign=false",
    "gc.auto=0",
    "advice.detachedHead=false",
]
"""No hook, signature or housekeeping of the user's runs on our commits, and they survive a power cut."""

LOCAL = """
    GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR
    GIT_NAMESPACE GIT_PREFIX GIT_CONFIG GIT_CONFIG_PARAMETERS GIT_CONFIG_COUNT GIT_SHALLOW_FILE GIT_GRAFT_FILE
    GIT_REPLACE_REF_BASE GIT_NO_REPLACE_OBJECTS GIT_INTERNAL_SUPER_PREFIX GIT_IMPLICIT_WORK_TREE
    """.split()
"""What `git rev-parse --local-env-vars` lists."""

LOCK_PATIENCE_S = 5.0
"""How long to wait for another git that has locked what we want; git itself waits less, and only for refs."""


def forget_caller() -> None:
    """Drop GIT_DIR and friends from our environment: they would make git act on another repository."""
    for name in LOCAL:
        os.environ.pop(name, None)


def need_git() -> None:
    """Raises RepositoryError where git is missing or does not run, which its library takes for an ImportError."""
    if shutil.which("git") is None:
        raise RepositoryError("git is not installed, or not on the PATH. Install git 2.30 or newer.")
    try:
        import git  # noqa: F401
    except ImportError as error:
        reason = said(getattr(error.__cause__, "stderr", None) or str(error))
        raise RepositoryError(f"git does not run: {reason}. Mend that, then run the same command again.") from error


class Git:
    """Runs git in one repository."""

    def __init__(self, repo: Repo, root: Path, common_dir: Path) -> None:
        self._repo, self.root, self.common_dir = repo, root, common_dir

    def must(self, command: str, *arguments: str) -> str:
        """What a command prints. Raises RepositoryError where it fails."""
        status, out, err = self.patiently(command, *arguments)
        if status != 0:
            raise RepositoryError(f"`git {command}` failed in {self.root}: {said(err)}")
        return out

    def patiently(self, command: str, *arguments: str, input: bytes = b"") -> tuple[int, str, str]:
        """As `run`, but waits for another git's lock, and takes away the one that a dead git left."""
        give_up = time.monotonic() + LOCK_PATIENCE_S
        while True:
            status, out, err = self.run(command, *arguments, input=input)
            if status == 0 or not IN_THE_WAY.search(err):
                return status, out, err
            if lock := abandoned(err, self.common_dir):
                lock.unlink(missing_ok=True)
            elif time.monotonic() > give_up:
                return status, out, err
            else:
                time.sleep(0.1)

    def run(self, command: str, *arguments: str, input: bytes = b"") -> tuple[int, str, str]:
        """Exit status, and both streams as text."""
        status, out, err = self.run_bytes(command, *arguments, input=input)
        return status, out.decode(errors="surrogateescape"), err.decode(errors="replace")

    def run_bytes(self, command: str, *arguments: str, input: bytes = b"") -> tuple[int, bytes, bytes]:
        """Exit status, and both streams."""
        options = [word for option in OPTIONS for word in ("-c", option)]
        process = self._repo.git.execute(
            ["git", *options, command, *arguments],
            istream=subprocess.PIPE,
            as_process=True,
            start_new_session=True,  # the terminal's Ctrl-C is for us, not for a git that is half done
        )
        try:
            out, err = process.communicate(input)
        except KeyboardInterrupt:
            # What git has begun it finishes: a checkout that grows on while it is being removed is left behind.
            process.communicate()
            raise
        return int(process.returncode), out, err


def said(stderr: str | bytes) -> str:
    """What git said, as one line without its prefixes."""
    text = stderr.decode(errors="replace") if isinstance(stderr, bytes) else stderr
    lines = [line.strip() for line in text.replace("stderr: '", "").strip().strip("'").splitlines() if line.strip()]
    told = [line for line in lines if "fast_import_crash" not in line and not line.startswith("fast-import:")]
    return " ".join(line.removeprefix("fatal: ").removeprefix("error: ") for line in told[:6]) or "no reason given"
