"""Whole sessions: the installed command, real git, real processes, the real SDKs over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from model_server import ModelServer
from user import COMMAND, PROGRAM, User, rounds, whole

pytestmark = pytest.mark.usefixtures("no_sandbox")

CRASHING = "undefined_name\n"
STRAY = """\
import os, subprocess, sys, time
beat = "import os,time\\nwhile True:\\n  open({path!r}, 'a').write('x'); time.sleep(0.02)"
subprocess.Popen([sys.executable, "-c", beat], start_new_session=True)
time.sleep(60)
"""
BLOCKS = """\
description: value 14 by blocks
hypothesis: more
category: parameters

FILE: program.py
<<<<<<< SEARCH
VALUE = 13.0
=======
VALUE = 14.0
>>>>>>> REPLACE
"""
NOT_THERE = BLOCKS.replace("VALUE = 13.0", "VALUE = 99.0")


def openai(server: ModelServer) -> dict[str, str]:
    """The environment of a user of an OpenAI-compatible server."""
    return {"OPENAI_API_KEY": "sk-planted-key", "OPENAI_BASE_URL": server.openai_url}


def anthropic(server: ModelServer) -> dict[str, str]:
    """The environment of a user of Anthropic."""
    return {"ANTHROPIC_API_KEY": "sk-planted-key", "ANTHROPIC_BASE_URL": server.anthropic_url}


def wait_for(happened: Callable[[], bool], seconds: float = 120) -> None:
    """Poll until something is so."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def waiting(running: Path, gate: Path) -> str:
    """Code for a target that says that it runs, and waits until it may go on."""
    return (
        f"import os, time\nopen({str(running)!r}, 'w').close()\n"
        f"while not os.path.exists({str(gate)!r}): time.sleep(0.01)\n"
    )


@pytest.mark.parametrize(
    ("model", "environment"),
    [
        ("openai/gpt-6-luna", openai),
        pytest.param("anthropic/claude-sonnet-5-5", anthropic, marks=pytest.mark.slow),
    ],
)
def test_a_session_of_twelve_experiments(
    tmp_path: Path, model: str, environment: Callable[[ModelServer], dict[str, str]]
) -> None:
    user = User.with_project(tmp_path / "project", program=PROGRAM.replace("20s", "2s"))
    before = user.checkout()
    heartbeat = tmp_path / "heartbeat"
    replies = rounds(
        whole("11.0"),  # 2 keep
        whole("10.5"),  # 3 discard
        [whole("12.0", extra=CRASHING), whole("12.0", description="mended")],  # 4 crash, repaired, keep
        [whole("50.0", extra=CRASHING * count) for count in (1, 2, 3)],  # 5 crash, not repaired
        whole("60.0", extra=STRAY.format(path=str(heartbeat))),  # 6 timeout with a stray grandchild
        [NOT_THERE] * 4,  # 7 does not apply
        [NOT_THERE, whole("12.0", extra="pass\n")],  # 8 asked again, then equal: discard
        [whole("10.5"), whole("13.0")],  # 9 duplicate, asked again, keep
        whole("float('nan')"),  # 10 no number: crash
        BLOCKS,  # 11 keep
        whole("1.0"),  # 12 discard
    )
    with ModelServer(replies) as server:
        done = user.types(
            "run", "--tag", "mar5", "--model", model, "--budget", "experiments=12", env=environment(server)
        )
        assert done.returncode == 0, done.stderr
        assert len(server.requests) == len(replies)

    assert [row["status"] for row in user.rows()] == (
        "keep keep discard keep crash crash crash discard keep crash keep discard".split()
    )
    assert user.branch_scores("mar5") == [f"VALUE = {value}" for value in ("10.0", "11.0", "12.0", "13.0", "14.0")]
    assert [row["score"] for row in user.rows()][:4] == ["10.000000", "11.000000", "10.500000", "12.000000"]
    assert user.rows()[6]["commit"] == "0000000"
    assert user.checkout() == before
    committed = [row["commit"] for row in user.rows() if row["commit"] != "0000000"]
    assert len(set(committed)) == len(committed) == 11
    candidates = user.git("for-each-ref", "--format=%(objectname:short=7) %(refname)", "refs/autoresearch/mar5")
    for row in user.rows()[1:]:
        assert row["commit"] == "0000000" or row["commit"] in candidates
    assert "refs/autoresearch/mar5/5.2" in candidates
    size = heartbeat.stat().st_size
    time.sleep(0.2)
    assert heartbeat.stat().st_size == size, "a grandchild of the bench is still alive"
    assert user.git("worktree", "list").count("\n") == 0
    assert "sk-planted-key" not in done.stdout + done.stderr
    assert not [path for path in user.home.rglob("*") if path.is_file() and b"sk-planted-key" in path.read_bytes()]


def test_a_crash_is_shown_to_the_proposer_with_its_traceback(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("12.0", extra=CRASHING), whole("12.0")]) as server:
        user.types("run", "--model", "openai/gpt-6-luna", "--budget", "experiments=2", env=openai(server))
        repair = server.requests[1].prompt
    assert "NameError: name 'undefined_name' is not defined" in repair
    assert "VALUE = 12.0\nundefined_name" in repair
    assert [row["status"] for row in user.rows()] == ["keep", "keep"]


def test_no_repairs_are_asked_for_when_switched_off(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("12.0", extra=CRASHING)]) as server:
        user.types("run", "--model", "openai/gpt-6-luna", "--budget=experiments=2", "--repairs=0", env=openai(server))
        assert len(server.requests) == 1
    assert user.rows()[1]["status"] == "crash"


def test_the_prompt_tells_what_was_tried(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0", description="eleven"), whole("9.0")]) as server:
        user.types("run", "--model", "openai/gpt-6-luna", "--budget", "experiments=3", env=openai(server))
        prompt = server.requests[1].prompt
    assert "Make the score as high as you can." in prompt
    assert '#2 keep 11 (+10.00%) parameters: "eleven"' in prompt
    assert "-VALUE = 10.0\n+VALUE = 11.0" in prompt
    assert "VALUE = 11.0" in prompt


@pytest.mark.slow
def test_a_second_run_on_a_tag_resumes_it(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    for budget, reply in ((2, "11.0"), (3, "12.0")):
        with ModelServer([whole(reply)]) as server:
            done = user.types(
                "run",
                "--tag",
                "t",
                "--model",
                "openai/gpt-6-luna",
                "--budget",
                f"experiments={budget}",
                env=openai(server),
            )
            assert done.returncode == 0, done.stderr
    assert "session t goes on after experiment 2" in done.stderr
    assert [row["score"] for row in user.rows()] == ["10.000000", "11.000000", "12.000000"]
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0", "VALUE = 12.0"]


def test_without_a_tag_it_is_the_date_and_the_next_one_has_a_number(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    days = [date.today()]
    for _ in range(2):
        user.types("run", "--model", "tune", "--budget", "experiments=1")
        days.append(date.today())
    first, second, third = (f"{day:%b}".lower() + str(day.day) for day in days)
    tags = user.git("for-each-ref", "--format=%(refname:lstrip=3)", "refs/heads/autoresearch").split()
    # Midnight may pass before, between or after the two; on every other day there is one name for each.
    allowed = [[first, f"{first}-2"]] if first == third else [sorted(two) for two in ([first, third], [second, third])]
    assert tags in [*allowed, [second, f"{second}-2"]]


def test_json_lines(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0")]) as server:
        done = user.types(
            "run", "--json", "--tag", "t", "--model=openai/gpt-6-luna", "--budget=experiments=2", env=openai(server)
        )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["event"] for event in events if event["event"] != "notice"] == [
        "session",
        "experiment",
        "experiment",
        "end",
    ]
    assert events[-1]["best"] == 11.0
    assert events[-2]["status"] == "keep"


def journal(user: User) -> str:
    return (user.home / ".git/autoresearch/t/journal.jsonl").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("when", ["once", "twice"])
def test_ctrl_c_stops_and_the_next_run_goes_on(tmp_path: Path, when: str) -> None:
    gate, running = tmp_path / "gate", tmp_path / "running"
    wait = waiting(running, gate)
    user = User.with_project(tmp_path / "project")
    arguments = ("run", "--tag", "t", "--model", "openai/gpt-6-luna", "--budget", "experiments=3")
    with ModelServer([whole("11.0", extra=wait), whole("12.0")]) as server:
        session = user.starts(*arguments, env=openai(server))
        wait_for(running.exists)
        session.send_signal(signal.SIGINT)
        if when == "twice":
            time.sleep(0.3)
            session.send_signal(signal.SIGINT)
            assert session.wait(30) == 130
            gate.touch()
        else:
            gate.touch()
            assert session.wait(30) == 130
        session.communicate()
        assert len(user.rows()) == 1  # a keep takes a second run, which a stop does not wait for
        assert journal(user).count('"kind":"measured","n":2') == (0 if when == "twice" else 1)
        done = user.types(*arguments, env=openai(server))
    assert done.returncode == 0, done.stderr
    assert [row["score"] for row in user.rows()] == ["10.000000", "11.000000", "12.000000"]
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0", "VALUE = 12.0"]
    assert journal(user).count('"kind":"measured","n":2') == 2


@pytest.mark.slow
def test_ctrl_c_while_the_model_thinks_stops_at_once(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    thinking, over = tmp_path / "thinking", threading.Event()

    def think(prompt: str) -> str:
        thinking.touch()
        over.wait(60)  # the reply comes when nobody waits for it any more
        return whole("11.0")

    with ModelServer([think]) as server:
        session = user.starts("run", "--tag", "t", "--model", "openai/gpt-6-luna", env=openai(server))
        wait_for(thinking.exists)
        session.send_signal(signal.SIGINT)
        assert session.wait(30) == 130
        over.set()
        session.communicate()
    assert len(user.rows()) == 1


def test_kill_9_in_a_run_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    gate, running = tmp_path / "gate", tmp_path / "running"
    wait = waiting(running, gate)
    user = User.with_project(tmp_path / "project")
    arguments = ("run", "--tag", "t", "--model", "openai/gpt-6-luna", "--budget", "experiments=4")
    with ModelServer([whole("11.0"), whole("12.0", extra=wait), whole("13.0")]) as server:
        session = user.starts(*arguments, env=openai(server))
        wait_for(running.exists)
        session.kill()
        session.communicate()
        gate.touch()
        done = user.types(*arguments, env=openai(server))
        assert len(server.requests) == 3
    assert done.returncode == 0, done.stderr
    assert "did not end in order" in done.stderr
    assert [row["score"] for row in user.rows()] == ["10.000000", "11.000000", "12.000000", "13.000000"]


@pytest.mark.slow
def test_a_second_runner_is_refused(tmp_path: Path) -> None:
    gate, running = tmp_path / "gate", tmp_path / "running"
    wait = waiting(running, gate)
    user = User.with_project(tmp_path / "project")
    with ModelServer([whole("11.0", extra=wait)]) as server:
        arguments = ("run", "--tag", "t", "--model", "openai/gpt-6-luna", "--budget", "experiments=2")
        session = user.starts(*arguments, env=openai(server))
        wait_for(running.exists)
        second = user.types(*arguments, env=openai(server))
        gate.touch()
        assert session.wait(30) == 0
        session.communicate()
    assert second.returncode == 3
    assert f"process {session.pid}" in second.stderr


def test_a_plateau_ends_the_session(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("1.0"), whole("2.0"), whole("3.0")]) as server:
        done = user.types("run", "--model", "openai/gpt-6-luna", "--patience", "3", env=openai(server))
    assert done.returncode == 0
    assert "plateau: no keep in the last 3 experiments" in done.stdout


def test_the_bench_sees_no_key(tmp_path: Path) -> None:
    show = "import os\nprint([n for n in os.environ if 'KEY' in n], os.environ.get('OPENAI_API_KEY'))\n"
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0", extra=show)]) as server:
        user.types("run", "--model", "openai/gpt-6-luna", "--budget", "experiments=2", env=openai(server))
    assert (user.home / "run.log").read_text().startswith("[] None\n")


def test_work_in_the_checkout_goes_on_untouched(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, files={"notes.txt": "a\n"})
    (user.home / "notes.txt").write_text("unfinished\n")
    (user.home / "program.py").write_text("my own draft\n")
    (user.home / "new.txt").write_text("untracked\n")
    user.git("add", "notes.txt")
    before = user.checkout()
    with ModelServer([whole("11.0")]) as server:
        done = user.types(
            "run", "--model", "openai/gpt-6-luna", "--budget", "experiments=2", "--tag=t", env=openai(server)
        )
    assert done.returncode == 0, done.stderr
    assert "uncommitted changes in notes.txt, program.py: the session starts from HEAD, without them" in done.stderr
    assert user.checkout() == before
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0"]


def test_in_place_works_in_the_checkout_and_puts_the_user_back(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    before = user.checkout()
    with ModelServer([whole("11.0"), whole("9.0")]) as server:
        done = user.types(
            "run", "--in-place", "--tag=t", "--model=openai/gpt-6-luna", "--budget=experiments=3", env=openai(server)
        )
    assert done.returncode == 0, done.stderr
    assert user.checkout() == before
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0"]
    assert [row["status"] for row in user.rows()] == ["keep", "keep", "discard"]


def test_a_command_edits_in_a_scratch_checkout(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    script = tmp_path / "agent.sh"
    script.write_text(
        "cat > /dev/null\nsed -i 's/10.0/11.0/' program.py\necho x > planted.py\n"
        "echo 'description: by an agent'\necho 'hypothesis: more'\n"
    )
    done = user.types("run", "--tag=t", "--command", f"sh {script}", "--model=command", "--budget=experiments=2")
    assert done.returncode == 0, done.stderr
    assert "dropped all but the target's text: planted.py" in done.stderr
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0"]
    assert user.rows()[1]["description"] == "by an agent"
    assert user.git("diff", "--name-only", "main", "autoresearch/t") == "program.py"


def test_the_tuner_improves_a_number_without_a_key(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    done = user.types("run", "--tag=t", "--model=tune", "--budget=experiments=8")
    assert done.returncode == 0, done.stderr
    assert len(user.rows()) == 8
    assert any(row["status"] == "keep" for row in user.rows()[1:])


def test_a_closed_pipe_does_not_end_the_session(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    done = subprocess.run(
        f"'{COMMAND}' run --tag t --model tune --budget experiments=4 | head -n 1",
        shell=True,
        cwd=user.home,
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("#1 keep score 10")
    assert len(user.rows()) == 4


@pytest.mark.parametrize("experiments", [1, 2])
def test_goes_on_when_the_branch_moved_and_the_last_line_was_not_written(tmp_path: Path, experiments: int) -> None:
    user = User.with_project(tmp_path)
    with ModelServer([whole("11.0")]) as server:
        arguments = ("run", "--tag=t", "--model=openai/gpt-6-luna")
        user.types(*arguments, f"--budget=experiments={experiments}", env=openai(server))
        journal = user.home / ".git/autoresearch/t/journal.jsonl"
        lines = journal.read_text().splitlines(keepends=True)
        settled = max(number for number, line in enumerate(lines) if '"kind":"settled"' in line)
        journal.write_text("".join(lines[:settled]))
        done = user.types(*arguments, "--budget=experiments=2", env=openai(server))
    assert done.returncode == 0, done.stderr
    assert [row["score"] for row in user.rows()] == ["10.000000", "11.000000"]
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0"]


def test_settings_that_are_changed_in_mid_session_wait_and_that_is_said_once(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    command = f"sed -i s/20s/9s/ {user.home}/program.md; sed -i s/VALUE.=.*/VALUE=$$.0/ program.py; echo description: x"
    done = user.types("run", "--tag=t", "--model=command", f"--command={command}", "--budget=experiments=4")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the settings in program.md were changed") == 1
