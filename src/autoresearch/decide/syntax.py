"""Whether a text is well-formed, told by its suffix; what cannot be told is taken to be."""

from __future__ import annotations

import ast
import json
import tomllib
import warnings
from collections.abc import Callable
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


def python_tree(text: str) -> str | None:
    """A Python text without comments, layout and positions; None where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.dump(ast.parse(text.removeprefix("\ufeff")))
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


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
