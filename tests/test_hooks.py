"""Hooks: what they are told, when, and that nothing of theirs breaks a session."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import psutil
import pytest

from autoresearch.decide.history import SENTINEL, Experiment, History
from autoresearch.moments import moment
from autoresearch.records import Settled
from histories import BASELINE, tried
from model_server import Failure, ModelServer
from test_display import Screen
from user import PROGRAM, User, whole

pytestmark = pytest.mark.usefixtures("no_sandbox")

SECRET = "sk-live-0123456789abcdefXYZ"


def hooked(**hooks: str) -> str:
    """A program.md with these settings."""
    return PROGRAM.replace("---\n", "---\n" + "".join(f"{name}: {text!r}\n" for name, text in hooks.items()), 1)


def told(user: User, name: str = "told.jsonl") -> list[dict[str, Any]]:
    """What hooks were told, in order."""
    path = user.home / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def environment(server: ModelServer, **more: str) -> dict[str, str]:
    """For a session on this server."""
    return {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.openai_url, **more}


ARGUMENTS = ("run", "--tag=t", "--model=openai/gpt-6-luna", "--repairs=0")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[User, subprocess.CompletedProcess[str]]]:
    """Two keeps, a stall, an end, and a life more of the same session; a candidate that changes program.md."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTORESEARCH_SANDBOX", "off")
        patch.setenv("GIT_AUTHOR_NAME", "Ada")
        for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
            patch.setenv(name, "Ada")
        for name in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
            patch.setenv(name, "ada@example.org")
        home = tmp_path_factory.mktemp("night")
        tells = "cat >> told.jsonl; "
        user = User.with_project(
            home,
            program=hooked(
                on_keep=tells + "tty; echo $AUTORESEARCH_MESSAGE; echo $API_TOKEN; exit 7",
                on_stall=tells,
                on_finish=tells + "[ -e .git/autoresearch/t/holder.json ] || ls LEARNINGS.md >> free",
                patience="10",
            ),
        )
        changes = f'open({str(home / "program.md")!r}, "w").write("---\\non_keep: touch {home}/hacked\\n---\\n")\n'
        replies = [whole("11.0", description=f"eleven\x1b[2J {SECRET}"), whole("12.0", extra=changes), whole("9.0")]
        with ModelServer([*replies, whole("8.0"), whole("7.0")]) as server:
            env = environment(server, API_TOKEN=SECRET)
            done = user.types(*ARGUMENTS, "--budget=experiments=5", env=env)
            user.git("checkout", "-q", "program.md")
            again = user.types(*ARGUMENTS, "--budget=experiments=6", env=env)
        assert (done.returncode, again.returncode) == (0, 0), done.stderr + again.stderr
        yield user, done


def test_each_moment_is_told_once_and_a_resumed_session_tells_nothing_again(night: Any) -> None:
    user, _ = night
    assert [(one["event"], (one["experiment"] or {}).get("n")) for one in told(user)] == [
        ("keep", 2),
        ("keep", 3),
        ("stall", None),
        ("finish", None),
        ("finish", None),
    ]


def test_a_hook_is_told_what_a_message_needs(night: Any) -> None:
    first, second, stall, end, _ = told(night[0])
    assert (first["tag"], first["branch"], first["metric"], first["direction"]) == (
        "t",
        "autoresearch/t",
        "score",
        "higher",
    )
    assert (first["baseline"], second["best"], second["change"]) == (10.0, 12.0, pytest.approx(0.2))
    kept = second["experiment"]
    assert (kept["value"], kept["over"], kept["change"]) == (12.0, 11.0, pytest.approx(1 / 11))
    assert kept["commit"] == night[0].git("rev-parse", "refs/autoresearch/t/3")
    assert kept["hypothesis"] == "it may score more"
    assert second["message"] == "t kept #3: score 12 (+9.1 %) value 12.0"
    assert stall["reason"] == "no keep in the last 2 experiments"
    assert (end["reason"], end["ending"]) == ("the budget of 5 experiments is spent", "done")
    assert end["counts"] == {"experiments": 4, "keep": 2, "discard": 2, "crash": 0}
    assert end["message"] == (
        "t ended: the budget of 5 experiments is spent; score 12 from 10 (+20.0 %) as measured, 2 of 4 experiments kept"
    )
    assert (end["report"], end["verify"]) == ("autoresearch report t", "autoresearch verify t")


def test_the_documented_fields_are_the_real_ones(night: Any) -> None:
    page = (Path(__file__).parents[1] / "docs" / "hooks.md").read_text()
    rows = "\n".join(re.findall(r"^\| `.*$", page, re.M))
    example = json.loads(re.search(r"```json\n(.*?)```", page, re.S)[1])  # type: ignore[index]
    for one in told(night[0]):
        assert example.keys() == one.keys()
        for name in [*one, *one["counts"]]:
            assert re.search(rf"\b{name}\b", rows), name
    first = told(night[0])[0]["experiment"]
    assert example["experiment"].keys() == first.keys()
    assert all(re.search(rf"\b{name}\b", rows) for name in first)


def test_no_secret_and_no_control_character_reaches_a_hook_or_its_log(night: Any) -> None:
    user, _ = night
    log = (user.home / ".git/autoresearch/t/hooks.log").read_text()
    assert SECRET not in (user.home / "told.jsonl").read_text() + log
    assert "\x1b" not in log
    assert told(user)[0]["message"] == "t kept #2: score 11 (+10.0 %) eleven[2J [API_TOKEN]"


def test_a_hook_has_the_users_environment_and_no_terminal_and_its_output_is_kept(night: Any) -> None:
    user, _ = night
    log = (user.home / ".git/autoresearch/t/hooks.log").read_text()
    assert re.search(
        r"^--- \S+ on_keep exited with 7 \(\d\.\d s\): t kept #2.*\nnot a tty\nt kept #2: .*\n\[API_TOKEN\]\n---",
        log,
        re.M,
    )


def test_the_same_failure_is_said_once(night: Any) -> None:
    said = [line for line in night[1].stderr.splitlines() if "on_keep" in line]
    assert said == [
        "note: on_keep exited with 7; what it printed: .git/autoresearch/t/hooks.log (the session goes on; said once)"
    ]


def test_a_candidate_cannot_change_the_hooks_of_a_running_session(night: Any) -> None:
    assert not (night[0].home / "hacked").exists()


def test_the_session_is_put_away_when_its_end_is_told(night: Any) -> None:
    assert (night[0].home / "free").read_text() == "LEARNINGS.md\n" * 2


@pytest.mark.slow
def test_a_hook_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    hangs = "echo begun; sleep 1234.5 & (setsid sleep 1234.5 &) ; sleep 1234.5"
    user = User.with_project(tmp_path, program=hooked(on_keep=hangs, hook_timeout="2"))
    with ModelServer([whole("11.0"), whole("12.0")]) as server:
        done = user.types(*ARGUMENTS, "--budget=experiments=3", env=environment(server))
    assert done.returncode == 0, done.stderr
    assert [row["status"] for row in user.rows()] == ["keep"] * 3
    assert done.stderr.count("on_keep was ended after 2 s (hook_timeout)") == 1
    log = (tmp_path / ".git/autoresearch/t/hooks.log").read_text()
    assert (log.count("was ended"), log.count("begun\n")) == (2, 2)
    assert not [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == ["sleep", "1234.5"]]


def waits(path: Path, seconds: float = 120) -> None:
    """Until a file is there."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.01)


@pytest.mark.slow
def test_a_hook_that_runs_is_seen_here_and_from_another_terminal(tmp_path: Path) -> None:
    slow = "touch {0}; while [ ! -e {0}-gate ]; do sleep 0.02; done"
    hooks = {"on_keep": slow.format("keep"), "on_finish": slow.format("finish")}
    user = User.with_project(tmp_path, program=hooked(**hooks, hook_timeout="50s"))
    with ModelServer([whole("11.0"), Failure(429, "slow down", {"Retry-After": "600"})]) as server:
        session = Screen([*ARGUMENTS], user, 110, 30, environment(server))
        session.shows(r"#2 running on_keep  0:00:\d\d of 0:00:50")
        assert re.search(r"now: #2 running on_keep for 0:00:\d\d of 0:00:50\n", user.types("status").stdout)
        watch = Screen(["watch"], user, 110, 30, {})
        watch.shows(r"#2 running on_keep  0:00:\d\d of 0:00:50")
        (tmp_path / "keep-gate").touch()
        for screen in (session, watch):
            screen.shows("#3 waiting for openai/gpt-6-luna 0:0")
        session.child.sendintr()
        session.shows(r"running on_finish  0:00:\d\d")
        assert "ended" in user.types("status").stdout
        (tmp_path / "finish-gate").touch()
        for screen in (session, watch):
            screen.child.expect(pexpect.EOF)
            screen.child.close()
    assert (session.child.exitstatus, watch.child.exitstatus) == (130, 0)


@pytest.mark.slow
def test_the_first_signal_lets_a_hook_end_and_the_end_is_told(tmp_path: Path) -> None:
    slow = "touch begun; while [ ! -e gate ]; do sleep 0.02; done; touch over"
    user = User.with_project(tmp_path, program=hooked(on_keep=slow, on_finish="cat >> told.jsonl"))
    with ModelServer([whole("11.0")]) as server:
        session = user.starts(*ARGUMENTS, env=environment(server))
        waits(tmp_path / "begun")
        session.send_signal(signal.SIGINT)
        (tmp_path / "gate").touch()
        _, err = session.communicate(timeout=60)
    assert session.returncode == 130, err
    assert (tmp_path / "over").exists()
    assert "on_keep" not in err
    assert [(one["event"], one["ending"], one["reason"]) for one in told(user)] == [
        ("finish", "interrupted", "stopped by SIGINT")
    ]


@pytest.mark.slow
def test_a_second_signal_stops_hook_and_session_at_once(tmp_path: Path) -> None:
    user = User.with_project(
        tmp_path, program=hooked(on_keep="touch begun; sleep 1235.5", on_finish="touch finished", hook_timeout="1h")
    )
    with ModelServer([whole("11.0")]) as server:
        session = user.starts(*ARGUMENTS, env=environment(server))
        waits(tmp_path / "begun")
        session.send_signal(signal.SIGINT)
        time.sleep(0.1)
        session.send_signal(signal.SIGINT)
        session.communicate(timeout=60)
    assert session.returncode == 130
    assert not (tmp_path / "finished").exists()
    assert not [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == ["sleep", "1235.5"]]
    assert [row["status"] for row in user.rows()] == ["keep"] * 2


@pytest.mark.slow
def test_a_session_killed_at_its_hook_tells_nothing_twice(tmp_path: Path) -> None:
    kills = "cat >> told.jsonl; kill -9 $(sed 's/[^0-9]*\\([0-9]*\\).*/\\1/' .git/autoresearch/t/holder.json)"
    user = User.with_project(tmp_path, program=hooked(on_keep=kills, on_finish="cat >> told.jsonl"))
    with ModelServer([whole("11.0"), whole("9.0")]) as server:
        env = environment(server)
        killed = user.types(*ARGUMENTS, "--budget=experiments=3", env=env)
        assert killed.returncode == -signal.SIGKILL
        assert [one["event"] for one in told(user)] == ["keep"]
        done = user.types(*ARGUMENTS, "--budget=experiments=3", env=env)
    assert done.returncode == 0, done.stderr
    assert [one["event"] for one in told(user)] == ["keep", "finish"]


@pytest.mark.slow
def test_a_proposer_that_cannot_be_reached_is_a_stall_once(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, program=hooked(on_stall="cat >> told.jsonl", on_finish="cat >> told.jsonl"))
    with ModelServer([Failure(429, "slow down", {"Retry-After": "400"})]) as server:
        session = user.starts(*ARGUMENTS, env=environment(server))
        waits(tmp_path / "told.jsonl")
        session.send_signal(signal.SIGINT)
        session.communicate(timeout=60)
    stall, end = told(user)
    assert re.match(
        r"openai/gpt-6-luna cannot be reached: .*\(429\): slow down; no answer for 0:06:\d\d by", stall["reason"]
    )
    assert (end["event"], end["ending"]) == ("finish", "interrupted")


def test_a_proposer_that_gives_up_is_an_end_with_an_error(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, program=hooked(on_finish="cat >> told.jsonl"))
    with ModelServer([Failure(401, "no such key")]) as server:
        done = user.types(*ARGUMENTS, env=environment(server))
    assert done.returncode == 4
    (end,) = told(user)
    assert end["ending"] == "error"
    assert "refused the key in OPENAI_API_KEY" in end["reason"]


def test_a_session_without_a_baseline_tells_nothing(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, program=hooked(on_finish="cat >> told.jsonl"))
    assert user.types("run", "--tag=t", "--model=tune", "--bench=exit 1").returncode == 5
    assert told(user) == []


def settled(*experiments: Experiment) -> list[str | None]:
    """The moments of a session, an experiment each."""
    return [moment(Settled(n=n), History(experiments=experiments[:n]), 40) for n in range(1, len(experiments) + 1)]


def test_a_plateau_stalls_once_and_after_a_keep_anew() -> None:
    first = [tried(n, 11.0) for n in range(2, 30)]
    keep = tried(30, 9.0, kept=True)
    second = [tried(n, 11.0) for n in range(31, 45)]
    found = settled(BASELINE, *first, keep, *second)
    assert [(n, said) for n, said in enumerate(found, start=1) if said] == [(9, "stall"), (30, "keep"), (38, "stall")]


def test_a_sentinel_does_not_stall_again() -> None:
    discards = [tried(n, 11.0) for n in range(2, 10)]
    found = settled(BASELINE, *discards, tried(10, 10.0, by=SENTINEL))
    assert found[-2:] == ["stall", None]


def test_check_says_whether_a_hook_can_be_run_and_runs_none(tmp_path: Path) -> None:
    user = User.with_project(
        tmp_path,
        program=hooked(on_keep="no-such-notifier hello", on_finish="touch ran", on_stall='echo "open'),
    )
    said = user.types("check", "--model=tune", "--bench=exit 1").stdout
    assert "warning on_keep: there is no command 'no-such-notifier' to run `no-such-notifier hello` with." in said
    assert "ok      on_finish: `touch ran`, not tried" in said
    assert 'warning on_stall: `echo "open` has a quote that is not closed' in said
    assert not (tmp_path / "ran").exists()


def test_what_holds_the_hooks_can_be_no_target(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, program=hooked(on_keep="true"))
    done = user.types("run", "--tag=t", "--model=tune", "--target=*.*")
    assert done.returncode == 2
    assert "program.md holds the session's own settings and commands, so it is yours alone to edit." in done.stderr
    assert not (tmp_path / ".git" / "autoresearch").exists()
