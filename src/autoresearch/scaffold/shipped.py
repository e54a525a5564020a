"""The files that ship with autoresearch: the template of program.md, the starter project and the examples."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from autoresearch.errors import SettingsError

HERE = Path(__file__).parent
JUNK = frozenset({"__pycache__", ".git", "results.tsv", "run.log", ".DS_Store"})
"""What a run leaves behind in an example that is used where it lies."""


def template() -> str:
    """The text of program.md.template."""
    return (_folder() / "program.md.template").read_text(encoding="utf-8")


def starter() -> dict[str, Path]:
    """Files of the project that `init` makes from nothing, by their path in it; all but program.md."""
    return files(HERE / "starter")


def examples() -> dict[str, Path]:
    """Folder of every example by its name."""
    found = sorted((_folder() / "examples").glob("*/program.md"))
    return {program.parent.name: program.parent for program in found}


def example(name: str) -> Path:
    """Folder of one example. Raises SettingsError, with the names that exist, for an unknown one."""
    known = examples()
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}."
    raise SettingsError(f"no template is named {name!r}; {hint} `autoresearch init --list` describes them.")


def summary(folder: Path) -> str:
    """What an example is, in one line: the first sentence of its README.md's prose."""
    prose = (folder / "README.md").read_text(encoding="utf-8").split("\n\n")
    paragraph = next((part for part in prose if part.strip() and not part.lstrip().startswith(("#", "<", "|"))), "")
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
    return re.split(r"(?<=\.)\s", plain, maxsplit=1)[0].rstrip(".")


def files(folder: Path) -> dict[str, Path]:
    """The files in a shipped folder, hidden ones too, by their path in it."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    paths = {path.relative_to(folder): path for path in found if path.suffix != ".pyc"}
    return {name.as_posix(): path for name, path in paths.items() if not JUNK & set(name.parts)}


def _folder() -> Path:
    """Inside the package in a wheel, at the top of the repository in an editable install."""
    inside = HERE / "shipped"
    return inside if inside.is_dir() else HERE.parents[2]
