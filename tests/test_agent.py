"""What an agent says, as a header: pure, over outputs as the real ones print them."""

from __future__ import annotations

import pytest

from autoresearch.decide import agent, reader, reply

BEFORE = {"life.py": "import os\n\n\ndef step(board):\n    total = 0\n    return total\n"}
AFTER = {"life.py": "import os\n\n\ndef step(board):\n    return 0\n"}
HEADER = "description: by an agent\nhypothesis: fewer lines\ncategory: simplification\n"
PROMPT = (
    "Answer format\n\ndescription: one line\nhypothesis: why\ncategory: a | b\n\nPrint the header as your last output."
)
DERIVED = "edits life.py: 1 line added, 2 removed, near def step"


def header(output: str, prompt: str = PROMPT) -> tuple[str, str, str]:
    """What the loop reads in an agent's answer."""
    parsed = reader.parse(agent.account(output, prompt, BEFORE, AFTER), edits=False)
    assert isinstance(parsed, reply.ParsedReply)
    return parsed.description, parsed.hypothesis, parsed.category


@pytest.mark.parametrize(
    "output",
    [
        HEADER,
        f"warning: no terminal\nI looked around.\n\n{HEADER}\nTokens used: 30\n",
        f"description: a first try\ncategory: fix\n\nThat did not work.\n\n{HEADER}",
        f"\x1b]0;agent\x07\x1b[1m\x1b[32mdone\x1b[0m\r\n\x1b[36m{HEADER}\x1b[0m".replace("\n", "\r\n"),
        f"Here it is:\n```\n{HEADER}```\n",
        "All done.\n\n**Description:** by an agent\n**Hypothesis:** fewer lines\n**Category:** simplification\n",
        'npm warn old\n{"type":"result","result":"Done.\\n\\ndescription: by an agent\\nhypothesis: fewer lines\\n'
        'category: simplification","session_id":"12"}\n',
        '{\n  "stats": {"tokens": 3},\n  "response": "description: by an agent\\nhypothesis: fewer lines\\n'
        'category: simplification"\n}\n',
        f"user\n{PROMPT}\nexec\ncat life.py\n{HEADER}",
        "hypothesis: fewer lines\ndescription: by an agent\ncategory: simplification\n",
    ],
)
def test_the_header_is_the_last_one_whatever_stands_around_it(output: str) -> None:
    assert header(output) == ("by an agent", "fewer lines", "simplification")


@pytest.mark.parametrize(
    "output",
    [
        "",
        "warning: deprecated\nI have made step() faster.\nTokens used: 30\n",
        f"user\n{PROMPT}\nwarning: something\n",
        '{"result": "Done."}',
        "{not json\n" * 50,
    ],
)
def test_without_a_header_the_edit_describes_itself(output: str) -> None:
    assert header(output)[0] == DERIVED


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({}, "edits nothing"),
        ({"life.py": BEFORE["life.py"] + "STEPS = 3\n"}, "edits life.py: 1 line added, 0 removed, near def step"),
        ({"life.py": "import sys\n"}, "edits life.py: 1 line added, 6 removed"),
        ({"life.py": ""}, "edits life.py: 0 lines added, 6 removed"),
    ],
)
def test_an_edit_is_described_by_its_lines_and_the_definition_it_is_in(after: dict[str, str], expected: str) -> None:
    assert agent.described(BEFORE, after) == expected


def test_several_files_are_each_described() -> None:
    before = {**BEFORE, "b.rs": "pub fn run() {\n    1\n}\n"}
    told = agent.described(before, {**AFTER, "b.rs": "pub fn run() {\n    2\n}\n"})
    assert told == f"{DERIVED}; b.rs: 1 line added, 1 removed, near fn run"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a\r\nb\r\n", "a\nc\n", "a\r\nc\r\n"),
        ("a\r\nb\r\n", "a\r\nc\n", "a\r\nc\n"),
        ("a\r\nb\n", "a\nc\n", "a\nc\n"),
        ("a\nb\n", "a\r\nc\n", "a\r\nc\n"),
    ],
)
def test_an_edit_that_lost_all_carriage_returns_gets_them_back(old: str, new: str, expected: str) -> None:
    assert agent.in_endings_of(old, new) == expected
