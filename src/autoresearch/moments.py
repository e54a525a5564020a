"""What a hook is told: which moments of a session there are hooks for, and each as a value and as a sentence. Pure."""

from __future__ import annotations

from typing import Any, Literal

from autoresearch.decide.history import BASELINE, Experiment, History
from autoresearch.decide.outcome import Past, finite, side_by_side
from autoresearch.decide.plan import stalls_at
from autoresearch.decide.results import one_line
from autoresearch.decide.rounds import rounds
from autoresearch.figures import number, plural
from autoresearch.model import Status
from autoresearch.news import beside, change
from autoresearch.records import AnyRecord, Settled
from autoresearch.settings import Settings

Moment = Literal["keep", "stall", "finish"]
Ending = Literal["done", "interrupted", "error"]
"""Whether a session ended by itself, was stopped, or could not go on."""

LONGEST = 300
"""Characters of a foreign text in a message; a model may write a page."""


def moment(record: AnyRecord, history: History, patience: int) -> Moment | None:
    """What a record that was just journalled is the moment of. A record comes once, so a moment does too."""
    if not isinstance(record, Settled) or record.n == BASELINE:
        return None
    settled = history.experiments[-1]
    if settled.kept:
        return "keep"
    return "stall" if not settled.is_sentinel and history.streak == stalls_at(patience) else None


def stalled(history: History) -> str:
    """Why a session that keeps nothing is said to stall."""
    return f"no keep in the last {plural(history.streak, 'experiment')}"


def told(
    moment: Moment, history: History, settings: Settings, reason: str, ending: Ending | None = None
) -> dict[str, Any]:
    """What a hook finds on its stdin; `docs/hooks.md` has the fields. None is "not measured" or "not known"."""
    opened, baseline, best = history.opened, history.baseline, history.incumbent
    assert opened is not None
    assert baseline is not None
    assert best is not None
    tag, spent = opened.tag, history.spent
    crashed = sum(e.verdict is not None and e.verdict.status is Status.CRASH for e in history.told)
    gain = None
    if best is not baseline and best.value is not None and baseline.value is not None:
        gain = settings.measured.gain(best.value, baseline.value)
    return {
        "event": moment,
        "message": message(moment, history, settings, reason),
        "reason": one_line(reason),
        "ending": ending,
        "tag": tag,
        "branch": f"autoresearch/{tag}",
        "metric": settings.metric.name,
        "direction": settings.direction,
        "baseline": baseline.value,
        "best": best.value,
        "change": gain,
        "experiment": _experiment(history, settings) if moment == "keep" else None,
        "counts": {
            "experiments": history.tries,
            "keep": len(history.kept),
            "discard": history.tries - len(history.kept) - crashed,
            "crash": crashed,
        },
        "verified": _verified(history, settings),
        "elapsed_s": round(history.elapsed_s, 3),
        "cost_usd": None if spent.unpriced else round(spent.usd, 6),
        "tokens": spent.tokens,
        "report": f"autoresearch report {tag}",
        "verify": f"autoresearch verify {tag}" if history.kept else None,
    }


def message(moment: Moment, history: History, settings: Settings, reason: str) -> str:
    """The moment in one line, to be sent as it is."""
    opened, best, baseline = history.opened, history.incumbent, history.baseline
    assert opened is not None
    assert best is not None
    assert baseline is not None
    name = settings.metric.name
    score = f"{name} {number(best.value)}"
    if best is not baseline and best.value is not None and baseline.value is not None:
        score += f" from {number(baseline.value)}{change(settings, best.value, baseline.value)} as measured"
    counts = f"{len(history.kept)} of {plural(history.tries, 'experiment')} kept"
    if moment == "keep":
        before = next((e.value for e in reversed(history.experiments[:-1]) if e.kept), None)
        said = one_line(best.proposal.description)[:LONGEST] if best.proposal else ""
        kept = f"{name} {number(best.value)}{beside(best, before, settings)}"
        return f"{opened.tag} kept #{best.n}: {kept} {said}"
    verb = "ended" if moment == "finish" else "stalls"
    return f"{opened.tag} {verb}: {one_line(reason)[:LONGEST]}; {score}, {counts}"


def _experiment(history: History, settings: Settings) -> dict[str, Any]:
    """The one that was settled last."""
    latest: Experiment = history.experiments[-1]
    outcome = Past(settings.measured).follow(history.experiments)[-1]
    found, proposal = side_by_side(latest, settings.direction), latest.proposal
    pairs = len(rounds(latest).pairs)
    return {
        "n": latest.n,
        "commit": latest.commit,
        "value": latest.value,
        "over": outcome.over,
        "change": outcome.gain,
        "pairs": pairs or None,
        "wins": found.wins if found and pairs else None,
        "reason": latest.verdict.reason if latest.verdict else None,
        "description": proposal.description if proposal else None,
        "hypothesis": proposal.hypothesis if proposal else None,
        "category": proposal.category if proposal else None,
        "by": latest.by,
        "cost_usd": latest.cost_usd,
    }


def _verified(history: History, settings: Settings) -> bool:
    """Whether what stands now was measured anew, against the session's baseline, and won every doubt away."""
    known, best = history.verification, history.incumbent
    if known is None or best is None or known.asked.head != best.commit:
        return False
    pairs = rounds(known.measured).pairs
    found = finite(pairs, settings.direction) if len(pairs) >= known.asked.pairs and pairs else None
    return found is not None and found.low is not None and found.low > 0
