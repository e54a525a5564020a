"""Named literals and annotations of JSON, YAML and TOML."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from autoresearch.propose.scan.source import FLOAT, LITERAL, Literal, Note, Scan, literals_at, notes_in

_JSON = re.compile(
    r'//[^\n]*|/\*.*?\*/|(?P<key>"(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[\[\]{},]|[-+.\w]+',
    re.DOTALL,
)


def scan_json(text: str) -> Scan:
    """Every leaf, named by its path: `train.lr`, `layers.0`. Comments are let pass, as in JSONC."""
    literals: list[Literal] = []
    notes: list[Note] = []
    where: list[str | int] = []
    for found in _JSON.finditer(text):
        token = found[0]
        if token in ("{", "["):
            where.append("" if token == "{" else 0)
        elif token in ("}", "]"):
            where = where[:-1]
        elif token == ",":
            where = [*where[:-1], where[-1] + 1] if where and isinstance(where[-1], int) else where
        elif found["key"] and where:
            where[-1] = found["key"][1:-1]
        elif token.startswith(("//", "/*")):
            notes += notes_in(text, found.start(), found.end())
        elif where:
            literals += literals_at(".".join(map(str, where)), text, found.start(), found.end())
    return literals, notes


def scan_yaml(text: str) -> Scan:
    """Every scalar of every document, named by its path."""
    literals: list[Literal] = []
    seen: set[int] = set()

    def visit(node: yaml.Node, name: str) -> None:
        if id(node) in seen:  # an alias shows a node again
            return
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                visit(value, f"{name}.{key.value}".lstrip("."))
        elif isinstance(node, yaml.SequenceNode):
            for i, value in enumerate(node.value):
                visit(value, f"{name}.{i}".lstrip("."))
        elif isinstance(node, yaml.ScalarNode):
            literals.extend(_yaml_scalar(node, text, name))

    try:
        for document in yaml.compose_all(text, yaml.SafeLoader):
            visit(document, "")
    except yaml.YAMLError:
        return [], []
    return literals, notes_in(text)


def _yaml_scalar(node: yaml.ScalarNode, text: str, name: str) -> Iterator[Literal]:
    """YAML 1.1 takes 1e-4 for a string; everyone else, and everyone who writes it, for a number."""
    start, end = node.start_mark.index, node.end_mark.index
    if node.style is None and node.tag.endswith(":str") and not re.fullmatch(FLOAT, text[start:end]):
        if re.fullmatch(r"[\w.+-]+", text[start:end]):
            yield Literal(name, text[start:end], start, end)
    else:
        yield from literals_at(name, text, start, end)


_TOML_BLOCK = re.compile(r"\"{3}.*?\"{3}|'{3}.*?'{3}", re.DOTALL)
_TOML_HEAD = re.compile(r"[ \t]*(\[\[?)[ \t]*([^\]\r\n]+?)[ \t]*\]")
_TOML_LINE = re.compile(rf"[ \t]*([\w.\"'-]+)[ \t]*=[ \t]*({LITERAL})[ \t]*(?:#.*)?\s*$")


def scan_toml(text: str) -> Scan:
    """Lines `name = literal`; arrays and inline tables are left alone."""
    literals: list[Literal] = []
    section, start = "", 0
    counts: dict[str, int] = {}
    code = _TOML_BLOCK.sub(lambda found: re.sub(r"[^\r\n]", " ", found[0]), text)
    for line in code.splitlines(keepends=True):
        if found := _TOML_HEAD.match(line):
            section = f"{found[2]}."
            if found[1] == "[[":
                counts[section] = counts.get(section, -1) + 1
                section += f"{counts[section]}."
        elif found := _TOML_LINE.match(line):
            first, last = found.span(2)
            literals += literals_at(section + found[1], text, start + first, start + last)
        start += len(line)
    return literals, notes_in(code)
