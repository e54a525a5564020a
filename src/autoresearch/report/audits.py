"""What an audit found out about a session's keeps, each measured anew against its parent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from autoresearch.decide.history import BASELINE, History
from autoresearch.decide.outcome import side_by_side
from autoresearch.decide.recover import fold
from autoresearch.edge.journal import salvage
from autoresearch.edge.whereabouts import AUDITS
from autoresearch.model import Direction

if TYPE_CHECKING:
    from autoresearch.decide.interval import Interval


@dataclass(frozen=True)
class Anew:
    """One commit's second look."""

    survives: bool
    gain: Interval | None
    """Over its parent, side by side; None where they ran in no pairs, as of an exact metric."""


def audited(journal: Path, history: History, direction: Direction) -> Mapping[str, Anew]:
    """Commit → what the latest finished audit of this session says; empty where there was none.

    An audit's journal lies beside the sessions' in git's folder; one of another base or metric says nothing here.
    """
    opened = history.opened
    assert opened is not None
    deep = len(PurePosixPath(opened.tag).parts)
    if len(journal.resolve().parents) <= deep + 1:
        return {}
    folder = journal.resolve().parents[deep + 1] / AUDITS / opened.tag
    for found in sorted(folder.glob("*/journal.jsonl"), key=lambda path: -path.stat().st_mtime):
        past = fold(salvage(found, found.read_bytes())[0])
        theirs = past.opened
        if theirs and past.closed and (theirs.base, theirs.metric) == (opened.base, opened.metric):
            return {e.commit: Anew(e.kept, side_by_side(e, direction)) for e in past.experiments[BASELINE:] if e.commit}
    return {}
