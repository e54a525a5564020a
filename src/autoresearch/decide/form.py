"""Whether whole files or SEARCH/REPLACE blocks are asked for, or edits in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from autoresearch.model import Form

WHOLE_FILE_LINES = 400
"""Up to so many lines a target is answered whole: that lands more often, and short files cost little."""
BYTES_A_TOKEN = 3
"""Fewer than programs have, so that a file that fits by this leaves room for the model's thoughts."""
ENOUGH = 10
"""Answers in blocks after which a model's record counts."""
RATE = 0.9
"""A model that lands fewer of them is asked for whole files."""
FAULTS = frozenset(
    {
        "ambiguous edit",
        "ambiguous reply",
        "code in JSON",
        "conflict markers",
        "empty search",
        "malformed block",
        "overlapping edit",
        "search ambiguous",
        "search not found",
        "text left out",
        "unified diff",
        "unknown target",
    }
)
"""Reasons of refusals that say something about the form: the edit did not get through, whatever it was."""


@dataclass(frozen=True)
class Tally:
    """What became of the answers in blocks that a model was asked for."""

    landed: int = 0
    failed: int = 0

    @property
    def poor(self) -> bool:
        """True when it is time to try another form."""
        asked = self.landed + self.failed
        return asked >= ENOUGH and self.landed < RATE * asked

    def after(self, reason: str | None) -> Tally:
        """With one more answer: refused for this reason, or taken."""
        if reason is None:
            return Tally(self.landed + 1, self.failed)
        return Tally(self.landed, self.failed + 1) if reason in FAULTS else self


def choose(
    files: Mapping[str, str], max_tokens: int, *, wanted: Form | None = None, tally: Tally | None = None
) -> Form:
    """The form of the first answer: whole where it fits and the files are short, or the model is poor at blocks.

    `wanted` is what suits the proposer: whole, where it fits, or in place.
    """
    if wanted == "in place":
        return wanted
    whole = is_short(files) or wanted == "whole" or (tally is not None and tally.poor)
    return "whole" if whole and fits(files, max_tokens) else "blocks"


def again(now: Form, files: Mapping[str, str], max_tokens: int, *, cut_off: bool, last: bool) -> Form:
    """The form of the next answer; `cut_off` says that one of those so far had no end, so that a shorter one is due."""
    if now == "in place":
        return now
    if cut_off:
        return "blocks"
    return "whole" if last and fits(files, max_tokens) else now


def is_short(files: Mapping[str, str]) -> bool:
    """True where whole files are asked for if nothing speaks against it."""
    return all(text.count("\n") <= WHOLE_FILE_LINES for text in files.values())


def fits(files: Mapping[str, str], max_tokens: int) -> bool:
    """True where a reply can hold all of these files."""
    return sum(len(text.encode(errors="replace")) for text in files.values()) <= BYTES_A_TOKEN * max_tokens
