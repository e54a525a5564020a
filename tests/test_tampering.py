"""What a candidate does to files that are not its own, without a sandbox: found out, void, kept as evidence, undone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autoresearch.edge import snapshot
from autoresearch.edge.journal import read
from autoresearch.edge.snapshot import Snapshot
from autoresearch.records import Decided, Measured
from model_server import ModelServer
from test_session import openai
from user import TARGET, User, whole

RUN = ("run", "--tag=t", "--model=openai/gpt-6-luna", "--sandbox=off", "--repairs=0")
DATA = {"data/answers.txt": "41\n", "helper.py": "pass\n"}


def night(user: User, *attacks: str, flags: tuple[str, ...] = ()) -> list[Decided]:
    """A session in which each candidate claims 99 and does something first; its verdicts after the baseline's."""
    replies = [whole(str(99.0 + n), extra=f"{attack}\n") for n, attack in enumerate(attacks)]
    with ModelServer(replies) as server:
        done = user.types(*RUN, f"--budget=experiments={1 + len(attacks)}", *flags, env=openai(server))
    assert done.returncode == 0, done.stderr
    return [record for record in records(user) if isinstance(record, Decided)][1:]


def records(user: User) -> list[object]:
    return list(read(user.home / ".git" / "autoresearch" / "t" / "journal.jsonl"))


ATTACKS = [
    ('open("data/answers.txt", "a").write("42\\n")', "data/answers.txt"),
    ('import os; os.remove("helper.py")', "helper.py"),
    ('import os; os.rename("helper.py", "other.py")', "helper.py"),
    ('import os; os.remove("helper.py"); os.mkfifo("helper.py")', "helper.py"),
    ('import os; os.remove("helper.py"); os.symlink("/etc/passwd", "helper.py")', "helper.py"),
    ('import os; os.chmod("helper.py", 0o777)', "helper.py"),
    ('import shutil; shutil.rmtree("data")', "data/answers.txt"),
    ('open(".git", "w").write("gitdir: /nowhere\\n")', ".git"),
    ("import os; t = open('helper.py').read(); open('helper.py', 'w').write('x'); s = os.stat('helper.py'); "
     "open('helper.py', 'w').write(t); os.utime('helper.py', (s.st_atime, 1))", "helper.py"),
]  # fmt: skip


@pytest.mark.slow
def test_a_run_that_changes_a_tracked_file_is_void(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project", files=DATA)
    before = user.checkout()
    # Between two attacks somebody reads what the one before changed: it must be as it was.
    honest = 'assert open("data/answers.txt").read() == "41\\n" and open("helper.py").read() == "pass\\n"'
    verdicts = night(user, *(step for attack, _ in ATTACKS for step in (attack, honest)))
    for (attack, changed), void, sound in zip(ATTACKS, verdicts[::2], verdicts[1::2], strict=True):
        assert (void.status, void.cause, void.value) == ("discard", "tampered", None), attack
        assert void.reason == f"tampered: {changed} changed", attack
        assert sound.status == "keep", attack
    assert user.checkout() == before
    assert [row["status"] for row in user.rows()] == ["keep", *["discard", "keep"] * len(ATTACKS)]


def test_the_difference_is_kept_as_evidence(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project", files=DATA)
    night(user, 'open("data/answers.txt", "a").write("42\\n")')
    measured = [r for r in records(user) if isinstance(r, Measured) and r.n == 2]
    assert [run.tampered for run in measured] == [("data/answers.txt",)]
    log = user.home / ".git" / "autoresearch" / "t" / measured[0].log
    assert log.with_suffix(".tampered.diff").read_text().splitlines()[-2:] == [" 41", "+42"]


def test_naming_a_file_under_protect_takes_no_protection_off_another(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project", files=DATA)
    first, second = night(user, 'open("helper.py", "w")', 'open("data/answers.txt", "w")', flags=("--protect=data",))
    assert (first.cause, second.cause) == ("tampered", "tampered")


PLANTED = [
    'open("json.py", "w").write("raise SystemExit")',
    'open("sitecustomize.py", "w").write("raise SystemExit")',
    'open("conftest.py", "w").write("raise SystemExit")',
    'import os; os.makedirs("__pycache__"); open("__pycache__/program.cpython-311.pyc", "wb").write(b"x")',
    'import os; os.makedirs("data/deep/er"); open("data/deep/er/x", "w"); os.chmod("data/deep/er", 0)',
    'import os; os.symlink("/", "root")',
]


@pytest.mark.slow
def test_what_a_run_plants_is_gone_before_the_next(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project", files=DATA)
    tree = "sorted(os.path.join(f, n) for f, d, ns in os.walk('.') for n in d + ns)"
    own = ["./.git", "./data", "./data/answers.txt", "./helper.py", "./program.md", "./program.py"]
    look = f"import os; assert {tree} == {own}, {tree}"
    verdicts = night(user, *(step for planted in PLANTED for step in (planted, look)))
    assert [verdict.status for verdict in verdicts] == ["keep"] * len(verdicts), verdicts


def test_what_lies_under_cache_stays(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    make = 'import os; os.makedirs("build/x", exist_ok=True); open("build/x/y", "w").write("1"); open("loose", "w")'
    look = 'import os; assert open("build/x/y").read() == "1" and not os.path.exists("loose")'
    # The third changes a tracked file, which brings the whole tree back, and the cache with it.
    verdicts = night(user, make, look, 'open("program.md", "w")', look, flags=("--cache=build/",))
    assert [v.status for v in verdicts] == ["keep", "keep", "discard", "keep"], verdicts


def test_a_bench_that_changes_a_tracked_file_by_itself_is_refused_with_the_remedy(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project", files=DATA)
    bench = "date >> helper.py; python3 -S program.py"
    with ModelServer([]) as server:
        done = user.types(*RUN, "--bench", bench, env=openai(server))
    assert done.returncode == 5
    assert "tampered: helper.py changed" in done.stderr
    assert "have the bench write elsewhere, or take them out of git" in done.stderr


def test_in_place_nothing_is_undone_and_the_session_stops(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project", files=DATA)
    with ModelServer([whole("99.0", extra='open("helper.py", "w").write("#")\n')]) as server:
        done = user.types(*RUN, "--in-place", "--budget=experiments=3", env=openai(server))
    assert done.returncode == 3
    assert "helper.py was changed while a run used the checkout in place, by the run or by you" in done.stderr
    assert (user.home / "helper.py").read_text() == "#"
    assert any(isinstance(r, Decided) and r.cause == "tampered" for r in records(user))
    user.git("checkout", "helper.py")
    with ModelServer([whole("11.0")]) as server:
        done = user.types(*RUN, "--in-place", "--budget=experiments=3", env=openai(server))
    assert done.returncode == 0, done.stderr
    assert user.branch_scores("t") == ["VALUE = 10.0", "VALUE = 11.0"]


def test_a_write_is_not_led_astray_by_a_link_in_its_way(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    victim = tmp_path / "victim"
    victim.write_text("mine\n")
    link = f'import os; os.path.lexists(".program.py.autoresearch") or os.symlink({str(victim)!r}, ".program.py.autoresearch")'  # noqa: E501
    with ModelServer([whole("99.0", extra=f"{link}\n"), whole("11.0")]) as server:
        user.types(*RUN, "--in-place", "--budget=experiments=3", env=openai(server))
    assert victim.read_text() == "mine\n"


# --- the snapshot itself ---


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for path in ("a", "d/b", "d/e/c", "kept/k"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    return tmp_path


def test_finds_nothing_where_nothing_was_done(tree: Path) -> None:
    seen = Snapshot.of_tree(tree, ["kept"])
    (tree / "kept" / "more").write_text("x")
    (tree / "a").read_text()
    assert seen.difference() == snapshot.Difference((), ())


def test_finds_new_changed_and_lost_files(tree: Path) -> None:
    seen = Snapshot.of_tree(tree, ["kept"])
    (tree / "d" / "e" / "new").write_text("x")
    (tree / "a").write_text("a")  # the same text
    (tree / "d" / "b").unlink()
    found = seen.difference()
    assert (sorted(found.changed), found.new) == (["a", "d/b"], ("d/e/new",))


def test_a_folder_that_another_takes_the_place_of_is_changed(tree: Path) -> None:
    seen = Snapshot.of_tree(tree, ["kept"])
    (tree / "d" / "e").rename(tree / "kept" / "e")
    (tree / "d" / "e").mkdir()
    assert "d/e" in seen.difference().changed


def test_takes_note_of_what_we_write_ourselves(tree: Path) -> None:
    seen = Snapshot.of_tree(tree, ["kept"])
    (tree / "half").write_text("b")
    (tree / "half").replace(tree / "d" / "b")
    (tree / "added").write_text("x")
    seen.refresh(["d/b", "a", "added"])
    assert seen.difference() == snapshot.Difference((), ())


def test_what_is_removed_leaves_no_trace(tree: Path) -> None:
    seen = Snapshot.of_tree(tree, ["kept"])
    (tree / "d" / "new" / "deep").mkdir(parents=True)
    (tree / "d" / "new" / "deep" / "x").write_text("x")
    os.chmod(tree / "d" / "new" / "deep", 0)  # noqa: PTH101
    seen.undo(seen.difference())
    assert not (tree / "d" / "new").exists()
    assert seen.difference() == snapshot.Difference((), ())


@pytest.mark.parametrize("depth", [3, 3000])
def test_no_folder_is_too_deep_or_too_closed_to_be_removed(tmp_path: Path, depth: int) -> None:
    made = f"import os\nfor _ in range({depth}):\n    os.mkdir('deep'); os.chdir('deep')\nopen('x', 'w')"
    subprocess.run([sys.executable, "-c", made], cwd=tmp_path, check=True)
    for folder in ("deep/deep", "deep"):
        os.chmod(tmp_path / folder, 0)  # noqa: PTH101
    snapshot.remove(tmp_path / "deep")
    assert not (tmp_path / "deep").exists()


NOTES = [
    "os.chmod('data', 0o711)",
    "os.chmod('data', 0)",
    "os.utime('data', (1, 1))",
    "os.setxattr('data', 'user.note', b'found')",
    "os.utime('.', (1, 1))",
]


@pytest.mark.slow
def test_a_folder_carries_no_note_to_the_next_run(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project", files=DATA)
    kept = tmp_path / "seen"
    look = (
        "import os; s, t = os.stat('data'), os.stat('.'); "
        f"print(s.st_mode, s.st_mtime_ns, t.st_mtime_ns, os.listxattr('data'), file=open({str(kept)!r}, 'a'))"
    )
    verdicts = night(user, look, *(step for note in NOTES for step in (f"import os; {note}", look)))
    assert [verdict.status for verdict in verdicts] == ["keep"] * len(verdicts), verdicts
    assert len(set(kept.read_text().splitlines())) == 1


def test_attributes_that_a_run_plants_have_no_say_in_what_is_restored(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project", files=DATA)
    plant = (
        "open('.gitattributes', 'w').write('data/answers.txt text eol=crlf'); open('data/answers.txt', 'a').write('x')"
    )
    look = "assert open('data/answers.txt', 'rb').read() == b'41\\n'"
    first, second = night(user, plant, look)
    assert (first.cause, second.status) == ("tampered", "keep"), second.reason


def test_a_change_that_keeps_size_and_time_is_undone_whatever_git_is_told_to_trust(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project", files=DATA)
    user.git("config", "core.trustctime", "false")
    change = (
        "import os; s = os.stat('data/answers.txt'); open('data/answers.txt', 'r+').write('42'); "
        "os.utime('data/answers.txt', ns=(s.st_atime_ns, s.st_mtime_ns))"
    )
    first, second = night(user, change, "assert open('data/answers.txt').read() == '41\\n'")
    assert (first.cause, second.status) == ("tampered", "keep"), second.reason


def test_a_cache_may_lie_in_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    make = "import os; os.makedirs('out/kept', exist_ok=True); open('out/kept/x', 'w'); open('out/loose', 'w')"
    look = "import os; assert os.listdir('out') == ['kept'] and os.listdir('out/kept') == ['x'], os.listdir('out')"
    first, second = night(user, make, look, flags=("--cache=out/kept",))
    assert [first.status, second.status] == ["keep", "keep"], second.reason


def test_in_place_nobody_is_led_outside_by_a_link_for_a_half_written_table(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    victim = tmp_path / "victim"
    victim.write_text("mine\n")
    link = f"import os; os.path.lexists('.results.tsv.t.tmp') or os.symlink({str(victim)!r}, '.results.tsv.t.tmp')"
    night(user, link, flags=("--in-place",))
    assert victim.read_text() == "mine\n"
    assert not (user.home / "results.tsv").is_symlink()


def test_in_place_the_user_is_put_back_though_they_edited_a_file_in_mid_run(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project", files=DATA)
    edit = 'open("helper.py", "w").write("mine")'  # as the user might
    with ModelServer([whole("99.0", extra=f"{edit}\n")]) as server:
        done = user.types(*RUN, "--in-place", "--budget=experiments=3", env=openai(server))
    assert done.returncode == 3
    assert user.git("branch", "--show-current") == "main"
    assert (user.home / "program.py").read_text() == TARGET
    assert (user.home / "helper.py").read_text() == "mine"
