"""A character-level language model that trains for a few seconds. Everything here may change."""

from time import perf_counter

import numpy as np
from numpy.typing import NDArray

# What the model sees and how large it is.
CONTEXT = 4  # tune: 2..16
EMBED_DIM = 8  # tune: 4..32
HIDDEN_DIM = 64  # tune: 32..256 log
ACTIVATION = "tanh"  # tune: tanh|relu
INIT_SCALE = 1.0  # tune: 0.3..2.0 log

# How it learns.
OPTIMIZER = "sgd"  # tune: sgd|momentum|adam
LEARNING_RATE = 0.05  # tune: 2e-3..0.5 log
MOMENTUM = 0.9  # tune: 0.8..0.98
BATCH_SIZE = 64  # tune: 32..256 log
WEIGHT_DECAY = 1e-3  # tune: 1e-5..1e-2 log
WARMUP_FRACTION = 0.0  # tune: 0.0..0.3
LINEAR_DECAY = False  # tune: True|False

Array = NDArray[np.float32]
Weights = dict[str, Array]


def initial_weights(rng: np.random.Generator, vocab_size: int) -> Weights:
    shapes = {
        "embed": (vocab_size, EMBED_DIM),
        "hidden": (CONTEXT * EMBED_DIM, HIDDEN_DIM),
        "hidden_bias": (1, HIDDEN_DIM),
        "output": (HIDDEN_DIM, vocab_size),
        "output_bias": (1, vocab_size),
    }
    scale = {"embed": 1.0, "hidden": (CONTEXT * EMBED_DIM) ** -0.5, "output": HIDDEN_DIM**-0.5}
    return {
        name: (INIT_SCALE * scale.get(name, 0.0) * rng.standard_normal(shape)).astype(np.float32)
        for name, shape in shapes.items()
    }


def forward(weights: Weights, contexts: NDArray[np.int64]) -> tuple[Array, Array, Array]:
    """Inputs, hidden activations and logits for contexts (rows, CONTEXT)."""
    inputs = weights["embed"][contexts].reshape(len(contexts), -1)
    hidden = inputs @ weights["hidden"] + weights["hidden_bias"]
    hidden = np.tanh(hidden) if ACTIVATION == "tanh" else np.maximum(hidden, 0)
    return inputs, hidden, hidden @ weights["output"] + weights["output_bias"]


def loss_and_gradients(
    weights: Weights, contexts: NDArray[np.int64], targets: NDArray[np.int64]
) -> tuple[float, Weights]:
    """Mean cross-entropy in nats, and its derivative by every weight."""
    inputs, hidden, logits = forward(weights, contexts)
    rows = np.arange(len(targets))
    logits -= logits.max(axis=1, keepdims=True)
    probabilities = np.exp(logits)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    loss = -float(np.log(probabilities[rows, targets] + 1e-30).mean())

    d_logits = probabilities
    d_logits[rows, targets] -= 1
    d_logits /= len(targets)
    d_hidden = d_logits @ weights["output"].T
    d_hidden *= 1 - hidden**2 if ACTIVATION == "tanh" else hidden > 0
    d_inputs = d_hidden @ weights["hidden"].T
    d_embed = np.zeros_like(weights["embed"])
    np.add.at(d_embed, contexts.reshape(-1), d_inputs.reshape(-1, EMBED_DIM))
    return loss, {
        "embed": d_embed,
        "hidden": inputs.T @ d_hidden,
        "hidden_bias": d_hidden.sum(axis=0, keepdims=True),
        "output": hidden.T @ d_logits,
        "output_bias": d_logits.sum(axis=0, keepdims=True),
    }


def learning_rate(progress: float) -> float:
    warmup = min(1.0, progress / WARMUP_FRACTION) if WARMUP_FRACTION > 0 else 1.0
    return LEARNING_RATE * warmup * (max(0.0, 1 - progress) if LINEAR_DECAY else 1.0)


def update(weights: Weights, gradients: Weights, mean: Weights, square: Weights, step: int, rate: float) -> None:
    """One step of the optimiser, in place; `mean` and `square` are what it remembers of past gradients."""
    for name, gradient in gradients.items():
        weights[name] *= 1 - rate * WEIGHT_DECAY
        if OPTIMIZER == "sgd":
            weights[name] -= rate * gradient
            continue
        if OPTIMIZER == "momentum":
            mean[name] = MOMENTUM * mean[name] + gradient
            weights[name] -= rate * mean[name]
            continue
        mean[name] = MOMENTUM * mean[name] + (1 - MOMENTUM) * gradient
        square[name] = 0.999 * square[name] + 0.001 * gradient**2
        unbiased = np.sqrt(square[name] / (1 - 0.999**step)) + 1e-8
        weights[name] -= rate / (1 - MOMENTUM**step) * mean[name] / unbiased


class Model:
    """What bench.py works with: made once, trained once, then asked for predictions."""

    def __init__(self, vocab_size: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.weights = initial_weights(self.rng, vocab_size)

    def train(self, ids: NDArray[np.int64], seconds: float) -> dict[str, int]:
        """Learn from a text, ids below vocab_size, and return before the seconds are over. Returns what it took."""
        begin = perf_counter()
        mean = {name: np.zeros_like(weight) for name, weight in self.weights.items()}
        square = {name: np.zeros_like(weight) for name, weight in self.weights.items()}
        windows = np.lib.stride_tricks.sliding_window_view(ids, CONTEXT + 1)
        step = 0
        while (progress := (perf_counter() - begin) / seconds) < 1:
            step += 1
            batch = windows[self.rng.integers(len(windows), size=BATCH_SIZE)]
            loss, gradients = loss_and_gradients(self.weights, batch[:, :-1], batch[:, -1])
            if not np.isfinite(loss):
                raise ArithmeticError(f"training diverged at step {step} (loss {loss})")
            update(self.weights, gradients, mean, square, step, learning_rate(progress))
        return {"num_steps": step, "num_params": sum(weight.size for weight in self.weights.values())}

    def predict(self, contexts: NDArray[np.int64]) -> Array:
        """Scores for the character that follows each context, (rows, 32) ids -> (rows, vocab_size)."""
        return forward(self.weights, contexts[:, -CONTEXT:])[2]
