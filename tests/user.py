"""A user's project in a temporary directory, and the user who types commands in it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COMMAND = Path(sys.executable).with_name("autoresearch")

PROGRAM = """\
---
target: program.py
bench: python3 -S program.py
metric: score
direction: higher
timeout: 20s
---
Make the score as high as you can.
"""
OURS = ("results.tsv", "run.log", "LEARNINGS.md")
TARGET = 'VALUE = 10.0\nprint(f"score: {VALUE}")\n'


def run(argv: Sequence[str], cwd: Path, env: Mapping[str, str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    """A command to its end, with nothing on stdin. In tests conftest.py puts forks.py in the place of this."""
    return subprocess.run(
        argv,
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@dataclass(frozen=True)
class User:
    """Types commands in one directory."""

    home: Path

    @classmethod
    def with_project(
        cls, home: Path, *, program: str = PROGRAM, files: Mapping[str, str] | None = None, commit: bool = True
    ) -> User:
        """A repository with program.md and a target whose bench takes milliseconds."""
        user = cls(home)
        home.mkdir(parents=True, exist_ok=True)
        user.git("init", "--quiet", "-b", "main")
        for path, text in {"program.md": program, "program.py": TARGET, **(files or {})}.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text)
        if commit:
            user.git("add", "-A")
            user.git("commit", "--quiet", "-m", "start")
        return user

    def git(self, *arguments: str) -> str:
        """What git prints."""
        done = subprocess.run(["git", *arguments], cwd=self.home, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def types(
        self, *arguments: str, env: Mapping[str, str] | None = None, timeout_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """One command to its end, without a terminal."""
        return run([str(COMMAND), *arguments], self.home, {**os.environ, **(env or {})}, timeout_s)

    def starts(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """One command, left running."""
        return subprocess.Popen(
            [COMMAND, *arguments],
            cwd=self.home,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def rows(self) -> list[dict[str, str]]:
        """results.tsv, a mapping a row."""
        first, *rest = (self.home / "results.tsv").read_text().splitlines()
        return [dict(zip(first.split("\t"), row.split("\t"), strict=True)) for row in rest]

    def branch_scores(self, tag: str, base: str = "main") -> list[str]:
        """First line of the target in each commit of the session's branch, oldest first, the base included."""
        commits = [*self.git("rev-list", "--reverse", f"{base}..autoresearch/{tag}").split()]
        return [self.git("show", f"{commit}:program.py").splitlines()[0] for commit in (base, *commits)]

    def checkout(self) -> str:
        """Fingerprint of everything that is the user's: HEAD, branch, index, files and their bytes, stash."""
        parts: list[str] = [self.git("rev-parse", "HEAD"), self.git("branch", "--show-current")]
        parts += [self.git("ls-files", "--stage"), self.git("status", "--porcelain"), self.git("stash", "list")]
        parts += [self.git("rev-parse", "refs/heads/main")]
        for path in sorted(self.home.rglob("*")):
            ours = path.name in OURS or ".git" in path.relative_to(self.home).parts
            if path.is_file() and not ours:
                parts.append(f"{path} {path.stat().st_mode} {hashlib.sha256(path.read_bytes()).hexdigest()}")
        return "\n".join(parts)

    def everything(self) -> str:
        """Fingerprint of the whole repository as well: refs, sessions, worktrees, files put beside results.tsv."""
        sessions = sorted(str(path) for path in (self.home / ".git" / "autoresearch").rglob("*"))
        parts = [self.checkout(), self.git("for-each-ref"), self.git("worktree", "list"), *sessions]
        parts += map(str, self.home.glob("results*"))
        return "\n".join(parts)


def whole(value: str, *, description: str = "", extra: str = "") -> str:
    """A model's reply: the whole target with another value."""
    return (
        f"description: {description or f'value {value}'}\nhypothesis: it may score more\ncategory: parameters\n\n"
        f'FILE: program.py\n```python\nVALUE = {value}\n{extra}print(f"score: {{VALUE}}")\n```\n'
    )


def path_without_bubblewrap(folder: Path) -> str:
    """A PATH with everything on it but bwrap; its links are made in `folder`."""
    folder.mkdir()
    for place in map(Path, os.environ["PATH"].split(os.pathsep)):
        for program in place.iterdir() if os.access(place, os.R_OK | os.X_OK) else ():
            if program.name != "bwrap" and not os.path.lexists(folder / program.name):
                (folder / program.name).symlink_to(program)
    return str(folder)


def rounds(*replies: str | Sequence[str]) -> list[str]:
    """Replies in a flat list; a nested sequence is one experiment's several answers."""
    return [text for reply in replies for text in ([reply] if isinstance(reply, str) else reply)]
