"""What a model's answer says: description, hypothesis, category and edits, or why it is not taken."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field


@dataclass(frozen=True)
class WholeFile:
    """The complete new text of one target."""

    path: str | None
    """As the model wrote it; None where it named none."""
    text: str


@dataclass(frozen=True)
class Replace:
    """Whole lines to find exactly once, and the lines to put there."""

    path: str | None
    search: str
    replace: str
    """Empty text is no line at all: a deletion."""
    divider: str = field(default="=======", compare=False)
    """The line that parted the two. It is the first such line; the content may hold more of them."""


Edit = WholeFile | Replace


@dataclass(frozen=True)
class Refusal:
    """Why an answer is not taken."""

    reason: str
    """A short class, the same words each time."""
    detail: str = ""
    """What to tell the model."""


@dataclass(frozen=True)
class ParsedReply:
    """An answer taken apart; whether its edits land is another question."""

    description: str
    hypothesis: str
    category: str
    expected: float | None
    """Relative gain that it predicts, positive when better; None where it says none that can be read."""
    edits: tuple[Edit, ...]
    has_header: bool = field(default=True, compare=False)
    """False where its description was made from other words, or from none."""


def sentence(refusal: Refusal) -> str:
    """For people: the reason with the first sentence of the detail, in one line."""
    detail = re.sub(r"^(?:Block \d+ of \d+|A block that was held): ", "", refusal.detail)
    first = one_line(re.split(r"\. |\n", detail)[0], limit=160).rstrip(".")
    return first if refusal.reason == "duplicate" else f"{refusal.reason}, {first}"


FORMAT = (
    "Answer with the lines `description:`, `hypothesis:`, `category:` and `expected:`, then either the complete new "
    "file in one fenced block, or blocks of `<<<<<<< SEARCH`, the exact old lines, `=======`, the new lines and "
    "`>>>>>>> REPLACE`, each on a line of its own."
)
CUT_OFF = Refusal(
    "truncated",
    "The answer was cut off at its length limit. Think more briefly, and send just the changed lines as "
    "SEARCH/REPLACE blocks.",
)
UNIFIED_DIFF = Refusal(
    "unified diff",
    "Diffs and patches are not taken: their line numbers and counts are wrong too often. Send SEARCH/REPLACE blocks "
    "instead. " + FORMAT,
)
IN_JSON = Refusal("code in JSON", "The edit is wrapped in JSON. Send it as plain text. " + FORMAT)


def one_line(text: str, limit: int = 200) -> str:
    """One line without control characters, lone surrogates and invisible direction marks."""
    kept = (" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
