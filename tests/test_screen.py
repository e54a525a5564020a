"""What never reaches the bench, and what does: no-ops, duplicates, damage, and the whole path from answer to text."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoresearch.decide.edits import apply
from autoresearch.decide.reply import Edit, Refusal, parse
from autoresearch.decide.screen import fingerprint, screen
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


@pytest.mark.parametrize(
    "text",
    [
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


def test_refuses_an_answer_that_was_cut_off() -> None:
    found = screen(Proposal("d", "h", "c", {"a.py": "x = 2\n"}), {"a.py": "x = 1\n"}, {}, truncated=True)
    assert found is not None
    assert found.reason == "truncated"


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
