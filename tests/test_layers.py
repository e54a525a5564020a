"""The architecture's arrows, and what importing costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import autoresearch

PACKAGE = Path(autoresearch.__file__).parent
NOUNS = {"model", "errors", "records", "settings", "direction", "limits", "secrets"}
ALLOWED = {
    "decide": {"decide", "figures", *NOUNS},
    "edge": {"edge", *NOUNS},
    "propose": {"propose", *NOUNS},
    "report": {
        "report",
        "figures",
        "decide.ablation",
        "decide.interval",
        "decide.tallies",
        "decide.outcome",
        "decide.history",
        "decide.recover",
        "decide.rematch",
        "decide.results",
        "decide.rounds",
        "decide.story",
        "edge.holder",
        "edge.journal",
        "edge.receipt",
        "edge.whereabouts",
        *NOUNS,
    },
    "model": set[str](),
    "errors": set[str](),
    "direction": {"model"},
    "limits": set[str](),
    "secrets": set[str](),
    "bench": {"bench"},
    "importable": set[str](),
    "records": {"model"},
    "spellings": set[str](),
    "settings": {"spellings", "model", "limits"},
    "sources": {"settings", "spellings", "errors", "direction"},
    "program": {"errors"},
    "runner": {"decide", "edge", *NOUNS},
    "ledger": {"observer", "decide.history", "decide.recover", "edge.journal", *NOUNS},
    "arms": {"ledger", "decide", "edge", "runner", *NOUNS},
    "gates": {"arms", "ledger", "decide", "edge", "runner", *NOUNS},
    "asking": {"arms", "ledger", "decide", "edge", "propose", *NOUNS},
    "proposing": {"asking", "decide", "edge", "propose", *NOUNS},
    "loop": {"proposing", "ledger", "arms", "gates", "decide", "edge", *NOUNS},
    "observer": {"decide.history", *NOUNS},
    "moments": {"news", "decide", "figures", *NOUNS},
    "hooks": {"moments", "observer", "project", "decide.history", "edge", "figures", *NOUNS},
    "pulse": {"decide.interval"},
    "heartbeat": {"pulse", "news", "observer", "decide", "edge.journal", "edge.signals", "edge.whereabouts", *NOUNS},
    "condition": {"pulse", "heartbeat", "edge.holder", "edge.whereabouts", *NOUNS},
    "attached": {
        "pulse",
        "condition",
        "observer",
        "decide.history",
        "decide.recover",
        "edge.growth",
        "edge.signals",
        "edge.whereabouts",
        *NOUNS,
    },
    "exhibits": {"report", "edge.log", "edge.patches", *NOUNS},
    "page": {"exhibits", "report", "edge.holder", "edge.webpage", *NOUNS},
    "live_page": {"observer", "project", "decide.history", "edge", *NOUNS},
    "followers": {"heartbeat", "observer", "project", "edge", *NOUNS},
    "equipment": {"gates", "decide", "edge", "propose", "runner", "project", "program", *NOUNS},
    "resume": {"decide.history", "decide.recover", "edge", "project", *NOUNS},
    "lessons": {"decide", "edge", "project", *NOUNS},
    "session": {
        "brief",
        "lessons",
        "hints",
        "label",
        "resume",
        "equipment",
        "observer",
        "ledger",
        "arms",
        "gates",
        "decide",
        "edge",
        "propose",
        "asking",
        "proposing",
        "loop",
        "project",
        "program",
        *NOUNS,
    },
    "verify": {
        "lessons",
        "session",
        "resume",
        "equipment",
        "observer",
        "ledger",
        "arms",
        "decide",
        "edge",
        "project",
        *NOUNS,
    },
    "audited": {"sources", "resume", "decide.history", "edge", "project", "program", *NOUNS},
    "finalized": {"decide", "edge", "report", *NOUNS},
    "finalize": {"finalized", "decide", "edge", "report", *NOUNS},
    "audit": {"remeasure", "audited", "observer", "decide", "edge", *NOUNS},
    "ablate": {"remeasure", "audited", "observer", "decide", "edge", *NOUNS},
    "remeasure": {
        "gates",
        "audited",
        "session",
        "resume",
        "equipment",
        "observer",
        "ledger",
        "arms",
        "decide",
        "edge",
        *NOUNS,
    },
    "project": {"edge", "program", "sources", *NOUNS},
    "brief": {"program", "project", *NOUNS},
    "label": {"edge", "project", *NOUNS},
    "hints": {"edge", "project", *NOUNS},
    "scaffold": {"scaffold", "bench", "program", "decide", "edge", *NOUNS},
    "figures": {"model"},
    "news": {"decide", "figures", *NOUNS},
    "live": {"news", "decide", "figures", "edge.signals", "observer", *NOUNS},
    "display": {"live", "news", "decide", "figures", "edge.signals", "observer", *NOUNS},
}
"""Package or module → what it may import of ours."""
IMPURE = {
    "os",
    "subprocess",
    "time",
    "random",
    "secrets",
    "socket",
    "pathlib.Path",
    "shutil",
    "tempfile",
    "git",
    "threading",
}


def imports(path: Path) -> set[str]:
    """Dotted names that a module imports, at its top or within its functions, what is named behind `from` included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def modules(name: str) -> list[Path]:
    return sorted((PACKAGE / name).rglob("*.py")) if (PACKAGE / name).is_dir() else [PACKAGE / f"{name}.py"]


@pytest.mark.parametrize("name", ALLOWED)
def test_arrows_point_inwards(name: str) -> None:
    for module in modules(name):
        for imported in imports(module):
            inside = imported.removeprefix("autoresearch.")
            if imported.startswith("autoresearch.") and not imported.startswith("autoresearch.__version__"):
                allowed = any(inside == a or inside.startswith(f"{a}.") for a in ALLOWED[name])
                assert allowed, f"{module.relative_to(PACKAGE)} imports {imported}"


def test_decisions_import_nothing_that_acts() -> None:
    for module in modules("decide"):
        found = imports(module)
        assert not (found | {name.split(".")[0] for name in found}) & IMPURE, module


def test_every_module_is_under_a_rule_or_at_the_edge_of_the_program() -> None:
    top = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert top - set(ALLOWED) == {"__init__", "cli"}


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (
            ["--help"],
            {"openai", "anthropic", "git", "sklearn", "numpy", "plotext", "vl_convert", "genai_prices", "tenacity"},
        ),
        (
            ["run", "--help"],
            {"openai", "anthropic", "git", "sklearn", "numpy", "plotext", "vl_convert", "genai_prices"},
        ),
        (["--version"], {"openai", "anthropic", "git", "sklearn", "numpy", "plotext", "vl_convert", "genai_prices"}),
    ],
)
def test_help_imports_nothing_heavy(arguments: list[str], absent: set[str]) -> None:
    code = (
        "import sys\nfrom autoresearch.cli import main\nsys.argv = ['autoresearch', *sys.argv[1:]]\n"
        "try: main()\nexcept SystemExit: pass\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert "autoresearch.cli.app" in done.stderr
    assert set(done.stderr.split()) & absent == set()
