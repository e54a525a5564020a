"""Ablations: what each keep is still worth to the head, and a branch without the dead weight."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import test_audit
from autoresearch.decide.ablation import Ablation, bar, standing, weigh, worth
from autoresearch.decide.history import Experiment
from autoresearch.decide.policy import PAIR, Decision
from autoresearch.decide.rematch import keep_probability
from autoresearch.decide.shrink import Changes, Course, Removal, course
from autoresearch.decide.yardstick import Yardstick
from autoresearch.model import Direction, Status
from autoresearch.records import Arm, Checked, Decided, Drawn, Measured
from histories import settings
from model_server import ModelServer
from test_audit import FLAGS, Project
from test_audit import handed_on as handed_on
from test_session import openai, wait_for
from user import User

pytestmark = pytest.mark.usefixtures("no_sandbox", "handed_on")

BENCH = test_audit.BENCH.replace(
    "ran, gate", "knobs['VALUE'] = 80 + 20 * (knobs['CACHE'] or knobs['MEMO']) + 5 * knobs['WIDTH']\nran, gate", 1
).replace("{knobs['VALUE']} {seed}", "{knobs['CACHE']}{knobs['MEMO']}{knobs['IDLE']}{knobs['WIDTH']} {seed}")
EXACT, NOISY = BENCH.replace("SHARE", "0"), BENCH.replace("SHARE", "10.0")
"""CACHE and MEMO make the same faster: one is superfluous beside the other. Both arms of a pair share their noise."""
NAMES = ("CACHE", "MEMO", "IDLE", "WIDTH", "SAFE", "HELD")


def text(values: Mapping[str, object]) -> str:
    """The target: a knob a line, far enough from each other to be merged."""
    return "\n\n\n\n".join(f"{name} = {values.get(name, 0)}" for name in NAMES) + "\n"


def steps(*changes: tuple[str, object]) -> list[tuple[str, str]]:
    """(Subject, target) of one change upon the other."""
    values: dict[str, object] = {}
    made = []
    for name, value in changes:
        values[name] = value
        made.append((f"{name} {value}", text(values)))
    return made


def project(tmp_path: Path, *changes: tuple[str, object], bench: str = EXACT) -> Project:
    """A branch autoresearch/mar5 of another tool's with a commit a change; main is checked out."""
    files = {"bench.py": bench, "program.py": text({}), ".gitignore": "results.tsv\nrun.log\n"}
    User.with_project(tmp_path / "project", program="Higher.\n", files=files)
    made = Project(tmp_path / "project")
    made.git("checkout", "--quiet", "-b", "autoresearch/mar5")
    for subject, target in steps(*changes):
        made.commits(target, subject)
    made.git("checkout", "--quiet", "main")
    return made


def session_with_a_keep(tmp_path: Path) -> Project:
    """A session `t` of ours that kept WIDTH 2 as experiment 2, and ended."""
    user = Project(User.with_project(tmp_path / "project", files={"bench.py": EXACT, "program.py": text({})}).home)
    (said, new), *_ = steps(("WIDTH", 2))
    reply = f"description: {said}\nhypothesis: h\ncategory: x\n\nFILE: program.py\n```\n{new}```\n"
    with ModelServer([reply]) as server:
        env = environment(user, **openai(server))
        begun = user.types("run", "--tag=t", "--model=openai/gpt-6-luna", "--budget=experiments=2", *FLAGS, env=env)
    assert begun.returncode == 0, begun.stderr
    return user


def environment(user: Project, **more: str) -> dict[str, str]:
    return {"RAN": str(user.ran), "COLUMNS": "250", **more}


def ids(user: Project, tag: str = "mar5") -> list[str]:
    """The keeps as they are shown, the oldest first."""
    return user.git("log", "--reverse", "--format=%h", "--abbrev=7", f"main..autoresearch/{tag}").split()


def rows(said: str) -> list[str]:
    """The rows of the table, with one blank between words."""
    return [" ".join(line.split()) for line in said.splitlines() if "  " in line and line[:6] != "next: "][1:]


@pytest.mark.slow
def test_a_session_of_what_matters_what_does_nothing_what_is_double_and_what_is_built_upon(tmp_path: Path) -> None:
    user = Project(User.with_project(tmp_path / "project", files={"bench.py": EXACT, "program.py": text({})}).home)
    changes = steps(("CACHE", 1), ("MEMO", 1), ("IDLE", "1\nSPARE = 2"), ("WIDTH", 2), ("WIDTH", 3))
    replies = [
        f"description: {said.split()[0].lower()} it\nhypothesis: h\ncategory: x\n\nFILE: program.py\n```\n{new}```\n"
        for said, new in changes
    ]
    run = ("run", "--tag=t", "--model=openai/gpt-6-luna", "--min-gain=-1%", "--budget=experiments=6", *FLAGS)
    with ModelServer(replies) as server:
        done = user.types(*run, env=environment(user, **openai(server)))
    assert done.returncode == 0, done.stderr
    before, refs = user.everything(), user.git("for-each-ref")
    cache, memo, idle, wide, wider = ids(user, "t")
    user.ran.unlink()

    done = user.types("ablate", *FLAGS, env=environment(user))
    assert done.returncode == 0, done.stderr
    assert rows(done.stdout) == [
        f"#2 {cache} cache it +25.0 % 0 % - dead weight alone: equal without it",
        f"#3 {memo} memo it 0 % 0 % - dead weight: equal without it",
        f"#4 {idle} idle it 0 % 0 % - dead weight: equal without it",
        f"#5 {wide} width it +10.0 % +15.0 % - earns its place together with {wider}: 100 without it",
        f"#6 {wider} width it +4.5 % +4.5 % - earns its place: 110 without it",
    ]
    assert f"{cache} stays: the head was not shown to do without it and the others together\n" in done.stdout
    assert f"{wide} was left out together with {wider}, built on it\n" in done.stdout
    built = "(1 of them as what others are built on, and not told apart from these)"
    assert f"2 of 5 keeps earn their place {built}, 3 are dead weight, of which 2 can go together\n" in done.stdout
    assert (
        f"without {cache}, {memo}, {idle} together the head is worse (95 without it; they are worth +21.1 %), so they "
        "were left out one after the other\n" in done.stdout
    )
    assert (
        f"without {memo}, {idle} the head is no worse (equal without it; they are worth 0 %): 1 line fewer (-3 +2)\n"
        in (done.stdout)
    )
    following = done.stdout.splitlines()[-1]
    assert following.startswith("next: autoresearch ablate t --target program.py --bench ")
    assert following.endswith(" --apply  # writes autoresearch/t-ablated without them")
    assert re.search(r"\nabout 9 runs, \d:\d\d:\d\d at [\d.]+ s a run\n", done.stderr)
    # The head thrice, each once without one, without the three, and without two.
    assert user.values() == ["1113"] * 3 + ["0113", "1013", "1103", "1110", "1112", "0003", "1003"]
    assert user.everything() == before

    done = user.types(*shlex.split(following, comments=True)[2:], env=environment(user))
    assert done.stdout.splitlines()[-2:] == [
        "next: git diff autoresearch/t autoresearch/t-ablated",
        "then: autoresearch finalize t-ablated",
    ]
    finalized = user.types("finalize", "t-ablated", "--dry-run", env=environment(user))
    assert "would write autoresearch/t-ablated-final: 1 commit on" in finalized.stdout, finalized.stderr
    assert "; an ablation measured the head to be no worse without #3, #4\n" in finalized.stdout
    there = user.types("ablate", "t", *FLAGS, env=environment(user)).stdout.splitlines()[-1]
    assert there.startswith("autoresearch/t-ablated is there already; rename or delete it, and autoresearch ablate t ")
    user.git("branch", "--quiet", "-D", "autoresearch/t-ablated")
    done = user.types("ablate", "t", "--apply", "--json", *FLAGS, env=environment(user))
    assert len(user.values()) == 10
    events = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = ["ablation", "notice", *["keep"] * 5, "together", "together", "applied", "end"]
    assert [event["event"] for event in events] == kinds
    assert [event["n"] for event in events if event["event"] == "keep"] == [2, 3, 4, 5, 6]
    assert (events[-1]["earns"], events[-1]["dead"], events[-1]["left_out"], events[-1]["lines_gone"]) == (2, 3, 2, 3)
    new = [line for line in user.git("for-each-ref").splitlines() if line not in refs.splitlines()]
    assert [line.split("\t")[1] for line in new] == ["refs/heads/autoresearch/t-ablated"]
    subjects = user.git("log", "--format=%s", "main..autoresearch/t-ablated").splitlines()
    assert [subject.split(":")[-1].strip() for subject in subjects] == ["width it", "width it", "cache it"]
    assert user.git("show", "autoresearch/t-ablated:program.py") == text({"CACHE": 1, "WIDTH": 3}).strip()
    refused = user.types("ablate", "t", "--apply", *FLAGS, env=environment(user))
    assert (refused.returncode, len(user.values())) == (3, 10)
    assert "branch autoresearch/t-ablated exists, and nothing was changed" in refused.stderr


@pytest.mark.slow
def test_a_noisy_bench_runs_in_pairs_and_goes_on_where_it_was_stopped_or_killed(tmp_path: Path) -> None:
    user = project(tmp_path, ("WIDTH", 2), ("IDLE", 1), bench=NOISY)
    before = user.everything()
    gate = tmp_path / "gate"
    for wait_at, end in ((3 + 20 + 5, "ctrl-c"), (3 + 20 + 14 + 4, "kill")):
        more = {"GATE": str(gate), "WAIT_AT": str(wait_at)}
        ablation = user.starts("ablate", "mar5", *FLAGS, env=environment(user, **more))
        wait_for(Path(f"{gate}.waiting").exists)
        other = user.types("ablate", "mar5", *FLAGS, env=environment(user))
        assert (other.returncode, "error: ablation mar5/" in other.stderr) == (3, True)
        if end == "kill":
            ablation.kill()
        else:
            ablation.send_signal(signal.SIGINT)
            gate.touch()
        _, complaint = ablation.communicate(timeout=120)
        assert ablation.returncode == (-signal.SIGKILL if end == "kill" else 130)
        assert user.lines()[wait_at:] == []
        for made in (gate, Path(f"{gate}.waiting")):
            made.unlink(missing_ok=True)
        if end == "ctrl-c":
            assert "stopped by SIGINT after 0 of 2 keeps; the same command goes on\n" in complaint
            assert user.everything() == before
    done = user.types("ablate", "mar5", "--apply", *FLAGS, env=environment(user))
    assert "did not end in order: its ablation is taken over" in done.stderr
    assert "it goes on after 1 of 2 keeps\n" in done.stderr
    wide, idle = ids(user)
    earns, dead = rows(done.stdout)
    assert earns.startswith(f"{wide} WIDTH 2 - +")
    assert earns.endswith("7 of 7 earns its place")
    assert dead == f"{idle} IDLE 1 - 0 % (0 % to 0 %) 0 of 7 dead weight"
    assert len(user.lines()) == 3 + 20 + 14 + 14 + 1  # the run that was killed ran again
    pairs = [line.split()[1] for line in user.lines()[3 : 3 + 20 + 14]]
    assert pairs[::2] == pairs[1::2]
    assert user.git("show", "autoresearch/mar5-ablated:program.py") == text({"WIDTH": 2}).strip()
    assert "git diff autoresearch/mar5 autoresearch/mar5-ablated\n" in done.stdout
    assert user.git("worktree", "list").count("\n") == 0


@pytest.mark.slow
def test_what_check_or_held_out_inputs_need_earns_its_place(tmp_path: Path) -> None:
    user = project(tmp_path, ("IDLE", 1), ("SAFE", 1), ("HELD", 1), ("WIDTH", 2))
    safe, held = ids(user)[1:3]
    gates = ("--check=grep -q 'SAFE = 1' program.py", "--confirm=echo score: $(grep -c 'HELD = 1' program.py)")
    done = user.types("ablate", "mar5", "--apply", *FLAGS, *gates, env=environment(user))
    found = rows(done.stdout)
    assert f"{safe} SAFE 1 - 0 % - earns its place: without it `check` fails: it exited with 1" in found[1]
    assert found[2] == f"{held} HELD 1 - 0 % - earns its place: worse without it on the held-out inputs"
    assert "3 of 4 keeps earn their place, 1 is dead weight\n" in done.stdout
    subjects = user.git("log", "--reverse", "--format=%s", "main..autoresearch/mar5-ablated")
    assert subjects.splitlines() == ["SAFE 1", "HELD 1", "WIDTH 2"]


@pytest.mark.slow
def test_where_every_keep_earns_its_place_the_report_and_the_ablation_say_the_same_comes_next(tmp_path: Path) -> None:
    user = session_with_a_keep(tmp_path)
    for command in ("verify", "finalize"):
        done = user.types("ablate", "t", *FLAGS, env=environment(user))
        following = done.stdout.splitlines()[-1]
        assert following.startswith(f"next: autoresearch {command} t  # ")
        assert following.removeprefix("next: ").partition("  # ")[0] in user.types("report", "t").stdout
        assert user.types(*shlex.split(following, comments=True)[2:], env=environment(user)).returncode == 0
    [wide] = ids(user, "t")
    wider, narrow = environment(user), environment(user, COLUMNS="60")
    said = user.types("audit", "t", *FLAGS, env=wider).stdout
    assert rows(said) == [f"#2 {wide} WIDTH 2 survives: better than 80, twice"]
    said = user.types("audit", "t", *FLAGS, env=narrow).stdout
    assert said.startswith(f"#2 {wide} WIDTH 2\n  survives: better than 80, twice\n")
    said = user.types("ablate", "t", *FLAGS, env=narrow).stdout
    figures = "  when kept +12.5 %, worth now +12.5 %, won -\n  earns its place: 80 without it\n"
    assert said.startswith(f"#2 {wide} WIDTH 2\n{figures}")
    nowhere = user.types("verify", "t", "--program=/nowhere.md")
    assert (nowhere.returncode, nowhere.stderr.partition(". ")[0]) == (2, "error: /nowhere.md does not exist")


@pytest.mark.slow
@pytest.mark.parametrize(("command", "done"), [("audit", "audited"), ("ablate", "ablated")])
def test_status_says_that_the_branch_is_measured_anew_and_by_whom(tmp_path: Path, command: str, done: str) -> None:
    user = session_with_a_keep(tmp_path)
    user.ran.unlink()
    gate = tmp_path / "gate"
    anew = user.starts(command, "t", *FLAGS, env=environment(user, GATE=str(gate), WAIT_AT="2"))
    wait_for(Path(f"{gate}.waiting").exists)
    said = user.types("status", "t").stdout
    told = json.loads(user.types("status", "t", "--json").stdout)
    gate.touch()
    anew.communicate(timeout=120)
    assert said.startswith("session t: ended ")
    assert f"\nbeing {done} (process {anew.pid} on {os.uname().nodename})\n" in said
    assert told["measured_anew"] == [{"what": done, "process": {"pid": anew.pid, "host": os.uname().nodename}}]
    assert "being" not in user.types("status", "t").stdout
    assert json.loads(user.types("status", "t", "--json").stdout)["measured_anew"] == []


@pytest.mark.slow
def test_where_nothing_can_be_left_out_there_is_no_branch(tmp_path: Path) -> None:
    user = project(tmp_path, ("WIDTH", 2), bench=NOISY)
    done = user.types("ablate", "mar5", "--apply", *FLAGS, env=environment(user))
    assert rows(done.stdout)[0].endswith("7 of 7 earns its place")
    pairs = [line.split()[1] for line in user.lines()[3:]]
    assert len(pairs) == 20 + 14
    assert pairs[::2] == pairs[1::2]
    assert "nothing can be left out, so there is no autoresearch/mar5-ablated to write\n" in done.stdout
    assert user.git("branch", "--list", "*-ablated") == ""
    done = user.types("ablate", "mar5", "--base=autoresearch/mar5", *FLAGS, env=environment(user))
    assert (done.returncode, "nothing to ablate: autoresearch/mar5 has no commits since" in done.stdout) == (0, True)
    done = user.types("ablate", "mar5", "--bench=false", *FLAGS[::2], env=environment(user))
    assert done.returncode == 5
    assert "the bench `false` does not run at the head" in done.stderr


# The rule

HIGHER = Direction.HIGHER
WON, LOST, TIED, BIT = (11.0, 10.0), (10.0, 11.0), (10.0, 10.0), (10.05, 10.0)
"""(With the change, without it): worth 10 %, harmful, nothing, worth 0.5 %."""
WINS = bar(0.05, 5)


@pytest.mark.parametrize(
    ("pairs", "min_gain", "found"),
    [
        ([WON] * 6, 0.0, None),
        ([WON] * 7, 0.0, "earns"),
        ([TIED] * 6, 0.0, None),
        ([TIED] * 7, 0.0, "dead"),
        ([LOST] * 7, 0.0, "dead"),
        ([BIT] * 7, 0.0, "earns"),
        ([BIT] * 7, 0.01, "dead"),
        ([BIT] * 7, -0.5, "earns"),
        ([LOST, *[WON] * 8], 0.0, None),
        ([LOST, *[WON] * 9], 0.0, "earns"),
        ([WON, *[TIED] * 9], 0.0, "dead"),
        ([*[WON, LOST] * 5, WON], 0.0, None),
        ([WON, LOST] * 6, 0.0, "undecided"),
        ([*[WON] * 6, *[LOST] * 5, *[WON] * 7], 0.0, None),
        ([*[WON] * 6, *[LOST] * 5, *[WON] * 8], 0.0, "earns"),
    ],
)
def test_what_pairs_say(pairs: Sequence[tuple[float, float]], min_gain: float, found: str | None) -> None:
    said = weigh(pairs, direction=HIGHER, wins=WINS, min_gain=min_gain, matters=0.02)
    assert said == found
    lower = [(-with_it, -without) for with_it, without in pairs]
    assert weigh(lower, direction=Direction.LOWER, wins=WINS, min_gain=min_gain, matters=0.02) == found


@pytest.mark.parametrize(("alpha", "losses"), [(0.05, 5), (0.05, 1), (0.01, 5), (0.2, 9)])
def test_the_bar_bounds_what_a_coin_wins(alpha: float, losses: int) -> None:
    wins = bar(alpha, losses)
    assert len(wins) == losses + 1
    assert alpha / 2 < keep_probability(wins, behind=True) <= alpha
    assert keep_probability((5, 7), behind=True) == 13 / 256


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gaussian", "drifting", "skewed"])
def test_errs_as_seldom_as_the_docs_say(name: str) -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
    ablation_rates = importlib.import_module("ablation")

    nothing, large = (ablation_rates.rates(ablation_rates.NOISES[name], worth, 400) for worth in (0.0, 2.0))
    assert nothing.earns < 0.08
    assert nothing.dead > 0.72
    assert large.dead < 0.06
    assert large.earns > 0.9


def run(arm: Arm, value: float | None, draw: int = 0) -> Measured:
    failure = "exit code 1" if value is None else None
    return Measured(n=3, run=1, arm=arm, value=value, failure=failure, columns={}, duration_s=1.0, log="", draw=draw)


def experiment(
    *runs: Measured, draws: int = 0, faults: int = 0, without: str = "k", check: str | None = ""
) -> Experiment:
    drawn = tuple(Drawn(n=3, order=("incumbent", "candidate"), seed=1) for _ in range(draws))
    checked = None if check == "" else Checked(n=3, failure=check, duration_s=1.0, log="")
    return Experiment(3, without=tuple(without), runs=runs, draws=drawn, faults=faults, checked=checked)


def pairs_of(*pairs: tuple[float, float], without: str = "k") -> Experiment:
    """An experiment with these (incumbent, candidate) pairs."""
    runs: list[Measured] = []
    for draw, (head, less) in enumerate(pairs, start=1):
        runs += run("incumbent", head, draw), run("candidate", less, draw)
    return experiment(*runs, draws=len(pairs), without=without)


RULE = Ablation(settings(direction="higher"), Yardstick(), head=10.0)
EXACTLY = Ablation(settings(direction="higher"), Yardstick(exact=True), head=10.0)
CHECKED = Ablation(settings(direction="higher", check="c"), Yardstick(exact=True), head=10.0)


@pytest.mark.parametrize(
    ("rule", "current", "due"),
    [
        (RULE, Experiment(1), Decision(run="candidate")),
        (RULE, experiment(), Decision(draw=PAIR)),
        (RULE, experiment(draws=1), Decision(run="incumbent")),
        (RULE, pairs_of(*[TIED] * 9, without=""), Decision(draw=PAIR)),
        (RULE, pairs_of(*[WON] * 6), Decision(draw=PAIR)),
        (EXACTLY, experiment(), Decision(run="candidate")),
        (CHECKED, experiment(run("candidate", 10.0)), Decision(gate="check")),
    ],
)
def test_what_an_ablation_runs_next(rule: Ablation, current: Experiment, due: Decision) -> None:
    assert rule.next(current) == due


@pytest.mark.parametrize(
    ("rule", "current", "found", "reason"),
    [
        (RULE, pairs_of(*[WON] * 7), "earns", "better with it in 7 of 7 pairs"),
        (RULE, pairs_of(*[WON, LOST] * 6), "undecided", "better with it in 6 of 12 pairs"),
        (RULE, experiment(run("candidate", None, 1), draws=1), "earns", "without it the bench fails: exit code 1"),
        (EXACTLY, experiment(run("candidate", 9.0)), "earns", "9 without it"),
        (EXACTLY, experiment(run("candidate", 10.0)), "dead", "equal without it"),
        (EXACTLY, experiment(run("candidate", 11.0)), "dead", "11 without it"),
        (EXACTLY, experiment(run("candidate", None)), "earns", "without it the bench fails: exit code 1"),
        (CHECKED, experiment(run("candidate", 10.0), check=None), "dead", "equal without it"),
        (CHECKED, experiment(run("candidate", 10.0), check="it exited with 1"), "earns", "without it `check` fails"),
    ],
)
def test_what_an_ablation_decides(rule: Ablation, current: Experiment, found: str, reason: str) -> None:
    decision = rule.next(current)
    assert decision.verdict is not None
    assert reason in decision.verdict.reason
    decided = Decided(
        n=3, status=decision.verdict.status, reason="", cause=decision.verdict.cause, value=decision.value
    )
    settled = Experiment(3, without=("k",), runs=current.runs, draws=current.draws, verdict=decided)
    assert standing(settled) == found
    assert (worth(settled, 10.0, HIGHER) is None) == (decision.verdict.status is Status.CRASH)


def test_a_head_that_ran_and_now_fails_twice_is_the_machines_fault() -> None:
    current = experiment(run("incumbent", None, 1), run("incumbent", None, 2), draws=2, faults=2)
    assert RULE.next(current).fault == "the head, which ran before, failed 2 times in a row: exit code 1"


def test_what_matters_is_what_noise_hides_unless_the_smallest_gain_is_more() -> None:
    noisy = Yardstick(deviations=(0.01,) * 6)
    assert Ablation(settings(direction="higher"), noisy, 10.0).matters == pytest.approx(0.015)
    assert Ablation(settings(direction="higher", min_gain="2%"), noisy, 10.0).matters == 0.02


# What to leave out


def played(
    count: int, dead: Sequence[set[int]], together: Mapping[int, set[int]] | None = None
) -> tuple[Course, list[set[int]]]:
    """A course to its end, and the sets that it measured: those of `dead` are found to be so, weaker by size of number.

    `together`: what is built on a change, and goes with it.
    """
    known: dict[Changes, Removal] = {}
    asked = []

    def closed(out: Changes) -> Changes:
        return out.union(*((together or {}).get(number, set()) for number in out))

    while (far := course(count, known, closed)).due is not None:
        assert far.due not in known
        asked.append(set(far.due))
        known[far.due] = Removal(dead=set(far.due) in dead, gain=float(sum(far.due)))
    return far, asked


@pytest.mark.parametrize(
    ("count", "dead", "together", "asked", "safe"),
    [
        (2, [], {}, [{0}, {1}], set()),
        (2, [{1}], {}, [{0}, {1}], {1}),
        (3, [{0}, {1}, {0, 1}], {}, [{0}, {1}, {2}, {0, 1}], {0, 1}),
        (2, [{0}, {1}], {}, [{0}, {1}, {0, 1}], {0}),
        (3, [{0}, {1}, {2}, {0, 2}], {}, [{0}, {1}, {2}, {0, 1, 2}, {0, 1}, {0, 2}], {0, 2}),
        (2, [{0, 1}], {0: {1}}, [{0, 1}, {1}], {0, 1}),
        (2, [{1}], {0: {1}}, [{0, 1}, {1}], {1}),
        (3, [{0, 2}, {1}, {0, 1, 2}], {0: {2}}, [{0, 2}, {1}, {2}, {0, 1, 2}], {0, 1, 2}),
    ],
)
def test_what_is_left_out_in_which_order(
    count: int, dead: list[set[int]], together: dict[int, set[int]], asked: list[set[int]], safe: set[int]
) -> None:
    far, measured = played(count, dead, together)
    assert measured == asked
    assert far.safe == safe
