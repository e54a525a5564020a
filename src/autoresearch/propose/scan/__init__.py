"""Where the literals of a text are, and the `tune:` annotations: one scanner a language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from autoresearch.propose.scan import c_family, data, python
from autoresearch.propose.scan.source import Scan

C_FAMILY = """
    .c .h .cc .cpp .cxx .hh .hpp .cu .cuh .cl .metal .js .mjs .cjs .jsx .ts .tsx .rs .go .java .cs .swift .zig
""".split()
SCANNERS: dict[str, Callable[[str], Scan]] = {
    ".py": python.scan,
    ".json": data.scan_json,
    ".jsonc": data.scan_json,
    ".yaml": data.scan_yaml,
    ".yml": data.scan_yaml,
    ".toml": data.scan_toml,
    **dict.fromkeys(C_FAMILY, c_family.scan),
}


def scan(path: str, text: str) -> Scan:
    """The literals and annotations of a file, in order; none for an unknown suffix or a text that does not parse."""
    scanner = SCANNERS.get(PurePath(path).suffix.lower())
    return scanner(text) if scanner else ([], [])
