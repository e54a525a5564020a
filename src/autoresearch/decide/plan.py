"""What to try next: the strategy hint of an experiment, and whether a crash is worth a repair."""

from __future__ import annotations

import re

from autoresearch.decide.recover import History

HINTS = (
    "Change one thing whose effect you can predict, and predict it.",
    "Try another algorithm for the part that costs most.",
    "Tune one or two parameters that were not touched yet, by a large factor.",
    "Try another data structure or layout for what is used most.",
    "Make it simpler: remove something that may not earn its place.",
    "Combine two ideas that nearly worked.",
    "Read the log of the last run for what it tells about where time or quality is lost.",
)
HOPELESS = re.compile(r"timed out|killed by|not a finite number|ambiguous|went down", re.IGNORECASE)
OUT_OF_MEMORY = re.compile(r"MemoryError|out of memory|OutOfMemory|std::bad_alloc", re.IGNORECASE)


def hint(history: History) -> str:
    """One strategy hint; they rotate, so that proposals differ."""
    return HINTS[len(history.experiments) % len(HINTS)]


def looks_fixable(failure: str, log_tail: str) -> bool:
    """True for a crash that a small edit may mend: an error that the program reported itself."""
    return not HOPELESS.search(failure) and not OUT_OF_MEMORY.search(log_tail)
