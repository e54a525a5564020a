"""What a run may use up: memory, disk, processes. The machine lives, the row says why, the night goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoresearch.edge.journal import read
from autoresearch.records import Decided
from model_server import ModelServer
from test_session import openai
from user import User, whole

BOMB = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(3000):
    try:
        if os.fork() == 0:
            signal.pause()
    except OSError as error:
        raise SystemExit(f"no more processes: {error}")
signal.pause()
"""
HOG = """
kept = []
while True:
    kept.append(bytearray(b"x") * 10_000_000)
"""
SHARED_HOG = """
import os
os.makedirs("/dev/shm", exist_ok=True)
kept = []
while True:
    kept.append(open(f"/dev/shm/autoresearch-test-{os.getpid()}", "wb"))
    os.unlink(kept[-1].name)
    kept[-1].write(b"x" * 10_000_000)
    kept[-1].flush()
"""
MANY_FILES = """
import itertools
for number in itertools.count():
    with open(f"f{number}", "wb") as file:
        file.write(b"x" * 5_000_000)
"""
ONE_FILE = """
with open("big", "wb") as file:
    while True:
        file.write(b"x" * 5_000_000)
"""
MEMORY = "used more than 300MB of memory"
DISK = "wrote more than 100MB to the disk"

ATTACKS = {
    "memory": (HOG, {MEMORY}),
    "shared memory": (SHARED_HOG, {MEMORY, "No space left"}),
    "many files": (MANY_FILES, {DISK}),
    "one file": (ONE_FILE, {"SIGXFSZ", "File too large", DISK}),
    "processes": (BOMB, {"started more than 500 processes", "no more processes"}),
}


@pytest.mark.parametrize("sandbox", ["auto", pytest.param("off", marks=pytest.mark.slow)])
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_run_that_uses_up_too_much_is_stopped_and_the_night_goes_on(
    tmp_path: Path, attack: str, sandbox: str
) -> None:
    code, reasons = ATTACKS[attack]
    user = User.with_project(tmp_path / "project")
    limits = "{memory: 300MB, disk: 100MB, processes: 500}"
    with ModelServer([whole("99.0", extra=code), whole("11.0")]) as server:
        done = user.types(
            *("run", "--tag=t", "--model=openai/gpt-6-luna", "--repairs=0", "--budget=experiments=3"),
            *(f"--sandbox={sandbox}", "--limits", limits, "--timeout=2m"),
            env=openai(server),
            timeout_s=280,
        )
    assert done.returncode == 0, done.stderr
    journal = read(user.home / ".git" / "autoresearch" / "t" / "journal.jsonl")
    first, second = [record for record in journal if isinstance(record, Decided)][1:]
    assert first.status == "crash"
    assert any(reason in first.reason for reason in reasons), first.reason
    assert (second.status, second.value) == ("keep", 11.0)
