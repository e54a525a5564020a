"""What a page shows of an experiment besides its row: its diff and the end of its log, in a length that can be read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from autoresearch.report.log import Row

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


@dataclass(frozen=True)
class Exhibit:
    """Of one experiment. All texts are foreign."""

    diff: Sequence[str] | None = None
    """The lines of what its commit changed; None where the commit is not to be had."""
    diff_cut: int = 0
    """So many more lines there are."""
    log: Sequence[str] = ()
    """The last lines of what it printed last."""
    code: str = ""
    """What to check out to have its code; empty where that is not to be had."""


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Those that a person looks at first come first: what was kept, then the latest."""
    return sorted(rows, key=lambda row: (row.status not in ("keep", "baseline"), -row.n))


def harmless(text: str) -> str:
    """With what cannot be seen, or turns the order of letters around, written out: `⟨U+202E⟩`."""
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
