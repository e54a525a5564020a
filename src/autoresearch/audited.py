"""What an audit or an ablation is about: a branch, where it began, its keeps. Looking changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autoresearch.decide.history import History
from autoresearch.edge import lineage, links
from autoresearch.edge.commit import Tracked
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.lineage import Branch, Commit
from autoresearch.edge.repo import Repository
from autoresearch.edge.whereabouts import ABLATED, ABLATIONS, AUDITED, AUDITS
from autoresearch.errors import RepositoryError, SettingsError
from autoresearch.project import Project, find_cached, find_program, inside
from autoresearch.resume import as_begun, history_of
from autoresearch.settings import Settings
from autoresearch.sources import load, strangers


@dataclass(frozen=True)
class Purpose:
    """What a branch is measured anew for."""

    name: str
    verb: str
    past: str
    """What has become of the branch then; the end of the new branch's name."""
    root: str
    """Where in git's folder it is journalled."""


AUDIT = Purpose("audit", "audit", AUDITED, AUDITS)
"""Each keep against its parent."""
ABLATION = Purpose("ablation", "ablate", ABLATED, ABLATIONS)
"""The head against the head without each keep."""


@dataclass(frozen=True)
class Plan:
    """What is to be measured anew, looked at and not changed."""

    purpose: Purpose
    project: Project
    """As the base has it."""
    branch: Branch
    commits: tuple[Commit, ...]
    """All of the branch, oldest first."""
    paths: tuple[str, ...]
    """Every file that is a target in one of them, relative to the project."""
    session: History
    """The session that made the branch, as its journal tells it; empty for a branch of another tool's."""

    @property
    def keeps(self) -> tuple[Commit, ...]:
        """The commits that change a target, and can be measured."""
        return tuple(commit for commit in self.commits if commit.targets)

    @property
    def outcome(self) -> str:
        """Name of the branch that what is left goes to."""
        return f"autoresearch/{self.branch.tag}-{self.purpose.past}"

    def refuse_existing(self) -> None:
        """Raises RepositoryError when the branch for what is left exists: it is not ours to move."""
        if self.project.repository.ref(f"refs/heads/{self.outcome}"):
            raise RepositoryError(
                f"branch {self.outcome} exists, and nothing was changed. Rename or delete it "
                f"(`git branch -m {self.outcome} NAME`), then run the same command again."
            )

    def nothing(self) -> str:
        """Why there is nothing to measure, where there are no keeps."""
        branch, base = self.branch.name, self.project.base[:7]
        if not self.commits:
            said = f"{branch} has no commits since {base}. If it began earlier, give --base COMMIT."
        else:
            said = f"no commit of {branch} since {base} changes {', '.join(self.paths)}."
        return f"nothing to {self.purpose.verb}: {said}"

    def key(self) -> str:
        """The same for the same code, measured in the same way and judged by the same rule."""
        settings, project = self.project.settings, self.project
        asked = settings.model_dump(include={"bench", "metric", "direction", "alpha", "max_losses", "min_gain"})
        if self.purpose is ABLATION:
            asked |= settings.model_dump(include={"check", "confirm"})
        asked |= {"simplify": settings.simplify, "targets": self.paths, "project": project.repository.prefix}
        text = json.dumps([project.base, self.branch.tip, asked], sort_keys=True)
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:10]

    def folder(self, finished: Callable[[History], bool], *, again: bool = False) -> SessionFolder:
        """Where this is journalled: an earlier one's folder, or, `again`, the next after one that is `finished`."""
        number = 1
        while (following := self._numbered(number + 1)).journal.exists():
            number += 1
        latest = self._numbered(number)
        return following if again and finished(history_of(latest)) else latest

    def _numbered(self, number: int) -> SessionFolder:
        name = self.key() if number == 1 else f"{self.key()}-{number}"
        return SessionFolder(self.project.repository.common_dir, f"{self.branch.tag}/{name}", self.purpose.root)


def look(
    purpose: Purpose,
    path: Path,
    name: str | None,
    base: str | None,
    flags: Mapping[str, object],
    environment: Mapping[str, str],
) -> Plan:
    """Find branch, base and commits. Raises SettingsError or RepositoryError. Whoever calls closes the repository."""
    program = find_program(path, flags)
    repository = Repository.open(program.directory)
    try:
        branch = lineage.find(repository, name)
        session = _session_of(repository, branch)
        opened = session.opened
        loaded = load(flags, environment, {**(as_begun(opened) if opened else {}), **program.front}, path.name)
        start = lineage.began(repository, branch, base, opened.base if opened else None)
        patterns = [inside(repository, pattern) for pattern in loaded.settings.target]
        start, commits = lineage.commits(repository, branch, start, patterns, exactly=base is not None)
        touched = {path for commit in commits for path in commit.targets}
        _refuse_unknown(repository, patterns, (start, branch.tip), touched)
        paths = tuple(sorted({*lineage.matching(repository, start, patterns), *touched}))
        targets = texts_at(repository, start, paths)
        cached = find_cached(repository, loaded.settings.cache, targets)
        linked = links.chosen(repository, loaded.settings.link, cached)
        warnings = (
            *strangers(environment),
            *_warnings(purpose, loaded.settings, linked),
            *_running(repository, branch),
        )
        loaded = replace(loaded, settings=loaded.settings.model_copy(update={"in_place": False}))
        project = Project(program, loaded, repository, start, targets, {}, linked, cached, warnings)
        return Plan(purpose, project, branch, tuple(commits), paths, session)
    except BaseException:
        repository.close()
        raise


def _refuse_unknown(
    repository: Repository, patterns: Sequence[str], ends: tuple[str, str], touched: Collection[str]
) -> None:
    """Raises SettingsError for a target that is nowhere on the branch: most likely it is misspelt."""
    for pattern in patterns:
        if pattern not in touched and not any(lineage.matching(repository, commit, [pattern]) for commit in ends):
            raise SettingsError(f"target {pattern} is no file anywhere on the branch. Mend `target`.")


def _session_of(repository: Repository, branch: Branch) -> History:
    """The session of this project's that made the branch; nothing where none did."""
    folder = SessionFolder(repository.common_dir, branch.tag)
    history = history_of(folder) if folder.branch == branch.ref else History()
    opened = history.opened if history.begun else None
    return history if opened and opened.project == repository.prefix else History()


def _warnings(purpose: Purpose, settings: Settings, linked: list[str]) -> Iterator[str]:
    """What to know before the first run."""
    if settings.in_place:
        yield f"in_place has no say here: an {purpose.name} runs in a tree of its own"
    if linked:
        yield f"linked into the {purpose.name}'s tree: {', '.join(linked)}"


def _running(repository: Repository, branch: Branch) -> Iterator[str]:
    """That the branch's session goes on meanwhile."""
    folder = SessionFolder(repository.common_dir, branch.tag)
    if folder.branch == branch.ref and folder.is_running:
        yield (
            f"session {branch.tag} is being run: this is about its head as it is now, {branch.tip[:7]}, and the runs "
            "of both may disturb each other"
        )


def texts_at(repository: Repository, commit: str, paths: tuple[str, ...]) -> dict[str, Tracked]:
    """Those of the project's files that a commit has."""
    found = {path: repository.tracked(commit, path) for path in paths}
    return {path: file for path, file in found.items() if file is not None}
