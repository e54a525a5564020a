"""Git plumbing on real repositories, kind ones and odd ones."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from threading import Thread

import pytest

from autoresearch.edge import footprint
from autoresearch.edge.commit import Tracked
from autoresearch.edge.repo import Repository
from autoresearch.errors import RepositoryError
from user import User

DATE = "1700000000 +0000"


def commit(repository: Repository, text: bytes = b"new\r\n", ref: str = "refs/autoresearch/t/2", **more: str) -> str:
    return footprint.commit(
        repository,
        {"program.py": Tracked("100644", text)},
        parent=repository.head(),
        message=more.get("message", "try"),
        date=DATE,
        ref=ref,
    )


def test_commits_one_file_and_touches_nothing_of_the_users(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, files={"other.txt": "other\n"})
    before = user.checkout()
    repository = Repository.open(tmp_path)
    made = commit(repository)
    repository.close()
    assert user.checkout() == before
    assert user.git("diff", "--name-only", "main", made) == "program.py"
    assert user.git("rev-parse", "refs/autoresearch/t/2") == made
    assert user.git("rev-parse", f"{made}^") == user.git("rev-parse", "main")
    assert (
        subprocess.run(["git", "cat-file", "blob", f"{made}:program.py"], cwd=tmp_path, capture_output=True).stdout
        == b"new\r\n"
    )


def test_a_checkout_that_is_interrupted_is_finished_first(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "mine", files={".gitattributes": "program.py filter=slow\n"})
    begun, go = tmp_path / "begun", tmp_path / "go"
    user.git("config", "filter.slow.smudge", f"touch {begun}; while [ ! -e {go} ]; do sleep 0.05; done; cat")

    def interrupt() -> None:
        while not begun.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)  # longer than subprocess waits by itself once it is interrupted
        go.touch()

    repository = Repository.open(user.home)
    other = Thread(target=interrupt)
    other.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            footprint.add_tree(repository, tmp_path / "tree", repository.head())
        assert (tmp_path / "tree" / "program.py").read_text() == (user.home / "program.py").read_text()
    finally:
        go.touch()
        other.join()
        repository.close()


def test_the_same_candidate_is_the_same_commit(tmp_path: Path) -> None:
    User.with_project(tmp_path)
    repository = Repository.open(tmp_path)
    assert commit(repository) == commit(repository)
    repository.close()


@pytest.mark.slow
def test_hooks_signing_line_endings_and_a_foreign_git_dir_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = User.with_project(tmp_path / "mine")
    other = User.with_project(tmp_path / "other")
    for name in ("pre-commit", "commit-msg", "post-commit", "reference-transaction", "post-checkout"):
        hook = user.home / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text('#!/bin/sh\ntouch "$(git rev-parse --git-common-dir)/hooked"\nexit 1\n')
        hook.chmod(0o755)
    user.git("config", "commit.gpgSign", "true")
    user.git("config", "core.autocrlf", "true")
    monkeypatch.setenv("GIT_DIR", str(other.home / ".git"))
    done = user.types("run", "--tag=t", "--model=tune", "--budget=experiments=3")
    monkeypatch.delenv("GIT_DIR")
    assert done.returncode == 0, done.stderr
    assert len(user.rows()) == 3
    assert not (user.home / ".git" / "hooked").exists()
    assert other.git("for-each-ref").count("\n") == 0


def test_an_identity_is_found_when_git_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = User.with_project(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    repository = Repository.open(tmp_path)
    made = commit(repository)
    repository.close()
    assert (
        user.git("show", "-s", "--format=%an <%ae> %cn", made) == "autoresearch <autoresearch@localhost> autoresearch"
    )


def test_a_user_keeps_their_own_identity(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    repository = Repository.open(tmp_path)
    made = commit(repository)
    repository.close()
    assert user.git("show", "-s", "--format=%an <%ae>", made) == "Ada <ada@example.org>"


def test_a_ref_moves_only_from_where_it_is_known_to_be(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    repository = Repository.open(tmp_path)
    base, made = repository.head(), commit(repository)
    footprint.point(repository, [("refs/heads/autoresearch/t", base, footprint.NULL_ID)])
    with pytest.raises(RepositoryError):
        footprint.point(
            repository,
            [("refs/autoresearch/t/best", made, footprint.NULL_ID), ("refs/heads/autoresearch/t", made, made)],
        )
    assert repository.ref("refs/autoresearch/t/best") is None
    footprint.point(repository, [("refs/heads/autoresearch/t", made, base)])
    repository.close()
    assert user.git("rev-parse", "autoresearch/t") == made


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param("with space", marks=pytest.mark.slow),
        'it\'s "quoted"',
        pytest.param("naïve-ünïcode", marks=pytest.mark.slow),
        "new\nline",
    ],
)
@pytest.mark.slow
def test_a_session_works_in_an_odd_folder_with_an_odd_target(tmp_path: Path, folder: str) -> None:
    target = '"sub dir/prögram.py"'
    program = f"---\ntarget: {target}\nbench: python3 -S {target}\nmetric: score\ndirection: higher\n---\n"
    user = User.with_project(
        tmp_path / folder, program=program, files={"sub dir/prögram.py": 'VALUE = 1.5\nprint(f"score: {VALUE}")\n'}
    )
    done = user.types("run", "--tag=t", "--model=tune", "--budget=experiments=4")
    assert done.returncode == 0, done.stderr
    assert len(user.rows()) == 4
    assert "prögram.py" in user.git(
        "-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", "refs/autoresearch/t/2"
    )


@pytest.mark.slow
def test_candidates_survive_a_garbage_collection(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    user.types("run", "--tag=t", "--model=tune", "--budget=experiments=4")
    user.git("reflog", "expire", "--expire=now", "--all")
    user.git("gc", "--quiet", "--prune=now")
    for row in user.rows():
        user.git("cat-file", "-e", row["commit"])


@pytest.mark.slow
def test_a_project_in_a_subdirectory_of_a_repository(tmp_path: Path) -> None:
    user = User.with_project(tmp_path, files={"deep/er/program.md": "", "deep/er/program.py": ""})
    for name in ("program.md", "program.py"):
        (tmp_path / "deep/er" / name).write_text((tmp_path / name).read_text())
    user.git("commit", "--quiet", "-am", "move")
    inner = User(tmp_path / "deep/er")
    done = inner.types("run", "--tag=t", "--model=tune", "--budget=experiments=3")
    assert done.returncode == 0, done.stderr
    assert len(inner.rows()) == 3
    assert not (tmp_path / "results.tsv").exists()
    assert user.git("status", "--porcelain") == ""
    assert user.git("diff", "--name-only", "main", "refs/autoresearch/t/2") == "deep/er/program.py"
