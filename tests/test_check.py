"""`check` and `run --dry-run`: what is said before the night."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from autoresearch.cli.check import cost
from autoresearch.model import Direction, Metric, Part, Prompt, Request
from autoresearch.propose.openai import OpenAIProposer
from autoresearch.propose.server import OFFICIAL
from autoresearch.settings import Budget
from model_server import ModelServer
from user import PROGRAM, User, whole


def lines(text: str) -> dict[str, list[str]]:
    """Level → what was said at it."""
    found: dict[str, list[str]] = {"ok": [], "warning": [], "error": []}
    for line in text.splitlines():
        level, _, said = line.partition(" ")
        if level in found:
            found[level].append(said.strip())
    return found


def test_a_project_that_is_ready(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, program=PROGRAM.replace("timeout", "budget: {hours: 1}\ntimeout"))
    before = user.everything()
    done = user.types("check", "--model", "tune")
    said = lines(done.stdout)
    assert done.returncode == 0
    assert said["error"] == []
    partial = [] if shutil.which("bwrap") else ["sandbox"]
    assert [warning.partition(":")[0] for warning in said["warning"]] == [*partial, "cheats"]
    everything = "\n".join(said["ok"])
    assert "target: program.py, 2 lines" in everything
    assert "canary: with a broken target the bench fails" in everything
    assert "bench: score: 10 (higher is better)" in everything
    assert "experiments in 1 h" in everything
    assert "proposer: offline tuner" in everything
    assert "cost: nothing that autoresearch pays for" in everything
    assert user.everything() == before
    assert not (user.home / "run.log").exists()


def test_every_error_is_said_and_not_only_the_first(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    done = user.types("check", "--bench", "echo score: 1")
    said = lines(done.stdout)
    assert done.returncode == 5
    assert len(said["error"]) == 2
    assert "was broken on purpose" in said["error"][0]
    assert "no model is set and no API key is set" in said["error"][1]
    assert done.stdout.splitlines()[-1].startswith("not ready: 2 errors")


def test_what_may_be_meant_otherwise_is_a_warning(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    (user.home / "program.py").write_text("draft\n")
    (user.home / "program.md").write_text(PROGRAM + "More.\n")
    done = user.types("check", "--model", "tune", "--columns", "peak_mb")
    warnings = "\n".join(lines(done.stdout)["warning"])
    assert done.returncode == 0
    assert "uncommitted changes in program.py: the session" in warnings
    assert "no `peak_mb: NUMBER` line" in warnings
    assert "budget: none is set" in warnings


def test_check_and_confirm_are_tried_on_the_unmodified_target(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    before = user.everything()
    done = user.types("check", "--model=tune", "--check=grep -q VALUE program.py", "--confirm=echo score: 3")
    said = "\n".join(lines(done.stdout)["ok"])
    assert done.returncode == 0
    assert "check: `grep -q VALUE program.py` passes with the unmodified target" in said
    assert "confirm: `echo score: 3` passes with the unmodified target" in said
    assert user.everything() == before


def test_a_gate_that_fails_on_the_unmodified_target_would_fail_all_night(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    done = user.types("check", "--model=tune", "--check=echo three tests failed; exit 3")
    assert done.returncode == 5
    assert "does not pass with the target as it is" in lines(done.stdout)["error"][0]
    assert "three tests failed" in done.stdout
    done = user.types("check", "--model=tune", "--confirm=echo nothing")
    assert done.returncode == 5
    assert "no 'score:' line in the output" in lines(done.stdout)["error"][0]


def test_guards_and_bounds_are_tried_on_the_unmodified_target(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    for flag, problem in (("--guards=mem<=5", "no 'mem:' line"), ("--bounds={metric: [50,]}", "is below 50")):
        done = user.types("check", "--model=tune", flag)
        assert done.returncode == 5
        assert problem in lines(done.stdout)["error"][0]
    done = user.types("check", "--model=tune", "--bench=python3 -S program.py && echo mem: 9", "--guards=mem<=5")
    assert done.returncode == 0
    assert "guards: the target as it is breaks one: mem is 9, must be <= 5" in lines(done.stdout)["warning"]


def test_what_a_keep_takes_is_said(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    said = "\n".join(lines(user.types("check", "--model=tune", "--alpha=1%").stdout)["ok"])
    assert "a keep takes 7–0 or 11–1 in a rematch" in said


def test_the_most_that_a_night_can_cost(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    with ModelServer() as server:
        environment = {"OPENAI_API_KEY": "sk-planted-key", "OPENAI_BASE_URL": server.openai_url}
        done = user.types("check", "--model=openai/gpt-6-luna", "--budget=usd=5,hours=2", env=environment)
    assert done.returncode == 0, done.stdout
    assert "proposer: openai/gpt-6-luna" in done.stdout
    assert "sk-planted-key" not in done.stdout + done.stderr
    assert "cost: nothing that autoresearch pays for" in done.stdout  # a server on this machine


@pytest.mark.parametrize(
    ("budget", "level", "said"),
    [
        (
            Budget(),
            "warning",
            r"about \$(\S+) at a guessed \$(\S+) a reply .*at most \$\S+\)\. Nothing limits it: set",
        ),
        (
            Budget(usd=50),
            "ok",
            r"about \$(\S+) at a guessed \$(\S+) a reply .*at most \$\S+\)$",
        ),
        (
            Budget(tokens=100_000),
            "ok",
            r"about \$(\S+) at a guessed \$(\S+) a reply .*; the budget of 100000 tokens lasts for some \d+ exp",
        ),
        (
            Budget(experiments=100),
            "ok",
            r"about \$(\S+) at a guessed \$(\S+) a reply .*at most \$\S+\)$",
        ),
        (
            Budget(usd=0.5),
            "ok",
            r"about \$(\S+) at a guessed \$(\S+) a reply .*; the budget of \$0\.5 lasts for some \d+ experiments$",
        ),
    ],
)
def test_what_a_night_costs_is_guessed_from_list_prices(budget: Budget, level: str, said: str) -> None:
    cheap, dear = (
        OpenAIProposer(name, max_tokens=32_000, reply_timeout_s=60, base_url=OFFICIAL["openai"])
        for name in ("gpt-6-luna", "gpt-6.1-sol")
    )
    request = Request(2, Prompt("", (Part("word " * 2000),)), {}, Metric("score", Direction.HIGHER), None)
    replies = {each.name: (each.usual_case(request), each.worst_case(request)) for each in (cheap, dear)}
    found = cost(budget, 100, replies)
    assert found[0] == level
    shown = re.match(said, found[1])
    assert shown, found[1]
    night_usd, reply_usd = map(float, shown.groups())
    lasting = re.search(r"some (\d+) experiments", found[1])
    assert night_usd == pytest.approx((int(lasting[1]) if lasting else 100) * reply_usd, rel=0.05)
    usual, worst = replies[dear.name]
    assert reply_usd == pytest.approx(usual.cost_usd, abs=0.001)
    assert (usual.cost_usd or 0) < (worst.cost_usd or 0) / 3


def test_a_dry_run_shows_settings_origins_and_the_first_prompt(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, files={"data/words": "a", ".gitignore": "data/\n"})
    before = user.everything()
    done = user.types(
        *("run", "--dry-run", "--tag=t", "--model=openai/gpt-6-luna", "--patience=7", "--guards=mem <= 1.1x, ms<=5"),
        env={
            "AUTORESEARCH_TIMEOUT": "90s",
            "AUTORESEARCH_METRIC": "score",
            "AUTORESEARCH_BOUNDS": "{metric: [0, null]}",
        },
    )
    assert done.returncode == 0, done.stderr
    assert "timeout: 90  (AUTORESEARCH_TIMEOUT)" in done.stdout
    assert "patience: 7  (--patience)" in done.stdout
    assert "bench: python3 -S program.py  (program.md)" in done.stdout
    for line in (
        "metric: score  (AUTORESEARCH_METRIC)",
        "guards: mem <= 1.1x, ms <= 5  (--guards)",
        "bounds: metric [0, none]  (AUTORESEARCH_BOUNDS)",
        "repairs: 2  (default)",
        "columns: none  (default)",
        "link: data  (default)",
        "network: false  (default)",
    ):
        assert f"\n{line}\n" in done.stdout
    assert "Make the score as high as you can." in done.stdout
    assert "VALUE = 10.0" in done.stdout
    assert user.everything() == before


def test_the_files_that_the_bench_names_are_shown_to_the_model(tmp_path: Path) -> None:
    user = User.with_project(
        tmp_path,
        program=PROGRAM.replace("python3 -S program.py", "python3 -S bench.py"),
        files={"bench.py": "import program\n", "data.txt": "secret answers\n"},
    )
    with ModelServer([whole("11.0")]) as server:
        environment = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.openai_url}
        user.types("run", "--model=openai/gpt-6-luna", "--budget=experiments=2", env=environment)
        prompt = server.requests[0].prompt
    assert "bench.py (fixed, for reading only)" in prompt
    assert "secret answers" not in prompt
