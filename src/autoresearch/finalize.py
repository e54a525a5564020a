"""Branches for review out of a session's keeps: planned without a change, then made all at once or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from autoresearch.decide.topics import Fabric, File, Topic, named
from autoresearch.edge import footprint
from autoresearch.edge.commit import Draft, Tracked
from autoresearch.edge.pick import meet
from autoresearch.edge.receipt import Receipt
from autoresearch.edge.repo import Repository
from autoresearch.errors import RepositoryError, SettingsError
from autoresearch.finalized import Found, Keep
from autoresearch.report import brought
from autoresearch.report.brought import Brought
from autoresearch.secrets import redactor

Fate = Literal["new", "same", "moved"]
"""What becomes of a branch: it is made, stands there already, or is one that an earlier call made, and is made anew."""


class Shape(StrEnum):
    """What the keeps become."""

    SQUASH = "squash"
    KEEPS = "keeps"
    TOPICS = "topics"


@dataclass(frozen=True)
class Piece:
    """One branch to be made."""

    branch: str
    """Its short name."""
    topic: str
    """Its own part of the name; empty where it is the only branch."""
    drafts: tuple[Draft, ...]
    brought: Brought
    now: str | None = None
    """The commit that it names now; None where there is no such branch."""
    fate: Fate = "new"

    @property
    def ref(self) -> str:
        """Its full name."""
        return f"refs/heads/{self.branch}"


@dataclass(frozen=True)
class Plan:
    """All that is to be made."""

    start: str
    """The commit that the branches stand on."""
    pieces: tuple[Piece, ...]
    undone: tuple[Keep, ...]
    """Keeps of which nothing is left, or that are in `start` already."""


def plan(found: Found, shape: Shape, onto: str | None, name: str | None) -> Plan:
    """What would be made. Raises SettingsError and RepositoryError; nothing is changed."""
    repository = found.repository
    start = _start(found, onto)
    branch = name or f"{found.name}-final"
    if not repository.is_branch_name(branch):
        raise SettingsError(f"--branch {branch!r} is not a branch name. Use letters, digits, '/', '.', '_' and '-'.")
    pieces, undone = _pieces(found, shape, start, branch)
    if not pieces:
        where = "is left at its head" if start == found.opened.base else f"is not in {start[:7]} already"
        raise SettingsError(f"nothing of what {found.name} kept {where}: there is nothing to finalize.")
    receipt = Receipt.of(found.folder)
    fated = tuple(_with_fate(repository, receipt, start, piece) for piece in pieces)
    return Plan(start, fated, undone)


def make(found: Found, plan: Plan) -> dict[str, str]:
    """Make the branches: branch → its commit. Raises RepositoryError, having made none."""
    repository, aside = found.repository, f"refs/autoresearch-final/{found.opened.tag}/"
    due = [piece for piece in plan.pieces if piece.fate != "same"]
    tips = {piece.branch: piece.now for piece in plan.pieces if piece.now and piece.fate == "same"}
    try:
        for number, piece in enumerate(due):
            tips[piece.branch] = footprint.build(repository, f"{aside}{number}", plan.start, piece.drafts)
        Receipt.of(found.folder).note(tips, found.head)
        footprint.point(repository, ((piece.ref, tips[piece.branch], piece.now or footprint.NULL_ID) for piece in due))
    finally:
        # Those of a call that was killed, too.
        asides = [(ref, tip) for ref in repository.refs(aside) if (tip := repository.ref(ref))]
        footprint.point(repository, ((ref, footprint.NULL_ID, tip) for ref, tip in asides))
    return tips


def _start(found: Found, onto: str | None) -> str:
    if onto is None:
        return found.opened.base
    start = found.repository.ref(onto)
    if start is None:
        raise SettingsError(f"--onto {onto} is no commit of this repository. Name a branch or a commit.")
    return start


def _pieces(found: Found, shape: Shape, start: str, branch: str) -> tuple[list[Piece], tuple[Keep, ...]]:
    cloth = found.fabric
    groups = joined(found.repository.merged, cloth) if shape is Shape.TOPICS else cloth.topics()
    left = [group for group in groups if cloth.files(group)]
    match shape:
        case Shape.SQUASH:
            files = _Onto(found, start).step({}, cloth.files(range(len(found.keeps))))
            chosen = [at for group in left for at in group] if files else []
            parts = [("", sorted(chosen), [files])] if files else []
        case Shape.KEEPS:
            parts = _one_by_one(found, _Onto(found, start), sorted(at for group in left for at in group))
        case Shape.TOPICS:
            made = [(group, _Onto(found, start).step({}, cloth.files(group), group)) for group in left]
            full = [(group, files) for group, files in made if files]
            names = _names(found, [group for group, _ in full])
            parts = [(name, list(group), [files]) for name, (group, files) in zip(names, full, strict=True)]
    present = {at for _, chosen, _ in parts for at in chosen}
    undone = tuple(keep for at, keep in enumerate(found.keeps) if at not in present)
    return [_piece(found, shape, start, branch, part, present, undone) for part in parts], undone


Part = tuple[str, list[int], list[dict[str, Tracked | None]]]
"""A topic's name, the places of the keeps on it, and what its commits change: one for all keeps, or one each."""


def _one_by_one(found: Found, onto: _Onto, left: Sequence[int]) -> list[Part]:
    """A commit a keep. What another keep undid is left out, and what the start has already."""
    chosen, steps = [], []
    before: dict[str, File | None] = {}
    for count, at in enumerate(left, start=1):
        after = found.fabric.files(left[:count])
        if files := onto.step(before, after, [at]):
            chosen.append(at)
            steps.append(files)
        before = after
    return [("", chosen, steps)] if chosen else []


class _Onto:
    """The files of the commit that the branches stand on, and how each step changes them."""

    def __init__(self, found: Found, start: str) -> None:
        self._found, self._start = found, start
        self._here: dict[str, Tracked | None] = {}

    def step(
        self, before: Mapping[str, File | None], after: Mapping[str, File | None], at: Collection[int] | None = None
    ) -> dict[str, Tracked | None]:
        """What changes here when files go from `before` to `after`; both leave out what is as at the base.

        From one step to the next the files stay as they are left, where the steps follow each other. Raises
        RepositoryError where a change conflicts with the commit.
        """
        base, repository = self._found.fabric.base, self._found.repository
        changed = {}
        for path in sorted({*before, *after}):
            mine = self._here[path] if path in self._here else repository.tracked(self._start, path)
            old, theirs = (_tracked(side.get(path, base[path])) for side in (before, after))
            self._here[path], conflict = meet(repository, mine, old, theirs)
            if conflict:
                raise self._conflict(path, at)
            if self._here[path] != mine:
                changed[path] = self._here[path]
        return changed

    def _conflict(self, path: str, at: Collection[int] | None) -> RepositoryError:
        touching = [n for n in self._found.fabric.touching(path) if at is None or n in at]
        numbers = ", ".join(f"#{self._found.keeps[n].experiment.n}" for n in touching)
        return RepositoryError(
            f"what {numbers} changed in {path} conflicts with {self._start[:7]}, and nothing was made. Leave --onto "
            "out, and merge the branch by hand."
        )


def _tracked(file: File | None) -> Tracked | None:
    return Tracked(*file) if file else None


def _piece(
    found: Found, shape: Shape, start: str, stem: str, part: Part, present: Collection[int], undone: tuple[Keep, ...]
) -> Piece:
    topic, chosen, steps = part
    branch = f"{stem}-{topic}" if topic else stem
    keeps = [found.keeps[at] for at in chosen]
    brings = Brought(
        branch=branch,
        opened=found.opened,
        onto=start if start != found.opened.base else None,
        kept=tuple(keep.told for keep in keeps),
        gone=tuple(found.keeps[at].told for at in chosen if at not in found.lasting),
        apart=tuple(found.keeps[at].told for at in sorted(present) if at not in chosen),
        undone=tuple(keep.told for keep in undone) if shape is not Shape.TOPICS else (),
        measured=found.measured,
        seeds=found.seeds,
        own_seeds={keep.experiment.n: tuple(draw.seed for draw in keep.experiment.draws) for keep in keeps},
    )
    if shape is Shape.KEEPS:
        messages = [brought.single(found.log, brings, keep.told) for keep in keeps]
        dates = [keep.date for keep in keeps]
    else:
        messages, dates = [brought.squashed(found.log, found.summary, brings)], [keeps[-1].date]
    drafts = [
        Draft(redactor().text(message), date, files)
        for message, date, files in zip(messages, dates, steps, strict=True)
    ]
    return Piece(branch, topic, tuple(drafts), brings)


def _names(found: Found, groups: Sequence[Topic]) -> list[str]:
    """By the biggest keep of each that shows, else by its kind."""
    lasting = [[found.keeps[at].told for at in group if at in found.lasting] for group in groups]
    biggest = [brought.biggest(kept)[0].row for kept in lasting]
    return named([(row.description, row.category) for row in biggest])


def _with_fate(repository: Repository, receipt: Receipt, start: str, piece: Piece) -> Piece:
    """Raises RepositoryError for a branch of this name that is not ours to move."""
    now = repository.ref(piece.ref)
    if now is None:
        return piece
    if _stands(repository, now, start, piece.drafts):
        return replace(piece, now=now, fate="same")
    if now not in receipt.tips(piece.branch):
        raise RepositoryError(
            f"branch {piece.branch} exists, and is not as `autoresearch finalize` makes it; nothing was changed. Give "
            f"another name with --branch NAME, or rename it: git branch -m {piece.branch} NAME"
        )
    if repository.standing([piece.ref])[piece.ref][1]:
        raise RepositoryError(
            f"branch {piece.branch} is checked out, and is to be made anew; nothing was changed. Check out another one "
            "(`git switch -`), then run the same command again."
        )
    return replace(piece, now=now, fate="moved")


def _stands(repository: Repository, tip: str, start: str, drafts: Sequence[Draft]) -> bool:
    """True where the commits that lead from `start` to `tip` are these."""
    commit = tip
    for draft in reversed(drafts):
        author, _, message = repository.told(commit)
        parent = repository.ref(f"{commit}^")
        if (
            parent is None
            or author != repository.author(draft.date)
            or message != draft.message.encode(errors="replace")
        ):
            return False
        if set(repository.changes(parent, commit)) != {repository.full(path) for path in draft.files}:
            return False
        if any(repository.tracked(commit, path) != file for path, file in draft.files.items()):
            return False
        commit = parent
    return commit == start


Merge = Callable[[bytes, bytes, bytes], bytes | None]
"""As `Repository.merged`."""


def joined(merged: Merge, cloth: Fabric) -> list[Topic]:
    """The groups, joined further until git merges their changes in any order without a conflict."""
    together: list[Collection[int]] = []
    while clash := next(_clashes(merged, cloth, groups := cloth.topics(together)), None):
        together.append(clash)
    return groups


def _clashes(merged: Merge, cloth: Fabric, groups: Sequence[Topic]) -> Iterator[Collection[int]]:
    """Changes that must come together, because git does not merge their groups to what they come to."""
    for path in cloth.texts:
        base, touching = cloth.base[path], set(cloth.touching(path))
        for order in (list(groups), list(reversed(groups))):
            here, before = base, set[int]()
            for group in [group for group in order if touching & set(group)]:
                alone, both = cloth.file(path, group), cloth.file(path, before | set(group))
                assert base is not None
                assert here is not None
                assert alone is not None
                assert both is not None
                if merged(here[1], base[1], alone[1]) != both[1]:
                    yield [*group, *sorted(before & touching)]
                here, before = both, before | set(group)
