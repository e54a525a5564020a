"""`finalize`: a session's keeps as branches for review, which change nothing else, and a pull request's text."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import pytest

from autoresearch.cli.flags import at_home
from autoresearch.cli.run import again
from test_keeps import BENCH, FRONT, Lab, run
from user import User

pytestmark = pytest.mark.usefixtures("no_sandbox")

PROGRAM = """\
#!/bin/sh
VALUE={value}
# the first of two lines that stand alone
# the second of two lines that stand alone
BONUS={bonus}
# what is between bonus and extra

EXTRA={extra}
# what is behind extra
VALUE=$((VALUE + BONUS + EXTRA * (5 - BONUS / 2)))
"""
"""Extra is a gain without a bonus, and a loss with one."""
SECRET = "sk-planted-4711-hidden"
WORDS = b"one\r\ntwo\r\nthree\xc3\xa9"
"""Line ends of another system's, and none at the end."""
NASTY = "Double `VALUE` <b>at</b> #7 for @ada | and [red]all[/red] others, a subject that is far too long"
STEPS = [
    ({"value": 12, "bonus": 0, "extra": 0}, NASTY, "algorithm"),
    ({"value": 11, "bonus": 0, "extra": 0}, "Try less", "parameters"),
    ({"value": 12, "bonus": 0, "extra": 1}, "Turn extra on", "parameters"),
    ({"value": 12, "bonus": 20, "extra": 1}, "Grant a bonus", "parameters"),
    ({"value": 12, "bonus": 20, "extra": 0}, "Turn extra off", "parameters"),
    ({"value": 13, "bonus": 20, "extra": 0}, "One more", "algorithm"),
]
"""Experiments 2 to 7: 3 is discarded, 6 takes back what 4 did, and 7 touches what 2 did."""
MODEL = """\
n=$(($(ls "$LAB/prompts" | wc -l) + 1))
cat > "$LAB/prompts/$n"
cp "$LAB/replies/$n/"* . || exit 127
cat "$LAB/words/$n"
"""
NAMES = ["autoresearch/t-final-grant-a-bonus", "autoresearch/t-final-double-value-b-at-b-7-for-ada"]


@dataclass(frozen=True)
class Night:
    """A finished session of a project in a folder of a repository."""

    lab: Lab
    root: User

    def types(self, *arguments: str, at: Path | None = None, code: int = 0, **environment: str) -> tuple[str, str]:
        """`autoresearch finalize` in the project: stdout and stderr."""
        env = {**self.lab.environment, "COLUMNS": "200", **environment}
        done = User(at or self.lab.user.home).types("finalize", *arguments, env=env)
        assert done.returncode == code, (done.stdout, done.stderr)
        return done.stdout, done.stderr

    def git(self, *arguments: str) -> str:
        return self.root.git(*arguments)

    def tree(self, commit: str) -> str:
        return self.git("rev-parse", f"{commit}^{{tree}}")

    def message(self, commit: str) -> str:
        return self.git("log", "-1", "--format=%B", commit)

    def rest(self) -> str:
        """All that must stay: the user's, results.tsv, HEAD, and each ref but those that end in -final…"""
        refs = [line for line in self.git("for-each-ref").splitlines() if "-final" not in line]
        own = (self.lab.user.home / "results.tsv").read_text(), (self.root.home / ".git/HEAD").read_text()
        return "\n".join([self.root.checkout(), *refs, *own])

    @property
    def folder(self) -> Path:
        return self.root.home / ".git/autoresearch/t"

    def records(self) -> list[dict[str, object]]:
        return [json.loads(line)["record"] for line in (self.folder / "journal.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a session lies that kept five of six edits of two files in a folder of its repository."""
    return tmp_path_factory.mktemp("night")


@pytest.fixture
def night(finished: Path, tmp_path: Path) -> Night:
    """A copy of the session, which is run when it is first asked for."""
    if not (finished / "lab").exists():
        _run(finished)
    shutil.copytree(finished, tmp_path / "night", symlinks=True)
    root = User(tmp_path / "night/project")
    return Night(Lab(User(root.home / "sub"), tmp_path / "night/lab"), root)


def _run(place: Path) -> None:
    front = {**FRONT, "target": "[program.sh, words.txt]"}
    program = "\n".join(["---", *(f"{name}: {value}" for name, value in front.items()), "---", "Higher.", ""])
    files = {"sub/program.sh": PROGRAM.format(value=10, bonus=0, extra=0), "sub/bench.sh": BENCH}
    root = User.with_project(place / "project", files={**files, "sub/program.md": program}, commit=False)
    (root.home / "sub/words.txt").write_bytes(WORDS)
    (root.home / "sub/program.sh").chmod(0o755)
    root.git("add", "-A")
    root.git("commit", "--quiet", "-m", "start")
    lab = Lab(User(root.home / "sub"), place / "lab")
    for name in ("prompts", "replies", "temporary", "words"):
        (lab.folder / name).mkdir(parents=True)
    (lab.folder / "model.sh").write_text(MODEL)
    for name in ("ran", "events"):
        (lab.folder / name).touch()
    for number, (knobs, description, category) in enumerate(STEPS, start=1):
        reply = lab.folder / "replies" / str(number)
        reply.mkdir()
        (reply / "program.sh").write_text(PROGRAM.format(**knobs))
        (reply / "words.txt").write_bytes(WORDS.replace(b"two", b"2") if number == len(STEPS) else WORDS)
        said = f"description: {description}\nhypothesis: because {number}, {SECRET}\ncategory: {category}\n"
        (lab.folder / "words" / str(number)).write_text(said)
    done = lab.user.types(*run(7), env=lab.environment)
    assert done.returncode == 0, done.stderr
    kept = [row["status"] for row in lab.user.rows()]
    assert kept == ["keep", "keep", "discard", "keep", "keep", "keep", "keep"], done.stderr
    _draw(lab)


def _draw(lab: Lab) -> None:
    """The chart once for all tests: what lies there already is not drawn anew."""
    assert lab.user.types("finalize", env=lab.environment).returncode == 0
    lab.user.git("branch", "--quiet", "-D", "autoresearch/t-final")
    (lab.user.home.parent / ".git/autoresearch/t/pull-request.md").unlink()


def test_a_squashed_branch_has_the_heads_files_and_says_what_they_gain(night: Night) -> None:
    before, everything = night.rest(), night.root.everything()
    shown, said = night.types("--dry-run")
    assert "would write autoresearch/t-final: 1 commit" in shown
    assert night.root.everything() == everything
    shown, said = night.types()
    assert night.rest() == before
    assert "as measured, not verified: autoresearch verify t" in said
    assert "left out, as nothing of it is left: #4 Turn extra on, #6 Turn extra off" in said
    assert night.tree("autoresearch/t-final") == night.tree("autoresearch/t")
    assert night.git("rev-parse", "autoresearch/t-final^") == night.git("rev-parse", "main")
    assert night.git("log", "-1", "--format=%an %ae %cn", "autoresearch/t-final") == "Ada ada@example.org Ada"
    message = night.message("autoresearch/t-final")
    assert message.splitlines()[0] == "Grant a bonus and 2 more"
    base = night.git("rev-parse", "main")
    bench = "git checkout autoresearch/t-final &&\n  cd sub &&\n  sh bench.sh"
    for part in (
        f"  {bench}\n",
        base,
        "higher is better",
        "no. 5 Grant a bonus",
        "no. 4, no. 6 is left",
        "as measured",
    ):
        assert part in message or part in " ".join(message.split())
    assert "#" not in message
    trailers = [
        "Made-with: autoresearch",
        *(f"Autoresearch-Experiment: t/{n}" for n in (2, 5, 7)),
        "Proposed-by: command",
    ]
    last = message.split("\n\n")[-1].splitlines()
    assert [line.startswith(start) for line, start in zip(last, trailers, strict=True)] == [True] * 5
    text = (night.folder / "pull-request.md").read_text()
    assert text.startswith("**as measured, not verified: autoresearch verify t**\n")
    assert (
        "| 2 | 12,000,000 | +20.0 % | Double \\`VALUE\\` &lt;b&gt;at&lt;/b&gt; \\#7 for \\@ada \\| and \\[red\\]"
        in text
    )
    assert "- \\#5: because 4" in text
    assert "\ngit checkout autoresearch/t-final\ncd sub\nsh bench.sh\n```\n" in text
    assert "- \\#3 Try less (11,000,000)" in text
    assert "<details><summary>The progress as text" in text
    assert (night.folder / "chart.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (night.folder / "chart.svg").read_text()
    assert str(night.folder / "pull-request.md") in shown
    assert "git merge autoresearch/t-final" in shown

    tip, wrote = night.git("rev-parse", "autoresearch/t-final"), (night.folder / "pull-request.md").stat().st_mtime_ns
    night.git("remote", "add", "upstream", "https://example.org/x.git")
    shown, _ = night.types()
    assert f"nothing to do: autoresearch/t-final at {tip[:7]} is there already" in shown
    assert "git push -u upstream autoresearch/t-final" in shown
    assert "--title 'Grant a bonus and 2 more' --body-file" in shown
    assert (night.folder / "pull-request.md").stat().st_mtime_ns == wrote
    night.git("branch", "--force", "autoresearch/t-final", "main")
    _, said = night.types(code=3)
    assert "branch autoresearch/t-final exists, and is not as `autoresearch finalize` makes it" in said
    assert night.git("rev-parse", "autoresearch/t-final") == night.git("rev-parse", "main")
    assert night.rest() == before


def test_a_commit_a_keep_leaves_out_what_was_undone(night: Night) -> None:
    before = night.rest()
    shown, _ = night.types("--as=keeps", SOME_API_KEY=SECRET)
    assert night.rest() == before
    assert SECRET not in (night.folder / "pull-request.md").read_text()
    assert night.tree("autoresearch/t-final") == night.tree("autoresearch/t")
    commits = night.git("rev-list", "--reverse", "main..autoresearch/t-final").split()
    assert [night.message(commit).splitlines()[0] for commit in commits[1:]] == ["Grant a bonus", "One more"]
    subject = night.message(commits[0]).splitlines()[0]
    assert subject.startswith("Double `VALUE` <b>at</b> no. 7 for @ada")
    assert len(subject) < 72
    assert subject in shown
    second = night.message(commits[1])
    for part in (
        "because 4, [SOME_API_KEY]",
        "+58.8 %",
        "experiment 5",
        "as a whole: as measured, not verified",
        "t/5",
        "cd sub",
    ):
        assert part in second
    assert PROGRAM.format(value=12, bonus=20, extra=0) == night.git("show", f"{commits[1]}:sub/program.sh") + "\n"
    assert night.git("diff", "--name-only", f"{commits[1]}", f"{commits[2]}").split() == [
        "sub/program.sh",
        "sub/words.txt",
    ]


@pytest.mark.slow
def test_what_a_later_keep_took_back_is_in_no_subject_title_or_branch_name(tmp_path: Path) -> None:
    steps = {
        "Add fifty": "VALUE=10\nVALUE=$((VALUE + 50))\n",
        "Triple it instead of adding": "VALUE=10\n# of what was there\nVALUE=$((VALUE * 9))\n",
        "Round it up": "VALUE=10\n# of what was there\nVALUE=$((VALUE * 9))\nVALUE=$((VALUE + 10))\n",
    }
    lab = Lab.at(tmp_path, noisy=False)
    lab.answers(*steps.values())
    for number, description in enumerate(steps, start=1):
        (lab.folder / "words").mkdir(exist_ok=True)
        (lab.folder / "words" / str(number)).write_text(f"description: {description}\n")
    (lab.folder / "model.sh").write_text(MODEL.replace('$n/"* .', '$n" program.sh'))
    code, _, said = lab.runs(experiments=4)
    assert code == 0, said
    assert [row["status"] for row in lab.user.rows()] == ["keep"] * 4
    night = Night(lab, lab.user)

    shown, _ = night.types()
    message = night.message("autoresearch/t-final")
    assert message.splitlines()[0] == "Triple it instead of adding; Round it up"
    assert "no. 2 Add fifty" in " ".join(message.split())
    assert "No line of no. 2 is left: later changes took it back, or wrote over it." in " ".join(message.split())
    assert night.tree("autoresearch/t-final") == night.tree("autoresearch/t")
    text = (night.folder / "pull-request.md").read_text()
    assert "- no line of \\#2 is left: later changes took it back, or wrote over it\n" in text
    night.git("remote", "add", "origin", "https://example.org/x.git")
    shown, _ = night.types("--as=keeps", "--branch=kept")
    assert "--title 'Triple it instead of adding; Round it up'" in shown
    assert "  Add fifty\n" in shown  # a commit of its own, in which it is there
    shown, _ = night.types("--as=topics")
    assert "wrote autoresearch/t-final-triple-it-instead-of-adding at" in shown


def test_a_branch_a_topic_applies_alone_and_merges_in_any_order(night: Night) -> None:
    before = night.rest()
    _, said = night.types("--as=topics")
    assert night.rest() == before
    made = night.git("for-each-ref", "--format=%(refname:short)", "refs/heads/autoresearch/t-final-*").split()
    assert made == sorted(NAMES)
    assert "#4 Turn extra on, #6 Turn extra off" in said
    bonus = night.git("show", f"{NAMES[0]}:sub/program.sh")
    assert bonus + "\n" == PROGRAM.format(value=10, bonus=20, extra=0)
    assert night.git("diff", "--name-only", "main", NAMES[0]) == "sub/program.sh"
    message = night.message(NAMES[0])
    alone = "measured together with no. 2, no. 7, which are not on this branch, and never alone: run its bench before"
    assert alone in " ".join(message.split())
    assert max(map(len, message.partition("To reproduce")[0].splitlines())) <= 72
    assert "t/5" in message
    assert "t/2" not in message
    assert "never alone" in (night.folder / "pull-request-grant-a-bonus.md").read_text()
    for one, other in permutations(NAMES):
        tree = night.git("merge-tree", "--write-tree", one, other)
        assert tree == night.tree("autoresearch/t")


@pytest.mark.slow
def test_what_was_verified_later_is_taken_in_and_what_others_did_is_left(night: Night) -> None:
    night.types()
    first = night.git("rev-parse", "autoresearch/t-final")
    code, shown, _ = night.lab.verifies("t")
    assert code == 0
    claim = shown.splitlines()[-1]
    shown, said = night.types()
    assert f"wrote anew autoresearch/t-final at {night.git('rev-parse', 'autoresearch/t-final')[:7]}" in shown
    assert f"it was at {first[:7]}" in shown
    assert "not verified" not in said
    words = " ".join(night.message("autoresearch/t-final").split())
    assert claim.replace("#7", "no. 7") in words
    gained = claim.split()[2]
    assert re.match(rf"score \+{re.escape(gained)} %: \S", words)
    drawn = [record["seed"] for record in night.records() if record["kind"] == "drawn"]
    assert len(drawn) == 6
    assert f"AUTORESEARCH_SEED of the pairs, both arms alike: {', '.join(map(str, drawn))}" in words
    assert (night.folder / "pull-request.md").read_text().startswith(f"**{claim.replace('#', chr(92) + '#')}**\n")
    told = json.loads(night.types("--json", "--as=keeps", "--dry-run")[0])
    assert told["event"] == "planned"
    assert told["left_out"] == [4, 6]
    (branch,) = told["branches"]
    assert (branch["branch"], branch["fate"], branch["experiments"]) == ("autoresearch/t-final", "moved", [2, 5, 7])

    night.git("merge", "--quiet", "autoresearch/t-final")
    shown, said = night.types()
    assert "is there already, as it should be, and main has it" in shown
    assert "next:" not in shown
    assert "moved on" not in said
    night.git("reset", "--quiet", "--hard", "HEAD~1")

    night.git("switch", "--quiet", "autoresearch/t-final")
    _, said = night.types("--as=keeps", code=3)
    assert "autoresearch/t-final is checked out" in said
    night.git("commit", "--quiet", "--allow-empty", "-m", "mine")
    night.git("switch", "--quiet", "main")
    before = night.root.everything()
    _, said = night.types(code=3)
    assert "branch autoresearch/t-final exists, and is not as `autoresearch finalize` makes it" in said
    assert night.root.everything() == before
    night.types("--branch=perf/value")
    assert night.tree("perf/value") == night.tree("autoresearch/t")
    _, said = night.types("--branch=autoresearch/t", code=3)
    assert "branch autoresearch/t exists" in said


def test_texts_that_somebody_edited_are_not_written_over(night: Night) -> None:
    night.types()
    text = night.folder / "pull-request.md"
    text.write_text("mine")
    night.git("branch", "-D", "autoresearch/t-final")
    before = night.root.everything()
    _, said = night.types(code=2)
    assert f"{text} is not as `autoresearch finalize` wrote it, and nothing was changed" in said
    assert night.root.everything() == before
    assert text.read_text() == "mine"


@pytest.mark.slow
def test_texts_go_where_they_are_wanted(night: Night) -> None:
    shown, _ = night.types("--output=out/here")
    assert not (night.folder / "pull-request.md").exists()
    assert "out/here/pull-request.md" in shown
    assert (night.lab.user.home / "out/here/chart.png").exists()
    before = night.git("for-each-ref")
    _, said = night.types("--output=program.sh", "--branch=other", code=3)
    assert "cannot write program.sh" in said
    assert night.git("for-each-ref") == before


@pytest.mark.slow
def test_changes_go_onto_a_branch_that_has_moved_on_or_none_are_made(night: Night) -> None:
    target = night.root.home / "sub/program.sh"
    target.write_text(target.read_text() + "# the end\n")
    (night.root.home / "new.txt").write_text("new\n")
    night.git("add", "-A")
    night.git("commit", "--quiet", "-m", "moved on")
    _, said = night.types()
    assert "main has moved on since the base" in said
    assert "--onto HEAD puts the changes on it" in said
    for shape in ("squash", "keeps"):
        shown, said = night.types("--onto=main", f"--as={shape}")
        assert "moved on" not in said
        assert "wrote anew autoresearch/t-final" in shown
        assert night.git("merge-base", "main", "autoresearch/t-final") == night.git("rev-parse", "main")
        final = PROGRAM.format(value=13, bonus=20, extra=0) + "# the end\n"
        assert night.git("show", "autoresearch/t-final:sub/program.sh") + "\n" == final
        moved = night.git("rev-parse", "--short=7", "main")
        assert f"not on {moved}, where this stands" in " ".join(night.message("autoresearch/t-final").split())
        mode = night.git("ls-tree", "autoresearch/t-final", "sub/program.sh")
        assert mode.startswith("100755")
    target.write_text(target.read_text().replace("BONUS=0", "BONUS=7"))
    night.git("commit", "--quiet", "-am", "against it")
    before = night.root.everything()
    for shape, number in (("squash", "#2, #4, #5, #6, #7"), ("keeps", "#5"), ("topics", "#5")):
        _, said = night.types("--onto=main", f"--as={shape}", code=3)
        assert f"what {number} changed in program.sh conflicts with {night.git('rev-parse', 'main')[:7]}" in said
    _, said = night.types("--onto=nowhere", code=2)
    assert "--onto nowhere is no commit" in said
    assert night.root.everything() == before
    _, said = night.types("--onto=autoresearch/t", code=2)
    assert "there is nothing to finalize" in said
    night.git("reset", "--quiet", "--hard", "HEAD~2")
    night.git("commit", "--quiet", "--amend", "-m", "begun anew")
    _, said = night.types("--branch=again")
    assert "is on none of your branches any more: --onto BRANCH" in said


@pytest.mark.slow
def test_a_killed_session_is_finalized_from_anywhere_in_the_repository(night: Night) -> None:
    records = [record for record in night.records() if record["kind"] != "closed"]
    Lab(night.root, night.lab.folder).rewrites(records)
    night.git("branch", "-D", "autoresearch/t")
    night.git("update-ref", "refs/autoresearch-final/t/3", "main")
    elsewhere = night.root.home.parent / "linked"
    night.git("worktree", "add", "--quiet", "--detach", str(elsewhere))
    head = night.git("rev-parse", "refs/autoresearch/t/best")
    for place in (night.root.home, elsewhere):
        shown, said = night.types(at=place)
        assert "session t did not end in order: this is its head as of now, experiment 7" in said
        assert "branch autoresearch/t is gone; what is finalized is what the session kept" in said
        assert night.tree("autoresearch/t-final") == night.tree(head)
    assert "nothing to do" in shown
    assert night.git("for-each-ref", "refs/autoresearch-final") == ""


def test_a_keep_that_tampered_is_not_finalized_unless_asked_for(night: Night) -> None:
    records = night.records()
    run = next(record for record in records if record["kind"] == "measured" and record["n"] == 5)
    run["tampered"] = ["bench.sh"]
    Lab(night.root, night.lab.folder).rewrites(records)
    before = night.root.everything()
    _, said = night.types(code=3)
    assert "experiment 5 was kept, and its code changed bench.sh while it ran: look at " in said
    assert night.root.everything() == before
    _, said = night.types("--despite-tampering", "--dry-run")
    assert "which was kept, changed bench.sh" in said


@pytest.mark.slow
def test_a_selection_of_keeps_on_another_branch_is_finalized_as_one(night: Night) -> None:
    keep = night.git("rev-parse", "refs/autoresearch/t/2")
    night.git("branch", "autoresearch/t-audited", keep)
    shown, _ = night.types("t-audited", "--as=topics")
    assert "autoresearch/t-audited-final-" in shown
    shown, _ = night.types("autoresearch/t-audited")
    assert night.tree("autoresearch/t-audited-final") == night.tree(keep)
    base = night.git("rev-parse", "main")[:10]
    assert f"not measured as a whole: autoresearch audit autoresearch/t-audited-final --base {base}\n" in shown
    assert (night.folder / "pull-request-audited.md").exists()
    assert not (night.folder / "pull-request.md").exists()
    assert "experiments" not in night.message("autoresearch/t-audited-final").partition("Kept")[0]
    _, said = night.types("main", code=2)
    assert "main is no session's branch" in said
    _, said = night.types("nowhere", code=2)
    assert "nowhere is not a session of this repository. Its sessions: t." in said


@pytest.mark.parametrize(
    ("keeps", "arguments", "code", "sentence"),
    [
        (None, [], 2, "no session in this repository. Start one with: autoresearch run"),
        (0, [], 2, "session t has kept nothing: there is nothing to finalize."),
        (5, ["--branch=a..b"], 2, "--branch 'a..b' is not a branch name."),
        (5, ["--as=none"], 2, "'squash', 'keeps', 'topics'"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_made(
    night: Night, keeps: int | None, arguments: Sequence[str], code: int, sentence: str
) -> None:
    if keeps is None:
        shutil.rmtree(night.folder)
    elif not keeps:
        end = next(at for at, record in enumerate(night.records()) if record.get("n") == 2)
        Lab(night.root, night.lab.folder).rewrites(night.records()[:end])
    before = night.root.everything()
    shown, said = night.types(*arguments, code=code)
    assert sentence in " ".join(said.replace("│", " ").split())
    assert not shown
    assert night.root.everything() == before


def test_a_projects_program_is_found_from_elsewhere_in_its_repository(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    default, named = Path("program.md"), Path("other.md")
    monkeypatch.chdir(night.root.home)
    assert at_home(default, "t") == default  # one that is here is meant
    default.unlink()
    assert at_home(default, "t") == at_home(default, None) == night.root.home / "sub/program.md"
    assert (at_home(named, "t"), at_home(default, "nowhere")) == (named, default)
    monkeypatch.chdir(night.root.home / "sub")
    assert at_home(default, "t") == default


def test_what_goes_on_with_a_session_can_be_typed() -> None:
    flags = {"model": "command", "command": "python3 'my edit.py'", "canary": False, "html": "page.html"}
    assert again(Path("program.md"), "mar5", flags, "run") == (
        "autoresearch run --tag mar5 --model command --command 'python3 '\"'\"'my edit.py'\"'\"'' --no-canary "
        "--html page.html"
    )
    assert again(Path("a b.md"), "mar5", {"model": "tune"}, "tune") == "autoresearch tune --tag mar5 --program 'a b.md'"
