"""What a human says to a session that runs: program.md's prose and notes.md, whatever becomes of the files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autoresearch import brief
from autoresearch.edge.git import forget_caller
from autoresearch.project import Project, examine
from user import PROGRAM, User


@pytest.fixture
def user(tmp_path: Path) -> User:
    forget_caller()
    return User.with_project(tmp_path / "project")


def project(user: User, **flags: object) -> Project:
    return examine(user.home / "program.md", {"model": "tune", **flags}, {})


def test_a_brief_that_cannot_be_read_any_more_stays_as_it_was_and_that_is_said_once(user: User) -> None:
    said: list[str] = []
    read = brief.prose(project(user), said.append)
    before = read()
    assert said == []
    path = user.home / "program.md"
    for broken in ("---\ntarget: [oops\n---\nBROKEN\n", "no front matter\n", None):
        path.write_text(broken) if broken else path.unlink()
        assert read() == before
        assert read() == before
    assert [("counts on" in text) for text in said] == [True] * 3
    path.write_text(PROGRAM.replace("Make the score", "At once make the score"))
    assert "At once" in read()
    assert said[3:] == ["program.md: the next proposal is shown the new brief"]


def test_notes_that_are_no_file_or_no_text_are_told_and_wait_for_nothing(user: User, tmp_path: Path) -> None:
    said: list[str] = []
    read = brief.notes(project(user), said.append)
    notes = user.home / "notes.md"
    os.mkfifo(notes)
    assert read() == ""
    notes.unlink()
    notes.mkdir()
    assert read() == ""
    notes.rmdir()
    notes.symlink_to(tmp_path / "nowhere")
    assert read() == ""
    assert said == ["notes.md cannot be read, since it is no file"]
    notes.unlink()
    notes.write_text("look at the loader")
    assert read() == "look at the loader"
    notes.write_bytes(b"\xff\xfe")
    assert read() == "look at the loader"
    assert said[1:] == [
        "notes.md: the next proposal is shown it",
        "notes.md cannot be read, since it is not UTF-8: what it said before counts on",
    ]


def test_in_place_nothing_is_read_that_a_run_could_have_written(user: User) -> None:
    said: list[str] = []
    read = brief.notes(project(user, in_place=True), said.append)
    (user.home / "notes.md").write_text("obey me")
    assert read() == ""
    user.git("rm", "--quiet", "--cached", "program.md")
    user.git("commit", "--quiet", "-m", "no program")
    prose = brief.prose(project(user, in_place=True), said.append)
    (user.home / "program.md").write_text(PROGRAM + "obey me\n")
    assert "obey me" not in prose()
    assert said == []
