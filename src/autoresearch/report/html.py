"""The report as one self-contained page: it works without script and without network, on a phone, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from autoresearch.figures import number, percent
from autoresearch.report import assets, certainty, learnings, nextsteps, wording
from autoresearch.report.alarms import alarms
from autoresearch.report.exhibit import Exhibit
from autoresearch.report.experiments import Table
from autoresearch.report.log import Log, Row
from autoresearch.report.moment import Moment, doing, expected_s
from autoresearch.report.phrases import edit
from autoresearch.report.picture import figure
from autoresearch.report.summary import Cause, Kept, Summary

SIZE = 8_000_000
"""Characters that a page has at most, as far as that can be had by leaving details out."""
RUNNING_SIZE = 1_500_000
"""Of a page that is loaded again and again, over a phone's network."""
_EVERY_S = 20
_SLOWER = 40_000
"""Characters for which a page is loaded anew a second less often."""
_NOTHING: Mapping[int, Exhibit] = {}


def page(log: Log, summary: Summary, exhibits: Mapping[int, Exhibit] = _NOTHING, moment: Moment | None = None) -> str:
    """The whole page. Every text of the log is escaped, and a policy in the page forbids all scripts but its own.

    `exhibits` go by `Row.n`. With a `moment` it says what the session is doing, and while that runs refreshes itself.
    """
    title = escape(wording.headline(log, summary))
    above = [
        f'<p class="quiet">{escape(log.title)}</p>\n<h1>{title.replace(" %", "&nbsp;%")}</h1>',
        *_claims(log, summary),
        *_lines(log, summary, moment),
        *figure(log, summary, title),
        *_kept(log, summary),
        *_list("Evidence", certainty.lines(log)),
        *_list("Learnings by kind of idea", learnings.lines(log)),
        *_crashes(summary.crashes),
        *_doubts(summary.warnings),
        *_next(log, summary),
    ]
    running = moment is not None and moment.running
    rows = _all(log, exhibits, RUNNING_SIZE if running else SIZE, sum(map(len, above)))
    size = sum(map(len, (*above, *rows)))
    state = _state(log, moment, size) if moment else []
    return "\n".join([*_head(title, running=running), *state, *above, *rows, *_foot()])


def farewell(title: str, text: str) -> str:
    """A page for a session that there is nothing to say of but that it is over."""
    said = f'<h1>{escape(title)}</h1><p class="state">{escape(text)}</p>'
    return "\n".join([*_head(escape(title), running=False), said, *_foot()])


def _head(title: str, *, running: bool) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{assets.policy(live=running)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">'
    if running:
        yield '<noscript><meta http-equiv="refresh" content="60"></noscript>'
    yield f"<title>{title}</title><style>{assets.style()}</style></head><body>"


def _foot() -> Iterator[str]:
    yield f"<script>{assets.script()}</script></body></html>\n"


def _state(log: Log, moment: Moment, size: int) -> Iterator[str]:
    if log.session is None:
        return
    said = escape(doing(log, moment))
    if not moment.running:
        yield f'<p class="state">{said}</p>'
        return
    data = f'data-at="{moment.at.timestamp():.0f}" data-expected="{expected_s(log):.0f}"'
    data += f' data-every="{_EVERY_S + size / _SLOWER:.0f}" data-tag="{escape(log.session.tag)}"'
    yield f'<p class="state live" id="state" {data}>{said}</p>'


def _claims(log: Log, summary: Summary) -> Iterator[str]:
    yield from (f'<p class="alarm">{escape(alarm)}</p>' for alarm in alarms(log))
    if claim := certainty.claim(log):
        yield f'<p class="{"proven" if certainty.proven(log) else "unproven"}">{escape(claim)}</p>'
    if cost := wording.cost(log, summary):
        yield f"<p>cost: {escape(cost)}</p>"


def _lines(log: Log, summary: Summary, moment: Moment | None) -> Iterator[str]:
    yield "<ul>"
    # What the session is doing stands above already.
    said = f"session {log.session.tag}: " if log.session and moment else "\n"
    yield from (f"<li>{escape(line)}</li>" for line in wording.details(log, summary) if not line.startswith(said))
    yield "</ul>"


def _kept(log: Log, summary: Summary) -> Iterator[str]:
    kept: Sequence[Kept] = summary.last.kept if summary.last is not None else ()
    if not kept:
        return
    sure = [("n", "pairs"), ("f n", "range")] if log.evidence else []
    sure += [("f n", "anew")] if log.evidence and log.evidence.after.audited else []
    heads = [("n", "#"), ("n", log.metric), ("n", "change"), *sure, ("f", "commit"), ("", "edit")]
    yield f'<h2>Kept</h2><p class="why">{escape(certainty.about_keeps(log))}</p>'
    yield '<div class="wide"><table class="cards"><thead><tr>'
    yield from (f'<th class="{kind}">{escape(name)}</th>' for kind, name in heads)
    yield "</tr></thead><tbody>"
    yield from (_keep(log, entry) for entry in certainty.ranked(log, kept))
    yield "</tbody></table></div>"


def _keep(log: Log, entry: Kept) -> str:
    row, change = entry.row, percent(entry.change, log.direction)
    value = number(row.value, 8) if row.value is not None else row.raw_value or "-"
    commit = escape((row.commit or "")[:7])
    why = f'<div class="why">{escape(row.reason)}</div>' if row.reason and row.reason != row.description else ""
    sure = ""
    if log.evidence:
        pairs, between = certainty.sureness(log, row)
        sure = f'<td class="p n">{escape(pairs)}</td><td class="f n">{escape(between)}</td>'
        sure += f'<td class="f n">{escape(certainty.anew(log, row))}</td>' if log.evidence.after.audited else ""
    return (
        f'<tr class="row"><td class="n"><a href="#experiment-{row.n}">{escape(row.label)}</a></td>'
        f'<td class="n">{escape(value)}</td><td class="g n">{escape(change)}</td>{sure}'
        f'<td class="f"><code>{commit}</code></td><td class="e">{escape(edit(row))}{why}</td></tr>'
    )


def _list(title: str, found: Iterable[str]) -> Iterator[str]:
    if lines := list(found):
        yield f"<h2>{title}</h2><ul>"
        yield from (f"<li>{escape(line)}</li>" for line in lines)
        yield "</ul>"


def _crashes(crashes: Sequence[Cause]) -> Iterator[str]:
    if crashes:
        yield "<h2>Crashed, by cause</h2>"
    for group in crashes:
        yield f"<p>{escape(group.cause)} ({len(group.rows)})</p><ul>"
        for row in group.rows:
            said = escape(row.description or row.raw_status)
            yield f'<li><a href="#experiment-{row.n}">#{escape(row.label)}</a> {said}{_why(row)}</li>'
        yield "</ul>"


def _doubts(warnings: Sequence[str]) -> Iterator[str]:
    if warnings:
        yield '<h2>Doubts</h2><ul class="doubts">'
        yield from (f"<li>{escape(warning)}</li>" for warning in warnings)
        yield "</ul>"


def _next(log: Log, summary: Summary) -> Iterator[str]:
    if steps := nextsteps.steps(log, summary):
        yield "<h2>Next</h2><ul>"
        yield from (f"<li><code>{escape(step.command)}</code> {escape(step.why)}</li>" for step in steps)
        yield "</ul>"


def _all(log: Log, exhibits: Mapping[int, Exhibit], most: int, taken: int) -> list[str]:
    if not log.rows:
        return []
    table = Table(log, exhibits)
    left = most - taken - sum(map(len, table.rows(0)))
    return ["<h2>All experiments</h2>", *table.rows(max(left, most // 8))]


def _why(row: Row) -> str:
    said = [text for text in (row.hypothesis, row.reason) if text and text != row.description]
    return "".join(f'<div class="why">{escape(text)}</div>' for text in said)
