"""Named literals and annotations of Python source."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Iterator

from autoresearch.propose.scan.source import NEWLINE, Literal, Scan, literals_at, notes_in, opaque_at


def scan(text: str) -> Scan:
    """Assignments, keyword arguments and dict displays; constants are module-level UPPER_CASE assignments."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the target's own, such as an invalid escape
            tree = ast.parse(text)
        tokens = list(tokenize.generate_tokens(io.StringIO(text, newline="").readline))
    except (SyntaxError, ValueError, tokenize.TokenError):
        return [], []
    starts = [0, *(newline.end() for newline in NEWLINE.finditer(text))]

    def offset(row: int, column: int) -> int:
        """ast counts columns in UTF-8 bytes."""
        line = text[starts[row - 1] : starts[row] if row < len(starts) else len(text)]
        return starts[row - 1] + len(line.encode()[:column].decode())

    top = set(map(id, tree.body))
    found: list[Literal] = []
    for node in ast.walk(tree):
        for name, value in _named(node):
            plain, constant = isinstance(value, ast.Constant | ast.UnaryOp), id(node) in top and name.isupper()
            if not plain and not constant:
                continue
            start = offset(value.lineno, value.col_offset)
            end = offset(value.end_lineno or value.lineno, value.end_col_offset or 0)
            read = list(literals_at(name, text, start, end, constant)) if plain else []
            found += read or (opaque_at(name, text, start, end) if constant else [])
    notes = [
        note
        for token in tokens
        if token.type == tokenize.COMMENT
        for note in notes_in(text, starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1])
    ]
    return sorted(found, key=lambda literal: literal.start), notes


def _named(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and values of an assignment, a keyword argument or a dict display."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.keyword(arg=str(name), value=value):
            yield name, value
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value
