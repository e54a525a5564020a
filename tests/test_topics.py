"""Which keeps belong together: groups whose changes git merges in any order, and that each apply alone."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import lru_cache
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autoresearch.decide.topics import Fabric, File, fabric, named
from autoresearch.decide.weave import knots, unravelled, weave
from autoresearch.finalize import joined

LINES = [f"line {n}\n".encode() for n in range(12)]


@lru_cache(maxsize=20_000)
def merged(mine: bytes, old: bytes, theirs: bytes) -> bytes | None:
    """As git merges."""
    if mine == old or theirs == old:
        return theirs if mine == old else mine
    with TemporaryDirectory() as folder:
        places = [Path(folder) / name for name in ("mine", "old", "theirs")]
        for place, data in zip(places, (mine, old, theirs), strict=True):
            place.write_bytes(data)
        done = subprocess.run(["git", "merge-file", "-p", "-q", *map(str, places)], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def cloth(base: bytes, *versions: bytes) -> Fabric:
    """One file that each change rewrites."""
    return fabric({"a.py": ("100644", base)}, [{"a.py": ("100644", data)} for data in versions])


def with_lines(**changed: str) -> bytes:
    """The twelve lines, with others in the place of some: `with_lines(_3="x")`."""
    texts = {int(name[1:]): f"{text}\n".encode() if text else b"" for name, text in changed.items()}
    return b"".join(texts.get(at, line) for at, line in enumerate(LINES))


BASE = with_lines()


@st.composite
def edited(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A text of lines of which many are equal, and what up to five edits made of it, one after the other."""
    line = st.sampled_from([b"a\n", b"b\n", b"\n", b"}\n", *LINES])
    lines = draw(st.lists(line, min_size=1, max_size=14))
    base, versions = b"".join(lines), []
    for _ in range(draw(st.integers(1, 5))):
        first = draw(st.integers(0, len(lines)))
        last = min(len(lines), first + draw(st.integers(0, 3)))
        lines = [*lines[:first], *draw(st.lists(line, max_size=3)), *lines[last:]]
        versions.append(b"".join(lines))
    if draw(st.booleans()):
        base, versions = base[:-1], [version[:-1] for version in versions]
    return base, versions


@given(edited())
@example((b"a\na\n", [b"a\na\na\n", b"a\na\n"]))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_change_is_in_one_topic_and_git_merges_the_topics_in_any_order(of: tuple[bytes, list[bytes]]) -> None:
    base, versions = of
    whole = cloth(base, *versions)
    groups = joined(merged, whole)
    assert sorted(at for group in groups for at in group) == list(range(len(versions)))
    for order in permutations(groups):
        text: bytes | None = base
        for group in order:
            assert text is not None
            alone = whole.file("a.py", group)
            assert alone is not None
            text = merged(text, base, alone[1])
        assert text == versions[-1]


@given(edited())
@settings(max_examples=200, deadline=None)
def test_the_first_changes_alone_are_what_was_there_after_them(of: tuple[bytes, list[bytes]]) -> None:
    base, versions = of
    lines = weave(base, list(enumerate(versions)))
    for count in range(len(versions) + 1):
        assert unravelled(lines, range(count)) == [base, *versions][count]


@given(edited())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_of_a_topic_that_changes_something_a_change_lasts(of: tuple[bytes, list[bytes]]) -> None:
    of_all = cloth(of[0], *of[1])
    lasting = of_all.lasting()
    assert all(lasting & set(topic) for topic in of_all.topics() if of_all.files(topic))


@pytest.mark.parametrize(
    ("versions", "lasting"),
    [
        ([with_lines(_3="x"), BASE], set()),
        ([with_lines(_3="x"), with_lines(_4="y")], {1}),
        ([with_lines(_3="line 3\nx"), with_lines(_3="line 3\ny")], {1}),
        ([with_lines(_3="x"), with_lines(_3="y")], {0, 1}),
        ([with_lines(_3="x"), with_lines(_3="y"), with_lines(_3="z")], {0, 2}),
        ([with_lines(_3=""), with_lines(_3="", _4="y")], {0, 1}),
        ([with_lines(_3="line 3\nx\ny"), with_lines(_3="line 3\nx")], {0}),
    ],
    ids=["back", "back-and-more", "written-over", "built-on", "between", "deletion", "partly-back"],
)
def test_a_change_lasts_while_the_diff_shows_a_line_that_it_wrote_or_took_away(
    versions: Sequence[bytes], lasting: set[int]
) -> None:
    assert cloth(BASE, *versions).lasting() == lasting


def test_changes_that_no_lines_can_tell_apart_last_together() -> None:
    made = fabric({"a": None}, [{"a": ("100644", b"x\n")}, {"a": ("100644", b"y\n")}])
    gone = fabric({"a": None}, [{"a": ("100644", b"x\n")}, {"a": None}])
    assert made.lasting() == {0, 1}
    assert gone.lasting() == set()


def test_changes_of_lines_far_apart_are_topics_of_their_own() -> None:
    one, both = with_lines(_2="x"), with_lines(_2="x", _7="y")
    whole = cloth(BASE, one, both)
    assert whole.topics() == [(0,), (1,)]
    assert whole.file("a.py", (1,)) == ("100644", with_lines(_7="y"))
    assert whole.topics(together=[(0, 1)]) == [(0, 1)]


@pytest.mark.parametrize(
    "versions",
    [
        [with_lines(_2="x"), with_lines(_2="y")],
        [with_lines(_2="x"), with_lines(_2="x", _3="y")],
        [with_lines(_2="x"), BASE],
        [with_lines(_2="x", _9="x"), with_lines(_2="x", _9="y")],
        [with_lines(_2="line 2\nnew"), with_lines(_2="line 2\nnewer")],
    ],
)
def test_changes_that_touch_belong_together(versions: Sequence[bytes]) -> None:
    assert cloth(BASE, *versions).topics() == [(0, 1)]


def test_lines_that_are_not_the_only_ones_of_their_kind_separate_nothing() -> None:
    lines = weave(b"a\n\nb\n", [(0, b"A\n\nb\n"), (1, b"A\n\nB\n")])
    assert list(knots(lines)) == [{0}, {1}]
    lines = weave(b"a\n\nb\n\n", [(0, b"A\n\nb\n\n"), (1, b"A\n\nB\n\n")])
    assert list(knots(lines)) == [{0, 1}]


def test_a_chain_of_touching_changes_is_one_topic_and_files_are_looked_at_together() -> None:
    text: File = ("100644", BASE)
    base = {"a.py": text, "b.py": text, "c.py": text}
    new: File = ("100644", with_lines(_1="x"))
    other: File = ("100644", with_lines(_1="x", _9="y"))
    whole = fabric(base, [{"a.py": new}, {"b.py": new}, {"c.py": new}, {"a.py": other, "b.py": other}, {"b.py": text}])
    assert whole.topics() == [(0,), (1, 3, 4), (2,)]
    assert whole.files((1, 3, 4)) == {"a.py": ("100644", with_lines(_9="y"))}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, ("100644", BASE)),
        (("100644", BASE), None),
        (("100644", BASE), ("100755", BASE)),
        (("100644", b"\0" + BASE), ("100644", b"\0x" + BASE)),
    ],
)
def test_what_no_lines_can_tell_apart_belongs_together(before: File | None, after: File | None) -> None:
    last: File = ("100644", with_lines(_9="y"))
    whole = fabric({"a.py": before}, [{"a.py": after}, {"a.py": last}])
    assert whole.topics() == [(0, 1)]
    assert whole.files((0,)) == {"a.py": after}
    assert whole.files((0, 1)) == {"a.py": last}


def test_names_are_what_branches_can_be_called() -> None:
    assert named(
        [
            ("Cache the board!", "algorithm"),
            ("cache  THE board", ""),
            ("盤を覚える", "memory layout"),
            ("", ""),
            ("..", "@{"),
            ("a very long description of a change that nobody would ever type", ""),
        ]
    ) == [
        "cache-the-board",
        "cache-the-board-2",
        "memory-layout",
        "topic",
        "topic-2",
        "a-very-long-description-of-a",
    ]


def test_topics_that_git_does_not_merge_are_joined() -> None:
    whole = cloth(BASE, with_lines(_2="x"), with_lines(_2="x", _6="y"), with_lines(_2="x", _6="y", _10="z"))
    assert joined(merged, whole) == [(0,), (1,), (2,)]
    assert joined(
        lambda mine, old, theirs: None if mine == with_lines(_2="x") else merged(mine, old, theirs), whole
    ) == [
        (0, 1),
        (2,),
    ]
