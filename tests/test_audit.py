"""Audits: which keeps of a branch are real, whoever made it, and a branch with the real ones alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from autoresearch.decide.history import Experiment
from autoresearch.decide.policy import PAIR, Decision
from autoresearch.decide.survival import Survival
from autoresearch.decide.yardstick import Yardstick
from autoresearch.edge import footprint
from autoresearch.edge.commit import Tracked
from autoresearch.edge.repo import Repository
from autoresearch.errors import RepositoryError
from autoresearch.model import Status
from autoresearch.records import Arm, Decided, Drawn, Measured
from autoresearch.settings import Settings
from autoresearch.sources import load
from model_server import ModelServer
from test_display import Screen
from test_session import openai, wait_for
from user import User, whole

pytestmark = pytest.mark.usefixtures("no_sandbox", "handed_on")

BENCH = """\
import os, time
from pathlib import Path

knobs = {}
exec(Path("program.py").read_text(), knobs)
ran, gate = Path(os.environ["RAN"]), os.environ.get("GATE")
seed = os.environ["AUTORESEARCH_SEED"]
with ran.open("a") as runs:
    runs.write(f"{knobs['VALUE']} {seed}\\n")
if gate and len(ran.read_text().splitlines()) == int(os.environ["WAIT_AT"]):
    Path(gate + ".waiting").touch()
    while not Path(gate).exists():
        time.sleep(0.01)
print(f"score: {knobs['VALUE'] + int(seed) % 97 * SHARE}")
"""
EXACT, NOISY = BENCH.replace("SHARE", "0"), BENCH.replace("SHARE", "10.0")
"""What the noisy bench adds comes from the seed, which both arms of a pair share: the better arm always wins."""

FLAGS = ("--target=program.py", "--bench=python3 -S bench.py", "--metric=score")
BRIEF = "Make the score as high as you can.\n"
FULL = "VALUE = {}\nWIDTH = {}\n"


@pytest.fixture
def handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the benches here need besides the usual."""
    monkeypatch.setenv("AUTORESEARCH_ENV", "RAN,GATE,WAIT_AT")


class Project(User):
    """A repository of another tool's, and how often its bench ran."""

    @property
    def ran(self) -> Path:
        return self.home.parent / "ran"

    def values(self) -> list[str]:
        """VALUE in each run so far."""
        return [line.split()[0] for line in self.lines()]

    def lines(self) -> list[str]:
        return self.ran.read_text().splitlines() if self.ran.exists() else []

    def commits(self, text: str | None, subject: str, **files: str) -> str:
        """A commit as the other tool makes it, of the target and perhaps of other files."""
        for path, content in {**({"program.py": text} if text is not None else {}), **files}.items():
            (self.home / path).write_text(content)
        self.git("add", "-A")
        date = "2026-03-05T01:02:03+0200"
        self.git(
            "commit", "--quiet", "--allow-empty", "-m", subject, "--author=Bot <bot@example.org>", f"--date={date}"
        )
        return self.git("rev-parse", "HEAD")

    def audits(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.types("audit", *arguments, *FLAGS, env={"RAN": str(self.ran), "COLUMNS": "250", **environment})

    def checkout(self) -> str:
        """All of the user's, results.tsv and run.log included."""
        ours = [(self.home / name).read_text() for name in ("results.tsv", "run.log") if (self.home / name).exists()]
        return "\n".join([super().checkout(), *ours])


def project(
    tmp_path: Path, values: Sequence[object], bench: str = EXACT, files: Mapping[str, str] | None = None
) -> Project:
    """A branch autoresearch/mar5 with a commit for each value, made by hand from main at 10; main is checked out."""
    more = {"bench.py": bench, "program.py": "VALUE = 10.0\n", ".gitignore": "results.tsv\nrun.log\n", **(files or {})}
    Project.with_project(tmp_path / "project", program=BRIEF, files=more)
    made = Project(tmp_path / "project")
    made.git("checkout", "--quiet", "-b", "autoresearch/mar5")
    for value in values:
        made.commits(value if isinstance(value, str) else f"VALUE = {value}\n", f"try {value}".splitlines()[0])
    made.git("checkout", "--quiet", "main")
    (made.home / "results.tsv").write_text("commit\tscore\tmemory_gb\tstatus\tdescription\n")
    (made.home / "run.log").write_text("score: 12\n")
    return made


def verdicts(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Description and verdict of each row of the table."""
    assert done.returncode == 0, done.stderr
    rows = done.stdout.partition("verdict\n")[2].splitlines()
    return [" ".join(row.split()[1:]) for row in rows if "  " in row and not row.startswith("next: ")]


def test_an_exact_bench_runs_once_a_commit_and_twice_where_it_is_better(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0, 11.0 + 0, 10.5, 12.0], files={})
    user.git("checkout", "--quiet", "autoresearch/mar5")
    user.commits("VALUE = 12.0  # a comment\n", "comment only")
    user.git("checkout", "--quiet", "main")
    before = user.checkout(), user.git("for-each-ref")
    done = user.audits("mar5")
    assert verdicts(done) == [
        "try 11.0 survives: better than 10, twice",
        "try 11.0 changes no target",
        "try 10.5 does not survive: worse than its parent, 11",
        "try 12.0 survives: better than 10.5, twice",
        "comment only does not survive: equal to its parent, 12",
    ]
    assert "2 of 4 keeps survive\n" in done.stdout
    following = "next: autoresearch audit mar5 --target program.py --bench 'python3 -S bench.py' --metric score --apply"
    assert f"{following}  # writes autoresearch/mar5-audited with the survivors alone\n" in done.stdout
    assert user.values() == ["10.0"] * 3 + ["11.0"] * 2 + ["10.5"] + ["12.0"] * 3
    assert (user.checkout(), user.git("for-each-ref")) == before
    assert user.git("worktree", "list").count("\n") == 0


@pytest.mark.slow
def test_a_noisy_bench_runs_in_pairs_that_share_a_seed(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0, "VALUE = 11.0\n\n", 12.0], bench=NOISY)
    done = user.audits("autoresearch/mar5")
    assert verdicts(done) == [
        "try 11.0 survives: won its rematch, 5 of 5 pairs",
        "VALUE = 11.0 does not survive: lost its rematch, having won 0 of 1 pair".replace("VALUE", "try VALUE"),
        "try 12.0 survives: won its rematch, 5 of 5 pairs",
    ]
    pairs = user.lines()[3:]
    assert len(pairs) == 10 + 2 + 10
    for one, other in zip(pairs[::2], pairs[1::2], strict=True):
        assert one.split()[1] == other.split()[1]
    assert len({line.split()[1] for line in user.lines()}) == 3 + 11
    journal = next((user.home / ".git/autoresearch-audit/mar5").glob("*/journal.jsonl")).read_text()
    assert journal.count('"kind":"drawn"') == 11


def test_a_commit_that_changes_the_bench_does_not_measure_itself(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0])
    user.git("checkout", "--quiet", "autoresearch/mar5")
    cheat = {"bench.py": EXACT.replace("score: {", "score: 9{"), "notes.md": "x\n"}
    user.commits("VALUE = 10.0\n", "a better bench", **cheat)
    user.commits(None, "the bench alone", **{"bench.py": EXACT.replace("score: {", "score: 99{")})
    commit = user.commits("VALUE = 12.0\n", "more")
    user.git("checkout", "--quiet", "main")
    done = user.audits("mar5", "--apply")
    assert verdicts(done) == [
        "try 11.0 survives: better than 10, twice",
        "a better bench does not survive: worse than its parent, 11",
        "the bench alone changes no target",
        "more survives: better than 10, twice",
    ]
    also = user.git("rev-parse", "--short=7", f"{commit}~2")
    assert f"{also} also changes bench.py, notes.md, which the audit left as at the base\n" in done.stdout
    assert user.git("show", "autoresearch/mar5-audited:bench.py") == EXACT.rstrip()


def test_crashes_and_what_is_built_on_them_do_not_survive(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0, "oops", "oops again", 12.0, 13.0])
    done = user.audits("mar5")
    broken = user.git("rev-parse", "--short=7", "autoresearch/mar5~2")
    said = verdicts(done)
    assert said[1].startswith("try oops does not survive: crashed: bench exited with 1")
    assert said[2].startswith("try oops again does not survive: crashed: bench exited with 1")
    assert said[3:] == [
        f"try 12.0 does not survive: its parent {broken} does not run",
        "try 13.0 survives: better than 12, twice",
    ]
    assert user.values() == ["10.0"] * 3 + ["11.0"] * 2 + ["12.0"] + ["13.0"] * 2


@pytest.mark.slow
def test_the_same_holds_in_pairs(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0, "oops", 12.0, 13.0], bench=NOISY)
    said = verdicts(user.audits("mar5"))
    assert [line.split(": ")[1] for line in said] == [
        "won its rematch, 5 of 5 pairs",
        "crashed",
        f"its parent {user.git('rev-parse', '--short=7', 'autoresearch/mar5~2')} does not run",
        "won its rematch, 5 of 5 pairs",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("end", ["ctrl-c", "twice", "kill"])
def test_goes_on_in_the_middle_of_a_rematch(tmp_path: Path, end: str) -> None:
    user = project(tmp_path, [11.0, 12.0], bench=NOISY)
    gate = tmp_path / "gate"
    waiting = {"RAN": str(user.ran), "GATE": str(gate), "WAIT_AT": "8"}
    before = user.checkout(), user.git("for-each-ref")
    audit = user.starts("audit", "mar5", *FLAGS, env=waiting)
    wait_for(Path(f"{gate}.waiting").exists)
    if end == "kill":
        audit.kill()
    else:
        audit.send_signal(signal.SIGINT)
        if end == "twice":
            wait_for(lambda: os.read(audit.stderr.fileno(), 9999).find(b"Ctrl-C again") >= 0)  # type: ignore[union-attr]
            audit.send_signal(signal.SIGINT)
        else:
            gate.touch()
    _, complaint = audit.communicate(timeout=120)
    assert audit.returncode == (-signal.SIGKILL if end == "kill" else 130)
    assert (user.checkout(), user.git("for-each-ref")) == before
    assert len(user.lines()) == 8
    done = user.audits("mar5")
    if end == "ctrl-c":
        assert "stopped by SIGINT after 0 of 2 keeps; the same command goes on\n" in complaint
    if end == "kill":
        assert "did not end in order: its audit is taken over" in done.stderr
    assert "it goes on after 0 of 2 keeps\n" in done.stderr
    assert "2 of 2 keeps survive\n" in done.stdout
    repeated = 0 if end == "ctrl-c" else 1
    assert len(user.lines()) == 3 + 10 + 10 + repeated
    assert user.git("worktree", "list").count("\n") == 0


def test_a_stop_between_two_commits_begins_no_other(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0, 12.0], bench=NOISY)
    gate, last = tmp_path / "gate", str(3 + 10)
    environment = {"RAN": str(user.ran), "GATE": str(gate), "WAIT_AT": last}
    audit = user.starts("audit", "mar5", "--json", *FLAGS, env=environment)
    wait_for(Path(f"{gate}.waiting").exists)
    audit.send_signal(signal.SIGTERM)
    gate.touch()
    said, _ = audit.communicate(timeout=120)
    assert audit.returncode == 130
    assert len(user.lines()) == 13
    events = [json.loads(line) for line in said.splitlines()]
    assert [event["event"] for event in events] == ["audit", "commit", "end"]
    assert (events[-1]["reason"], events[-1]["decided"]) == ("stopped by SIGTERM", 1)


@pytest.mark.slow
def test_a_finished_audit_is_not_measured_again_until_asked(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0, 10.0])
    first = user.audits("mar5")
    assert len(user.lines()) == 6
    second = user.audits("mar5")
    assert second.stdout == first.stdout
    assert "--again measures anew" in second.stderr
    assert len(user.lines()) == 6
    again = user.audits("mar5", "--again")
    assert again.stdout == first.stdout
    assert "was audited before" not in again.stderr
    assert len(user.lines()) == 12
    user.audits("mar5")
    assert len(user.lines()) == 12


@pytest.mark.slow
def test_another_rule_or_tip_is_another_audit_and_the_first_is_kept(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0])
    assert "audited before" not in user.audits("mar5").stderr
    other = user.audits("mar5", "--min-gain=20%")
    assert "was audited before, with another tip, base, bench, metric, target or rule" in other.stderr
    assert verdicts(other) == ["try 11.0 does not survive: not better enough than its parent, 10"]
    assert len(user.lines()) == 5 + 4
    assert verdicts(user.audits("mar5")) == ["try 11.0 survives: better than 10, twice"]
    assert len(user.lines()) == 9
    user.git("checkout", "--quiet", "autoresearch/mar5")
    user.commits("VALUE = 12.0\n", "one more")
    assert len(verdicts(user.audits("mar5"))) == 2
    assert len(user.lines()) == 9 + 7


@pytest.mark.slow
def test_again_goes_on_with_one_that_was_stopped(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0])
    user.audits("mar5")
    gate = tmp_path / "gate"
    audit = user.starts(
        "audit", "mar5", "--again", *FLAGS, env={"RAN": str(user.ran), "GATE": str(gate), "WAIT_AT": "7"}
    )
    wait_for(Path(f"{gate}.waiting").exists)
    audit.send_signal(signal.SIGINT)
    gate.touch()
    audit.communicate(timeout=120)
    assert audit.returncode == 130
    user.audits("mar5", "--again")
    assert len(user.lines()) == 10


def test_apply_writes_a_branch_with_the_survivors_alone(tmp_path: Path) -> None:
    user = project(tmp_path, [])
    user.git("checkout", "--quiet", "autoresearch/mar5")
    apart = "\n" * 5
    user.commits(f"VALUE = 11.0\n{apart}WIDTH = 1\n", "eleven\n\nwith a body\n")
    user.commits(f"VALUE = 11.0\n{apart}WIDTH = 2\n", "width: does nothing")
    (user.home / "program.py").chmod(0o755)
    user.commits(f"VALUE = 12.0\n{apart}WIDTH = 2\n", "twelve ünïcode", **{"notes.md": "mine\n"})
    user.git("checkout", "--quiet", "main")
    before, refs = user.checkout(), user.git("for-each-ref")
    done = user.audits("mar5", "--apply")
    assert user.checkout() == before
    tip = user.git("rev-parse", "autoresearch/mar5-audited")
    assert f"wrote autoresearch/mar5-audited at {tip[:7]}: 2 commits on " in done.stdout
    assert "of each only what it changes in program.py\n" in done.stdout
    assert "autoresearch audit mar5-audited\n" in done.stdout
    new = [line for line in user.git("for-each-ref").splitlines() if line not in refs.splitlines()]
    assert [line.split("\t")[1] for line in new] == ["refs/heads/autoresearch/mar5-audited"]
    told = "--format=%an <%ae> %aI|%cn|%s|%b"
    assert user.git("log", "--reverse", told, "main..autoresearch/mar5-audited").splitlines() == [
        "Bot <bot@example.org> 2026-03-05T01:02:03+02:00|Ada|eleven|with a body",
        "",
        "Bot <bot@example.org> 2026-03-05T01:02:03+02:00|Ada|twelve ünïcode|",
    ]
    assert user.git("diff", "--name-only", "main", tip) == "program.py"
    assert user.git("show", f"{tip}:program.py").split("\n") == ["VALUE = 12.0", *apart.split("\n")[1:], "WIDTH = 1"]
    assert user.git("ls-tree", tip, "program.py").startswith("100755 blob")
    assert user.git("fsck", "--strict", "--no-dangling") == ""


@pytest.mark.slow
def test_apply_costs_no_run_after_the_audit_and_overwrites_nothing(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0])
    user.audits("mar5")
    assert user.audits("mar5", "--apply").returncode == 0
    assert len(user.lines()) == 5
    before = user.git("for-each-ref")
    refused = user.audits("mar5", "--apply", "--again")
    assert refused.returncode == 3
    assert "branch autoresearch/mar5-audited exists, and nothing was changed" in refused.stderr
    assert len(user.lines()) == 5
    assert user.git("for-each-ref") == before


def test_a_survivor_that_conflicts_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    text = "{}\n" + "\n" * 5 + "{}\n"
    first, same, more = "VALUE = 10.0", "VALUE = 10.0  # ten", "VALUE = 11.0  # ten"
    texts = [text.format(same, "pass"), text.format(more, "pass"), text.format(more, "VALUE += 5")]
    user = project(tmp_path, texts, files={"program.py": text.format(first, "pass")})
    on_top = user.git("rev-parse", "--short=7", "autoresearch/mar5~1")
    before = user.checkout()
    done = user.audits("mar5", "--apply")
    assert "2 of 3 keeps survive\n" in done.stdout
    assert f"{on_top} is left out: it conflicts in program.py with what came before it\n" in done.stdout
    assert "1 commit on " in done.stdout
    assert user.git("rev-list", "--count", "main..autoresearch/mar5-audited") == "1"
    assert user.git("show", "autoresearch/mar5-audited:program.py") + "\n" == text.format(first, "VALUE += 5")
    assert user.checkout() == before


@pytest.mark.slow
def test_a_survivor_that_only_undoes_what_fell_out_is_named(tmp_path: Path) -> None:
    user = project(tmp_path, [9.0, 10.0, 11.0])
    undone = user.git("rev-parse", "--short=7", "autoresearch/mar5~1")
    done = user.audits("mar5", "--apply")
    assert "2 of 3 keeps survive\n" in done.stdout
    assert f"{undone} is left out: what it changes is there already\n" in done.stdout
    assert user.git("log", "--format=%s", "main..autoresearch/mar5-audited") == "try 11.0"


def test_a_branch_that_came_to_exist_meanwhile_is_not_moved(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0])
    before = user.git("for-each-ref")
    repository = Repository.open(user.home)
    picks = [(repository.head(), {"program.py": Tracked("100644", b"VALUE = 1\n")})]
    with pytest.raises(RepositoryError, match="git could not move a ref"):
        footprint.plant(repository, "refs/heads/main", repository.head(), picks, "1700000000 +0000")
    repository.close()
    assert user.git("for-each-ref") == before


def test_without_survivors_there_is_no_branch(tmp_path: Path) -> None:
    user = project(tmp_path, [9.0, 8.0])
    done = user.audits("mar5", "--apply")
    assert done.returncode == 0
    assert "0 of 2 keeps survive\n" in done.stdout
    assert "nothing survives, so autoresearch/mar5-audited is not written\n" in done.stdout
    assert user.git("branch", "--list", "autoresearch/*-audited") == ""


@pytest.mark.slow
def test_our_own_session_is_audited_from_its_base_with_its_settings(tmp_path: Path) -> None:
    user = Project.with_project(tmp_path / "project", program=BRIEF, files={"bench.py": EXACT})
    project = Project(user.home)
    environment = {"RAN": str(project.ran)}
    run = ("run", "--tag=t", "--model=openai/gpt-6-luna", "--decide=naive", *FLAGS)
    for number, value in enumerate(["11.0", "12.0"], start=2):
        with ModelServer([whole(value).replace('print(f"score: {VALUE}")\n', "")]) as server:
            done = project.types(*run, f"--budget=experiments={number}", env={**openai(server), **environment})
        assert done.returncode == 0, done.stderr
        project.git("checkout", "--quiet", "autoresearch/t")  # so that the branch waits for the user to leave it
    project.git("checkout", "--quiet", "main")
    project.git("merge", "--quiet", "refs/autoresearch/t/best")
    before = project.everything()
    audited = project.types("audit", env=environment)
    assert "2 of 2 keeps survive\n" in audited.stdout, audited.stderr
    assert "auditing autoresearch/t: 2 keeps since" in audited.stderr
    assert project.everything() == before


@pytest.mark.slow
def test_the_branch_that_is_checked_out_is_held_against_main(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0])
    user.git("checkout", "--quiet", "autoresearch/mar5")
    assert "1 of 1 keep survives\n" in user.audits().stdout
    user.git("checkout", "--quiet", "--detach")
    assert "1 of 1 keep survives\n" in user.audits("mar5").stdout
    user.git("branch", "--quiet", "-m", "main", "trunk")
    lost = user.audits("mar5")
    assert lost.returncode == 2
    assert "nothing tells where autoresearch/mar5 began. Name the commit with --base." in lost.stderr
    assert "1 of 1 keep survives\n" in user.audits("mar5", "--base=trunk").stdout


@pytest.mark.slow
def test_any_branch_is_audited_and_main_may_have_moved_on(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0, 12.0])
    user.git("branch", "--quiet", "-m", "autoresearch/mar5", "feature/speed")
    user.commits("VALUE = 50.0\n", "meanwhile on main")
    done = user.audits("feature/speed", "--apply")
    assert "2 of 2 keeps survive\n" in done.stdout
    assert user.git("log", "--format=%s", "main..autoresearch/feature-speed-audited") == "try 12.0\ntry 11.0"
    assert "1 of 1 keep survives\n" in user.audits("refs/heads/feature/speed", "--base=feature/speed~1").stdout


@pytest.mark.slow
def test_a_merge_counts_as_one_commit_against_its_first_parent(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0])
    user.commits(None, "on main", **{"helper.txt": "x\n"})
    user.git("checkout", "--quiet", "-b", "side", "autoresearch/mar5")
    user.commits("VALUE = 11.25\n", "one of the side")
    user.commits("VALUE = 11.5\n", "two of the side")
    user.git("checkout", "--quiet", "autoresearch/mar5")
    user.git("merge", "--quiet", "--no-edit", "--no-ff", "side")
    user.git("merge", "--quiet", "--no-edit", "main")
    user.commits("VALUE = 12.0\n", "behind the merges")
    user.git("checkout", "--quiet", "main")
    assert verdicts(user.audits("mar5")) == [
        "try 11.0 survives: better than 10, twice",
        "Merge branch 'side' into autoresearch/mar5 survives: better than 11, twice",
        "Merge branch 'main' into autoresearch/mar5 changes no target",
        "behind the merges survives: better than 11.5, twice",
    ]
    refused = user.audits("mar5", "--base=main")
    assert refused.returncode == 2
    assert "first parents do not lead from autoresearch/mar5 back to" in refused.stderr


def test_targets_that_a_commit_makes_or_deletes(tmp_path: Path) -> None:
    bench = EXACT.replace(
        'Path("program.py").read_text()', '"".join(p.read_text() for p in sorted(Path(".").glob("p*.py")))'
    )
    user = project(tmp_path, [], bench=bench)
    user.git("checkout", "--quiet", "autoresearch/mar5")
    user.commits(None, "a file more", **{"pz.py": "VALUE = 5.0\n"})
    user.commits(None, "better so", **{"pz.py": "VALUE = 7.0\n"})
    user.git("rm", "--quiet", "pz.py")
    user.commits("VALUE = 20.0\n", "a file less")
    user.commits(None, "and again", **{"pz.py": "VALUE = 21.0\n"})
    user.git("checkout", "--quiet", "main")
    flags = ("--target=p*.py", *FLAGS[1:])
    done = user.types("audit", "mar5", *flags, "--apply", env={"RAN": str(user.ran), "COLUMNS": "250"})
    assert verdicts(done) == [
        "a file more does not survive: worse than its parent, 10",
        "better so survives: better than 5, twice",
        "a file less survives: better than 7, twice",
        "and again survives: better than 20, twice",
    ]
    # The second changes what the first made, which fell out; the third takes it away, and it is not there.
    assert "is left out: it conflicts in pz.py with what came before it\n" in done.stdout
    assert user.git("log", "--format=%s", "main..autoresearch/mar5-audited") == "and again\na file less"
    assert user.git("diff", "autoresearch/mar5", "autoresearch/mar5-audited") == ""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nope"], 2, "'nope' is no branch of this repository. Its branches: autoresearch/mar5."),
        (["mar5~1"], 2, "'mar5~1' is no branch"),
        (["mar*"], 2, "'mar*' is no branch"),
        ([""], 2, "'' is no branch"),
        ([], 2, "no session in this repository, and no branch autoresearch/TAG is checked out"),
        (["mar5", "--base=zzz"], 2, "--base zzz is no commit of this repository"),
        (["mar5", "--base=aside"], 2, "--base aside is no ancestor of autoresearch/mar5"),
        (["mar5", "--target=nope.py"], 2, "target nope.py is no file anywhere on the branch"),
        (["mar5", "--target=no*.py"], 2, "target no*.py is no file anywhere on the branch"),
        (["mar5", "--target=folder"], 2, "folder is a directory, not a file"),
        (["mar5", "--target=link"], 2, "link is a symbolic link, not a file"),
        (["mar5", "--target=../x"], 2, "../x lies outside the project"),
        (["mar5", "--program=nowhere/p.md"], 2, "nowhere/p.md does not exist"),
        (["mar5", "--bench=false"], 5, "the bench `false` does not run at the base"),
        (["mar5", "--bench=echo score: 3"], 5, "although program.py was broken on purpose"),
        (["mar5", "--base=autoresearch/mar5"], 0, "nothing to audit: autoresearch/mar5 has no commits since"),
    ],
)
def test_what_cannot_be_audited_is_said_and_leaves_nothing(
    tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "link").symlink_to("program.py")
    user = project(tmp_path, [11.0], files={"folder/x.txt": "x\n"})
    user.git("branch", "aside", user.git("commit-tree", "-m", "aside", "HEAD^{tree}"))
    before = user.everything()
    done = user.types("audit", *FLAGS, *arguments, env={"RAN": str(user.ran), "COLUMNS": "250"})
    assert done.returncode == code, done.stderr
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert user.everything() == before
    assert not (user.home / ".git" / "autoresearch-audit").exists()


@pytest.mark.slow
def test_a_second_audit_of_the_same_is_refused_while_the_first_runs(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0])
    gate = tmp_path / "gate"
    audit = user.starts("audit", "mar5", *FLAGS, env={"RAN": str(user.ran), "GATE": str(gate), "WAIT_AT": "2"})
    wait_for(Path(f"{gate}.waiting").exists)
    second = user.audits("mar5")
    gate.touch()
    audit.communicate(timeout=120)
    assert audit.returncode == 0
    assert second.returncode == 3
    assert "error: audit mar5/" in second.stderr
    assert f" is being run by process {audit.pid} on " in second.stderr
    assert "or stop it with Ctrl-C there.\n" in second.stderr


@pytest.mark.slow
def test_json_says_it_to_programs(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0, 10.0], bench=NOISY)
    for arguments in (["mar5", "--json"], ["mar5", "--json", "--apply"]):
        done = user.audits(*arguments)
        assert done.returncode == 0, done.stderr
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert [event["event"] for event in events if event["event"] != "notice"] == [
            "audit",
            "commit",
            "commit",
            *(["applied"] if "--apply" in arguments else []),
            "end",
        ]
        first, second = (event for event in events if event["event"] == "commit")
        assert (first["survives"], first["reason"], len(first["pairs"])) == (True, "won its rematch, 5 of 5 pairs", 5)
        assert all(mine - theirs == pytest.approx(1.0) for theirs, mine in first["pairs"])
        assert (second["survives"], second["parent"]) == (False, first["commit"])
        assert (events[-1]["keeps"], events[-1]["decided"], events[-1]["survive"]) == (2, 2, 1)
    applied = next(event for event in events if event["event"] == "applied")
    assert applied["commit"] == user.git("rev-parse", "autoresearch/mar5-audited")
    assert (applied["picked"], applied["left_out"]) == ([first["commit"]], [])


def test_a_project_in_a_subdirectory_of_another_tools_repository(tmp_path: Path) -> None:
    user = project(tmp_path, [], files={"sub/bench.py": EXACT, "sub/program.py": "VALUE = 1.0\n"})
    user.git("checkout", "--quiet", "autoresearch/mar5")
    user.commits(None, "in it", **{"sub/program.py": "VALUE = 2.0\n", "README": "x\n"})
    user.git("checkout", "--quiet", "main")
    done = Project(user.home / "sub").types(
        "audit", "mar5", "--apply", *FLAGS, env={"RAN": str(user.ran), "COLUMNS": "250"}
    )
    assert "in it survives: better than 1, twice" in verdicts(done)
    assert "also changes README, which" in done.stdout
    assert user.git("diff", "--name-only", "main", "autoresearch/mar5-audited") == "sub/program.py"


def test_a_smaller_target_survives_where_simplify_values_it(tmp_path: Path) -> None:
    longer = "VALUE = 10.0\nfor step in range(3):\n    step += 1\n"
    user = project(tmp_path, ["VALUE = 10.0\n"], files={"program.py": longer})
    assert verdicts(user.audits("mar5")) == ["try VALUE = 10.0 does not survive: equal to its parent, 10"]
    assert verdicts(user.audits("mar5", "--simplify")) == [
        "try VALUE = 10.0 survives: smaller, and no worse (equal to 10, twice)"
    ]


def test_odd_subjects_and_encodings_are_shown_and_kept(tmp_path: Path) -> None:
    user = project(tmp_path, [])
    user.git("checkout", "--quiet", "autoresearch/mar5")
    user.git("config", "i18n.commitEncoding", "latin-1")
    (user.home / "program.py").write_text("VALUE = 11.0\n")
    message = tmp_path / "message"
    message.write_bytes("schön [/b] \x1b[31mred".encode("latin-1"))
    user.git("commit", "--quiet", "-a", "-F", str(message))
    made = user.git("rev-parse", "HEAD")
    user.git("config", "--unset", "i18n.commitEncoding")
    user.git("checkout", "--quiet", "main")
    done = user.audits("mar5", "--apply")
    assert "schön [/b] [31mred  survives" in done.stdout
    for commit in (made, "autoresearch/mar5-audited"):
        raw = subprocess.run(["git", "cat-file", "commit", commit], cwd=user.home, capture_output=True).stdout
        assert raw.endswith("\nencoding latin-1\n\nschön [/b] \x1b[31mred\n".encode("latin-1"))


@pytest.mark.slow
def test_a_terminal_shows_a_bar_and_the_rematch_in_hand(tmp_path: Path) -> None:
    user = project(tmp_path, [11.0], bench=NOISY)
    user.git("checkout", "--quiet", "autoresearch/mar5")
    user.commits("VALUE = 12.0\n", "try [/b] twelve")
    user.git("checkout", "--quiet", "main")
    gate = tmp_path / "gate"
    environment = {"RAN": str(user.ran), "GATE": str(gate), "WAIT_AT": str(3 + 10 + 5)}
    screen = Screen(["audit", "mar5", *FLAGS], user, 100, 30, environment)
    assert "survives: won its rematch, 5 of 5 pairs  try 11.0" in screen.shows(r"commit 2 of 2  2–0  try \[/b\] twelve")
    gate.touch()
    assert "━" not in screen.shows("2 of 2 keeps survive")


# The rule


def settings(**more: object) -> Settings:
    """Settings of a project where higher is better."""
    front = {"target": "a.py", "bench": "x", "metric": "score", "direction": "higher", **more}
    return load({}, {}, front, "program.md").settings


def run(arm: Arm, value: float | None, draw: int = 0) -> Measured:
    failure = "exit code 1" if value is None else None
    return Measured(n=2, run=1, arm=arm, value=value, failure=failure, columns={}, duration_s=1.0, log="", draw=draw)


def experiment(*runs: Measured, draws: int = 0, faults: int = 0, value: float | None = None) -> Experiment:
    drawn = tuple(Drawn(n=2, order=("incumbent", "candidate"), seed=1) for _ in range(draws))
    decided = Decided(n=1, status=Status.DISCARD, reason="", value=value)
    return Experiment(2, commit="a" * 40, runs=runs, draws=drawn, faults=faults, verdict=decided)


RAN = experiment(run("candidate", 10.0), value=10.0)
BROKE = experiment(run("candidate", None))
FLAKY = experiment(run("incumbent", 9.0, 1), run("candidate", 10.0, 1), run("candidate", None, 2), draws=2)
EXACTLY = Yardstick(exact=True)


@pytest.mark.parametrize(
    ("parent", "yardstick", "current", "due"),
    [
        (None, Yardstick(), experiment(), Decision(run="candidate")),
        (None, Yardstick(), experiment(run("candidate", 1.0), run("candidate", 1.0)), Decision(run="candidate")),
        (RAN, EXACTLY, experiment(), Decision(run="candidate")),
        (RAN, EXACTLY, experiment(run("candidate", 11.0)), Decision(run="candidate")),
        (RAN, EXACTLY, experiment(run("candidate", 11.0), run("candidate", 12.0)), Decision(draw=PAIR)),
        (RAN, EXACTLY, experiment(run("candidate", 11.0), run("candidate", 12.0), draws=1), Decision(run="incumbent")),
        (RAN, Yardstick(), experiment(), Decision(draw=PAIR)),
        (RAN, Yardstick(), experiment(draws=1), Decision(run="incumbent")),
        (RAN, Yardstick(), experiment(run("incumbent", None, 1), draws=1, faults=1), Decision(draw=PAIR)),
        (BROKE, Yardstick(), experiment(), Decision(run="candidate")),
        (BROKE, EXACTLY, experiment(), Decision(run="candidate")),
        (FLAKY, Yardstick(), experiment(), Decision(draw=PAIR)),
        (FLAKY, EXACTLY, experiment(), Decision(draw=PAIR)),
        (
            FLAKY,
            Yardstick(),
            experiment(run("incumbent", None, 1), run("incumbent", None, 2), draws=2, faults=2),
            Decision(run="candidate"),
        ),
    ],
)
def test_what_an_audit_runs_next(
    parent: Experiment | None, yardstick: Yardstick, current: Experiment, due: Decision
) -> None:
    assert Survival(settings(), yardstick, parent).next(current) == due


@pytest.mark.parametrize(
    ("parent", "yardstick", "current", "status", "reason"),
    [
        (None, Yardstick(), experiment(*[run("candidate", 1.0)] * 3), Status.KEEP, "base"),
        (None, Yardstick(), experiment(run("candidate", 1.0), run("candidate", None)), Status.CRASH, "exit code 1"),
        (RAN, EXACTLY, experiment(run("candidate", 10.0)), Status.DISCARD, "equal to its parent, 10"),
        (RAN, EXACTLY, experiment(*[run("candidate", 11.0)] * 2), Status.KEEP, "better than 10, twice"),
        (RAN, EXACTLY, experiment(run("candidate", None)), Status.CRASH, "crashed: exit code 1"),
        (BROKE, EXACTLY, experiment(run("candidate", 11.0)), Status.DISCARD, "its parent aaaaaaa does not run"),
        (BROKE, EXACTLY, experiment(run("candidate", None)), Status.CRASH, "crashed: exit code 1"),
        (
            FLAKY,
            Yardstick(),
            experiment(run("candidate", 1.0, 1), run("incumbent", None, 1), run("incumbent", None, 2), faults=2),
            Status.DISCARD,
            "its parent aaaaaaa does not run",
        ),
    ],
)
def test_what_an_audit_decides(
    parent: Experiment | None, yardstick: Yardstick, current: Experiment, status: Status, reason: str
) -> None:
    verdict = Survival(settings(), yardstick, parent).next(current).verdict
    assert verdict is not None
    assert (verdict.status, verdict.reason) == (status, reason)


def test_a_parent_that_ran_and_now_fails_twice_is_the_machines_fault() -> None:
    current = experiment(run("incumbent", None, 1), run("incumbent", None, 2), draws=2, faults=2)
    fault = Survival(settings(), Yardstick(), RAN).next(current).fault
    assert fault == "commit aaaaaaa, which ran before, failed 2 times in a row: exit code 1"
