"""The report as JSON, for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from autoresearch.report.certainty import caveat
from autoresearch.report.log import Log, Row
from autoresearch.report.summary import Stretch, Summary
from autoresearch.report.wording import headline

if TYPE_CHECKING:
    from autoresearch.decide.tallies import Tally
    from autoresearch.report.evidence import Evidence, Verified
    from autoresearch.report.learnt import Learnt

SCHEMA = 2
"""Raised when a field changes its meaning or goes; new fields come without."""


def to_json(log: Log, summary: Summary) -> str:
    """One JSON object, two spaces deep, a line for each of the rows. null is "not measured" or "not known"; never
    0 or NaN.

    schema       2
    headline     the answer in a sentence
    caveat       what the numbers are worth; null once the present head is verified to be better
    title, kind  where it comes from; kind is tsv, jsonl or journal
    metric       {name, direction, label}; direction is higher, lower or null; label is who says the metric:
                 self-reported (the target), in-process (a bench that the target can change), isolated, or null
    counts       {experiments, baseline, keep, discard, crash, other}; experiments leaves baselines out, all leave
                 sentinels out
    baseline, best, change
                 of the last segment: numbers of rows (see `n`) or null; change is best over baseline as measured,
                 relative, positive when better
    verified     null until a verification is complete, else {baseline, head, n, gain, low, high, relative, confidence,
                 pairs, wins, current}: commits (n is the head's row), the gain of the head over the baseline
                 with its interval (low, high and confidence are null for too few pairs), relative or in the metric's
                 own unit, positive when better; current is false once something was kept since
    evidence     null for a file that is no journal, else {rule, verification, noise, rematches, sentinels,
                 simplifications, weakest, discards, quarantined, tampered}: the rule's name;
                 verification is null or {asked, measured, failures}: pairs, and what failed runs said;
                 noise is null or {median, differences, exact, smallest_gain}, relative: of runs of equal code, and
                 the gain that the rule finds in half of the cases;
                 rematches is null or {entered, kept, bound, expected}: at most the share bound of do-nothing edits is
                 kept, at most expected of those kept;
                 sentinels is null or {edits, would_keep, crashed, bound};
                 simplifications are their changes, positive when better;
                 weakest is [{n, wins, losses, change, relative}], keeps in pairs against the incumbent;
                 discards is {cause: count}, "" where the journal has no cause;
                 quarantined is [n], rows whose numbers cannot be believed;
                 tampered is [{n, commit, files, diff, kept}]: code that changed protected files when it ran, the
                 experiment that it is of or null, where the differences lie in the session's folder, and whether it
                 was kept all the same
    learnt       null for a file that is no journal, else {kinds, predictions, earned, rungs}: kinds is [{name, tries,
                 keeps, crashes, change}], the change of its keeps together, relative, positive when better; predictions
                 is null or {made, came_true, expected, measured}: medians, relative, positive when better, of the
                 experiments that predicted one, of which came_true were kept with at least half of it; earned is
                 [{name, tries, keeps, crashes, change, usd, tokens, replies}], a proposer each; usd is null where any
                 price is unknown; rungs is {rung: experiments}: explore, shift, burst, branch
    segments     [{line, metric, direction, why, experiments, baseline, best, change, kept}], oldest first;
                 kept is [{n, over, change}]: the row, the best value before it, its change over that, or over the
                 incumbent where both ran side by side
    crashes      [{cause, rows: [n]}]
    others       {status as written: count} of the rows that count as other
    longest_streak  most experiments in a row without a keep
    spent        {elapsed_s, cost_usd, tokens, unpriced}
    session      null, or of a journal {tag, model, lives, closed, in_progress, sandboxes}; sandboxes has for each
                 life what its runs were shut in: bubblewrap, landlock or none
    warnings     sentences about what is doubtful
    rows         [{n, line, label, segment, commit, value, raw_value, status, raw_status, description, reason,
                 hypothesis, category, expected, by, rung, cost_usd, duration_s, cause, sentinel, change, low, high,
                 confidence, extra}];
                 expected is the change that was predicted, relative; status is baseline, keep, discard, crash or other;
                 raw_* as the file has them; cause, from a journal, is null or baseline, better, simplification, screen,
                 rematch, guard, check, confirm, implausible, sentinel or tampered; sentinel is true for an edit that
                 does nothing; change is over the incumbent where both ran side by side; low and high are the ends of
                 its interval laid around the value, in the metric's unit, and confidence how often such an interval
                 covers the truth, all null for fewer than five pairs; extra is every other column as text
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
    rows = [f"{',' if i else ''}\n    {encode(_row(row))}" for i, row in enumerate(log.rows)]
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
        "weakest": [
            {"n": w.n, "wins": w.wins, "losses": w.losses, "change": w.gain.gain, "relative": w.gain.relative}
            for w in evidence.weakest
        ],
        "discards": dict(evidence.discards),
        "quarantined": list(evidence.quarantined),
        "tampered": [vars(one) for one in evidence.tampered],
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


def _row(row: Row) -> dict[str, Any]:
    return {**vars(row), "extra": dict(row.extra)}
