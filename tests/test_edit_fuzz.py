"""Damaged answers: whatever lands is all of what the answer says, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoresearch.decide.landing import NOTHING, Held, Unused, land
from autoresearch.decide.reader import parse
from autoresearch.decide.reply import Edit, ParsedReply, Replace, WholeFile
from autoresearch.decide.screen import fingerprint
from autoresearch.decide.syntax import syntax_error
from autoresearch.model import Proposal, Reply, Usage
from test_replies import WELL_FORMED, Case

MARKER = re.compile(r"[<>]{5,9} ?(?:SEARCH|REPLACE).*|[<>|]{7}(?: .*)?|[-+]{5,9} (?:SEARCH|REPLACE)")
SMALL = [case for case in WELL_FORMED if "emulator.py" not in case.targets]
TARGETS = sorted({pair for case in SMALL for pair in case.targets.items()})
HEAD = "description: d\nhypothesis: h\ncategory: parameters\n\n"
SPARE = sorted({line for case in WELL_FORMED for line in case.answer.split("\n")})
Lines = list[str]


@st.composite
def damaged(draw: st.DrawFn, case: Case) -> str:
    """An answer of the corpus after a few accidents."""
    lines = case.text.split("\n")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["drop", "double", "swap", "cut", "length", "other", "words", "answer"])):
            case "drop":
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case "swap":
                other = draw(st.integers(0, len(lines) - 1))
                lines[at], lines[other] = lines[other], lines[at]
            case "cut":
                lines = [*lines[:at], lines[at][: draw(st.integers(0, 20))]]
            case "length":
                size = draw(st.integers(3, 10))
                marks = [k for k, line in enumerate(lines) if re.match(r"\s*([<=>`~])\1{2}", line)]
                if marks:
                    at = draw(st.sampled_from(marks))
                    run = re.search(r"([<=>`~])\1+", lines[at])
                    assert run
                    lines[at] = lines[at].replace(run[0], run[1] * size, 1)
            case "other":
                lines.insert(at, draw(st.sampled_from(SPARE)))
            case "words":
                lines.insert(at, draw(st.text(max_size=12)))
            case "answer":
                lines[at:at] = draw(st.sampled_from(SMALL)).text.split("\n")
        lines = lines or [""]
    return "\n".join(lines)


def told(case: Case, text: str, held: Held = NOTHING) -> Proposal | Unused:
    got = land(Reply(text, Usage()), case.targets, {}, held)
    if isinstance(got, Unused):
        assert got.reason
        assert got.detail
    else:
        assert_sound(case.targets, got.files)
    return got


def assert_sound(old: Mapping[str, str], new: Mapping[str, str]) -> None:
    """What must hold of anything that is benched."""
    assert new
    assert set(new) <= set(old)
    assert fingerprint({**old, **new}) != fingerprint(old)
    for path, text in new.items():
        assert text != old[path]
        assert text.encode().decode() == text
        assert text.startswith("\ufeff") == old[path].startswith("\ufeff")
        endings = {"\r\n"} if "\r\n" in old[path] else {"\n"}
        assert set(re.findall("\r?\n", text)) <= endings
        assert text.endswith("\n") == old[path].endswith("\n")
        assert marker_lines(text) <= marker_lines(old[path])
        assert path.endswith((".rst", ".md", ".txt")) or "=======" not in text.splitlines()
        assert syntax_error(path, text) is None


def marker_lines(text: str) -> set[str]:
    return {line.strip() for line in text.split("\n") if MARKER.fullmatch(line.strip())}


def assert_explained(
    old: Mapping[str, str], new: Mapping[str, str], edits: Sequence[Edit], held: Sequence[Edit], due: int
) -> None:
    """The new texts are the old ones with every one of the edits done, each at one place. Blanks are not compared.

    A held one may be left out where what it says is there all the same, or where all came anew: `due` edits or more.
    """
    wanted = {path: bare(text) for path, text in {**old, **new}.items()}
    before = {path: bare(text) for path, text in old.items()}
    for count in range(len(held), -1, -1):
        for kept in combinations(held, count):
            left_out = [edit for edit in held if edit not in kept]
            if wanted in list(outcomes(before, [*kept, *edits])):
                assert len(edits) >= due or all(is_there(edit, wanted) for edit in left_out)
                return
    raise AssertionError((wanted, edits, held))


def is_there(edit: Edit, texts: Mapping[str, Lines]) -> bool:
    said = bare(edit.text if isinstance(edit, WholeFile) else edit.replace)
    return any(lines[at : at + len(said)] == said for lines in texts.values() for at in range(len(lines) + 1))


def bare(text: str) -> Lines:
    return [word for line in text.removeprefix("\ufeff").split("\n") if (word := "".join(line.split()))]


def outcomes(texts: dict[str, Lines], edits: list[Edit]) -> Iterator[dict[str, Lines]]:
    if not edits:
        yield texts
        return
    edit, *rest = edits
    for path, lines in texts.items():
        for done in one(lines, edit):
            yield from outcomes({**texts, path: done}, rest)


def one(lines: Lines, edit: Edit) -> Iterator[Lines]:
    """A text with one edit done, at any place where it could be meant."""
    if isinstance(edit, WholeFile):
        body = bare(edit.text)
        yield body
        yield body[1:]  # a line `FILE: path` on top is none of the file's
        return
    whole = bare(f"{edit.search}{edit.divider}\n{edit.replace}")
    for k in [k for k, line in enumerate(whole) if line == bare(edit.divider)[0]]:
        search, replace = whole[:k], whole[k + 1 :]
        for at in range(len(lines) - len(search) + 1):
            if lines[at : at + len(search)] == search:
                yield [*lines[:at], *replace, *lines[at + len(search) :]]


def meant(case: Case, text: str, held: Held) -> tuple[list[Edit], list[Edit]]:
    """What an answer says, and what those before it say beside that."""
    parsed = parse(text, single=len(case.targets) == 1)
    assert isinstance(parsed, ParsedReply)
    return [*parsed.edits], [old for old in held.edits if not any(replaces(new, old) for new in parsed.edits)]


def replaces(new: Edit, old: Edit) -> bool:
    if isinstance(new, WholeFile) or isinstance(old, WholeFile):
        return isinstance(new, WholeFile)
    return bare(new.search) == bare(old.search)


def check(data: st.DataObject) -> None:
    """One answer, and the next one beside what is held of it."""
    case = data.draw(st.sampled_from(SMALL))
    held = NOTHING
    for _ in range(2):
        text = data.draw(damaged(case))
        got = told(case, text, held)
        if isinstance(got, Unused):
            held = got.held
            continue
        edits, before = meant(case, text, held)
        elided = any(isinstance(edit, Replace) and re.search(r"\.\.\.|…", edit.search) for edit in [*before, *edits])
        if not elided and (len(case.targets) == 1 or held == NOTHING):
            assert_explained(case.targets, got.files, edits, before, len(held.edits) + held.owed)
        return


ELISIONS = [
    "...",
    "# ...",
    "# ... other functions ...",
    "// ... (lines 20 to 60)  ...",
    "[...]",
    "# rest of the code unchanged",
    "# keep all other functions as they are",
    "…",
]


@settings(max_examples=100, deadline=None, database=None)
@given(st.data())
def test_a_file_with_a_stretch_left_out_never_lands(data: st.DataObject) -> None:
    """Whatever else is changed in it, and wherever in the file it is."""
    path, old = data.draw(st.sampled_from(TARGETS))
    lines = old.split("\n")
    start = data.draw(st.integers(0, len(lines) - 1))
    end = data.draw(st.integers(start + 1, len(lines)).filter(lambda end: words(lines[start:end]) >= 4))
    new = [*lines[:start], data.draw(st.sampled_from(ELISIONS)), *lines[end:]]
    for at in data.draw(st.lists(st.integers(0, len(new) - 1), max_size=3)):
        new[at] += " + 1" if new[at].strip() and at != start else ""
    got = land(Reply(f"{HEAD}FILE: {path}\n`````\n" + "\n".join(new) + "\n`````\n", Usage()), {path: old}, {})
    assert isinstance(got, Unused)


def words(lines: Lines) -> int:
    return sum(1 for line in lines if line.strip())


@settings(max_examples=100, deadline=None, database=None)
@given(st.data())
def test_an_answer_that_says_what_is_there_never_lands(data: st.DataObject) -> None:
    path, old = data.draw(st.sampled_from(TARGETS))
    lines = old.removesuffix("\n").split("\n")
    start = data.draw(st.integers(0, len(lines) - 1))
    same = "\n".join(lines[start : data.draw(st.integers(start + 1, len(lines)))])
    block = f"<<<<<<<<< SEARCH\n{same}\n=========\n{same}\n>>>>>>>>> REPLACE\n"
    whole = "`````\n" + "\n".join(lines) + data.draw(st.sampled_from(["", "\n", "  ", "\n\n"])) + "\n`````\n"
    got = land(Reply(f"{HEAD}FILE: {path}\n" + data.draw(st.sampled_from([block, whole])), Usage()), {path: old}, {})
    assert isinstance(got, Unused)


@settings(max_examples=120, deadline=None, database=None)
@given(st.data())
def test_a_damaged_answer_lands_whole_or_not_at_all(data: st.DataObject) -> None:
    check(data)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, database=None)
@given(st.data())
def test_thousands_of_damaged_answers_land_whole_or_not_at_all(data: st.DataObject) -> None:
    check(data)
