"""A diff and the end of a log as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

_TAGS = {"+": "ins", "-": "del", "@": "i", "d": "b"}
_NOISE = ("index ", "--- ", "+++ ", "new file", "deleted file", "old mode", "new mode")


def coloured(lines: Sequence[str]) -> str:
    """The diff in a `pre`: what was added, what went, and in which file, also for those who see no colours."""
    return f"<pre>{''.join(_runs(lines))}</pre>"


def plain(lines: Sequence[str]) -> str:
    """Lines as they are, in a `pre`."""
    return f"<pre>{escape(chr(10).join(lines))}</pre>"


def _runs(lines: Sequence[str]) -> Iterator[str]:
    """Lines of one kind in one element: there are many of them."""
    for kind, found in groupby(_told(lines), key=lambda line: line[0]):
        text = escape("\n".join(line for _, line in found))
        tag = _TAGS.get(kind)
        # `ins` and `del` are blocks of their own, which end their lines themselves.
        yield f"{text}\n" if tag is None else f"<{tag}>{text}</{tag}>" + ("" if kind in "+-" else "\n")


def _told(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(Kind, line), the names of files once and without the rest of git's header."""
    in_header = False
    for line in lines:
        if line.startswith("diff --git "):
            in_header = True
            yield "d", line.removeprefix("diff --git ").rpartition(" b/")[2]
        elif in_header and line.startswith(_NOISE):
            if line.startswith(("new file", "deleted file")):
                yield "d", line
        elif line.startswith("@@"):
            in_header = False
            yield "@", line
        else:
            yield (line[:1] if line[:1] in ("+", "-") else " "), line
