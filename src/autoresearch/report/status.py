"""The many words for keep, discard and crash."""

from __future__ import annotations

import re
from functools import lru_cache

from autoresearch.report.log import Standing

_WORDS: dict[Standing, str] = {
    "baseline": "baseline base baseline_reset new_baseline rebaseline initial",
    "keep": "keep kept accept accepted true yes y adopted promoted merged ✓ ✔ ✅",
    "discard": """discard discarded drop dropped reject rejected false no n revert reverted rollback rolled_back kill
    not_kept worse regression regressed no_gain no_improvement checks_failed check_failed guard_failed ✗ ✘ ❌""",
    "crash": """crash crashed error errored exception fail failed failure timeout timed_out oom killed hang hung nan
    diverged build_failed build_error compile_error""",
}
_MEANING: dict[str, Standing] = {word: standing for standing, words in _WORDS.items() for word in words.split()}
_PHRASES = frozenset({"no_op", "noop", "no_change", "no_changes", "not_run"})


@lru_cache(maxsize=1024)
def standing(raw: str) -> Standing:
    """What a status cell means; `other` unless that is certain. `keep-opt-in` is not a keep."""
    text = raw.strip().strip("*`[]!.").casefold()
    whole = re.sub(r"[-\s]+", "_", text)
    if whole in _MEANING:
        return _MEANING[whole]
    if whole in _PHRASES:
        return "other"
    words = [word for word in re.split(r"[\s:;,.()\[\]/|+]+", text) if word]
    if not words or words[0] not in _MEANING:
        return "other"
    said = {_MEANING[words[0]]} | {_MEANING[word] for word in words[1:] if len(word) > 3 and word in _MEANING}
    if said == {"keep", "baseline"}:
        return "baseline"
    if said == {"discard", "crash"}:
        return "crash"
    return said.pop() if len(said) == 1 else "other"


def known(raw: str) -> bool:
    """True for a word that says what became of an experiment."""
    return standing(raw) != "other"
