"""The report as JSON, for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from autoresearch.report.certainty import caveat
from autoresearch.report.log import Log, Row
from autoresearch.report.summary import Stretch, Summary
from autoresearch.report.wording import headline

if TYPE_CHECKING:
    from autoresearch.decide.interval import Interval
    from autoresearch.decide.tallies import Tally
    from autoresearch.report.evidence import Evidence, Verified, Won
    from autoresearch.report.followups import Anew, LeftOut
    from autoresearch.report.learnt import Learnt

SCHEMA = 2
"""Raised when a field changes its meaning or goes; new fields come without."""


def to_json(log: Log, summary: Summary) -> str:
    """One JSON object, a line for each of the rows: `docs/report.md` has its fields, `docs/report.schema.json` its
    schema.

    null is "not measured" or "not known"; never 0 or NaN.
    """
    last: dict[str, Any] = _stretch(summary.last) if summary.last is not None else {}
    session = log.session
    document = {
        "schema": SCHEMA,
        "headline": headline(log, summary),
        "caveat": caveat(log),
        "title": log.title,
        "kind": log.kind,
        "metric": {"name": log.metric, "direction": log.direction, "label": log.label},
        "counts": {"experiments": summary.experiments, **{str(name): n for name, n in summary.counts.items()}},
        **{name: last.get(name) for name in ("baseline", "best", "change")},
        "verified": outcome(log.evidence.verified) if log.evidence else None,
        "evidence": _evidence(log.evidence) if log.evidence else None,
        "learnt": _learnt(log.learnt) if log.learnt else None,
        "segments": [_stretch(stretch) for stretch in summary.stretches],
        "crashes": [{"cause": c.cause, "rows": [row.n for row in c.rows]} for c in summary.crashes],
        "others": dict(summary.others),
        "longest_streak": summary.longest_streak,
        "spent": vars(summary.spent),
        "session": None if session is None else vars(session),
        "warnings": summary.warnings,
        "rows": [],
    }
    head = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False).removesuffix("[]\n}")
    # A row a line: indented, a hundred thousand of them take ten times as long and four times the memory.
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    rows = [f"{',' if i else ''}\n    {encode(as_row(row))}" for i, row in enumerate(log.rows)]
    return "".join([head, "[", *rows, "\n  ]\n}\n" if rows else "]\n}\n"])


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
        "change": stretch.change,
        "kept": [{"n": kept.row.n, "over": kept.over, "change": kept.change} for kept in stretch.kept],
    }


def outcome(verified: Verified | None) -> dict[str, Any] | None:
    """The field `verified`; None until a verification is complete."""
    if verified is None or verified.gain is None:
        return None
    return {
        "baseline": verified.baseline,
        "head": verified.head,
        "n": verified.n,
        **vars(verified.gain),
        "current": verified.current,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    asked, rematches = evidence.verified, evidence.rematches
    return {
        "rule": evidence.rule,
        "verification": asked and {"asked": asked.asked, "measured": asked.measured, "failures": asked.failures},
        "noise": evidence.noise and vars(evidence.noise),
        "rematches": rematches and {**vars(rematches), "expected": rematches.expected},
        "sentinels": evidence.sentinels and vars(evidence.sentinels),
        "simplifications": list(evidence.simplifications),
        "keeps": [_won(won) for won in evidence.keeps.values()],
        "weakest": [_won(won) for won in evidence.weakest],
        "discards": dict(evidence.discards),
        "quarantined": list(evidence.quarantined),
        "audited": [_anew(commit, found) for commit, found in evidence.after.audited.items()],
        "ablated": [_left_out(commit, found) for commit, found in evidence.after.ablated.items()],
        "finalized": evidence.after.finalized and vars(evidence.after.finalized),
        "tampered": [vars(one) for one in evidence.tampered],
    }


def _anew(commit: str, found: Anew) -> dict[str, Any]:
    return {"commit": commit, "survives": found.survives, **_measured(found.gain)}


def _left_out(commit: str, found: LeftOut) -> dict[str, Any]:
    alone = {} if found.in_pairs else {"pairs": None, "wins": None}
    return {"commit": commit, "along": list(found.along), "standing": found.standing, **_measured(found.worth), **alone}


def _measured(found: Interval | None) -> dict[str, Any]:
    names = ("low", "high", "confidence", "pairs", "wins", "relative")
    return {"change": found and found.gain, **{name: found and getattr(found, name) for name in names}}


def _won(won: Won) -> dict[str, Any]:
    found = won.gain
    interval = {"low": found.low, "high": found.high, "confidence": found.confidence}
    return {
        "n": won.n,
        "wins": won.wins,
        "losses": won.losses,
        "change": found.gain,
        "relative": found.relative,
        **interval,
    }


def _learnt(found: Learnt) -> dict[str, Any]:
    return {
        "kinds": [_tally(tally) for tally in found.kinds],
        "predictions": found.predictions and vars(found.predictions),
        "earned": [
            {
                **_tally(each.tally),
                "usd": each.usd,
                **{name: getattr(each.spent, name) for name in ("tokens", "replies")},
            }
            for each in found.earned
        ],
        "rungs": dict(found.rungs),
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {"change" if name == "gain" else name: value for name, value in vars(tally).items()}


def as_row(row: Row) -> dict[str, Any]:
    """One of `rows`."""
    return {**vars(row), "extra": dict(row.extra)}
