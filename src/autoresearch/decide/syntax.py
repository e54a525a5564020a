"""Whether a text is well-formed, and what it is without its comments, told by its suffix."""

from __future__ import annotations

import ast
import json
import re
import tomllib
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import PurePosixPath

import yaml


def syntax_error(path: str, text: str) -> str | None:
    """The first syntax error with its line, or None; deep nesting is an error, never an exception."""
    check = _CHECKS.get(PurePosixPath(path).suffix.lower())
    if check is None:
        return None
    try:
        check(text.removeprefix("\ufeff"))
    except (RecursionError, MemoryError, OverflowError):
        return "it is nested too deeply to be read"
    except SyntaxError as e:
        line = f"line {e.lineno}: " if e.lineno else ""
        shown = f"\n{e.text.strip()[:200]}" if e.text else ""
        return f"{line}{e.msg}{shown}"
    except (ValueError, yaml.YAMLError) as e:  # json's and tomllib's errors are ValueErrors
        return str(e)
    return None


def parsed(text: str) -> ast.Module | None:
    """The syntax tree of a Python text; None where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


def python_tree(text: str) -> str | None:
    """A Python text without comments, layout and positions; None where it does not parse."""
    tree = parsed(text)
    try:
        return None if tree is None else ast.dump(tree)
    except (ValueError, RecursionError, MemoryError, OverflowError):
        return None


def changed_lines(old: str, new: str) -> str:
    """The lines that only one of two texts has: where to look first, as reading a whole program takes long."""
    return "\n".join(set(old.split("\n")) ^ set(new.split("\n")))


def only_comments_differ(path: str, old: str, new: str) -> bool:
    """True where two versions of a program differ in nothing but comments and blank lines, and that is certain."""
    if changed_lines(old, new).strip() and not _MARK.search(changed_lines(old, new)):
        return False
    code = uncommented(path, old)
    return code is not None and code == uncommented(path, new)


LONGEST_LINE = 5_000
"""Characters; the lexers' time grows with the square of a line's length."""


@lru_cache(maxsize=8)  # the incumbent comes with every proposal
def uncommented(path: str, text: str, *, orders: bool = True) -> str | None:
    """A program's lines without comments and blank lines; None where it is not certain what a comment is.

    With `orders`, a comment that may be one to a tool stays, such as `//go:build` and `#!`. Prose has no comments.
    """
    language = _LANGUAGES.get(PurePosixPath(path).suffix.lower())
    if language is None or _UNCERTAIN.search(text) or max(map(len, text.split("\n"))) > LONGEST_LINE:
        return None
    from pygments.lexers import get_lexer_by_name
    from pygments.token import Comment, Error, String

    comments = (Comment, Comment.Single, Comment.Multiline, *(() if orders else (Comment.Hashbang,)))
    pieces = []
    for kind, piece in get_lexer_by_name(language, stripnl=False).get_tokens(text):
        if kind is Error:
            return None
        if kind in comments and (not orders or _FOR_PEOPLE.match(piece)):
            pieces.append("\n" * piece.count("\n") or " ")
        else:
            pieces.append(piece.replace("\n", "\0") if kind[: len(String)] == String else piece)
    return "\n".join(line.rstrip() for line in "".join(pieces).split("\n") if line.strip())


_LANGUAGES = {
    ".c": "c",
    **dict.fromkeys([".h", ".cc", ".cpp", ".hpp"], "cpp"),
    **dict.fromkeys([".cu", ".cuh"], "cuda"),
    **dict.fromkeys([".js", ".mjs"], "javascript"),
    **dict.fromkeys([".yaml", ".yml"], "yaml"),
    **{f".{each}": each for each in "go java swift zig lua r sql json toml ini".split()},
    ".rs": "rust",
    ".ts": "typescript",
    ".kt": "kotlin",
    ".jl": "julia",
    ".sh": "bash",
    ".pyx": "cython",
}
"""What a lexer tells apart from its comments: suffixes and the lexer's name for the language."""
CODE = (".py", *_LANGUAGES)
"""Suffixes of programs: a line of `=======` is no heading there."""
_MARK = re.compile(r"//|#|--|/\*")
_UNCERTAIN = re.compile(r'\\\n|import\s+"C"')
"""A line that goes on behind a comment, and Go's comments that are C."""
_FOR_PEOPLE = re.compile(r"\s*(?://|#|--|;|/\*|\(\*)\s(?!\s*(?:[@+!]|[\w-]+[:=]))")
"""How a comment begins that no tool reads: a blank behind the mark, and no `name:`."""


def _python(text: str) -> None:
    # Compiling finds more than parsing: 'return' outside a function, a name both local and global.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(text, "target", "exec", dont_inherit=True)


def _yaml(text: str) -> None:
    # Events only: building nodes recurses, and custom tags are no syntax errors.
    depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > 500:  # the scanner's time grows with the square of the depth
            raise RecursionError


_CHECKS: dict[str, Callable[[str], object]] = {
    ".py": _python,
    ".json": json.loads,
    ".toml": tomllib.loads,
    ".yaml": _yaml,
    ".yml": _yaml,
}
