"""A branch as a line of commits: found by its name, where it began, and what each commit changes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autoresearch.edge.repo import EMPTY_TREE, GONE, REGULAR, Repository
from autoresearch.errors import SettingsError

OURS = "refs/heads/autoresearch/"
MAIN = ("refs/heads/main", "refs/heads/master", "refs/remotes/origin/HEAD")
"""What a branch that is checked out is taken to have begun from, the first that exists."""
GLOB = frozenset("*?[")
SHOWN = 8
"""Branches that a message names."""


@dataclass(frozen=True)
class Branch:
    """A branch, as it was when it was looked up."""

    ref: str
    """Full name."""
    tip: str

    @property
    def name(self) -> str:
        """The name as people write it."""
        return re.sub(r"^refs/(heads/|remotes/|tags/)?", "", self.ref)

    @property
    def tag(self) -> str:
        """`mar5` of autoresearch/mar5, whoever made it; of any other branch its name without slashes."""
        ours = re.search(r"(?:^|/)autoresearch/(.+)", self.name)
        return (ours[1] if ours else self.name).replace("/", "-")


@dataclass(frozen=True)
class Commit:
    """One commit against its first parent."""

    id: str
    parent: str
    subject: str
    targets: tuple[str, ...]
    """Targets that it changes, makes or deletes, relative to the project."""
    others: tuple[str, ...]
    """Other files that it changes, relative to the repository's root."""

    @property
    def short(self) -> str:
        """The commit as results.tsv writes it."""
        return self.id[:7]


def find(repository: Repository, name: str | None) -> Branch:
    """The branch of this name or tag; by default that of the newest session, else the one that is checked out.

    A session's branch that waits for the user to leave it is taken where the session has it. Raises SettingsError.
    """
    ref = _default(repository) if name is None else _named(repository, name)
    tip = repository.ref(ref)
    assert tip is not None
    best = repository.ref(f"refs/autoresearch/{ref.removeprefix(OURS)}/best") if ref.startswith(OURS) else None
    return Branch(ref, best if best and repository.is_ancestor(tip, best) else tip)


def began(repository: Repository, branch: Branch, named: str | None, known: str | None) -> str:
    """The commit that a branch began from: `named` by the user, `known` from a session's journal, or the merge base.

    The merge base is that with HEAD, or where HEAD is the branch itself, with the main branch. Raises SettingsError.
    """
    if named is not None:
        base = repository.ref(named)
        if base is None:
            raise SettingsError(f"--base {named} is no commit of this repository. Name the commit that it began from.")
        if not repository.is_ancestor(base, branch.tip):
            raise SettingsError(f"--base {named} is no ancestor of {branch.name}. Name the commit that it began from.")
        return base
    if known is not None and repository.is_ancestor(known, branch.tip):
        return known
    other = _other(repository, branch)
    parted = repository.merge_base(other, branch.tip) if other else None
    if parted is None:
        raise SettingsError(f"nothing tells where {branch.name} began. Name the commit with --base.")
    return parted


def commits(
    repository: Repository, branch: Branch, base: str, patterns: Sequence[str], *, exactly: bool
) -> tuple[str, list[Commit]]:
    """(The base, the commits behind it), oldest first; a merge counts as one commit, against its first parent.

    Where `base` came into the branch by a merge, the commit before the oldest one takes its place, unless it must be
    `exactly` this one. `patterns` are the targets, relative to the project. Raises SettingsError.
    """
    line = repository.line(base, branch.tip)
    if not line:
        return base, []
    start = repository.ref(f"{line[0][0]}^")
    if start is None or (exactly and start != base):
        raise SettingsError(
            f"first parents do not lead from {branch.name} back to {base[:7]}. Name another commit with --base."
        )
    found, parent = [], start
    for commit, subject in line:
        found.append(_commit(repository, parent, commit, subject, patterns))
        parent = commit
    return start, found


def matching(repository: Repository, commit: str, patterns: Sequence[str]) -> tuple[str, ...]:
    """Files of a commit that are targets, relative to the project. Raises SettingsError for what is no file."""
    for pattern in patterns:
        if not GLOB & set(pattern):
            repository.tracked(commit, pattern)
    return _targets(repository, EMPTY_TREE, commit, patterns)


def _commit(repository: Repository, parent: str, commit: str, subject: str, patterns: Sequence[str]) -> Commit:
    targets = _targets(repository, parent, commit, patterns)
    full = {repository.full(path) for path in targets}
    others = tuple(path for path in repository.changes(parent, commit) if path not in full)
    return Commit(commit, parent, subject, targets, others)


def _targets(repository: Repository, old: str, new: str, patterns: Sequence[str]) -> tuple[str, ...]:
    """Targets that differ between two commits."""
    specs = [f":(top,{'glob' if GLOB & set(each) else 'literal'}){repository.full(each)}" for each in patterns]
    found = repository.changes(old, new, specs)
    odd = [path for path, mode in found.items() if mode not in (*REGULAR, GONE)]
    if odd:
        raise SettingsError(f"{odd[0]} is no regular file in commit {new[:7]}. Take it out of `target`.")
    start = "" if repository.prefix == "." else f"{repository.prefix}/"
    return tuple(path.removeprefix(start) for path in found)


def _named(repository: Repository, name: str) -> str:
    candidates = [name] if name.startswith("refs/") else [f"{OURS}{name}", f"refs/heads/{name}", f"refs/remotes/{name}"]
    for ref in candidates:
        if ref in repository.refs(ref) and repository.ref(ref):
            return ref
    raise SettingsError(f"{name!r} is no branch of this repository. {_offer(repository)}")


def _default(repository: Repository) -> str:
    journals = repository.common_dir.glob("autoresearch/*/journal.jsonl")
    newest = sorted(journals, key=lambda journal: journal.stat().st_mtime, reverse=True)
    for ref in (*(f"{OURS}{journal.parent.name}" for journal in newest), *_checked_out(repository)):
        if repository.ref(ref):
            return ref
    raise SettingsError(
        "no session in this repository, and no branch autoresearch/TAG is checked out. Name the branch. "
        f"{_offer(repository)}"
    )


def _checked_out(repository: Repository) -> Iterator[str]:
    here = repository.branch() or ""
    if here.startswith(OURS):
        yield here


def _offer(repository: Repository) -> str:
    refs = repository.refs(OURS) or repository.refs("refs/heads/")
    names = [ref.removeprefix("refs/heads/") for ref in refs]
    more = ", …" if len(names) > SHOWN else ""
    return f"Its branches: {', '.join(names[:SHOWN])}{more}." if names else "It has no branches yet."


def _other(repository: Repository, branch: Branch) -> str | None:
    """What a branch is held against to see where it began."""
    head = repository.ref("HEAD")
    if head not in (None, branch.tip):
        return head
    return next((ref for ref in MAIN if ref != branch.ref and repository.ref(ref)), None)
