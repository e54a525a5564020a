"""What a person must look at before anything else: code that tampers, and numbers that cannot be believed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from autoresearch.figures import plural
from autoresearch.report.log import Log
from autoresearch.report.phrases import name

if TYPE_CHECKING:
    from autoresearch.report.evidence import Evidence
    from autoresearch.report.tampering import Tampering

MOST = 3
"""So many are spelt out, of experiments and of an experiment's files."""


def alarms(log: Log) -> Iterator[str]:
    """The sentences, the worst first; none for foreign files."""
    if log.evidence is not None:
        yield from _tamperings(log, log.evidence)
        yield from _quarantined(log, log.evidence)


def _tamperings(log: Log, evidence: Evidence) -> Iterator[str]:
    kept = [one for one in evidence.tampered if one.kept]
    found = [*kept, *(one for one in evidence.tampered if not one.kept)]
    if not found:
        return
    outcome = f"{len(kept)} of them {'was' if len(kept) == 1 else 'were'} kept" if kept else "nothing of it was kept"
    yield f"tampering: the code of {plural(len(found), 'experiment')} changed protected files; {outcome}"
    rows = {row.n: row for row in log.rows}
    for one in found[:MOST]:
        who = name(rows[one.n]) if one.n in rows else _number(one)
        was_kept = ", which was kept," if one.kept else ""
        where = f".git/autoresearch/{evidence.tag}/{one.diff}"
        yield f"look at this: {who}{was_kept} changed {_files(one)} (how: {where})"
    if len(found) > MOST:
        yield f"and at {len(found) - MOST} more: {', '.join(map(_number, found[MOST:]))}"


def _files(one: Tampering) -> str:
    more = len(one.files) - MOST
    return ", ".join(one.files[:MOST]) + (f" and {plural(more, 'more file')}" if more > 0 else "")


def _number(one: Tampering) -> str:
    return (one.commit or "")[:7] if one.n is None else f"#{one.n}"


def _quarantined(log: Log, evidence: Evidence) -> Iterator[str]:
    rows = [row for row in log.rows if row.n in evidence.quarantined]
    for row in rows[:MOST]:
        where = f"kept under refs/autoresearch/{evidence.tag}/{row.label}"
        yield f"look at this: {name(row)}: {row.reason} ({where})"
    if len(rows) > MOST:
        yield f"and at {len(rows) - MOST} more: {', '.join(f'#{row.label}' for row in rows[MOST:])}"
