"""The offline tuner, on texts that are really rewritten and evaluated."""

from __future__ import annotations

import functools
import itertools
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

import pytest

from autoresearch.errors import ExhaustedError, ProposerError
from autoresearch.model import Direction, Metric, Prompt, Reply, Request, Scalar, Trial, Turn
from autoresearch.propose import search
from autoresearch.propose.search import STARTUP
from autoresearch.propose.survey import current
from autoresearch.propose.tune import Tune

LOSS = Metric("loss", Direction.LOWER)
PROMPT = Prompt("", ())
TRAIN = """\
# α tiny model
STEPS = 100
LEARNING_RATE = 0.02
HIDDEN = 64
MOMENTUM = 0.5
NESTEROV = False


def loss():
    crash = 1 / 0 if HIDDEN > 200 else 0
    return (
        crash + (log(LEARNING_RATE / 0.11)) ** 2 + log(HIDDEN / 120) ** 2 + (MOMENTUM - 0.9) ** 2 + 0.2 * (not NESTEROV)
    )
"""
FILES = {"train.py": TRAIN}


def bench(files: Mapping[str, str]) -> float | None:
    """What the module's `loss` is; None where it crashes."""
    module: dict[str, Callable[..., float]] = {"log": math.log}
    exec(files["train.py"], module)
    try:
        return module["loss"]()
    except ZeroDivisionError:
        return None


def ask(
    files: Mapping[str, str],
    trials: Sequence[Trial],
    metric: Metric = LOSS,
    baseline: float | None = None,
    seed: int = 0,
) -> Reply:
    return Tune(seed).propose(Request(len(trials) + 1, PROMPT, files, metric, baseline, trials))


def applied(reply: Reply) -> tuple[Mapping[str, str], Mapping[str, Scalar]]:
    assert reply.files is not None
    assert reply.params is not None
    return reply.files, reply.params


@functools.cache
def session(n: int, metric: Metric = LOSS, seed: int = 0) -> Sequence[Trial]:
    """A greedy session of n experiments: the baseline, then proposals upon the best text so far."""
    sign = 1 if metric.direction is Direction.LOWER else -1
    first = bench(FILES)
    assert first is not None
    trials, incumbent, best = [Trial(current(FILES), sign * first)], FILES, first
    while len(trials) < n:
        files, params = applied(ask(incumbent, trials, metric, sign * first, seed))
        loss = bench(files)
        trials.append(Trial(params, None if loss is None else sign * loss))
        assert current({**incumbent, **files}) == params
        if loss is not None and loss < best:
            incumbent, best = {**incumbent, **files}, loss
    return trials


def best(trials: Sequence[Trial]) -> float:
    return min(abs(trial.value) for trial in trials if trial.value is not None)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_forty_trials_clearly_beat_the_baseline_although_some_crash(seed: int) -> None:
    trials = session(40, seed=seed)
    assert trials[0].value is not None
    assert best(trials) < 0.1 * trials[0].value
    assert any(trial.value is None for trial in trials)


def test_climbs_where_higher_is_better() -> None:
    lower, higher = session(20), session(20, Metric("score", Direction.HIGHER))
    assert [trial.params for trial in higher] == [trial.params for trial in lower]


def test_later_choices_beat_the_first_ones() -> None:
    early, late = session(40)[:STARTUP], session(40)[20:]
    typical = [sorted(t.value for t in part if t.value is not None) for part in (early, late)]
    assert typical[1][len(typical[1]) // 2] < 0.5 * typical[0][len(typical[0]) // 2]


def test_never_proposes_the_same_twice() -> None:
    tried = [tuple(trial.params.values()) for trial in session(40)]
    assert len(set(tried)) == len(tried)


@pytest.mark.parametrize("seed", range(4))
def test_never_proposes_the_text_as_it_is(seed: int) -> None:
    assert ask({"a.py": "OK = True\n"}, [], seed=seed).files == {"a.py": "OK = False\n"}


def test_writes_floats_of_few_digits() -> None:
    for trial in session(12):
        rate = trial.params["train.py:LEARNING_RATE"]
        assert isinstance(rate, float)
        assert rate == float(f"{rate:.4g}")


def test_a_resumed_session_gets_the_same_next_proposal() -> None:
    trials = session(12)
    stored = [Trial(json.loads(json.dumps(dict(trial.params))), trial.value) for trial in trials]
    assert ask(FILES, stored) == ask(FILES, trials)


def test_another_seed_proposes_something_else() -> None:
    assert ask(FILES, session(3), seed=5).params != ask(FILES, session(3)).params


def test_a_refused_answer_is_not_given_again() -> None:
    trials = session(10)
    turns = (Turn("…", "already tried as #4"),)
    again = Tune().propose(Request(11, Prompt("", (), turns), FILES, LOSS, None, trials))
    assert again.params != ask(FILES, trials).params


def test_leaves_the_budget_alone() -> None:
    files, params = applied(ask(FILES, []))
    assert "STEPS = 100\n" in files["train.py"]
    assert "train.py:STEPS" not in params


def test_the_baseline_counts_where_no_trial_is_given() -> None:
    first = Trial(current(FILES), 3.5)
    assert ask(FILES, [], baseline=3.5).text.endswith("after 1 trial\ncategory: parameters\n")
    request = Request(7, PROMPT, FILES, LOSS, 3.5, [first])
    bare = Request(7, PROMPT, FILES, LOSS, 3.5)
    assert Tune().propose(bare) == Tune().propose(request)


def test_current_names_every_knob_by_file() -> None:
    files = {"a.py": "LR = 0.1\n", "sub/b.json": '{"n": {"width": 8}}', "c.txt": "LR = 1"}
    assert current(files) == {"a.py:LR": 0.1, "sub/b.json:n.width": 8}


def test_says_briefly_what_changes_and_honestly_why() -> None:
    text = "".join(f"P{i} = 0.5\n" for i in range(5))
    early = ask({"a.py": text}, [])
    number = r"\d\.\d+"
    assert re.fullmatch(
        rf"description: P0 0.5 -> {number}, P1 0.5 -> {number}, P2 0.5 -> {number}, \+2 more\n"
        "hypothesis: far from what was tried, as there is too little to go by yet, after 0 trials\n"
        "category: parameters\n",
        early.text,
    )
    assert "hypothesis: what a Gaussian process expects most of after 12 trials\n" in ask(FILES, session(12)).text


def test_costs_nothing() -> None:
    tune = Tune()
    assert tune.check() == "offline tuner (a Gaussian process)"
    assert tune.worst_case(Request(2, PROMPT, FILES, LOSS, None)).cost_usd == 0.0
    assert ask(FILES, []).usage.cost_usd == 0.0


def test_without_knobs_it_says_how_to_annotate() -> None:
    with pytest.raises(ProposerError, match=r"nothing to tune in a\.py, b\.md: put `# tune: 1e-4\.\.1e-1 log`"):
        ask({"a.py": "print(3)\n", "b.md": "LR = 3"}, [])


def test_finds_every_last_combination_and_then_says_so() -> None:
    files = {"a.toml": "a = true\nb = false\nc = true\n"}
    trials = [Trial(current(files), 1.0)]
    while len(trials) < 8:
        trials.append(Trial(applied(ask(files, trials))[1], 1.0))
    assert len({tuple(trial.params.values()) for trial in trials}) == 8
    with pytest.raises(ExhaustedError, match="nothing left to try for a, b, c"):
        ask(files, trials)


def test_a_trial_of_other_knobs_is_skipped() -> None:
    trials = session(10)
    stale = Trial({"train.py:GONE": 3, "other.py:LEARNING_RATE": 0.5}, 0.0)
    with_it, without = (
        Tune().propose(Request(12, PROMPT, FILES, LOSS, None, past)) for past in ([stale, *trials], trials)
    )
    assert with_it.params == without.params


def burst(n: int) -> list[Trial]:
    """Trials of the tuner on an incumbent that somebody else wrote: it is not told of the incumbent itself."""
    first = bench(FILES)
    trials: list[Trial] = []
    for _ in range(n):
        _, params = applied(ask(FILES, trials, baseline=first))
        value = bench({"train.py": rewritten(params)})
        trials.append(Trial(params, value))
    return trials


def rewritten(params: Mapping[str, Scalar]) -> str:
    text = TRAIN
    for key, value in params.items():
        text = re.sub(rf"^({key.partition(':')[2]}) = .*$", rf"\1 = {value}", text, flags=re.MULTILINE)
    return text


def test_in_a_burst_the_incumbent_counts_as_the_first_trial() -> None:
    first = bench(FILES)
    begun = ask(FILES, [], baseline=first)
    assert "after 1 trial\n" in begun.text
    trials = burst(16)
    whole = [Trial(current(FILES), first), *trials]
    told, untold = (Tune().propose(Request(30, PROMPT, FILES, LOSS, first, past)).text for past in (whole, trials))
    assert told == untold
    assert "after 17 trials\n" in told
    assert first is not None
    assert best(trials) < 0.5 * first


def test_in_a_burst_knobs_may_have_come_and_gone() -> None:
    trials = [
        Trial(
            {key: value for key, value in t.params.items() if not key.endswith("MOMENTUM")} | {"train.py:GONE": 3},
            t.value,
        )
        for t in burst(16)
    ]
    files, params = applied(ask(FILES, trials, baseline=1.0))
    assert params.keys() == current(FILES).keys()
    assert files["train.py"] != TRAIN
    assert "after 17 trials\n" in ask(FILES, trials, baseline=1.0).text


@pytest.mark.parametrize("seed", range(5))
def test_the_first_choices_are_spread(seed: int) -> None:
    text = "A = 'a'  # tune: a|b|c\nLR = 0.5  # tune: 0.0..1.0\n"
    trials = [Trial(current({"a.py": text}), 1.0)]
    while len(trials) < STARTUP:
        trials.append(Trial(applied(ask({"a.py": text}, trials, seed=seed))[1], 1.0))
    rates = {choice: [float(t.params["a.py:LR"]) for t in trials if t.params["a.py:A"] == choice] for choice in "abc"}
    assert all(rates.values())
    assert min(abs(one - two) for near in rates.values() for one, two in itertools.combinations(near, 2)) > 0.3


@pytest.mark.slow
def test_of_many_knobs_those_that_matter_are_turned() -> None:
    """With forty knobs a step from the best is all that helps: most choices by chance are worse."""
    text = "".join(f"P{i} = 0.5  # tune: 0.0..1.0\n" for i in range(40))
    trials = [Trial(current({"a.py": text}), 10.0)]
    while len(trials) < 20:
        params = applied(ask({"a.py": text}, trials, seed=3))[1]
        trials.append(Trial(params, sum(abs(float(at) - 0.25) for at in params.values())))
    assert best(trials) < 9.2


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("far", [1e9, sys.float_info.max])
def test_one_far_off_value_does_not_drown_the_others(far: float, seed: int) -> None:
    near = [Trial({"a.py:X": 0.05 * i}, abs(0.05 * i - 0.72) - 1) for i in range(1, 21)]
    trials = [Trial({"a.py:X": 0.0}, far), *near]
    _, params = applied(ask({"a.py": "X = 0.5  # tune: 0.0..1.0\n"}, trials, seed=seed))
    assert 0.7 < float(params["a.py:X"]) < 0.75


def test_values_at_both_ends_of_what_a_float_holds_do_not_end_the_tuner() -> None:
    values = [-sys.float_info.max, *[sys.float_info.max] * 6]
    trials = [Trial({"a.py:X": 0.1 * i}, value) for i, value in enumerate(values)]
    _, params = applied(ask({"a.py": "X = 0.5  # tune: 0.0..1.0\n"}, trials))
    assert 0.0 <= float(params["a.py:X"]) <= 1.0


@pytest.mark.parametrize("seed", range(3))
def test_the_best_is_remembered_however_long_ago(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best was far below; of the later ones those far above are the better."""
    monkeypatch.setattr(search, "MEMORY", 20)
    later = [Trial({"a.py:X": 0.2 + 0.04 * i}, 9.0 - 0.1 * i) for i in range(20)]
    _, params = applied(ask({"a.py": "X = 0.5  # tune: 0.0..1.0\n"}, [Trial({"a.py:X": 0.1}, 0.0), *later], seed=seed))
    assert float(params["a.py:X"]) < 0.2


@pytest.mark.parametrize("stale", ["sgd", True, 3, -0.5, 1e9])
def test_a_value_that_no_longer_fits_is_skipped(stale: Scalar) -> None:
    files = {"a.py": "LR = 0.1  # tune: 0.01..1 log\nOPT = 'a'  # tune: a|b|c\n"}
    trials = [Trial({"a.py:LR": stale, "a.py:OPT": "gone"}, 0.0), *[Trial({"a.py:LR": 0.2, "a.py:OPT": "b"}, 1.0)] * 9]
    _, params = applied(ask(files, trials))
    assert isinstance(params["a.py:LR"], float)
    assert 0.01 <= params["a.py:LR"] <= 1
    assert params["a.py:OPT"] in ("a", "b", "c")


def test_what_was_tried_stays_in_range_when_the_incumbent_moves() -> None:
    """Everything but the far-off trials is bad, so it goes there, beyond ten times the incumbent's value."""
    good = [Trial({"a.py:LR": 40.0 + i}, 0.0) for i in range(6)]
    bad = [Trial({"a.py:LR": 0.01 * i}, 9.0) for i in range(1, 60)]
    _, params = applied(ask({"a.py": "LR = 1.0\n"}, [*good, *bad]))
    assert isinstance(params["a.py:LR"], float)
    assert 10 < params["a.py:LR"] <= 45


@pytest.mark.parametrize("good_below", [True, False])
def test_keeps_away_from_crashes(good_below: bool) -> None:
    values = [0.01 * i for i in range(1, 60)]
    trials = [Trial({"a.py:X": x}, 1.0 if (x < 0.3) == good_below else None) for x in values]
    chosen = [
        applied(ask({"a.py": "X = 0.5  # tune: 0.0..0.6\n"}, trials, seed=seed))[1]["a.py:X"] for seed in range(9)
    ]
    inside = [x for x in chosen if isinstance(x, float) and (x < 0.3) == good_below]
    assert len(inside) >= 7


@pytest.mark.parametrize(
    ("path", "text", "keys"),
    [
        ("a.json", '{"lr": 0.1, "layers": [64, 32], "seed": 3}', {"a.json:lr", "a.json:layers.0", "a.json:layers.1"}),
        ("a.yaml", "lr: 0.1\nwide: yes\nseed: 3\n", {"a.yaml:lr", "a.yaml:wide"}),
        ("a.toml", "[train]\nlr = 0.1\nn = 8\nseed = 3\n", {"a.toml:train.lr", "a.toml:train.n"}),
        ("a.cu", "#define BLOCK 64\n#define SEED 3\nconst float K = 0.5f;\n", {"a.cu:BLOCK", "a.cu:K"}),
    ],
)
def test_tunes_other_languages(path: str, text: str, keys: set[str]) -> None:
    trials: list[Trial] = []
    for i in range(12):
        files, params = applied(ask({path: text}, trials))
        assert params.keys() == keys
        assert current(files) == params
        assert re.sub(r"[\d.e-]+|true|false|yes", "#", files[path]) == re.sub(r"[\d.e-]+|true|false|yes", "#", text)
        trials.append(Trial(params, float(i)))


def test_returns_only_files_that_change() -> None:
    files = {"a.py": "LR = 0.1\n", "b.py": "print(1)\n"}
    assert applied(ask(files, []))[0].keys() == {"a.py"}


def test_importing_it_loads_neither_scikit_learn_nor_numpy() -> None:
    code = "import sys, autoresearch.propose.tune; sys.exit(bool({'sklearn', 'numpy'} & sys.modules.keys()))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_prints_nothing() -> None:
    code = """
from autoresearch.model import Direction, Metric, Prompt, Request, Trial
from autoresearch.propose.tune import Tune
past = [Trial({"a.py:LR": 0.01 * i, "a.py:OK": True}, 1.0) for i in range(2, 12)] + [Trial({"a.py:LR": 0.3}, 1.0)]
files = {"a.py": "LR = 0.1\\nOK = True\\n"}
Tune().propose(Request(9, Prompt("", ()), files, Metric("loss", Direction.LOWER), None, past))
"""
    done = subprocess.run([sys.executable, "-W", "default", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout + done.stderr == ""
