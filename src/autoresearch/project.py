"""A project as it stands before a session: program.md, settings, repository, targets. Looking changes nothing."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from autoresearch import program as program_file
from autoresearch.edge import links, tree, webpage
from autoresearch.edge.commit import Tracked
from autoresearch.edge.derived import RESULTS, RUN_LOG
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.repo import Repository
from autoresearch.errors import RepositoryError, SettingsError
from autoresearch.program import Program
from autoresearch.settings import Settings
from autoresearch.sources import Loaded, load, strangers

TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SHOWN_BYTES = 16_000
"""A fixed file larger than this is named to the proposer and not shown."""
SHOWN = 5
"""Changed files that a warning names."""
GLOB = frozenset("*?[")
ENOUGH = {"target", "bench", "metric"}
"""Flags that say enough to do without a program.md."""


@dataclass(frozen=True)
class Project:
    """What a session starts from."""

    program: Program
    loaded: Loaded
    repository: Repository
    base: str
    """Commit that HEAD names."""
    targets: dict[str, Tracked]
    """Path in the project → the target as `base` has it."""
    fixed: dict[str, str]
    """Files that the proposer may read and not change."""
    links: list[str]
    """What is linked into the session's tree, relative to the repository's root."""
    cached: list[str]
    """Where what runs write stays, relative to the repository's root; folders with a slash at the end."""
    warnings: tuple[str, ...]
    html: Path | None = None
    """The page that shows the session while it goes on."""
    again: str = ""
    """The command that goes on with the session."""

    @property
    def settings(self) -> Settings:
        """The settings, whatever their origin."""
        return self.loaded.settings


def read(path: Path, flags: Mapping[str, object], environment: Mapping[str, str]) -> tuple[Program, Loaded]:
    """program.md and the settings. A program.md that is missing will do when the flags say what is needed."""
    program = find_program(path, flags)
    return program, load(flags, environment, program.front, path.name)


def find_program(path: Path, flags: Mapping[str, object]) -> Program:
    """The program.md, or an empty one where none is named and the flags say enough. Raises SettingsError."""
    missing = path.name == "program.md" and not path.exists() and flags.keys() >= ENOUGH
    return Program(path, {}, "") if missing else program_file.read(path)


def examine(path: Path, flags: Mapping[str, object], environment: Mapping[str, str]) -> Project:
    """Everything that must be right before a session. Raises SettingsError or RepositoryError."""
    program, loaded = read(path, flags, environment)
    repository = Repository.open(program.directory)
    base = repository.head()
    targets = find_targets(repository, base, loaded.settings.target)
    if program.path.name in targets:
        raise SettingsError(
            f"target: {program.path.name} holds the session's own settings and commands, so it is yours alone to edit. "
            "Take it out of `target`."
        )
    refuse_tracked_outputs(repository)
    cached = find_cached(repository, loaded.settings.cache, targets)
    linked = links.chosen(repository, loaded.settings.link, cached)
    return Project(
        program=program,
        loaded=loaded,
        repository=repository,
        base=base,
        targets=targets,
        fixed=find_fixed(repository, base, loaded.settings, targets),
        links=[] if loaded.settings.in_place else linked,
        cached=cached,
        warnings=(*strangers(environment), *find_warnings(repository, base, program, loaded.settings)),
        html=find_html(repository, program, loaded.settings, targets),
    )


def find_html(
    repository: Repository, program: Program, settings: Settings, targets: Mapping[str, Tracked]
) -> Path | None:
    """Where the page goes. Raises SettingsError where something else is there, or nothing can be."""
    if settings.html is None:
        return None
    taken = {program.path.name: "the program.md", **dict.fromkeys(targets, "the target")}
    return webpage.place(repository, settings.html, taken)


def find_targets(repository: Repository, commit: str, patterns: Sequence[str]) -> dict[str, Tracked]:
    """The target files in a commit. Raises SettingsError that says why a path will not do."""
    found: dict[str, Tracked] = {}
    for pattern in patterns:
        path = inside(repository, pattern)
        paths = repository.tracked_paths([path]) if GLOB & set(path) else [path]
        if not paths:
            raise SettingsError(f"target {pattern!r} matches no tracked file in {repository.root}.")
        for each in paths:
            tracked = repository.tracked(commit, each)
            if tracked is None:
                raise SettingsError(_why_untracked(repository, each))
            _refuse_binary(each, tracked)
            found[each] = tracked
    return found


def inside(repository: Repository, path: str) -> str:
    """A path of the settings, relative to the project. Raises SettingsError when it leads out."""
    home = repository.root / repository.prefix
    if "\0" in path or not path.strip():
        raise SettingsError(f"{path!r} is not a path. Mend the setting.")
    joined = Path(path) if Path(path).is_absolute() else home / path
    parts: list[str] = []
    for part in joined.parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    try:
        return Path(*parts).relative_to(home).as_posix()
    except ValueError:
        raise SettingsError(
            f"{path} lies outside the project {home}. Name a file in it, or put program.md further up."
        ) from None


def find_fixed(
    repository: Repository, commit: str, settings: Settings, targets: Mapping[str, Tracked]
) -> dict[str, str]:
    """Text files to show as fixed: those of `protect`, and those that the bench command names."""
    shown: dict[str, str] = {}
    shown |= _texts(repository, commit, find_protected(repository, settings.protect, targets))
    return shown | _texts(repository, commit, [w for w in _words(settings.bench) if w not in targets])


def find_protected(repository: Repository, patterns: Sequence[str], targets: Mapping[str, Tracked]) -> list[str]:
    """Tracked files that `protect` names. Raises SettingsError for a pattern that is a target, or names nothing."""
    found = []
    for pattern in patterns:
        path = inside(repository, pattern)
        if path in targets:
            raise SettingsError(f"{pattern} is both a target and protected. Take it out of one of them.")
        spec = [path] if GLOB & set(path) else [path, f"{path}/**"]
        paths = [each for each in repository.tracked_paths(spec) if each not in targets]
        if not paths and not (repository.root / repository.full(path)).exists():
            raise SettingsError(f"protect: {pattern} does not exist in {repository.root}. Mend the setting.")
        found += paths
    return found


def find_cached(repository: Repository, paths: Sequence[str], targets: Mapping[str, Tracked]) -> list[str]:
    """Where what runs write stays, relative to the repository's root; a slash at the end stays there.

    Raises SettingsError for what holds a tracked file: it could never be restored.
    """
    found = [inside(repository, path.rstrip("/") or path) for path in paths]
    for path in found:
        if path.startswith("~") or tree.GIT in Path(path).parts:
            raise SettingsError(
                f"cache: {path} is no path that runs may write to. Name one in the project, e.g. build/."
            )
        if path == "." or repository.tracked_paths([path, f"{path}/**"]):
            raise SettingsError(f"cache: {path} holds files that git tracks, which every run must find as they are.")
    full = map(repository.full, found)
    return [f"{path}/" if named.endswith("/") else path for path, named in zip(full, paths, strict=True)]


def find_warnings(repository: Repository, commit: str, program: Program, settings: Settings) -> list[str]:
    """What may be meant otherwise, though the session can run."""
    warnings = [f"env: {name} is not set here" for name in settings.env if name not in os.environ]
    changed = [] if settings.in_place else repository.changed()
    # The brief is read from the file itself, as it is.
    if changed := [path for path in changed if path != repository.full(program.path.name)]:
        more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
        warnings.append(
            f"uncommitted changes in {', '.join(changed[:SHOWN])}{more}: the session starts from HEAD, without them"
        )
    if not settings.in_place and repository.tracked_at_root(commit, ".gitmodules"):
        warnings.append("the repository has submodules, which are empty in the session's tree: --in-place has them")
    return warnings


def refuse_tracked_outputs(repository: Repository) -> None:
    """Raises RepositoryError when git tracks a file that the session writes: a reset would eat it."""
    for name in (RESULTS, RUN_LOG):
        if repository.in_index(name):
            raise RepositoryError(
                f"{repository.full(name)} is tracked by git, so that a reset would eat the record. "
                f"Run `git rm --cached {repository.full(name)}` and commit, then run the same command again."
            )


def check_tag(repository: Repository, tag: str) -> None:
    """Raises SettingsError when a tag will not do as the last part of a branch name."""
    if not TAG.fullmatch(tag) or not repository.is_branch_name(f"autoresearch/{tag}"):
        raise SettingsError(
            f"--tag {tag[:120]!r} is not a branch name. Use letters, digits, '.', '_' and '-', for example mar5."
        )


def free_tag(repository: Repository, today: date) -> str:
    """Today's date as in `mar5`; `mar5-2` and so on when it is taken."""
    first = f"{today.strftime('%b').lower()}{today.day}"
    number = 1
    while taken(repository, tag := first if number == 1 else f"{first}-{number}"):
        number += 1
    return tag


def taken(repository: Repository, tag: str) -> bool:
    """True when a session or a branch has this tag."""
    folder = SessionFolder(repository.common_dir, tag)
    return folder.journal.exists() or repository.ref(folder.branch) is not None


def _why_untracked(repository: Repository, path: str) -> str:
    place = repository.root / repository.full(path)
    if place.is_dir():
        return f"target {path} is a directory. Name a file in it, or a glob such as {path}/*.py."
    if not place.exists():
        return f"target {path} does not exist in {place.parent}. Mend `target`, or create and commit the file."
    if repository.is_ignored(path):
        return f"target {path} is ignored by git, so that no edit of it could be committed. Take it out of .gitignore."
    return f"target {path} is not committed. Run `git add {path} && git commit -m 'add {path}'` first."


def _refuse_binary(path: str, file: Tracked) -> None:
    try:
        text = file.data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise SettingsError(f"target {path} is binary, or not UTF-8 text. Name a text file.")


def _texts(repository: Repository, commit: str, paths: Sequence[str]) -> dict[str, str]:
    texts = {}
    for path in paths:
        tracked = repository.tracked(commit, path)
        if tracked is not None and len(tracked.data) <= SHOWN_BYTES and b"\0" not in tracked.data:
            texts[path] = tracked.data.decode(errors="replace")
    return texts


def _words(command: str) -> list[str]:
    """Words of a shell command that may be files of the project."""
    try:
        words = shlex.split(command)
    except ValueError:
        return []
    words = [word for word in words if not word.startswith("/")]
    return [word.removeprefix("./") for word in words if re.fullmatch(r"[\w./-]+\.\w+", word) and ".." not in word]
