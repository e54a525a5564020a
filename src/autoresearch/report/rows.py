"""Experiments as flat rows, for tables and for those who keep their experiments elsewhere: wandb, mlflow, trackio."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import StringIO

from autoresearch.report import cells
from autoresearch.report.log import Log, Row, Segment
from autoresearch.report.summary import ratio, takes_over

Cell = float | int | str | None

OWN = (
    "step",
    "label",
    "segment",
    "commit",
    "status",
    "is_keep",
    "best",
    "change",
    "cost_usd",
    "duration_s",
    "category",
    "by",
    "description",
)
"""Columns that every export has, in `docs/report.md`; a metric or column of such a name gets a prefix."""
_FORMULA = ("=", "+", "-", "@")


def flat(log: Log) -> Iterator[dict[str, Cell]]:
    """One mapping an experiment, all with the same keys. None is "not measured" or "not known".

    The metric stands under its own name: each segment's, where they differ.
    """
    metrics = {segment.index: _named(segment.metric, "metric") for segment in log.segments}
    extras = {name: _named(name, "column") for row in log.rows for name in row.extra}
    empty: dict[str, Cell] = dict.fromkeys(["step", *dict.fromkeys(metrics.values()), *OWN[1:], *extras.values()])
    best: dict[int, float] = {}
    for row in log.rows:
        segment = log.segments[row.segment]
        over = best.get(row.segment)
        if _counts(row) and row.value is not None and (over is None or takes_over(segment.direction, row, over)):
            best[row.segment] = row.value
        yield {
            **empty,
            **{extras[name]: _cell(text) for name, text in row.extra.items()},
            **_own(row, segment, over, best.get(row.segment)),
            metrics[row.segment]: row.value,
        }


def to_jsonl(log: Log) -> str:
    """One JSON object a line; null where there is nothing, never NaN."""
    return "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in flat(log))


def to_csv(log: Log) -> str:
    """Comma-separated, with a header; an empty cell where there is nothing. No text of a model is a formula."""
    written = StringIO()
    writer: csv.DictWriter[str] | None = None
    for row in flat(log):
        if writer is None:
            writer = csv.DictWriter(written, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow({name: _harmless(cell) for name, cell in row.items()})
    return written.getvalue()


def _own(row: Row, segment: Segment, over: float | None, best: float | None) -> dict[str, Cell]:
    change = row.change
    if change is None and over is not None and row.value is not None:
        change = ratio(segment.metric, segment.direction, row.value, over)
    return {
        "step": row.n,
        "label": row.label,
        "segment": row.segment,
        "commit": row.commit,
        "status": "sentinel" if row.sentinel else row.status,
        "is_keep": int(row.status == "keep"),
        "best": best,
        "change": change,
        "cost_usd": row.cost_usd,
        "duration_s": None if row.duration_s is None else round(row.duration_s, 6),
        "category": row.category or None,
        "by": row.by or None,
        "description": row.description or None,
    }


def _counts(row: Row) -> bool:
    """Whether a row can be the best so far."""
    return row.status in ("keep", "baseline") and not row.sentinel


def _named(name: str, kind: str) -> str:
    return f"{kind}_{name}" if name in OWN else name


def _cell(text: str) -> Cell:
    """A number where that is what a cell holds, whatever its unit; else the text."""
    found = cells.number(text)
    if found is not None and not found.unit:
        return found.value
    return None if cells.missing(text) else text


def _harmless(cell: Cell) -> Cell:
    """A spreadsheet would run a text that begins as a formula does."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
