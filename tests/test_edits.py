"""How edits land: the ladder, all or nothing, and what the model is told of a block that does not match."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autoresearch.decide.edits import apply
from autoresearch.decide.reader import parse
from autoresearch.decide.reply import Edit, ParsedReply, Refusal, Replace, WholeFile

FILE = "def f(x):\n    y = x + 1\n    return y\n\n\ndef g(x):\n    y = x + 1\n    return y * 2\n"


def landed(files: Mapping[str, str], *edits: Edit) -> Mapping[str, str]:
    got = apply(files, edits)
    assert not isinstance(got, Refusal), got
    return got


def refused(files: Mapping[str, str], *edits: Edit) -> Refusal:
    before = dict(files)
    got = apply(files, edits)
    assert isinstance(got, Refusal), got
    assert files == before
    return got


def edited(text: str, search: str, replace: str) -> str:
    return landed({"a.py": text}, Replace(None, search, replace))["a.py"]


@pytest.mark.parametrize(
    ("search", "replace", "old", "new"),
    [
        pytest.param("    return y * 2\n", "    return 2 * y\n", "y * 2", "2 * y", id="exact"),
        pytest.param("    return y * 2", "    return 2 * y", "y * 2", "2 * y", id="exact, no newline"),
        pytest.param("    return y * 2\r\n", "    return 2 * y\r\n", "y * 2", "2 * y", id="crlf in the block"),
        pytest.param("    return y * 2  \n", "    return 2 * y\n", "y * 2", "2 * y", id="trailing blanks"),
        pytest.param("return y * 2\n", "return 2 * y\n", "y * 2", "2 * y", id="less indent"),
        pytest.param("        return y * 2\n", "        return 2 * y\n", "y * 2", "2 * y", id="more indent"),
        pytest.param(
            "  def g(x):\n      y = x + 1\n",
            "  def g(x):\n\n      if x:\n          y = x + 2\n",
            "def g(x):\n    y = x + 1\n",
            "def g(x):\n\n    if x:\n        y = x + 2\n",
            id="more indent in several lines",
        ),
        pytest.param(
            "def g(x):\n...\n    return y * 2\n",
            "def g(z):\n...\n    return 2 * y\n",
            "def g(x):\n    y = x + 1\n    return y * 2\n",
            "def g(z):\n    y = x + 1\n    return 2 * y\n",
            id="elision that is kept",
        ),
        pytest.param(
            "def g(x):\n    ...\n    return y * 2\n",
            "g = abs\n",
            "def g(x):\n    y = x + 1\n    return y * 2\n",
            "g = abs\n",
            id="elision that is replaced",
        ),
        pytest.param("    return y\n\n\ndef g(x):\n", "    return y\n\n\ndef g(z):\n", "g(x)", "g(z)", id="context"),
        pytest.param("    return y\n\n", "", "    return y\n\n", "", id="deletion"),
        pytest.param("\nreturn y * 2\n\n", "\nreturn 2 * y\n\n", "y * 2", "2 * y", id="blank lines around"),
        pytest.param("    return y * 2\n\n", "    return 2 * y\n", "y * 2", "2 * y", id="a blank line behind"),
        pytest.param(
            "    return y * 2\n", "    return y * 2\nh = g\n", "* 2\n", "* 2\nh = g\n", id="insertion at the end"
        ),
        pytest.param(FILE, "x = 1\n", FILE, "x = 1\n", id="everything"),
    ],
)
def test_lands_a_block_that_matches_once(search: str, replace: str, old: str, new: str) -> None:
    assert FILE.count(old) == 1
    assert edited(FILE, search, replace) == FILE.replace(old, new)


@pytest.mark.parametrize(
    ("text", "search", "count"),
    [
        pytest.param(FILE, "    y = x + 1\n", 2, id="exact twice"),
        pytest.param(FILE, "    y = x + 1 \n", 2, id="with trailing blanks twice"),
        pytest.param(FILE, "y = x + 1\n", 2, id="shifted twice"),
        pytest.param(FILE, "def f(x):\n...\n    y = x + 1\n", 2, id="elision with two ends"),
        pytest.param("a\na\na\n", "a\na\n", 2, id="overlapping"),
        pytest.param("x\n" * 200, "x\n", 50, id="far too often"),
        pytest.param(FILE, "    y = x + 2\n", 0, id="nothing like it"),
        pytest.param(FILE, "y = x\n", 0, id="part of a line"),
        pytest.param(FILE, "return y * 2\n\nx\n", 0, id="a blank line too many"),
        pytest.param(FILE, "def g(x):\n  y = x + 1\n", 0, id="uneven indent"),
        pytest.param(FILE, "y = x + 1\n  return y\n", 0, id="uneven shift"),
        pytest.param(FILE, "def f(x):\n...\n    return y\n...\n    return y * 2\n", 0, id="two elisions"),
        pytest.param(FILE, "...\n    return y * 2\n", 0, id="elision without a head"),
        pytest.param(FILE, "    return y * 2\n...\ndef f(x):\n", 0, id="elision backwards"),
        pytest.param("\tx\n\ty\n", "    x\n", 0, id="tabs against blanks"),
        pytest.param("", "x\n", 0, id="empty file"),
    ],
)
def test_refuses_a_block_that_does_not_match_exactly_once(text: str, search: str, count: int) -> None:
    refusal = refused({"a.py": text}, Replace(None, search, "new\n"))
    assert refusal.reason == ("search ambiguous" if count else "search not found")
    assert f"{count} places" in refusal.detail
    assert search.rstrip() in refusal.detail


def test_an_exact_match_wins_over_a_shifted_one() -> None:
    assert edited("  x\nx\n", "x\n", "y\n") == "  x\ny\n"


def test_a_left_shift_that_would_eat_characters_is_refused() -> None:
    assert refused({"a.py": "x\n"}, Replace(None, "  x\n", "y\n")).reason == "search not found"


def test_a_shift_leaves_blank_lines_blank() -> None:
    old = "if x:\n    a\n\n    b\n"
    assert edited(old, "a\n\nb\n", "c\n\nd\n") == "if x:\n    c\n\n    d\n"
    assert edited(old, "    if x:\n        a\n\n", "    c\n\n") == "c\n\n    b\n"


@pytest.mark.parametrize(("search", "replace"), [("b\n...\na\n", "...\n"), ("a\n...\nc\n", "...\nx\n...\n")])
def test_refuses_an_elision_that_has_no_place_or_two(search: str, replace: str) -> None:
    assert refused({"a.py": "a\nb\nc\n"}, Replace(None, search, replace)).reason == "search not found"


def test_says_where_a_block_matches_too_often() -> None:
    assert "(a.py:2, a.py:7)" in refused({"a.py": FILE}, Replace(None, "    y = x + 1\n", "")).detail


def test_shows_the_nearest_lines_of_a_block_that_matches_nowhere() -> None:
    detail = refused({"a.py": FILE}, Replace(None, "def g(x):\n    return y * 3\n", "")).detail
    assert "nearest lines of a.py, from line 5" in detail
    assert "    return y * 2\n" in detail


def test_blocks_land_in_order_on_the_same_text() -> None:
    edits = Replace(None, "a\n", "b\nx\n"), Replace(None, "x\n", "y\n")
    assert landed({"a.py": "a\n"}, *edits) == {"a.py": "b\ny\n"}


def test_one_bad_block_keeps_all_others_out_and_each_bad_one_is_named() -> None:
    good = Replace(None, "    return y * 2\n", "    return 2 * y\n")
    refusal = refused({"a.py": FILE}, good, Replace(None, "no\n", ""), Replace(None, "none\n", ""))
    assert "Block 2 of 3" in refusal.detail
    assert "Block 3 of 3" in refusal.detail
    assert "Block 1 of 3" not in refusal.detail


def test_of_very_many_bad_blocks_the_first_are_told() -> None:
    refusal = refused({"a.py": FILE}, *[Replace(None, f"no {k}\n", "") for k in range(100)])
    assert "Block 8 of 100" in refusal.detail
    assert "Block 9 of 100" not in refusal.detail
    assert refusal.detail.endswith("92 more blocks do not apply.")


@pytest.mark.parametrize("path", ["a.py", "./a.py", "././a.py", "a/a.py", "b/a.py", " a.py ", ".\\a.py", None])
def test_takes_a_path_in_the_ways_that_models_write_it(path: str | None) -> None:
    assert landed({"a.py": "x\n"}, WholeFile(path, "y\n")) == {"a.py": "y\n"}
    assert landed({"a.py": "x\n"}, Replace(path, "x\n", "y\n")) == {"a.py": "y\n"}


def test_a_target_in_a_folder_a_is_meant_first() -> None:
    assert landed({"m.py": "x\n", "a/m.py": "x\n"}, WholeFile("a/m.py", "y\n")) == {"a/m.py": "y\n"}


@pytest.mark.parametrize(
    "path", ["bench.py", "/a.py", "../a.py", "x/../a.py", "x/a.py", "c/a.py", "A.py", "", "a.py/", "~/a.py"]
)
def test_refuses_a_path_that_is_no_target_and_names_those_that_are(path: str) -> None:
    for edit in (WholeFile(path, "y\n"), Replace(path, "x\n", "y\n")):
        refusal = refused({"a.py": "x\n", "lib/b.py": "x\n"}, edit)
        assert refusal.reason == "unknown target"
        assert "a.py, lib/b.py" in refusal.detail


def test_without_a_path_the_only_match_over_all_targets_is_meant() -> None:
    files = {"a.py": "x\ny\n", "b.py": "x\nz\n"}
    assert landed(files, Replace(None, "z\n", "w\n")) == {"b.py": "x\nw\n"}
    assert refused(files, Replace(None, "x\n", "w\n")).reason == "search ambiguous"
    assert landed(files, Replace("b.py", "x\n", "w\n")) == {"b.py": "w\nz\n"}


def test_a_whole_file_without_a_path_needs_a_single_target() -> None:
    assert refused({"a.py": "x\n", "b.py": "x\n"}, WholeFile(None, "y\n")).reason == "unknown target"
    assert refused({}, WholeFile(None, "y\n")).reason == "unknown target"


def test_refuses_two_complete_texts_for_one_target() -> None:
    refusal = refused({"a.py": "x\n"}, WholeFile("a.py", "y\n"), WholeFile("./a.py", "z\n"))
    assert refusal.reason == "ambiguous edit"


@pytest.mark.parametrize("search", ["", "\n", "  \n\n"])
def test_an_empty_search_lands_in_an_empty_file_only(search: str) -> None:
    assert edited("", search, "x\n") == "x\n"
    assert edited("\n", search, "x\n") == "x\n"
    assert refused({"a.py": "x\n\n"}, Replace(None, search, "y\n")).reason == "empty search"


@pytest.mark.parametrize(
    ("old", "edit", "new"),
    [
        ("a\r\nb\r\n", Replace(None, "a\n", "x\ny\n"), "x\r\ny\r\nb\r\n"),
        ("a\r\nb\r\n", WholeFile(None, "x\ny\n"), "x\r\ny\r\n"),
        ("a\nb\r\nc\n", Replace(None, "c\n", "x\n"), "a\nb\r\nx\n"),
        ("a\nb", Replace(None, "a\n", "x\n"), "x\nb"),
        ("a\nb", Replace(None, "b\n", "x\ny\n"), "a\nx\ny"),
        ("a\nb", Replace(None, "b\n", ""), "a"),
        ("a\r\nb", Replace(None, "b\n", "x\n"), "a\r\nx"),
        ("a\nb", WholeFile(None, "x\n"), "x"),
        ("a\nb", WholeFile(None, "x\n\n\n"), "x"),
        ("a\nb\r\nc\n", WholeFile(None, "a\nb\nx\n"), "a\nb\r\nx\n"),
        ("a\nb\n", WholeFile(None, "x"), "x\n"),
        ("a\nb\r", Replace(None, "a\n", "x\n"), "x\nb\r"),
        ("a\x0cb\u2028c\n", Replace(None, "a\x0cb\u2028c\n", "x\n"), "x\n"),
        ("\ufeffa\n", Replace(None, "a\n", "x\n"), "\ufeffx\n"),
        ("\ufeffa\n", WholeFile(None, "x\n"), "\ufeffx\n"),
        ("", WholeFile(None, "x\n"), "x\n"),
        ("a\n", WholeFile(None, ""), ""),
    ],
)
def test_keeps_line_endings_byte_order_mark_and_final_newline(old: str, edit: Edit, new: str) -> None:
    assert landed({"a.py": old}, edit) == {"a.py": new}


@pytest.mark.parametrize("edit", [WholeFile(None, "a\n"), Replace(None, "a\n", "a\n")])
def test_refuses_an_edit_that_changes_nothing(edit: Edit) -> None:
    assert refused({"a.py": "a\n"}, edit).reason == "no change"
    assert refused({"a.py": "a"}, edit).reason == "no change"


def test_returns_only_the_targets_that_change() -> None:
    files = {"a.py": "x\n", "b.py": "x\n"}
    assert landed(files, WholeFile("a.py", "x\n"), WholeFile("b.py", "y\n")) == {"b.py": "y\n"}


RST = "One\n=======\nfirst\n\nTwo\n=======\nsecond\n"


@pytest.mark.parametrize(
    ("body", "new"),
    [
        ("One\n=======\nfirst\n=======\nOne\n=======\n1st\n", RST.replace("first", "1st")),
        ("One\n=======\nfirst\n=======\nnone\n", RST.replace("One\n=======\nfirst", "none")),
        ("One\n=======\nfirst\n\nTwo\n=======\nsecond\n=======\nnone\n", "none\n"),
        ("first\n=======\nfirst\n\nHalf\n=======\n", RST.replace("first\n", "first\n\nHalf\n=======\n")),
    ],
)
def test_headings_underlined_like_the_divider_land_as_meant(body: str, new: str) -> None:
    reply = parse(f"<<<<<<< SEARCH\n{body}>>>>>>> REPLACE\n")
    assert isinstance(reply, ParsedReply)
    assert landed({"a.rst": RST}, *reply.edits) == {"a.rst": new}


quick = settings(max_examples=100, deadline=None, database=None)
lines = st.lists(
    st.one_of(
        st.text(st.characters(exclude_characters="\n\r\ufeff", exclude_categories=["Cs"]), max_size=12),
        st.sampled_from(
            ["```", "```py", "~~~", "=======", "a.py", "FILE: a.py", "...", "    x", "x", "", "description: y"]
        ),
    ),
    max_size=12,
)


@quick
@given(old=lines, new=lines, crlf=st.booleans())
def test_a_whole_file_reply_lands_exactly(old: list[str], new: list[str], crlf: bool) -> None:
    newline = "\r\n" if crlf else "\n"
    before = "".join(line + newline for line in old)
    after = "".join(line + (newline if before else "\n") for line in new)
    assume(before != after and new[:1] != ["FILE: a.py"])
    text = "".join(line + "\n" for line in new)
    fence = "`" * max(3, 1 + max((len(line) for line in new if line.strip("`") != line), default=0))
    reply = parse(f"description: d\n\n{fence}\n{text}{fence}\n")
    assert isinstance(reply, ParsedReply)
    assert landed({"a.py": before}, *reply.edits) == {"a.py": after}


@quick
@given(head=lines, old=lines, tail=lines, new=lines, crlf=st.booleans())
def test_a_block_for_a_unique_region_lands_exactly(
    head: list[str], old: list[str], tail: list[str], new: list[str], crlf: bool
) -> None:
    whole, n = [*head, *old, *tail], len(old)
    assume(any(line.strip() for line in old) and old != new)
    assume(sum(whole[i : i + n] == old for i in range(len(whole) - n + 1)) == 1)
    end = "\r\n" if crlf else "\n"
    body = ["<<<<<<<<< SEARCH", *old, "=========", *new, ">>>>>>>>> REPLACE"]
    reply = parse("FILE: a.py\n" + "".join(line + "\n" for line in body))
    assert isinstance(reply, ParsedReply)
    before = "".join(line + end for line in whole)
    after = "".join(line + end for line in [*head, *new, *tail])
    assume(before != after)
    assert landed({"a.py": before, "b.py": before}, *reply.edits) == {"a.py": after}
