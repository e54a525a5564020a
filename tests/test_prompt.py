"""What a proposer is shown: static parts first, the past in a digest and line by line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autoresearch.decide import prompt
from autoresearch.decide.digest import EVERY, RECENT
from autoresearch.decide.history import History
from autoresearch.model import Prompt, Status
from histories import BASELINE, experiment, history, past, proposed, settings, tried


def material(**files: str) -> prompt.Material:
    return prompt.Material("Be quick.", files or {"a.py": "X = 1\n"}, {}, "", "a hint")


def build(of: History, given: prompt.Material | None = None, **more: object) -> Prompt:
    return prompt.build(settings(**more), of, past(of), given or material())


def test_every_part_but_the_last_only_grows_at_its_end_until_the_digest_is_made_anew() -> None:
    session = [BASELINE, *(tried(n, 11.0 + n) for n in range(2, 60))]
    for count in range(2, 59):
        first, later = (build(history(*session[:n])) for n in (count, count + 1))
        assert first.system == later.system
        same = [part.text for part in first.parts[:-1]] == [part.text for part in later.parts[: len(first.parts) - 1]]
        anew = (count + 1 - RECENT) % EVERY == 0 and count + 1 > EVERY
        assert same is not anew, count


def test_cache_points_stand_behind_the_brief_the_digest_the_target_and_the_history() -> None:
    parts = build(history(BASELINE, *(tried(n, 11.0) for n in range(2, 31)))).parts
    assert [i for i, part in enumerate(parts) if part.cache] == [0, 1, 2, len(parts) - 2]
    assert len(parts) == 3 + 10 + 1
    assert "up to #20" in parts[1].text
    assert "The target a.py" in parts[2].text


def test_a_prompt_does_not_grow_with_the_session() -> None:
    def size(count: int) -> int:
        done = [tried(n, 10.0 - n / 1000, kept=n % 20 == 0) for n in range(2, count)]
        return len(build(history(BASELINE, *done)).text())

    assert size(5006) < size(306) * 1.1


def test_the_latest_experiments_are_shown_with_what_they_changed() -> None:
    diffs = {n: f"+++ b/a.py\n-X = 1\n+X = {n}\n" for n in range(2, 31)} | {30: "+y\n" * 1000}
    done = history(BASELINE, *(tried(n, 11.0) for n in range(2, 31)))
    given = replace(material(), diffs=diffs)
    text = build(done, given).text()
    assert "+X = 29" in text
    assert "+X = 20" not in text
    assert "more characters of the diff" in text
    assert set(prompt.wanted(past(done))) >= set(range(21, 31))


def test_a_near_miss_is_shown_with_its_diff_where_the_history_does_not_have_it() -> None:
    misses = (tried(2, 9.9, cause="rematch", pairs=2), *(tried(n, 12.5) for n in range(3, 31)))
    done = history(BASELINE, *misses)
    assert 2 in prompt.wanted(past(done))
    shown = build(done, replace(material(), diffs={2: "+near"})).parts[-1].text
    assert "A near miss" in shown
    assert "+near" in shown
    few = history(BASELINE, *misses[:3])
    assert "as the history above shows it: #2" in build(few).parts[-1].text


def test_what_the_human_notes_is_the_last_word_but_the_hint() -> None:
    last = build(history(BASELINE), replace(material(), notes="Leave the loader alone.")).parts[-1].text
    assert last.index("Leave the loader alone.") < last.index("Hint: a hint")


@pytest.mark.parametrize(
    ("shorter", "has_history", "has_digest"), [(0, True, True), (1, False, True), (2, False, False)]
)
def test_a_prompt_that_is_too_long_goes_without_history_then_without_digest(
    shorter: int, has_history: bool, has_digest: bool
) -> None:
    done = history(BASELINE, *(tried(n, 11.0) for n in range(2, 31)))
    text = build(done, replace(material(), shorter=shorter)).text()
    assert ("#29 discard" in text) is has_history
    assert ("By kind of idea" in text) is has_digest
    assert "The target a.py" in text


def test_a_start_from_elsewhere_is_said_to_be_one() -> None:
    assert "as experiment #7 had it" in build(history(BASELINE), replace(material(), start=7)).text()


def test_long_targets_are_answered_in_blocks_and_short_ones_whole() -> None:
    assert "complete new file" in prompt.system({"a.py": "x\n" * 400})
    assert "complete new file" not in prompt.system({"a.py": "x\n" * 401})
    assert "SEARCH/REPLACE" in prompt.system({"a.py": "x\n" * 401})


def test_a_model_is_told_what_a_candidate_must_pass_and_not_how_it_is_held_out() -> None:
    demanding = settings(check="pytest -q", confirm="python holdout.py", guards={"mem": "<= 1.1x"}, min_gain="0.5%")
    text = prompt.build(demanding, history(BASELINE), (), material()).parts[0].text
    for told in ("`pytest -q` must pass", "mem <= 1.1x", "0.005 of the metric", "on other inputs too"):
        assert told in text
    assert "holdout" not in text
    assert "smaller" not in text
    simple = build(history(BASELINE), simplify=True)
    assert "makes the target smaller is kept" in simple.parts[0].text


def test_sentinels_are_not_told() -> None:
    sentinel = replace(
        BASELINE,
        n=2,
        verdict=experiment(2, Status.DISCARD, 10.0).verdict,
        proposal=proposed(2).model_copy(update={"by": "sentinel"}),
    )
    text = build(history(BASELINE, sentinel, tried(3, 11.0))).text()
    assert "#1 keep" in text
    assert "#3 discard" in text
    assert "#2" not in text


def test_comments_in_the_prose_are_for_humans() -> None:
    noted = prompt.Material("Be <!-- not\ntoo -->quick.", {"a.py": "X = 1\n"}, {}, "", "a hint")
    assert build(history(BASELINE), noted).parts[0].text.startswith("Be quick.")
