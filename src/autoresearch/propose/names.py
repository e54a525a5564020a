"""What the name of a literal says: whether it is the tuner's to turn."""

from __future__ import annotations

import re
from itertools import pairwise

GUARDED = tuple("seed step epoch time budget eval iter deadline duration repeat trial version benchmark".split())
"""Beginnings of words that mean budget, seed or measurement: a tuner that may raise them does."""
GUARDED_WORDS = frozenset(
    "second minute hour round run rep episode generation val valid validation test holdout heldout metric fold "
    "patience verbose verbosity debug logging wandb port vocab classes warpsize".split()
)
"""Whole words of that kind, for what changes nothing that is measured, and for what data or machine lay down."""
GLUED = ("seed", "step", "epoch", "time", "iter")
"""Ends of such words: `nsteps`, `walltime`, `maxiter`."""
BOOKKEEPING = frozenset("log save print report checkpoint".split())
"""Guarded beside one of RHYTHM: `log_interval`, `SAVE_EVERY`; `LOG_SIGMA` is not."""
RHYTHM = frozenset("interval every freq frequency level".split())
HARMLESS = frozenset("weight penalty bonus coef coefficient decay reward".split())
"""Last words that make a knob of it all the same: `STEP_PENALTY`, `time_bonus`."""


def words(name: str) -> list[str]:
    """`batchSize` → batch, size; `train.MAX_LR2` → train, max, lr2."""
    return re.split(r"[^a-z0-9]+", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower())


def guarded(name: str) -> bool:
    """True for a name that means budget, seed or measurement: `n_steps`, `maxIter`, `random_state`, `eval.batch`."""
    if is_seed(name):
        return True
    parts = [word.removesuffix("s") for word in words(name)]
    if words(name)[-1] in HARMLESS or ("step", "size") in pairwise(parts) or parts[-1] == "stepsize":
        return False
    whole = {*parts, *words(name)}
    if whole & GUARDED_WORDS or (whole & BOOKKEEPING and whole & RHYTHM) or ("warp", "size") in pairwise(parts):
        return True
    return any(part.startswith(GUARDED) or part.endswith(GLUED) for part in parts)


def is_seed(name: str) -> bool:
    """True for the name of a random seed, annotated or not: another seed is no other program, and is refused."""
    parts = [word.rstrip("0123456789").removesuffix("s") for word in words(name)]
    return ("random", "state") in pairwise(parts) or any(part.endswith("seed") for part in parts)
