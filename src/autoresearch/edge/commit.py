"""Commits by `git fast-import`: one process, whose work grows with the changed files alone; no checkout, no index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from autoresearch.edge.git import Git, said
from autoresearch.errors import RepositoryError


@dataclass(frozen=True)
class Tracked:
    """A tracked regular file: its mode and bytes in a commit."""

    mode: str
    data: bytes


@dataclass(frozen=True)
class Commit:
    """What a commit is to say and to change; its lines are as git writes them into a commit, dates in raw form."""

    author: bytes
    committer: bytes
    message: bytes
    files: Mapping[str, Tracked | None]
    """By path relative to the root; None takes a file away."""
    encoding: bytes = b""
    """The line that names the message's encoding; empty for UTF-8."""


@dataclass(frozen=True)
class Draft:
    """What a commit of the user's own is to say and to change."""

    message: str
    date: str
    """In git's raw form, `1700000000 +0000`; of author and committer."""
    files: Mapping[str, Tracked | None]
    """By path relative to the project; None takes a file away."""


def write(git: Git, ref: str, base: str, commits: Iterable[Commit], move: tuple[str, str] | None = None) -> str:
    """Put commits upon `base`, each upon the one before, and point `ref` at the last, which is returned.

    `move` is (another ref, commit) to set in the same step. Raises RepositoryError, having moved no ref.
    """
    orders, parent = bytearray(b"feature done\n"), base
    if move:
        orders += f"reset {move[0]}\nfrom {move[1]}\n\n".encode()
    for mark, commit in enumerate(commits, start=1):
        orders += f"commit {ref}\nmark :{mark}\n".encode()
        orders += b"".join(line + b"\n" for line in (commit.author, commit.committer, commit.encoding) if line)
        orders += _data(commit.message) + f"from {parent}\n".encode()
        for path, file in commit.files.items():
            name = _quoted(path)
            orders += b"D %b\n" % name if file is None else b"M %b inline %b\n" % (file.mode.encode(), name)
            orders += b"" if file is None else _data(file.data)
        parent = f":{mark}"
    orders += f"get-mark {parent}\ndone\n".encode()
    options = ("--force", "--quiet", "--date-format=raw-permissive")
    status, out, err = git.patiently("fast-import", *options, input=bytes(orders))
    if status != 0:
        for crash in git.common_dir.glob("fast_import_crash_*"):
            crash.unlink(missing_ok=True)
        raise RepositoryError(f"git could not write a commit in {git.root}: {said(err)}")
    return out.strip()


def _data(data: bytes) -> bytes:
    return f"data {len(data)}\n".encode() + data + b"\n"


def _quoted(path: str) -> bytes:
    """A path in fast-import's form: C-style quotes, so that any character but NUL may stand in it."""
    quoted = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{quoted}"'.encode(errors="surrogateescape")
