"""Faults of the proposer in a session: waited for or given up aloud, and never a run or a row wasted."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_server import ModelServer, Scripted
from user import User, whole
from wire import Answer, Failure

RUN = ("run", "--tag=t", "--model=openai/gpt-6-luna")


def environment(server: ModelServer) -> dict[str, str]:
    return {"OPENAI_API_KEY": "sk-planted-key", "OPENAI_BASE_URL": server.openai_url}


def test_a_busy_server_is_waited_for(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    busy = Failure(429, "slow down", {"Retry-After": "0"})
    with ModelServer([busy, Failure(529, "overloaded", {"Retry-After": "0"}), whole("11.0")]) as server:
        done = user.types(*RUN, "--budget=experiments=2", env=environment(server))
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("trying again in") == 2
    assert [row["score"] for row in user.rows()] == ["10.000000", "11.000000"]


def test_a_server_that_stays_away_ends_the_session_with_everything_recorded(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    busy = Failure(503, "down", {"Retry-After": "0"})
    with ModelServer([whole("11.0"), *[busy] * 500]) as server:
        done = user.types(*RUN, "--outage=1s", "--budget=experiments=3", env=environment(server))
        assert done.returncode == 4
        assert "gave no answer for" in done.stderr
        assert "run the same command again to go on" in done.stderr
    assert [row["score"] for row in user.rows()] == ["10.000000", "11.000000"]
    with ModelServer([whole("12.0")]) as server:
        done = user.types(*RUN, "--budget=experiments=3", env=environment(server))
    assert done.returncode == 0, done.stderr
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0", "VALUE = 12.0"]


def test_a_key_that_is_refused_in_the_night_ends_the_session_at_once(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0"), Failure(401, '{"error": {"message": "bad key sk-planted-key"}}')]) as server:
        done = user.types(*RUN, env=environment(server))
        assert len(server.requests) == 2
    assert done.returncode == 4
    assert "sk-planted-key" not in done.stderr
    assert len(user.rows()) == 2


def test_a_failed_repair_leaves_a_crash_row_and_no_open_commit(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0", extra="nonsense\n"), Failure(401, "no")]) as server:
        done = user.types(*RUN, env=environment(server))
    assert done.returncode == 4
    assert [row["status"] for row in user.rows()] == ["keep", "crash"]
    assert user.git("rev-parse", "--short=7", "refs/autoresearch/t/2") == user.rows()[1]["commit"]


def test_a_truncated_answer_and_a_refusal_are_asked_again_and_never_run(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    replies: list[Scripted] = [
        Answer(whole("50.0"), stop="length"),
        "I'm sorry, I can't help with that.",
        whole("11.0"),
    ]
    with ModelServer(replies) as server:
        done = user.types(*RUN, "--budget=experiments=2", env=environment(server))
        assert "was not used: truncated" in server.requests[1].prompt
        assert "was not used: no edit found" in server.requests[2].prompt
    assert done.returncode == 0, done.stderr
    assert [row["score"] for row in user.rows()] == ["10.000000", "11.000000"]
    assert len(list((user.home / ".git/autoresearch/t/runs").glob("2-*.log"))) == 2  # one confirms the keep


@pytest.mark.slow
def test_a_command_that_fails_is_tried_again_and_one_that_is_absent_is_not(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    seen = tmp_path / "seen"
    failing = f"cat >/dev/null; test -e {seen} || {{ touch {seen}; exit 1; }}; sed -i s/10.0/11.0/ program.py"
    done = user.types("run", "--tag=t", "--command", failing, "--model=command", "--budget=experiments=2")
    assert done.returncode == 0, done.stderr
    assert "exited with 1" in done.stderr
    assert len(user.rows()) == 2
    done = user.types("run", "--tag=u", "--command=no-such-agent -p", "--model=command", "--budget=experiments=2")
    assert done.returncode == 4
    assert "no-such-agent" in done.stderr
    done = user.types("run", "--tag=u", "--command=exit 3", "--model=command", "--budget=experiments=2")
    assert done.returncode == 4
    assert "exited with 3" in done.stderr
    assert "Try it by hand" in done.stderr


def test_a_budget_in_tokens_is_kept(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0"), whole("12.0"), whole("13.0")]) as server:
        done = user.types(*RUN, "--budget=tokens=2000", env=environment(server))
    assert done.returncode == 0
    assert "the budget of 2000 tokens is spent" in done.stdout
    assert len(user.rows()) == 3  # 1,450 tokens an answer: the second one passes the limit


def test_the_tuner_costs_nothing_under_a_budget_in_dollars(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    done = user.types("run", "--model=tune", "--budget=usd=1,experiments=3")
    assert done.returncode == 0, done.stderr
    assert len(user.rows()) == 3
