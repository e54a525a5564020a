"""Lines that stand for text that was left out: `# ... rest unchanged`, or a bare `...` where twenty lines were."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher

LONGEST_LINE = 300
"""Characters of a line that are looked at."""

_DOTS = r"(?:\.{3}|…)"
_COMMENT = r"(?:#|//|--|/\*|<!--|;|%)"
_THING = r"(?:code|files?|functions?|class|classes|methods?|implementations?|script|module|program|logic|imports?)"
_ALWAYS = re.compile(
    # `# ... rest of the code`, `[... existing code ...]`
    rf"{_COMMENT}?\s?[\[(<]?{_DOTS}.*\b(?:rest of|remaining|existing|unchanged|omitted|same as|as before|previous)\b.*"
    # `# ... other functions`, `// ... (f2 to f10) ...`
    rf"|{_COMMENT}\s?[\[(<]?{_DOTS}(?:.*\b(?:rest|others?|same|{_THING})\b.*|.*{_DOTS}\W*)"
    # `# ...`
    rf"|{_COMMENT}\s?{_DOTS}\W*"
    # `# rest of the code unchanged`, `# existing functions ...`
    rf"|{_COMMENT}\s?[\[(<]?(?:the )?(?:rest of|remaining|existing|unchanged|previous)(?: \w+){{0,2}} {_THING}"
    rf"(?: \w+){{0,2}} ?(?:{_DOTS}|\b(?:same|unchanged|omitted|as before|here)\b)\W*",
    re.IGNORECASE,
)
"""What no program says of itself."""
_DOTTED = re.compile(rf"\[{_DOTS}\]|\({_DOTS}\)|<{_DOTS}>|{_DOTS}(?:\s.*)?")
"""What may be a program's own where nothing is missing: an empty body in Python."""
_WORDED = re.compile(
    # `# keep the other functions as they are`
    rf"{_COMMENT}.*\b(?:others?|rest|remaining|existing|everything|all|same|previous|original|{_THING})\b"
    r".*\b(?:as (?:it|they|is|are|before|above)|unchanged|untouched|(?:the )?same|omitted|go(?:es)? here)\b.*"
    # `# other functions ...`
    rf"|{_COMMENT}.*\b(?:others?|rest|remaining|same|previous|{_THING})\b.*{_DOTS}\W*",
    re.IGNORECASE,
)
"""What may be a comment like any other unless much is missing."""
_MUCH = 3
_STRETCH = 3


def stand_in(text: str, old: str) -> str | None:
    """The first line of `text` that stands for lines of `old`; None where nothing was left out that way."""
    if always := next(new_lines(_ALWAYS, text, old), None):
        return always
    if not any(line for pattern in (_DOTTED, _WORDED) for line in new_lines(pattern, text, old)):
        return None  # as nearly always; comparing long texts takes a while
    for gone, come in _changes(_lines(old), _lines(text)):
        suspects = {line.strip(): least for line in come if line not in gone and (least := _least(line.strip()))}
        missing = len(gone) - len(come) + len(suspects)
        if found := next((line for line, least in suspects.items() if missing >= least), None):
            return found
    return None


def new_lines(pattern: re.Pattern[str], text: str, old: str) -> Iterator[str]:
    """Lines of that pattern that `old` has not, or has fewer of."""
    found = Counter(line for raw in _lines(text) if pattern.fullmatch(line := raw.strip()))
    if found:
        found -= Counter(raw.strip() for raw in _lines(old))
    yield from found


def _least(line: str) -> int | None:
    """How many lines must be missing where this one is for it to stand for them; None if it never does."""
    return 1 if _DOTTED.fullmatch(line) else _MUCH if _WORDED.fullmatch(line) else None


def _changes(old: list[str], new: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """What stands between the stretches that both have: lines that are gone, and those that came in their place.

    A few equal lines are no stretch: a `}` is everywhere, and would part a placeholder from what it stands for.
    """
    i = j = 0
    for match in SequenceMatcher(None, old, new).get_matching_blocks():
        if match.size >= _STRETCH or match.a == len(old):
            yield old[i : match.a], new[j : match.b]
            i, j = match.a + match.size, match.b + match.size


def _lines(text: str) -> list[str]:
    """Without blank ones, which are everywhere as well."""
    return [line for raw in text.removeprefix("\ufeff").split("\n") if (line := raw.rstrip()[:LONGEST_LINE])]
