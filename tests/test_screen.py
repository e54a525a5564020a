"""What never reaches the bench, and what does: no-ops, duplicates, damage, and the whole path from answer to text."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoresearch.decide.edits import apply
from autoresearch.decide.reader import parse
from autoresearch.decide.reply import Edit, Refusal
from autoresearch.decide.screen import fingerprint, screen, size
from autoresearch.model import Proposal


def refusal(
    new: str, old: str = "x = 1\n", path: str = "a.py", tried: Mapping[str, str] | None = None
) -> Refusal | None:
    proposal = Proposal("d", "h", "other", {path: new})
    return screen(proposal, {path: old, "other.txt": "o\n"}, tried or {})


def reason(new: str, old: str = "x = 1\n", path: str = "a.py") -> str | None:
    found = refusal(new, old, path)
    assert found is None or found.detail
    return found.reason if found else None


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a.py", "x = 1\n", "x = 2\n"),
        ("a.py", "", "x = 2\n"),
        ("a.py", "from __future__ import annotations\n", "from __future__ import annotations\nx: y\n"),
        ("a.py", "x = 1\n", "s = '\\d' is 1\n"),  # a warning, not an error
        ("a.py", "x = 1\n", "\ufeffx = 2\n"),
        ("a.py", "print 'old'\n", "print 'new'\n"),  # a dialect: the incumbent does not parse either
        ("a.json", '{"a": 1}', '{"a": 2}'),
        ("a.jsonc", "{} // a", "{} // b"),
        ("a.toml", "a = 1\n", "a = 2\n"),
        ("a.yaml", "a: 1\n", "a: !Ref b\n---\nc: 2\n"),
        ("a.rst", "One\n=======\n", "Two\n=======\n"),
        ("a.txt", "anything", "(((("),
        ("Makefile", "a:\n\tb\n", "a:\n\tc\n"),
    ],
)
def test_lets_a_real_change_through(path: str, old: str, new: str) -> None:
    assert reason(new, old, path) is None


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a.py", "x = 1\n", "x = 1\n"),
        ("a.py", "x = 1\n", "x = 1  # one\n"),
        ("a.py", "x = 1\n", "\n\nx  =  ( 1 )\r\n"),
        ("a.py", "x = 1", "x = 1\n"),
        ("a.py", "x = (1\n", "x = (1  \n"),
        ("a.txt", "a\nb\n", "a  \r\nb\n\n"),
    ],
)
def test_refuses_a_change_of_nothing_but_layout(path: str, old: str, new: str) -> None:
    assert reason(new, old, path) == "no change"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a.c", "/* kept\n */\nint a;\n", "/* kept\n */\n// one\nint a;\n"),
        ("a.c", 'char *a = "/*";\n', 'char *a = "/*";\n// one\n'),
        ("a.c", 'char *a = "a/*";\n', 'char *a = "a/*";\n// {\n'),
        ("a.c", "char a = '\"';\n", "char a = '\"';\n// one\n"),
        ("a.cpp", 'auto a = R"x(\n// text\n)x";\n', '// one\nauto a = R"x(\n// text\n)x";\n'),
        ("a.java", 'var a = """\n// text\n""";\n', '// one\nvar a = """\n// text\n""";\n'),
        ("a.go", "var a = `\n// text\n`\n", "// one\nvar a = `\n// text\n`\n"),
        ("a.js", "let a = `\n// ${b}\n`\n", "// one\nlet a = `\n// ${b}\n`\n"),
        ("a.js", "let a = 'it is \\'so\\''\r\n", "// it's one\r\nlet a = 'it is \\'so\\''\r\n"),
        ("a.rs", "fn f<'a>(a: &'a str) { \"\n// text\n\" }\n", "// one\nfn f<'a>(a: &'a str) { \"\n// text\n\" }\n"),
        ("a.rs", 'let a = r#"\n// "text"\n"#;\n', '// one\nlet a = r#"\n// "text"\n"#;\n'),
        ("a.sh", "#!/bin/sh\na=1\n", "#!/bin/sh\n# one isn't two\na=1\n"),
        ("a.sh", "a='\n# text\n'\n", "# one\na='\n# text\n'\n"),
        ("a.R", "a <- 1\n", "# one\na <- 1\n"),
        ("a.pyx", "def f():\n    '''\n    # text\n    '''\n", "# one\ndef f():\n    '''\n    # text\n    '''\n"),
        ("a.sql", "select 'a\n-- text\n'\n", "-- one\nselect 'a\n-- text\n'\n"),
        ("a.lua", "a = 1\n", "-- one\na = 1\n"),
        ("a.yaml", "a: |\n  # text\n\nb: 1\n", "# one\na: |\n  # text\n\nb: 1  # two\n"),
        ("a.yml", "a: 1\n", "\ufeff# one\na: 1\n"),
        ("a.toml", "a = 1\n", "# one\n\na = 1  # two\n"),
    ],
)
def test_refuses_a_change_of_nothing_but_comments(path: str, old: str, new: str) -> None:
    assert reason(new, old, path) == "no change"
    assert reason(old, new, path) == "no change"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        # Prose, and languages that nobody knows
        ("a.md", "# One\n", "# Two\n"),
        ("a.txt", "a\n", "# one\na\n"),
        ("prompt", "a\n", "// one\na\n"),
        ("a.md", "a\n", "a\n\na\n"),
        # Comments that tools obey
        ("a.c", "int a;\n", "#pragma once\nint a;\n"),
        ("a.c", "int a;\n", "#include <a.h>\nint a;\n"),
        ("a.c", "#define A 1\n", "#define A 2\n"),
        ("a.go", "package a\n", "//go:build linux\npackage a\n"),
        ("a.go", "package a\n", "// +build linux\npackage a\n"),
        ("a.go", 'import "C"\n', '// int a;\nimport "C"\n'),
        ("a.go", "f()\n", "f()\n// Output: 3\n"),
        ("a.ts", "f()\n", "// @ts-nocheck\nf()\n"),
        ("a.rs", "fn f() {}\n", "/// Doc.\nfn f() {}\n"),
        ("a.rs", "fn f() {}\n", "//! Doc.\nfn f() {}\n"),
        ("a.sh", "a\n", "#!/bin/bash\na\n"),
        ("a.sh", "a\n", "#SBATCH --mem=4G\na\n"),
        ("a.pyx", "a = 1\n", "# cython: boundscheck=False\na = 1\n"),
        ("a.sql", "select 1\n", "-- name: one\nselect 1\n"),
        ("a.yaml", "a: 1\n", "#cloud-config\na: 1\n"),
        # No comments at all
        ("a.c", "a = \\\n// one\nb;\n", "a = \\\n\nb;\n"),
        ("a.c", "a = \\\n\nb;\n", "a = \\\nb;\n"),
        ("a.c", "a;\nb;\n", "a;\n// one \\\nb;\n"),
        ("a.c", "\\\n// one\n", "\\\n"),
        ("a.c", "f(1); // one\n", "f(2); // one\n"),
        ("a.c", "f();\ng();\n", "f(); g();\n"),
        ("a.cpp", 'auto a = R"x(\n// text\n)x";\n', 'auto a = R"x(\n)x";\n'),
        ("a.java", 'var a = """\n// text\n""";\n', 'var a = """\n""";\n'),
        ("a.go", "var a = `\n// text\n`\n", "var a = `\n`\n"),
        ("a.js", "let a = `\n// ${b}\n`\n", "let a = `\n`\n"),
        ("a.js", "let a = `\n\n`\n", "let a = `\n`\n"),
        ("a.rs", 'let a = "\n// text\n";\n', 'let a = "\n";\n'),
        ("a.rs", 'let a = r#"\n// "text"\n"#;\n', 'let a = r#"\n"#;\n'),
        ("a.sh", "a='\n# text\n'\n", "a='\n'\n"),
        ("a.pyx", "a = '''\n# text\n'''\n", "a = '''\n'''\n"),
        ("a.sql", "select 'a\n-- text\n'\n", "select 'a\n'\n"),
        ("a.yaml", "a: |\n  # text\n", "a: |\n  # other\n"),
        ("a.yaml", "a: 1\n", "a: '1'\n"),
        ("a.yaml", "a: &b 1\nc: *b\n", "a: &b 1\nc: 1\n"),
        ("a.toml", "a = '''\n# text\n'''\n", "a = '''\n'''\n"),
        ("a.toml", "a = 1\n", "a = 1.0\n"),
        # Uncertain
        ("a.sh", "cat <<E\n# text\nE\n", "cat <<E\nE\n"),
        ("a.js", "a = /`/; b = `\n// text\n`; c = `a`\n", "a = /`/; b = `\n`; c = `a`\n"),
        ("a.js", "a = `${b ? `\n// c\n` : d}`\n", "a = `${b ? `\n` : d}`\n"),
        ("a.rs", "/* /* */\n// a\n*/\n", "/* /* */\n*/\n"),
        ("a.sql", "$$\n-- text\n$$\n", "$$\n$$\n"),
        ("a.lua", "a = [[\n-- text\n]]\n", "a = [[\n]]\n"),
        ("a.jl", "#=\n# text\n=#\n", "#=\n=#\n"),
        ("a.R", 'a <- r"(\n# "text\n)"\n', 'a <- r"(\n)"\n'),
        ("a.jsx", "<p>\n// text\n</p>\n", "<p>\n</p>\n"),
    ],
)
def test_what_may_be_more_than_a_comment_is_a_change(path: str, old: str, new: str) -> None:
    assert reason(new, old, path) is None


@pytest.mark.parametrize("path", [f"a.{suffix}" for suffix in "c cpp cs java go js rs sh sql clj yaml".split()])
@pytest.mark.parametrize("piece", ["/*", '"', "'", "`", 'R"x(', 'r#"', '"""', '@"', "\\", "<<", "= /", "a: [", "#"])
def test_damaged_code_is_read_all_the_same(path: str, piece: str) -> None:
    assert reason(piece * 20_000 + "\nb", piece * 20_000 + "\na", path) in (None, "no change", "syntax error")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"a.py": "x = 1\nseed = 2\n"}, "seed only"),
        ({"a.py": "x = 1  # one\nseed = 2\n"}, "seed only"),
        ({"a.py": "x = 1\nseed = 2\n", "b.yaml": "seed: 2\n"}, "seed only"),
        ({"a.py": "x = 1\nseed = 2\n", "b.yaml": "# one\nseed: 1\n"}, "seed only"),
        ({"a.py": "x = 1\nseed = 2\n", "c.md": "seed: 1  \n"}, "seed only"),
        ({"a.py": "x = 1  # one\nseed = 1\n", "b.yaml": "# one\nseed: 1\n"}, "no change"),
        ({"a.py": "x = 2\nseed = 2\n"}, None),
        ({"a.py": "x = 2\nseed = 1\n", "b.yaml": "seed: 2\n"}, None),
        ({"a.py": "x = 1\nseed = 2\n", "c.md": "seed: 2\n"}, None),
    ],
)
def test_refuses_another_seed_unless_anything_else_changes(files: dict[str, str], why: str | None) -> None:
    incumbent = {"a.py": "x = 1\nseed = 1\n", "b.yaml": "seed: 1\n", "c.md": "seed: 1\n"}
    found = screen(Proposal("d", "h", "other", files), incumbent, {})
    assert (found.reason if found else None) == why
    assert why != "seed only" or (found and "draws another number" in found.detail)


def test_a_seed_that_was_tried_before_is_still_only_a_seed() -> None:
    tried = {fingerprint({"a.py": "seed = 2\n", "other.txt": "o\n"}): "#12: 0.9931, keep"}
    found = refusal("seed = 2\n", "seed = 1\n", tried=tried)
    assert found is not None
    assert found.reason == "seed only"


def test_a_docstring_or_an_indent_in_plain_text_is_a_change() -> None:
    assert reason('"""Doc."""\nx = 1\n') is None
    assert reason(" a\n", "a\n", "a.txt") is None


def test_refuses_what_was_tried_and_says_what_became_of_it() -> None:
    tried = {fingerprint({"a.py": "x = 2\n", "other.txt": "o\n"}): "#12: 0.9931, discard"}
    found = refusal("x = 2  # again\n", tried=tried)
    assert found is not None
    assert found.reason == "duplicate"
    assert "already tried as #12: 0.9931, discard" in found.detail
    assert refusal("x = 3\n", tried=tried) is None


def test_the_same_edit_beside_another_text_is_no_duplicate() -> None:
    tried = {fingerprint({"a.py": "x = 2\n", "other.txt": "another\n"}): "#12: 0.9931, discard"}
    assert refusal("x = 2\n", tried=tried) is None


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("a.py", "x = 1\n", "x = 1\ndef f(:\n", "line 2"),
        ("a.py", "x = 1\n", "x = 1\nreturn x\n", "outside function"),
        ("a.py", "x = 1\n", "def f():\nx = 1\n", "line 2"),
        ("a.py", "x = 1\n", "a" + ".b" * 90_000, "nested too deeply"),
        ("a.py", "x = 1\n", "-" * 100_000 + "1", "nested too deeply"),
        ("a.py", "x = 1\n", "(" * 5_000, "too many nested"),
        ("a.py", "x = 1\n", "".join(" " * i + "if x:\n" for i in range(300)), "indentation"),
        ("a.json", "{}", '{"a": }', "line 1"),
        ("a.json", "{}", "[" * 100_000, "nested too deeply"),
        ("a.toml", "a = 1", "a = \n", "line 1"),
        ("a.toml", "a = 1", "a = " + "[" * 100_000, "nested too deeply"),
        ("a.yml", "a: 1", "a: [1\n", "line 2"),
        ("a.yaml", "a: 1", "a: 1\n b: 2\n", "line 2"),
        ("a.yaml", "a: 1", "[" * 100_000, "nested too deeply"),
        ("a.yaml", "a: 1", "- " * 50_000, "nested too deeply"),
        ("A.PY", "x = 1\n", "x = (\n", "never closed"),
    ],
)
def test_refuses_a_syntax_error_and_says_where(path: str, old: str, new: str, told: str) -> None:
    found = refusal(new, old, path)
    assert found is not None
    assert found.reason == "syntax error"
    assert told in found.detail


@pytest.mark.parametrize(
    "line", ["<<<<<<< SEARCH", ">>>>>>> REPLACE", "  >>>>> REPLACE", "<<<<<<< HEAD", ">>>>>>> theirs", "|||||||"]
)
def test_refuses_markers_of_an_edit_that_the_incumbent_has_not(line: str) -> None:
    assert reason(f"new\n{line}\n", "old\n", "a.txt") == "conflict markers"
    assert reason(f"new\n{line}\n{line}\n", f"old\n{line}\n", "a.txt") == "conflict markers"
    assert reason(f"new\n{line}\n", f"old\n{line}\n", "a.txt") is None


@pytest.mark.parametrize(
    "line",
    [
        "# ... rest of the code unchanged",
        "    # ... existing code ...",
        "# rest of the code remains the same",
        "# The rest of the file stays unchanged",
        "# ...",
        "# … same as before",
        "// ... (unchanged)",
        "// rest of the implementation goes here",
        "# (rest of the functions here)",
        "/* ... rest of file ... */",
        "<!-- rest of the file unchanged -->",
        "[... existing code ...]",
        "# remaining methods omitted",
        "# ... other functions ...",
        "# ... (f2 to f10) ...",
        "// ... other functions",
        "# [... imports ...]",
    ],
)
def test_refuses_a_placeholder_for_code_that_was_left_out(line: str) -> None:
    assert reason(f"x = 2\n{line}\n", "x = 1\n", "a.txt") == "text left out"
    assert reason(f"x = 2\n{line}\n", f"x = 1\n{line}\n", "a.txt") is None


@pytest.mark.parametrize(
    "line",
    [
        "...",
        "def f(): ...",
        "other = x[...]",
        "return rest...",
        "# keep the rest of the grid unchanged",
        "# previous attempts used dicts...",
        "# other functions may call this",
        "# see above ...",
        "# " + " " * 50_000 + "...",
    ],
)
def test_takes_ordinary_lines_that_look_a_little_like_a_placeholder(line: str) -> None:
    assert reason(f"x = 2\n{line}\n", "x = 1\n", "a.txt") is None


STEPS = [f"step({i})" for i in range(12)]


@pytest.mark.parametrize(
    ("line", "least"),
    [
        ("...", 1),
        ("    …", 1),
        ("[...]", 1),
        ("... the other steps", 1),
        ("# keep the other functions as they are", 3),
        ("// all the same as before", 3),
        ("# other functions here ...", 3),
    ],
)
def test_refuses_a_line_that_stands_where_others_were(line: str, least: int) -> None:
    def told(*, left_out: int, more: int = 0) -> str | None:
        added = ["other()"] * more
        new = [*STEPS[:4], *added[1:], line, "", *added[:1], *STEPS[4 + left_out :]]
        return reason("\n".join(new), "\n".join(STEPS), "a.txt")

    assert told(left_out=least) == told(left_out=8) == told(left_out=least + 3, more=3) == "text left out"
    assert told(left_out=least - 1) is None
    assert told(left_out=least + 2, more=3) is None


def test_a_closing_brace_does_not_part_a_line_from_those_that_it_stands_for() -> None:
    old = "f {\n  a;\n}\ng {\n  b;\n}\n"
    assert reason("f {\n  a;\n...\n}\n", old, "a.txt") == "text left out"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("class A:\n    x = 1\n", "class A:\n    x = 1\n\n\nclass B(Exception):\n    ...\n"),
        ("f(1)\ng(2)\nh(3)\ni(4)\n", "f({\n  ...defaults,\n  ...other,\n})\n"),
        ("int f(int a, int b, int c);\nint g(int a);\nint h;\n", "int f(int a,\n...);\n"),
        ("class A:\n    ...\nx = 1\ny = 2\nz = 3\nw = 4\n", "x = 5\nclass A:\n    ...\n"),
        ("class A:\n    ...\nx = 1\ny = 2\nz = 3\n", "class B:\n    ...\nclass A:\n    ...\n"),
    ],
)
def test_dots_that_are_the_programs_own_land(old: str, new: str) -> None:
    assert reason(new, old, "a.txt") is None


@pytest.mark.parametrize(
    "text",
    [
        "# I'm sorry, but I cannot help with this\npass\n",
        "// Sorry, I can't.",
        "<!-- I cannot -->",
        "I'm sorry, but I can't help with that.",
        "I cannot assist.",
        "\n**Sorry**, no.",
        "As an AI, I must decline.",
        "I can’t do that",
    ],
)
def test_refuses_an_apology_as_a_file(text: str) -> None:
    assert reason(text, "be kind\n", "prompt.txt") == "no edit found"
    assert reason(text, "I am unable to\n", "prompt.txt") is None


@pytest.mark.parametrize(
    ("new", "old", "why"),
    [
        ("a\0b", "a", "not text"),
        ("a\ud800b", "a", "not text"),
        (" \n", "a", "empty file"),
        ("\ufeff", "\ufeffa", "empty file"),
        ("x" * 1_000_001, "x" * 1_000_000, "too large"),
        ("x" * 200_001, "x" * 10_000, "too large"),
        ("é" * 150_000, "a", "too large"),
        ("x" * 200_000, "a", None),
        ("x" * 200_001, "x" * 10_001, None),
        ("x" * 1_000_000, "x" * 999_999, None),
    ],
)
def test_refuses_what_is_no_text_of_a_sane_size(new: str, old: str, why: str | None) -> None:
    assert reason(new, old, "a.txt") == why


def test_refuses_a_file_outside_the_targets() -> None:
    found = screen(Proposal("d", "h", "c", {"bench.py": "x\n"}), {"a.py": "x\n"}, {})
    assert found is not None
    assert found.reason == "unknown target"
    assert "a.py" in found.detail


def test_the_fingerprint_names_every_file_and_no_order() -> None:
    both = fingerprint({"a.py": "x", "b.py": "y"})
    assert both == fingerprint({"b.py": "y", "a.py": "x"})
    assert re.fullmatch("[0-9a-f]{64}", both)
    assert (
        len(
            {
                both,
                fingerprint({"a.py": "y", "b.py": "x"}),
                fingerprint({"a.py": "x"}),
                fingerprint({"c.py": "x", "b.py": "y"}),
            }
        )
        == 4
    )


@pytest.mark.parametrize(
    "text", ["x = (", "\0", "\ud800", "a" + ".b" * 100_000, "-" * 100_000 + "1", "x = 0x" + "f" * 20_000]
)
def test_any_text_has_a_fingerprint(text: str) -> None:
    assert fingerprint({"a.py": text}) != fingerprint({"a.py": text + "\n1"})


def test_the_fingerprint_stays_what_journals_hold() -> None:
    def sha(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    assert fingerprint({"a.c": "a"}) == "a46e7dd0680f30514971926a52172ec97c3d4cd350a285cfb3ebecc68406a619"
    assert fingerprint({"a.c": "// one\nseed = 1;  \n\n"}) == sha("a.c\0" + sha("seed = 1;"))
    assert fingerprint({"a.txt": "// one\nseed = 1;  \n\n"}) == sha("a.txt\0" + sha("// one\nseed = 1;"))
    assert fingerprint({"a.py": "seed = 1  # one\n"}) == sha("a.py\0" + sha(ast.dump(ast.parse("seed = 1"))))


@pytest.mark.parametrize(
    ("path", "more", "less"),
    [
        ("a.py", "x = 1 + 1\n", "x = 1\n"),
        ("a.py", "def f(a, b=1):\n    return a\n", "def f(a):\n    return a\n"),
        ("a.py", "x = 'one two'\n", "x = 'one'\n"),
        ("a.py", "exec('x = f(1); y = f(2)')\n", "x = f(1)\ny = f(2)\n"),
        ("a.py", "print 'one', 2\n", "print 'one'\n"),  # a dialect
        ("a.py", "def f():\n    1\n    return 2\n", "def f():\n    return 2\n"),
        ("a.c", "int a = b + 1;\n", "int a = b;\n"),
        ("a.c", 'f("one two");\n', 'f("one");\n'),
        ("a.md", "one two three\n", "one three\n"),
        ("a.yaml", "a: 1\nb: 2\n", "a: 1\n"),
        ("a.toml", "a = 1\nb = 2\n", "a = 1\n"),
        ("a.json", '{"a": 1, "b": 2}', '{"a": 1}'),
        ("a.js", "a = /`/ + b", "a = /`/"),  # whose comments are uncertain
    ],
)
def test_less_program_is_smaller(path: str, more: str, less: str) -> None:
    assert size({path: less}) < size({path: more})
    assert size({path: more, "b.py": "x\n"}) == size({path: more}) + size({"b.py": "x\n"})


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("a.py", "def f(a):\n    return a\n", "def f(a): return a\n"),
        ("a.py", "number_of_steps = 1\n", "n = 1\n"),
        ("a.py", "'''Doc.'''\nx = 1  # one\n", "x = 1\n"),
        ("a.py", "def f():\n    '''One two.'''\n    return 1\n", "def f():\n    '''One.'''\n    return 1\n"),
        ("a.py", "class C:\n    '''One two.'''\n    x = 1\n", "class C:\n    x = 1\n"),
        ("a.py", "x = (1 + 2)\n", "x = 1 + 2\n"),
        ("a.py", "x = 1000\n", "x = 1\n"),
        ("a.py", "x = ''\n", "x = 'a'\n"),
        ("a.c", "// one\nint a;  /* two */ // three\n", "int a;\n"),
        ("a.c", "int  a ;", "int a;"),
        ("a.js", "// one\na = /`/", "a = /`/"),
        ("a.sh", "# one\ncat <<E\nE\n", "cat <<E\nE\n"),
        ("a.lua", "-- one\na = [[\n]]\n", "a = [[\n]]\n"),
        ("a.yaml", "a: [ # one\n", "a: [ # one\n# two\n"),
        ("a.md", "one  two\n", "one\ntwo\n"),
    ],
)
def test_names_layout_and_comments_have_no_size(path: str, one: str, other: str) -> None:
    assert size({path: one}) == size({path: other})


@pytest.mark.parametrize("path", ["a.YAML", "a.Rs", "A.SQL", "a.JS", "a.C", "a.r", "a.R"])
def test_a_suffix_in_capitals_is_read_like_any_other(path: str) -> None:
    text, comment = (
        "a: 1\n",
        {"A.SQL": "-- one\n"}.get(path, "# one\n" if path[2:] in ("YAML", "r", "R") else "// one\n"),
    )
    assert reason(comment + text, text, path) == "no change"
    assert size({path: comment + text}) == size({path: text})


def test_code_behind_a_comment_mark_has_no_size() -> None:
    assert size({"a.c": "//f(1);\nint a;\n"}) == size({"a.c": "int a;\n"})
    assert size({"a.sh": "#!/bin/sh\na\n"}) == size({"a.sh": "a\n"})
    assert size({"a.c": "// one two\n"}) == size({"a.c": "// one\n"}) == 0


@pytest.mark.parametrize("text", ["", "x = (", "\0", "a" + ".b" * 9_000, "-" * 100_000 + "1", "x = 0x" + "f" * 20_000])
@pytest.mark.parametrize("path", ["a.py", "a.c", "a.yaml", "a.toml", "a.txt"])
def test_any_text_has_a_size(path: str, text: str) -> None:
    assert size({path: text}) >= 0


TARGETS = {"a.py": "def f(x):\n    y = x + 1\n    return y\n\n\nz = f(2)\n", "b.md": "One\n=======\n\n```\nx\n```\n"}
MARKER = re.compile(r"\s*(<{5,9} ?SEARCH|>{5,9} ?REPLACE)\s*", re.IGNORECASE)
MARKS = ["<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "```", "```python", "FILE: a.py", "FILE: b.md", "FILE: c.py"]
line = st.sampled_from(
    [*MARKS, *MARKS, *TARGETS["a.py"].split("\n"), *TARGETS["b.md"].split("\n"), "y = 3", "...", "# ..."]
)
old_lines = st.sampled_from([*TARGETS.values()]).flatmap(
    lambda text: st.tuples(st.integers(0, 6), st.integers(1, 3)).map(lambda at: text.split("\n")[at[0] : sum(at)])
)
some = st.one_of(old_lines, st.lists(line, max_size=4))
blocks = st.one_of(
    st.tuples(some, some).map(lambda part: ["<<<<<<< SEARCH", *part[0], "=======", *part[1], ">>>>>>> REPLACE"]),
    st.tuples(st.sampled_from(["FILE: a.py", "FILE: b.md", ""]), some).map(
        lambda part: [part[0], "```", *part[1], "```"]
    ),
    st.lists(line, max_size=3),
)
replies = st.lists(blocks, max_size=4).map(lambda parts: "\n".join(text for part in parts for text in part))


@settings(max_examples=150, deadline=None, database=None)
@given(replies)
def test_no_answer_is_half_applied_or_leaves_a_marker(text: str) -> None:
    reply = parse(text)
    if isinstance(reply, Refusal):
        return
    files = apply(TARGETS, reply.edits)
    alone = one_by_one(TARGETS, reply.edits)
    if isinstance(files, Refusal):
        assert files.detail
        return
    assert files
    if alone is None:  # then what one block puts there is a second match of another: each has one in the original
        assert not any(
            isinstance(got := apply(TARGETS, [edit]), Refusal) and got.reason != "no change" for edit in reply.edits
        )
    else:
        assert alone == {**TARGETS, **files}
    assert all(TARGETS[path] != new for path, new in files.items())
    if screen(Proposal("", "", "", files), TARGETS, {}) is None:
        assert not any(MARKER.fullmatch(line) for new in files.values() for line in new.split("\n"))


def one_by_one(files: Mapping[str, str], edits: tuple[Edit, ...]) -> Mapping[str, str] | None:
    """What the edits give when each is applied alone to what the ones before left; None when one does not land."""
    for edit in edits:
        got = apply(files, [edit])
        if isinstance(got, Refusal) and got.reason != "no change":
            return None
        files = files if isinstance(got, Refusal) else {**files, **got}
    return files
