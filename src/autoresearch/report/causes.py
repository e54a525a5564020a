"""Why an experiment crashed, as one of a few kinds, from whatever was written down about it."""

from __future__ import annotations

import re
from typing import NamedTuple

from autoresearch.report.log import Row


class _Kind(NamedTuple):
    name: str
    words: frozenset[str]
    """Any of these says it, standing alone: `nan` is not in `finance`."""
    pattern: re.Pattern[str]
    """So does this, wherever it stands. Each choice begins with a letter: with `\\b` or `^` a search takes longer."""


def _kind(name: str, pattern: str, words: str = "") -> _Kind:
    return _Kind(name, frozenset(words.split()), re.compile(pattern))


_WORD = re.compile(r"\w+")
_KINDS = (
    _kind("no usable edit", r"edit_failed\b"),
    _kind("out of memory", r"out of memory|memory ?error|allocat\w+ fail", "oom"),
    _kind("timeout", r"time[ds]? ?out|timeout|killed after|took too long", "hang hangs hung"),
    _kind("not a number", r"explod", "nan inf infinity diverge diverged diverges"),
    _kind(
        "wrong result",
        r"assert|mismatch|divergence|checkpoint|check(s|ed)? fail|fail\w* checks?|incorrect|wrong|corrupt|correctness",
    ),
    _kind("does not build or start", r"compil|syntax|import|not found|no module|undefined|build|blocked|not supported"),
    _kind("no metric", r"no '|no metric|never printed|disagree"),
    _kind("exit code", r"exit (code|status)|exited|returned non-?zero|signal \d+|segfault|core dump"),
)
_WORDS = frozenset(word for kind in _KINDS for word in kind.words)
_ANYWHERE = re.compile("|".join(kind.pattern.pattern for kind in _KINDS))


def cause(row: Row) -> str:
    """Why a row crashed, as one of a few kinds, from the verdict's reason or else the description."""
    said = f"{row.reason or row.description} {row.raw_status} {row.raw_value}".lower()
    words = _WORD.findall(said)
    # Most say nothing of the kind, and to ask once is cheaper than to ask for each kind.
    if _WORDS.isdisjoint(words) and not _ANYWHERE.search(said):
        return "other"
    return next(kind.name for kind in _KINDS if not kind.words.isdisjoint(words) or kind.pattern.search(said))
