"""The report as JSON, for programs."""

from __future__ import annotations

import json
from typing import Any

from autoresearch.report.log import Log, Row
from autoresearch.report.summary import CAVEAT, Stretch, Summary
from autoresearch.report.wording import headline

SCHEMA = 1
"""Raised when a field changes its meaning or goes; new fields come without."""


def to_json(log: Log, summary: Summary) -> str:
    """One JSON object, two spaces deep. null is "not measured" or "not known"; never 0 or NaN.

    schema       1
    headline     the answer in a sentence; caveat: what the numbers are worth
    title, kind  where it comes from; kind is tsv, jsonl or journal
    metric       {name, direction}; direction is higher, lower or null
    counts       {experiments, baseline, keep, discard, crash, other}; experiments leaves baselines out
    baseline, best, gain
                 of the last segment: numbers of rows (see `n`) or null; gain is relative, positive when better
    segments     [{line, metric, direction, why, experiments, baseline, best, gain, kept}], oldest first;
                 kept is [{n, over, gain}]: the row, the best value before it, its gain over that
    crashes      [{cause, rows: [n]}]
    others       {status as written: count} of the rows that count as other
    longest_streak  most experiments in a row without a keep
    spent        {elapsed_s, cost_usd, tokens, unpriced}
    session      null, or of a journal {tag, model, lives, closed, in_progress}
    warnings     sentences about what is doubtful
    rows         [{n, line, label, segment, commit, value, raw_value, status, raw_status, description, reason,
                 hypothesis, category, cost_usd, duration_s, extra}]; status is baseline, keep, discard, crash or
                 other; raw_* as the file has them; extra is every other column as text
    """
    last: dict[str, Any] = _stretch(summary.last) if summary.last is not None else {}
    session = log.session
    document = {
        "schema": SCHEMA,
        "headline": headline(log, summary),
        "caveat": CAVEAT,
        "title": log.title,
        "kind": log.kind,
        "metric": {"name": log.metric, "direction": log.direction},
        "counts": {"experiments": summary.experiments, **{str(name): n for name, n in summary.counts.items()}},
        **{name: last.get(name) for name in ("baseline", "best", "gain")},
        "segments": [_stretch(stretch) for stretch in summary.stretches],
        "crashes": [{"cause": c.cause, "rows": [row.n for row in c.rows]} for c in summary.crashes],
        "others": dict(summary.others),
        "longest_streak": summary.longest_streak,
        "spent": vars(summary.spent),
        "session": None if session is None else vars(session),
        "warnings": summary.warnings,
        "rows": [_row(row) for row in log.rows],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _stretch(stretch: Stretch) -> dict[str, Any]:
    segment = stretch.segment
    return {
        "line": segment.line,
        "metric": segment.metric,
        "direction": segment.direction,
        "why": segment.why,
        "experiments": stretch.experiments,
        "baseline": stretch.baseline.n if stretch.baseline else None,
        "best": stretch.best.n if stretch.best else None,
        "gain": stretch.gain,
        "kept": [{"n": kept.row.n, "over": kept.over, "gain": kept.gain} for kept in stretch.kept],
    }


def _row(row: Row) -> dict[str, Any]:
    return {**vars(row), "extra": dict(row.extra)}
