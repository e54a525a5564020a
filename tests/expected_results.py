"""What a careful human reads in each file of real sessions: written by hand, from the files.

A keep is a change that somebody kept: baselines are not counted, and neither are words like PASS, ref, ok or
keep-opt-in, which do not say that the change stayed. `best` is the best of keeps and baselines since the last
reset, in the file's own unit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from autoresearch.model import Direction

HIGHER, LOWER = Direction.HIGHER, Direction.LOWER


@dataclass(frozen=True)
class Expected:
    """One file as a human reads it."""

    file: str
    metric: str
    direction: Direction
    rows: int
    keeps: int
    best: float
    segments: int = 1
    unparsed: tuple[int, ...] = ()
    """Lines that are prose."""
    doubts: tuple[str, ...] = field(default=())
    """Words that a warning must contain, because the human hesitated there too."""


EXPECTED = (
    # The last keep (96.1768) is below the best; nobody took it back.
    Expected("0xNyk__lacp__1.tsv", "composite_score", HIGHER, 13, 11, 98.0664, doubts=("not better",)),
    Expected("Amadeus415__autoregen__1.tsv", "intent_err", LOWER, 41, 11, 0.01056640),
    Expected("Amadeus415__autoregen__3.tsv", "intent_err", LOWER, 21, 4, 0.13391381),
    Expected("Armosphera__autoresearch-sboss__1.tsv", "score", HIGHER, 6, 5, 100.0, doubts=("not better",)),
    # mean_score or min_score? One keep has no mean.
    Expected(
        "BirdInTheTree__tvplotlines__1.tsv", "mean_score", HIGHER, 5, 3, 0.1025, unparsed=(7,), doubts=("min_score",)
    ),
    # Nothing names the direction; every keep is lower than the last and both discards are higher.
    Expected("C-Pro__geche__1.tsv", "metric", LOWER, 8, 5, 558.3),
    # Several kernels and servers in one table; PASS says that the result is correct, not that the change was kept. One
    # keep has 0 TFLOPS, as only its latency was measured.
    Expected(
        "Cklaus1__autokernel5090__1.tsv",
        "throughput_tflops",
        HIGHER,
        126,
        5,
        213.232,
        doubts=("PASS (66)", "0 was kept in line 120", "#77: 278"),
    ),
    Expected("ConductorOne__baton-sdk__2.jsonl", "pebble_readpaginated_1m_ms", LOWER, 23, 11, 396.19),
    Expected("Muminur__salt-mcp-server__1.tsv", "p50_tokens", LOWER, 10, 9, 223.0, doubts=("p95_tokens", "223/90*")),
    # The last two keeps (53, 52) are above the best; "hang" is a discard without a number.
    Expected("RandyGaul__nudge__2.tsv", "quickhull_ms", LOWER, 19, 11, 51.0, doubts=("not better",)),
    # A second config changes the metric: ops_sec before, eff_ops_sec since.
    # Three keeps change only how it is measured, and are lower.
    Expected("Shopify__neocache__1.jsonl", "eff_ops_sec", HIGHER, 49, 16, 26757815.0, 2, doubts=("not better",)),
    Expected("TheGreenCedar__codex-autoresearch__1.jsonl", "seconds", LOWER, 100, 28, 5.62),
    # Numbers of different set-ups ("agg_tps@6streams" to "@2x16384_pipelined"), the best one written "~970K".
    Expected(
        "christopherkarani__Espresso__2.tsv", "primary_metric", HIGHER, 97, 31, 970000.0, doubts=("~970K", "units")
    ),
    # Four times in milliseconds side by side; a range in one cell.
    Expected(
        "christopherkarani__Espresso__3.tsv",
        "control_ttft_ms",
        LOWER,
        20,
        7,
        0.888,
        doubts=("two_step_ttft_ms", "1.892-1.976", "diagnostic (1)"),
    ),
    # A baseline, reference points and two discards; eight lines of conclusions.
    Expected(
        "christopherkarani__Espresso__4.tsv",
        "tok_s",
        HIGHER,
        7,
        0,
        73.0,
        unparsed=(10, 11, 12, 13, 15, 16, 17, 18),
        doubts=("ref (4)",),
    ),
    Expected("cirunlabs__meda__1.tsv", "metric_ms", LOWER, 7, 5, 367.0, doubts=("keep-opt-in (1)",)),
    # The last row is a baseline again: five runs of the final state, not a new start.
    Expected("d954mas__neotolis-engine__1.tsv", "metric", LOWER, 51, 17, 1860.9, doubts=("line 53",)),
    Expected("jackwener__opencli__1.tsv", "metric", HIGHER, 5, 2, 18.0, doubts=("no-op (2)",)),
    # 152 was reached, and discarded as hard-wired.
    Expected("maplenk__codebase-memory-mcp__1.tsv", "metric", HIGHER, 26, 10, 123.0, doubts=("#17: 152",)),
    # Ten runs that all call themselves baseline, status ok.
    Expected("tmc__autoresearch-go-ane__1.tsv", "val_loss", LOWER, 10, 0, 12.478863, doubts=("10 baselines",)),
    # From line 25 on every run has 15 minutes instead of 5.
    Expected("trevin-creator__autoresearch-mlx__1.tsv", "val_bpb", LOWER, 31, 16, 1.482036, segments=2),
    Expected("trevin-creator__autoresearch-mlx__3.tsv", "val_bpb", LOWER, 20, 18, 1.280169),
    Expected("trevin-creator__autoresearch-mlx__5.tsv", "val_bpb", LOWER, 17, 5, 1.588533),
    # From line 7 on it is another machine.
    Expected("trevin-creator__autoresearch-mlx__7.tsv", "val_bpb", LOWER, 12, 9, 1.708182, segments=2),
)
