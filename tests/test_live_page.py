"""The page of a running session: written by it, ours alone, and never in its way."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from autoresearch.decide.history import History
from autoresearch.edge import links, webpage
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.repo import Repository
from autoresearch.errors import SettingsError
from autoresearch.exhibits import DIFF_LINES, gather
from autoresearch.live_page import LivePage, renew
from autoresearch.project import examine
from autoresearch.records import Began, Committed
from autoresearch.report.exhibit import Exhibit
from autoresearch.report.html import page
from autoresearch.report.log import Ran
from autoresearch.report.read import read
from autoresearch.report.summary import summarise
from report_files import HEADER, journal, written
from user import PROGRAM, User

AGAIN = "autoresearch run --tag t --html report.html"
EDIT = """import pathlib, shutil, sys
shutil.copy(sys.argv[1] + "/report.html", sys.argv[2])
target = pathlib.Path("program.py")
target.write_text(target.read_text().replace("VALUE = 1", "VALUE = 11", 1))
print("description: more")
"""


@pytest.mark.slow
def test_a_session_shows_itself_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    (tmp_path / "edit.py").write_text(EDIT)
    (user.home / "program.md").write_text(
        PROGRAM.replace("timeout:", "html: report.html\nmodel: command\nbudget: {experiments: 3}\ntimeout:").replace(
            "---\nMake", f"command: python3 {tmp_path}/edit.py {user.home} {tmp_path}/seen.html\n---\nMake"
        )
    )
    done = user.types("run", "--tag", "mar5")
    assert (done.returncode, "could not be written" in done.stderr) == (0, False), done.stderr
    # While the command edited, which is before the end, the page was there already, and live.
    seen = (tmp_path / "seen.html").read_text()
    assert 'class="state live"' in seen
    assert ", running: " in seen
    text = (user.home / "report.html").read_text()
    assert ": the budget of 3 experiments is spent</p>" in text
    assert 'http-equiv="refresh"' not in text
    assert "autoresearch watch" not in text  # its session had the lock yet when it was made
    assert "autoresearch verify mar5</code>" in text
    assert "<ins>+VALUE = 1110.0</ins>" in text
    assert "git switch --detach refs/autoresearch/mar5/3" in text
    assert user.git("status", "--porcelain") == "M program.md"
    assert webpage.is_ours(user.home / "report.html")
    repository = Repository.open(user.home)
    assert links.chosen(repository, None, []) == []  # ignored by git, and no data of a bench
    repository.close()
    # A session that never has a baseline leaves no page that waits for one.
    user.git("commit", "--quiet", "-am", "settings")
    failed = user.types("run", "--tag", "mar6", "--no-canary", "--bench", "false")
    assert failed.returncode == 5
    assert "The session ended before its baseline was measured" in (user.home / "report.html").read_text()
    # Nor is a page written over that somebody has changed.
    with (user.home / "report.html").open("a") as file:
        file.write("a word of mine\n")
    refused = user.types("run", "--tag", "mar7")
    assert refused.returncode == 2
    assert "html: report.html exists and was not written by autoresearch, or was changed since." in refused.stderr
    assert (user.home / "report.html").read_text().endswith("a word of mine\n")


@pytest.mark.slow
@pytest.mark.usefixtures("no_sandbox")
def test_what_measures_anew_writes_the_page_once_more(tmp_path: Path) -> None:
    user = User.with_project(tmp_path)
    page = tmp_path / "report.html"
    done = user.types("run", "--tag=t", "--model=tune", "--budget=experiments=2", "--html=report.html")
    assert done.returncode == 0, done.stderr
    assert "autoresearch verify t</code>" in page.read_text()
    done = user.types("verify")
    assert (done.returncode, "note: report.html" in done.stderr) == (0, False), done.stderr
    assert "autoresearch verify t</code>" not in page.read_text()
    assert "session t: being verified" not in page.read_text()
    assert ">anew</th>" not in page.read_text()
    assert user.types("audit", "t").returncode == 0
    assert ">anew</th>" in page.read_text()
    assert "ablation: " not in page.read_text()
    assert user.types("ablate", "t").returncode == 0
    assert "ablation: " in page.read_text()
    before = page.read_text()
    # Another session's, the user's, or none: it stays as it is.
    project, began = examine(tmp_path / "program.md", {}, {}), Began(pid=1, host="h", version="1", again=AGAIN)
    for text in (before.replace("autoresearch/t</p>", "autoresearch/u</p>"), f"{before}mine\n", None):
        page.unlink() if text is None else page.write_text(text)
        changed = text is not None and "mine" in text
        said = "report.html was changed since it was written, and stays as it is" if changed else None
        assert renew(project, "t", began) == said
        assert (page.read_text() if page.exists() else None) == text
    project.repository.close()


def test_nothing_of_the_users_is_a_place_for_the_page(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project", files={"tracked.html": "", "site/index.html": ""})
    (user.home / "mine.html").write_text("mine")
    repository = Repository.open(user.home)
    taken = {"site/index.html": "the target"}
    wrong = {
        "mine.html": "was not written by autoresearch",
        "tracked.html": "is tracked by git",
        "site/index.html": "is the target",
        "site": "is no .html file",
        "report.txt": "is no .html file",
        ".git/report.html": "lies in git's folder",
        "nowhere/report.html": "there is no folder",
    }
    for name, why in wrong.items():
        with pytest.raises(SettingsError, match=why):
            webpage.place(repository, name, taken)
    assert webpage.place(repository, "report.html", taken) == repository.root / "report.html"
    outside = webpage.place(repository, str(tmp_path / "out.html"), taken)
    webpage.write(outside, "<p>ours")
    assert webpage.place(repository, str(outside), taken) == outside
    assert webpage.ignored(repository, outside) == []
    assert webpage.ignored(repository, repository.root / "a [1].html")[0] == r"a\ \[1\].html"
    repository.close()


class View:
    """Whoever is told."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def notice(self, text: str) -> None:
        self.notices.append(text)


def test_a_page_that_cannot_be_written_is_one_notice_and_its_time_is_limited(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    repository, view = Repository.open(user.home), View()
    folder = SessionFolder(repository.common_dir, "mar5")
    folder.path.mkdir(parents=True)
    journal(folder.path)
    path = user.home / "report.html"
    follower = LivePage(path, folder, repository, view)  # type: ignore[arg-type]
    follower.record(Began(pid=1, host="here", version="0.1.0"), History())
    assert path.exists()
    path.unlink()
    follower.record(Committed(n=4, repair=0, commit="4" * 40), History())
    assert not path.exists()  # the first one took more than its share of no time at all
    folder.journal.unlink()
    for _ in range(2):
        follower.record(Began(pid=1, host="here", version="0.1.0"), History())
    assert len(view.notices) == 1
    assert view.notices[0].startswith(f"report.html could not be written: cannot read {folder.journal}: No such file")
    repository.close()


def test_long_diffs_are_cut_and_only_logs_of_the_session_are_read(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    user = User(tmp_path)
    commits = []
    for text in ("a\n", "c" * 5000 + "\n", "b\n" * 1000, "d\n"):
        (tmp_path / "file").write_text(text)
        user.git("add", "file")
        user.git("commit", "--quiet", "-m", "x")
        commits.append(user.git("rev-parse", "--short", "HEAD"))
    rows = [f"{commits[0]}\t2\t1\tkeep\tbaseline", *(f"{commit}\t1\t1\tkeep\tmore" for commit in commits[1:3])]
    path = written(tmp_path, HEADER + "\n".join([*rows, "deadbee\t1\t1\tdiscard\tgone\n"]))
    log = read(path)
    found = gather(path, log)
    assert found.keys() == {1, 2, 3}
    assert found[1].diff is None
    assert (len(found[3].diff or ()), found[3].diff_cut) == (DIFF_LINES, 1006 - DIFF_LINES)
    assert max(map(len, found[2].diff or ())) == 400
    assert len(gather(path, log, budget_bytes=1)[2].diff or ()) == 0
    assert f"git show {commits[2]}" in page(log, summarise(log), found)
    # A page has a limit, and says what it leaves out.
    many = dict.fromkeys(range(1, 5), Exhibit(log=["x" * 3_000_000]))
    small = page(log, summarise(log), many)
    assert len(small) < 8_000_000
    assert "the details of 2 experiments are left out" in small

    (tmp_path / "run").mkdir()
    (tmp_path / "secret").write_text("a secret\n")
    (tmp_path / "run" / "a.log").write_text("said\n")
    (tmp_path / "run" / "link.log").symlink_to(tmp_path / "secret")
    book = journal(tmp_path / "run")
    told = read(book)
    for name, said in (("a.log", ["said"]), ("../secret", []), ("link.log", []), ("none.log", [])):
        told.ran[2] = Ran(last_log=name)  # type: ignore[index]
        assert list(gather(book, told).get(2, Exhibit()).log) == said
