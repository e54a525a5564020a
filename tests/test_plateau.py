"""Off a plateau and to its end, in whole sessions; and what a human says and reads meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model_server import Failure, ModelServer
from user import User

pytestmark = pytest.mark.usefixtures("no_sandbox")

TARGET = 'VALUE = {}\nprint(f"score: {{10.0 - abs(VALUE - 10.0)}}")\n'
RUN = ("run", "--tag=t", "--model=openai/gpt-6-luna")


def project(tmp_path: Path) -> User:
    """One that cannot be made better."""
    return User.with_project(tmp_path, files={"program.py": TARGET.format("10.0")})


def answer(value: float, category: str = "algorithm", expected: str = "+5 %") -> str:
    return (
        f"description: value {value}\nhypothesis: more\ncategory: {category}\nexpected: {expected}\n\n"
        f"```python\n{TARGET.format(value)}```\n"
    )


def environment(server: ModelServer) -> dict[str, str]:
    return {"OPENAI_API_KEY": "sk-planted-key", "OPENAI_BASE_URL": server.openai_url}


@pytest.mark.slow
def test_a_plateau_is_climbed_off_rung_by_rung_and_then_it_is_over(tmp_path: Path) -> None:
    user = project(tmp_path)
    with ModelServer([answer(9.9 - k / 100) for k in range(20)]) as server:
        done = user.types(*RUN, "--patience=10", "--json", env=environment(server))
        asked = [request.prompt for request in server.requests]
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    found = [event for event in events if event["event"] == "experiment"]
    assert [e["rung"] for e in found[1:]] == ["explore"] * 2 + ["shift"] * 2 + ["burst"] * 2 + ["branch"] * 4
    assert [e["by"] for e in found[5:7]] == ["tune", "tune"]
    assert all(e["start"] for e in found[7:])
    assert events[-1]["reason"] == "plateau: no keep in the last 10 experiments"
    told = [event["text"] for event in events if event["event"] == "notice"]
    assert sum("experiments without a keep: " in text for text in told) == 3
    assert "2 experiments brought nothing (2 × algorithm)" in asked[2]
    start = found[7]["start"]
    assert f"The target program.py as experiment #{start} had it" in asked[4]
    assert TARGET.format(9.9 - (start - 2) / 100) in asked[4]
    assert "expected +5.00%" in asked[-1]
    page = (user.home / "LEARNINGS.md").read_text()
    assert "algorithm: 8 tried, 0 kept" in page
    assert "0 of 8 came true" in page
    assert "- tune: 2 tried, 0 kept" in page
    said = " ".join(user.types("report", "t").stdout.split())
    assert "Learnings by kind of idea - algorithm: 8 tried, 0 kept - parameters: 2 tried, 0 kept" in said
    assert "predictions: 0 of 8 were kept with at least half of what was predicted; median predicted +5.0 %" in said
    assert "- openai/gpt-6-luna: 8 tried, 0 kept, $0.00" in said
    assert "to leave plateaus: 2 experiments with hints of a neglected kind, 2 experiments by the tuner" in said
    learnt = json.loads(user.types("report", "t", "--format=json").stdout)["learnt"]
    assert learnt["rungs"] == {"explore": 2, "shift": 2, "burst": 2, "branch": 4}
    assert learnt["predictions"]["made"] == 8
    for form in ("md", "html"):
        assert "algorithm: 8 tried" in user.types("report", "t", f"--format={form}").stdout


@pytest.mark.slow
def test_a_burst_that_finds_something_is_kept_and_the_model_goes_on(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    worse = 'VALUE = {}\nprint(f"score: {{VALUE}}")\n'
    replies = [answer(0.0).replace(TARGET.format(0.0), worse.format(9 - k / 10)) for k in range(20)]
    with ModelServer(replies) as server:
        done = user.types(*RUN, "--patience=10", "--budget=experiments=10", "--json", env=environment(server))
    found = [e for e in map(json.loads, done.stdout.splitlines()) if e["event"] == "experiment"]
    kept = [e for e in found if e["status"] == "keep"]
    assert kept[1]["by"] == "tune"
    assert "VALUE 10.0 ->" in kept[1]["description"]
    assert found[kept[1]["n"]]["rung"] == "explore"


@pytest.mark.slow
def test_a_session_whose_candidates_git_has_thrown_away_goes_on_to_its_plateau(tmp_path: Path) -> None:
    user = project(tmp_path)
    run = (*RUN, "--patience=6")
    with ModelServer([answer(9.9 - k / 100) for k in range(9)]) as server:
        done = user.types(*run, "--budget=experiments=4", env=environment(server))
        assert done.returncode == 0, done.stderr
        for ref in user.git("for-each-ref", "--format=%(refname)", "refs/autoresearch/t").split():
            user.git("update-ref", "-d", ref)
        user.git("gc", "--quiet", "--prune=now")
        done = user.types(*run, env=environment(server))
        asked = [request.prompt for request in server.requests]
    assert done.returncode == 0, done.stderr
    assert "ended: plateau: no keep in the last 6 experiments" in done.stdout
    assert "(its commit is gone)" in asked[-1]


def test_without_a_number_that_anything_reads_there_is_no_burst(tmp_path: Path) -> None:
    text = 'DEAD = 3.0\nvalue = {}\nprint(f"score: {{10.0 - abs(value - 10.0)}}")\n'
    user = User.with_project(tmp_path, files={"program.py": text.format("10.0")})
    replies = [answer(0.0).replace(TARGET.format(0.0), text.format(9.9 - k / 10)) for k in range(5)]
    with ModelServer(replies) as server:
        done = user.types(*RUN, "--patience=5", "--json", env=environment(server))
    assert done.returncode == 0, done.stderr
    found = [e for e in map(json.loads, done.stdout.splitlines()) if e["event"] == "experiment"]
    assert [e["rung"] for e in found[1:]] == ["explore", "shift", "shift", "branch", "branch"]


def test_a_burst_that_cannot_be_is_said_once(tmp_path: Path) -> None:
    text = 'VALUE = {}  # tune: 3..2\nprint(f"score: {{10.0 - abs(VALUE - 10.0)}}")\n'
    user = User.with_project(tmp_path, files={"program.py": text.format("10.0")})
    replies = [answer(0.0).replace(TARGET.format(0.0), text.format(9.9 - k / 10)) for k in range(6)]
    with ModelServer(replies) as server:
        done = user.types(*RUN, "--patience=6", env=environment(server))
    assert done.returncode == 0, done.stderr
    assert "plateau" in done.stdout
    said = "the tuner cannot try the incumbent's numbers: program.py line 1: the annotation `tune: 3..2` does not fit"
    assert done.stderr.count(said) == 1


CHOICES = 'VALUE = {}  # tune: 10.0|9.0|8.0\nprint(f"score: {{10.0 - abs(VALUE - 10.0)}}")\n'


def chosen(value: float) -> str:
    return answer(0.0).replace(TARGET.format(0.0), CHOICES.format(value))


def test_behind_a_tuner_that_has_tried_all_a_model_goes_on(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, files={"program.py": CHOICES.format(10.0)})
    done = user.types("tune", "--tag=t")
    assert "ended: tune has nothing left to try for VALUE" in done.stdout
    with ModelServer([chosen(7.0)]) as server:
        done = user.types(*RUN, "--budget=experiments=4", env=environment(server))
    assert done.returncode == 0, done.stderr
    scores = [row["score"] for row in user.rows()]
    assert (scores[0], {*scores[1:3]}, scores[3]) == ("10.000000", {"9.000000", "8.000000"}, "7.000000")


def test_beside_a_model_the_tuner_tries_nothing_twice_and_leaves_when_all_is_tried(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, files={"program.py": CHOICES.format(10.0)})
    with ModelServer([chosen(9.0), *(chosen(7.0 - k / 10) for k in range(5))]) as server:
        done = user.types(*RUN[:2], "--model=openai/gpt-6-luna,tune", "--budget=experiments=6", env=environment(server))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("From here on openai/gpt-6-luna is asked") == 1
    scores = [row["score"] for row in user.rows()]
    assert len(set(scores)) == 6
    assert "8.000000" in scores
    assert [row["status"] for row in user.rows()] == ["keep"] + ["discard"] * 5


def test_notes_are_read_anew_before_each_proposal(tmp_path: Path) -> None:
    user = project(tmp_path)
    notes = user.home / "notes.md"

    def write(text: str | None, value: float) -> str:
        notes.unlink() if text is None else notes.write_text(text)
        return answer(value)

    replies = [
        lambda prompt: write("Only touch the loader.", 9.0),
        lambda prompt: write("x" * 5000, 8.0),
        lambda prompt: write(None, 7.0),
        lambda prompt: answer(6.0),
    ]
    with ModelServer(replies) as server:
        done = user.types(*RUN, "--budget=experiments=5", env=environment(server))
        asked = [request.prompt for request in server.requests]
    assert done.returncode == 0, done.stderr
    assert ["Only touch the loader." in prompt for prompt in asked] == [False, True, False, False]
    assert "x" * 4000 in asked[2]
    assert "x" * 4001 not in asked[2]
    for said in ("notes.md: the next proposal is shown it", "its first 4,000 characters", "notes.md is gone"):
        assert done.stderr.count(said) == 1


@pytest.mark.slow
def test_learnings_of_ones_own_are_left_alone(tmp_path: Path) -> None:
    user = project(tmp_path)
    (user.home / "LEARNINGS.md").write_text("mine\n")
    for budget, value in ((2, 9.0), (3, 8.0)):
        with ModelServer([answer(value)]) as server:
            done = user.types(*RUN, f"--budget=experiments={budget}", env=environment(server))
        assert "LEARNINGS.md is yours" in done.stderr
        assert (user.home / "LEARNINGS.md").read_text() == "mine\n"
        assert f"{budget - 1} tried, 0 kept" in (user.home / ".git/autoresearch/t/LEARNINGS.md").read_text()
    (user.home / "LEARNINGS.md").unlink()
    with ModelServer([answer(7.0)]) as server:
        user.types(*RUN, "--budget=experiments=4", env=environment(server))
    assert "What session t learnt" in (user.home / "LEARNINGS.md").read_text()
    assert user.git("status", "--porcelain") == ""


def test_of_several_models_each_is_asked_and_one_that_fails_is_left_out(tmp_path: Path) -> None:
    user = project(tmp_path)
    replies = [answer(9.9 - k / 100) for k in range(3)]
    with ModelServer([*replies, Failure(401, "no"), *[answer(9.5 - k / 100) for k in range(3)]]) as server:
        both = "--model=openai/gpt-6-luna,openai/gpt-6.1-sol"
        done = user.types("run", "--tag=t", both, "--budget=experiments=7", "--json", env=environment(server))
        asked = [request.body["model"] for request in server.requests]
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [e["by"] for e in events if e["event"] == "experiment"][1:] == [f"openai/{m}" for m in asked[:3] + asked[4:]]
    assert set(asked[:3]) == {"gpt-6-luna", "gpt-6.1-sol"}
    assert asked[3] not in asked[4:]
    assert any("refused the key" in event.get("text", "") for event in events)
    learnt = json.loads(user.types("report", "t", "--format=json").stdout)["learnt"]
    assert {each["name"]: each["tries"] for each in learnt["earned"]} == {
        "openai/gpt-6-luna": asked.count("gpt-6-luna") - (asked[3] == "gpt-6-luna"),
        "openai/gpt-6.1-sol": asked.count("gpt-6.1-sol") - (asked[3] == "gpt-6.1-sol"),
    }


def test_models_of_two_providers_do_not_share_an_address(tmp_path: Path) -> None:
    user = project(tmp_path)
    done = user.types("run", "--model=openai/a,anthropic/b", "--base-url=http://localhost:1/v1")
    assert done.returncode == 2
    assert "base_url is one address" in done.stderr
