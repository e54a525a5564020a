"""What a session knows about its own trustworthiness: gathered from the journal, and said alike in every format."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from autoresearch import records
from autoresearch.model import Cause, Direction, Status
from autoresearch.report import certainty, chart, wording
from autoresearch.report.alarms import alarms
from autoresearch.report.curve import curve
from autoresearch.report.evidence import Evidence
from autoresearch.report.export import to_json
from autoresearch.report.html import page
from autoresearch.report.log import Log
from autoresearch.report.markdown import markdown
from autoresearch.report.plot import legend
from autoresearch.report.power import chance_kept, even_effect, smallest_gain
from autoresearch.report.read import read
from autoresearch.report.summary import Summary, summarise
from autoresearch.report.terminal import as_text, show
from report_files import commit, journal, measured, opened, real, story, tried, verification, written, written_down

Records = Iterable[records.AnyRecord]
Pairs = Sequence[tuple[float | None, float | None]]
HIGHER, LOWER = Direction.HIGHER, Direction.LOWER
WON = [(2.0, 1.9), (2.02, 1.9), (1.98, 1.9), (2.0, 1.88), (2.0, 1.92)]
"""Five pairs of (incumbent, candidate) with a median change of -5 %."""
NARROW = [(2.0, 1.99)] * 2 + [(2.0, 2.01)] + [(2.0, 1.99)] * 5
"""A rematch won 7–1, by half a per cent."""
LOST = [(2.0, 1.9), (2.0, 2.1)]
BETTER = [(2.0, 1.8), (2.0, 1.82), (2.0, 1.78), (2.0, 1.79), (2.0, 1.81), (2.0, 1.8)]
"""Six pairs of (baseline, head) with gains between 9 and 11 %."""


def baseline(*values: float) -> Records:
    """Experiment 1."""
    return tried(1, *(values or (2.0, 2.02, 2.0, 1.98, 2.0)), cause="baseline", value=2.0, by="baseline")


def keep(n: int, pairs: Sequence[tuple[float, float]] = WON, **more: Any) -> Records:
    """A candidate that won its rematch."""
    return tried(n, 1.9, cause="better", pairs=pairs, **{"value": 1.9, **more})


def sentinel(n: int, *, would_keep: bool | None, status: Status | None = None) -> Records:
    """An edit that does nothing, by the harness."""
    cause: Cause | None = None if status is Status.CRASH else "sentinel"
    return tried(n, 1.0, cause=cause, by="sentinel", would_keep=would_keep, status=status, description="nothing")


def told(folder: Path, *experiments: Records, **more: Any) -> tuple[Log, Summary, Evidence]:
    """A session's journal, read."""
    log = read(story(folder, *experiments, **more))
    assert log.evidence is not None
    return log, summarise(log), log.evidence


def evidence_lines(folder: Path, *experiments: Records, **more: Any) -> list[str]:
    """What the session's evidence is said to be."""
    return list(certainty.lines(told(folder, *experiments, **more)[0]))


def claim(folder: Path, *experiments: Records, **more: Any) -> str | None:
    """What the session is said to have gained."""
    return certainty.claim(told(folder, *experiments, **more)[0])


def whole_night(folder: Path) -> Path:
    """A session in which everything happened that evidence speaks of."""
    return story(
        folder,
        baseline(),
        keep(2, description="smaller batch"),
        tried(3, 1.95, cause="screen"),
        tried(4, 1.85, cause="rematch", pairs=LOST, value=2.0),
        sentinel(5, would_keep=True),
        tried(6, 0.01, cause="implausible", reason="implausible: val_bpb 0.01 is below 0.5", description="<b>cheat"),
        tried(7, 1.9, cause="simplification", pairs=NARROW, value=1.91, description="no logit cap"),
        tried(8, 1.5, cause="guard", pairs=WON, value=1.5),
        tried(9, 1.5, cause="check", pairs=WON, value=1.5),
        tried(10, 1.5, cause="confirm", pairs=WON, value=1.5),
        sentinel(11, would_keep=None, status=Status.CRASH),
        keep(12, NARROW, description="tie the embeddings"),
        verification(12, BETTER),
    )


# What is quarantined


def test_what_cannot_be_believed_stands_right_under_the_headline(tmp_path: Path) -> None:
    log = read(whole_night(tmp_path))
    said = (
        "look at this: #6 0000006 “<b>cheat”: implausible: val_bpb 0.01 is below 0.5 "
        "(kept under refs/autoresearch/mar5/6)"
    )
    assert list(alarms(log)) == [said]
    assert as_text(log, summarise(log), width=200).splitlines()[1] == said


def test_many_quarantined_experiments_are_spelt_out_and_then_listed(tmp_path: Path) -> None:
    strange = [tried(n, 0.0, cause="implausible", reason="implausible: so low") for n in range(2, 10)]
    found = list(alarms(told(tmp_path, baseline(), *strange)[0]))
    assert len(found) == 4
    assert found[-1] == "and at 5 more: #5, #6, #7, #8, #9"


# What was verified


@pytest.mark.parametrize(
    ("pairs", "asked", "expected"),
    [
        (
            BETTER,
            6,
            "verified gain 10.0 % (9.0 % to 11.0 %, 6 of 6 pairs won, 96.9 % confidence) of #2 over the baseline",
        ),
        (
            [*BETTER[:4], (2.0, 1.8), (2.0, 2.01)],
            6,
            "no gain is proven: 10.0 % (-0.50 % to 11.0 %, 5 of 6 pairs won, 96.9 % confidence) of #2 over the",
        ),
        (
            [*BETTER[:4], (2.0, 1.8), (2.0, 2.0)],
            6,
            "no gain is proven: 10.0 % (0 % to 11.0 %, 5 of 6 pairs won, 96.9 % confidence) of #2 over the baseline",
        ),
        (
            [*[(1.8, 2.0)] * 5, (1.8, 1.79)],
            6,
            "no gain is proven: -11.1 % (-11.1 % to 0.56 %, 1 of 6 pairs won, 96.9 % confidence) of #2 over the",
        ),
        (
            [(mine, theirs) for theirs, mine in BETTER],
            6,
            "no gain but a loss: -11.1 % (-12.4 % to -9.9 %, 0 of 6 pairs won, 96.9 % confidence) of #2 over the",
        ),
        (BETTER[:4], 6, "not verified yet: 4 of 6 pairs measured; autoresearch verify mar5"),
        ([], 6, "not verified yet: 0 of 6 pairs measured; autoresearch verify mar5"),
        (
            BETTER[:3],
            3,
            "no gain is proven: 10.0 % of #2 over the baseline (3 of 3 pairs won; too few for an interval)",
        ),
        (
            [(2.0, None), *BETTER[:2], (2.0, None)],
            6,
            "not verified yet: 2 of 6 pairs measured; 2 runs failed, the head's: exit code 1; autoresearch verify mar5",
        ),
        (
            [(None, 1.9), *BETTER],
            6,
            "verified gain 10.0 % (9.0 % to 11.0 %, 6 of 6 pairs won, 96.9 % confidence) of #2 over the baseline; "
            "1 run failed, the baseline's: exit code 1",
        ),
    ],
)
def test_says_what_the_verification_proves_and_no_more(tmp_path: Path, pairs: Pairs, asked: int, expected: str) -> None:
    said = claim(tmp_path, baseline(), keep(2), verification(2, pairs, asked))
    assert said is not None
    assert said.startswith(expected)


def test_a_verification_of_an_older_head_is_not_the_last_word(tmp_path: Path) -> None:
    log, summary, evidence = told(tmp_path, baseline(), keep(2), verification(2, BETTER), keep(3))
    said = certainty.claim(log)
    assert said is not None
    assert said.startswith("verified gain 10.0 % (")
    assert said.endswith(
        "of #2 over the baseline; the head has moved on since: verify again with autoresearch verify mar5"
    )
    assert evidence.verified is not None
    assert (evidence.verified.current, certainty.proven(log)) == (False, None)
    assert certainty.caveat(log) == "as measured; not yet verified"
    assert json.loads(to_json(log, summary))["verified"]["current"] is False


def test_a_discard_after_the_verification_changes_nothing(tmp_path: Path) -> None:
    log, *_ = told(tmp_path, baseline(), keep(2), verification(2, BETTER), tried(3, 2.1, cause="screen"))
    assert certainty.proven(log)


def test_the_latest_verification_counts(tmp_path: Path) -> None:
    worse = [(mine, theirs) for theirs, mine in BETTER]
    said = claim(tmp_path, baseline(), keep(2), verification(2, BETTER), verification(2, worse))
    assert said is not None
    assert said.startswith("no gain but a loss")


def test_asks_to_verify_what_was_kept_and_only_that(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "not").mkdir()
    assert claim(tmp_path / "kept", baseline(), keep(2)) == "as measured, not verified: autoresearch verify mar5"
    assert claim(tmp_path / "not", baseline(), tried(2, 2.1, cause="screen")) is None


def test_a_gain_of_a_metric_around_zero_is_in_its_own_unit(tmp_path: Path) -> None:
    pairs = [(-1.0, -1.5), (0.0, -0.4), (1.0, 0.4), (-1.0, -1.5), (0.0, -0.5), (1.0, 0.5)]
    said = claim(tmp_path, baseline(), keep(2), verification(2, pairs))
    assert said is not None
    assert said.startswith("verified gain 0.5 (0.4 to 0.6, 6 of 6 pairs won")


def test_other_ends_than_the_sessions_own_are_named_by_their_commits(tmp_path: Path) -> None:
    ends = records.Verifying(baseline="b" * 40, head="c" * 40, pairs=6)
    said = claim(tmp_path, baseline(), keep(2), [ends, *list(verification(2, BETTER))[1:]])
    assert said is not None
    assert "of ccccccc over bbbbbbb; the head has moved on" in said


def test_what_failed_in_the_verification_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    crashed = measured(0, 1, "candidate", None, draw=1).model_copy(update={"failure": "\x1b[2Jgone"})
    asked, drawn, first, *_ = verification(2, BETTER)
    said = claim(tmp_path, baseline(), keep(2), [asked, drawn, first, crashed])
    assert said is not None
    assert "the head's: \ufffd[2Jgone" in said


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (BETTER, None),
        (BETTER[:3], "as measured; not yet verified"),
        ([*BETTER[:-1], (2.0, 2.01)], "as measured; no gain is proven"),
    ],
)
def test_the_caveat_goes_with_a_proof_alone(tmp_path: Path, last: Pairs, expected: str | None) -> None:
    log, summary, _ = told(tmp_path, baseline(), keep(2), verification(2, last))
    assert certainty.caveat(log) == expected
    assert json.loads(to_json(log, summary))["caveat"] == expected
    drawn = curve(log)
    assert drawn is not None
    said = "as measured, verified gain 10.0 % (9.0 % to 11.0 %); " if expected is None else expected.replace(";", ",")
    assert chart.caption(log, drawn).startswith(said)


# Noise, and what it hides


@pytest.mark.parametrize(
    ("effect", "rematch", "sweep"),
    [
        (-1.0, 0.0000, 0.0003),
        (0.0, 0.0110, 0.0135),
        (0.5, 0.0597, 0.0538),
        (1.0, 0.1902, 0.1500),
        (1.5, 0.4267, 0.3098),
        (2.0, 0.6560, 0.5145),
        (3.0, 0.9190, 0.8562),
        (5.0, 0.9985, 0.9978),
    ],
)
def test_the_chance_to_be_kept_is_that_of_simulated_sessions(effect: float, rematch: float, sweep: float) -> None:
    assert chance_kept(effect, (5, 7)) == pytest.approx(rematch, abs=0.012)
    assert chance_kept(effect, None) == pytest.approx(sweep, abs=0.012)


def test_an_edit_that_does_nothing_passes_the_screen_once_in_four_times() -> None:
    assert chance_kept(0, (5, 7)) == pytest.approx(1 / 4 * 11 / 256)
    assert chance_kept(0, None) == pytest.approx(1 / 4 * 1 / 20)


@pytest.mark.parametrize("wins", [(5, 7), (7, 11), (1,), (30,), None])
def test_the_even_effect_is_kept_in_half_of_the_cases(wins: tuple[int, ...] | None) -> None:
    assert chance_kept(even_effect(wins), wins) == pytest.approx(0.5, abs=1e-4)


def test_the_smallest_gain_grows_with_the_noise_and_is_a_share() -> None:
    assert smallest_gain(0.01, LOWER, (5, 7)) == pytest.approx(0.0172, abs=1e-4)
    assert smallest_gain(0.01, HIGHER, (5, 7)) == pytest.approx(0.0175, abs=1e-4)
    assert smallest_gain(0.9, LOWER, (5, 7)) < 1 < smallest_gain(0.9, HIGHER, (5, 7))


@pytest.mark.parametrize(
    ("values", "rule", "expected"),
    [
        (
            (2.0, 2.02, 2.0, 1.98, 2.0),
            "rematch",
            "noise: runs of the same code differ by 1 % (median of 4 differences); gains below about 1.7 % are likely",
        ),
        (
            (2.0, 2.02, 2.0, 1.98, 2.0),
            "sweep",
            "noise: runs of the same code differ by 1 % (median of 4 differences); gains below about 2 % are likely",
        ),
        ((2.0, 2.0, 2.0), "rematch", "exact: equal code always measured equal"),
        ((2.0, 2.0, 2.0, 2.0, 3.0), "rematch", "noise: runs of the same code mostly measure equal (median of 4 diff"),
        ((1.0, 9.0), "rematch", "noise: runs of the same code differ by 160 % (median of 1 difference)"),
        ((2.0, 2.02), "naive", "noise: runs of the same code differ by 1 % (median of 1 difference)"),
    ],
)
def test_says_how_much_equal_code_differs(tmp_path: Path, values: Sequence[float], rule: str, expected: str) -> None:
    said = evidence_lines(tmp_path, baseline(*values), decide=rule)
    assert [line[: len(expected)] for line in said] == [expected]
    assert ("likely" in said[0]) == ("likely" in expected)


def test_where_equal_code_mostly_measures_equal_no_smallest_gain_is_made_up(tmp_path: Path) -> None:
    _, _, evidence = told(tmp_path, baseline(2.0, 2.0, 2.0, 2.0, 3.0))
    assert evidence.noise is not None
    assert (evidence.noise.median, evidence.noise.exact, evidence.noise.smallest_gain) == (0, False, None)


def test_a_single_run_knows_no_noise(tmp_path: Path) -> None:
    assert evidence_lines(tmp_path, baseline(2.0), decide="naive") == []


# Rematches and keeps


def test_bounds_the_keeps_that_do_nothing(tmp_path: Path) -> None:
    lost = [tried(n, 1.9, cause="rematch", pairs=LOST) for n in range(5, 28)]
    alone = [tried(n, 1.9, cause="screen") for n in range(28, 31)]
    said = evidence_lines(tmp_path, baseline(), keep(2), keep(3), keep(4), *lost, *alone)
    assert said[1] == "26 rematches, 3 keeps; at most 26 × 4.3 % = 1.1 of them expected to do nothing"


def test_says_when_so_few_keeps_may_all_be_chance(tmp_path: Path) -> None:
    lost = [tried(n, 1.9, cause="rematch", pairs=LOST) for n in range(3, 33)]
    said = evidence_lines(tmp_path, baseline(), keep(2), *lost)
    assert said[1].endswith("at most 31 × 4.3 % = 1.3 of them expected to do nothing, so all may be chance")


def test_sentinels_and_simplifications_enter_no_rematch_that_counts(tmp_path: Path) -> None:
    plain = tried(2, 1.9, cause="sentinel", by="sentinel", would_keep=False, pairs=LOST)
    simple = tried(3, 1.9, cause="simplification", pairs=WON)
    _, _, evidence = told(tmp_path, baseline(), plain, simple, keep(4))
    assert evidence.rematches is not None
    assert (evidence.rematches.entered, evidence.rematches.kept) == (1, 1)


@pytest.mark.parametrize(("alpha", "losses", "bound"), [(0.05, 1, 11 / 256), (0.05, 0, 1 / 32), (0.01, 1, 37 / 4096)])
def test_the_bound_is_that_of_the_sessions_own_rule(tmp_path: Path, alpha: float, losses: int, bound: float) -> None:
    _, _, evidence = told(tmp_path, baseline(), keep(2), alpha=alpha, max_losses=losses)
    assert evidence.rematches is not None
    assert evidence.rematches.bound == pytest.approx(bound)


def swept(n: int, mine: Sequence[float], theirs: Sequence[float], cause: Cause) -> Records:
    """A candidate in a sweep of six runs."""
    runs = [("candidate", value) for value in mine] + [("incumbent", value) for value in theirs]
    return tried(n, 1.9, cause=cause, sweep=runs, value=mine[1])  # type: ignore[arg-type]


def test_a_sweep_has_a_bound_of_its_own(tmp_path: Path) -> None:
    won = swept(2, (1.8, 1.81, 1.82), (2.0, 2.01, 2.02), "better")
    lost = swept(3, (1.9, 1.81, 1.82), (1.8, 2.01, 2.02), "rematch")
    said = evidence_lines(tmp_path, baseline(), won, lost, sentinel(4, would_keep=False), decide="sweep")
    assert said[1:] == [
        "2 sweeps, 1 keep; at most 2 × 5 % = 0.1 of them expected to do nothing",
        "sentinels, counted apart: 0 of 1 edit that does nothing would have been kept (0 %); "
        "the bound is 5 % of those that reach a sweep",
        "weakest keep: #2 (-10.0 %)",
        "discarded: 1 in a sweep",
    ]


def test_the_naive_rule_bounds_nothing_and_says_so(tmp_path: Path) -> None:
    kept = tried(2, 1.9, cause="better")
    said = evidence_lines(tmp_path, baseline(2.0), kept, tried(3, 2.1, cause="screen"), decide="naive")
    assert said == ["naive rule: nothing bounds how many of the keeps are noise: autoresearch audit mar5 tells"]


def test_an_exact_metric_needs_no_bound(tmp_path: Path) -> None:
    twice = tried(2, 1.9, 1.9, cause="better")
    said = evidence_lines(tmp_path, baseline(2.0, 2.0, 2.0), twice, sentinel(3, would_keep=False))
    assert said == [
        "exact: equal code always measured equal",
        "sentinels, counted apart: 0 of 1 edit that does nothing would have been kept (0 %)",
    ]


# Sentinels


def test_sentinels_are_the_sessions_own_estimate(tmp_path: Path) -> None:
    nothing = [sentinel(n, would_keep=n == 2) for n in range(2, 14)]
    said = evidence_lines(tmp_path, baseline(), *nothing, sentinel(14, would_keep=None, status=Status.CRASH))
    assert said[1] == (
        "sentinels, counted apart: 1 of 12 edits that do nothing would have been kept (8.3 %), 1 more crashed; "
        "the bound is 4.3 % of those that reach a rematch"
    )


def test_sentinels_count_nowhere_else(tmp_path: Path) -> None:
    crash = sentinel(5, would_keep=None, status=Status.CRASH)
    hold = [sentinel(n, would_keep=False) for n in (3, 4)]
    log, summary, evidence = told(
        tmp_path, baseline(), tried(2, 1.99, cause="screen"), *hold, crash, tried(6, 1.99, cause="screen")
    )
    assert wording.headline(log, summary).endswith("2 experiments: 2 discarded")
    assert (summary.longest_streak, summary.crashes, evidence.discards) == (2, (), {"screen": 2})
    assert len(log.rows) == 6


def test_sentinels_are_listed_as_what_they_are(tmp_path: Path) -> None:
    log, summary, _ = told(tmp_path, baseline(), keep(2), sentinel(3, would_keep=False))
    assert re.search(r"<td[^>]*>sentinel</td>.*<code>0000003</code>", page(log, summary))


def test_sentinels_are_no_points_of_the_picture_which_says_so(tmp_path: Path) -> None:
    hold = [sentinel(n, would_keep=False) for n in (3, 4)]
    log, *_ = told(tmp_path, baseline(), keep(2), *hold, keep(5))
    drawn = curve(log)
    assert drawn is not None
    assert [row.n for row in drawn.points] == [1, 2, 5]
    assert "2 sentinels left out" in chart.caption(log, drawn)
    assert "2 sentinels left out" in legend(drawn)


# Keeps


def test_names_the_keeps_with_the_least_evidence(tmp_path: Path) -> None:
    slight = [(2.0, 1.98)] * 5
    some = [(2.0, 1.96)] * 5
    shaky = [(2.0, 1.8)] * 2 + [(2.0, 2.1)] + [(2.0, 1.8)] * 5
    said = evidence_lines(tmp_path, baseline(), keep(2), keep(3, shaky), keep(4, some), keep(5, slight))
    assert "weakest keeps: #3 (7–1, -10.0 %), #5 (5–0, -1.0 %), #4 (5–0, -2.0 %)" in said


@pytest.mark.parametrize(("direction", "expected"), [(LOWER, "-0.5"), (HIGHER, "+0.5")])
def test_a_keep_of_a_metric_around_zero_is_weak_in_its_own_unit(
    tmp_path: Path, direction: Direction, expected: str
) -> None:
    step = -0.5 if direction is LOWER else 0.5
    pairs = [(value, value + step) for value in (-1.0, 0.0, 1.0, 0.25, 0.5)]
    log, _, _ = told(tmp_path, baseline(), keep(2, pairs), direction=direction)
    assert f"weakest keep: #2 (5–0, {expected})" in list(certainty.lines(log))
    assert log.rows[1].change is None


def test_wins_are_counted_as_the_rule_did_where_it_asks_for_more_than_better(tmp_path: Path) -> None:
    under_min_gain = [(2.0, 1.9)] * 2 + [(2.0, 1.9999)] + [(2.0, 1.9)] * 5
    _, _, evidence = told(tmp_path, baseline(), keep(2, under_min_gain))
    assert [(won.wins, won.losses) for won in evidence.weakest] == [(7, 1)]


def test_a_keep_changed_by_what_its_pairs_say(tmp_path: Path) -> None:
    busy = [(4.0, 3.8)] * 5
    log, summary, _ = told(tmp_path, baseline(), keep(2), keep(3, busy, value=3.8))
    assert summary.last is not None
    assert summary.last.kept[1].change == pytest.approx(0.05)
    assert [row.change for row in log.rows] == [None, pytest.approx(0.05), pytest.approx(0.05)]


def test_the_last_keep_is_the_best_whatever_the_machine_did_meanwhile(tmp_path: Path) -> None:
    busy = [(4.0, 3.8)] * 5
    log, summary, _ = told(tmp_path, baseline(), keep(2), keep(3, busy, value=3.8))
    assert summary.last is not None
    assert summary.last.best == log.rows[2]
    assert summary.warnings == ()
    drawn = curve(log)
    assert drawn is not None
    assert drawn.steps[0][-1] == (3, 3.8)


def test_a_simplification_is_called_one_and_is_no_doubt(tmp_path: Path) -> None:
    simple = tried(3, 1.91, cause="simplification", pairs=[(1.9, 1.91)] * 5, value=1.91, description="no logit cap")
    log, summary, _ = told(tmp_path, baseline(), keep(2), simple)
    text = as_text(log, summary, chart=False)
    assert re.search(r"^ *3 .*\+0\.53 %.*simplification: no logit cap$", text, re.MULTILINE)
    assert "what stands is a simplification, #3" in text
    assert summary.warnings == ()
    assert "| simplification: no logit cap |" in markdown(log, summary)
    assert '<td class="e">simplification: no logit cap<' in page(log, summary)


def test_a_keep_that_is_no_better_is_doubtful_in_colour_unless_it_is_simpler(tmp_path: Path) -> None:
    worse = [(1.9, 1.91)] * 5
    simple = tried(3, 1.91, cause="simplification", pairs=worse, value=1.91)
    log, summary, _ = told(tmp_path, baseline(), keep(2), simple, keep(4, worse))
    shown = StringIO()
    show(log, summary, Console(file=shown, width=100, force_terminal=True, color_system="256"), chart=False)
    codes = re.findall(r"\x1b\[(\d+)m *\+0\.53 %", shown.getvalue())
    assert codes == ["2", "33"]


# Discards


def test_says_where_discards_fell(tmp_path: Path) -> None:
    causes: list[Cause] = ["screen", "screen", "rematch", "guard", "check", "confirm", "implausible"]
    discarded = [tried(n, 1.0, cause=cause) for n, cause in enumerate(causes, start=2)]
    said = evidence_lines(tmp_path, baseline(), *discarded, tried(9, 2.1, cause=None))
    assert said[-1] == (
        "discarded: 2 at the first run, 1 in a rematch, 1 by guard, 1 by check, 1 by confirm, 1 implausible, "
        "1 for a reason not written down"
    )


@pytest.mark.parametrize("cause", ["screen", "rematch", "guard", "check", "confirm", "implausible"])
def test_a_discard_with_a_cause_is_no_doubt_however_well_it_measured(tmp_path: Path, cause: Cause) -> None:
    _, summary, _ = told(tmp_path, baseline(), keep(2), tried(3, 0.5, cause=cause))
    assert summary.warnings == ()


def test_a_discard_without_a_cause_still_is(tmp_path: Path) -> None:
    _, summary, _ = told(tmp_path, baseline(), keep(2), tried(3, 0.5, cause=None))
    assert summary.warnings == ("discarded rows that measured better than the best kept: 1 (#3: 0.5)",)


# What it cost


def spent(folder: Path, *experiments: Records, cost_usd: float = 1.24, hours: float = 2.0) -> str:
    """The line on the cost of a session of so many hours and dollars."""
    paid = records.Replied(n=2, model="m", input_tokens=10, cached_tokens=0, output_tokens=5, cost_usd=cost_usd)
    log, _, _ = told(folder, baseline(), [paid], *experiments)
    summary = summarise(log)
    timed = summary.spent.__class__(**{**vars(summary.spent), "elapsed_s": hours * 3600})
    return wording.cost(log, Summary(**{**vars(summary), "spent": timed}))


def test_dollars_and_minutes_are_for_a_verified_gain_alone(tmp_path: Path) -> None:
    for name in ("proven", "not", "moved"):
        (tmp_path / name).mkdir()
    proven = spent(tmp_path / "proven", keep(2), verification(2, BETTER))
    assert proven == "2 h 0 min, $1.24, 15 tokens for a verified gain of 10.0 %: 12 min 0 s and $0.12 for each 1 %"
    assert spent(tmp_path / "not", keep(2)) == "2 h 0 min, $1.24, 15 tokens; no verified gain yet"
    moved = spent(tmp_path / "moved", keep(2), verification(2, BETTER), keep(3))
    assert moved.endswith("; no verified gain yet")


def test_what_is_free_has_no_price(tmp_path: Path) -> None:
    said = spent(tmp_path, keep(2), verification(2, BETTER), cost_usd=0.0)
    assert said.endswith("for a verified gain of 10.0 %: 12 min 0 s for each 1 %")


def test_a_gain_beyond_doubling_has_no_price_for_each_per_cent(tmp_path: Path) -> None:
    tenfold = [(1.0, 20.0 + n / 10) for n in range(6)]
    log, summary, _ = told(tmp_path, baseline(), keep(2), verification(2, tenfold), direction=HIGHER)
    assert wording.cost(log, summary).endswith(" for a verified gain of ×20.2")


# Every format says the same


def test_every_format_says_the_same(tmp_path: Path) -> None:
    log = read(whole_night(tmp_path))
    summary = summarise(log)
    said = [*alarms(log), certainty.claim(log) or "", *certainty.lines(log), wording.cost(log, summary)]
    assert len(said) == 9
    assert all(said)
    text, shown = as_text(log, summary, width=400), page(log, summary)
    marked = re.sub(r"\\(.)", r"\1", html.unescape(markdown(log, summary)))
    for sentence in said:
        assert sentence in text
        assert sentence in marked
        assert html.escape(sentence) in shown
    assert "<b>" not in shown


@pytest.mark.parametrize(("pairs", "ink", "name"), [(BETTER, "32", "proven"), (BETTER[:3], "33", "unproven")])
def test_a_claim_is_green_only_when_it_is_proven(tmp_path: Path, pairs: Pairs, ink: str, name: str) -> None:
    log, summary, _ = told(tmp_path, baseline(), keep(2), verification(2, pairs))
    shown = StringIO()
    show(log, summary, Console(file=shown, width=200, force_terminal=True, color_system="256"), chart=False)
    said = certainty.claim(log) or ""
    assert f"\x1b[{ink}m{said}" in shown.getvalue()
    assert f'<p class="{name}">{html.escape(said)}</p>' in page(log, summary)


def test_the_claim_comes_before_everything_but_the_headline_and_what_cannot_be_believed(tmp_path: Path) -> None:
    log = read(whole_night(tmp_path))
    text = as_text(log, summarise(log), width=200).splitlines()
    assert text[0].startswith("val_bpb 2.0 → 1.9 (-5.0 %), 9 experiments: 3 kept, 6 discarded")
    assert text[2].startswith("verified gain 10.0 % (")
    assert text.index("Kept") < text.index("Evidence")


def test_only_what_is_verified_is_called_a_gain(tmp_path: Path) -> None:
    log, summary, _ = told(tmp_path, baseline(), keep(2), keep(3), tried(4, 2.1, cause="rematch", pairs=LOST))
    expected = {"gains below about", "no verified gain yet"}
    picture = chart.svg(log, summary)
    for text in (as_text(log, summary, width=400), markdown(log, summary), page(log, summary), picture):
        found = {match for match in expected if match in text}
        assert len(re.findall(r"\bgain", text)) == len(found)
    keys = set(re.findall(r'"(\w*gain\w*)":', to_json(log, summary)))
    assert keys == {"smallest_gain"}


def test_json_has_the_verification_and_the_evidence(tmp_path: Path) -> None:
    log = read(whole_night(tmp_path))
    document = json.loads(to_json(log, summarise(log)), parse_constant=lambda name: pytest.fail(name))
    assert document["verified"] == {
        "baseline": commit(1),
        "head": commit(12),
        "n": 12,
        "gain": pytest.approx(0.1),
        "low": pytest.approx(0.09),
        "high": pytest.approx(0.11),
        "confidence": 0.96875,
        "pairs": 6,
        "relative": True,
        "wins": 6,
        "current": True,
    }
    evidence = document["evidence"]
    assert evidence["rule"] == "rematch"
    assert evidence["verification"] == {"asked": 6, "measured": 6, "failures": []}
    assert evidence["noise"].keys() == {"median", "differences", "exact", "smallest_gain"}
    assert evidence["rematches"] == {"entered": 6, "kept": 2, "bound": 11 / 256, "expected": 66 / 256}
    assert evidence["sentinels"] == {"edits": 1, "would_keep": 1, "crashed": 1, "bound": 11 / 256}
    assert [(weak["n"], weak["wins"], weak["losses"]) for weak in evidence["weakest"]] == [(12, 7, 1), (2, 5, 0)]
    assert evidence["discards"] == dict.fromkeys(["screen", "rematch", "guard", "check", "confirm", "implausible"], 1)
    assert evidence["quarantined"] == [6]
    assert [row["n"] for row in document["rows"] if row["sentinel"]] == [5, 11]
    assert [row["cause"] for row in document["rows"]][:3] == ["baseline", "better", "screen"]


def test_an_unfinished_verification_is_no_number_in_json(tmp_path: Path) -> None:
    log, summary, _ = told(tmp_path, baseline(), keep(2), verification(2, BETTER[:3]))
    document = json.loads(to_json(log, summary))
    assert document["verified"] is None
    assert document["evidence"]["verification"] == {"asked": 6, "measured": 3, "failures": []}


def test_ratios_too_large_for_a_number_are_left_out(tmp_path: Path) -> None:
    huge = [(1e-300, 1e300)] * 6
    log, summary, evidence = told(
        tmp_path, baseline(), keep(2, [(1e-300, 1e300)] * 5), verification(2, huge), direction=HIGHER
    )
    assert json.loads(to_json(log, summary))["verified"] is None
    assert evidence.weakest == []


# What knows nothing of all this


def test_a_journal_from_before_rules_could_be_chosen_reads_as_it_did(tmp_path: Path) -> None:
    log = read(journal(tmp_path))
    text = as_text(log, summarise(log), chart=False).splitlines()
    assert text[0] == "val_bpb 2.0 → 1.5 (-25.0 %), 2 experiments: 1 kept, 1 crashed"
    assert text[1] == "as measured, not verified: autoresearch verify mar5"
    assert text[3] == "best is #2 2222222 “smaller \ufffd[1mbatch”"
    naive = "naive rule: nothing bounds how many of the keeps are noise: autoresearch audit mar5 tells"
    assert list(certainty.lines(log)) == [naive]
    assert [row.cause for row in log.rows] == [None] * 3


def test_a_session_that_has_only_begun_has_nothing_to_say(tmp_path: Path) -> None:
    path = written_down(tmp_path, [opened(decide="rematch"), records.Began(pid=1, host="here", version="0.1.0")])
    log = read(path)
    assert as_text(log, summarise(log)).startswith("val_bpb: no experiments yet\n")
    assert (certainty.claim(log), list(certainty.lines(log)), list(alarms(log))) == (None, [], [])


def test_a_file_that_is_no_journal_has_no_evidence(tmp_path: Path) -> None:
    log = read(written(tmp_path, "commit\tval_bpb\tstatus\tdescription\na\t2\tkeep\tbaseline\nb\t1\tkeep\tx\n"))
    assert (log.evidence, certainty.claim(log), list(certainty.lines(log))) == (None, None, [])
    assert "best is #2 “x”; as measured; not yet verified" in as_text(log, summarise(log))
    assert "Evidence" not in as_text(log, summarise(log)) + markdown(log, summarise(log)) + page(log, summarise(log))


def test_a_real_file_keeps_its_caveat() -> None:
    log = read(real("Shopify__neocache__1.jsonl"))
    assert certainty.caveat(log) == "as measured; not yet verified"
