"""Keeps that are real, in whole sessions: rematches, gates, sentinels and verifications, whatever cuts them short."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autoresearch.decide.policy import PAIR
from autoresearch.edge import coin
from model_server import ModelServer
from test_session import openai, wait_for
from user import User

pytestmark = pytest.mark.usefixtures("no_sandbox")

SCALE = 1_000_000
"""What one more of VALUE scores; the noise stays below it, and both arms of a pair have it in common."""
FRONT = {
    "target": "program.sh",
    "bench": "sh bench.sh",
    "metric": "score",
    "direction": "higher",
    "timeout": "20s",
    "canary": "false",
    "model": "command",
    "command": 'sh "$LAB/model.sh"',
}
BENCH = f"""\
. ./program.sh
if test -e droppings; then touch "$LAB/seen"; fi
cd "$LAB" || exit 9
echo "$VALUE ${{AUTORESEARCH_SEED:-none}}" >> ran
n=$(($(wc -l < ran)))
set -- $(grep "^$n " events)
lucky=0
case $2 in
hold) touch holding; while test -e hold; do sleep 0.01; done ;;
ill) echo "$3" > ill ;;
lucky) lucky=$3 ;;
esac
if test -n "$CRASHES"; then exit 3; fi
if test -e ill && test "$(cat ill)" = "$VALUE"; then echo 'the machine is ill'; exit 3; fi
noise=0
if test -e noisy; then noise=$((AUTORESEARCH_SEED % {SCALE})); fi
echo "mem: ${{MEM:-10}}"
echo "lag: ${{LAG:-10}}"
echo "score: $((VALUE * {SCALE} + noise + lucky * {SCALE}))"
"""
"""Notes each of its runs, with its seed; what happens in run N is written in `events`."""
MODEL = """\
n=$(($(ls "$LAB/prompts" | wc -l) + 1))
cat > "$LAB/prompts/$n"
cp "$LAB/replies/$n" "${TARGET:-program.sh}" || exit 127
echo "description: idea $n"
"""
"""Answers the k-th request with the k-th of the script, and gives up behind the last."""
MARK = "planted-9301"
HOLDOUT = """\
. ./program.sh
echo "planted-$((9000 + 301))" | tee droppings
echo "$VALUE ${AUTORESEARCH_SEED:-none}" >> "$LAB/held_out"
while test -e "$LAB/hold_confirm"; do touch "$LAB/holding"; sleep 0.01; done
echo "secret: $((9000 + 301))"
if test -n "$SPOILS"; then exit 4; fi
echo "score: ${HELD:-$VALUE}"
"""
"""Held-out inputs: prints a mark that stands nowhere else, and leaves it in a file."""
CHECK = """\
. ./program.sh
echo "checked $VALUE" >> "$LAB/checked"
echo "looking for wrong answers in $VALUE"
if test -n "$WRONG"; then echo "expected 4, got $WRONG"; exit 1; fi
"""
BASELINE, KEPT = 5, 1 + 2 * 5
"""Runs of a noisy baseline, and of a candidate that wins 5–0."""
GAIN, NOTHING, HARM = "VALUE=11\n", "VALUE=10\nUNUSED=1\n", "VALUE=9\n"


@dataclass(frozen=True)
class Lab:
    """A project with a bench of milliseconds, and the folder from which its runs are directed and noted."""

    user: User
    folder: Path

    @classmethod
    def at(
        cls, place: Path, *, noisy: bool = True, start: str = "VALUE=10\n", front: Mapping[str, str] | None = None
    ) -> Lab:
        lines = [f"{name}: {value}" for name, value in {**FRONT, **(front or {})}.items()]
        program = "\n".join(["---", *lines, "---", "Make the score as high as you can.", ""])
        files = {"program.sh": start, "bench.sh": BENCH, "holdout.sh": HOLDOUT, "check.sh": CHECK}
        lab = cls(User.with_project(place / "project", program=program, files=files), place / "lab")
        for name in ("prompts", "replies", "temporary"):
            (lab.folder / name).mkdir(parents=True)
        (lab.folder / "model.sh").write_text(MODEL)
        for name in ("ran", "events", "checked", "held_out"):
            (lab.folder / name).touch()
        if noisy:
            (lab.folder / "noisy").touch()
        return lab

    @property
    def environment(self) -> dict[str, str]:
        return {"LAB": str(self.folder), "AUTORESEARCH_ENV": "LAB", "TMPDIR": str(self.folder / "temporary")}

    def answers(self, *targets: str) -> None:
        """What the model will answer, besides what it was told before."""
        told = len(list((self.folder / "replies").iterdir()))
        for number, text in enumerate(targets, start=told + 1):
            (self.folder / "replies" / str(number)).write_text(text)

    def prompts(self) -> list[str]:
        asked = sorted((self.folder / "prompts").iterdir(), key=lambda path: int(path.name))
        return [path.read_text() for path in asked]

    def happens(self, run: int, what: str) -> None:
        """Something happens in the bench's run of this number: `hold`, `ill VALUE`, `lucky VALUE`."""
        with (self.folder / "events").open("a") as events:
            events.write(f"{run} {what}\n")
        if what == "hold":
            (self.folder / "hold").touch()

    def runs(self, *flags: str, experiments: int, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """`autoresearch run` to its end: exit code, stdout, stderr."""
        done = self.user.types(*run(experiments, flags), env={**self.environment, **(env or {})})
        return done.returncode, done.stdout, done.stderr

    def verifies(self, *arguments: str) -> tuple[int, str, str]:
        done = self.user.types("verify", *arguments, env=self.environment)
        return done.returncode, done.stdout, done.stderr

    def starts(self, *arguments: str) -> subprocess.Popen[str]:
        """A command, which was told to hold: returns once it does."""
        started = self.user.starts(*arguments, env=self.environment)
        holding = self.folder / "holding"
        wait_for(lambda: holding.exists() or started.poll() is not None)
        assert started.poll() is None, started.communicate()
        holding.unlink()
        return started

    def goes_on(self) -> None:
        """Whatever holds goes on."""
        for name in ("hold", "hold_confirm"):
            (self.folder / name).unlink(missing_ok=True)

    def ran(self) -> list[list[str]]:
        """VALUE and seed of every run that the bench ever began."""
        return [line.split() for line in (self.folder / "ran").read_text().splitlines()]

    @property
    def journal(self) -> Path:
        return self.user.home / ".git/autoresearch/t/journal.jsonl"

    def records(self, kind: str = "", n: int | None = None) -> list[dict[str, Any]]:
        """The journal's records of a kind, of an experiment."""
        records = [json.loads(line)["record"] for line in self.journal.read_text().splitlines()]
        return [r for r in records if kind in ("", r["kind"]) and (n is None or r.get("n") == n)]

    def rewrites(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Write the journal anew, with checksums that fit."""
        bodies = [json.dumps(record, separators=(",", ":"), ensure_ascii=False) for record in records]
        lines = [f'{{"crc":"{zlib.crc32(body.encode()):08x}","record":{body}}}\n' for body in bodies]
        self.journal.write_text("".join(lines))

    def forgets(self, after: Callable[[dict[str, Any]], bool], skip: int = 0) -> list[dict[str, Any]]:
        """As if the power had failed right after a record, the first that fits behind `skip` others."""
        records = self.records()
        last = [at for at, record in enumerate(records) if after(record)][skip]
        self.rewrites(records[: last + 1])
        if not any(record["kind"] == "decided" and record["n"] == 2 for record in records[: last + 1]):
            for ref in ("refs/heads/autoresearch/t", "refs/autoresearch/t/best"):
                self.user.git("update-ref", ref, "main")
        return records[: last + 1]

    def verdicts(self) -> list[str]:
        """`keep better`, `discard screen`, in the order of the experiments behind the baseline."""
        return [f"{r['status']} {r['cause']}" for r in self.records("decided") if r["n"] > 1]

    def values(self) -> list[str]:
        """VALUE in each commit of the branch, oldest first."""
        commits = self.user.git("rev-list", "--reverse", "main..autoresearch/t").split()
        shown = [self.user.git("show", f"{commit}:program.sh").splitlines()[0] for commit in ("main", *commits)]
        return [line.removeprefix("VALUE=") for line in shown]

    def holds_together(self, experiment: int = 2) -> None:
        """Every run was of the round that was drawn for it, in its order and with its seed."""
        draws, runs = self.records("drawn", experiment), self.records("measured", experiment)
        began = {(r["run"], r["arm"], r["seed"]) for r in self.records("measuring", experiment)}
        for number, draw in enumerate(draws, start=1):
            within = [run for run in runs if run["draw"] == number]
            assert [run["arm"] for run in within] == draw["order"][: len(within)]
            assert {run["seed"] for run in within} == {draw["seed"]}
        seeds = [draw["seed"] for draw in draws] + [run["seed"] for run in runs if not run["draw"]]
        assert len(set(seeds)) == len(seeds)
        assert [run["run"] for run in runs] == list(range(1, len(runs) + 1))
        assert all((run["run"], run["arm"], run["seed"]) in began for run in runs)


NEEDS_SEED = "': ${AUTORESEARCH_SEED:?no seed};"
"""The begin of a command, quoted for YAML."""


def run(experiments: int, flags: Iterable[str] = ()) -> list[str]:
    return ["run", "--tag=t", f"--budget=experiments={experiments}", *flags]


KEEPER: dict[str, Path] = {}


@pytest.fixture
def keeper(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A copy of a session that kept one gain after a rematch."""
    if "kept" not in KEEPER:
        place = tmp_path_factory.mktemp("keeper")
        lab = Lab.at(place)
        lab.answers(GAIN)
        code, _, said = lab.runs(experiments=2)
        assert code == 0, said
        assert lab.verdicts() == ["keep better"]
        KEEPER["kept"] = place
    shutil.copytree(KEEPER["kept"], tmp_path / "copy", symlinks=True)
    return Lab(User(tmp_path / "copy/project"), tmp_path / "copy/lab")


# The rule


def test_chance_has_every_order_and_lands_as_often_as_it_is_told() -> None:
    assert {coin.shuffled(PAIR) for _ in range(64)} == {PAIR, PAIR[::-1]}
    assert len({coin.seed() for _ in range(8)}) > 1
    assert not any(coin.lands(0.0) for _ in range(64))
    assert all(coin.lands(1.0) for _ in range(64))


@pytest.mark.slow
def test_an_exact_metric_costs_one_run_a_bad_proposal_and_two_a_keep(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False)
    lab.answers(HARM, GAIN, "VALUE=10\nA=1\n", "VALUE=12\n", "VALUE=12\nB=1\n")
    code, _, said = lab.runs(experiments=6)
    assert code == 0, said
    assert lab.verdicts() == ["discard screen", "keep better", "discard screen", "keep better", "discard screen"]
    assert Counter(run["n"] for run in lab.records("measured")) == {1: 3, 2: 1, 3: 2, 4: 1, 5: 2, 6: 1}
    assert len(lab.ran()) == 3 + 1 + 2 + 1 + 2 + 1
    assert lab.records("drawn") == []
    assert lab.values() == ["10", "11", "12"]


def test_a_noisy_metric_keeps_a_gain_and_not_the_luck_of_an_edit_that_does_nothing(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    lab.answers("VALUE=11\nCRASHES=1\n", GAIN, "VALUE=11\nUNUSED=1\n")
    first_of_3 = BASELINE + 1 + KEPT + 1
    lab.happens(first_of_3, "lucky 2")
    before = lab.user.checkout()
    code, shown, said = lab.runs(experiments=3)
    assert code == 0, said
    assert lab.verdicts() == ["keep better", "discard rematch"]
    assert [r["reason"] for r in lab.records("decided")] == [
        "baseline",
        "won its rematch, 5 of 5 pairs",
        "lost its rematch, having won 0 of 1 pair",
    ]
    assert "[lost its rematch, having won 0 of 1 pair]" in shown
    # All that was drawn and run is in the journal, as the bench saw it.
    assert [len(lab.records("drawn", n)) for n in (1, 2, 3)] == [0, 5, 1]
    measured = lab.records("measured")
    assert [run["seed"] for run in measured] == [int(seed) for _, seed in lab.ran()]
    assert Counter(run["n"] for run in measured) == {1: BASELINE, 2: 1 + KEPT, 3: 3}
    baseline = [run["seed"] for run in measured if run["n"] == 1]
    drawn = [draw["seed"] for draw in lab.records("drawn")]
    assert len({*baseline, *drawn}) == BASELINE + len(drawn), "two pairs, or runs of the baseline, had a seed in common"
    # A first run has the seed of the run that it must beat: the best of the incumbent's last three.
    best = max((run for run in measured if run["n"] == 1 and run["run"] > BASELINE - 3), key=lambda run: run["value"])
    (first,) = [run for run in measured if run["n"] == 2 and not run["draw"] and run["value"] is not None]
    assert first["seed"] == best["seed"]
    for n in (2, 3):
        rounds = {draw: [r for r in measured if (r["n"], r["draw"]) == (n, draw)] for draw in (1, 2, 3, 4, 5)}
        for within, draw in zip(rounds.values(), lab.records("drawn", n), strict=False):
            assert [run["arm"] for run in within] == draw["order"]
            assert {run["seed"] for run in within} == {draw["seed"]}
    by_arm = {(run["arm"], value) for run, (value, _) in zip(measured, lab.ran(), strict=True) if run["n"] == 2}
    assert by_arm == {("candidate", "11"), ("incumbent", "10")}
    assert lab.values() == ["10", "11"]
    assert lab.user.checkout() == before


def test_a_candidate_that_breaks_in_its_rematch_is_discarded_and_not_repaired(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    lab.answers(f'VALUE=11\ntest $(($(wc -l < "$LAB/ran"))) -lt {BASELINE + 1} || exit 3\n', "VALUE=9\n")
    code, _, said = lab.runs(experiments=3)
    assert code == 0, said
    assert lab.verdicts() == ["discard rematch", "discard screen"]
    assert "crashed when it ran again: bench exited with 3" in lab.prompts()[1]
    assert [row["status"] for row in lab.user.rows()] == ["keep", "discard", "discard"]


@pytest.mark.slow
def test_a_sweep_is_six_shuffled_runs_that_a_kill_does_not_repeat(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, front={"decide": "sweep"})
    lab.answers(GAIN)
    lab.happens(BASELINE + 4, "hold")
    session = lab.starts(*run(2))
    session.kill()
    session.communicate()
    lab.goes_on()
    code, _, said = lab.runs(experiments=2)
    assert code == 0, said
    assert [r["reason"] for r in lab.records("decided", 2)] == ["won its sweep of 3 and 3 runs"]
    assert len(lab.ran()) == BASELINE + 1 + 6 + 1
    (draw,) = lab.records("drawn")
    swept = [run for run in lab.records("measured", 2) if run["draw"]]
    assert [run["arm"] for run in swept] == draw["order"]
    for arm in ("candidate", "incumbent"):
        assert [run["seed"] - draw["seed"] for run in swept if run["arm"] == arm] == [0, 1, 2]


def test_naive_does_what_it_did(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, front={"decide": "naive"})
    lab.answers(NOTHING, "VALUE=10\nUNUSED=2\n", HARM)
    for run_number, luck in ((1, 0), (2, 3), (3, 1)):
        lab.happens(run_number, f"lucky {luck}")
    code, _, said = lab.runs(experiments=4)
    assert code == 0, said
    assert lab.verdicts() == ["keep better", "discard screen", "discard screen"]
    assert [run["n"] for run in lab.records("measured")] == [1, 2, 3, 4]
    assert lab.records("drawn") == []
    score = next(run["value"] for run in lab.records("measured", 2))
    assert lab.records("decided", 3)[0]["reason"] == f"not better than {score:.10g}"


# Cut short


@pytest.mark.slow
@pytest.mark.parametrize(
    ("held", "flags"),
    [(BASELINE + 2, ()), (BASELINE + 5, ("--in-place",))],
    ids=["first pair", "second pair, in place"],
)
def test_a_rematch_goes_on_after_a_kill_with_no_run_repeated(tmp_path: Path, held: int, flags: tuple[str, ...]) -> None:
    lab = Lab.at(tmp_path)
    lab.answers(GAIN)
    lab.happens(held, "hold")
    before = lab.user.checkout()
    session = lab.starts(*run(2, flags))
    session.kill()
    session.communicate()
    known = lab.records()
    lab.goes_on()
    code, _, said = lab.runs(*flags, experiments=2)
    assert code == 0, said
    assert lab.records()[: len(known)] == known
    assert [r["reason"] for r in lab.records("decided", 2)] == ["won its rematch, 5 of 5 pairs"]
    assert len(lab.ran()) == BASELINE + KEPT + 1, "more than the run that was killed ran again"
    assert len(lab.records("drawn")) == 5
    assert len(lab.prompts()) == 1
    lab.holds_together()
    assert lab.values() == ["10", "11"]
    assert lab.user.checkout() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "skip", "again"),
    [
        ("measured", 0, 0),
        ("measuring", 1, 1),
        ("measured", 1, 0),
        ("drawn", 3, 0),
        ("measured", 10, 0),
        ("decided", 0, 0),
    ],
)
def test_a_rematch_goes_on_from_any_record(keeper: Lab, kind: str, skip: int, again: int) -> None:
    known = keeper.forgets(lambda record: (record["kind"], record.get("n")) == (kind, 2), skip)
    done = sum(record["kind"] == "measured" for record in known)
    (keeper.folder / "ran").write_text("")
    code, _, said = keeper.runs(experiments=2)
    assert code == 0, said
    assert keeper.records()[: len(known)] == known
    assert len(keeper.ran()) == BASELINE + KEPT - done
    assert len(keeper.records("drawn", 2)) == 5
    assert len(keeper.records("measuring", 2)) == KEPT + again
    assert keeper.verdicts() == ["keep better"]
    keeper.holds_together()
    assert keeper.values() == ["10", "11"]


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_in_a_rematch_stops_after_the_run_in_hand_or_at_once(tmp_path: Path, times: int) -> None:
    lab = Lab.at(tmp_path)
    lab.answers(GAIN)
    lab.happens(BASELINE + 4, "hold")
    session = lab.starts(*run(2))
    session.send_signal(signal.SIGINT)
    if times == 1:
        lab.goes_on()
    else:
        session.send_signal(signal.SIGTERM)
    session.communicate(timeout=120)
    assert session.returncode == 130
    assert len(lab.ran()) == BASELINE + 4
    assert len(lab.records("measured", 2)) == (4 if times == 1 else 3)
    assert len(lab.records("interrupted", 2)) == times - 1
    assert lab.records("decided", 2) == []
    lab.goes_on()
    code, _, said = lab.runs(experiments=2)
    assert code == 0, said
    assert lab.verdicts() == ["keep better"]
    assert len(lab.ran()) == BASELINE + KEPT + times - 1
    assert len(lab.records("drawn")) == 5
    lab.holds_together()


@pytest.mark.parametrize(("arm", "verdict"), [("incumbent", "keep better"), ("candidate", "discard rematch")])
def test_a_run_in_which_the_machine_went_down_twice_is_not_tried_again(keeper: Lab, arm: str, verdict: str) -> None:
    begun = [record["arm"] for record in keeper.records("measuring", 2)]
    known = keeper.forgets(lambda record: (record["kind"], record.get("n")) == ("measuring", 2), begun.index(arm, 1))
    keeper.rewrites([*known, {**known[-1], "seq": known[-1]["seq"] + 1}])
    code, _, said = keeper.runs(experiments=2)
    assert code == 0, said
    assert keeper.verdicts() == [verdict]
    failed = [run for run in keeper.records("measured", 2) if run["value"] is None]
    assert [run["failure"] for run in failed] == ["the machine or the runner went down twice during this run"]
    assert len(keeper.records("drawn", 2)) == (6 if arm == "incumbent" else 1)


def test_ctrl_c_between_the_runs_of_the_baseline_leaves_no_session(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    before = lab.user.everything()
    lab.happens(2, "hold")
    session = lab.starts(*run(2))
    session.send_signal(signal.SIGINT)
    lab.goes_on()
    session.communicate(timeout=120)
    assert session.returncode == 130
    assert len(lab.ran()) == 2
    assert lab.user.everything() == before


@pytest.mark.slow
def test_hours_that_are_spent_in_a_rematch_end_it_there_and_more_hours_go_on(keeper: Lab) -> None:
    *known, last = keeper.forgets(lambda record: (record["kind"], record.get("n")) == ("measured", 2), 3)
    keeper.rewrites([*known, {**last, "t": 3600.0}])
    (keeper.folder / "ran").write_text("")
    code, shown, said = keeper.runs("--budget=hours=1", experiments=2)
    assert code == 0, said
    assert "ended: the budget of 1 hours is spent" in shown
    assert keeper.ran() == []
    assert keeper.records()[-1]["reason"] == "the budget of 1 hours is spent"
    code, _, said = keeper.runs(experiments=2)
    assert code == 0, said
    assert len(keeper.ran()) == KEPT - 4
    assert keeper.verdicts() == ["keep better"]


@pytest.mark.slow
def test_hours_that_are_spent_before_the_gates_open_none(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False, front={"check": "sh check.sh", "confirm": "sh holdout.sh"})
    lab.answers(GAIN)
    assert lab.runs(experiments=2)[0] == 0
    *known, last = lab.forgets(lambda record: (record["kind"], record.get("n")) == ("measured", 2), 1)
    lab.rewrites([*known, {**last, "t": 3600.0}])
    code, shown, said = lab.runs("--budget=hours=1", experiments=2)
    assert code == 0, said
    assert "ended: the budget of 1 hours is spent" in shown
    assert lab.verdicts() == []
    assert (lab.folder / "checked").read_text() == "checked 10\nchecked 11\n"


@pytest.mark.slow
def test_an_incumbent_that_fails_twice_is_the_machines_fault_and_the_same_command_goes_on(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    lab.answers(GAIN)
    lab.happens(BASELINE + 1, "ill 10")
    before = lab.user.checkout()
    code, _, said = lab.runs(experiments=2)
    assert code == 5
    assert [line for line in said.splitlines() if not line.startswith("note: ")] == [
        "error: the incumbent, which ran before, failed 2 times in a row: bench exited with 3: the machine is ill. "
        "Look at the machine (memory, disk, other processes), then run the same command again."
    ]
    assert len(lab.records("drawn", 2)) == 2
    assert lab.records("decided", 2) == []
    assert lab.user.checkout() == before
    (lab.folder / "ill").unlink()
    code, _, said = lab.runs(experiments=2)
    assert code == 0, said
    assert [r["reason"] for r in lab.records("decided", 2)] == ["won its rematch, 5 of 5 pairs"]
    assert len(lab.records("drawn", 2)) == 2 + 5
    assert len(lab.prompts()) == 1


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--decide=naive", "decide 'rematch', now it is 'naive'"),
        ("--alpha=0.01", "alpha 0.05, now it is 0.01"),
        ("--max-losses=2", "max_losses 1, now it is 2"),
    ],
)
def test_a_session_that_decides_otherwise_is_another_session(keeper: Lab, flag: str, said: str) -> None:
    before = keeper.user.everything()
    code, _, complaint = keeper.runs(flag, experiments=3)
    assert code == 2
    assert f"session t was begun with {said}" in complaint
    assert keeper.user.everything() == before


NEW_FIELDS = {
    "opened": ("decide", "alpha", "max_losses"),
    "measuring": ("seed",),
    "measured": ("draw", "seed"),
    "decided": ("cause", "would_keep"),
}
"""What journals did not hold while there was one rule, and it was naive."""


@pytest.mark.slow
def test_a_journal_from_before_there_was_a_choice_goes_on_as_naive(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False)
    lab.answers(GAIN, "VALUE=12\n", HARM)
    assert lab.runs("--decide=naive", experiments=2)[0] == 0
    lab.rewrites(
        {name: value for name, value in record.items() if name not in NEW_FIELDS.get(record["kind"], ())}
        for record in lab.records()
    )
    assert "draw" not in lab.journal.read_text()
    code, _, said = lab.runs(experiments=4)
    assert code == 2
    assert "session t was begun with decide 'naive', now it is 'rematch'" in said
    code, _, said = lab.runs("--decide=naive", experiments=4)
    assert code == 0, said
    assert [row["status"] for row in lab.user.rows()] == ["keep", "keep", "keep", "discard"]
    assert len(lab.ran()) == 4
    assert lab.values() == ["10", "11", "12"]


# Gates


@pytest.mark.slow
def test_a_check_that_fails_discards_with_its_reason_and_is_shown_to_the_next_proposal(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False, front={"check": "sh check.sh"})
    lab.answers("VALUE=11\nWRONG=5\n", HARM, "VALUE=12\n", "VALUE=8\n")
    code, _, said = lab.runs(experiments=5)
    assert code == 0, said
    assert lab.verdicts() == ["discard check", "discard screen", "keep better", "discard screen"]
    reason = "check: it exited with 1: expected 4, got 5"
    assert lab.records("decided", 2)[0]["reason"] == reason
    _, after, *later = lab.prompts()
    assert f"[{reason}]" in after
    assert "looking for wrong answers in 11\nexpected 4, got 5" in after
    assert not [prompt for prompt in later if "looking for wrong answers" in prompt]
    assert "score: 12000000" in later[-1]
    assert "looking for wrong answers" not in (lab.user.home / "run.log").read_text()
    # Once before the session begins, and then for would-be keeps alone.
    assert (lab.folder / "checked").read_text() == "checked 10\nchecked 11\nchecked 12\n"
    assert lab.values() == ["10", "12"]


@pytest.mark.parametrize(
    ("front", "start", "said"),
    [
        ({"check": "sh check.sh"}, "VALUE=10\nWRONG=5\n", "`check: sh check.sh` does not pass with the target as it"),
        ({"confirm": "sh holdout.sh"}, "VALUE=10\nSPOILS=1\n", "`confirm: sh holdout.sh` does not measure the"),
        ({"bounds": "{metric: [0, 5]}"}, "VALUE=10\n", "`bounds` call it implausible: score 10000000 is above 5"),
    ],
)
def test_a_gate_that_the_baseline_does_not_pass_begins_no_session(
    tmp_path: Path, front: dict[str, str], start: str, said: str
) -> None:
    lab = Lab.at(tmp_path, noisy=False, start=start, front=front)
    before = lab.user.everything()
    code, _, complaint = lab.runs(experiments=2)
    assert code == 5
    assert said in complaint
    assert "Traceback" not in complaint
    assert lab.user.everything() == before
    assert list((lab.folder / "temporary").iterdir()) == []


@pytest.mark.parametrize(
    ("front", "code"),
    [
        # The canary fails for want of a seed, and so proves nothing.
        ({"canary": "true", "bench": NEEDS_SEED + " echo score: 5'"}, 5),
        ({"check": NEEDS_SEED + " true'", "confirm": NEEDS_SEED + " sh holdout.sh'"}, 0),
    ],
    ids=["canary", "gates"],
)
def test_whatever_runs_finds_a_seed(tmp_path: Path, front: dict[str, str], code: int) -> None:
    lab = Lab.at(tmp_path, noisy=False, front=front)
    assert lab.runs(experiments=1)[0] == code


def holding(mark: str, *places: Path) -> list[Path]:
    """Every file under these folders that holds a text, packed or not."""
    return [
        path
        for place in places
        for path in place.rglob("*")
        if path.is_file() and not path.is_symlink() and mark.encode() in path.read_bytes()
    ]


@pytest.mark.slow
def test_what_confirm_prints_is_shown_to_nobody_and_a_gain_must_hold_there_too(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False, front={"confirm": "sh holdout.sh"})
    answers = [target("VALUE=11\nHELD=9\n"), target("VALUE=11\nSPOILS=1\n"), target("VALUE=11\n")]
    with ModelServer(answers) as server:
        code, shown, said = lab.runs("--model=openai/gpt-6-luna", experiments=4, env=openai(server))
        prompts = [request.prompt for request in server.requests]
    assert code == 0, said
    assert lab.verdicts() == ["discard confirm", "discard confirm", "keep better"]
    assert lab.records("decided", 2)[0]["reason"] == "confirm: no gain on the held-out inputs"
    assert "[confirm: no gain on the held-out inputs]" in prompts[1]
    # The baseline, then both arms of one pair each, with one seed.
    held = [line.split() for line in (lab.folder / "held_out").read_text().splitlines()]
    assert Counter(value for value, _ in held) == {"10": 4, "11": 3}
    pairs = [held[1:3], held[3:5], held[5:7]]
    assert all(one[1] == other[1] != "none" for one, other in pairs)
    for record, pair in zip(lab.records("gating"), pairs, strict=True):
        assert pair[0] == [{"candidate": "11", "incumbent": "10"}[record["order"][0]], str(record["seed"])]
    for record in lab.records("confirmed"):
        assert set(record) == {"seq", "at", "t", "kind", "n", "won"}
    assert [record["won"] for record in lab.records("confirmed")] == [False, False, True]
    assert len(prompts) == 3
    for secret in (MARK, "9301"):
        assert not [prompt for prompt in prompts if secret in prompt]
        assert secret not in shown + said
        assert holding(secret, lab.user.home, lab.folder / "temporary") == []
    assert list((lab.folder / "temporary").iterdir()) == []
    assert "droppings" not in lab.user.git("status", "--porcelain", "--ignored")
    assert not (lab.folder / "seen").exists(), "a later candidate ran beside what confirm had written"


def target(text: str) -> str:
    """A model's reply: the whole target."""
    return f"description: another\nhypothesis: more\ncategory: parameters\n\nFILE: program.sh\n```sh\n{text}```\n"


def killed_in_confirm(lab: Lab, experiments: int) -> None:
    """A session that is killed while the first candidate, which is better, runs on the held-out inputs."""
    lab.happens(3 + 2, "hold")
    session = lab.starts(*run(experiments))
    (lab.folder / "hold_confirm").touch()
    (lab.folder / "hold").unlink()
    wait_for((lab.folder / "holding").exists)
    session.kill()
    session.communicate()


@pytest.mark.slow
def test_a_kill_while_confirm_runs_shows_nothing_of_it_and_it_runs_again(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False, front={"confirm": "sh holdout.sh"})
    lab.answers(GAIN, HARM)
    killed_in_confirm(lab, 3)
    lab.goes_on()
    assert lab.records()[-1]["kind"] == "gating"
    code, _, said = lab.runs(experiments=3)
    assert code == 0, said
    assert lab.verdicts() == ["keep better", "discard screen"]
    assert len(lab.records("gating")) == 1, "the coin that was tossed holds"
    assert len(lab.ran()) == 3 + 2 + 1
    assert holding(MARK, lab.user.home) == []
    assert not any(MARK in prompt for prompt in lab.prompts())


def test_a_kill_while_confirm_runs_leaves_nothing_of_it_where_anybody_looks(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False, front={"confirm": "sh holdout.sh"})
    lab.answers(GAIN)
    (lab.folder / "held_out").unlink()
    killed_in_confirm(lab, 2)
    assert holding(MARK, lab.folder / "temporary") == []


@pytest.mark.slow
def test_what_a_candidate_leaves_behind_ends_neither_the_night_nor_another_candidate(tmp_path: Path) -> None:
    stale = "'if test -e left && ! grep -q LEAVES program.sh; then exit 9; fi; . ./bench.sh'"
    lab = Lab.at(tmp_path, front={"bench": stale, "cache": "[left]"})
    lab.answers("VALUE=12\nLEAVES=1\ntouch left\n", GAIN)
    code, _, said = lab.runs(experiments=3)
    assert code == 0, said
    assert lab.verdicts() == ["discard rematch", "keep better"]
    assert lab.records("decided", 2)[0]["reason"] == "the incumbent failed twice where this candidate had run"


def test_a_confirm_that_fails_twice_with_the_incumbent_is_named(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False, front={"confirm": "'sh holdout.sh; test $(wc -l < $LAB/held_out) -lt 2'"})
    lab.answers(GAIN)
    code, _, said = lab.runs(experiments=2)
    assert code == 5
    assert [record["won"] for record in lab.records("confirmed")] == [None, None]
    assert "confirm" in said
    assert MARK not in said


@pytest.mark.slow
def test_a_noisy_would_be_keep_takes_the_best_of_three_held_out_pairs(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, front={"confirm": "sh holdout.sh"})
    lab.answers(GAIN, "VALUE=12\nHELD=11\n")
    code, _, said = lab.runs(experiments=3)
    assert code == 0, said
    assert [(r["n"], r["won"]) for r in lab.records("confirmed")] == [(2, True), (2, True), (3, False), (3, False)]
    assert lab.verdicts() == ["keep better", "discard confirm"]
    assert len({r["seed"] for r in lab.records("gating")}) == 4


@pytest.mark.slow
def test_guards_hold_other_numbers_to_a_limit_or_to_the_incumbents(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False, front={"guards": "{mem: '<= 1.10x', lag: '<= 50'}"})
    lab.answers("VALUE=11\nMEM=12\n", "VALUE=11\nLAG=51\n", "VALUE=11\nMEM=11\nLAG=50\n", "VALUE=12\nMEM=12\n")
    code, shown, said = lab.runs(experiments=5)
    assert code == 0, said
    assert lab.verdicts() == ["discard guard", "discard guard", "keep better", "keep better"]
    reasons = [record["reason"] for record in lab.records("decided")]
    assert reasons[1] == "guard: mem is 12, must be <= 1.1x of the incumbent's 10"
    assert reasons[2] == "guard: lag is 51, must be <= 50"
    assert reasons[1] in shown
    assert reasons[2] in lab.prompts()[2]
    assert lab.user.rows()[0].keys() == {"commit", "score", "status", "description"}


@pytest.mark.slow
def test_what_cannot_be_believed_is_put_aside_under_its_ref(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False, front={"bounds": "{metric: [0, 90000000], step: 50%}"})
    lab.answers("VALUE=500\n", "VALUE=16\n", "VALUE=15\n", "VALUE=-1\n")
    code, shown, said = lab.runs(experiments=5)
    assert code == 0, said
    assert lab.verdicts() == ["discard implausible", "discard implausible", "keep better", "discard implausible"]
    assert "implausible: score 500000000 is above 90000000" in shown
    assert "implausible: better by 60 %, more than 50 % in one step" in lab.prompts()[2]
    assert lab.user.git("show", "refs/autoresearch/t/2:program.sh") == "VALUE=500"
    assert lab.user.git("show", "refs/autoresearch/t/3:program.sh") == "VALUE=16"
    assert lab.values() == ["10", "15"]
    assert Counter(run["n"] for run in lab.records("measured")) == {1: 3, 2: 1, 3: 1, 4: 2, 5: 1}


@pytest.mark.slow
def test_sentinels_are_asked_of_nobody_never_kept_and_no_plateau(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, front={"check": "sh check.sh", "confirm": "sh holdout.sh"})
    for experiment in range(5):
        lab.happens(BASELINE + 3 * experiment + 1, "lucky 5")
    code, shown, said = lab.runs("--sentinels=0.999999999", "--patience=2", experiments=6)
    assert code == 0, said
    assert lab.prompts() == []
    assert "ended: the budget of 6 experiments is spent" in shown
    assert [row["status"] for row in lab.user.rows()] == ["keep"] + ["discard"] * 5
    decided = lab.records("decided")[1:]
    assert {record["cause"] for record in decided} == {"sentinel"}
    assert [record["would_keep"] for record in decided] == [False] * 5
    assert {record["reason"] for record in decided} == {"does nothing, and lost its rematch, having won 0 of 1 pair"}
    assert len(lab.ran()) == BASELINE + 5 * 3
    assert lab.values() == ["10"]
    held = (lab.folder / "held_out").read_text().split()
    assert len(held) == 2, "a sentinel went to the gates"
    for n in range(2, 7):
        assert lab.user.git("diff", "main", f"refs/autoresearch/t/{n}") == ""


@pytest.mark.slow
def test_a_sentinel_says_whether_it_would_have_been_kept_and_the_model_is_not_told(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False, front={"decide": "naive"})
    lab.happens(2, "lucky 3")
    code, shown, said = lab.runs("--sentinels=0.999999999", experiments=2)
    assert code == 0, said
    assert lab.records("decided", 2)[0]["would_keep"] is True
    assert lab.verdicts() == ["discard sentinel"]
    assert "#2 discard" in shown
    lab.answers(GAIN)
    code, _, said = lab.runs(experiments=3)
    assert code == 0, said
    (prompt,) = lab.prompts()
    assert "sentinel" not in prompt
    assert "does nothing" not in prompt
    assert "#2 discard" not in prompt
    assert lab.values() == ["10", "11"], "the luck of the sentinel was no value to beat"


def test_a_simpler_target_need_only_be_as_good_when_that_is_asked_for(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False, start="VALUE=10\nUNUSED=1\nUNUSED=2\n")
    lab.answers("VALUE=10\nUNUSED=1\n", "VALUE=10\nOTHER=7\nMORE=5\n", "VALUE=9\n")
    code, shown, said = lab.runs("--simplify", experiments=4)
    assert code == 0, said
    assert lab.verdicts() == ["keep simplification", "discard screen", "discard screen"]
    assert "[simplification: smaller, and " in shown
    assert lab.user.git("show", "autoresearch/t:program.sh") == "VALUE=10\nUNUSED=1"


SEEDED = 'import random\nrandom.seed({seed})\nVALUE = {value}\nprint(f"score: {{VALUE}}")\n'


def test_an_edit_of_nothing_but_a_seed_is_refused_before_any_run_and_asked_again(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False, front={"target": "program.py", "bench": "python3 -S program.py"})
    (lab.user.home / "program.py").write_text(SEEDED.format(seed=1, value=10))
    lab.user.git("commit", "--quiet", "-am", "seeded")
    lab.answers(SEEDED.format(seed=2, value=10), SEEDED.format(seed=2, value=11))
    code, _, said = lab.runs(experiments=2, env={"TARGET": "program.py"})
    assert code == 0, said
    assert [record["reason"] for record in lab.records("refused")] == ["seed only"]
    asked_again = lab.prompts()[1]
    assert "That answer was not used: seed only." in asked_again
    kinds = [record["kind"] for record in lab.records(n=2)]
    assert kinds.index("refused") < kinds.index("measuring")
    assert kinds.count("measured") == 2
    assert lab.verdicts() == ["keep better"]


@pytest.mark.slow
def test_in_place_rematches_and_gates_leave_the_checkout_as_it_was(tmp_path: Path) -> None:
    lab = Lab.at(
        tmp_path, front={"in_place": "true", "check": "sh check.sh", "confirm": "'. ./program.sh; echo score: $VALUE'"}
    )
    (lab.user.home / "notes.txt").write_text("mine\n")
    lab.answers(GAIN, NOTHING, "VALUE=12\nWRONG=1\n")
    before = lab.user.checkout()
    code, _, said = lab.runs(experiments=4)
    assert code == 0, said
    assert lab.verdicts()[::2] == ["keep better", "discard check"]
    assert lab.verdicts()[1] in ("discard screen", "discard rematch")
    assert lab.user.checkout() == before
    assert lab.values() == ["10", "11"]


# Verification


def test_a_verification_is_six_fresh_pairs_in_the_journal_and_nothing_else_changes(keeper: Lab) -> None:
    checkout, results = keeper.user.checkout(), (keeper.user.home / "results.tsv").read_bytes()
    log, refs = (keeper.user.home / "run.log").read_bytes(), keeper.user.git("for-each-ref")
    before = keeper.records()
    (keeper.folder / "ran").write_text("")
    code, shown, said = keeper.verifies("t")
    assert code == 0, said
    assert re.search(r"pair 6 of 6: baseline 1\.\d+e\+07, head 1\.\d+e\+07", shown)
    fresh = keeper.records()[len(before) :]
    assert keeper.records()[: len(before)] == before
    assert {record["n"] for record in fresh} == {0}
    assert [record["kind"] for record in fresh[:2]] == ["verifying", "drawn"]
    assert fresh[0]["baseline"] == keeper.user.git("rev-parse", "main")
    assert fresh[0]["head"] == keeper.user.git("rev-parse", "autoresearch/t")
    assert Counter(record["kind"] for record in fresh) == {"verifying": 1, "drawn": 6, "measuring": 12, "measured": 12}
    keeper.holds_together(0)
    arms = ["10" if record["arm"] == "incumbent" else "11" for record in fresh if record["kind"] == "measured"]
    assert [value for value, _ in keeper.ran()] == arms
    old = {record["seed"] for record in before if "seed" in record}
    assert not old & {record["seed"] for record in fresh if "seed" in record}
    assert keeper.user.checkout() == checkout
    assert (keeper.user.home / "results.tsv").read_bytes() == results
    assert (keeper.user.home / "run.log").read_bytes() == log
    assert keeper.user.git("for-each-ref") == refs
    assert keeper.user.git("worktree", "list").count("\n") == 0


def test_a_session_goes_on_after_a_verification_as_if_there_had_been_none(keeper: Lab) -> None:
    assert keeper.verifies("t")[0] == 0
    keeper.rewrites({**record, "t": 7200.0} if record.get("n") == 0 else record for record in keeper.records())
    keeper.answers(NOTHING)
    keeper.happens(BASELINE + KEPT + 12 + 1, "lucky -2")
    code, _, said = keeper.runs("--budget=experiments=3,hours=1", experiments=3)
    assert code == 0, said
    assert keeper.verdicts() == ["keep better", "discard screen"]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill", "Ctrl-C"])
def test_a_verification_goes_on_without_repeating_a_run(keeper: Lab, how: str) -> None:
    checkout, results = keeper.user.checkout(), (keeper.user.home / "results.tsv").read_bytes()
    (keeper.folder / "ran").write_text("")
    keeper.happens(4, "hold")
    begun = keeper.starts("verify", "t")
    if how == "kill":
        begun.kill()
    else:
        begun.send_signal(signal.SIGINT)
        keeper.goes_on()
    _, said = begun.communicate(timeout=120)
    if how != "kill":
        assert begun.returncode == 130
        assert "the same command goes on with the pairs measured so far" in said
    known = keeper.records()
    assert len(keeper.records("measured", 0)) == (3 if how == "kill" else 4)
    keeper.goes_on()
    code, _, said = keeper.verifies("t")
    assert code == 0, said
    assert keeper.records()[: len(known)] == known
    assert [record["goes_on"] for record in keeper.records("verifying")] == [False, True]
    assert len(keeper.records("drawn", 0)) == 6
    assert len(keeper.ran()) == (13 if how == "kill" else 12)
    keeper.holds_together(0)
    assert keeper.user.checkout() == checkout
    assert (keeper.user.home / "results.tsv").read_bytes() == results


@pytest.mark.slow
def test_nothing_is_verified_where_there_is_nothing_to_verify(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False)
    lab.answers(HARM)
    assert lab.runs(experiments=2)[0] == 0
    before = lab.user.everything()
    code, _, said = lab.verifies("t")
    assert (code, said) == (2, "error: session t has kept nothing: there is no gain to verify.\n")
    assert lab.user.everything() == before
    code, _, said = lab.verifies("other")
    assert code == 2
    assert "other is neither a file nor a session of this repository. Its sessions: t." in said
    assert lab.user.everything() == before


@pytest.mark.slow
def test_a_session_that_is_running_is_not_verified(keeper: Lab) -> None:
    keeper.answers("VALUE=12\n")
    keeper.happens(BASELINE + KEPT + 1, "hold")
    session = keeper.starts(*run(3))
    known = keeper.records()
    code, _, said = keeper.verifies("t")
    assert code == 3
    assert "session t is being run by process" in said
    assert keeper.records() == known
    keeper.goes_on()
    session.communicate(timeout=60)
    assert session.returncode == 0
    assert keeper.verdicts() == ["keep better", "keep better"]


@pytest.mark.slow
def test_a_head_that_fails_twice_ends_a_verification(keeper: Lab) -> None:
    checkout = keeper.user.checkout()
    (keeper.folder / "ill").write_text("11")
    code, _, said = keeper.verifies("t")
    assert code == 5
    (line,) = said.splitlines()
    assert line.startswith(
        "error: the head, which ran before, failed: bench exited with 3: the machine is ill. Look at the machine"
    )
    assert keeper.user.checkout() == checkout
    assert keeper.user.git("worktree", "list").count("\n") == 0
    (keeper.folder / "ill").unlink()
    code, shown, said = keeper.verifies("t")
    assert code == 0, said
    assert "pair 6 of 6" in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("holds", "command"), [(True, "autoresearch finalize t"), (False, "autoresearch audit t")], ids=["holds", "lost"]
)
def test_what_comes_after_a_verification_is_what_the_report_says(keeper: Lab, holds: bool, command: str) -> None:
    for run in range(1, 13):  # each third is lucky, and no gain can be told
        keeper.happens(len(keeper.ran()) + run, f"lucky {0 if holds else run % 3 * 9}")
    code, shown, said = keeper.verifies("t")
    assert code == 0, said
    following = shown.splitlines()[-1]
    assert following.startswith(f"next: {command}  # ")
    assert command in keeper.user.types("report", "t", env={"COLUMNS": "300"}).stdout
    assert keeper.user.types(*command.split()[1:], env=keeper.environment).returncode == 0


def test_verifying_again_adds_pairs_to_those_that_there_are(keeper: Lab) -> None:
    assert keeper.verifies("t")[0] == 0
    code, shown, said = keeper.verifies("t", "--pairs=7")
    assert code == 0, said
    assert "added to the 6 pairs that there are" in said
    assert "pair 6 of" not in shown
    assert "pair 13 of 13" in shown
    assert "of 13 pairs won" in shown
    assert len(keeper.records("drawn", 0)) == 13
    document = json.loads(keeper.user.types("report", "t", "--format=json").stdout)
    assert document["verified"]["pairs"] == 13


@pytest.mark.slow
def test_what_was_verified_stays_said_while_more_is_measured(keeper: Lab) -> None:
    assert keeper.verifies("t")[0] == 0
    keeper.happens(len(keeper.ran()) + 3, "hold")
    begun = keeper.starts("verify", "t")
    begun.kill()
    begun.communicate()
    keeper.goes_on()
    shown = keeper.user.types("report", "t", env={"COLUMNS": "300"}).stdout
    assert "verified gain" in shown
    assert "5 more pairs still to be measured: autoresearch verify t" in shown


def test_a_session_needs_no_program_md_to_be_verified(keeper: Lab) -> None:
    keeper.user.git("rm", "--quiet", "program.md")
    code, shown, said = keeper.verifies("t")
    assert code == 0, said
    assert "verified gain" in shown


@pytest.mark.slow
def test_another_gate_on_resume_is_named_and_tried_and_other_guards_are_refused(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False)
    lab.answers(GAIN, "VALUE=12\n")
    assert lab.runs(experiments=2)[0] == 0
    code, _, said = lab.runs("--check=false", experiments=3)
    assert code == 5
    assert "note: check is now false, it was none" in said
    assert "does not pass with the target as it is" in said
    code, _, said = lab.runs("--guards=mem<=20", experiments=3)
    assert code == 2
    assert "session t was begun with guards '', now it is 'mem <= 20'" in said
    assert lab.runs(experiments=3)[0] == 0
    assert lab.verdicts() == ["keep better", "keep better"]


@pytest.mark.slow
def test_a_verification_has_the_timeout_that_the_session_had(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False, front={"timeout": "1ms"})
    lab.answers(GAIN)
    assert lab.runs("--timeout=20s", experiments=2)[0] == 0
    code, _, said = lab.verifies("t")
    assert code == 0, said


@pytest.mark.slow
def test_a_verification_from_elsewhere_measures_the_sessions_own_project(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False)
    below = lab.user.home / "below"
    below.mkdir()
    for name in ("program.md", "program.sh", "bench.sh"):
        shutil.copy(lab.user.home / name, below)
    lab.user.git("add", "-A")
    lab.user.git("commit", "--quiet", "-m", "two projects")
    lab.answers(GAIN)
    done = User(below).types(*run(2), env=lab.environment)
    assert done.returncode == 0, done.stderr
    code, _, said = lab.verifies("t")
    assert code == 2 or {value for value, _ in lab.ran()[-12:]} == {"10", "11"}, said


@pytest.mark.slow
@pytest.mark.parametrize("killed", [False, True])
def test_a_verification_in_place_puts_the_user_back(tmp_path: Path, killed: bool) -> None:
    lab = Lab.at(tmp_path, noisy=False)
    lab.answers(GAIN)
    before = lab.user.checkout()
    assert lab.runs("--in-place", experiments=2)[0] == 0
    results, log = ((lab.user.home / name).read_bytes() for name in ("results.tsv", "run.log"))
    if killed:
        lab.happens(5 + 4, "hold")
        begun = lab.starts("verify", "t")
        begun.kill()
        begun.communicate()
        lab.goes_on()
    code, _, said = lab.verifies("t")
    assert code == 0, said
    assert len(lab.ran()) == 5 + 12 + killed
    assert lab.user.checkout() == before
    assert (lab.user.home / "results.tsv").read_bytes() == results
    assert (lab.user.home / "run.log").read_bytes() == log


@pytest.mark.slow
def test_a_session_of_flags_alone_is_verified_without_them(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path, noisy=False)
    (lab.user.home / "program.md").write_text("Make the score as high as you can.\n")
    lab.user.git("commit", "--quiet", "-am", "no settings")
    lab.answers(GAIN)
    flags = [f"--{name}={value}" for name, value in FRONT.items() if name not in ("canary", "direction")]
    code, _, said = lab.runs(*flags, "--no-canary", "--direction=higher", experiments=2)
    assert code == 0, said
    code, shown, said = lab.verifies()
    assert code == 0, said
    assert re.search(r"pair 6 of 6: baseline 1e\+07, head 1.1e\+07", shown)
