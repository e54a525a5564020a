"""What became of a session's keeps afterwards: audits, ablations, and the branches that `finalize` made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from autoresearch.decide.ablation import Standing, standing, worth
from autoresearch.decide.history import BASELINE, History
from autoresearch.decide.outcome import side_by_side
from autoresearch.decide.recover import fold
from autoresearch.edge.journal import salvage
from autoresearch.edge.receipt import RECEIPT, Receipt
from autoresearch.edge.whereabouts import ABLATED, ABLATIONS, AUDITS, tip
from autoresearch.model import Direction
from autoresearch.records import DONE

if TYPE_CHECKING:
    from autoresearch.decide.interval import Interval


@dataclass(frozen=True)
class Anew:
    """One commit's second look."""

    survives: bool
    gain: Interval | None
    """Over its parent, side by side; None where they ran in no pairs, as of an exact metric."""


@dataclass(frozen=True)
class LeftOut:
    """What the head is without one keep."""

    along: tuple[str, ...]
    """Later commits that are built on it, and were left out with it."""
    standing: Standing
    worth: Interval | None
    """Gain of the head over the head without it; None where that could not be measured."""
    in_pairs: bool
    """False where one run of each told, as of an exact metric."""


@dataclass(frozen=True)
class Finalized:
    """What `finalize` made last."""

    head: str
    """The commit that it was made of."""
    branches: Mapping[str, str]
    """Short name → commit."""


@dataclass(frozen=True)
class Followups:
    """All that was done with the keeps after the session chose them."""

    audited: Mapping[str, Anew] = field(default_factory=dict)
    """Commit → what the latest finished audit says of it."""
    ablated: Mapping[str, LeftOut] = field(default_factory=dict)
    """Commit → what the latest finished ablation says of it."""
    ablate: str = ""
    """The command that tells of that ablation, with the flags that it was given; empty where it is not known."""
    spared: frozenset[frozenset[str]] = frozenset()
    """Sets of commits that the head was measured to do without, each set together."""
    shrunk: tuple[str, str] | None = None
    """Short name and commit of the branch without the dead weight; None where there is none."""
    finalized: Finalized | None = None


def followups(journal: Path, history: History, direction: Direction) -> Followups:
    """What lies about a session beside its journal, in git's folder; nothing for a journal that was copied away."""
    audit, ablation = _latest(AUDITS, journal, history), _latest(ABLATIONS, journal, history)
    head = ablation.baseline.value if ablation.baseline else None
    return Followups(
        audited={e.commit: Anew(e.kept, side_by_side(e, direction)) for e in audit.experiments[BASELINE:] if e.commit},
        # Each keep by itself comes before all that is dead weight together, so that its first one is its own.
        ablated={
            e.without[0]: LeftOut(e.without[1:], standing(e), worth(e, head, direction), bool(e.draws))
            for e in reversed(ablation.experiments)
            if e.without
        },
        ablate=ablation.began.typable if ablation.began else "",
        spared=frozenset(frozenset(e.without) for e in ablation.experiments if e.without and e.kept),
        shrunk=_shrunk(journal, history) if ablation.begun else None,
        finalized=_finalized(journal.parent / RECEIPT),
    )


def _latest(root: str, journal: Path, history: History) -> History:
    """The latest finished one of this session; one of another base or metric says nothing here."""
    opened = history.opened
    assert opened is not None
    deep = len(PurePosixPath(opened.tag).parts)
    if len(journal.resolve().parents) <= deep + 1:
        return History()
    folder = journal.resolve().parents[deep + 1] / root / opened.tag
    for found in sorted(folder.glob("*/journal.jsonl"), key=lambda path: -path.stat().st_mtime):
        past = fold(salvage(found, found.read_bytes())[0])
        theirs = past.opened
        if theirs and past.closed == DONE and (theirs.base, theirs.metric) == (opened.base, opened.metric):
            return past
    return History()


def _shrunk(journal: Path, history: History) -> tuple[str, str] | None:
    assert history.opened is not None
    branch = f"autoresearch/{history.opened.tag}-{ABLATED}"
    commit = tip(journal.parent, branch)
    return (branch, commit) if commit else None


def _finalized(path: Path) -> Finalized | None:
    receipt = Receipt.at(path)
    return Finalized(receipt.head, receipt.latest) if receipt.head else None
