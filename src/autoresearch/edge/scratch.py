"""A scratch checkout for commands that edit files: used once a proposal, and nothing but the targets taken back."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autoresearch.edge import bench
from autoresearch.edge.commit import Tracked
from autoresearch.edge.folder import write_whole
from autoresearch.edge.repo import Repository
from autoresearch.edge.sandbox import agent
from autoresearch.edge.tree import GIT, LinkedTree, linked
from autoresearch.edge.worktree import changed_in
from autoresearch.errors import ProposerUnavailableError, RepositoryError
from autoresearch.secrets import redactor

PROMPT = "prompt.md"
LOG = "command.log"


@dataclass(frozen=True)
class Scratch:
    """Where a command works; made at its first use."""

    repository: Repository
    folder: Path
    """Holds the prompt and the command's log."""
    place: Path
    """Where the checkout is made, in a folder that nobody else can look into."""
    base: str
    """Commit to check out."""
    modes: Mapping[str, str]
    """Target → its mode."""
    environment: Mapping[str, str]
    timeout_s: float
    tick: Callable[[], None]
    guarded: bool = True
    """True where the command is to be kept off the repository and the sessions, if that can be done."""

    def run(
        self, command: str, prompt: str, files: Mapping[str, str], limit_s: float
    ) -> tuple[dict[str, str], tuple[str, ...], str, str | None]:
        """Run a command over these targets: the targets it changed, what else it changed, its output, its failure.

        Raises ProposerUnavailableError when it takes longer than the timeout, or than `limit_s`.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        _make_private(self.place.parent)
        tree = linked(self.repository, self.place, self.base)
        tree.write({path: Tracked(self.modes[path], text.encode()) for path, text in files.items()})
        prompt_file = self.folder / PROMPT
        write_whole(prompt_file, redactor().output(prompt.encode()))
        log = self.folder / LOG
        log.unlink(missing_ok=True)
        timeout_s = min(self.timeout_s, limit_s)
        ran = bench.run(
            [*self._guard(tree), *_shell(command, prompt_file, files)],
            cwd=tree.project,
            env={**self.environment, "AUTORESEARCH_PROMPT": str(prompt_file), "AUTORESEARCH_TARGETS": "\n".join(files)},
            timeout_s=timeout_s,
            log=log,
            tick=self.tick,
        )
        if ran.timed_out:
            raise ProposerUnavailableError(f"the command did not end within {timeout_s:.6g} s (reply_timeout).")
        after = {path: _text(tree.project, path) for path in files}
        changed = {path: text for path, text in after.items() if text is not None and text != files[path]}
        failure = None if ran.exit_code == 0 else f"exited with {ran.exit_code}"
        return changed, self._others(tree, after), bench.tail(log, 200), failure

    def _guard(self, tree: LinkedTree) -> list[str]:
        return agent(tree.place, self.folder.parents[1], self.folder) if self.guarded else []

    def _others(self, tree: LinkedTree, after: Mapping[str, str | None]) -> tuple[str, ...]:
        """What else was changed: other files, and targets that are no text any more."""
        if not tree.is_own():  # git would do there whatever the command wrote into its settings
            return (GIT,)
        texts = {self.repository.full(path) for path, text in after.items() if text is not None}
        return tuple(path for path in changed_in(tree.root, self.base) if path not in texts)


def _make_private(folder: Path) -> None:
    """Make a folder among those of others. Raises RepositoryError where somebody else was there before us."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        mine = not folder.is_symlink() and folder.stat().st_uid == os.getuid()
    except OSError:
        mine = False
    if not mine:
        raise RepositoryError(f"{folder} is not yours. Remove it, or set TMPDIR to a folder of your own.")


def _shell(command: str, prompt_file: Path, files: Iterable[str]) -> list[str]:
    """The command with the prompt on its stdin, and the targets' names as `"$@"`."""
    return ["/bin/sh", "-c", f"{{ {command}\n}} < {shlex.quote(str(prompt_file))}", "sh", *files]


def _text(project: Path, path: str) -> str | None:
    """A target as the command left it; None when it is gone or no text, which counts as not changed.

    No link is followed, on the way to it either: we can read what the command could not.
    """
    place = project / path
    try:
        if not place.is_file() or place.resolve() != project.resolve() / path:
            return None
        text = place.read_bytes().decode()
        return None if "\0" in text else text
    except (OSError, UnicodeDecodeError):
        return None
