"""Chosen commits one upon the other: of each only its change to the targets, merged into what came before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from autoresearch.edge import footprint
from autoresearch.edge.commit import Tracked
from autoresearch.edge.lineage import Commit
from autoresearch.edge.repo import Repository


@dataclass(frozen=True)
class LeftOut:
    """A commit that could not be picked."""

    commit: Commit
    files: tuple[str, ...]
    """Targets in which it conflicts with what came before; empty where its change is there already."""


@dataclass(frozen=True)
class Row:
    """Commits in a row on a base, as texts: nothing is written."""

    files: dict[str, Tracked | None]
    """The targets that the commits touch, as they are in the end; None for one that is not there."""
    taken: dict[Commit, dict[str, Tracked | None]]
    """The commits that could be picked, with the targets that each changes."""
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class Picked:
    """A branch that was made, or would have been."""

    branch: str
    """Its short name."""
    tip: str | None
    """None where no commit was left for it."""
    commits: tuple[Commit, ...]
    left_out: tuple[LeftOut, ...]


def pick(repository: Repository, branch: str, base: str, commits: Sequence[Commit], date: str) -> Picked:
    """Make `branch` at `base`, and put the commits on it, with message, author and date; nothing else is touched.

    `date` is the committer's, in git's raw form. Raises RepositoryError, having made nothing, where the branch exists.
    """
    row = Picker(repository, base).row(commits)
    picks = [(commit.id, files) for commit, files in row.taken.items()]
    tip = footprint.plant(repository, f"refs/heads/{branch}", base, picks, date) if picks else None
    return Picked(branch, tip, tuple(row.taken), row.left_out)


class Picker:
    """Picks commits on one base, as often as asked: each text is read from git once."""

    def __init__(self, repository: Repository, base: str) -> None:
        self._repository, self._base = repository, base
        self._tracked = cache(repository.tracked)

    def row(self, commits: Sequence[Commit]) -> Row:
        """The commits one upon the other, in this order."""
        here: dict[str, Tracked | None] = {}
        taken: dict[Commit, dict[str, Tracked | None]] = {}
        left_out = []
        for commit in commits:
            for path in commit.targets:
                here.setdefault(path, self._tracked(self._base, path))
            files, conflicts = self._merged(here, commit)
            if conflicts or not files:
                left_out.append(LeftOut(commit, conflicts))
                continue
            taken[commit] = files
            here |= files
        return Row(here, taken, tuple(left_out))

    def _merged(
        self, here: dict[str, Tracked | None], commit: Commit
    ) -> tuple[dict[str, Tracked | None], tuple[str, ...]]:
        """(Targets that change, targets in conflict) when a commit's change is made to what is here."""
        files: dict[str, Tracked | None] = {}
        conflicts = []
        for path in commit.targets:
            mine = here[path]
            old, theirs = (self._tracked(each, path) for each in (commit.parent, commit.id))
            met, conflict = meet(self._repository, mine, old, theirs)
            if conflict:
                conflicts.append(path)
            else:
                files[path] = met
        changed = {path: file for path, file in files.items() if file != here[path]}
        return changed, tuple(conflicts)


def meet(
    repository: Repository, mine: Tracked | None, old: Tracked | None, theirs: Tracked | None
) -> tuple[Tracked | None, bool]:
    """(`mine` with what changed between `old` and `theirs`, False), or (`mine`, True) where the two conflict."""
    if mine == theirs or old == theirs:
        return mine, False
    if mine == old:
        return theirs, False
    if mine is None or old is None or theirs is None:
        return mine, True
    data = repository.merged(mine.data, old.data, theirs.data)
    if data is None:
        return mine, True
    return Tracked(theirs.mode if mine.mode == old.mode else mine.mode, data), False
