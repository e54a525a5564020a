"""Faults of the proposer in a session: waited for or given up aloud, and never a run or a row wasted."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from model_server import ModelServer, Scripted
from user import User, whole
from wire import Answer, Failure

RUN = ("run", "--tag=t", "--model=openai/gpt-6-luna")


def environment(server: ModelServer) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": "sk-planted-key",
        "OPENAI_BASE_URL": server.openai_url,
        "ANTHROPIC_API_KEY": "sk-planted-key",
        "ANTHROPIC_BASE_URL": server.anthropic_url,
    }


def test_a_busy_server_is_waited_for(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    busy = Failure(429, "slow down", {"Retry-After": "0"})
    overloaded = Failure(529, "overloaded", {"Retry-After": "0"})
    with ModelServer([busy, overloaded, whole("11.0")], models_failure=Failure(503)) as server:
        done = user.types(*RUN, "--budget=experiments=2", env=environment(server))
    assert done.returncode == 0, done.stderr
    assert "could not be tried" in done.stderr
    assert done.stderr.count("trying again in 0:00:00, gives up in 1:00:00") == 2
    assert [row["score"] for row in user.rows()] == ["10.000000", "11.000000"]


def test_programs_are_told_of_waits(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([Failure(429, "slow down", {"Retry-After": "0"}), whole("11.0")]) as server:
        done = user.types(*RUN, "--json", "--budget=experiments=2", env=environment(server))
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    [wait] = [event for event in events if event["event"] == "waiting"]
    assert wait["proposer"] == "openai/gpt-6-luna"
    assert "limits the rate of requests (429): slow down" in wait["why"]
    assert wait["seconds"] <= 0
    assert 3000 < wait["gives_up_s"] <= 3600


@pytest.mark.slow
def test_a_server_that_stays_away_ends_the_session_with_everything_recorded(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    busy = Failure(503, "down", {"Retry-After": "0"})
    with ModelServer([whole("11.0"), *[busy] * 500]) as server:
        away = environment(server)
        done = user.types(*RUN, "--outage=1s", "--budget=experiments=3", env=away)
        assert done.returncode == 4
        assert "gave no answer for 0:00:01 (`outage`)" in done.stderr
        assert "run the same command again to go on" in done.stderr
        assert "goes on where this stops" in done.stderr
    assert [row["score"] for row in user.rows()] == ["10.000000", "11.000000"]
    done = user.types(*RUN, "--outage=0.1s", "--budget=experiments=3", env=away)  # nobody listens there any more
    assert done.returncode == 4
    assert "could not be tried" in done.stderr
    assert "gave no answer" in done.stderr
    with ModelServer([whole("12.0")]) as server:
        done = user.types(*RUN, "--budget=experiments=3", env=environment(server))
    assert done.returncode == 0, done.stderr
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0", "VALUE = 12.0"]


@pytest.mark.parametrize("command", [("run", "--tag=t"), ("check",)])
def test_a_server_that_was_never_there_is_said_before_anything_is_done(
    tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RES_OPTIONS", "timeout:1 attempts:1")  # where there is no name server either
    user = User.with_project(tmp_path)
    before = user.everything()
    done = user.types(*command, "--model=openai/some", "--base-url=http://models.invalid/v1")
    assert done.returncode == 4
    said = done.stdout + done.stderr
    assert re.search(r"models\.invalid cannot be reached: .*; check base_url, the network, and", said)
    assert user.everything() == before


def test_check_warns_of_a_busy_server(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer(models_failure=Failure(429, "slow down")) as server:
        done = user.types("check", "--model=openai/gpt-6-luna", env=environment(server))
    assert done.returncode == 0, done.stdout
    assert re.search(r"warning +proposer: .* \(429\): slow down\. A session waits for it", done.stdout)


QUOTA = {"error": {"type": "insufficient_quota", "message": "You exceeded your quota."}}
LOW_CREDIT = {"error": {"type": "invalid_request_error", "message": "Your credit balance is too low."}}


@pytest.mark.parametrize(
    ("model", "fault", "told"),
    [
        (
            "openai/gpt-6-luna",
            Failure(401, {"error": {"message": "bad key sk-planted-key"}}),
            "refused the key in OPENAI",
        ),
        ("openai/gpt-6-luna", Failure(429, QUOTA), "no credit left for this key: You exceeded your quota; add credit"),
        ("anthropic/claude-opus-5-5", Failure(400, LOW_CREDIT), "no credit left for this key"),
        ("anthropic/claude-opus-5-5", Failure(404), "check model and base_url"),
    ],
)
def test_what_waiting_cannot_help_ends_the_session_at_once(
    tmp_path: Path, model: str, fault: Failure, told: str
) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0"), fault]) as server:
        done = user.types("run", "--tag=t", f"--model={model}", env=environment(server))
        assert len(server.requests) == 2
    assert done.returncode == 4
    assert told in done.stderr
    assert "sk-planted-key" not in done.stderr
    assert "trying again" not in done.stderr
    assert len(user.rows()) == 2


@pytest.mark.slow
@pytest.mark.parametrize("model", ["openai/gpt-6-luna", "anthropic/claude-opus-5-5"])
def test_a_night_of_faults_wastes_no_run_and_loses_no_row(tmp_path: Path, model: str) -> None:
    user = User.with_project(tmp_path)
    now = {"Retry-After": "0"}
    replies: list[Scripted] = [
        *[Failure(429, "slow down", now)] * 3,
        Answer(whole("50.0"), stop="length"),
        Answer(whole("51.0"), drip_s=60),
        Answer(whole("52.0"), stop="refusal"),
        Failure(200, "<html>Welcome</html>"),
        Answer(""),
        Answer(whole("53.0"), breaks_off=True),
        whole("11.0"),
        Answer(whole("54.0"), stop=None),
        Failure(502, "<html>Bad gateway</html>"),
        whole("12.0"),
    ]
    with ModelServer(replies) as server:
        done = user.types(
            *("run", "--tag=t", f"--model={model}", "--reply-timeout=5s", "--budget=experiments=3"),
            env=environment(server),
        )
        assert len(server.requests) == len(replies)
        asked_again = [asked.prompt for asked in server.requests]
    assert done.returncode == 0, done.stderr
    assert [row["score"] for row in user.rows()] == ["10.000000", "11.000000", "12.000000"]
    for n in (2, 3):
        assert len(list((user.home / ".git/autoresearch/t/runs").glob(f"{n}-*.log"))) == 2  # one confirms the keep
    assert "was not used: truncated" in asked_again[4]
    assert "was not used: refused" in asked_again[6]
    assert "was not used: no edit found" in asked_again[8]
    for said in (
        "limits the rate of requests (429): slow down; trying again in 0:00:00, gives up in 1:00:00",
        "did not finish its answer within 5 s (reply_timeout); trying again in 0:00:02",
        "or its filter refused to answer for experiment 2; if that goes on, reword program.md",
        "ended its answer before it began (base_url may be wrong); trying again",
        "broke off its answer",
        "is overloaded or out of order (502); trying again",
    ):
        assert said in done.stderr
    report = user.types("report", "t")
    assert report.returncode == 0, report.stderr


@pytest.mark.slow
def test_the_hours_of_the_budget_are_not_overrun_by_waits(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    stalls = Answer(whole("11.0"), drip_s=600)
    with ModelServer([Failure(429, "slow down", {"Retry-After": "1"}), stalls]) as server:
        begun = time.monotonic()
        done = user.types(*RUN, "--budget=hours=0.006", env=environment(server))
        assert time.monotonic() - begun < 120
        assert len(server.requests) == 2
    assert done.returncode == 0, done.stderr
    assert "ended: the budget of 0.006 hours is spent" in done.stdout
    assert re.search(r"trying again in 0:00:01, gives up in 0:00:\d\d", done.stderr)
    assert len(user.rows()) == 1


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            ("--budget=tokens=6000",),
            "budget does not do for openai/gpt-6-luna: the next reply can take 3",
        ),
        (
            ("--budget=usd=5", "--base-url=https://models.example.org/v1"),
            "budget does not do for openai/gpt-6-luna: its price is unknown",
        ),
    ],
)
def test_a_budget_that_covers_no_reply_is_refused_before_anything_runs(
    tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    user = User.with_project(tmp_path)
    before = user.everything()
    for command in (RUN, ("check", "--model=openai/gpt-6-luna")):
        done = user.types(*command, *flags, env={"OPENAI_API_KEY": "sk-1"})
        assert done.returncode == 2, done.stderr
        assert said in done.stdout + done.stderr
    assert user.everything() == before


@pytest.mark.slow
def test_a_command_ends_with_the_hours_of_the_budget(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    begun = time.monotonic()
    done = user.types("run", "--tag=t", "--model=command", "--command=sleep 600", "--budget=hours=0.005")
    assert time.monotonic() - begun < 120
    assert done.returncode == 0, done.stderr
    assert "ended: the budget of 0.005 hours is spent" in done.stdout
    assert [row["status"] for row in user.rows()] == ["keep"]


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
        done = user.types(*RUN, "--max-tokens=500", "--budget=tokens=6200", env=environment(server))
    assert done.returncode == 0
    assert re.search(r"the next reply can take [\d,]+ tokens, and 1,850 of 6,200 are left", done.stdout)
    assert len(user.rows()) == 4  # 1,450 tokens an answer, and as many tokens as bytes is the worst case


@pytest.mark.parametrize(
    ("model", "base_url", "usd"),
    [
        ("openai/gpt-6-luna", "http://api.openai.com/v1", 0.003),
        pytest.param("anthropic/claude-sonnet-5-5", "http://api.anthropic.com", 0.08, marks=pytest.mark.slow),
    ],
)
@pytest.mark.slow
def test_a_budget_in_dollars_is_kept(tmp_path: Path, model: str, base_url: str, usd: float) -> None:
    """Prices are those of the official host: the server stands in for it as its proxy, without TLS."""
    user = User.with_project(tmp_path)
    with ModelServer([whole(f"{value}.0") for value in range(11, 30)]) as server:
        proxied = {**environment(server), "http_proxy": server.url}
        options = (f"--base-url={base_url}", "--max-tokens=500", f"--budget=usd={usd}", "--json")
        done = user.types("run", "--tag=t", f"--model={model}", *options, env=proxied)
        answers = len(server.requests)
    assert done.returncode == 0, done.stderr
    end = json.loads(done.stdout.splitlines()[-1])
    assert re.match(r"the next reply can cost \$0\.\d+, and \$0\.\d+ of \$0\.\d+ are left", end["reason"]), end
    assert 0 < end["cost_usd"] <= usd
    assert end["experiments"] == 1 + answers > 2


def test_who_costs_nothing_goes_on_where_the_budget_covers_no_other(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0"), whole("12.0"), whole("13.0")]) as server:
        done = user.types(
            *("run", "--tag=t", "--model=openai/gpt-6-luna,tune", "--max-tokens=500"),
            "--budget=tokens=4500,experiments=9",
            env=environment(server),
        )
    assert done.returncode == 0, done.stderr
    assert "openai/gpt-6-luna is asked no more: the next reply can take" in done.stderr
    assert len(user.rows()) == 9


def test_the_tuner_costs_nothing_under_a_budget_in_dollars(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    done = user.types("run", "--model=tune", "--budget=usd=1,experiments=3")
    assert done.returncode == 0, done.stderr
    assert len(user.rows()) == 3


def test_a_prompt_that_is_too_long_goes_without_history_then_without_digest_and_then_it_is_said(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    too_long = Failure(400, {"error": {"message": "too long", "type": "x", "code": "context_length_exceeded"}})
    script: list[Scripted] = [whole("11.0"), too_long, whole("12.0"), whole("13.0"), too_long, too_long]
    with ModelServer(script) as server:
        done = user.types(*RUN, "--budget=experiments=9", env=environment(server))
        asked = ["#1 keep" in request.prompt for request in server.requests]
    assert done.returncode == 4
    assert asked == [False, True, False, False, False, False]
    assert "It is sent again without the history" in done.stderr
    assert "It is sent again without the digest of older experiments and the log" in done.stderr
    assert "Traceback" not in done.stderr
    assert [row["score"] for row in user.rows()] == ["10.000000", "11.000000", "12.000000", "13.000000"]
    with ModelServer([whole("14.0")]) as server:
        done = user.types(*RUN, "--budget=experiments=5", env=environment(server))
        assert "#4 keep" in server.requests[0].prompt
    assert done.returncode == 0, done.stderr
    assert len(user.rows()) == 5
