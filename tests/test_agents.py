"""Commands that edit the target: fake agents that do what the real ones do, in the real scratch checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from autoresearch import project
from autoresearch.edge.git import forget_caller
from autoresearch.equipment import first_request, make_roster
from autoresearch.errors import ProposerError, ProposerUnavailableError, SettingsError
from autoresearch.model import Reply, Request
from autoresearch.propose import Proposer
from autoresearch.propose.agents import AGENTS
from user import User

EDIT = "sed -i s/10.0/11.0/ program.py"
HEADER = "description: by an agent\nhypothesis: more\ncategory: parameters"
SAY = f"printf '{HEADER.replace(chr(10), chr(92) + 'n')}\\n'"
EDITED = 'VALUE = 11.0\nprint(f"score: {VALUE}")\n'
needs_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    """With a project, and a home that an agent is logged in in; scratch checkouts lie in the test's own folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return User.with_project(tmp_path / "project")


def proposer(user: User, **flags: object) -> tuple[Proposer, Request]:
    """What a session of these settings would ask, and whom."""
    forget_caller()
    found = project.examine(user.home / "program.md", {"model": "command", **flags}, {})
    asked = make_roster(found, "t", lambda: None).all[0]
    return asked, first_request(found, asked)


@pytest.mark.slow
def test_an_agent_is_asked_to_edit_in_place_and_to_print_nothing_but_the_header(user: User, tmp_path: Path) -> None:
    agent = f"cat >> {tmp_path}/asked; {SAY}; grep -q 'was not used' {tmp_path}/asked && {EDIT}"
    done = user.types("run", "--tag=t", "--model=command", f"--command={agent}; true", "--budget=experiments=2")
    assert done.returncode == 0, done.stderr
    assert len(user.rows()) == 2
    asked = (tmp_path / "asked").read_text()
    assert asked.count("You are in a scratch checkout of the repository: edit the target there") == 2
    assert asked.count("Edit the target in the checkout again") == 1
    for meant_for_models in ("no tools", "COMPLETE", "complete new file", "SEARCH"):
        assert meant_for_models not in asked


def test_the_example_of_the_docs_works_as_it_stands_there(user: User, tmp_path: Path) -> None:
    text = (Path(__file__).parents[1] / "docs" / "agents.md").read_text()
    (tmp_path / "agent.py").write_text(text.split("```python\n")[1].split("```")[0])
    reply = ask(user, f"python3 {tmp_path}/agent.py")
    assert reply.files
    assert reply.text.startswith("description: 10.0 becomes ")


def ask(user: User, command: str, **flags: object) -> Reply:
    """One proposal of a command."""
    who, request = proposer(user, command=command, **flags)
    return who.propose(request)


def install(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program on the PATH."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def refs(user: User) -> str:
    """Every branch, tag and other ref, and all commits that any of them or any worktree leads to."""
    return user.git("for-each-ref") + user.git("log", "--all", "--format=%H")


def test_a_command_gets_the_prompt_on_stdin_and_in_a_file_and_the_targets_by_name(user: User, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    seen.mkdir()
    reply = ask(
        user,
        f'cat > {seen}/stdin; cp "$AUTORESEARCH_PROMPT" {seen}/file; printf %s "$@" > {seen}/arguments; '
        f'printf %s "$AUTORESEARCH_TARGETS" > {seen}/targets; pwd > {seen}/place; {EDIT}; {SAY}',
    )
    told = {path.name: path.read_text() for path in seen.iterdir()}
    assert told["stdin"] == told["file"]
    assert "Make the score as high as you can." in told["stdin"]
    assert told["targets"] == told["arguments"] == "program.py"
    assert ".git" not in Path(told["place"]).parts  # Claude Code edits nothing there
    assert reply.files == {"program.py": EDITED}
    assert reply.text.startswith(HEADER)
    assert reply.usage.cost_usd is None


@pytest.mark.parametrize("sandbox", ["auto", "off"])
def test_nothing_but_the_targets_text_is_taken_whatever_else_is_done(user: User, sandbox: str) -> None:
    user.git("tag", "kept")
    before, checkout = refs(user), user.checkout()
    reply = ask(
        user,
        f"{EDIT}; echo x >> program.md; mkdir new; echo y > new/file; git commit -qam mine; {EDIT}; {SAY}",
        sandbox=sandbox,
    )
    assert reply.files == {"program.py": EDITED}
    assert reply.dropped == ("new/file", "program.md")
    assert user.checkout() == checkout
    ask(user, EDIT, sandbox=sandbox)  # brings the scratch checkout back to its commit
    assert refs(user).splitlines() == before.splitlines()


@pytest.mark.parametrize(
    "does",
    [
        "rm program.py",
        "ln -sf /etc/hostname program.py",
        r"printf '\000\001' > program.py",
        r"printf '\377\376' > program.py",
        "rm program.py; mkdir program.py",
    ],
)
def test_a_target_that_is_no_text_any_more_is_not_taken(user: User, does: str) -> None:
    reply = ask(user, f"{does}; {SAY}")
    assert reply.files == {}
    assert [path.split("/")[0] for path in reply.dropped] in (["program.py"], [])


def test_a_folder_replaced_by_a_link_leads_nowhere(tmp_path: Path) -> None:
    program = (User.with_project(tmp_path / "first").home / "program.md").read_text()
    user = User.with_project(
        tmp_path / "project",
        program=program.replace("target: program.py", "target: src/life.py"),
        files={"src/life.py": "VALUE = 10.0\n"},
    )
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "life.py").write_text("secret\n")
    assert ask(user, f"rm -r src; ln -s {tmp_path}/elsewhere src").files == {}


def test_line_endings_stay(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project", files={"program.py": "VALUE = 10.0\r\nprint(VALUE)\r\n"})
    reply = ask(user, f"tr -d '\\r' < program.py > new; mv new program.py; {EDIT}")
    assert reply.files == {"program.py": "VALUE = 11.0\r\nprint(VALUE)\r\n"}
    assert ask(user, "tr -d '\\r' < program.py > new; mv new program.py").files == {}


def test_an_edit_counts_whatever_the_exit_code_and_a_failure_without_one_is_waited_for(user: User) -> None:
    assert ask(user, f"{EDIT}; exit 3").files == {"program.py": EDITED}
    with pytest.raises(ProposerUnavailableError, match=r"exited with 3: rate limit reached"):
        ask(user, "echo rate limit reached; exit 3")


@pytest.mark.parametrize("sandbox", ["auto", "off"])
def test_a_command_that_hangs_is_killed_with_all_it_started_and_is_a_wait(
    user: User, tmp_path: Path, sandbox: str
) -> None:
    beat = f"(while :; do echo x >> {tmp_path}/beat; sleep 0.02; done) &"
    with pytest.raises(ProposerUnavailableError, match="did not end within"):
        ask(user, f"{beat} setsid sh -c '{beat} wait' & {EDIT}; wait", reply_timeout="0.5s", sandbox=sandbox)
    assert_still(tmp_path / "beat")


@pytest.mark.parametrize("sandbox", ["auto", "off"])
def test_what_a_command_leaves_running_is_dead_when_it_has_ended(user: User, tmp_path: Path, sandbox: str) -> None:
    beat = f"while :; do echo x >> {tmp_path}/beat; sleep 0.02; done"
    reply = ask(
        user,
        f"setsid sh -c '{beat}' & nohup sh -c '{beat}' & while ! test -s {tmp_path}/beat; do :; done; {EDIT}",
        sandbox=sandbox,
    )
    assert reply.files == {"program.py": EDITED}
    assert_still(tmp_path / "beat")


def assert_still(path: Path) -> None:
    """Nobody writes to a file any more."""
    size = path.stat().st_size
    time.sleep(0.3)
    assert path.stat().st_size == size


@needs_bubblewrap
def test_a_logged_in_agent_can_refresh_its_login_and_reach_neither_repository_nor_sessions(
    user: User, tmp_path: Path
) -> None:
    home = Path(os.environ["HOME"])
    (home / ".claude").mkdir()
    (home / ".claude" / ".credentials.json").write_text("old")
    journal = user.home / ".git/autoresearch/other/journal.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_text("secret")
    login = (
        "echo new > $HOME/.claude/half; mv $HOME/.claude/half $HOME/.claude/.credentials.json; "
        "for folder in .codex .gemini .aider .cache/agent .config/agent; do mkdir -p $HOME/$folder; "
        "echo token > $HOME/$folder/auth.json; done; echo '{}' > $HOME/.claude.json; mktemp >&2; "
        'test -n "$ANTHROPIC_API_KEY" || exit 9'
    )
    harm = (
        f"echo x >> {user.home}/program.py; echo x > {user.home}/new; git -C {user.home} branch theirs; "
        f"git config user.name x; echo x >> .git; mv .git away; mv ../tree ../away; cat {journal} >> program.py"
    )
    os.environ["ANTHROPIC_API_KEY"] = "sk-planted-key-1"
    try:
        before, checkout = refs(user), user.checkout()
        reply = ask(user, f"{login}; {harm}; {EDIT}; {SAY}")
    finally:
        del os.environ["ANTHROPIC_API_KEY"]
    assert reply.files == {"program.py": EDITED}
    assert (home / ".claude" / ".credentials.json").read_text() == "new\n"
    assert all((home / f).is_file() for f in (".claude.json", ".codex/auth.json", ".gemini/auth.json"))
    assert (refs(user), user.checkout()) == (before, checkout)
    assert "theirs" not in refs(user)
    assert not reply.dropped


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_by_name_is_run_without_a_person(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    seen = tmp_path / "seen"
    install(
        tmp_path / "bin",
        name,
        f'printf "%s\\n" "$@" > {seen}; cat >> {seen}; {EDIT}; echo noise >&2; {SAY}',
        monkeypatch,
    )
    who, request = proposer(user, model=name)
    assert who.check() == f"{name}: {AGENTS[name].command}"
    reply = who.propose(request)
    assert (who.name, reply.files) == (name, {"program.py": EDITED})
    said = seen.read_text()
    assert "Make the score as high as you can." in said  # all get it on stdin, aider by name too
    if name == "aider":
        assert "prompt.md\n" in said
        assert "\nprogram.py\n" in said


def test_what_an_agent_refuses_is_said_in_its_name(user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "bin", "claude", "echo 'Please run /login' >&2; exit 1", monkeypatch)
    who, request = proposer(user, model="claude")
    with pytest.raises(ProposerUnavailableError, match=r"^claude exited with 1: Please run /login$"):
        who.propose(request)


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_that_is_not_installed_is_told_with_how_to_install_it(
    user: User, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    who, _ = proposer(user, model=name)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with pytest.raises(ProposerError) as error:
        who.check()
    assert f"model: {name} runs the program {name}" in str(error.value)
    assert AGENTS[name].install in str(error.value)


@pytest.mark.parametrize("model", ["command", *AGENTS])
@pytest.mark.parametrize("limit", ["usd", "tokens"])
def test_a_budget_that_cannot_be_kept_is_refused_at_the_start(user: User, model: str, limit: str) -> None:
    flags: Mapping[str, object] = {"command": "true"} if model == "command" else {}
    with pytest.raises(SettingsError, match=rf"budget: {limit} cannot be kept with model: {model}"):
        proposer(user, model=model, budget={limit: 5}, **flags)


def test_an_agent_by_name_takes_no_command_beside_it(user: User) -> None:
    with pytest.raises(SettingsError, match="Take `command` away"):
        proposer(user, model="claude", command="claude -p")


@pytest.mark.slow
def test_a_session_tells_who_proposed_and_that_the_price_is_unknown(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "bin", "claude", f"cat > /dev/null; {EDIT}; echo x > stray; echo warning: old >&2", monkeypatch)
    done = user.types("run", "--tag=t", "--model=claude", "--budget=experiments=2", "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["cost_usd"] for event in events if event["event"] == "experiment"] == [0.0, None]
    assert events[-1]["cost_usd"] is None
    assert {"event": "notice", "text": "dropped all but the target's text: stray"} in events
    assert user.rows()[1]["description"] == "edits program.py: 1 line added, 1 removed"
    journal = (user.home / ".git/autoresearch/t/journal.jsonl").read_text()
    assert journal.count('"model":"claude"') == 2  # opened, replied
    said = user.types("report", "t").stdout
    assert "1 reply of unknown price" in said
    assert "$0" not in said
    assert not list(user.home.glob(".git/worktrees/*"))
    named = subprocess.run(["git", "worktree", "list"], cwd=user.home, capture_output=True, text=True, check=True)
    assert "scratch" not in named.stdout
