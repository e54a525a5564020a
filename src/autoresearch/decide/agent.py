"""What a command that edits files did and said: its edit in the target's own line endings, its words as a header."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from json import JSONDecodeError
from typing import Any

from autoresearch.decide.marks import NOTES, label

TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")
"""Colours, titles and movements of the cursor."""
DEFINITION = re.compile(
    r"\s*(?:[a-z]+\s+)*(def|class|fn|func|function|struct|enum|trait|impl|interface|module|sub)\b\s*([\w.:]+)"
)
"""A line that begins something with a name, in most languages."""


def in_endings_of(old: str, new: str) -> str:
    """The new text with the old one's line endings, where that has CRLF throughout and the new one none at all.

    Many agents read files in a way that loses them: no such edit is meant.
    """
    crlf = "\r\n" in old and "\n" not in old.replace("\r\n", "")
    return new.replace("\n", "\r\n") if crlf and "\r" not in new else new


def account(output: str, prompt: str, before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """An answer that begins with the header: the last one in the output, else a description of the edit itself.

    `before` are the targets' texts, `after` those that changed. What the output repeats of the prompt is none of it.
    """
    said = _after_prompt(plain(output), prompt)
    lines = said.split("\n")
    begin = _last_header(lines)
    if begin is None:
        return f"description: {described(before, after)}\n\n{said}"
    return "\n".join([*lines[begin:], "", *lines[:begin]])


def plain(output: str) -> str:
    """What a program printed, without a terminal's orders, and the texts that are in JSON as lines of their own."""
    text = TERMINAL.sub("", output).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(_unpacked(text))


def described(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """`edits life.py: 12 lines added, 4 removed, near def step`."""
    told = [f"{path}: {_difference(before[path], text)}" for path, text in after.items() if text != before[path]]
    return f"edits {'; '.join(told)}" if told else "edits nothing"


def _after_prompt(said: str, prompt: str) -> str:
    """The output behind its last copy of the prompt, which holds a header as an example."""
    end = plain(prompt).strip().rpartition("\n")[2].strip()
    return said.rpartition(end)[2] if end else said


def _last_header(lines: list[str]) -> int | None:
    """Where the last header begins: at its description, or at the notes right above it."""
    keys = [found[0] if (found := label(line)) else None for line in lines]
    if "description" not in keys:
        return None
    at = len(keys) - 1 - keys[::-1].index("description")
    while at > 0 and keys[at - 1] in set(NOTES) - {"description"}:
        at -= 1
    return at


def _unpacked(text: str) -> Iterator[str]:
    """The text, with the strings that a JSON object at the start of a line holds in place of that object."""
    at = 0
    for opening in re.finditer(r"^\s*\{", text, re.MULTILINE):
        if opening.start() < at:
            continue
        try:
            held, end = json.JSONDecoder().raw_decode(text, opening.end() - 1)
        except (JSONDecodeError, RecursionError):
            continue
        yield text[at : opening.end() - 1] + "\n\n".join(_strings(held))
        at = end
    yield text[at:]


def _strings(held: Any) -> Iterator[str]:
    if isinstance(held, str):
        yield held
    elif isinstance(held, dict | list):
        for each in held.values() if isinstance(held, dict) else held:
            yield from _strings(each)


def _difference(old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    changes = [change for change in difflib.SequenceMatcher(None, before, after).get_opcodes() if change[0] != "equal"]
    added = sum(stop - start for _, _, _, start, stop in changes)
    removed = sum(stop - start for _, start, stop, _, _ in changes)
    lines = "line" if added == 1 else "lines"
    return f"{added} {lines} added, {removed} removed" + (_near(after, changes[0][3]) if changes else "")


def _near(lines: list[str], at: int) -> str:
    """`, near def step`: the nearest definition at or above a line."""
    found = (match for line in reversed(lines[: at + 1]) if (match := DEFINITION.match(line)))
    nearest = next(found, None)
    return f", near {nearest[1]} {nearest[2]}" if nearest else ""
