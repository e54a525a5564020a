"""Git in one of our own worktrees: bringing it back, and what changed in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from autoresearch.edge.git import OPTIONS, said
from autoresearch.errors import RepositoryError


def restore_tree(folder: Path, commit: str, keep: Sequence[str] = ()) -> None:
    """Bring one of our own trees back to a commit; everything else in it goes but what is to be kept."""
    # First what is new: a .gitattributes that a run planted would have a say in what is checked out.
    _in_tree(folder, "clean", "-ffdxq", *(option for path in keep for option in ("-e", f"/{path}")))
    _in_tree(folder, "checkout", "--quiet", "--force", "--detach", commit)


def changed_in(folder: Path, commit: str) -> list[str]:
    """Everything that differs from a commit or is new in one of our trees, relative to its root."""
    lines = _in_tree(folder, "diff", "--name-only", "--no-renames", "-z", commit)
    lines += _in_tree(folder, "ls-files", "--others", "--exclude-standard", "-z")
    return sorted({path for path in lines.split("\0") if path})


def _in_tree(folder: Path, command: str, *arguments: str) -> str:
    from git import Repo
    from git.exc import GitCommandError, InvalidGitRepositoryError, NoSuchPathError

    try:
        with Repo(folder) as repo:
            repo.git.set_persistent_git_options(c=OPTIONS)
            return str(getattr(repo.git, command)(*arguments, strip_newline_in_stdout=False))
    except (GitCommandError, InvalidGitRepositoryError, NoSuchPathError) as error:
        reason = said(error.stderr) if isinstance(error, GitCommandError) else "it is no git repository any more"
        raise RepositoryError(
            f"git {command} failed in the session's tree {folder}: {reason}. "
            "Delete that folder, then run the same command again."
        ) from error
