"""Which constants of the targets nothing reads: turning those would be an experiment without an effect.

When in doubt a constant counts as read.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import PurePath

from autoresearch.propose.scan import c_family

Elsewhere = Callable[[frozenset[str]], Mapping[str, Collection[str]]]
"""Which of these words stand in files other than the targets: file → words."""
DYNAMIC = frozenset("globals locals vars dir exec eval getmembers __dict__ modules".split())
"""Names by which a module gets at constants that it does not name."""
FROM_OUTSIDE = DYNAMIC | {"getattr", "run_path", "run_module"}
"""And by which another file does."""


def unread(
    files: Mapping[str, str], names: Mapping[str, Collection[str]], elsewhere: Elsewhere
) -> set[tuple[str, str]]:
    """Of the constants named (path → names) those that no target reads and no other file mentions: (path, name)."""
    python = {path: _reads(text) for path, text in files.items() if path.endswith(".py")}
    code = {path: text for path, text in files.items() if PurePath(path).suffix.lower() in c_family.LANGUAGES}
    counts = sum((c_family.words(path, text) for path, text in code.items()), Counter[str]())
    pasted = any("##" in text for text in code.values())
    read = set().union(*(words or () for words in python.values()))
    read |= {word for path in files if path not in code and path not in python for word in _words(files[path])}
    read |= {word for word, count in counts.items() if count > 1 or (word not in _own(names, code))}
    suspects = {
        (path, name)
        for path, found in names.items()
        for name in found
        if name not in read and ((path in python and None not in python.values()) or (path in code and not pasted))
    }
    return suspects - set(_found_outside(suspects, elsewhere)) if suspects else suspects


def _own(names: Mapping[str, Collection[str]], code: Collection[str]) -> set[str]:
    """Names that files of the C family define themselves."""
    return {name for path in code for name in names.get(path, ())}


def _found_outside(suspects: Collection[tuple[str, str]], elsewhere: Elsewhere) -> Iterator[tuple[str, str]]:
    """Those that other files mention, or may get at without mentioning them."""
    stems = {path: PurePath(path).stem for path, _ in suspects}
    mentions = elsewhere(frozenset({name for _, name in suspects} | set(stems.values()) | FROM_OUTSIDE))
    for path, name in suspects:
        by_module = FROM_OUTSIDE if path.endswith(".py") else frozenset[str]()
        if any(name in words or (stems[path] in words and by_module & set(words)) for words in mentions.values()):
            yield path, name


def _reads(text: str) -> set[str] | None:
    """Names that Python code reads, and all words in its strings; None where it may read any."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return None
    words = {word for node in nodes for word in _mentioned(node)}
    return None if words & DYNAMIC else words


def _mentioned(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Load() | ast.Del()) | ast.Attribute(attr=name) | ast.alias(name=name):
            yield name
        case ast.AugAssign(target=ast.Name(id=name)):
            yield name
        case ast.Global(names=found):
            yield from found
        case ast.Constant(value=str(text)):
            yield from _words(text)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)
