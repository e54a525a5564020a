"""What an audit is about: a branch, the commit that it began from, its keeps. Looking changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autoresearch.decide.history import History
from autoresearch.edge import lineage, links
from autoresearch.edge.commit import Tracked
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.lineage import Branch, Commit
from autoresearch.edge.repo import Repository
from autoresearch.edge.whereabouts import AUDITS
from autoresearch.errors import SettingsError
from autoresearch.project import Project, find_cached, find_program, inside
from autoresearch.records import Opened
from autoresearch.resume import as_begun, history_of
from autoresearch.settings import Settings
from autoresearch.sources import load, strangers


@dataclass(frozen=True)
class Plan:
    """What is to be audited, looked at and not changed."""

    project: Project
    """As the base has it."""
    branch: Branch
    commits: tuple[Commit, ...]
    """All of the branch, oldest first."""
    paths: tuple[str, ...]
    """Every file that is a target in one of them, relative to the project."""

    @property
    def keeps(self) -> tuple[Commit, ...]:
        """The commits that change a target, and can be measured."""
        return tuple(commit for commit in self.commits if commit.targets)

    @property
    def audited(self) -> str:
        """Name of the branch that the survivors go to."""
        return f"autoresearch/{self.branch.tag}-audited"

    def key(self) -> str:
        """The same for the same code, measured in the same way and judged by the same rule."""
        settings, project = self.project.settings, self.project
        asked = settings.model_dump(include={"bench", "metric", "direction", "alpha", "max_losses", "min_gain"})
        asked |= {"simplify": settings.simplify, "targets": self.paths, "project": project.repository.prefix}
        text = json.dumps([project.base, self.branch.tip, asked], sort_keys=True)
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:10]

    def folder(self, *, again: bool = False) -> SessionFolder:
        """Where this audit is journalled: an earlier one's folder, or, `again`, the next after a finished one."""
        number = 1
        while (following := self._numbered(number + 1)).journal.exists():
            number += 1
        latest = self._numbered(number)
        return following if again and self.finished(history_of(latest)) else latest

    def finished(self, history: History) -> bool:
        """True when all there is to measure was measured."""
        return len(history.experiments) == 1 + len(self.keeps)

    def _numbered(self, number: int) -> SessionFolder:
        name = self.key() if number == 1 else f"{self.key()}-{number}"
        return SessionFolder(self.project.repository.common_dir, f"{self.branch.tag}/{name}", AUDITS)


def look(
    path: Path, name: str | None, base: str | None, flags: Mapping[str, object], environment: Mapping[str, str]
) -> Plan:
    """Find branch, base and commits. Raises SettingsError or RepositoryError. Whoever calls closes the repository."""
    program = find_program(path, flags)
    repository = Repository.open(program.directory)
    try:
        branch = lineage.find(repository, name)
        opened = _session_of(repository, branch)
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
        warnings = (*strangers(environment), *_warnings(loaded.settings, linked))
        loaded = replace(loaded, settings=loaded.settings.model_copy(update={"in_place": False}))
        project = Project(program, loaded, repository, start, targets, {}, linked, cached, warnings)
        return Plan(project, branch, tuple(commits), paths)
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


def _session_of(repository: Repository, branch: Branch) -> Opened | None:
    """What a session of this project's said at its opening, where the branch is one's."""
    folder = SessionFolder(repository.common_dir, branch.tag)
    history = history_of(folder) if folder.branch == branch.ref else History()
    opened = history.opened if history.begun else None
    return opened if opened and opened.project == repository.prefix else None


def _warnings(settings: Settings, linked: list[str]) -> Iterator[str]:
    """What to know before the first run."""
    if settings.in_place:
        yield "in_place has no say here: an audit runs in a tree of its own"
    if linked:
        yield f"linked into the audit's tree: {', '.join(linked)}"


def texts_at(repository: Repository, commit: str, paths: tuple[str, ...]) -> dict[str, Tracked]:
    """Those of the project's files that a commit has."""
    found = {path: repository.tracked(commit, path) for path in paths}
    return {path: file for path, file in found.items() if file is not None}
