"""What is changed in the user's repository: refs and commits, linked trees, and in place its checkout and index."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from autoresearch.edge import entries
from autoresearch.edge.commit import Commit, Draft, Tracked, write
from autoresearch.edge.git import said
from autoresearch.edge.repo import Repository
from autoresearch.edge.snapshot import remove
from autoresearch.errors import RepositoryError

NULL_ID = "0" * 40
"""The commit of a ref that does not exist."""


def commit(
    repository: Repository,
    files: Mapping[str, Tracked],
    *,
    parent: str,
    message: str,
    date: str,
    ref: str,
    move: tuple[str, str] | None = None,
) -> str:
    """Commit files over `parent` and point `ref` at it; the same input gives the same commit.

    One git process, whose work grows with the depth of the paths and not with the number of files. `move` is
    (another ref, commit) to set in the same step. `date` is git's raw form, `1700000000 +0000`.
    """
    who = f"{repository.identity} {date}".encode()
    made = Commit(b"author " + who, b"committer " + who, message.encode(), _full(repository, files))
    return write(repository.git, ref, parent, [made], move)


def point(repository: Repository, moves: Iterable[tuple[str, str, str]]) -> None:
    """Set refs in one step: (ref, new commit, commit it must name now, or NULL_ID when it must not exist).

    Raises RepositoryError, having changed none, when one of them names something else.
    """
    orders = "".join(f"update {ref}\0{new}\0{old}\0" for ref, new, old in moves)
    status, _, err = repository.git.patiently("update-ref", "--stdin", "-z", input=orders.encode())
    if status != 0:
        raise RepositoryError(f"git could not move a ref in {repository.root}: {said(err)}")


def plant(
    repository: Repository, ref: str, base: str, picks: Iterable[tuple[str, Mapping[str, Tracked | None]]], date: str
) -> str:
    """Make `ref`, with a commit on `base` for each (commit, files): its message, author and date, other files.

    None takes a file away; `date` is the committer's, in git's raw form. Returns the tip. All or nothing: raises
    RepositoryError, having made no ref, also when `ref` exists.
    """
    aside = f"refs/autoresearch-audit/{os.getpid()}"
    committer = f"committer {repository.identity} {date}".encode()
    made = []
    for each, files in picks:
        author, encoding, message = repository.told(each)
        made.append(Commit(author, committer, message, _full(repository, files), encoding))
    tip = write(repository.git, aside, base, made)
    try:
        point(repository, [(ref, tip, NULL_ID)])
    finally:
        point(repository, [(aside, NULL_ID, tip)])
    return tip


def build(repository: Repository, aside: str, base: str, drafts: Iterable[Draft]) -> str:
    """Commits upon `base`, each upon the one before, which nothing but the ref `aside` names. Returns the tip.

    The same input gives the same commits. Raises RepositoryError, having made no ref.
    """
    made = []
    for draft in drafts:
        author = repository.author(draft.date)
        committer = author.replace(b"author", b"committer", 1)
        made.append(Commit(author, committer, draft.message.encode(errors="replace"), _full(repository, draft.files)))
    return write(repository.git, aside, base, made)


def add_tree(repository: Repository, path: Path, commit: str) -> None:
    """Check a commit out into a linked worktree of the session's own."""
    entries.forget(repository.common_dir, path)
    # Twice: also where a killed git left its entry locked. Never `prune`, which takes the user's own worktrees.
    repository.git.must("worktree", "add", "--quiet", "--force", "--force", "--detach", str(path), commit)


def remove_tree(repository: Repository, path: Path) -> None:
    """Remove a linked worktree of the session's own and all that lies in it."""
    try:
        repository.git.must("worktree", "remove", "--force", "--force", str(path))
    except RepositoryError:  # a power cut left less of it than git understands
        entries.drop(repository.common_dir, path)
        remove(path)
        entries.forget(repository.common_dir, path)


def put_back(repository: Repository, paths: Sequence[str]) -> None:
    """Give files of the user's checkout the content of HEAD (in-place sessions only)."""
    if paths:
        repository.git.must("checkout", "--quiet", "HEAD", "--", *(f":(top,literal){path}" for path in paths))


def switch(repository: Repository, name: str) -> None:
    """Check a branch out in the user's checkout (in-place sessions only)."""
    entries.forget(repository.common_dir)
    repository.git.must("checkout", "--quiet", name, "--")


def stage(repository: Repository, paths: Iterable[str]) -> None:
    """Take the working files' state into the user's index (in-place sessions only)."""
    repository.git.must("add", "--", *(str(repository.root / repository.full(path)) for path in paths))


def _full(repository: Repository, files: Mapping[str, Tracked | None]) -> dict[str, Tracked | None]:
    return {repository.full(path): file for path, file in files.items()}
