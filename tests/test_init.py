"""`autoresearch init`, typed by a user: with real git, real benches, and a real terminal where it asks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pexpect
import pytest
import yaml

from autoresearch.errors import SettingsError
from autoresearch.model import Direction
from autoresearch.program import FENCE, read, split
from autoresearch.scaffold import brief, shipped
from autoresearch.scaffold.draft import add_front_matter, writing
from autoresearch.settings import Settings
from autoresearch.sources import load
from test_sandbox import needs_bubblewrap
from user import COMMAND, User

STARTER = [".gitignore", "bench.py", "program.md", "solution.py"]
BENCH = 'from model import LOSS\nprint("epochs: 3")\nprint(f"val_loss: {LOSS}")\n'
MODEL = "LOSS = 0.25\n"
ALL = ("--target", "model.py", "--bench", "python3 -S bench.py", "--metric", "val_loss", "--direction", "lower")


def project(home: Path, files: Mapping[str, str] | None = None) -> User:
    """An existing project in a repository of its own."""
    user = User(home)
    home.mkdir()
    for name, text in (files or {"bench.py": BENCH, "model.py": MODEL}).items():
        (home / name).write_text(text)
    user.git("init", "--quiet", "-b", "main")
    user.git("add", "-A")
    user.git("commit", "--quiet", "-m", "mine")
    return user


def tree(directory: Path) -> dict[str, bytes]:
    """Every file with its bytes, git's own left out."""
    files = [path for path in directory.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.name != ".git")


# From nothing


@pytest.mark.slow
def test_makes_a_project_that_runs_at_once(tmp_path: Path) -> None:
    user = User(tmp_path)
    done = user.types("init", "new/proj")
    assert done.returncode == 0, done.stderr
    home = User(tmp_path / "new" / "proj")
    assert names(home.home) == STARTER
    assert home.git("log", "--format=%an %s", "main") == "Ada Start experiments"
    assert home.git("ls-files").split() == STARTER
    assert home.git("status", "--porcelain") == ""
    ran = home.types("run", "--tag", "first", "--model", "tune", "--budget", "experiments=2")
    assert ran.returncode == 0, ran.stderr
    baseline = home.rows()[0]
    assert baseline["status"] == "keep"
    assert 26000 < float(baseline["compressed_bytes"]) < 26800


def test_says_what_it_wrote_and_what_comes_next(tmp_path: Path) -> None:
    done = User(tmp_path).types("init", "it's new")
    assert "wrote in it's new: program.md, .gitignore, bench.py, solution.py" in done.stdout
    assert done.stdout.partition("next:\n")[2].splitlines() == [
        """  cd 'it'"'"'s new'""",
        "  autoresearch check --model tune",
        "  autoresearch run --tag first --model tune    # offline, as no API key is set",
    ]
    assert done.stderr == ""


def test_leaves_the_tuner_unmentioned_where_a_key_is_set(tmp_path: Path) -> None:
    done = User(tmp_path).types("init", env={"OPENAI_API_KEY": "sk-none"})
    assert done.stdout.endswith("next:\n  autoresearch check\n  autoresearch run --tag first\n")


def test_names_a_key_where_the_tuner_would_find_nothing(tmp_path: Path) -> None:
    done = User(tmp_path).types("init", "--template", "game_of_life", "life")
    assert done.stdout.partition("next:\n")[2].splitlines() == [
        "  cd life",
        "  export ANTHROPIC_API_KEY=…    # or OPENAI_API_KEY: there is nothing for the offline tuner to tune",
        "  autoresearch check",
        "  autoresearch run --tag first",
    ]


@needs_bubblewrap
def test_starter_passes_the_check(tmp_path: Path) -> None:
    user = User(tmp_path / 'a "b" ü $x \'')
    user.home.mkdir()
    assert user.types("init").returncode == 0
    done = user.types("check", "--model", "tune")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ready: 0 errors, 0 warnings" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("data.append(data[-distance])", "data.append(0)", "log: decompress(compress(data)) is not the data"),
        ("# The comments", "import zlib  # The", "import of zlib halted"),
        ("at += length", "at += lengt", "name 'lengt' is not defined"),
    ],
)
def test_starter_bench_fails_without_a_metric_when_the_target_is_wrong(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    for name, source in shipped.starter().items():
        shutil.copy(source, tmp_path / name)
    text = (tmp_path / "solution.py").read_text()
    assert old in text
    (tmp_path / "solution.py").write_text(text.replace(old, new))
    done = subprocess.run([sys.executable, "bench.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert "compressed_bytes" not in done.stdout


def test_starter_keeps_its_text_at_every_setting_of_its_knobs(tmp_path: Path) -> None:
    source = shipped.starter()["solution.py"].read_text()
    for window, length, shortest, lazy in ((5, 2, 2, True), (9, 8, 8, False), (16, 4, 3, True)):
        code = re.sub(r"(WINDOW_BITS) = \d+", rf"\1 = {window}", source)
        code = re.sub(r"(LENGTH_BITS) = \d+", rf"\1 = {length}", code)
        code = re.sub(r"(MIN_MATCH) = \d+", rf"\1 = {shortest}", code).replace("LAZY = False", f"LAZY = {lazy}")
        scope: dict[str, object] = {}
        exec(code, scope)
        for data in (b"", b"a", bytes(300), b"abcabcabcabd" * 9, bytes(range(256))):
            packed = eval("compress(data)", scope, {"data": data})
            assert eval("decompress(packed)", scope, {"packed": packed}) == data


def test_readme_and_hidden_files_make_no_project(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / ".gitignore").write_text("secret\n")
    done = User(tmp_path).types("init")
    assert done.returncode == 0, done.stderr
    assert "left as they are: .gitignore\n" in done.stdout
    assert (tmp_path / "README.md").read_text() == "mine"
    assert (tmp_path / ".gitignore").read_text() == "secret\n"
    assert User(tmp_path).git("ls-files").split() == ["bench.py", "program.md", "solution.py"]


def test_second_init_changes_nothing(tmp_path: Path) -> None:
    user = User(tmp_path)
    user.types("init")
    before = tree(tmp_path)
    done = user.types("init")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: program.md has front matter already.")
    assert tree(tmp_path) == before


def test_never_commits_in_a_repository_of_the_users(tmp_path: Path) -> None:
    user = project(tmp_path / "repo")
    head = user.git("rev-parse", "HEAD")
    done = user.types("init", "sub dir/new")
    assert done.returncode == 0, done.stderr
    assert user.git("rev-parse", "HEAD") == head
    assert user.git("diff", "--cached", "--name-only") == ""
    assert not (user.home / "sub dir/new/.git").exists()
    command = re.search(r"cd .*\n.*git add .*", done.stdout)
    assert command, done.stdout
    subprocess.run(command[0].replace("\n", " && "), shell=True, cwd=user.home, check=True)
    assert user.git("ls-files", "sub dir").splitlines() == [f"sub dir/new/{name}" for name in STARTER]


def test_names_every_file_where_the_repository_has_no_commit_yet(tmp_path: Path) -> None:
    user = User(tmp_path)
    user.git("init", "--quiet")
    done = user.types("init")
    assert "git add program.md .gitignore bench.py solution.py && git commit" in done.stdout
    assert user.git("status", "--porcelain", "--untracked-files=no") == ""


def test_project_that_a_repository_around_it_ignores_gets_its_own(tmp_path: Path) -> None:
    user = project(tmp_path / "repo", {".gitignore": "scratch/\n"})
    assert user.types("init", "scratch/new").returncode == 0
    assert User(user.home / "scratch/new").git("ls-files").split() == STARTER
    assert user.git("status", "--porcelain") == ""


def test_commits_under_a_name_of_its_own_where_git_knows_none(tmp_path: Path) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("")
    user = User(tmp_path / "new")
    user.home.mkdir()
    assert user.types("init", env={"GIT_CONFIG_GLOBAL": str(config)}).returncode == 0
    assert user.git("log", "--format=%an %ae %cn %ce") == " ".join(["autoresearch autoresearch@localhost"] * 2)
    assert config.read_text() == ""
    assert "autoresearch" not in (user.home / ".git/config").read_text()


def test_runs_no_hook_and_signs_nothing(tmp_path: Path) -> None:
    hook = tmp_path / "hooks" / "pre-commit"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(
        f"[core]\n\thooksPath = {hook.parent}\n\texcludesFile = {tmp_path}/ignore\n"
        "[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = false\n[user]\n\tname = Bo\n\temail = bo@example.org\n"
    )
    (tmp_path / "ignore").write_text("*.md\n")
    done = User(tmp_path).types("init", "new", env={"GIT_CONFIG_GLOBAL": str(config)})
    assert done.returncode == 0, done.stderr
    assert User(tmp_path / "new").git("log", "--format=%an", "--", "program.md") == "Bo"


def test_takes_everything_back_when_git_fails(tmp_path: Path) -> None:
    config = tmp_path / "gitconfig"
    config.write_text(f"[init]\n\ttemplateDir = {tmp_path}/template\n")
    (tmp_path / "template").mkdir()
    (tmp_path / "template" / "index.lock").touch()
    done = User(tmp_path).types("init", "a/b", env={"GIT_CONFIG_GLOBAL": str(config)})
    assert done.returncode == 3
    assert "git could not make a repository in a/b: Unable to create" in done.stderr
    assert names(tmp_path) == ["gitconfig", "template"]


def test_says_that_git_does_not_run_before_it_writes(tmp_path: Path) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("[core\n")
    done = User(tmp_path).types("init", "a/b", env={"GIT_CONFIG_GLOBAL": str(config)})
    assert (done.returncode, names(tmp_path)) == (3, ["gitconfig"])
    assert done.stderr.startswith("error: git does not run: bad config line 1 in file")
    user = project(tmp_path / "repo")
    done = user.types("init", *ALL, env={"GIT_CONFIG_GLOBAL": str(config)})
    assert (done.returncode, user.git("status", "--porcelain")) == (3, "")


def test_says_that_git_is_missing_before_it_writes(tmp_path: Path) -> None:
    done = User(tmp_path).types("init", "new", env={"PATH": str(tmp_path / "nothing")})
    assert (done.returncode, names(tmp_path)) == (3, [])
    assert done.stderr.startswith("error: git is not installed")


def test_takes_files_and_folders_back_when_one_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")

    def write() -> None:
        with writing(tmp_path / "a" / "b") as draft:
            draft.file("one", b"1")
            draft.file("one/two", b"2")

    with pytest.raises(SettingsError, match=r"cannot write .*/a/b/one/two: Not a directory"):
        write()
    assert names(tmp_path) == ["mine"]


def test_never_writes_over_a_file_or_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("elsewhere")
    with writing(tmp_path) as draft:
        draft.file("file", b"new")
        draft.file("link", b"new")
    assert draft.left == ["file", "link"]
    assert (tmp_path / "file").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(("directory", "message"), [("file", "file is a file."), ("file/sub", "cannot write file/sub")])
def test_refuses_a_directory_that_is_a_file(tmp_path: Path, directory: str, message: str) -> None:
    (tmp_path / "file").write_text("mine")
    done = User(tmp_path).types("init", directory)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {message}")
    assert tree(tmp_path) == {"file": b"mine"}


# From an example


def test_lists_the_examples_in_a_line_each(tmp_path: Path) -> None:
    done = User(tmp_path).types("init", "--list")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["game_of_life", "tiny_lm"]
    assert all(line.count("  ") and len(line) > 40 for line in lines)
    assert "character-level language model" in lines[1]
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["game_of_life", "tiny_lm"])
def test_copies_an_example_into_a_repository(tmp_path: Path, name: str) -> None:
    user = User(tmp_path)
    done = user.types("init", "new", "--template", name)
    assert done.returncode == 0, done.stderr
    copy = User(tmp_path / "new")
    assert tree(copy.home) == {
        path: source.read_bytes() for path, source in shipped.files(shipped.example(name)).items()
    }
    assert sorted(copy.git("ls-files").split()) == sorted(tree(copy.home))
    assert copy.git("log", "--format=%s") == f"Start from the example {name}"
    assert load({}, {}, read(copy.home / "program.md").front, "program.md").settings.bench.startswith("python3 ")


def test_example_leaves_what_is_there(tmp_path: Path) -> None:
    user = project(tmp_path / "repo", {"train.py": "mine\n"})
    done = user.types("init", "--template", "tiny_lm")
    assert "left as they are: train.py\n" in done.stdout
    assert (user.home / "train.py").read_text() == "mine\n"
    assert "git add .gitignore README.md bench.py program.md text.txt && git commit" in done.stdout


def test_unknown_example_is_refused_with_the_nearest(tmp_path: Path) -> None:
    done = User(tmp_path).types("init", "new", "--template", "tinylm")
    assert (done.returncode, names(tmp_path)) == (2, [])
    assert "no template is named 'tinylm'; did you mean tiny_lm?" in done.stderr


def test_example_takes_no_settings(tmp_path: Path) -> None:
    done = User(tmp_path).types("init", "new", "--template", "tiny_lm", "--metric", "x")
    assert (done.returncode, names(tmp_path)) == (2, [])
    assert "brings its own settings. Leave out --metric." in done.stderr


def test_leaves_out_what_a_run_left_in_a_folder(tmp_path: Path) -> None:
    for name in ("run.log", "results.tsv", "__pycache__/a.pyc", ".git/HEAD", ".hidden", "sub/a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert list(shipped.files(tmp_path)) == [".hidden", "sub/a.txt"]


# In a project that exists, without a terminal


def test_writes_a_brief_for_an_existing_project(tmp_path: Path) -> None:
    user = project(tmp_path / "repo")
    before, head = tree(user.home), user.git("rev-parse", "HEAD")
    done = user.types("init", *ALL)
    assert done.returncode == 0, done.stderr
    after = tree(user.home)
    program = after.pop("program.md").decode()
    assert after == before
    assert (user.git("rev-parse", "HEAD"), user.git("status", "--porcelain")) == (head, "?? program.md")
    assert "git add program.md && git commit" in done.stdout
    for words in (
        "# repo\n",
        "Make `val_loss` as low as possible",
        "Only `model.py` may change",
        "    val_loss: NUMBER",
    ):
        assert words in program
    checked = user.types("check", "--model", "tune")
    assert "bench: val_loss: 0.25 (lower is better)" in checked.stdout


def test_names_what_is_missing_and_what_was_found(tmp_path: Path) -> None:
    user = project(tmp_path / "repo")
    done = user.types("init", "--metric", "val_loss")
    assert (done.returncode, user.git("status", "--porcelain")) == (2, "")
    assert "give --target, --bench, --direction." in done.stderr
    assert "--bench could be python3 bench.py (bench.py; prints val_loss)." in done.stderr
    assert "--target could be model.py." in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_takes_the_only_number_that_the_bench_prints(tmp_path: Path) -> None:
    user = project(tmp_path / "repo")
    done = user.types("init", "--target", "model.py", "--bench", "echo accuracy: 0.5; echo done")
    assert done.returncode == 0, done.stderr
    front = read(user.home / "program.md").front
    assert (front["metric"], front["direction"]) == ("accuracy", "higher")
    assert "running the bench once, for at most 60 s, to see what it prints: echo accuracy" in done.stderr


@pytest.mark.parametrize(
    ("bench", "code", "message"),
    [
        ("python3 -S bench.py", 2, "prints epochs, val_loss. Say with --metric which of them"),
        ("echo hello", 2, "prints no `name: number` line."),
        ("echo loss: 1; echo oh dear >&2; exit 7", 5, "failed: exit code 7: oh dear; it printed loss. Mend"),
        ("echo score7: 1", 2, "the name 'score7' does not tell which way is better. Give --direction"),
    ],
)
def test_says_what_the_bench_printed_when_that_names_no_metric(
    tmp_path: Path, bench: str, code: int, message: str
) -> None:
    user = project(tmp_path / "repo")
    done = user.types("init", "--target", "model.py", "--bench", bench)
    assert done.returncode == code
    assert message in done.stderr
    assert user.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--target", "nope.py"), "target nope.py does not exist in /"),
        (("--target", "../x.py"), "target ../x.py lies outside /"),
        (("--target", "."), "target . is a directory."),
        (("--target", "*.rs"), "target *.rs does not exist"),
        (("--direction", "up"), "--direction: direction must be 'higher' or 'lower' (it is 'up')"),
        (("--metric", "a b"), "--metric: metric.name must be one word"),
        (("--bench", "a\nb"), "--bench has several lines."),
    ],
)
def test_refuses_settings_that_cannot_work(tmp_path: Path, flags: tuple[str, str], message: str) -> None:
    user = project(tmp_path / "repo")
    given = dict(zip(ALL[::2], ALL[1::2], strict=True)) | {flags[0]: flags[1]}
    done = user.types("init", *[word for pair in given.items() for word in pair])
    assert done.returncode == 2
    assert message in done.stderr
    assert user.git("status", "--porcelain") == ""


def test_settings_need_a_project(tmp_path: Path) -> None:
    done = User(tmp_path).types("init", "new", *ALL)
    assert (done.returncode, names(tmp_path)) == (2, [])
    assert done.stderr.startswith("error: new does not exist.")


def test_makes_no_repository_of_files_that_are_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "bench.py").write_text(BENCH)
    done = User(tmp_path).types("init", *ALL)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / ".git").exists()
    assert "next:\n  git init -b main\n  git add -A\n" in done.stdout


def test_names_untracked_target_and_bench_for_the_commit(tmp_path: Path) -> None:
    user = project(tmp_path / "repo", {"README.md": "mine"})
    (user.home / "model.py").write_text(MODEL)
    (user.home / "bench.py").write_text(BENCH)
    assert "git add program.md model.py bench.py && git commit" in user.types("init", *ALL).stdout


def test_names_what_is_staged_where_there_is_no_commit_yet(tmp_path: Path) -> None:
    user = project(tmp_path / "repo")
    user.git("update-ref", "-d", "HEAD")
    assert "git add program.md model.py bench.py && git commit" in user.types("init", *ALL).stdout


# On top of a program.md


@pytest.mark.parametrize(
    "prose",
    [
        b"# Faster\n\nMake it faster.\n",
        b"# Faster\r\n\r\nMake it faster.\r\n",
        b"no newline at the end",
        b"",
        b"---\n\nA rule first, and never another.\n",
        "\ufeff# Mit Byte-Order-Mark\r\nund Umlaut: ü\r\n".encode(),
        b"trailing blanks  \n\n\n\t\n",
    ],
)
def test_puts_settings_on_top_and_keeps_every_byte(tmp_path: Path, prose: bytes) -> None:
    user = project(tmp_path / "repo")
    program = user.home / "program.md"
    program.write_bytes(prose)
    program.chmod(0o640)
    done = user.types("init", *ALL)
    assert done.returncode == 0, done.stderr
    written = program.read_bytes()
    bare = prose.removeprefix(b"\xef\xbb\xbf")
    assert written.endswith(bare)
    assert written.startswith(b"\xef\xbb\xbf---" if bare != prose else b"---")
    assert read(program).prose == bare.decode().replace("\r\n", "\n")
    front = written[: len(written) - len(bare)]
    assert front.count(b"\r\n") == (front.count(b"\n") if b"\r\n" in prose else 0)
    assert load({}, {}, read(program).front, "program.md").settings.target == ("model.py",)
    assert program.stat().st_mode & 0o777 == 0o640
    assert names(user.home) == ["bench.py", "model.py", "program.md"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\ntarget: a.py\n---\nprose\n", "program.md has front matter already."),
        ("---\ntarget: [\n---\nprose\n", "of the front matter is not YAML"),
        ("---\njust words\n---\nprose\n", "the front matter must be `name: value` lines"),
    ],
)
def test_refuses_a_program_that_has_front_matter(tmp_path: Path, text: str, message: str) -> None:
    user = project(tmp_path / "repo", {"program.md": text, "model.py": MODEL, "bench.py": BENCH})
    done = user.types("init", *ALL)
    assert done.returncode == 2
    assert message in done.stderr
    assert user.git("status", "--porcelain") == ""


def test_symbolic_link_to_program_stays_one(tmp_path: Path) -> None:
    real = tmp_path / "real.md"
    real.write_text("prose\n")
    (tmp_path / "program.md").symlink_to("real.md")
    add_front_matter(tmp_path / "program.md", "---\nmetric: x\n---\n")
    assert (tmp_path / "program.md").is_symlink()
    assert real.read_text() == "---\nmetric: x\n---\nprose\n"


# The template


def test_rendered_program_loads_and_shows_its_values() -> None:
    made = brief.Brief("T", ("a.py", "b.py"), "python3 x.py --n 3", "val_bpb", Direction.LOWER)
    front, prose = split(brief.render(made))
    settings = load({}, {}, yaml.safe_load(front), "program.md").settings
    assert (settings.target, settings.bench, settings.timeout) == (made.target, made.bench, 600.0)
    assert (settings.metric.name, settings.direction) == ("val_bpb", Direction.LOWER)
    assert (settings.budget.experiments, settings.budget.hours) == (100, 8)
    assert [line[3:] for line in prose.splitlines() if line.startswith("## ")] == [
        "Objective",
        "Set-up and executable",
        "What may and may not change",
        "How a run works and what it prints",
        "Hard constraints",
        "Crashes and timeouts",
        "Simplicity",
        "Ideas to explore",
    ]
    assert prose.count("<!--") == 9
    assert "$" not in prose


def test_settings_that_the_template_comments_out_exist() -> None:
    front, _ = split(shipped.template())
    optional = yaml.safe_load(
        re.sub(r"^# ", "", "\n".join(re.findall(r"^# .*", front, re.MULTILINE)), flags=re.MULTILINE)
    )
    assert set(optional) <= set(Settings.model_fields)
    values = {"target": "a", "bench": "b", "metric": "c", "direction": "lower", **optional}
    assert load({}, {}, values, "program.md").settings.patience == Settings.model_fields["patience"].default


@pytest.mark.parametrize(
    "text",
    [
        "a: b",
        "x # y",
        "'q' \"r\"",
        "ü ß 漢",
        "$HOME/a && b | c",
        "*.py",
        "- x",
        "yes",
        "1e5",
        "{a}",
        " pad ",
        "a, b",
        "`c`",
    ],
)
def test_values_survive_the_front_matter(text: str) -> None:
    made = brief.Brief("T", (text,), text, "m", Direction.HIGHER)
    front = yaml.safe_load(brief.front_matter(made).removeprefix(FENCE + "\n").removesuffix(FENCE + "\n"))
    settings = load({}, {}, front, "program.md").settings
    assert (settings.target, settings.bench) == ((text.strip() if "," not in text else text,), text)


# On a terminal


def terminal(user: User, *arguments: str) -> pexpect.spawn:
    """The same command on a terminal of its own."""
    words = ["init", *arguments]
    return pexpect.spawn(str(COMMAND), words, cwd=user.home, encoding="utf-8", dimensions=(40, 200), timeout=60)


def ends(child: pexpect.spawn) -> int | None:
    """Exit code at the end of the output."""
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus  # type: ignore[no-any-return]


def test_asks_and_offers_what_it_found(tmp_path: Path) -> None:
    user = project(tmp_path / "repo", {"bench.py": f"open('ran', 'w')\n{BENCH}", "model.py": MODEL})
    child = terminal(user)
    child.expect(r"1\. python3 bench\.py \(bench\.py; prints val_loss\)")
    child.expect(r"Run them \[Y/n\]")
    assert names(user.home) == ["bench.py", "model.py"]
    child.sendline("")
    child.expect(r"epochs: 3\s+val_loss: 0.25")
    assert (user.home / "ran").exists()
    child.expect(r"Bench command.* \[python3 bench\.py\]: ")
    child.sendline("1")
    child.expect(r"Metric.* \[val_loss\]: ")
    child.sendline("")
    child.expect(r"higher or lower \[lower\]: ")
    child.sendline("")
    child.expect(r"File to improve \[model\.py\]: ")
    child.sendline("")
    assert ends(child) == 0
    front = read(user.home / "program.md").front
    assert [front[name] for name in ("target", "bench", "metric", "direction")] == [
        "model.py",
        "python3 bench.py",
        "val_loss",
        "lower",
    ]


def test_asks_again_after_an_answer_that_cannot_be(tmp_path: Path) -> None:
    user = project(tmp_path / "repo", {"model.py": MODEL})
    child = terminal(user)
    child.expect("nothing here looks like a bench")
    child.expect("Bench command: ")
    child.sendline("echo x: 1")
    child.expect(r"Run it once, to see what it prints: echo x: 1 \[Y/n\]: ")
    child.sendline("n")
    child.expect("Metric.*number: ")
    child.sendline("a b")
    child.expect("neither blanks nor colons")
    child.sendline("x")
    child.expect("higher or lower: ")
    child.sendline("up")
    child.expect("write higher or lower")
    child.sendline("higher")
    child.expect("File to improve: ")
    child.sendline("nope.py")
    child.expect("target nope.py does not exist")
    child.sendline("model.py")
    assert ends(child) == 0
    assert read(user.home / "program.md").front["direction"] == "higher"


def test_asks_only_for_what_was_not_given(tmp_path: Path) -> None:
    user = project(tmp_path / "repo")
    child = terminal(user, *ALL[:6])
    child.expect(r"higher or lower \[lower\]: ")
    child.sendline("")
    assert ends(child) == 0
    assert "File to improve" not in str(child.before)


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_breaking_off_a_question_leaves_nothing_changed(tmp_path: Path, key: str) -> None:
    user = project(tmp_path / "repo", {"program.md": "prose\n", "bench.py": BENCH, "model.py": MODEL})
    child = terminal(user, *ALL[:6])
    child.expect("higher or lower")
    child.send(key)
    child.expect("interrupted: no file was written")
    assert ends(child) == 130
    assert user.git("status", "--porcelain") == ""


def test_breaking_off_a_trial_ends_the_bench(tmp_path: Path) -> None:
    user = project(tmp_path / "repo")
    pid = tmp_path / "pid"
    child = terminal(user, "--target", "model.py", "--bench", f"echo $$ > {pid}; sleep 300")
    child.expect("Run it once")
    child.sendline("y")
    child.expect("running echo")
    deadline = time.monotonic() + 30
    while not (pid.exists() and pid.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    child.send("\x03")
    child.expect("interrupted: no file was written")
    assert ends(child) == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert user.git("status", "--porcelain") == ""
