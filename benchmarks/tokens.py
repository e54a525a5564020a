"""How many input tokens a long session sends, and how many of them a provider's cache has already.

    python benchmarks/tokens.py [--experiments 500]

Runs the installed command with a scripted model server on loopback, on a training script of 10,000 characters whose
bench prints a log of 2 KB; one experiment in twelve is kept. Afterwards each request is put to the caching rules that
the providers document: Anthropic looks from a cache point back over 20 blocks for a prefix that an earlier request
ended a cache point with; OpenAI finds the longest common prefix in steps of 128 tokens. Both from 1,024 tokens on.
A token is counted as 4 bytes, so compare the numbers with each other, and not with a bill.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from model_server import ModelServer
from user import User
from wire import Json

BYTES = 4
LEAST = 1024
"""Tokens from which on a prefix is cached."""
STEP = 128
BACK = 20
KEEP_EVERY = 12
LINES = 11
"""Lines that an edit changes: the median of real ones."""
PROGRAM = """\
---
target: train.py
bench: python3 -S train.py
metric: val_bpb
direction: lower
timeout: 20s
---
# Make the model better

Train a small language model for a fixed number of steps. Everything in train.py may change: the architecture, the
optimizer, the hyperparameters, the batch size. Simpler is better where the metric is equal. Do not touch the data.
"""


@dataclass(frozen=True)
class Counted:
    """Input tokens of one request."""

    sent: int
    cached: int
    cacheable: int
    """Of what was sent, all that stands before the part that is about this one experiment."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=500)
    experiments = parser.parse_args().experiments
    print(f"{'provider':<10} {'experiments':<12} {'input':>8} {'uncached':>9} {'cacheable':>10} {'cached':>7}")
    met = True
    for provider, model, count in (
        ("anthropic", "anthropic/claude-sonnet-5-5", anthropic),
        ("openai", "openai/gpt-6-luna", openai),
    ):
        with tempfile.TemporaryDirectory() as scratch:
            counted = count(session(Path(scratch), model, experiments))
        early, late = counted[20:100], counted[-100:]
        for name, part in (("20–100", early), (f"{experiments - 100}–{experiments}", late), ("all", counted)):
            show(provider, name, part)
        growth = uncached(late) / uncached(early) - 1
        share = sum(each.cacheable for each in counted) / sum(each.sent for each in counted)
        print(
            f"{provider}: uncached input an experiment {growth:+.1%} from early to late, {share:.1%} cacheable prefix"
        )
        met = met and growth <= 0.10 and share >= 0.85
    sys.exit(0 if met else "more than +10 % uncached input, or less than 85 % cacheable")


def session(home: Path, model: str, experiments: int) -> list[Json]:
    """The bodies of all requests of a session."""
    user = User.with_project(home, program=PROGRAM, files={"train.py": target(0, 3.0)})
    with ModelServer(edits(experiments)) as server:
        done = user.types(
            *("run", "--tag=t", f"--model={model}", f"--budget=experiments={experiments}", "--sandbox=off"),
            timeout_s=3600,
            env={
                "ANTHROPIC_API_KEY": "scripted",
                "ANTHROPIC_BASE_URL": server.anthropic_url,
                "OPENAI_API_KEY": "scripted",
                "OPENAI_BASE_URL": server.openai_url,
            },
        )
        if done.returncode != 0:
            sys.exit(done.stderr)
        return [request.body for request in server.requests]


def edits(experiments: int) -> Iterable[str]:
    """Answers that rewrite eleven lines; one in twelve makes the number better."""
    kinds = ("parameters", "algorithm", "data structure", "architecture", "simplification")
    for n in range(2, experiments + 1):
        kept = n % KEEP_EVERY == 0
        value = 3.0 - n / 1000 if kept else 3.1 + n / 10_000
        yield (
            f"description: widen block {n % 17} and shorten its warm-up to {n} steps\n"
            f"hypothesis: the gradient of block {n % 17} is noisy early on, and a shorter warm-up loses less\n"
            f"category: {kinds[n % len(kinds)]}\nexpected: +0.5 %\n\n```python\n{target(n, value)}```\n"
        )


def target(n: int, value: float) -> str:
    """A script of some 250 lines that prints a log and its metric; edit n changes eleven of its lines."""
    lines = [f'"""A training script."""\n\nVALUE = {value:.6f}\n']
    for block in range(17):
        lines.append(f"def block_{block}(x, width=64, depth=4):\n")
        for row in range(12):
            note = f"edit {n}" if block == n % 17 and row < LINES - 1 else "as it was"
            lines.append(f"    x = x * 1.0 + {row} * 0.001 * width  # {note}\n")
        lines.append("    return x\n\n\n")
    lines.append("for step in range(60):\n    print(f'step {step:4d}  loss {VALUE + 1 / (step + 1):.5f}  lr 0.001')\n")
    return "".join(lines) + 'print(f"val_bpb: {VALUE}")\n'


def anthropic(bodies: Sequence[Json]) -> list[Counted]:
    """By blocks: a cache point writes the prefix up to it, and finds one that ended up to 20 blocks before it."""
    known: set[str] = set()
    counted = []
    for body in bodies:
        texts = [body["system"], *(block["text"] for block in body["messages"][0]["content"])]
        points = [1 + i for i, block in enumerate(body["messages"][0]["content"]) if "cache_control" in block]
        prefixes = ["\0".join(texts[: place + 1]) for place in range(len(texts))]
        looked = {place for point in points for place in range(max(0, point - BACK), point + 1)}
        hit = max((place for place in looked if prefixes[place] in known), default=None)
        known |= {prefixes[point] for point in points if tokens(prefixes[point]) >= LEAST}
        found = 0 if hit is None else tokens(prefixes[hit])
        counted.append(Counted(tokens(prefixes[-1]), found, before_volatile(prefixes[-1])))
    return counted


def openai(bodies: Sequence[Json]) -> list[Counted]:
    """By tokens: the longest prefix that this request has in common with the one before."""
    texts = ["\0".join(message["content"] for message in body["messages"]) for body in bodies]
    shared = [0, *(common(one, other) // STEP * STEP for one, other in pairwise(texts))]
    return [
        Counted(tokens(text), count if count >= LEAST else 0, before_volatile(text))
        for text, count in zip(texts, shared, strict=True)
    ]


def before_volatile(text: str) -> int:
    return tokens(text[: text.rindex("This is experiment ")])


def common(one: str, other: str) -> int:
    """Tokens of the longest common prefix."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return tokens(one[: sum(1 for _ in same)])


def tokens(text: str) -> int:
    return len(text.encode()) // BYTES


def uncached(part: Sequence[Counted]) -> float:
    return mean(each.sent - each.cached for each in part)


def show(provider: str, name: str, part: Sequence[Counted]) -> None:
    """One line of the table: means of a request."""
    sent = mean(each.sent for each in part)
    cacheable, cached = (mean(each.cacheable for each in part), mean(each.cached for each in part))
    print(
        f"{provider:<10} {name:<12} {sent:8,.0f} {uncached(part):9,.0f} {cacheable / sent:10.1%} {cached / sent:7.1%}"
    )


if __name__ == "__main__":
    main()
