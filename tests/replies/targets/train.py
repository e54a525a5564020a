"""Train a small character model, and print its validation loss.

Everything in here may be changed; `prepare.py` may not.
"""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass

import numpy as np

from prepare import TIME_BUDGET, batches, evaluate

# ---------------------------------------------------------------------------
# Configuration
# ---------------------------------------------------------------------------


@dataclass
class Config:
    """What the model looks like."""

    depth: int = 4
    width: int = 128
    heads: int = 4
    vocab: int = 256
    context: int = 64
    dropout: float = 0.0
    tie_weights: bool = False


LEARNING_RATE = 3e-3
WEIGHT_DECAY = 0.1
BETAS = (0.9, 0.95)
WARMUP_STEPS = 50
BATCH_SIZE = 32
GRAD_CLIP = 1.0

# step	scale	note
SCHEDULE = """
0	1.0000	warm
25	0.9896	warm
50	0.9792	warm
75	0.9688	warm
100	0.9583	warm
125	0.9479	warm
150	0.9375	warm
175	0.9271	warm
200	0.9167	decay
225	0.9062	decay
250	0.8958	decay
275	0.8854	decay
300	0.8750	decay
325	0.8646	decay
350	0.8542	decay
375	0.8438	decay
400	0.8333	decay
425	0.8229	decay
450	0.8125	decay
475	0.8021	decay
500	0.7917	decay
525	0.7812	decay
550	0.7708	decay
575	0.7604	decay
600	0.7500	decay
625	0.7396	decay
650	0.7292	decay
675	0.7188	decay
700	0.7083	decay
725	0.6979	decay
750	0.6875	decay
775	0.6771	decay
800	0.6667	decay
825	0.6562	decay
850	0.6458	decay
875	0.6354	decay
900	0.6250	decay
925	0.6146	decay
950	0.6042	decay
975	0.5938	decay
1000	0.5833	decay
1025	0.5729	decay
1050	0.5625	decay
1075	0.5521	decay
1100	0.5417	decay
1125	0.5312	decay
1150	0.5208	decay
1175	0.5104	decay
1200	0.5000	decay
1225	0.4896	decay
1250	0.4792	decay
1275	0.4688	decay
1300	0.4583	decay
1325	0.4479	decay
1350	0.4375	decay
1375	0.4271	decay
1400	0.4167	decay
1425	0.4062	decay
1450	0.3958	decay
1475	0.3854	decay
1500	0.3750	decay
1525	0.3646	decay
1550	0.3542	decay
1575	0.3438	decay
1600	0.3333	decay
1625	0.3229	decay
1650	0.3125	decay
1675	0.3021	decay
1700	0.2917	decay
1725	0.2812	decay
1750	0.2708	decay
1775	0.2604	decay
1800	0.2500	decay
1825	0.2396	decay
1850	0.2292	decay
1875	0.2188	decay
1900	0.2083	decay
1925	0.1979	decay
1950	0.1875	decay
1975	0.1771	decay
2000	0.1667	tail
2025	0.1562	tail
2050	0.1458	tail
2075	0.1354	tail
2100	0.1250	tail
2125	0.1146	tail
2150	0.1042	tail
2175	0.0938	tail
2200	0.0833	tail
2225	0.0729	tail
2250	0.0625	tail
2275	0.0521	tail
2300	0.0417	tail
2325	0.0312	tail
2350	0.0208	tail
2375	0.0200	tail
"""


def schedule() -> list[tuple[int, float]]:
    """The table above as pairs of step and scale."""
    pairs = []
    for line in SCHEDULE.strip().splitlines():
        step, scale, _ = line.split("\t")
        pairs.append((int(step), float(scale)))
    return pairs


TABLE = schedule()


def scale_at(step: int) -> float:
    """How much of the learning rate is used at a step."""
    if step < WARMUP_STEPS:
        return (step + 1) / WARMUP_STEPS
    scale = 1.0
    for begin, value in TABLE:
        if begin > step:
            break
        scale = value
    return scale


# ---------------------------------------------------------------------------
# Layers
# ---------------------------------------------------------------------------


def init(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Weights of a linear layer."""
    return rng.normal(0.0, 1.0 / math.sqrt(rows), (rows, columns)).astype(np.float32)


def softmax(x: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    x = x - x.max(axis=-1, keepdims=True)
    e = np.exp(x)
    return e / e.sum(axis=-1, keepdims=True)


def gelu(x: np.ndarray) -> np.ndarray:
    """The tanh form."""
    return 0.5 * x * (1.0 + np.tanh(0.7978845608 * (x + 0.044715 * x**3)))


def gelu_grad(x: np.ndarray) -> np.ndarray:
    """Its derivative."""
    t = np.tanh(0.7978845608 * (x + 0.044715 * x**3))
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t**2) * 0.7978845608 * (1.0 + 3 * 0.044715 * x**2)


class Linear:
    """A layer without bias."""

    def __init__(self, rng: np.random.Generator, rows: int, columns: int) -> None:
        self.weight = init(rng, rows, columns)
        self.grad = np.zeros_like(self.weight)
        self.seen: np.ndarray | None = None

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.seen = x
        return x @ self.weight

    def backward(self, upstream: np.ndarray) -> np.ndarray:
        assert self.seen is not None
        flat = self.seen.reshape(-1, self.seen.shape[-1])
        self.grad += flat.T @ upstream.reshape(-1, upstream.shape[-1])
        return upstream @ self.weight.T


class Block:
    """Two linear layers with a GELU in between, around a residual."""

    def __init__(self, rng: np.random.Generator, width: int) -> None:
        self.up = Linear(rng, width, 4 * width)
        self.down = Linear(rng, 4 * width, width)
        self.hidden: np.ndarray | None = None

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.hidden = self.up.forward(x)
        return x + self.down.forward(gelu(self.hidden))

    def backward(self, upstream: np.ndarray) -> np.ndarray:
        assert self.hidden is not None
        inner = self.down.backward(upstream) * gelu_grad(self.hidden)
        return upstream + self.up.backward(inner)

    def layers(self) -> list[Linear]:
        return [self.up, self.down]


class Model:
    """Embedding, blocks, head."""

    def __init__(self, config: Config, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.config = config
        self.embed = init(rng, config.vocab, config.width)
        self.embed_grad = np.zeros_like(self.embed)
        self.blocks = [Block(rng, config.width) for _ in range(config.depth)]
        self.head = Linear(rng, config.width, config.vocab)

    def forward(self, tokens: np.ndarray) -> np.ndarray:
        self.tokens = tokens
        x = self.embed[tokens]
        for block in self.blocks:
            x = block.forward(x)
        return self.head.forward(x)

    def backward(self, upstream: np.ndarray) -> None:
        x = self.head.backward(upstream)
        for block in reversed(self.blocks):
            x = block.backward(x)
        np.add.at(self.embed_grad, self.tokens, x)

    def layers(self) -> list[Linear]:
        return [layer for block in self.blocks for layer in block.layers()] + [self.head]


# ---------------------------------------------------------------------------
# Optimiser
# ---------------------------------------------------------------------------


class AdamW:
    """Adam with decoupled weight decay."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.step_count = 0
        self.first = [np.zeros_like(layer.weight) for layer in model.layers()]
        self.second = [np.zeros_like(layer.weight) for layer in model.layers()]

    def step(self, rate: float) -> None:
        self.step_count += 1
        b1, b2 = BETAS
        for k, layer in enumerate(self.model.layers()):
            self.first[k] = b1 * self.first[k] + (1 - b1) * layer.grad
            self.second[k] = b2 * self.second[k] + (1 - b2) * layer.grad**2
            m = self.first[k] / (1 - b1**self.step_count)
            v = self.second[k] / (1 - b2**self.step_count)
            layer.weight -= rate * (m / (np.sqrt(v) + 1e-8) + WEIGHT_DECAY * layer.weight)
            layer.grad[:] = 0.0
        self.model.embed -= rate * self.model.embed_grad
        self.model.embed_grad[:] = 0.0


def clip(model: Model) -> float:
    """Scale all gradients down to a norm of GRAD_CLIP at most; the norm before."""
    total = 0.0
    for layer in model.layers():
        total += float((layer.grad**2).sum())
    norm = math.sqrt(total)
    if norm > GRAD_CLIP:
        for layer in model.layers():
            layer.grad *= GRAD_CLIP / norm
    return norm


# ---------------------------------------------------------------------------
# Training
# ---------------------------------------------------------------------------


def loss_of(logits: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Cross entropy, and its gradient."""
    p = softmax(logits)
    n = targets.size
    picked = np.take_along_axis(p, targets[..., None], axis=-1)
    loss = float(-np.log(picked + 1e-9).mean())
    p[np.arange(p.shape[0])[:, None], np.arange(p.shape[1]), targets] -= 1.0
    return loss, p / n


def main() -> None:
    begin = time.monotonic()
    config = Config()
    model = Model(config)
    optimizer = AdamW(model)
    step = 0
    loss = 0.0
    for tokens, targets in batches(BATCH_SIZE, config.context):
        if time.monotonic() - begin > TIME_BUDGET:
            break
        logits = model.forward(tokens)
        loss, upstream = loss_of(logits, targets)
        model.backward(upstream)
        clip(model)
        optimizer.step(LEARNING_RATE * scale_at(step))
        step += 1
        if step % 100 == 0:
            print(f"step {step}: loss {loss:.4f}")
    print(f"steps: {step}")
    print(f"val_bpb: {evaluate(model.forward):.6f}")


if __name__ == "__main__":
    main()
