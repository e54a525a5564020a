"""Why an experiment crashed, as one of a few kinds, from whatever was written down about it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autoresearch.report.log import Row

_CAUSES: Sequence[tuple[str, str]] = (
    ("no usable edit", r"^edit_failed\b"),
    ("out of memory", r"\boom\b|out of memory|memory ?error|\ballocat\w+ fail"),
    ("timeout", r"time[ds]? ?out|timeout|\bhangs?\b|\bhung\b|killed after|took too long"),
    ("not a number", r"\bnan\b|\binf(inity)?\b|diverge[ds]?\b|explod"),
    (
        "wrong result",
        r"assert|mismatch|divergence|checkpoint|check(s|ed)? fail|fail\w* checks?|incorrect|wrong|corrupt|correctness",
    ),
    ("does not build or start", r"compil|syntax|import|not found|no module|undefined|build|blocked|not supported"),
    ("no metric", r"no '|no metric|never printed|disagree"),
    ("exit code", r"exit (code|status)|exited|returned non-?zero|signal \d+|segfault|core dump"),
)


def cause(row: Row) -> str:
    """Why a row crashed, as one of a few kinds, from the verdict's reason or else the description."""
    said = f"{row.reason or row.description} {row.raw_status} {row.raw_value}".lower()
    return next((name for name, pattern in _CAUSES if re.search(pattern, said)), "other")
