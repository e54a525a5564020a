"""What to try next: how far to go to leave a plateau, which hint to give, and whether a crash is worth a repair."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autoresearch.decide.history import History
from autoresearch.decide.outcome import Outcome, near_misses
from autoresearch.decide.tallies import CATEGORIES, kind
from autoresearch.model import Rung

IDEAS = {
    "parameters": "Tune one or two parameters that were not touched yet, by a large factor.",
    "algorithm": "Try another algorithm for the part that costs most.",
    "data structure": "Try another data structure or layout for what is used most.",
    "architecture": "Try another division of the whole into parts, or another order of them.",
    "removal": "Remove something that may not earn its place.",
    "log": "Read the log of the latest run for what it tells about where time or quality is lost.",
    "simplification": "Make it simpler: the same with less.",
    "combination": "Combine two ideas that nearly worked.",
}
"""A hint for each idea; they take turns, so that proposals differ."""
KINDS = [idea for idea in IDEAS if idea in CATEGORIES]
"""Those that a proposal's category can be told by."""
SHIFT, BURST, BRANCH = 8, 16, 24
"""Experiments without a keep from which each rung begins."""
WHOLE_LADDER = 40
"""A smaller `patience` has the rungs closer together in proportion."""
EARLIER = 2
"""So many earlier keeps are started from, besides near misses, before it all begins anew."""
HOPELESS = re.compile(r"timed out|killed by|not a finite number|ambiguous|went down", re.IGNORECASE)
OUT_OF_MEMORY = re.compile(r"MemoryError|out of memory|OutOfMemory|std::bad_alloc", re.IGNORECASE)


@dataclass(frozen=True)
class Plan:
    """How the next proposal is come by."""

    rung: Rung
    idea: str
    """The kind of idea that the hint asks for."""
    hint: str
    start: int | None = None
    """Experiment whose text is to be edited; None for the incumbent's."""


TUNING = Plan("explore", "parameters", "")
"""Of the tuner, which takes no hints."""


def plan(history: History, past: Sequence[Outcome], patience: int, *, tunable: Callable[[], bool]) -> Plan:
    """The next rung of the ladder that leads off a plateau, and a hint.

    `past` is what came of `history`; `tunable` says whether the tuner has anything to try on the incumbent.
    """
    shift, burst, branch = (_scaled(rung, patience) for rung in (SHIFT, BURST, BRANCH))
    streak = history.streak
    if streak >= branch and (start := _start(history, past)):
        return start
    if burst <= streak < branch and tunable():
        return Plan("burst", "parameters", "")
    if streak >= shift:
        return _neglected(history, past)
    names = list(IDEAS)
    name = names[len(history.told) % len(names)]
    return Plan("explore", name, _combined(past) if name == "combination" else IDEAS[name])


def stalls_at(patience: int) -> int:
    """Experiments without a keep from which a session tries harder to get off a plateau."""
    return _scaled(SHIFT, patience)


def _scaled(rung: int, patience: int) -> int:
    return max(1, rung * min(patience or WHOLE_LADDER, WHOLE_LADDER) // WHOLE_LADDER)


def _combined(past: Sequence[Outcome]) -> str:
    misses = [f"#{each.experiment.n}" for each in near_misses(past)[:2]]
    return f"Combine {' and '.join(misses)}, which nearly worked." if len(misses) == 2 else IDEAS["combination"]


def _neglected(history: History, past: Sequence[Outcome]) -> Plan:
    """A hint of the kind that was proposed least since the latest keep, and of these hinted at least."""
    recent = past[len(past) - history.streak :]
    counts = Counter(kind(each) for each in recent)
    hinted = Counter(each.experiment.planned.idea for each in recent if each.experiment.planned)
    name = min(KINDS, key=lambda idea: (counts[idea], hinted[idea]))
    shown = ", ".join(f"{count} × {kind}" for kind, count in counts.most_common(4))
    hint = f"{history.streak} experiments brought nothing ({shown}). Try something of another kind: {IDEAS[name]}"
    return Plan("shift", name, hint)


def _start(history: History, past: Sequence[Outcome]) -> Plan | None:
    """A near miss or an earlier keep to start from, another one each time; None where there is neither."""
    keeps = [each for each in past if each.experiment.kept][-2::-1][:EARLIER]
    starts = [*near_misses(past)[:EARLIER], *keeps]
    if not starts:
        return None
    gone = sum(each.experiment.planned is not None and each.experiment.planned.rung == "branch" for each in past)
    chosen = starts[gone % len(starts)].experiment
    what = "an earlier best" if chosen.kept else "a near miss"
    hint = (
        f"{history.streak} experiments brought nothing. The target above is {what}, #{chosen.n}, not the best so far. "
        "Improve it beyond the best, by a mechanism different from all that the history shows."
    )
    return Plan("branch", "other", hint, start=chosen.n)


def looks_fixable(failure: str, log_tail: str) -> bool:
    """True for a crash that a small edit may mend: an error that the program reported itself."""
    return not HOPELESS.search(failure) and not OUT_OF_MEMORY.search(log_tail)
