"""What there is to finalize: a session's kept changes, or some of them on another branch. Looking changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from autoresearch.decide.history import Experiment, History
from autoresearch.decide.recover import fold
from autoresearch.decide.topics import Fabric, File, fabric
from autoresearch.edge import whereabouts
from autoresearch.edge.commit import Tracked
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.journal import read
from autoresearch.edge.repo import Repository
from autoresearch.edge.whereabouts import Recorded
from autoresearch.errors import RepositoryError, SettingsError
from autoresearch.records import Opened
from autoresearch.report import alarms, certainty
from autoresearch.report.brought import TRAILER
from autoresearch.report.log import Log
from autoresearch.report.read import read as read_log
from autoresearch.report.summary import Kept, Summary, summarise

OURS = "refs/heads/autoresearch/"


@dataclass(frozen=True)
class Keep:
    """One kept change."""

    experiment: Experiment
    commit: str
    told: Kept
    """As the report has it."""
    files: dict[str, File | None]
    """The files that it changed, by path relative to the project, as it left them."""

    @property
    def date(self) -> str:
        """When it was kept, in git's raw form."""
        assert self.experiment.verdict is not None
        return f"{int(datetime.fromisoformat(self.experiment.verdict.at).timestamp())} +0000"


@dataclass(frozen=True)
class Found:
    """A branch of kept changes, oldest first."""

    repository: Repository
    folder: SessionFolder
    history: History
    log: Log
    summary: Summary
    opened: Opened
    name: str
    """The branch's short name; nothing ever moves it."""
    head: str
    keeps: tuple[Keep, ...]
    measured: bool
    """False for a selection of the session's changes that was never measured as a whole."""

    @cached_property
    def fabric(self) -> Fabric:
        """The changes, so that any choice of them can be read."""
        paths = sorted({path for keep in self.keeps for path in keep.files})
        base = {path: _file(self.repository.tracked(self.opened.base, path)) for path in paths}
        return fabric(base, [keep.files for keep in self.keeps])

    @cached_property
    def lasting(self) -> set[int]:
        """The places of the keeps of which something shows at the head."""
        return self.fabric.lasting()

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the verification's pairs; none where it is not of this head."""
        done = self.history.verification
        verified = self.log.evidence.verified if self.log.evidence else None
        current = verified is not None and verified.current and self.measured
        return tuple(draw.seed for draw in done.measured.draws) if done and current else ()

    def refuse_tampering(self) -> None:
        """Raises RepositoryError where the code of a kept change was seen to change protected files."""
        evidence, numbers = self.log.evidence, {keep.experiment.n for keep in self.keeps}
        found = [one for one in evidence.tampered if one.kept and one.n in numbers] if evidence else []
        if found:
            one = found[0]
            raise RepositoryError(
                f"experiment {one.n} was kept, and its code changed {', '.join(one.files[:3])} while it ran: look at "
                f"{self.folder.path / one.diff}. Nothing was made. If that is harmless, give --despite-tampering; else "
                f"begin a new session from before it, or finalize a branch without it."
            )

    def doubts(self, *, is_placed: bool) -> Iterator[str]:
        """What to know before anybody merges it; `is_placed` where its place was chosen, or it is merged."""
        tag, tip = self.opened.tag, self.repository.ref(f"refs/heads/{self.name}")
        state = self.log.session.state if self.log.session else None
        if state != "ended" and self.history.closed is None:
            how = "is running" if state == "running" else "was killed" if state == "killed" else "did not end in order"
            yield f"session {tag} {how}: this is its head as of now, experiment {self.keeps[-1].experiment.n}"
        if tip not in (self.head, *(keep.commit for keep in self.keeps), self.opened.base):
            where = "is gone" if tip is None else f"is at {tip[:7]}, which is none of the session's keeps"
            yield f"branch {self.name} {where}; what is finalized is what the session kept, at {self.head[:7]}"
        yield from alarms.alarms(self.log)
        verified = self.log.evidence.verified if self.log.evidence else None
        claim = certainty.claim(self.log)
        if self.measured and claim and (verified is None or not verified.current or verified.gain is None):
            yield claim
        if not is_placed:
            yield from self._moved_on()

    def _moved_on(self) -> Iterator[str]:
        repository, base = self.repository, self.opened.base
        here = repository.ref("HEAD")
        if all(ref.startswith(OURS) for ref in repository.holders(base)):
            yield f"the base {base[:7]} is on none of your branches any more: --onto BRANCH puts the changes on one"
        elif here and repository.is_ancestor(base, here) and not repository.is_ancestor(here, self.head):
            name = repository.here()
            if not name.startswith("autoresearch/"):
                yield f"{name} has moved on since the base {base[:7]}: --onto HEAD puts the changes on it"


def look(name: str | None) -> Found:
    """A session by its tag, or a branch with some of a session's changes. Raises SettingsError, RepositoryError.

    Whoever calls closes the repository.
    """
    known = whereabouts.sessions()
    short = name and re.sub(r"^(refs/heads/)?(autoresearch/)?", "", name)
    if name and known and not any(one.tag == short for one in known):
        repository = Repository.open(Path.cwd())
        try:
            ref = next((ref for ref in (f"{OURS}{short}", f"refs/heads/{name}") if repository.ref(ref)), None)
            if ref:
                return _selection(repository, ref, known)
        except BaseException:
            repository.close()
            raise
        repository.close()
    return _session(whereabouts.session(name))


def _session(recorded: Recorded) -> Found:
    history, opened = _history(recorded)
    if not history.kept:
        raise SettingsError(f"session {opened.tag} has kept nothing: there is nothing to finalize.")
    repository = Repository.open(Path.cwd(), opened.project)
    try:
        chosen = [(keep, keep.commit) for keep in history.kept if keep.commit]
        name = f"autoresearch/{recorded.tag}"
        return _found(repository, recorded, history, opened, name, chosen, measured=True)
    except BaseException:
        repository.close()
        raise


def _selection(repository: Repository, ref: str, known: Sequence[Recorded]) -> Found:
    """A branch on a session's base whose commits say which experiments they come from."""
    tip, name = repository.ref(ref), ref.removeprefix("refs/heads/")
    assert tip is not None
    said = re.findall(rf"^{TRAILER}: (\S+)/(\d+)$", repository.message(tip), re.M)
    recorded = next((one for one in known if said and one.tag == said[0][0]), None)
    if recorded is None:
        raise SettingsError(
            f"{name} is no session's branch, nor of a session's commits. {whereabouts.offer(list(known))}"
        )
    history, opened = _history(recorded)
    repository.prefix = opened.project
    if not repository.is_ancestor(opened.base, tip):
        raise SettingsError(f"{name} does not begin at the base of session {opened.tag}, {opened.base[:7]}.")
    kept = {str(keep.n): keep for keep in history.kept}
    chosen = []
    for commit, _ in repository.line(opened.base, tip):
        numbers = re.findall(rf"^{TRAILER}: {re.escape(opened.tag)}/(\d+)$", repository.message(commit), re.M)
        if len(numbers) != 1 or numbers[0] not in kept:
            raise SettingsError(
                f"commit {commit[:7]} of {name} is not one keep of session {opened.tag}: its gain is unknown."
            )
        chosen.append((kept[numbers[0]], commit))
    head = history.incumbent.commit if history.incumbent else None
    same = head is not None and not repository.changes(head, tip)
    return _found(repository, recorded, history, opened, name, chosen, measured=same)


def _history(recorded: Recorded) -> tuple[History, Opened]:
    history = fold(read(recorded.journal))
    if history.opened is None:
        raise SettingsError(f"session {recorded.tag} has kept nothing yet: there is nothing to finalize.")
    return history, history.opened


def _found(
    repository: Repository,
    recorded: Recorded,
    history: History,
    opened: Opened,
    name: str,
    chosen: Sequence[tuple[Experiment, str]],
    *,
    measured: bool,
) -> Found:
    for commit in (opened.base, *(commit for _, commit in chosen)):
        if repository.ref(commit) is None:
            raise RepositoryError(
                f"commit {commit[:10]} of session {opened.tag} is gone from {repository.root}. Fetch it from a copy of "
                "the repository, then run the same command again."
            )
    log = read_log(recorded.journal)
    summary = summarise(log)
    told = {entry.row.n: entry for stretch in summary.stretches for entry in stretch.kept}
    keeps = tuple(Keep(e, commit, told[e.n], _left(repository, commit)) for e, commit in chosen)
    folder = SessionFolder(recorded.common_dir, recorded.tag)
    return Found(repository, folder, history, log, summary, opened, name, chosen[-1][1], keeps, measured)


def _left(repository: Repository, commit: str) -> dict[str, File | None]:
    paths = repository.differing(f"{commit}^", commit)
    return {path: _file(repository.tracked(commit, path)) for path in paths}


def _file(tracked: Tracked | None) -> File | None:
    return (tracked.mode, tracked.data) if tracked else None
