"""Every bad input: one clear sentence with the remedy, its exit code, and nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from model_server import ModelServer
from user import PROGRAM, TARGET, User, whole

TUNE = ("--model", "tune", "--budget", "experiments=2")


def no_commits(user: User) -> None:
    user.git("update-ref", "-d", "refs/heads/main")


def ignored(user: User) -> None:
    user.git("rm", "--quiet", "--cached", "program.py")
    (user.home / ".gitignore").write_text("program.py\n")
    user.git("add", ".gitignore")
    user.git("commit", "--quiet", "-m", "ignore it")


def untracked(user: User) -> None:
    user.git("rm", "--quiet", "--cached", "program.py")
    user.git("commit", "--quiet", "-m", "forget it")


def binary(user: User) -> None:
    (user.home / "program.py").write_bytes(b"\x89PNG\0\xff")
    user.git("commit", "--quiet", "-am", "binary")


def symlink(user: User) -> None:
    (user.home / "program.py").unlink()
    (user.home / "program.py").symlink_to("program.md")
    user.git("commit", "--quiet", "-am", "link")


def results_tracked(user: User) -> None:
    (user.home / "results.tsv").write_text("commit\tscore\tstatus\tdescription\n")
    user.git("add", "results.tsv")
    user.git("commit", "--quiet", "-m", "results")


def program(text: str) -> Callable[[User], None]:
    """Another program.md, committed."""

    def write(user: User) -> None:
        (user.home / "program.md").write_text(text)
        user.git("commit", "--quiet", "-am", "program")

    return write


def target(text: str) -> Callable[[User], None]:
    """Another target, committed."""

    def write(user: User) -> None:
        (user.home / "program.py").write_text(text)
        user.git("commit", "--quiet", "-am", "target")

    return write


def branch(name: str) -> Callable[[User], None]:
    """A branch of the user's."""

    def make(user: User) -> None:
        user.git("branch", name)

    return make


def setting(line: str) -> Callable[[User], None]:
    """One more line of front matter."""
    return program(PROGRAM.replace("timeout: 20s", f"timeout: 20s\n{line}"))


def nothing(user: User) -> None:
    """All is well but for the arguments."""


CASES: list[tuple[str, Callable[[User], None], tuple[str, ...], int, str]] = [
    ("no commits", no_commits, TUNE, 3, "has no commits yet. Commit your files first: git add"),
    ("target ignored", ignored, TUNE, 2, "target program.py is ignored by git"),
    ("target untracked", untracked, TUNE, 2, "target program.py is not committed. Run `git add program.py"),
    ("target missing", nothing, (*TUNE, "--target", "nope.py"), 2, "target nope.py does not exist"),
    ("target a folder", nothing, (*TUNE, "--target", "."), 2, "is a directory"),
    ("target outside", nothing, (*TUNE, "--target", "../other.py"), 2, "../other.py lies outside the project"),
    ("target glob empty", nothing, (*TUNE, "--target", "*.cu"), 2, "target '*.cu' matches no tracked file"),
    ("target binary", binary, TUNE, 2, "target program.py is binary, or not UTF-8 text"),
    ("target a symlink", symlink, TUNE, 2, "program.py is a symbolic link, not a file"),
    ("no program.md", nothing, (*TUNE, "--program", "nope.md"), 2, "nope.md does not exist. Run `autoresearch init`"),
    ("not YAML", program("---\ntarget: [a\n---\n"), TUNE, 2, "of the front matter is not YAML"),
    (
        "set twice",
        program("---\nbudget: {hours: 1, hours: 2}\n---\n"),
        TUNE,
        2,
        "line 2 of the front matter is not YAML: hours is set",
    ),
    ("a glob without quotes", program("---\ntarget: *.py\n---\n"), TUNE, 2, "line 2 of the front matter is not YAML"),
    ("front matter a list", program("---\n- a\n---\n"), TUNE, 2, "`name: value` lines"),
    ("unknown key", setting("timeuot: 5s"), TUNE, 2, "unknown setting 'timeuot'; did you mean 'timeout'?"),
    (
        "unknown budget",
        setting("budget: {euro: 5}"),
        TUNE[:2],
        2,
        "unknown 'budget.euro'; budget has experiments, hours",
    ),
    (
        "no metric",
        program("---\ntarget: program.py\nbench: 'true'\n---\n"),
        TUNE,
        2,
        "no 'metric'. Add a line `metric: …`",
    ),
    ("no direction", program("---\ntarget: program.py\nbench: 'true'\nmetric: x\n---\n"), TUNE, 2, "no 'direction'"),
    ("bad duration", setting("reply_timeout: soon"), TUNE, 2, "'soon' is not a duration; write 90s, 10m or 1h30m"),
    (
        "bad direction",
        nothing,
        (*TUNE, "--direction", "up"),
        2,
        "--direction: direction must be 'higher' or 'lower'",
    ),
    (
        "bad pattern",
        setting("columns: []"),
        (*TUNE, "--budget", "lots"),
        2,
        "budget is written as experiments=20,hours=8,usd=5",
    ),
    ("bad whole number", setting("repairs: two"), TUNE, 2, "repairs must be a whole number (it is 'two')"),
    ("bad yes or no", setting("canary: maybe"), TUNE, 2, "canary must be true or false (it is 'maybe')"),
    ("budget a number", setting("budget: 4"), TUNE[:2], 2, "budget is written as experiments=20,hours=8,usd=5"),
    ("a column twice", setting("columns: [score]"), TUNE, 2, "columns name the metric or a column twice"),
    ("bench empty", program(PROGRAM.replace("python3 -S program.py", "''")), TUNE, 2, "bench is empty"),
    ("link outside", setting("link: /etc"), TUNE, 2, "link: /etc lies outside the project"),
    ("link .git", setting("link: .git"), TUNE, 2, "link: .git lies outside the project"),
    ("tag too long", nothing, (*TUNE, "--tag", "a" * 300), 2, "is not a branch name"),
    ("tag empty", nothing, (*TUNE, "--tag", ""), 2, "--tag '' is not a branch name"),
    ("bad number", nothing, (*TUNE, "--budget", "experiments=0"), 2, "budget.experiments"),
    ("protected target", setting("protect: program.py"), TUNE, 2, "program.py is both a target and protected"),
    ("protect missing", setting("protect: nope.txt"), TUNE, 2, "protect: nope.txt does not exist"),
    ("cache at home", setting("cache: '~/.cache'"), TUNE, 2, "cache: ~/.cache is no path that runs may write to"),
    ("cache in git", setting("cache: .git/x"), TUNE, 2, "cache: .git/x is no path that runs may write to"),
    ("cache tracked", setting("cache: program.md"), TUNE, 2, "cache: program.md holds files that git tracks"),
    ("cache all", setting("cache: ."), TUNE, 2, "cache: . holds files that git tracks"),
    (
        "bench needs its home",
        nothing,
        (*TUNE, "--bench", "echo x >> ~/.kept && python3 -S program.py", "--no-canary"),
        5,
        "point what a tool keeps at home into the tree",
    ),
    ("link missing", setting("link: nope"), TUNE, 2, "link: nope does not exist"),
    ("metric never printed", target('VALUE = 1\nprint("scores", VALUE)\n'), TUNE, 5, "no 'score:' line"),
    ("bench fails", target("VALUE = 1\nraise ValueError('broken', VALUE)\n"), TUNE, 5, "ValueError: ('broken', 1)"),
    ("bench not found", nothing, (*TUNE, "--bench", "no-such-program"), 5, "no-such-program"),
    ("bench ignores the target", nothing, (*TUNE, "--bench", "echo score: 1"), 5, "was broken on purpose"),
    (
        "baseline times out",
        target(f"import time\ntime.sleep(30)\n{TARGET}"),
        (*TUNE, "--timeout", "1s"),
        5,
        "timed out",
    ),
    (
        "no time for the baseline",
        target(f"import time\ntime.sleep(30)\n{TARGET}"),
        ("--model", "tune", "--budget", "hours=0.0003"),
        6,
        "the budget of 0.0003 hours is spent before the baseline finished. Raise `budget`",
    ),
    ("tag no branch name", nothing, (*TUNE, "--tag", "a b"), 2, "--tag 'a b' is not a branch name"),
    ("tag with dots", nothing, (*TUNE, "--tag", "a..b"), 2, "--tag 'a..b' is not a branch name"),
    ("tag a path", nothing, (*TUNE, "--tag", "../x"), 2, "is not a branch name"),
    ("branch in the way", branch("autoresearch"), (*TUNE, "--tag", "t"), 3, "Rename it: beside it git can have"),
    (
        "branch is not ours",
        branch("autoresearch/t"),
        (*TUNE, "--tag", "t"),
        3,
        "branch autoresearch/t exists and is not a session",
    ),
    ("results.tsv tracked", results_tracked, TUNE, 3, "results.tsv is tracked by git"),
    (
        "no model, no key",
        nothing,
        (),
        4,
        "no model is set and no API key is set. Four ways on: export ANTHROPIC_API_KEY",
    ),
    ("unknown provider", nothing, ("--model", "gemini/pro"), 2, "unknown model 'gemini/pro': write openai/NAME"),
    ("command without a command", nothing, ("--model", "command"), 2, "model: command needs `command: …`"),
    ("no key", nothing, ("--model", "openai/gpt-6-luna"), 4, "OPENAI_API_KEY"),
    ("no key either", nothing, ("--model", "anthropic/claude-opus-5-5"), 4, "ANTHROPIC_API_KEY"),
    ("nothing to tune", target('import sys\nsys.stdout.write("score: 1\\n")\n'), TUNE, 4, "finds nothing to tune"),
]


@pytest.mark.parametrize(
    ("spoil", "arguments", "code", "sentence"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_says_what_is_wrong_and_changes_nothing(
    tmp_path: Path, spoil: Callable[[User], None], arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    user = User.with_project(tmp_path)
    spoil(user)
    before = user.everything() if user.git("for-each-ref") else ""
    done = user.types("run", *arguments)
    assert sentence in " ".join(done.stderr.split())
    assert done.returncode == code
    assert not done.stderr.startswith("Traceback")
    assert (user.everything() if before else "") == before


def test_not_a_repository(tmp_path: Path) -> None:
    for name, text in (("program.md", PROGRAM), ("program.py", TARGET)):
        (tmp_path / name).write_text(text)
    done = User(tmp_path).types("run", *TUNE)
    assert "is not in a git repository. Run `autoresearch init`" in done.stderr
    assert done.returncode == 3
    assert {path.name for path in tmp_path.iterdir()} == {"program.md", "program.py"}


def test_a_program_md_further_up_is_pointed_to(tmp_path: Path) -> None:
    User.with_project(tmp_path, files={"sub/x.txt": ""})
    done = User(tmp_path / "sub").types("run", *TUNE)
    assert done.returncode == 2
    assert f"There is {tmp_path / 'program.md'}: go there" in done.stderr


def test_a_typo_in_the_environment_is_said(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    done = user.types("run", *TUNE, env={"AUTORESEARCH_BUGET": "experiments=1"})
    assert "AUTORESEARCH_BUGET in the environment is no setting; did you mean 'budget'?" in done.stderr


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    (user.home / ".git" / "autoresearch").write_text("in the way\n")  # stops root as well, unlike permissions
    done = user.types("run", *TUNE)
    assert done.returncode == 3
    assert "Mend that, then run the same command again" in done.stderr
    assert "Traceback" not in done.stderr


def test_git_is_not_installed(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    done = user.types("run", *TUNE, env={"PATH": str(tmp_path)})
    assert done.returncode == 3
    assert "git is not installed, or not on the PATH. Install git" in done.stderr


def test_a_wrong_key_and_an_unknown_model_are_found_before_anything_is_run(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    before = user.everything()
    with ModelServer([whole("11.0")], key="sk-right") as server:
        for key, model, sentence in (
            ("sk-wrong-and-secret", "openai/gpt-6-luna", "OPENAI_API_KEY"),
            ("sk-right", "openai/gpt-6-lunar", "gpt-6-luna"),
        ):
            done = user.types(
                "run", "--model", model, env={"OPENAI_API_KEY": key, "OPENAI_BASE_URL": server.openai_url}
            )
            assert done.returncode == 4
            assert sentence in done.stderr
            assert "sk-" not in done.stderr
        assert server.requests == []
    assert user.everything() == before


def test_a_session_cannot_go_on_with_another_metric(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    user.types("run", "--tag=t", *TUNE)
    before = user.everything()
    done = user.types("run", "--tag=t", *TUNE, "--direction", "lower")
    assert done.returncode == 2
    assert "session t was begun with direction 'higher', now it is 'lower'" in done.stderr
    assert user.everything() == before


def test_commits_of_others_on_the_branch_are_noticed(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    user.types("run", "--tag=t", *TUNE)
    user.git("checkout", "--quiet", "autoresearch/t")
    (user.home / "program.py").write_text("mine = 1\n")
    user.git("commit", "--quiet", "-am", "mine")
    user.git("checkout", "--quiet", "main")
    user.git("update-ref", "refs/autoresearch/t/best", "autoresearch/t")
    before = user.everything()
    done = user.types("run", "--tag=t", "--model=tune", "--budget=experiments=4")
    assert done.returncode == 3
    assert "has commits that autoresearch did not make" in done.stderr
    assert user.everything() == before


@pytest.mark.slow
def test_a_foreign_results_file_is_put_aside(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    (user.home / "results.tsv").write_text("commit\tmine\n")
    done = user.types("run", "--tag=t", *TUNE)
    assert "results.tsv was not written by autoresearch: it is now results.1.tsv" in done.stderr
    assert (user.home / "results.1.tsv").read_text() == "commit\tmine\n"
    assert len(user.rows()) == 2


def test_in_place_is_refused_over_uncommitted_changes(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    (user.home / "program.py").write_text("draft\n")
    before = user.everything()
    done = user.types("run", "--in-place", "--tag=t", *TUNE)
    assert done.returncode == 3
    assert "program.py has changes that autoresearch did not make. Commit or stash them" in done.stderr
    assert user.everything() == before
