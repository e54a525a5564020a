"""What is refused before any bench time is spent on it, and how two candidates are known to be the same."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache

from autoresearch.decide.elision import new_lines, stand_in
from autoresearch.decide.reply import Refusal
from autoresearch.decide.seeds import only_seeds_differ
from autoresearch.decide.syntax import CODE, only_comments_differ, parsed, python_tree, syntax_error, uncommented
from autoresearch.model import Proposal

MAX_BYTES = 1_000_000
"""A target's new text may not be larger."""
GROWTH = 20
"""Nor, above `GROWTH_BYTES`, so many times the incumbent's."""
GROWTH_BYTES = 200_000

SEED_ONLY = Refusal(
    "seed only",
    "Nothing but a random seed would change: that draws another number and improves nothing. Propose a real change.",
)


def screen(
    proposal: Proposal,
    incumbent: Mapping[str, str],
    tried: Mapping[str, str],
) -> Refusal | None:
    """Why a proposal is not worth a run, or None.

    `incumbent` is the text of every target; `tried` tells what became of each fingerprint, as in
    `#12: 0.9931, discard`.
    """
    if not proposal.files:
        return Refusal("no change", "No target was edited, or none was left as a text file.")
    for path, text in proposal.files.items():
        if path not in incumbent:
            return Refusal("unknown target", f"{path} is not a target. The targets: {', '.join(incumbent)}.")
        if refusal := _text(path, text, incumbent[path]):
            return refusal
    changed = [path for path, text in proposal.files.items() if not _same(path, incumbent[path], text)]
    if not changed:
        return Refusal("no change", "Nothing but layout or comments would change. Propose a real change.")
    if all(only_seeds_differ(path, incumbent[path], proposal.files[path]) for path in changed):
        return SEED_ONLY
    mark = fingerprint({**incumbent, **proposal.files})
    if mark in tried:
        return Refusal("duplicate", f"already tried as {tried[mark]}. Propose something else.")
    return None


def fingerprint(files: Mapping[str, str]) -> str:
    """SHA-256 in hexadecimal of all targets, blind to layout and comments: of Python the syntax tree.

    Two versions of Python may give one text two fingerprints; the same one never does.
    """
    parts = (f"{path}\0{_digest(path, text)}" for path, text in sorted(files.items()))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _same(path: str, old: str, new: str) -> bool:
    """True where nothing differs but layout and comments."""
    return _digest(path, old) == _digest(path, new) or only_comments_differ(path, old, new)


def size(files: Mapping[str, str]) -> int:
    """How much program there is in these texts; a candidate with less than its incumbent is a simplification.

    Of Python the nodes of the syntax tree and the words in its strings, docstrings left out; else the words and marks
    outside comments. So neither names, layout nor comments make a text smaller. Comparable between versions only.
    """
    return sum(_size(path, text) for path, text in files.items())


@lru_cache(maxsize=8)
def _size(path: str, text: str) -> int:
    tree = parsed(text) if path.endswith(".py") else None
    if tree is None:
        code = uncommented(path, text, orders=False)
        return _words(text if code is None else code)
    return sum(_node_size(node) for node in ast.walk(tree))


def _node_size(node: ast.AST) -> int:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):  # its text is counted as a constant: take that back
            return -max(1, _words(text))
        case ast.Constant(value=str(text)):
            return max(1, _words(text))  # a program within a string is no smaller program
    return 1


def _words(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))


@lru_cache(maxsize=8)  # the incumbent comes with every proposal
def _digest(path: str, text: str) -> str:
    normal = python_tree(text) if path.endswith(".py") else uncommented(path, text)
    if normal is None:
        normal = "\n".join(line.rstrip() for line in text.split("\n")).rstrip("\n")
    return hashlib.sha256(normal.encode("utf-8", "surrogatepass")).hexdigest()


def _text(path: str, text: str, old: str) -> Refusal | None:
    """What is wrong with one text, the cheap questions first; never what is wrong with the incumbent as well."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES or (size > GROWTH_BYTES and size > GROWTH * len(old.encode("utf-8", "surrogatepass"))):
        return Refusal("too large", f"{path} would have {size:,} bytes.")
    if not text.strip("\ufeff \t\r\n\f\v") and old.strip():
        return Refusal("empty file", f"{path} would be empty. Send its complete new text.")
    if found := re.search("[\0\ud800-\udfff]", text):
        line = text.count("\n", 0, found.start()) + 1
        return Refusal("not text", f"{path}, line {line}: the character {found[0]!r} cannot be in a text file.")
    if _declines(text) and not _declines(old):
        return Refusal("no edit found", f"{path} would hold an apology instead of its text. Send the edit.")
    if marker := next(new_lines(_CONFLICT, text, old), None):
        return Refusal("conflict markers", f"{path} would hold the line {marker!r} of an edit block.")
    if path.endswith(CODE) and (divider := next(new_lines(_DIVIDER, text, old), None)):
        return Refusal(
            "conflict markers",
            f"{path} would hold the line {divider!r} that parts a block. Send one such line a block; where the text "
            "itself needs it, use markers of 9 characters and a rule of another length.",
        )
    if omission := stand_in(text, old):
        return Refusal(
            "text left out",
            f"{path} would hold the line {omission!r} instead of what was there. Send every line, or SEARCH/REPLACE "
            "blocks of just the changed lines; where that line itself is meant, write it in another way.",
        )
    error = syntax_error(path, text)
    # An incumbent that fails the check as well is in a dialect that the check does not know.
    if error is not None and syntax_error(path, old) is None:
        return Refusal("syntax error", f"{path} would not be valid: {error}")
    return None


_CONFLICT = re.compile(
    r"(?:<{5,9} ?(?:SEARCH|ORIGINAL)[:>]?|>{5,9} ?(?:REPLACE|UPDATED)|<{7}|>{7}|\|{7})(?:\s.*)?"
    r"|(?-i:-{5,9} SEARCH|\+{5,9} REPLACE)",
    re.IGNORECASE,
)
_DIVIDER = re.compile("={7}")
_APOLOGY = re.compile(
    r"[\s\"'*>#/;%<!-]*(?:sorry\b|i(?:['’]m| am) (?:very |truly |really )?(?:sorry|unable|not able)\b"
    r"|i (?:can(?:['’]t|not)|won['’]t) |i apologi[sz]e|as an ai\b|unfortunately, i )",
    re.IGNORECASE,
)


def _declines(text: str) -> bool:
    return _APOLOGY.match(text) is not None
