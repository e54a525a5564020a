"""Named literals and annotations of C, C++, CUDA, JavaScript, Rust, Go and their kin, from ast-grep's syntax trees."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from autoresearch.errors import ProposerError
from autoresearch.propose.scan.source import LITERAL, NEWLINE, Literal, Scan, literals_at, notes_in, opaque_at

if TYPE_CHECKING:
    from ast_grep_py import SgNode

LANGUAGES = {
    ".c": "c",
    **dict.fromkeys(".h .cc .cpp .cxx .hh .hpp .cu .cuh .cl .metal".split(), "cpp"),
    **dict.fromkeys(".js .mjs .cjs .jsx".split(), "jsx"),
    **dict.fromkeys(".ts .mts .cts".split(), "typescript"),
    ".tsx": "tsx",
    ".rs": "rust",
    ".go": "go",
    ".java": "java",
    ".cs": "csharp",
    ".swift": "swift",
    ".kt": "kotlin",
    ".scala": "scala",
    ".zig": "zig",
}
"""Suffix → ast-grep's name. CUDA, Metal and OpenCL are read as C++: what is new in them is not a constant."""
C = ("c", "cpp")
CONSTANT = frozenset("const constexpr constinit final readonly __constant__".split())
"""Words in front of a name that is not assigned to again."""
AS_CONSTANT = {"swift": {"let"}, "kotlin": {"val"}, "scala": {"val"}, "rust": {"static"}}
"""More of them, where they mean that."""
DECLARING = frozenset(
    "declaration field_declaration const_item static_item const_declaration lexical_declaration field_definition "
    "public_field_definition local_variable_declaration local_declaration_statement property_declaration "
    "variable_declaration variable_declarator init_declarator const_spec val_definition".split()
)
"""Kinds of nodes that a declaration is made of, from the name up to the words in front."""
NAMES = frozenset("identifier simple_identifier property_identifier field_identifier".split())
TYPED = re.compile(r"type|qualifier|specifier|modifier|binding|visibility")
POINTING = frozenset("pointer_declarator array_declarator function_declarator reference_declarator".split())
BODY = re.compile(r"function|method|lambda|closure|constructor|accessor|init_declaration$")

_MEANT = re.compile(
    r"(?:#|//|/\*)[ \t]*tune\b:?[ \t]*(?:\S*\d\.\.+[ \t]*-?[\d.]\S*|\"?\w+\"?[ \t]*\|[ \t]*\"?\w+\"?)", re.IGNORECASE
)
"""What looks like a range behind a comment's mark."""
_SUFFIX = r"(?:[uUlLfFdDnNmM]{1,3}|_?[iuf](?:8|16|32|64|128|size))?"
_VALUE = re.compile(rf"[({{]?\s*({LITERAL}){_SUFFIX}\s*[)}}]?")
_DEFINED = re.compile(rf"(?:\\\s*)?\(?\s*({LITERAL}){_SUFFIX}\s*\)?\s*")


def scan(path: str, text: str) -> Scan:
    """`#define` and constants with a literal; what else is named, such as `f(size: 5)`, for annotations alone.

    Raises ProposerError where ast-grep is not installed, and for what was meant as an annotation and is none.
    """
    root, language = _parse(path, text)
    literals = [each for node in root.find_all(regex=r"^(:?=|:)$") for each in _assigned(node, language, text)]
    if language in C:
        literals += [each for node in root.find_all(kind="preproc_def") for each in _defined(node, text)]
        literals += [each for node in root.find_all(regex=r"^\{[^{}]*\}$") for each in _braced(node, language, text)]
    notes = [note for first, last in _comments(root) for note in notes_in(text, first, last)]
    _refuse_misread(path, text, {note.start for note in notes})
    return sorted(literals, key=lambda literal: literal.start), notes


def _refuse_misread(path: str, text: str, known: set[int]) -> None:
    for found in _MEANT.finditer(text):
        if found.start() not in known:
            line = len(NEWLINE.findall(text, 0, found.start())) + 1
            raise ProposerError(
                f"{path} line {line}: `{found[0]}` is not read as an annotation. Write `// tune: LOW..HIGH` or "
                "`// tune: A|B`, behind a plain number or boolean on the same line."
            )


def words(path: str, text: str) -> Counter[str]:
    """How often each word stands in the code: in strings and macros too, in comments not."""
    kept = 0
    code = []
    for first, last in _comments(_parse(path, text)[0]):
        code.append(text[kept:first])
        kept = max(kept, last)
    return Counter(re.findall(r"\w+", " ".join([*code, text[kept:]])))


def _parse(path: str, text: str) -> tuple[SgNode, str]:
    """The tree's root, and its language."""
    try:
        from ast_grep_py import SgRoot
    except ImportError:
        raise ProposerError(
            f"{path}: to find what it could tune in it, the tuner needs ast-grep. "
            "Run `pip install 'autoresearch[tune]'`, then the same command again."
        ) from None
    language = LANGUAGES[PurePath(path).suffix.lower()]
    return SgRoot(text, language).root(), language


def _comments(root: SgNode) -> list[tuple[int, int]]:
    """Where they are. The grammar of C++ takes one behind a `#define` for a part of its body."""
    spans = [_span(node) for node in root.find_all(regex=r"^(//|/\*)") if "comment" in node.kind()]
    for node in root.find_all(regex=r"^[^\n\"]+//[^\n]*$"):
        if node.kind() == "preproc_arg":
            start, end = _span(node)
            spans.append((start + node.text().index("//"), end))
    return sorted(spans)


def _defined(node: SgNode, text: str) -> Iterator[Literal]:
    """The literal of a `#define`."""
    name = next((child.text() for child in node.children() if child.kind() == "identifier"), "")
    body = next((child for child in node.children() if child.kind() == "preproc_arg"), None)
    if body is None:
        return
    start, code = _span(body)[0], body.text().partition("//")[0].rstrip()
    if found := _DEFINED.fullmatch(code):
        yield from literals_at(name, text, start + found.start(1), start + found.end(1), not name.startswith("_"))
    else:
        yield from opaque_at(name, text, start, start + len(code))


def _assigned(sign: SgNode, language: str, text: str) -> Iterator[Literal]:
    """The literal behind `=`, `:=` or `:`, if there is one with a name in front."""
    value, parent = sign.next(), sign.parent()
    if value is None or parent is None or "conditional" in parent.kind() or "ternary" in parent.kind():
        return
    before = [child for child in parent.children() if _span(child)[1] <= _span(sign)[0]]
    name = _name(before)
    if name is None:
        return
    start, end = _span(value)
    constant = sign.text() == "=" and _is_constant(parent, sign, name, language, text)
    if found := _VALUE.fullmatch(value.text()):
        yield from literals_at(name, text, start + found.start(1), start + found.end(1), constant)
    elif constant:
        yield from opaque_at(name, text, start, end)


def _braced(node: SgNode, language: str, text: str) -> Iterator[Literal]:
    """The literal of C++'s `const int tile{16};`."""
    parent, name = node.parent(), node.prev()
    if parent is None or parent.kind() != "init_declarator" or name is None or name.kind() != "identifier":
        return
    if found := _VALUE.fullmatch(node.text()):
        start = _span(node)[0]
        constant = _is_constant(parent, node, name.text(), language, text)
        yield from literals_at(name.text(), text, start + found.start(1), start + found.end(1), constant)


def _name(nodes: list[SgNode]) -> str | None:
    """The name that these nodes in front of a value declare or assign to."""
    name = None
    for node in nodes:
        if node.kind() == ":" or node.kind() in POINTING:
            return name if node.kind() == ":" else None
        if node.kind() in NAMES:
            name = node.text()
        elif not TYPED.search(node.kind()) and node.is_named():
            name = _name(node.children()) or name
    return name


def _is_constant(parent: SgNode, sign: SgNode, name: str, language: str, text: str) -> bool:
    """True for a constant of a file, a namespace or a class; within a function if it is UPPER_CASE or constexpr."""
    declaration, around = parent, parent.parent()
    while around is not None and around.kind() in DECLARING:
        declaration, around = around, around.parent()
    if declaration.kind() not in DECLARING:
        return False
    front = set(re.findall(r"\w+", text[_span(declaration)[0] : _span(sign)[0]])) - {name}
    if not front & (CONSTANT | AS_CONSTANT.get(language, set())) or "mut" in front:
        return False
    if name.isupper() or "constexpr" in front:
        return True
    return not any(BODY.search(each.kind()) for each in declaration.ancestors())


def _span(node: SgNode) -> tuple[int, int]:
    """Where a node begins and ends, in characters."""
    where = node.range()
    return where.start.index, where.end.index
