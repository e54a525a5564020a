"""docs/reference.md against the program: every command, flag, setting, file and exit code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic_core import PydanticUndefined

from autoresearch import brief, errors
from autoresearch.cli.app import app
from autoresearch.decide.form import FAULTS
from autoresearch.edge import derived, folder
from autoresearch.edge.environment import AT_HOME, COMPILED, FAMILIES, HANDED_ON
from autoresearch.edge.sandbox import SECRET_PLACES
from autoresearch.limits import Bounds, Limits
from autoresearch.propose.agents import AGENTS
from autoresearch.settings import Budget, Settings

ROOT = Path(__file__).parents[1]
REFERENCE = (ROOT / "docs" / "reference.md").read_text()
APP: Any = typer.main.get_command(app)
COMMANDS: dict[str, Any] = {name: APP.get_command(None, name) for name in APP.list_commands(None)}


def section(title: str) -> str:
    """The text under a heading, up to the next one of its level or above."""
    level = title.split()[0]
    found = re.search(rf"^{re.escape(title)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", REFERENCE, re.M | re.S)
    assert found, f"no section {title!r}"
    return found[1]


def default(value: object) -> str:
    """A default as a person would write it."""
    if value is PydanticUndefined:
        return "required"
    if value is None or value in ((), Budget(), Bounds()):
        return ""
    if isinstance(value, Limits):
        return value.text()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value < 1:
        return f"{value:g}"
    if isinstance(value, float):
        return next(f"{value / size:g}{unit}" for unit, size in (("h", 3600), ("m", 60), ("s", 1)) if value >= size)
    return f"{value}"


def settings_rows() -> Iterator[str]:
    """The rows of the settings' table."""
    for name, field in Settings.model_fields.items():
        yield f"| `{name}` | {default(field.default)} | {field.description} |"


@pytest.mark.parametrize("row", list(settings_rows()))
def test_every_setting_stands_in_the_reference_as_the_code_has_it(row: str) -> None:
    assert row in section("## Settings").splitlines()


def test_the_reference_has_no_setting_that_the_code_lacks() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", section("## Settings"), re.M))
    assert documented == set(Settings.model_fields) | set(Budget.model_fields)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_stands_in_the_reference(command: str) -> None:
    text = section(f"### Flags of `{command}`")
    settings = {"--" + name.replace("_", "-") for name in Settings.model_fields}
    inherits = "every setting" in text.lower()
    for parameter in COMMANDS[command].params:
        for flag in [name for name in parameter.opts if name.startswith("--") and name != "--help"]:
            assert f"`{flag}" in text or (inherits and flag in settings), f"{command} {flag}"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_reference(command: str) -> None:
    assert re.search(rf"^\| `autoresearch {command}\b", section("## Commands"), re.M)


def test_every_exit_code_stands_in_the_reference() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", section("## Exit codes"), re.M)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert documented == {0, errors.INTERRUPTED, *(kind.exit_code for kind in kinds)}  # type: ignore[attr-defined]


def test_every_file_stands_in_the_reference(tmp_path: Path) -> None:
    text = section("## Files")
    session = folder.SessionFolder(tmp_path, "TAG")
    for path in (session.journal, session.tree, session.scratch, session.log(1, 1).parent, session.candidate(1, 0)):
        name = path.relative_to(tmp_path / "autoresearch").as_posix().replace("1.json", "N.json")
        assert f".git/autoresearch/{name}" in text
    for name in (*derived.OWN, brief.NOTES, "refs/autoresearch/TAG/best", "holder.json"):
        assert name in text


def test_every_reason_to_refuse_an_edit_stands_in_the_reference() -> None:
    package = ROOT / "src" / "autoresearch" / "decide"
    code = "".join(path.read_text() for path in sorted(package.glob("*.py")))
    known = set(re.findall(r'(?:Refusal|Unused)\(\s*"([^"]+)"', code))
    documented = set(re.findall(r"^\| `([\w ]+)` \|", section("## What is refused"), re.M))
    assert documented == known
    assert documented > FAULTS


PAGES = ["README.md", "ARCHITECTURE.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md")))]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert ((ROOT / page).parent / link).exists(), link


def test_what_a_run_is_handed_and_what_is_hidden_from_it_stands_in_the_docs() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    for name in (*HANDED_ON, *FAMILIES, *COMPILED, *AT_HOME, *SECRET_PLACES):
        assert f"`{name}`" in text, name


@pytest.mark.parametrize("name", AGENTS)
def test_every_agent_stands_in_the_docs_with_its_whole_command(name: str) -> None:
    text = (ROOT / "docs" / "agents.md").read_text()
    assert AGENTS[name].command in text.splitlines()
    assert f"`{name}` (`{AGENTS[name].install}`)" in text


def test_reliability_leaves_no_fault_out() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text()
    assert {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.M)} == set(range(1, 41))


@pytest.mark.parametrize("page", ["reliability.md", "faults.md"])
def test_each_fault_has_a_test_that_is_there(page: str) -> None:
    rows = re.findall(r"^\|.*\| ([^|]+) \|$", (ROOT / "docs" / page).read_text(), re.M)
    assert rows[0] == "test"
    for tests in rows[1:]:
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", tests)
        assert named
        for file, name in named:
            assert re.search(rf"^def {name}\(", (ROOT / "tests" / file).read_text(), re.M), f"{file}::{name}"


def test_the_map_names_every_module() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    package = ROOT / "src" / "autoresearch"
    for path in sorted(package.iterdir()):
        if not path.name.startswith((".", "__")) and path.name != "py.typed":
            assert f"`{path.name}" in text, path.name
