"""No key reaches anything that is written: keys planted wherever they are read from, then every byte searched."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from autoresearch.edge import log
from autoresearch.edge.journal import Journal, read
from autoresearch.edge.signals import StopSignal
from autoresearch.live import LiveView
from autoresearch.propose.server import Server, find
from autoresearch.records import Closed, Committed, Decided, Measured
from autoresearch.secrets import SECRET_NAME, Redactor, redactor_for
from autoresearch.sources import load
from model_server import Failure, ModelServer, Scripted
from user import User, whole
from wire import error

FIRST, SECOND = "sk-proj-Qw3rTy0123456789", "zXcV/bNm+98765=="
KEY = FIRST + SECOND
TOKEN = 'hf_"quoted"\\Back5lash9'
PASSWORD = "hunter2-Hunter3"
PLANTED = {
    "OPENAI_API_KEY": KEY,
    "ANTHROPIC_AUTH_TOKEN": "sk-ant-oat01-0a1b2c3d4e5f6g7h8i9j",
    "HF_TOKEN": TOKEN,
    "GH_PAT": "ghp_A1b2C3d4E5f6G7h8",
    "HTTPS_PROXY": f"http://someone:{PASSWORD}@127.0.0.1:9",
    "OTEL_EXPORTER_OTLP_HEADERS": "content-type=application/json,x-api-key=0f1e2d3c4b5a69788796a5b4",
}
SECRETS = [KEY, TOKEN, PASSWORD, PLANTED["ANTHROPIC_AUTH_TOKEN"], PLANTED["GH_PAT"], "0f1e2d3c4b5a69788796a5b4"]
HIDING = redactor_for(tuple(PLANTED.items()))
TARGET = (
    f"import json\nVALUE = 10.0\nA, B = {FIRST[:12]!r} + {FIRST[12:]!r}, {SECOND!r}\n"
    f"REST = [left + right for left, right in {[(each[:9], each[9:]) for each in SECRETS[1:]]!r}]\n"
    "print('whole', A + B, json.dumps(REST), repr(REST), *REST)\n"
    "print(end=A, flush=True)\nprint(B, flush=True)\nprint(f'score: {VALUE}')\n"
)
"""Prints every secret, which it holds in halves: a bench that has them from where we do not look."""


def edited(old: str, new: str, description: str) -> str:
    """A model's reply."""
    return (
        f"description: {description}\nhypothesis: it has {KEY}\ncategory: other\n\nFILE: program.py\n"
        f"<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n"
    )


def written(user: User) -> bytes:
    """Every byte under the repository, git's objects unpacked."""
    files = [path.read_bytes() for path in sorted(user.home.rglob("*")) if path.is_file()]
    objects = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch"], cwd=user.home, capture_output=True, check=True
    )
    return b"\n".join([*files, objects.stdout])


def leaks(data: bytes) -> list[str]:
    """The secrets that are in it, in whichever quotes, whole or as a beginning that tells them."""
    told = [
        part for secret in SECRETS for part in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret))
    ]
    told += [KEY[: len(FIRST) - 1], quote(KEY, safe="")]
    return [part for part in told if part.encode() in data]


@pytest.mark.parametrize(
    "name",
    "OPENAI_API_KEY APIKEY aws_secret_access_key HF_TOKEN GH_PAT PGPASSWORD DB_PASS MYSQL_PWD SSH_AUTH_SOCK JWT"
    " NPM_CONFIG__AUTH SESSION_COOKIE HTTP_AUTHORIZATION GOOGLE_CREDENTIALS GPG_PASSPHRASE WEBHOOK_URL".split(),
)
def test_a_name_that_tells_of_a_secret(name: str) -> None:
    assert SECRET_NAME.search(name)


@pytest.mark.parametrize(
    "name",
    "PATH PWD OLDPWD KEYBOARD_LAYOUT MONKEY_PATCH GIT_AUTHOR_NAME XAUTHORITY TOKENIZERS_PARALLELISM MAX_TOKENS PATTERN"
    " PASSES COMPATIBLE HOME".split(),
)
def test_a_name_that_tells_of_none(name: str) -> None:
    assert not SECRET_NAME.search(name)


def hides(name: str, value: str) -> bool:
    return value not in redactor_for(((name, value),)).text(f"it is {value} here")


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("API_KEY", "a1b2c3d4", True),
        ("API_KEY", "a1b2c3d", False),
        ("DB_PASSWORD", "postgres", False),
        ("DB_PASSWORD", "correct-horse-battery", True),
        ("API_KEY", "averylongwordthatnobodywouldwrite", True),
        ("KEY_VARIABLE", "OPENAI_API_KEY", False),
        ("KEY_SPACING_M", "0.00000001", False),
        ("AUTH_URL", "http://127.0.0.1:8080/login", False),
        ("SSH_KEY", str(Path(__file__)), False),
        ("EDITOR", "sk-proj-0123456789", False),
    ],
)
def test_what_counts_as_a_secret(name: str, value: str, hidden: bool) -> None:
    assert hides(name, value) is hidden


def test_each_secret_is_named_however_it_is_quoted() -> None:
    for secret in SECRETS:
        for shown in (secret, json.dumps(secret), repr(secret), quote(secret), quote(secret, safe="")):
            assert not leaks(HIDING.text(f"1 {shown} 2").encode())
            assert not leaks(HIDING.output(f"1 {shown} 2".encode()))
    assert HIDING.text(f"key {KEY}.") == "key [OPENAI_API_KEY]."
    assert HIDING.text(f"key {KEY[:20]}…") == "key [OPENAI_API_KEY]…"


def test_of_two_keys_that_begin_alike_neither_shows() -> None:
    one, other = "eyJhbGciOiJIUzI1NiJ9.one1one1one1", "eyJhbGciOiJIUzI1NiJ9.two2two2two2two2"
    hiding = redactor_for((("ONE_KEY", one), ("OTHER_KEY", other)))
    shown = hiding.text(f"{one} {other} {other[:-4]} {one[:-4]}")
    assert shown == "[ONE_KEY] [OTHER_KEY] [OTHER_KEY] [ONE_KEY]"


def test_output_is_cut_beside_a_secret_and_never_within() -> None:
    secret = b"ab1-xyz-ab1"
    hiding, whole = redactor_for((("A_KEY", secret.decode()),)), 2 + len(secret)
    for at in range(whole + 2):
        assert hiding.clear(b"--" + secret + b"--", at) == (whole if 2 < at < whole else at)
    for come in range(1, len(secret)):
        assert hiding.settled(b"--" + secret[:come]) == 2
    # It ends as it begins, and yet is whole.
    assert hiding.settled(b"--" + secret) == whole


def test_passwords_in_urls_are_hidden_though_no_variable_holds_them() -> None:
    said = redactor_for(()).text("base_url http://me:pw@host/v1?model=x&api_key=abc ssh://git@host")
    assert said == "base_url http://[password]@host/v1?model=x&api_key=[api_key] ssh://[password]@host"


@pytest.mark.parametrize("address", [f"http://me:{PASSWORD}@host/v1?key={TOKEN}", f"me:{PASSWORD}@host/v1"])
def test_an_address_is_shown_without_its_password(address: str) -> None:
    server: Server = find("openai", address, {})
    assert server.address == ("http://host/v1" if "//" in address else "host/v1")
    assert not leaks(f"{server.address} {server.host} {server.described()}".encode())


@given(
    st.lists(st.sampled_from([KEY, TOKEN, "sk-proj-", FIRST, "\n", "loss: 1.5 ", "x" * 150])),
    st.lists(st.integers(1, 90)),
)
def test_a_log_holds_no_secret_however_it_was_cut(pieces: list[str], sizes: list[int]) -> None:
    output = "".join(pieces).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "HEAD_BYTES", 300)
        patch.setattr(log, "TAIL_BYTES", 200)
        kept = logged(output, sizes, patch)
    assert KEY.encode() not in kept
    assert TOKEN.encode() not in kept
    if len(output) <= 500:
        assert kept == HIDING.output(output)


def logged(output: bytes, sizes: list[int], patch: pytest.MonkeyPatch) -> bytes:
    """What a log keeps of an output that comes in pieces of these sizes."""
    for name, value in PLANTED.items():
        patch.setenv(name, value)
    path = Path(os.environ["HOME"]) / "run.log"
    with log.CappedLog(path) as capped:
        for size in sizes:
            capped.write(output[:size])
            output = output[size:]
        capped.write(output)
    return path.read_bytes()


@pytest.mark.parametrize("before", range(0, 60, 7))
def test_a_secret_over_the_edge_of_head_or_tail_is_not_cut_in_two(before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    head = b"h" * (log.HEAD_BYTES - before) + KEY.encode()
    tail = KEY.encode() + b"t" * (log.TAIL_BYTES - before)
    kept = logged(head + b"m" * 3 * log.TAIL_BYTES + tail, [100_000] * 3, monkeypatch)
    assert not leaks(kept)
    assert kept.rstrip(b"t")[-40:].count(b"zXcV") == 0
    assert SECOND[-4:].encode() not in kept


def test_a_journal_without_secrets_is_read_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    for name, value in {**PLANTED, "CACHE_KEY": commit, "A_KEY": "candidate", "B_KEY": "12345678", "C": "x"}.items():
        monkeypatch.setenv(name, value)
    journal = Journal.open(tmp_path / "journal.jsonl")
    held = [
        journal.append(Committed(n=2, repair=0, commit=commit)),
        journal.append(
            Measured(n=2, run=1, arm="candidate", value=12345678.0, failure=None, columns={}, duration_s=1, log="a")
        ),
        journal.append(Decided(n=2, status="crash", reason=f"exit code 1: {KEY} {TOKEN!r} {KEY[:30]}", value=None)),
        journal.append(Closed(reason=f"{commit} http://me:pw@host")),
    ]
    journal.close()
    assert read(tmp_path / "journal.jsonl") == held
    assert held[0].commit == commit  # type: ignore[union-attr]
    assert held[3].reason == "[CACHE_KEY] http://[password]@host"  # type: ignore[union-attr]
    assert not leaks((tmp_path / "journal.jsonl").read_bytes())


@pytest.mark.slow
def test_a_session_writes_no_secret_anywhere(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project", files={"program.py": TARGET})
    assert leaks(written(user)) == []
    replies: list[Scripted] = [
        edited("VALUE = 10.0", "VALUE = 11.0", f"the key is {KEY}"),
        edited("VALUE = 11.0", f"VALUE = 12.0\n# {KEY} {TOKEN}", "it is in the file"),
        edited("VALUE = 12.0", "VALUE = 12.1\nraise ValueError(A + B)", "a crash"),
        edited("VALUE = 12.1", "VALUE = 12.2", "a repair that crashes as well"),
        edited("print(f'score: {VALUE}')", "print(f'score: {A + B}')", "no number"),
        edited(KEY, "VALUE = 13.0", f"{KEY} is not there"),
        edited("print(f'score: {A + B}')", "print(f'score: {VALUE}')\nVALUE = 13.0", "a repair"),
        Failure(
            400, {"error": {"message": f"bad {KEY} {TOKEN} {PASSWORD} http://me:{PASSWORD}@host"}}, {"X-Key": FIRST}
        ),
    ]
    with ModelServer(replies) as server:
        url = server.openai_url.replace("http://", f"http://someone:{PASSWORD}@")
        arguments = ("--model", "openai/gpt-6-luna", "--base-url", url, "--repairs", "1")
        session = ("run", "--tag", "mar5", "--json", "--decide", "naive", *arguments)
        done = [
            user.types("check", *arguments, env=PLANTED),
            user.types("run", "--dry-run", *arguments, env=PLANTED),
            user.types(*session, env=PLANTED),
        ]
    assert [each.returncode for each in done] == [0, 0, 4], done
    for kind in ("text", "json", "md", "html", "svg"):
        # Not in the environment any more: what is in the journal is what is shown.
        done.append(user.types("report", "mar5", "--format", kind))
        assert done[-1].returncode == 0, done[-1].stderr
    assert leaks(written(user)) == []
    for each in done:
        assert leaks((each.stdout + each.stderr).encode()) == [], each.args
    assert b"[OPENAI_API_KEY]" in written(user)
    assert len(server.requests) == len(replies)
    assert [row["status"] for row in user.rows()] == ["keep", "keep", "keep", "crash", "discard"]
    assert "\n# [OPENAI_API_KEY] [HF_TOKEN]\n" in user.git("show", "autoresearch/mar5:program.py")


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [
        ('echo "# $OPENAI_API_KEY" >> program.py; env; echo "description: $HF_TOKEN"', 0),
        ('echo "$HF_TOKEN"; echo "bad key $OPENAI_API_KEY" >&2; exit 127', 4),
        (f"OPENAI_API_KEY='{KEY}' nonsense", 4),
    ],
)
def test_a_command_that_prints_and_writes_keys_leaves_none(tmp_path: Path, command: str, exit_code: int) -> None:
    user = User.with_project(tmp_path / "project")
    given = {**PLANTED, "AUTORESEARCH_COMMAND": command}
    budget = ("--model", "command", "--budget", "experiments=2")
    done = user.types("run", "--tag", "mar5", *budget, env=given)
    assert done.returncode == exit_code, done.stderr
    assert leaks(written(user)) == []
    assert leaks((done.stdout + done.stderr).encode()) == []


@pytest.mark.parametrize(
    ("command", "failure"),
    [
        ("check", Failure(401, error("openai", "invalid_api_key", f"Incorrect API key provided: {KEY}"))),
        ("check", Failure(403, f"<html>{KEY}</html>", {"WWW-Authenticate": f"Bearer {KEY}"})),
        ("run", Failure(500, {"detail": f"{quote(KEY, safe='')} {KEY[:25]} {TOKEN}"}, {"Retry-After": "0"})),
        ("run", Failure(418, {"error": f"{KEY} {PASSWORD}"})),
    ],
)
def test_a_server_that_echoes_the_key(tmp_path: Path, command: str, failure: Failure) -> None:
    user = User.with_project(tmp_path / "project")
    with ModelServer([failure], models_failure=failure if command == "check" else None) as server:
        arguments = ("--model", "openai/gpt-6-luna", "--base-url", server.openai_url, "--outage", "0.01")
        done = user.types(command, *arguments, env=PLANTED)
    assert done.returncode == 4
    assert f"({failure.status})" in done.stdout + done.stderr
    assert leaks((done.stdout + done.stderr).encode()) == []
    assert leaks(written(user)) == []


def test_a_prompt_holds_no_secret_that_the_human_left_in_a_note(tmp_path: Path) -> None:
    user = User.with_project(tmp_path / "project")
    (user.home / "notes.md").write_text("Log in with correct-horse-4711, then look.\n")
    with ModelServer([whole("11.0")]) as server:
        environment = {"OPENAI_API_KEY": "sk-0123456789", "OPENAI_BASE_URL": server.openai_url}
        given = {**environment, "DB_PASSWORD": "correct-horse-4711"}
        done = user.types("run", "--tag=t", "--model=openai/gpt-6-luna", "--budget=experiments=2", env=given)
    assert done.returncode == 0, done.stderr
    assert "Log in with [DB_PASSWORD], then look." in server.requests[0].prompt


def test_the_traceback_of_a_bug_shows_no_key() -> None:
    code = (
        "import os, sys\nimport autoresearch.cli.app\nfrom autoresearch import cli\n"
        "def broken(): print('key', os.environ['OPENAI_API_KEY']); raise RuntimeError(dict(os.environ))\n"
        "autoresearch.cli.app.app = broken\ncli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **PLANTED}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "RuntimeError" in done.stderr
    assert "this is a bug in autoresearch" in done.stderr
    assert done.stdout == "key [OPENAI_API_KEY]\n"
    assert leaks(done.stderr.encode()) == []


def test_a_notice_in_the_live_view_is_hidden_before_it_is_broken_into_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    given = {"target": "a.py", "bench": "python a.py", "metric": "loss", "direction": "lower"}
    view = LiveView(load({}, {}, given, "program.md").settings, "mar5", "openai/x", StopSignal())
    view.notice(f"{KEY} was refused")
    console = Console(width=30, file=io.StringIO())
    console.print(view.draw())
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "[OPENAI_API_KEY]" in shown
    assert "sk-proj" not in shown


def test_a_redactor_without_secrets_changes_nothing() -> None:
    nothing = Redactor((), ())
    assert nothing.text("text") == "text"
    assert nothing.output(b"output") == b"output"
    assert nothing.settled(b"output") == 6
