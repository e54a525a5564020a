"""The gain that a proposer predicts, as people write it."""

from __future__ import annotations

import re

_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_SIGN = r"(?:%|per ?cent\b)"
_PERCENT = re.compile(rf"([-+]?{_NUMBER})\s*(?:{_SIGN}?\s*(?:to|-|–|\.\.)\s*\+?({_NUMBER})\s*)?{_SIGN}")
_TIMES = re.compile(rf"\b({_NUMBER})\s*(?:[x×](?!\w)|times\b)|(?<!\w)[x×]\s*({_NUMBER})")
_BARE = re.compile(rf"([-+]?{_NUMBER})()")
MOST_EXPECTED = 1000.0
"""A larger share is no prediction."""


def share(text: str) -> float | None:
    """A predicted gain as a share: `+2 %`, `1-3% better` (its middle), `2` (percent too), `2.5x`; None for others."""
    said = text.replace("−", "-").replace(",", ".").strip(" .")
    if found := _TIMES.search(said):
        gain = float(found[1] or found[2]) - 1
    elif found := _PERCENT.search(said) or _BARE.fullmatch(said):
        low = float(found[1])
        gain = (low + float(found[2] or low)) / 200
    else:
        return None
    return gain if abs(gain) <= MOST_EXPECTED else None
