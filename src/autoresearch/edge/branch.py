"""A session's branch and its `best` ref: both stand at a keep, and nobody else moves them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.footprint import NULL_ID, point
from autoresearch.edge.repo import Repository
from autoresearch.errors import RepositoryError


@dataclass(frozen=True)
class SessionBranch:
    """The two refs of one session."""

    repository: Repository
    folder: SessionFolder
    in_place: bool
    """True where the user's own checkout has the branch, for the session's sake."""

    def advance(self, commit: str, keeps: Sequence[str]) -> None:
        """Point branch and `best` at a keep; a branch that the user has checked out waits until they leave it.

        Each may stand at any of the session's keeps, wherever an earlier life or a full disk left it. Raises
        RepositoryError for a ref that somebody else moved.
        """
        refs = (self.folder.ref("best"), self.folder.branch)
        standing = self.repository.standing(refs)
        moves = []
        for ref in refs:
            now, checked_out = standing.get(ref, (None, False))
            if now == commit or (checked_out and not self.in_place):
                continue
            if now not in keeps and now is not None:
                raise RepositoryError(
                    f"{ref} was moved by somebody else. Put it back with `git update-ref {ref} {keeps[-1][:10]}` "
                    "(keep what is there under another name first), then run again."
                )
            moves.append((ref, commit, now or NULL_ID))
        if moves:
            point(self.repository, moves)
