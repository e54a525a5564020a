"""What a page shows of experiments besides their rows, gathered from git and from the logs of runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from autoresearch.edge.log import tail
from autoresearch.edge.patches import folder_of_git, found, patches
from autoresearch.report.exhibit import Exhibit, harmless, in_order
from autoresearch.report.log import Log, Ran, Row
from autoresearch.secrets import redactor

DIFF_LINES = 300
LOG_LINES = 40
LINE = 400
"""Characters of a line that are shown."""
BUDGET_BYTES = 8_000_000
"""So much is gathered for one page at most."""


def gather(source: Path, log: Log, budget_bytes: int = BUDGET_BYTES) -> dict[int, Exhibit]:
    """`Row.n` → what there is of it, for as many as the budget allows: keeps first, then the latest."""
    rows = in_order(log.rows)
    codes = _codes(source, log, rows)
    # A baseline is no edit: what its commit changed is another story.
    edits = list(dict.fromkeys(codes[row.n].commit for row in rows if row.n in codes and row.status != "baseline"))
    diffs = _diffs(source, edits, budget_bytes * 3 // 4)
    left = budget_bytes - sum(diff.size for diff in diffs.values())
    exhibits = {}
    for row in rows:
        lines = _log(source.parent, log.ran.get(row.n, Ran()).last_log) if left > 0 else []
        left -= sum(map(len, lines))
        code = codes.get(row.n)
        diff = diffs.get(code.commit) if code and row.status != "baseline" else None
        if code or lines:
            exhibits[row.n] = Exhibit(
                diff=diff.lines if diff else None,
                diff_cut=diff.more if diff else 0,
                log=lines,
                code=code.name if code else "",
            )
    return exhibits


class _Code(NamedTuple):
    """What git knows a row's code by: a name for people, and the commit."""

    name: str
    commit: str


class _Diff(NamedTuple):
    """The first lines of a diff, how many more there are, and its size in characters."""

    lines: list[str]
    more: int
    size: int


def _codes(source: Path, log: Log, rows: Sequence[Row]) -> dict[int, _Code]:
    """`Row.n` → its code, where the repository around the source has it."""
    git_dir = folder_of_git(source)
    named = {row.n: _names(log, row) for row in rows}
    asked = list(dict.fromkeys(name for names in named.values() for name in names))
    commits = found(git_dir, asked) if git_dir and asked else {}
    return {
        n: _Code(name, commits[name])
        for n, names in named.items()
        if (name := next((name for name in names if name in commits), None))
    }


def _names(log: Log, row: Row) -> list[str]:
    """A session's own ref keeps every candidate; the commit will do where the ref is not there."""
    if row.commit is None or row.sentinel:
        return []
    of_session = log.session is not None and row.status != "baseline"
    return [*([f"refs/autoresearch/{log.session.tag}/{row.n}"] if log.session and of_session else []), row.commit]


def _diffs(source: Path, commits: Sequence[str], budget: int) -> dict[str, _Diff]:
    git_dir = folder_of_git(source)
    diffs: dict[str, _Diff] = {}
    if git_dir is None or not commits:
        return diffs
    with closing(patches(git_dir, commits, lines=DIFF_LINES)) as found_ones:
        for commit, lines, more in found_ones:
            shown = _shown(lines)
            diffs[commit] = _Diff(shown, more, sum(map(len, shown)))
            budget -= diffs[commit].size
            if budget < 0:
                break
    return diffs


def _shown(lines: Sequence[str]) -> list[str]:
    held = redactor().text("\n".join(lines)).split("\n")
    return [harmless(line if len(line) <= LINE else f"{line[: LINE - 1]}…") for line in held if lines]


def _log(folder: Path, name: str) -> list[str]:
    """The end of what the candidate said last. A journal from elsewhere may name any file: none outside is read."""
    path = (folder / name).resolve()
    if not name or not path.is_relative_to(folder.resolve()) or not path.is_file():
        return []
    said = tail(path, LOG_LINES)
    return _shown(said.split("\n")) if said else []
