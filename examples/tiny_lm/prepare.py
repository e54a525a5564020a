"""Owns the data, the training clock and the evaluation. Protected: experiments change train.py alone."""

import math
import os
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

_started_s = time.perf_counter()

# One thread: the number of steps in a fixed time then depends less on what else the machine is doing.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402  (numpy reads those names when it is first imported)
from numpy.typing import NDArray  # noqa: E402

TIME_BUDGET_S = float(os.environ.get("TINY_LM_SECONDS", "3"))
"""Wall-clock seconds for training: from the moment this module is imported to the call of `evaluate`."""

OVERRUN_S = 1.0
"""How much later than that `evaluate` may be called; a busy machine can hold up the last step."""

MAX_CONTEXT = 32
"""The number of preceding characters that a model gets to see at evaluation."""

SEED = int(os.environ.get("AUTORESEARCH_SEED", "1337"))
"""For initialisation and sampling; a harness may set it, to compare two versions under the same seed."""

VAL_FRACTION = 0.1
_BLOCK = MAX_CONTEXT + 256

_text = np.frombuffer(Path(__file__).with_name("text.txt").read_bytes(), dtype=np.uint8)
_vocabulary = np.unique(_text)
VOCAB_SIZE = len(_vocabulary)

_ids = np.searchsorted(_vocabulary, _text)
_split = int(len(_ids) * (1 - VAL_FRACTION))
_val = _ids[_split:].copy()

TRAIN_IDS: NDArray[np.int64] = _ids[:_split].copy()
"""The training text, a number below VOCAB_SIZE for each character."""

_training_started_s = time.perf_counter()


def total_seconds() -> float:
    """Wall-clock seconds since the run began."""
    return time.perf_counter() - _started_s


def training_seconds() -> float:
    """Wall-clock seconds since the training text became available; all of them count as training."""
    return time.perf_counter() - _training_started_s


def progress() -> float:
    """The share of the training budget that is used up; training must stop at 1."""
    return training_seconds() / TIME_BUDGET_S


def evaluate(predict: Callable[[NDArray[np.int64]], NDArray[np.floating]]) -> float:
    """Bits per byte on the validation text (every character is one byte).

    `predict` turns contexts of ids, (rows, MAX_CONTEXT), into scores for the character that follows each,
    (rows, VOCAB_SIZE): logits or log-probabilities. Normalised here, they can only ever mean a distribution.
    Exits when training took too long or when a score is not finite.
    """
    if training_seconds() > TIME_BUDGET_S + OVERRUN_S:
        sys.exit(f"error: trained for {training_seconds():.1f} s, but the budget is {TIME_BUDGET_S} s")
    blocks = _val[: len(_val) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    rows = np.arange(len(blocks))
    nats = 0.0
    # Left to right in all blocks at once: a context never holds a character that is still to be predicted.
    for at in range(MAX_CONTEXT, _BLOCK):
        scores = np.asarray(predict(blocks[:, at - MAX_CONTEXT : at].copy()), dtype=np.float64)
        if scores.shape != (len(rows), VOCAB_SIZE) or not np.isfinite(scores).all():
            sys.exit(f"error: predict must return finite scores of shape {(len(rows), VOCAB_SIZE)}")
        scores = scores - scores.max(axis=1, keepdims=True)
        nats += float((np.log(np.exp(scores).sum(axis=1)) - scores[rows, blocks[:, at]]).sum())
    return nats / math.log(2) / (len(rows) * (_BLOCK - MAX_CONTEXT))


def peak_mem_mb() -> float:
    """The largest resident memory of this process so far, in MB (2**20 bytes)."""
    status = Path("/proc/self/status")
    # Asked first, because on Linux ru_maxrss can hold the size of the process that started this one.
    found = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE) if status.exists() else None
    if found:
        return int(found[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    uniform = evaluate(lambda contexts: np.zeros((len(contexts), VOCAB_SIZE)))
    print(f"vocabulary:       {VOCAB_SIZE} characters")
    print(f"training text:    {len(TRAIN_IDS)} bytes")
    print(f"validation text:  {len(_val)} bytes")
    print(f"uniform guess:    {uniform:.6f} bits per byte")
