"""A model's plain-text answer → description, hypothesis, category and edits, or why there are none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from autoresearch.decide.marks import (
    DIVIDER,
    NOTES,
    REPLACE,
    SEARCH,
    Fence,
    bare_path,
    fence,
    label,
    length,
    names_file,
)


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


def parse(text: str, *, truncated: bool = False, edits: bool = True) -> ParsedReply | Refusal:
    """Take an answer apart. Never raises; what is cut off or ambiguous is refused, never guessed at.

    `truncated` says that the provider reported so. Without `edits` only the header is wanted, as from an
    agent that edits files itself.
    """
    if truncated:
        return CUT_OFF
    reader = _Reader(text)
    refusal = reader.read()
    chosen = (refusal or reader.chosen()) if edits else ()
    return chosen if isinstance(chosen, Refusal) else ParsedReply(*reader.header(), chosen)


_FORMAT = (
    "Answer with the lines `description:`, `hypothesis:`, `category:` and `expected:`, then either the complete new "
    "file in one fenced block, or blocks of `<<<<<<< SEARCH`, the exact old lines, `=======`, the new lines and "
    "`>>>>>>> REPLACE`, each on a line of its own."
)
CUT_OFF = Refusal(
    "truncated",
    "The answer was cut off at its length limit. Think more briefly, and send just the changed lines as "
    "SEARCH/REPLACE blocks.",
)
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_PERCENT = re.compile(rf"([-+]?{_NUMBER})\s*(?:%?\s*(?:to|-|–|\.\.)\s*\+?({_NUMBER})\s*)?%")
_TIMES = re.compile(rf"\b({_NUMBER})\s*(?:[x×]|times\b)|[x×]\s*({_NUMBER})")
_BARE = re.compile(rf"([-+]?{_NUMBER})()")
MOST_EXPECTED = 1000.0
"""A larger share is no prediction."""
_ASIDES = {"bash", "sh", "shell", "console", "text", "txt", "output", "log"}
_MARKDOWN = {"md", "mdx", "markdown"}


class _Reader:
    """A state machine over lines: at the top level, in a fenced block, or in a SEARCH/REPLACE block."""

    def __init__(self, text: str) -> None:
        self.lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
        self.at = 0
        self.path: str | None = None
        self.wrapper: Fence | None = None
        self.named: list[Edit] = []
        self.loose: list[tuple[str, WholeFile]] = []
        self.notes: dict[str, str] = {}
        self.note: str | None = None
        self.prose = ""

    def read(self) -> Refusal | None:
        """Read every line; a refusal at the first block that is not whole."""
        if self.lines[0].strip() == "<think>":
            if "</think>" not in self.lines:
                return Refusal("truncated", "The answer ended within its reasoning. " + _FORMAT)
            self.at = self.lines.index("</think>") + 1
        while self.at < len(self.lines):
            if refusal := self._line(self.lines[self.at]):
                return refusal
            self.at += 1
        if self.wrapper is not None:
            return Refusal("truncated", "The fence around the blocks is not closed: the answer looks cut off.")
        return None

    def chosen(self) -> tuple[Edit, ...] | Refusal:
        """The edits meant, in order; fenced blocks that only illustrate are left out."""
        files = [block for language, block in self.loose if language not in _ASIDES]
        if self.named and not (files and any(isinstance(edit, WholeFile) for edit in self.named)):
            return tuple(self.named)
        if not self.named and not files:
            files = [block for _, block in self.loose]
        if not self.named and len(files) == 1:
            return (files[0],)
        if not files:
            said = f" It began: {self.prose!r}." if self.prose else ""
            return Refusal("no edit found", f"The answer holds no edit.{said} {_FORMAT}")
        return Refusal(
            "ambiguous reply",
            f"The answer has {len(files) + len(self.named)} blocks, and not each says which file it is. Send "
            "exactly one fenced block, or put a line `FILE: path` before each; show no other code.",
        )

    def header(self) -> tuple[str, str, str, float | None]:
        """Description, hypothesis, category and expected gain, with words for what was not said."""
        return (
            _one_line(self.notes.get("description", "")) or self.prose or "(no description)",
            _one_line(self.notes.get("hypothesis", ""), limit=1000),
            _one_line(self.notes.get("category", "")).lower() or "other",
            _percent(self.notes.get("expected", "")),
        )

    def _line(self, line: str) -> Refusal | None:
        if length(SEARCH, line):
            return self._search_block()
        if length(REPLACE, line):
            return Refusal(
                "malformed block",
                f"Line {self.at + 1} is a REPLACE marker outside a block. Where the content itself has such "
                "lines, use markers of 9 characters around it.",
            )
        if mark := fence(line):
            return self._fenced(mark)
        self._prose(line)
        return None

    def _search_block(self) -> Refusal | None:
        start, opening = self.at + 1, length(SEARCH, self.lines[self.at])
        end = self._replace_mark(start, opening)
        if end is None:
            return Refusal("truncated", f"The block that line {start} opens has no `>>>>>>> REPLACE` line.")
        body = self.lines[start:end]
        dividers = [k for k, line in enumerate(body) if length(DIVIDER, line)]
        if not dividers:
            return Refusal("malformed block", f"The block that line {start} opens has no `=======` line.")
        cut = next((k for k in dividers if length(DIVIDER, body[k]) == opening), dividers[0])
        self.named.append(Replace(self.path, _joined(body[:cut]), _joined(body[cut + 1 :]), body[cut]))
        self.at, self.note = end, None
        return None

    def _replace_mark(self, start: int, opening: int) -> int | None:
        """The line that ends the block: the first of the opening marker's length, else the first of all."""
        other = None
        for at in range(start, len(self.lines)):
            if length(SEARCH, self.lines[at]) == opening:
                break
            closing = length(REPLACE, self.lines[at])
            if closing == opening:
                return at
            other = at if closing and other is None else other
        return other

    def _fenced(self, mark: Fence) -> Refusal | None:
        self.note = None
        if self.wrapper is not None and mark.matches(self.wrapper) and not mark.info:
            self.wrapper = None
            return None
        if self._wraps():
            self.wrapper = mark
            return None
        end = self._closing(mark)
        if end is None:
            return Refusal(
                "truncated",
                f"It is not clear which line closes the block that line {self.at + 1} opens. Either the "
                f"answer is cut off, or the file itself has {mark.char * 3} lines: then fence it with "
                f"{mark.char * 5}.",
            )
        block = WholeFile(mark.path or self.path, _joined(self.lines[self.at + 1 : end]))
        if block.path is not None:
            self.named.append(block)
        elif mark.language not in ("diff", "patch"):  # taken for a file's text, a diff would destroy it
            self.loose.append((mark.language, block))
        self.at, self.path = end, None
        return None

    def _wraps(self) -> bool:
        """True when the fence here only wraps SEARCH/REPLACE blocks, or the header where there was none yet."""
        noted = False
        for line in self.lines[self.at + 1 :]:
            found = label(line)
            if found is None and line.strip() and not bare_path(line):
                return bool(length(SEARCH, line)) or (noted and not self.notes and fence(line) is not None)
            noted = noted or (found is not None and found[0] in NOTES)
        return False

    def _closing(self, opening: Fence) -> int | None:
        """The line that closes the block opened here, or None where that is not sure.

        An inner fence with a language opens an inner block, a bare one closes the innermost. When a bare
        fence is next behind the end, that end was rather the start of an inner block: surely so in Markdown only.
        """
        markdown = {
            opening.language,
            (opening.path or self.path or "").rpartition(".")[2].lower(),
        } & _MARKDOWN
        depth = 1
        end: int | None = None
        for at, mark, opens in self._fences_behind(opening):
            if end is None:
                depth += 1 if mark.info else -1
                end = at if depth == 0 else None
            elif opens:
                return end
            elif markdown:
                depth, end = 1, None
            else:
                return None
        return end

    def _fences_behind(self, opening: Fence) -> Iterator[tuple[int, Fence, bool]]:
        """Fences that could close `opening`, and whether each, if it stands outside, opens a new block."""
        named = False
        for at in range(self.at + 1, len(self.lines)):
            line = self.lines[at]
            mark = fence(line)
            if mark is not None and mark.matches(opening):
                yield at, mark, bool(mark.info) or named
            if line.strip():
                named = names_file(line)

    def _prose(self, line: str) -> None:
        found = label(line)
        if found is not None and found[0] == "file":
            self.path, self.note = found[1], None
        elif found is not None:
            self.note = found[0] if found[0] not in self.notes else None
            self.notes.setdefault(*found)
        elif not line.strip():
            self.note = self.note if self.note and not self.notes[self.note] else None
        elif (path := bare_path(line)) and self._block_follows():
            self.path, self.note = path, None
        elif self.note and (self.note == "hypothesis" or not self.notes[self.note]):
            self.notes[self.note] = f"{self.notes[self.note]} {line}"[:2000]
        elif not self.prose:
            self.prose = _one_line(line.strip("#>*_` \t"))

    def _block_follows(self) -> bool:
        following = next((line for line in self.lines[self.at + 1 :] if line.strip()), "")
        return bool(length(SEARCH, following)) or fence(following) is not None


def _percent(text: str) -> float | None:
    """`+2 %`, `1-3% better` (its middle), `2` (percent too), `2.5x` as a share; None for anything else."""
    said = text.replace("−", "-").replace(",", ".").strip(" .")
    if found := _TIMES.search(said):
        share = float(found[1] or found[2]) - 1
    elif found := _PERCENT.search(said) or _BARE.fullmatch(said):
        low = float(found[1])
        share = (low + float(found[2] or low)) / 200
    else:
        return None
    return share if abs(share) <= MOST_EXPECTED else None


def _joined(lines: list[str]) -> str:
    return "".join(line + "\n" for line in lines)


def _one_line(text: str, limit: int = 200) -> str:
    """One line without control characters, lone surrogates and invisible direction marks."""
    kept = (" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
