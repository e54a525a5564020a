"""The report as Markdown, for a pull request or a note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autoresearch.figures import number, percent
from autoresearch.report import certainty, learnings, nextsteps, wording
from autoresearch.report.alarms import alarms
from autoresearch.report.escape import markdown as _text
from autoresearch.report.log import Log
from autoresearch.report.phrases import edit
from autoresearch.report.summary import Cause, Kept, Summary


def markdown(log: Log, summary: Summary) -> str:
    """The report; every text of the log is escaped."""
    lines = [f"# {_text(log.title)}", "", f"**{_text(wording.headline(log, summary))}**", ""]
    lines += [f"- **{_text(alarm)}**" for alarm in alarms(log)]
    if claim := certainty.claim(log):
        lines.append(f"- {_text(claim)}")
    if cost := wording.cost(log, summary):
        lines.append(f"- cost: {_text(cost)}")
    lines += [f"- {_text(line)}" for line in wording.details(log, summary)]
    if summary.last is not None and summary.last.kept:
        lines += ["", "## Kept", "", _text(certainty.about_keeps(log)), "", *_kept(log, summary.last.kept)]
    if evidence := list(certainty.lines(log)):
        lines += ["", "## Evidence", "", *(f"- {_text(line)}" for line in evidence)]
    if learnt := list(learnings.lines(log)):
        lines += ["", "## Learnings by kind of idea", "", *(f"- {_text(line)}" for line in learnt)]
    if summary.crashes:
        lines += ["", "## Crashed, by cause", "", *_crashes(summary.crashes)]
    if summary.warnings:
        lines += ["", "## Doubts", "", *(f"- {_text(warning)}" for warning in summary.warnings)]
    if steps := nextsteps.steps(log, summary):
        lines += ["", "## Next", "", *(f"    {line}" for line in nextsteps.aligned(steps))]
    return "\n".join(lines) + "\n"


def _kept(log: Log, kept: Sequence[Kept]) -> Iterator[str]:
    audited = bool(log.evidence and log.evidence.after.audited)
    sure = ["pairs", "range", *(["anew"] if audited else [])] if log.evidence else []
    names = ["#", "change", *sure, log.metric, "commit", "edit"]
    yield f"| {' | '.join(map(_text, names))} |"
    yield f"|{'|'.join(['--:'] * (len(names) - 2))}|---|---|"
    for entry in certainty.ranked(log, kept):
        row = entry.row
        rests = (
            [*certainty.sureness(log, row), *([certainty.anew(log, row)] if audited else [])] if log.evidence else []
        )
        change = percent(entry.change, log.direction)
        cells = [row.label, change, *rests, number(row.value), (row.commit or "")[:7], edit(row)]
        yield f"| {' | '.join(_text(cell) for cell in cells)} |"


def _crashes(crashes: Sequence[Cause]) -> Iterator[str]:
    for group in crashes:
        yield f"- {_text(group.cause)} ({len(group.rows)})"
        for row in group.rows:
            why = f": {row.reason}" if row.reason else ""
            yield f"  - {_text(f'#{row.label} {row.description or row.raw_status}{why}')}"
