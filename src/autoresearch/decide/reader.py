"""A model's plain-text answer → what it says, or why that is not clear."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autoresearch.decide.expected import share
from autoresearch.decide.marks import (
    DIVIDER,
    NOTES,
    THOUGHT_ENDS,
    Fence,
    Marks,
    bare_path,
    closes,
    fence,
    is_diff,
    label,
    length,
    names_file,
    opening,
    thought,
)
from autoresearch.decide.reply import (
    CUT_OFF,
    FORMAT,
    IN_JSON,
    UNIFIED_DIFF,
    Edit,
    ParsedReply,
    Refusal,
    Replace,
    WholeFile,
    one_line,
)

_END = re.compile(r"(?:(?:<\|\w{1,40}\|>|</s>)\s*)+\Z")
"""Marks of a model's own for the end of its answer, which some servers let through."""
_ASIDES = {"bash", "sh", "shell", "console", "text", "txt", "output", "log"}
_DIFFS = {"diff", "patch"}
_MARKDOWN = {"md", "mdx", "markdown"}


def parse(text: str, *, truncated: bool = False, edits: bool = True, single: bool = False) -> ParsedReply | Refusal:
    """Take an answer apart. Never raises; what is cut off or ambiguous is refused, never guessed at.

    `truncated` says that the provider reported so. Without `edits` only the header is wanted, as from an
    agent that edits files itself. `single` says that there is one target, so that a small block beside its complete
    text can be no other file's.
    """
    if truncated:
        return CUT_OFF
    reader = _Reader(text)
    refusal = reader.read()
    chosen = (refusal or reader.chosen(single)) if edits else ()
    return chosen if isinstance(chosen, Refusal) else ParsedReply(*reader.header(), chosen, bool(reader.notes))


class _Reader:
    """A state machine over lines: at the top level, in a fenced block, or in a SEARCH/REPLACE block."""

    def __init__(self, text: str) -> None:
        self.lines = [line.rstrip("\r") for line in _ended(text.removeprefix("\ufeff")).split("\n")]
        self.at = _answer(self.lines)
        self.path: str | None = None
        self.edited = False
        self.wrapper: Fence | None = None
        self.named: list[Edit] = []
        self.loose: list[tuple[str, WholeFile]] = []
        self.diff = False
        self.notes: dict[str, str] = {}
        self.note: str | None = None
        self.prose = ""

    def read(self) -> Refusal | None:
        """Read every line; a refusal at the first block that is not whole."""
        while self.at < len(self.lines):
            if refusal := self._line(self.lines[self.at]):
                return refusal
            self.at += 1
        if self.wrapper is not None:
            return Refusal("truncated", "The fence around the blocks is not closed: the answer looks cut off.")
        return None

    def chosen(self, single: bool) -> tuple[Edit, ...] | Refusal:
        """The edits meant, in order; fenced blocks that only illustrate are left out."""
        files = [block for language, block in self.loose if language not in _ASIDES]
        if single and len(self.named) == 1 and isinstance(whole := self.named[0], WholeFile):
            files = [block for block in files if 2 * block.text.count("\n") >= whole.text.count("\n")]
        if self.named and not (files and any(isinstance(edit, WholeFile) for edit in self.named)):
            return tuple(self.named)
        if not self.named and not files:
            files = [block for _, block in self.loose]
        if not self.named and len(files) == 1:
            return (files[0],)
        if not files and (self.diff or any(is_diff(self.lines[k : k + 2]) for k in range(len(self.lines)))):
            return UNIFIED_DIFF
        if not files and self.prose.startswith(("{", "[{")):
            return IN_JSON
        if not files:
            said = f" It began: {self.prose!r}." if self.prose else ""
            return Refusal("no edit found", f"The answer holds no edit.{said} {FORMAT}")
        return Refusal(
            "ambiguous reply",
            f"The answer has {len(files) + len(self.named)} blocks, and not each says which file it is. Send "
            "exactly one fenced block, or put a line `FILE: path` before each; show no other code.",
        )

    def header(self) -> tuple[str, str, str, float | None]:
        """Description, hypothesis, category and expected gain, with words for what was not said."""
        return (
            one_line(self.notes.get("description", "")) or self.prose or "(no description)",
            one_line(self.notes.get("hypothesis", ""), limit=1000),
            one_line(self.notes.get("category", "")).lower() or "other",
            share(self.notes.get("expected", "")),
        )

    def _line(self, line: str) -> Refusal | None:
        if tag := thought(line):
            return self._skip(f"</{tag}>".lower())
        if marks := opening(line):
            return self._search_block(marks)
        if closes(line):
            return Refusal(
                "malformed block",
                f"Line {self.at + 1} is a REPLACE marker outside a block. Where the content itself has such "
                "lines, use markers of 9 characters around it.",
            )
        if mark := fence(line):
            return self._fenced(mark)
        self._prose(line)
        return None

    def _skip(self, end: str) -> Refusal | None:
        """Leave a model's reasoning out, drafts of edits included."""
        for at in range(self.at, len(self.lines)):
            if (found := self.lines[at].lower().find(end)) >= 0:
                self.lines[at] = self.lines[at][found + len(end) :]
                self.at = at - 1  # what stands behind the tag is read next
                return None
        return Refusal("truncated", "The answer ended within its reasoning. " + FORMAT)

    def _search_block(self, marks: Marks) -> Refusal | None:
        start, first = self.at + 1, self.lines[self.at]
        indent = first[: len(first) - len(first.lstrip())]
        # Deeper than a fence may be, all its markers are: those of the content keep their own depth.
        lines = [line.removeprefix(indent) for line in self.lines] if len(indent) > 3 else self.lines
        found = marks.search.fullmatch(first.lstrip())
        assert found
        end = _replace_mark(lines, start, marks, len(found[1]))
        if end is None:
            return Refusal("truncated", f"The block that line {start} opens has no `>>>>>>> REPLACE` line.")
        body = lines[start:end]
        dividers = [k for k, line in enumerate(body) if length(DIVIDER, line)]
        if not dividers:
            return Refusal("malformed block", f"The block that line {start} opens has no `=======` line.")
        cut = next((k for k in dividers if length(DIVIDER, body[k]) == len(found[1])), dividers[0])
        path = found[2] or self.path
        self.edited = True
        self.named.append(Replace(path, _joined(body[:cut]), _joined(body[cut + 1 :]), body[cut]))
        closing = marks.replace.fullmatch(lines[end])
        if closing and closing[2]:
            self.wrapper = None
        self.at, self.note = end, None
        return None

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
        body = self._peeled(self.lines[self.at + 1 : end])
        # Behind SEARCH/REPLACE blocks of a file a fence shows some of it, and is never all of it.
        block = WholeFile(mark.path or (None if self.edited else self.path), _joined(body))
        if (mark.language in _DIFFS or is_diff(body)) and (block.path or "").rpartition(".")[2] not in _DIFFS:
            if block.path is not None:
                return UNIFIED_DIFF
            self.diff = True
        elif block.path is not None:
            self.named.append(block)
        else:
            self.loose.append((mark.language, block))
        self.at = end
        self.path = self.path if self.edited else None
        return None

    def _peeled(self, body: list[str]) -> list[str]:
        """A block without the header, where that stands in it with the file and nowhere else."""
        found: dict[str, str] = {}
        rest = list(body)
        while rest and (not rest[0].strip() or ((note := label(rest[0])) and note[0] in NOTES)):
            if note := label(rest.pop(0)):
                found.setdefault(*note)
        if self.notes or len(found) < 2:
            return body
        self.notes.update(found)
        return rest

    def _wraps(self) -> bool:
        """True when the fence here only wraps SEARCH/REPLACE blocks, or the header where there was none yet."""
        noted = False
        for line in self.lines[self.at + 1 :]:
            found = label(line)
            if found is None and line.strip() and not bare_path(line):
                return opening(line) is not None or (noted and not self.notes and fence(line) is not None)
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
            elif opens or self._ends_wrapper(at):
                return end
            elif markdown:
                depth, end = 1, None
            else:
                return None
        return end

    def _ends_wrapper(self, at: int) -> bool:
        """True for the last line of an answer that is wrapped in a fence as a whole."""
        return self.wrapper is not None and not any(line.strip() for line in self.lines[at + 1 :])

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
            self.path, self.edited, self.note = found[1], False, None
        elif found is not None:
            self.note = found[0] if found[0] not in self.notes else None
            self.notes.setdefault(*found)
        elif not line.strip():
            self.note = self.note if self.note and not self.notes[self.note] else None
        elif (path := bare_path(line)) and self._block_follows():
            self.path, self.edited, self.note = path, False, None
        elif self.note and (self.note == "hypothesis" or not self.notes[self.note]):
            self.notes[self.note] = f"{self.notes[self.note]} {line}"[:2000]
        elif not self.prose:
            self.prose = one_line(line.strip("#>*_` \t"))

    def _block_follows(self) -> bool:
        following = next((line for line in self.lines[self.at + 1 :] if line.strip()), "")
        return opening(following) is not None or fence(following) is not None


def _ended(text: str) -> str:
    """Without marks at its end, of which there are a few at most."""
    return text[:-200] + _END.sub("", text[-200:])


def _answer(lines: list[str]) -> int:
    """The line that the answer begins with: behind a reasoning of which the server kept only the end tag.

    A tag within a fence or a block is one of the file's own lines.
    """
    block: Marks | None = None
    outer: Fence | None = None
    for at, line in enumerate(lines):
        mark = fence(line)
        if block:
            block = None if length(block.replace, line) else block
        elif outer:
            outer = None if mark and not mark.info and mark.matches(outer) else outer
        elif thought(line):
            break
        elif THOUGHT_ENDS.fullmatch(line.strip()):
            return at + 1
        else:
            block, outer = opening(line), mark
    return 0


def _replace_mark(lines: list[str], start: int, marks: Marks, size: int) -> int | None:
    """The line that ends the block: the first of the opening marker's length, else the first of all."""
    other = None
    for at in range(start, len(lines)):
        if length(marks.search, lines[at]) == size:
            break
        closing = length(marks.replace, lines[at])
        if closing == size:
            return at
        other = at if closing and other is None else other
    return other


def _joined(lines: list[str]) -> str:
    return "".join(line + "\n" for line in lines)
