"""What columns are called, in the order in which a name is believed."""

from __future__ import annotations

import re


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STATUS = _names("status kept decision result verdict outcome action accepted keep state")
DESCRIPTION = _names(
    "description desc change_summary summary change hypothesis idea what experiment notes note comment message "
    "title name tag"
)
COMMIT = _names("commit solver_sha candidate_sha commit_hash sha hash git_sha commit_sha rev revision")
LABEL = _names("iteration iter experiment exp gen generation cycle round run trial attempt id idx index no n # step")
METRIC = _names("metric primary_metric metric_value objective val_bpb")
DURATION = _names("duration_s duration_sec seconds train_secs training_seconds total_seconds elapsed_s wall_s time_s")
_OTHER = _names("timestamp time_utc date datetime time start_sha parent delta guard")

NEVER_METRIC = frozenset([*STATUS, *DESCRIPTION, *COMMIT, *LABEL, *_OTHER])
KNOWN = NEVER_METRIC.union(METRIC)
SELDOM_METRIC = frozenset(
    _names(
        "memory mem vram rss gb cost usd budget secs seconds sec duration elapsed time steps epoch epochs params "
        "gain pct confidence seed lr batch"
    )
)
"""Words in the name of a column that is the metric only where no other can be."""

_RATE = re.compile(
    r"(^|_)(tok|toks|token|tokens|ops|it|iters?|req|reqs|requests|msgs?|rows|samples|images|frames|steps|gens"
    r"|generations|mb|gb|bytes)_(s|sec)$"
)


def plain(name: str) -> str:
    """The name without differences of case and spacing."""
    return "_".join(name.lower().split())


def words(name: str) -> list[str]:
    """`tok/s` → tok, s; `val_bpb` → val, bpb; `ttftMs` → ttft, ms."""
    return re.findall(r"[a-z]+\d*|\d+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower())


def is_rate(name: str) -> bool:
    """True for so many of something a second: `tok_s`, `generations_per_s`."""
    return _RATE.search("_".join(words(name))) is not None
