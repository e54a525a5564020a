"""The report as one self-contained page: no script, no network, light and dark, readable on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from autoresearch.figures import number, percent
from autoresearch.report import certainty, chart, learnings, wording
from autoresearch.report.alarms import alarms
from autoresearch.report.curve import curve
from autoresearch.report.layers import Palette
from autoresearch.report.log import Log, Row
from autoresearch.report.phrases import edit, verdict
from autoresearch.report.summary import Cause, Kept, Summary

_PALETTE = Palette(
    paper="var(--paper)",
    ink="var(--ink)",
    quiet="var(--quiet)",
    grid="var(--grid)",
    kept="var(--kept)",
    discarded="var(--discarded)",
    crashed="var(--crashed)",
    other="var(--other)",
)
_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1f2328; --quiet: #59636e; --grid: #e6e8eb;
  --kept: #0b7a4b; --discarded: #9aa3ad; --crashed: #c8553d; --other: #7d8fc0; --doubt: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --ink: #e6e8eb; --quiet: #9aa3ad; --grid: #2b3036;
  --kept: #3fc38a; --discarded: #6f7984; --crashed: #ef8a75; --other: #93a5d8; --doubt: #e0b050; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.2rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; }
h1 { font-size: 1.4rem; line-height: 1.3; margin: .2rem 0 .6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 1.8rem 0 .4rem; }
p, li { overflow-wrap: anywhere; }
.quiet, .why { color: var(--quiet); }
.why { font-size: .85rem; }
ul { padding-left: 1.2rem; margin: .4rem 0; }
.doubts li { color: var(--doubt); }
.alarm { color: var(--doubt); border-left: .25rem solid; padding-left: .7rem; }
.proven { color: var(--kept); font-weight: 600; } .unproven { color: var(--doubt); }
.wide { overflow-x: auto; }
figure { margin: 1.2rem 0; }
figure svg { display: block; width: 100%; min-width: 40rem; height: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th { text-align: left; color: var(--quiet); font-weight: 500; position: sticky; top: 0; background: var(--paper); }
th, td { padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--grid); vertical-align: top; }
td:last-child { overflow-wrap: anywhere; min-width: 14rem; width: 100%; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.s { white-space: nowrap; }
.s::before { content: "●"; padding-right: .3rem; color: var(--discarded); }
.keep::before { color: var(--kept); } .baseline::before { color: var(--ink); }
.crash::before { color: var(--crashed); } .other::before { color: var(--other); }
@media (max-width: 40rem) { th:nth-child(4), td:nth-child(4) { display: none; } td:last-child { min-width: 10rem; } }
code { font: .85em ui-monospace, Menlo, Consolas, monospace; }
"""


def page(log: Log, summary: Summary) -> str:
    """The whole page. Every text of the log is escaped, and a policy in the page forbids scripts besides."""
    title = escape(wording.headline(log, summary))
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body>",
            f'<p class="quiet">{escape(log.title)}</p>\n<h1>{title}</h1>',
            *_claims(log),
            *_lines(log, summary),
            *_figure(log, summary, title),
            *_kept(log, summary),
            *_list("Evidence", certainty.lines(log)),
            *_list("Learnings", learnings.lines(log.learnt, log.direction)),
            *_crashes(summary.crashes),
            *_doubts(summary.warnings),
            *_all(log),
            "</body></html>\n",
        ]
    )


def _claims(log: Log) -> Iterator[str]:
    yield from (f'<p class="alarm">{escape(alarm)}</p>' for alarm in alarms(log))
    if claim := certainty.claim(log):
        yield f'<p class="{"proven" if certainty.proven(log) else "unproven"}">{escape(claim)}</p>'


def _lines(log: Log, summary: Summary) -> Iterator[str]:
    yield "<ul>"
    yield from (f"<li>{escape(line)}</li>" for line in wording.details(log, summary))
    if cost := wording.cost(log, summary):
        yield f"<li>cost: {escape(cost)}</li>"
    yield "</ul>"


def _figure(log: Log, summary: Summary, title: str) -> Iterator[str]:
    drawn = curve(log)
    if drawn is None:
        return
    picture = chart.svg(log, summary, _PALETTE, titled=False)
    yield f'<figure><div class="wide" role="img" aria-label="{title}">{picture}</div>'
    yield f"<figcaption class=why>{escape(chart.caption(log, drawn))}</figcaption></figure>"


def _kept(log: Log, summary: Summary) -> Iterator[str]:
    kept: Sequence[Kept] = summary.last.kept if summary.last is not None else ()
    if not kept:
        return
    yield "<h2>Kept</h2>"
    yield from _head("#", log.metric, "change", "commit", "edit")
    for entry in kept:
        change = percent(entry.change, log.direction)
        yield _row(entry.row, f'<td class="n">{escape(change)}</td>')
    yield "</tbody></table></div>"


def _list(title: str, found: Iterable[str]) -> Iterator[str]:
    if lines := list(found):
        yield f"<h2>{title}</h2><ul>"
        yield from (f"<li>{escape(line)}</li>" for line in lines)
        yield "</ul>"


def _crashes(crashes: Sequence[Cause]) -> Iterator[str]:
    if crashes:
        yield "<h2>Crashed</h2>"
    for group in crashes:
        yield f"<p>{escape(group.cause)} ({len(group.rows)})</p><ul>"
        for row in group.rows:
            yield f"<li>#{escape(row.label)} {escape(row.description or row.raw_status)}{_why(row)}</li>"
        yield "</ul>"


def _doubts(warnings: Sequence[str]) -> Iterator[str]:
    if warnings:
        yield '<h2>Doubts</h2><ul class="doubts">'
        yield from (f"<li>{escape(warning)}</li>" for warning in warnings)
        yield "</ul>"


def _all(log: Log) -> Iterator[str]:
    if not log.rows:
        return
    yield "<h2>All experiments</h2>"
    yield from _head("#", log.metric, "status", "commit", "edit")
    for row in log.rows:
        yield _row(row, f'<td class="s {row.status}">{escape(verdict(row))}</td>')
    yield "</tbody></table></div>"


def _head(*names: str) -> Iterator[str]:
    yield '<div class="wide"><table><thead><tr>'
    numeric = ("#", names[1], "change")
    yield from (f"<th{' class=n' if name in numeric else ''}>{escape(name)}</th>" for name in names)
    yield "</tr></thead><tbody>"


def _row(row: Row, third: str) -> str:
    value = number(row.value, 8) if row.value is not None else row.raw_value or "-"
    return (
        f'<tr><td class="n">{escape(row.label)}</td><td class="n">{escape(value)}</td>{third}'
        f"<td><code>{escape((row.commit or '')[:7])}</code></td><td>{escape(edit(row))}{_why(row)}</td></tr>"
    )


def _why(row: Row) -> str:
    said = [text for text in (row.hypothesis, row.reason) if text and text != row.description]
    return "".join(f'<div class="why">{escape(text)}</div>' for text in said)
