"""Which way a metric is better, as far as its name tells."""

from __future__ import annotations

import re

from autoresearch.model import Direction

LOWER = frozenset(
    """
    loss bpb bpc perplexity ppl error err errors rmse mse mae wer cer fid time seconds secs sec ms us ns latency
    duration walltime wall cost size bytes kb mb gb memory mem vram cycles instructions tokens misses regret
    violations
    """.split()
)
HIGHER = frozenset(
    """
    acc accuracy auc auroc f1 score reward throughput tps qps rps ops fps speedup flops tflops gflops mfu iou map
    bleu rouge precision recall r2 winrate elo sharpe profit hits pass passed coverage
    """.split()
)


def guess(name: str) -> Direction | None:
    """`val_bpb` → lower, `generations_per_s` → higher; None where the name does not tell, or tells both."""
    lowered = name.lower()
    if re.search(r"(_per_|/)(s|sec|second|ms|min|joule)$", lowered):
        return Direction.HIGHER
    words = set(re.split(r"[^a-z0-9]+", lowered))
    lower, higher = bool(words & LOWER), bool(words & HIGHER)
    if lower == higher:
        return None
    return Direction.LOWER if lower else Direction.HIGHER
