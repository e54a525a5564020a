"""The parser of model answers: what it takes, what it refuses, and that it never guesses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoresearch.decide.reader import parse
from autoresearch.decide.reply import Edit, ParsedReply, Refusal, Replace, WholeFile

HEADER = "description: use a set\nhypothesis: lookups get cheaper\ncategory: data structure\n\n"


def parsed(text: str) -> ParsedReply:
    got = parse(text)
    assert isinstance(got, ParsedReply), got
    return got


def refused(text: str) -> Refusal:
    got = parse(text)
    assert isinstance(got, Refusal), got
    assert got.detail
    return got


def block(search: str, replace: str, marks: int = 7) -> str:
    return f"{'<' * marks} SEARCH\n{search}{'=' * marks}\n{replace}{'>' * marks} REPLACE\n"


AB, CD, EF = (block(f"{old}\n", f"{new}\n") for old, new in ("ab", "cd", "ef"))
FENCES = block("```\n", "```py\n")


@pytest.mark.parametrize(
    "header",
    [
        HEADER,
        HEADER.replace("\n", "\r\n"),
        "Description: use a set\nHypothesis: lookups get cheaper\nCategory: Data structure\n\n",
        "**description:** use a set\n**hypothesis:** lookups get cheaper\n**category:** data structure\n\n",
        "**Description**: use a set\n**Hypothesis**: lookups get cheaper\n**Category**: data structure\n\n",
        "- description: use a set\n- hypothesis: lookups get cheaper\n- category: data structure\n\n",
        "## Description\nuse a set\n\n## Hypothesis\nlookups\nget cheaper\n\n## Category\ndata structure\n\n",
        "Here you go.\n\n" + HEADER,
        "<think>\nFILE: b.py\n```\nnot this\n```\n</think>\n" + HEADER,
        "\ufeff" + HEADER,
        "```\n" + HEADER.rstrip() + "\n```\n",
    ],
)
def test_reads_the_header_in_any_dress(header: str) -> None:
    got = parsed(header + "```python\nx = 1\n```\n")
    assert (got.description, got.hypothesis) == ("use a set", "lookups get cheaper")
    assert got.category == "data structure"
    assert got.edits == (WholeFile(None, "x = 1\n"),)


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("I will use a set.\n\nMore words.\n```\nx\n```\n", "I will use a set."),
        ("```\nx\n```\n", "(no description)"),
        ("description:\n\n```\nx\n```\n", "(no description)"),
        ("description: one\tline\x1b[31m\x00 \ud800\u202eend\n```\nx\n```\n", "one line[31m end"),
        (f"description: {'x' * 300}\n```\nx\n```\n", "x" * 199 + "…"),
        ("description: first\ndescription: second\n```\nx\n```\n", "first"),
        ("description: first\nhypothesis: h\ndescription:\nsecond\n```\nx\n```\n", "first"),
        ("description: a\nprose behind it\n```\nx\n```\n", "a"),
    ],
)
def test_description_is_one_clean_line(text: str, description: str) -> None:
    assert parsed(text).description == description


def test_only_the_first_hypothesis_counts() -> None:
    assert parsed("hypothesis: one\ntwo\nhypothesis: three\nfour\n```\nx\n```").hypothesis == "one two"


def test_category_falls_back_to_other() -> None:
    assert parsed("```\nx\n```").category == "other"


@pytest.mark.parametrize(
    ("text", "edits"),
    [
        pytest.param("```python\nx = 1\n```", [WholeFile(None, "x = 1\n")], id="no newline behind the fence"),
        pytest.param("~~~\nx\n~~~\n", [WholeFile(None, "x\n")], id="tildes"),
        pytest.param("```\r\nx\r\ny\r\n```\r\n", [WholeFile(None, "x\ny\n")], id="crlf"),
        pytest.param("```\n```\n", [WholeFile(None, "")], id="empty file"),
        pytest.param("FILE: a.py\n```\nx\n```\n", [WholeFile("a.py", "x\n")], id="file header"),
        pytest.param("**FILE:** `src/a.py`\n```\nx\n```\n", [WholeFile("src/a.py", "x\n")], id="bold file header"),
        pytest.param(
            "FILE: `a.py` (complete)\n```\nx\n```\n", [WholeFile("a.py", "x\n")], id="file header with a remark"
        ),
        pytest.param("FILE: my file.py\n```\nx\n```\n", [WholeFile("my file.py", "x\n")], id="path with a blank"),
        pytest.param("FILE: Makefile\n```\nx\n```\n", [WholeFile("Makefile", "x\n")], id="path without suffix"),
        pytest.param("### a.py\n\n```\nx\n```\n", [WholeFile("a.py", "x\n")], id="heading"),
        pytest.param("`a.py`:\n```\nx\n```\n", [WholeFile("a.py", "x\n")], id="path before the fence"),
        pytest.param("```python a.py\nx\n```\n", [WholeFile("a.py", "x\n")], id="path on the fence"),
        pytest.param("```python:src/a.py\nx\n```\n", [WholeFile("src/a.py", "x\n")], id="path behind a colon"),
        pytest.param('```py title="a.py"\nx\n```\n', [WholeFile("a.py", "x\n")], id="path as a title"),
        pytest.param(
            "FILE: a.py\n```\nx\n```\nFILE: b.py\n```\ny\n```\n",
            [WholeFile("a.py", "x\n"), WholeFile("b.py", "y\n")],
            id="two files",
        ),
        pytest.param(
            "Done.\n```\nx\n```\nRun it:\n```bash\nmake\n```\n", [WholeFile(None, "x\n")], id="command behind"
        ),
        pytest.param("```bash\nmake\n```\n", [WholeFile(None, "make\n")], id="a shell script alone"),
        pytest.param("````\nx\n```\ny\n````\n", [WholeFile(None, "x\n```\ny\n")], id="longer fence"),
        pytest.param("````\na.py\n````\n", [WholeFile(None, "a.py\n")], id="last line looks like a path"),
        pytest.param("```\nx\n  ``` \n", [WholeFile(None, "x\n")], id="closing fence with blanks"),
        pytest.param(
            "````md\nFILE: b.py\n```\nb\n```\n````\n",
            [WholeFile(None, "FILE: b.py\n```\nb\n```\n")],
            id="a file that explains this format",
        ),
    ],
)
def test_reads_whole_files(text: str, edits: list[Edit]) -> None:
    assert list(parsed(HEADER + text).edits) == edits


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("FILE: a.md\n```\n# A\n```sh\nmake\n```\nend\n```\n", "# A\n```sh\nmake\n```\nend\n"),
        ("FILE: a.md\n```\n# A\n```\nmake\n```\nend\n```\n", "# A\n```\nmake\n```\nend\n"),
        ("```markdown\nA\n```\nx\n```\n```py\ny\n```\nend\n```\n", "A\n```\nx\n```\n```py\ny\n```\nend\n"),
        ("```markdown\nend\n```\nThen run:\n```sh\nmake\n```\n", "end\n"),
        ("FILE: a.py\n```python\n'''\n```python\nx\n```\n'''\n```\n", "'''\n```python\nx\n```\n'''\n"),
    ],
)
def test_fences_within_a_file_stay_in_it(text: str, content: str) -> None:
    (edit,) = parsed(text).edits
    assert isinstance(edit, WholeFile)
    assert edit.text == content


@pytest.mark.parametrize(
    ("text", "edits"),
    [
        (block("old\n", "new\n"), [Replace(None, "old\n", "new\n")]),
        (block("old\n", "new\n", marks=5), [Replace(None, "old\n", "new\n")]),
        (block("old\n", "new\n", marks=9), [Replace(None, "old\n", "new\n")]),
        (block("old\n", "new\n").replace("\n", "\r\n"), [Replace(None, "old\n", "new\n")]),
        (block("old\n", "new\n").replace("=======", "====="), [Replace(None, "old\n", "new\n")]),
        (block("old\n", "new\n").replace(">>>>>>>", ">>>>>"), [Replace(None, "old\n", "new\n")]),
        (block("old\n", "new\n").replace("<<<<<<<", "<<<<<"), [Replace(None, "old\n", "new\n")]),
        (block("old\n", "new\n").rstrip(), [Replace(None, "old\n", "new\n")]),
        (block("old\n", ""), [Replace(None, "old\n", "")]),
        (block("old\n", "\n"), [Replace(None, "old\n", "\n")]),
        (block("", "new\n"), [Replace(None, "", "new\n")]),
        (
            block("a\n", "b\n") + "and\n" + block("c\n", "d\n"),
            [Replace(None, "a\n", "b\n"), Replace(None, "c\n", "d\n")],
        ),
        (f"```python\n{AB}```\n", [Replace(None, "a\n", "b\n")]),
        (f"```python\nFILE: x.py\n\n{AB}```\n", [Replace("x.py", "a\n", "b\n")]),
        (f"```\n{AB}\n{CD}```\n", [Replace(None, "a\n", "b\n"), Replace(None, "c\n", "d\n")]),
        (f"x.py\n```\n{AB}```\n", [Replace("x.py", "a\n", "b\n")]),
        (
            f"FILE: x.py\n{AB}{CD}FILE: y.py\n{EF}",
            [Replace("x.py", "a\n", "b\n"), Replace("x.py", "c\n", "d\n"), Replace("y.py", "e\n", "f\n")],
        ),
        (f"Now it is:\n```python\na\n```\nIt becomes:\n{AB}", [Replace(None, "a\n", "b\n")]),
        (f"FILE: x.py\n{FENCES}", [Replace("x.py", "```\n", "```py\n")]),
    ],
)
def test_reads_search_replace_blocks(text: str, edits: list[Edit]) -> None:
    assert list(parsed(HEADER + text).edits) == edits


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        (block("Old\n", "New\n=======\n"), Replace(None, "Old\n", "New\n=======\n")),
        (block("Old\n=====\n", "New\n=======\n", marks=9), Replace(None, "Old\n=====\n", "New\n=======\n")),
        (block("Old\n========\n", "New\n========\n"), Replace(None, "Old\n========\n", "New\n========\n")),
        (block("Old\n==========\n", "New\n"), Replace(None, "Old\n==========\n", "New\n")),
        (block(block("a\n", "b\n"), "c\n", marks=9), Replace(None, block("a\n", "b\n"), "c\n")),
    ],
)
def test_marker_like_lines_in_the_content_are_content(text: str, edit: Edit) -> None:
    assert parsed(text).edits == (edit,)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "no edit found", id="empty"),
        pytest.param(" \n\n", "no edit found", id="blank"),
        pytest.param("I can't help with that.", "no edit found", id="declined"),
        pytest.param(HEADER + "I would use a set.", "no edit found", id="prose"),
        pytest.param("```diff\n-a\n+b\n```\n", "unified diff", id="diff"),
        pytest.param(HEADER + "```python\nx = 1\n", "truncated", id="open fence"),
        pytest.param("````\nx\n```\n", "truncated", id="short closing fence"),
        pytest.param("```\nx\n```python\ny\n```\n", "truncated", id="inner block only"),
        pytest.param("FILE: a.md\n```\nA\n```\nx\n```\n", "truncated", id="markdown cut off behind an inner block"),
        pytest.param("FILE: a.py\n```\n'''\n```\nx\n```\n'''\n```\n", "truncated", id="bare fences within code"),
        pytest.param("<<<<<<< SEARCH\na\n=======\nb\n", "truncated", id="open block"),
        pytest.param("<<<<<<< SEARCH\na\n", "truncated", id="open search"),
        pytest.param(block("a\n", "b\n") + "<<<<<<< SEARCH\nc\n", "truncated", id="open second block"),
        pytest.param("<<<<<<< SEARCH\na\n=======\nb\n" + block("c\n", "d\n"), "truncated", id="block in a block"),
        pytest.param("```\n" + block("a\n", "b\n"), "truncated", id="open wrapper"),
        pytest.param("<think>\nhm\n", "truncated", id="open reasoning"),
        pytest.param("<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n", "malformed block", id="no divider"),
        pytest.param(block("a\n", "b\n>>>>>>> REPLACE\nc\n"), "malformed block", id="marker in the content"),
        pytest.param("```\nx\n```\nor\n```py\ny\n```\n", "ambiguous reply", id="two nameless files"),
        pytest.param("FILE: a.py\n```py\nx\n```\nand\n```py\ny\n```\n", "ambiguous reply", id="one name for two files"),
    ],
)
def test_refuses_what_is_not_whole_or_not_clear(text: str, reason: str) -> None:
    assert refused(text).reason == reason


def test_a_declining_answer_is_quoted_back() -> None:
    assert "I can't help" in refused("I can't help with that.").detail


def test_refuses_an_answer_that_the_provider_cut_off() -> None:
    got = parse(HEADER + "```\nx\n```\n", truncated=True)
    assert isinstance(got, Refusal)
    assert got.reason == "truncated"


def test_an_agents_answer_needs_only_a_header() -> None:
    got = parse(HEADER + "```\nnever closed", edits=False)
    assert got == ParsedReply("use a set", "lookups get cheaper", "data structure", None, ())


@pytest.mark.parametrize(
    ("said", "share"),
    [
        ("+2 %", 0.02),
        ("about 2.5% better", 0.025),
        ("-1 %", -0.01),
        ("−1 %", -0.01),
        ("1-3 %", 0.02),
        ("1 to 3%", 0.02),
        ("+1% to +3%", 0.02),
        ("0,5 %", 0.005),
        ("4", 0.04),
        ("2x faster", 1.0),
        ("×1.5", 0.5),
        ("3 times", 2.0),
        ("", None),
        ("none", None),
        ("a lot", None),
        ("loss lower by 0.01", None),
        ("999999999 %", None),
    ],
)
def test_reads_what_gain_is_predicted(said: str, share: float | None) -> None:
    got = parsed(HEADER.strip() + f"\nexpected: {said}\n\n```\nx\n```\n").expected
    assert got == (None if share is None else pytest.approx(share))


LINES = st.sampled_from(
    [
        *("```", "```python", "````", "~~~", "``` a.py", "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "====="),
        *("<<<<< SEARCH", ">>>>>>>>> REPLACE", "FILE: a.py", "a.py", "description: x", "**Hypothesis**", "", "x = 1"),
        *("<think>", "</think>", "...", "    y", "\r", "category"),
    ]
)


@settings(max_examples=200, deadline=None, database=None)
@given(st.one_of(st.text(), st.lists(LINES, max_size=25).map("\n".join)), st.booleans())
def test_parsing_never_raises(text: str, edits: bool) -> None:
    got = parse(text, edits=edits)
    if isinstance(got, Refusal):
        assert got.reason
        assert got.detail
    else:
        assert got.edits or not edits
        for line in (got.description, got.category):
            assert len(line) <= 200
            assert not any(c in line for c in "\n\r\t\x00\x1b\u2028\x85")
