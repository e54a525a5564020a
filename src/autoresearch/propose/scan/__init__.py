"""Where the literals of a text are, and the `tune:` annotations: one scanner a language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from autoresearch.propose.scan import c_family, data, python
from autoresearch.propose.scan.source import Scan

SCANNERS: dict[str, Callable[[str], Scan]] = {
    ".py": python.scan,
    ".json": data.scan_json,
    ".jsonc": data.scan_json,
    ".yaml": data.scan_yaml,
    ".yml": data.scan_yaml,
    ".toml": data.scan_toml,
}


def scan(path: str, text: str) -> Scan:
    """The literals and annotations of a file, in order; none for an unknown suffix or a text that does not parse.

    Raises ProposerError where the language takes ast-grep, and that is not installed.
    """
    suffix = PurePath(path).suffix.lower()
    if suffix in c_family.LANGUAGES:
        return c_family.scan(path, text)
    scanner = SCANNERS.get(suffix)
    return scanner(text) if scanner else ([], [])


def comment_mark(path: str) -> str | None:
    """What an annotation in a file begins with; None where there are no comments."""
    suffix = PurePath(path).suffix.lower()
    return (
        "//" if suffix in (*c_family.LANGUAGES, ".jsonc") else "#" if suffix in SCANNERS and suffix != ".json" else None
    )
