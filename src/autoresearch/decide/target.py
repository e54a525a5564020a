"""A text under edit: lines that keep their endings, and know where they come from."""

from __future__ import annotations

from dataclasses import dataclass

from autoresearch.decide.ladder import Lines

HELD, FRESH = -1, -2


@dataclass
class Target:
    """A text under edit: its lines, beside them their endings, and where each comes from."""

    lines: list[str]
    ends: list[str]
    sources: list[int]
    """The line's number in the incumbent's text; `HELD` or `FRESH` where an edit put it there."""
    taken: list[tuple[int, int]]
    """Lines of the incumbent's text, first and behind the last, that held edits change; none for an insertion."""
    newline: str
    """The ending that most lines have."""
    byte_order_mark: str
    open_ended: bool
    """The last line has no newline; `ends` gives it one until `text` takes it away again."""

    @classmethod
    def of(cls, text: str) -> Target:
        body = text.removeprefix("\ufeff")
        newline = "\r\n" if 2 * body.count("\r\n") > body.count("\n") else "\n"
        open_ended = bool(body) and not body.endswith("\n")
        raw = (body + newline if open_ended else body).split("\n")[:-1]
        ends = ["\r\n" if line.endswith("\r") else "\n" for line in raw]
        lines = [line.removesuffix("\r") for line in raw]
        mark = text[: len(text) - len(body)]
        return cls(lines, ends, list(range(len(lines))), [], newline, mark, open_ended)

    def put(self, start: int, stop: int, lines: list[str], *, held: bool) -> None:
        """Replace lines. Those at either end that stay the same are not touched."""
        head = _alike(self.lines[start:stop], lines)
        tail = _alike(self.lines[start + head : stop][::-1], lines[head:][::-1])
        start, stop, lines = start + head, stop - tail, lines[head : len(lines) - tail]
        if held:
            self.taken.append(self.place(start, stop))
        self.lines[start:stop] = lines
        self.ends[start:stop] = [self.newline] * len(lines)
        self.sources[start:stop] = [HELD if held else FRESH] * len(lines)

    def place(self, start: int, stop: int) -> tuple[int, int]:
        """These lines in the incumbent's text: from behind its last line before them to its first one after them."""
        before = next((k + 1 for k in reversed(self.sources[:start]) if k >= 0), 0)
        return before, next((k for k in self.sources[stop:] if k >= 0), before + stop - start)

    def meets_held(self, start: int, stop: int) -> bool:
        """True where held edits changed something in these lines, or between them."""
        own = [k for k in self.sources[start:stop] if k >= 0]
        return HELD in self.sources[start:stop] or bool(own and self.is_taken(own[0], own[-1] + 1))

    def is_own(self, start: int, stop: int) -> bool:
        """True where all of these lines are of the incumbent's text."""
        return all(k >= 0 for k in self.sources[start:stop])

    def is_taken(self, start: int, stop: int) -> bool:
        """True where held edits change something in these lines of the incumbent's text, or between them."""
        return any(start < end and begin < stop for begin, end in self.taken)

    def text(self) -> str:
        body = "".join(line + end for line, end in zip(self.lines, self.ends, strict=True))
        if not self.open_ended:
            return self.byte_order_mark + body
        while body.endswith(2 * self.newline):  # a blank line at the end would be a final newline
            body = body.removesuffix(self.newline)
        return self.byte_order_mark + body.removesuffix(self.newline)


def _alike(some: Lines, others: Lines) -> int:
    """How many lines are the same from the beginning."""
    return next((k for k, (a, b) in enumerate(zip(some, others, strict=False)) if a != b), min(len(some), len(others)))


def split(text: str) -> Lines:
    """Lines without their endings; no line at all for the empty text."""
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    return lines if lines[-1] else lines[:-1]
