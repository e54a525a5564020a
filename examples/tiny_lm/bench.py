"""Has train.py train a model and predict a text it has not seen, and prints what that costs in bits per byte."""

import math
import os
from pathlib import Path

# One thread: the number of steps in a fixed time then depends less on what else the machine is doing.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402  (numpy reads those names when it is first imported)
from numpy.typing import NDArray  # noqa: E402

from autoresearch import bench  # noqa: E402

TRAINING_S = float(os.environ.get("TINY_LM_SECONDS", "3"))
"""Wall-clock seconds from handing the training text to the model until `train` has returned."""
OVERRUN_S = 1.0
"""How much later than that `train` may return; a busy machine can hold up the last step."""
PREDICTION_S = 2.0
"""For all predictions together, so that they cannot be used to train on."""
MAX_CONTEXT = 32
"""The number of preceding characters that a model gets to see."""
BLOCK = MAX_CONTEXT + 256
VAL_FRACTION = 0.1

Ids = NDArray[np.int64]


def load() -> tuple[Ids, Ids, int]:
    """Training text, validation text and the size of the vocabulary; a number below it for each character."""
    text = np.frombuffer(Path(__file__).with_name("text.txt").read_bytes(), dtype=np.uint8)
    vocabulary = np.unique(text)
    ids = np.searchsorted(vocabulary, text)
    split = int(len(ids) * (1 - VAL_FRACTION))
    return ids[:split].copy(), ids[split:].copy(), len(vocabulary)


def evaluate(model: bench.Thing, text: Ids, vocab_size: int) -> float:
    """Bits per byte (every character is one byte).

    Normalised here, the scores can only ever mean a distribution, and a context never holds a character that is still
    to be predicted: the model is asked left to right in all blocks at once, and learns of a position when it is past.
    """
    blocks = text[: len(text) // BLOCK * BLOCK].reshape(-1, BLOCK)
    rows = np.arange(len(blocks))
    nats, left_s = 0.0, PREDICTION_S
    for at in range(MAX_CONTEXT, BLOCK):
        answer = model.call("predict", blocks[:, at - MAX_CONTEXT : at])
        left_s -= answer.seconds
        bench.require(left_s > 0, f"the predictions took more than {PREDICTION_S} s together")
        scores = np.asarray(answer.value)
        usable = scores.shape == (len(rows), vocab_size) and scores.dtype.kind == "f" and np.isfinite(scores).all()
        bench.require(usable, f"predict must return finite scores of shape {(len(rows), vocab_size)}")
        scores = scores.astype(np.float64)
        scores -= scores.max(axis=1, keepdims=True)
        nats += float((np.log(np.exp(scores).sum(axis=1)) - scores[rows, blocks[:, at]]).sum())
    return nats / math.log(2) / (len(rows) * (BLOCK - MAX_CONTEXT))


def main() -> None:
    training, validation, vocab_size = load()
    with bench.Worker("train.py") as worker:
        model = worker.new("Model", vocab_size, bench.chance("model").randrange(2**31))
        trained = model.call("train", training, TRAINING_S)
        late = trained.seconds > TRAINING_S + OVERRUN_S
        bench.require(not late, f"train took {trained.seconds:.1f} s, but has {TRAINING_S} s")
        val_bpb = evaluate(model, validation, vocab_size)
    memory = {} if worker.peak_memory_mb is None else {"peak_mem_mb": round(worker.peak_memory_mb, 1)}
    bench.report(
        val_bpb=round(val_bpb, 6),
        training_seconds=round(trained.seconds, 2),
        **memory,
        num_steps=int(trained.value["num_steps"]),
        num_params_k=round(trained.value["num_params"] / 1000, 1),
    )


if __name__ == "__main__":
    main()
