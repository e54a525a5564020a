"""Git: the user's repository, which is read here; what is written to it, but for `info/exclude`, is in `footprint`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

from autoresearch.edge.commit import Tracked
from autoresearch.edge.git import Git, need_git, said
from autoresearch.errors import RepositoryError, SettingsError

if TYPE_CHECKING:
    from git import Repo

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
GONE = "000000"
REGULAR = ("100644", "100755")
FALLBACK_NAME = "autoresearch"
FALLBACK_EMAIL = "autoresearch@localhost"
HEADER = re.compile(r"^diff --git .*\n(?:index .*\n)?(?:--- .*\n)?", re.MULTILINE)
"""What stands above the name of a file in a diff."""


class Repository:
    """One repository, opened once a command."""

    def __init__(self, repo: Repo, directory: Path, project: str | None = None) -> None:
        self._repo = repo
        self.root = Path(cast(str, repo.working_tree_dir)).resolve()
        self.prefix = project or directory.resolve().relative_to(self.root).as_posix()
        """The project's directory relative to the root, `.` when it is the root."""
        self.common_dir = Path(repo.common_dir).resolve()
        self.git = Git(repo, self.root, self.common_dir)
        self.identity = self._find_identity()
        """`NAME <ADDRESS>` of whoever makes commits here."""

    @classmethod
    def open(cls, directory: Path, project: str | None = None) -> Repository:
        """The repository around a project's directory. Raises RepositoryError where it will not do.

        `project` names another one of its projects, relative to the root, which need not be checked out.
        """
        need_git()
        from git import Repo
        from git.exc import GitCommandError, InvalidGitRepositoryError, NoSuchPathError

        try:
            repo = Repo(directory, search_parent_directories=True)
            repo.git.update_environment(LC_ALL="C")
            if repo.bare or repo.working_tree_dir is None:
                raise RepositoryError(f"{repo.git_dir} is a bare repository. Clone it, and run in the clone.")
            repo.git.rev_parse("--git-dir")
            return cls(repo, directory, project)
        except (InvalidGitRepositoryError, NoSuchPathError):
            raise RepositoryError(
                f"{directory.resolve()} is not in a git repository. Run `autoresearch init`, or `git init` and commit "
                "your files."
            ) from None
        except GitCommandError as error:
            raise RepositoryError(f"git refuses {directory}: {said(error.stderr)}") from error

    def close(self) -> None:
        """End the child processes that reading objects started."""
        self._repo.close()

    def head(self) -> str:
        """The commit that HEAD names. Raises RepositoryError when there is none yet."""
        commit = self.ref("HEAD")
        if commit is None:
            raise RepositoryError(
                f"{self.root} has no commits yet. Commit your files first: git add -A && git commit -m start"
            )
        return commit

    def branch(self) -> str | None:
        """Full name of the branch that is checked out in the user's checkout; None when detached."""
        status, out, _ = self.git.run("symbolic-ref", "-q", "HEAD")
        return out.strip() if status == 0 else None

    def here(self) -> str:
        """What `switch` takes to come back here: the branch's short name, or the commit when detached."""
        return (self.branch() or self.head()).removeprefix("refs/heads/")

    def ref(self, name: str) -> str | None:
        """The commit that a ref names, or None."""
        status, out, _ = self.git.run("rev-parse", "-q", "--verify", f"{name}^{{commit}}")
        return out.strip() if status == 0 else None

    def refs(self, prefix: str) -> list[str]:
        """Full names of the refs under a prefix."""
        return self.git.must("for-each-ref", "--format=%(refname)", prefix).split()

    def standing(self, names: Iterable[str]) -> dict[str, tuple[str, bool]]:
        """Those of the refs that exist: the commit each names, and whether some worktree has it checked out.

        Read from git's files, without a process: it is asked at every keep.
        """
        from git import SymbolicReference

        heads = [self.common_dir / "HEAD", *self.common_dir.glob("worktrees/*/HEAD")]
        checked_out = {head.read_text().strip().removeprefix("ref: ") for head in heads if head.exists()}
        found = {}
        for name in names:
            with suppress(ValueError):
                commit = SymbolicReference.dereference_recursive(self._repo, name)
                found[name] = (str(commit), name in checked_out)
        return found

    def is_branch_name(self, name: str) -> bool:
        """True when git accepts `name` as a branch."""
        return self.git.run("check-ref-format", "--branch", name)[0] == 0

    def tracked(self, commit: str, path: str) -> Tracked | None:
        """A regular file of a commit by its path in the project; None when absent. Raises for anything else."""
        full = self.full(path)
        entries = self.git.must("ls-tree", "-z", "--full-tree", commit, "--", full).split("\0")
        entry = next((entry for entry in entries if entry.endswith(f"\t{full}")), None)
        if entry is None:
            return None
        mode, kind, rest = entry.split(" ", 2)
        if mode not in REGULAR:
            what = "symbolic link" if mode == "120000" else "directory" if kind == "tree" else "submodule"
            raise SettingsError(f"{path} is a {what}, not a file. Name the file itself in the settings.")
        return Tracked(mode, self.git.run_bytes("cat-file", "blob", rest[:40])[1])

    def blob(self, commit: str, full: str) -> bytes | None:
        """A file's bytes in a commit, by its path in the repository; None when absent."""
        status, out, _ = self.git.run_bytes("cat-file", "blob", f"{commit}:{full}")
        return out if status == 0 else None

    def files(self, commit: str) -> list[str]:
        """All files of a commit, relative to the root; links too, submodules not."""
        entries = self.git.must("ls-tree", "-r", "-z", "--full-tree", commit).split("\0")
        return [path for kind, path in (entry.split("\t", 1) for entry in entries if entry) if " commit " not in kind]

    def tracked_at_root(self, commit: str, name: str) -> bool:
        """True when a commit has an entry of this name at the repository's root."""
        return bool(self.git.must("ls-tree", "-z", "--full-tree", commit, "--", name))

    def tracked_paths(self, patterns: Sequence[str]) -> list[str]:
        """Tracked files that match pathspecs, relative to the project."""
        specs = [f":(top,glob){self.full(pattern)}" for pattern in patterns]
        found = self.git.must("ls-files", "-z", "--full-name", "--", *specs).split("\0")
        start = "" if self.prefix == "." else self.prefix + "/"
        return sorted({path.removeprefix(start) for path in found if path.startswith(start) and path})

    def in_index(self, path: str) -> bool:
        """True when a file is tracked or staged."""
        return self.in_index_at_root(self.full(path))

    def in_index_at_root(self, full: str) -> bool:
        """The same for a path relative to the repository's root."""
        return bool(self.git.must("ls-files", "-z", "--", f":(top,literal){full}"))

    def is_ignored(self, path: str) -> bool:
        """True when git ignores a path of the project."""
        return self.git.run("check-ignore", "-q", "--", str(self.root / self.full(path)))[0] == 0

    def changed(self, paths: Sequence[str] = ()) -> list[str]:
        """Tracked files (of the project's `paths`, or all) that differ from HEAD."""
        specs = [f":(top,literal){self.full(path)}" for path in paths]
        lines = self.git.must("status", "--porcelain", "-z", "--untracked-files=no", "--", *specs)
        return [entry[3:] for entry in lines.split("\0") if len(entry) > 3]

    def holds(self, path: str, data: bytes | None) -> bool:
        """True when a file of the user's checkout has just these bytes; None asks whether it is absent."""
        place = self.root / self.full(path)
        return not place.exists() if data is None else place.is_file() and place.read_bytes() == data

    def untracked(self, *, ignored: bool) -> list[str]:
        """Untracked entries, whole folders as one, relative to the root; the ignored ones, or those that are not."""
        kind = ["--ignored"] if ignored else []
        found = self.git.must("ls-files", "-z", "--others", "--directory", *kind, "--exclude-standard")
        return sorted(path.rstrip("/") for path in found.split("\0") if path)

    def full(self, path: str) -> str:
        """A path of the project relative to the repository's root."""
        return path if self.prefix == "." else f"{self.prefix}/{path}"

    def differing(self, old: str, new: str) -> list[str]:
        """Files of the project that differ between two commits, relative to the project."""
        within = [] if self.prefix == "." else [f"--relative={self.prefix}"]
        found = self.git.must("diff", "--name-only", "-z", "--no-renames", *within, old, new)
        return [path for path in found.split("\0") if path]

    def mentions(self, commit: str, words: Iterable[str], besides: Sequence[str]) -> dict[str, set[str]]:
        """Which of these words stand in text files of a commit, `besides` left out: file → words."""
        patterns = [part for word in sorted(words) for part in ("-e", word)]
        outside = [f":(top,exclude,literal){self.full(path)}" for path in besides]
        form = "-I -o -w -z -F --full-name --no-color --no-line-number --no-column --no-recurse-submodules".split()
        status, out, err = self.git.run("grep", *form, *patterns, commit, "--", ":(top)", *outside)
        if status > 1:
            raise RepositoryError(f"`git grep` failed in {self.root}: {said(err)}")
        found: dict[str, set[str]] = {}
        for line in out.splitlines():
            path, _, word = line.partition("\0")
            found.setdefault(path.removeprefix(f"{commit}:"), set()).add(word)
        return found

    def merge_base(self, one: str, other: str) -> str | None:
        """The commit at which two lines of history parted; None where they have none in common."""
        status, out, _ = self.git.run("merge-base", one, other)
        return out.split()[0] if status == 0 else None

    def is_ancestor(self, old: str, new: str) -> bool:
        """True when the history of `new` holds `old`, or both are one commit."""
        return self.git.run("merge-base", "--is-ancestor", old, new)[0] == 0

    def line(self, base: str, tip: str) -> list[tuple[str, str]]:
        """(Commit, subject) of what first parents lead from `tip` back to `base`, oldest first, without `base`."""
        said = self.git.must(
            "rev-list", "--first-parent", "--reverse", "--encoding=UTF-8", "--format=%H %s", f"{base}..{tip}"
        )
        found = [entry.partition(" ") for entry in said.split("\n") if not entry.startswith("commit ")]
        return [(commit, subject) for commit, _, subject in found if commit]

    def changes(self, old: str, new: str, specs: Sequence[str] = ()) -> dict[str, str]:
        """Files that differ between two commits or trees, relative to the root → mode in `new`, `000000` if gone."""
        words = self.git.must("diff-tree", "-r", "-z", "--raw", "--no-renames", old, new, "--", *specs).split("\0")
        return {path: entry.split(" ")[1] for entry, path in zip(words[::2], words[1::2], strict=False)}

    def holders(self, commit: str) -> list[str]:
        """Full names of the branches, remote ones too, whose history holds a commit."""
        form = ("--format=%(refname)", f"--contains={commit}")
        return self.git.must("for-each-ref", *form, "refs/heads/", "refs/remotes/").split()

    def remotes(self) -> list[str]:
        """Names of the places to push to."""
        return self.git.must("remote").split()

    def author(self, date: str) -> bytes:
        """The author's line of a commit that the user makes; `date` is git's raw form, `1700000000 +0000`."""
        return f"author {self.identity} {date}".encode()

    def message(self, commit: str) -> str:
        """A commit's message."""
        return self.told(commit)[2].decode(errors="replace")

    def told(self, commit: str) -> tuple[bytes, bytes, bytes]:
        """A commit's author line, the line with its message's encoding (empty for UTF-8), and its message."""
        head, _, message = self.git.run_bytes("cat-file", "commit", commit)[1].partition(b"\n\n")
        lines = {line.partition(b" ")[0]: line for line in reversed(head.split(b"\n"))}
        return lines[b"author"], lines.get(b"encoding", b""), message

    def diff(self, commit: str) -> str:
        """What a commit changed in its first parent, with two lines of context and no header but the names."""
        said = self.git.must("diff-tree", "-p", "-U2", "--no-commit-id", "--no-ext-diff", "--no-color", commit)
        return HEADER.sub("", said)

    def merged(self, mine: bytes, old: bytes, theirs: bytes) -> bytes | None:
        """`mine` with what changed between `old` and `theirs`, as git merges it; None where the two conflict."""
        with TemporaryDirectory(prefix="autoresearch-") as folder:
            places = [Path(folder) / name for name in ("mine", "old", "theirs")]
            for place, data in zip(places, (mine, old, theirs), strict=True):
                place.write_bytes(data)
            status, out, _ = self.git.run_bytes("merge-file", "-p", "-q", *map(str, places))
        return out if status == 0 else None

    def exclude(self, paths: Iterable[str]) -> None:
        """Have git ignore files of the project, by `info/exclude`, which is nobody's file to commit."""
        self.exclude_at_root(map(self.full, paths))

    def exclude_at_root(self, full: Iterable[str]) -> None:
        """The same for patterns relative to the repository's root."""
        file = self.common_dir / "info" / "exclude"
        file.parent.mkdir(exist_ok=True)
        text = file.read_text(encoding="utf-8", errors="surrogateescape") if file.exists() else ""
        missing = [line for path in full if (line := f"/{path}") not in text.splitlines()]
        if missing:
            gap = "" if not text or text.endswith("\n") else "\n"
            with file.open("a", encoding="utf-8") as exclude:
                exclude.write(gap + "\n".join(missing) + "\n")

    def _find_identity(self) -> str:
        """The user's own name and address where git knows them; git's guess from the host name is no identity."""
        found = []
        for key, fallback in (("name", FALLBACK_NAME), ("email", FALLBACK_EMAIL)):
            value = os.environ.get(f"GIT_AUTHOR_{key.upper()}") or self.git.run("config", f"user.{key}")[1].strip()
            found.append(value.translate({ord(c): None for c in "<>\n\0"}) or fallback)
        return f"{found[0]} <{found[1]}>"
