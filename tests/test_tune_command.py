"""`autoresearch tune`, as a user types it."""

from __future__ import annotations

from pathlib import Path

from user import User

SWITCH = 'ON = False  # tune: True|False\nprint(f"score: {1 + ON}")\n'
TARGET = """\
SCALE = 0.5
DEAD = 8
SEED = 3
MASK = 0xFF
print(f"score: {SCALE} {SEED} {MASK}")
"""


def test_a_session_with_nothing_left_to_try_ends_in_order(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, files={"program.py": SWITCH})
    done = user.types("tune", "--tag=t", "--no-canary")
    assert done.returncode == 0, done.stderr
    assert [row["status"] for row in user.rows()] == ["keep", "keep"]
    assert "ended: tune has nothing left to try for ON: widen their annotations" in done.stderr + done.stdout
    again = user.types("run", "--tag=t", "--model=tune", "--no-canary")
    assert again.returncode == 0, again.stderr
    assert len(user.rows()) == 2


def test_list_shows_what_would_be_tuned_and_what_not_and_changes_nothing(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, files={"program.py": TARGET})
    before = user.everything()
    done = user.types("tune", "--list")
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()[:7]] == [
        ["knob", "name", "value", "range", "range", "is"],
        ["program.py:1", "SCALE", "0.5", "0.05..5", "log", "default"],
        [],
        ["left", "alone", "name", "value", "why"],
        ["program.py:2", "DEAD", "8", "nothing", "reads", "it"],
        ["program.py:3", "SEED", "3", "a", "random", "seed:", "another", "is", "no", "improvement"],
        ["program.py:4", "MASK", "0xFF", "not", "a", "plain", "number"],
    ]
    assert user.everything() == before


def test_list_without_a_knob_says_what_to_do(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, files={"program.py": "SEED = 3\nprint('score: 3')\n"})
    done = user.types("tune", "--list")
    assert done.returncode == 4
    assert "program.py:1  SEED" in done.stdout
    assert done.stderr.startswith("error: tune finds nothing to tune in program.py: put `# tune:")


def test_another_model_is_for_run(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    done = user.types("tune", "--model=openai/gpt-6-luna")
    assert done.returncode == 2
    assert done.stderr.endswith("For openai/gpt-6-luna: autoresearch run --model openai/gpt-6-luna.\n")


def test_it_names_itself_for_going_on(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    done = user.types("tune", "--tag=t", "--dry-run", "--patience=7")
    assert done.returncode == 0, done.stderr
    assert "model: tune  (--model)" in done.stdout
    assert "proposer: tune" in done.stdout
