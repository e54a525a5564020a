"""Answers in a row: what applies is held, only what failed is asked for again, and all of it lands at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoresearch.decide.form import Tally, again, choose
from autoresearch.decide.landing import NOTHING, Held, Unused, land
from autoresearch.decide.prompt import complaint, system
from autoresearch.decide.recover import fold
from autoresearch.decide.screen import fingerprint
from autoresearch.model import Form, Proposal, Reply, Usage
from autoresearch.records import Proposed, Refused, Replied
from model_server import ModelServer
from user import User

FILE = "one = 1\ntwo = 2\nthree = 3\nfour = 4\nfive = 5\n"
TEXTS = {"a.py": FILE}
TWO = {"a.py": FILE, "b.py": "six = 6\nseven = 7\n"}
HEADER = "description: first\nhypothesis: why\ncategory: fix\n\n"


def block(old: str, new: str, path: str = "") -> str:
    file = f"FILE: {path}\n" if path else ""
    return f"{file}<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n"


def answered(text: str, held: Held = NOTHING, texts: dict[str, str] = TEXTS) -> Proposal | Unused:
    return land(Reply(text, Usage()), texts, {}, held)


def refused(text: str, held: Held = NOTHING, texts: dict[str, str] = TEXTS) -> Unused:
    got = answered(text, held, texts)
    assert isinstance(got, Unused), got
    return got


def landed(text: str, held: Held, texts: dict[str, str] = TEXTS) -> Proposal:
    got = answered(text, held, texts)
    assert isinstance(got, Proposal), got
    return got


ONE, TWO_FAILS = block("one = 1", "one = 10"), block("two = 3", "two = 20")
FIRST = HEADER + ONE + TWO_FAILS


def test_a_block_that_applies_is_held_and_lands_with_the_one_that_failed() -> None:
    first = refused(FIRST)
    assert (first.reason, len(first.held.edits), first.held.owed) == ("search not found", 1, 1)
    assert "Block 2 of 2: SEARCH matches 0 places in a.py" in first.detail
    got = landed("description: second\n\n" + block("two = 2", "two = 20"), first.held)
    assert got.files == {"a.py": FILE.replace("one = 1", "one = 10").replace("two = 2", "two = 20")}
    assert (got.description, got.hypothesis) == ("second", "")


def test_the_first_header_stands_where_the_later_answer_has_none() -> None:
    got = landed("Here it is.\n\n" + block("two = 2", "two = 20"), refused(FIRST).held)
    assert (got.description, got.hypothesis, got.category) == ("first", "why", "fix")


def test_a_held_block_sent_again_is_not_applied_twice() -> None:
    twice = HEADER + block("one = 1", "one = 1\nhalf = 1") + TWO_FAILS
    got = landed(HEADER + block("one = 1", "one = 1\nhalf = 1") + block("two = 2", "two = 20"), refused(twice).held)
    assert got.files["a.py"].count("half") == 1


def test_a_block_with_the_search_of_a_held_one_takes_its_place() -> None:
    got = landed(block("one = 1", "one = 11", "a.py") + block("two = 2", "two = 20"), refused(FIRST).held)
    assert got.files["a.py"].startswith("one = 11\ntwo = 20\n")


def test_a_complete_text_drops_what_is_held_for_its_file() -> None:
    whole = FILE.replace("five = 5", "five = 50")
    assert landed(f"FILE: a.py\n```\n{whole}```\n", refused(FIRST).held).files == {"a.py": whole}


def test_a_complete_text_leaves_what_is_held_for_another_file() -> None:
    first = refused(block("six = 6", "six = 60", "b.py") + block("two = 3", "", "a.py"), texts=TWO)
    whole = FILE.replace("five = 5", "five = 50")
    assert landed(f"FILE: a.py\n```\n{whole}```\n", first.held, TWO).files == {
        "a.py": whole,
        "b.py": "six = 60\nseven = 7\n",
    }


@pytest.mark.parametrize(
    "new",
    [
        block("one = 1\ntwo = 2", "one = 0\ntwo = 0"),  # as the file is
        block("one = 10\ntwo = 2", "one = 0\ntwo = 0"),  # as it is with the held block
        block("one = 1\n...\nthree = 3", "x = 1"),
    ],
)
def test_a_block_that_touches_what_a_held_one_changes_is_refused(new: str) -> None:
    first = refused(FIRST)
    second = refused(new, first.held)
    assert (second.reason, second.held.edits) == ("overlapping edit", first.held.edits)
    assert "under its own SEARCH lines" in second.detail


DELETES = "<<<<<<< SEARCH\nthree = 3\n=======\n>>>>>>> REPLACE\n"
INSERTS = block("two = 2\nthree = 3", "two = 2\nhalf = 2\nthree = 3")


@pytest.mark.parametrize(
    ("held", "new"),
    [
        (DELETES, block("two = 2\nfour = 4", "x = 1")),  # as it is with the held block
        (INSERTS, block("two = 2\nthree = 3\nfour = 4", "x = 1")),
        (INSERTS, block("half = 2", "x = 1")),
    ],
)
def test_a_block_around_what_a_held_one_deletes_or_inserts_is_refused(held: str, new: str) -> None:
    first = refused(held + block("x", "y"))
    assert len(first.held.edits) == 1
    assert refused(new, first.held).reason == "overlapping edit"


def test_lines_that_a_held_block_only_shows_may_be_shown_again() -> None:
    first = refused(block("one = 1\ntwo = 2", "one = 10\ntwo = 2") + block("x", "y"))
    got = landed(block("two = 2\nthree = 3", "two = 2\nthree = 30"), first.held)
    assert got.files["a.py"].startswith("one = 10\ntwo = 2\nthree = 30\n")


def test_a_held_block_that_comes_again_makes_up_for_none_that_failed() -> None:
    first = refused(FIRST)
    second = refused(block("one = 1", "one = 11"), first.held)
    assert (second.reason, second.held.owed, len(second.held.edits)) == ("blocks missing", 1, 1)
    got = landed(block("two = 2", "two = 20"), second.held)
    assert got.files == {"a.py": FILE.replace("one = 1", "one = 11").replace("two = 2", "two = 20")}


@pytest.mark.parametrize(
    "again",
    [
        block("one = 1\ntwo = 2", "one = 10\ntwo = 2") + block("three = 3", "three = 30"),  # with other lines around
        block("one = 1\ntwo = 2\nthree = 3", "one = 10\ntwo = 2\nthree = 30") + block("five = 5", "five = 5\n"),
    ],
)
def test_the_whole_edit_sent_again_in_other_blocks_takes_the_place_of_what_is_held(again: str) -> None:
    first = refused(HEADER + ONE + block("three = 33", "three = 30"))
    got = landed(again, first.held)
    assert got.files["a.py"].startswith("one = 10\ntwo = 2\nthree = 30\nfour = 4\nfive = 5\n")


def test_who_sends_no_more_once_told_that_blocks_are_missing_needs_no_more() -> None:
    first = refused(HEADER + ONE + block("two = 3", "two = 20") + block("three = 4", "three = 30"))
    both = block("two = 2\nthree = 3", "two = 20\nthree = 30")
    second = refused(both, first.held)
    assert (second.reason, second.held.owed) == ("blocks missing", 1)
    assert landed(both, second.held).files == {"a.py": "one = 10\ntwo = 20\nthree = 30\nfour = 4\nfive = 5\n"}


def test_a_held_line_sent_again_beside_another_one_is_not_there_twice() -> None:
    first = refused(HEADER + block("one = 1", "one = 1\nhalf = 1") + TWO_FAILS)
    got = landed(block("two = 2", "half = 1\ntwo = 2") + block("two = 2", "two = 20"), first.held)
    assert got.files["a.py"].count("half = 1") == 1


def test_lines_that_another_block_puts_there_make_none_ambiguous() -> None:
    got = landed(HEADER + block("one = 1", "one = 1\nfive = 5") + block("five = 5", "five = 50"), NOTHING)
    assert got.files == {"a.py": "one = 1\nfive = 5\ntwo = 2\nthree = 3\nfour = 4\nfive = 50\n"}


def test_the_nearest_lines_are_those_of_the_original_text() -> None:
    first = refused(HEADER + ONE + block("two = 3", "two = 20"))
    assert "one = 1\ntwo = 2" in first.detail


def test_half_of_what_failed_is_not_enough() -> None:
    first = refused(ONE + block("x", "y") + block("z", "w"))
    second = refused(HEADER + ONE + block("two = 2", "two = 20"), first.held)
    assert (second.reason, second.held.owed, len(second.held.edits)) == ("blocks missing", 1, 2)
    got = landed(block("three = 3", "three = 30"), second.held)
    assert got.files["a.py"].startswith("one = 10\ntwo = 20\nthree = 30\n")


def test_what_fails_twice_is_asked_for_again_and_the_rest_stays_held() -> None:
    first = refused(FIRST)
    second = refused(TWO_FAILS, first.held)
    assert (second.held.edits, second.held.owed) == (first.held.edits, 1)
    third = refused("I am not sure.", second.held)
    assert (third.reason, third.held) == ("no edit found", second.held)


def test_nothing_is_held_of_an_edit_that_is_refused_as_a_whole() -> None:
    second = refused(block("two = 2", "two = = 2"), refused(FIRST).held)
    assert (second.reason, second.held) == ("syntax error", NOTHING)
    assert "send every block" in second.detail


def test_an_edit_of_which_no_block_applies_holds_nothing() -> None:
    assert refused(TWO_FAILS).held == NOTHING


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (TWO_FAILS, "search not found, SEARCH matches 0 places in a.py"),
        ("no", "no edit found, The answer holds no edit"),
        (block("one = 1", "one = 1"), "no change, The edit leaves every target exactly as it is"),
    ],
)
def test_a_refusal_is_a_sentence_for_people(text: str, sentence: str) -> None:
    assert refused(text).sentence == sentence


def test_a_duplicate_names_what_was_tried() -> None:
    tried = {fingerprint({"a.py": FILE.replace("1", "10", 1)}): "#12: 0.9931, discard"}
    got = land(Reply(ONE, Usage()), TEXTS, tried)
    assert isinstance(got, Unused)
    assert got.sentence == "already tried as #12: 0.9931, discard"


def test_a_session_asks_again_for_just_the_block_that_failed(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "p")
    score = block('print(f"score: {VALUE}")', 'print(f"score: {VALUE + 1}")', "program.py")
    answers = [HEADER + score + block("VALUE = 9", "VALUE = 20"), block("VALUE = 10.0", "VALUE = 20")]
    with ModelServer(answers) as server:
        environment = {"OPENAI_API_KEY": "sk-0123456789", "OPENAI_BASE_URL": server.openai_url}
        arguments = ("--model", "openai/gpt-6-luna", "--budget", "experiments=2", "--decide", "naive", "--no-canary")
        done = user.types("run", "--tag", "mar5", *arguments, env=environment)
        again = server.requests[1].prompt
    assert done.returncode == 0, done.stderr
    assert user.git("show", "autoresearch/mar5:program.py") == 'VALUE = 20\nprint(f"score: {VALUE + 1}")'
    assert user.rows()[1]["description"] == "first"
    assert "1 other block applies and is held" in again
    assert "just the blocks that failed" in again


# Which form is asked for


SHORT, LONG = {"a.py": "x = 1\n" * 400}, {"a.py": "x = 1\n" * 401}


@pytest.mark.parametrize(
    ("files", "max_tokens", "wanted", "tally", "form"),
    [
        (SHORT, 32_000, None, None, "whole"),
        (LONG, 32_000, None, None, "blocks"),
        ({**SHORT, **LONG}, 32_000, None, None, "blocks"),
        (LONG, 32_000, "whole", None, "whole"),
        (LONG, 802, "whole", None, "whole"),
        (LONG, 801, "whole", None, "blocks"),
        (SHORT, 799, None, None, "blocks"),
        (LONG, 32_000, None, Tally(8, 2), "whole"),
        (LONG, 32_000, None, Tally(9, 1), "blocks"),
        (LONG, 32_000, None, Tally(0, 9), "blocks"),
        (LONG, 801, None, Tally(0, 10), "blocks"),
        (LONG, 10, "in place", Tally(0, 10), "in place"),
    ],
)
def test_the_form_follows_length_model_and_record(
    files: dict[str, str], max_tokens: int, wanted: Form | None, tally: Tally | None, form: str
) -> None:
    assert choose(files, max_tokens, wanted=wanted, tally=tally) == form


def test_the_last_answer_is_a_whole_file_where_that_fits() -> None:
    assert again("blocks", LONG, 32_000, cut_off=False, last=False) == "blocks"
    assert again("blocks", LONG, 32_000, cut_off=False, last=True) == "whole"
    assert again("blocks", LONG, 801, cut_off=False, last=True) == "blocks"


@pytest.mark.parametrize("last", [True, False])
def test_behind_an_answer_that_was_cut_off_blocks_are_asked_for(last: bool) -> None:
    assert again("whole", SHORT, 32_000, cut_off=True, last=last) == "blocks"


def test_only_faults_of_form_count_against_it() -> None:
    tally = Tally()
    for reason in (None, "search not found", "duplicate", "no change", "syntax error", "truncated", "unknown target"):
        tally = tally.after(reason)
    assert tally == Tally(landed=1, failed=2)


# What the model is told


def test_a_complaint_shows_the_other_format_where_it_asks_for_it() -> None:
    to_whole = complaint("r", "d", TEXTS, "whole", switched=True, held=0)
    assert "FILE: a.py\n```\nthe whole new text\n```" in to_whole
    to_blocks = complaint("r", "d", TEXTS, "blocks", switched=True, held=0)
    assert "<<<<<<< SEARCH\nthe lines as they are" in to_blocks
    assert "the COMPLETE new text" in to_whole
    assert "all SEARCH/REPLACE blocks" in to_blocks


def test_a_complaint_asks_for_what_failed_alone_where_the_rest_is_held() -> None:
    assert "just the blocks that failed" in complaint("r", "d", TEXTS, "blocks", switched=False, held=1)
    assert "all SEARCH/REPLACE blocks" in complaint("r", "d", TEXTS, "blocks", switched=False, held=0)


def test_with_several_targets_each_file_that_changes_has_a_fence_of_its_own() -> None:
    assert "each file that changes" in system(TWO, "whole")
    assert "each file that changes" not in system(TEXTS, "whole")


def test_a_models_record_with_blocks_is_folded_from_the_journal() -> None:
    def replied(form: Form | None, model: str = "openai/m") -> Replied:
        return Replied(n=2, model=model, input_tokens=1, cached_tokens=0, output_tokens=1, cost_usd=None, form=form)

    def refusal(reason: str) -> Refused:
        return Refused(n=2, reason=reason, said=f"{reason}, words")

    proposed = Proposed(
        n=2, repair=0, description="", hypothesis="", category="", by="", fingerprint="", files=("a.py",)
    )
    history = fold(
        [
            *(replied("blocks"), refusal("search not found")),
            *(replied("blocks"), refusal("duplicate")),
            *(replied("whole"), refusal("unknown target")),
            *(replied("blocks", "openai/other"), refusal("search not found")),
            *(replied(None), refusal("unknown target")),
            *(replied("blocks"), proposed),
        ]
    )
    assert history.blocks == {"openai/m": Tally(landed=1, failed=1), "openai/other": Tally(failed=1)}
    half = fold([replied("blocks"), refusal("search not found")])
    assert half.pending is not None
    assert half.pending.refusals == ("search not found, words",)
