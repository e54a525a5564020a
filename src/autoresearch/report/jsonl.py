"""pi-autoresearch logs: a config line begins a segment, every run is a line."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autoresearch.errors import SettingsError
from autoresearch.model import Direction
from autoresearch.report import cells, status
from autoresearch.report import direction as directions
from autoresearch.report.log import Log, Row, Rows, Segment, Spending
from autoresearch.report.segments import without_empty_zeros

_PLACED = frozenset(["run", "status", "description"])
"""Fields that have a place of their own in a Row, whatever they hold."""
_NEVER_METRIC = frozenset(["timestamp", "segment", "metric"])


@dataclass
class _Read:
    """Filled line by line."""

    rows: list[Row] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    """The metric that each config named."""
    names: list[str] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)


def read_jsonl(text: str, title: str, metric: str | None, direction: Direction | None) -> Log:
    """Read a log. Raises SettingsError when it has no run and no config, or no metric `metric`."""
    read = _Read()
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        entry = _object(line)
        if entry is not None and entry.get("type") == "config":
            _config(read, number, entry, metric)
        elif entry is not None and ("metric" in entry or "status" in entry):
            if not read.segments:
                read.segments.append(Segment(0, number, metric or "metric", None))
            read.rows.append(_row(len(read.rows) + 1, number, entry, read, metric))
            read.times_ms += [at for at in [_finite(entry.get("timestamp"))] if at is not None]
        else:
            read.warnings.append(f"unparsed line {number}: {cells.shorten(cells.clean(line), 60)}")
    if not read.segments:
        raise SettingsError(f"{title}: no run in it. Name a results.tsv, a journal.jsonl or a session's tag.")
    if metric is not None and read.rows and not any(row.raw_value for row in read.rows):
        measured = (name for row in read.rows for name, cell in row.extra.items() if cells.number(cell))
        known = dict.fromkeys(name for name in (*read.metrics, *measured) if name not in _NEVER_METRIC)
        raise SettingsError(f"{title}: no metric {metric}. The file has: {', '.join(known)}.")
    return _log(read, title, direction)


def _config(read: _Read, number: int, config: Mapping[str, Any], metric: str | None) -> None:
    own = _text(config.get("metricName")) or "metric"
    said = directions.from_word(_text(config.get("bestDirection"))) if metric in (None, own) else None
    read.metrics.append(own)
    read.names += [name for name in [_text(config.get("name"))] if name]
    why = f"a new config: {metric or own}"
    read.segments.append(Segment(len(read.segments), number, metric or own, said, why))


def _placed(rows: Sequence[Row], segments: Sequence[Segment]) -> tuple[Rows, list[Segment]]:
    """Without the segments that no run followed; the first run of a segment is its baseline."""
    begun_by = {row.segment: row.n for row in reversed(rows)}
    used = [segment for segment in segments if segment.index in begun_by] or [segments[-1]]
    index = {segment.index: i for i, segment in enumerate(used)}
    firsts = set(begun_by.values())
    placed = Rows.of(rows).but(
        statuses=["baseline" if row.n in firsts and row.status == "keep" else row.status for row in rows],
        segments=[index[row.segment] for row in rows],
    )
    return placed, [replace(segment, index=i) for i, segment in enumerate(used)]


def _log(read: _Read, title: str, direction: Direction | None) -> Log:
    placed, used = _placed(read.rows, read.segments)
    rows, doubts = without_empty_zeros(placed)
    settled: list[Segment] = []
    for segment in used:
        own = Rows.of(row for row in rows if row.segment == segment.index)
        said, contradictions = directions.resolve(direction, segment.direction, segment.metric, own)
        settled.append(replace(segment, direction=said))
        doubts += contradictions
    return Log(
        title=read.names[-1] if read.names else title,
        kind="jsonl",
        metric=settled[-1].metric,
        direction=settled[-1].direction,
        rows=rows,
        segments=tuple(settled),
        warnings=(*dict.fromkeys(doubts), *read.warnings),
        spent=Spending(elapsed_s=(max(read.times_ms) - min(read.times_ms)) / 1000 if len(read.times_ms) > 1 else None),
    )


def _object(line: str) -> Mapping[str, Any] | None:
    try:
        entry = json.loads(line, object_pairs_hook=_whole)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _whole(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's fields, of which none is lost where two have the same name."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        # The last one counts, as everywhere; what it covers is kept beside it.
        if name in found:
            found[_unshared(f"{name} again", "again", found)] = found[name]
        found[name] = value
    return found


def _row(n: int, line: int, entry: Mapping[str, Any], read: _Read, metric: str | None) -> Row:
    more, idea = _mapping(entry.get("metrics")), _mapping(entry.get("asi"))
    own = metric is None or metric in read.metrics[-1:]
    said = entry.get("metric") if own else more.get(metric or "")
    sha = cells.commit(_text(entry.get("commit")))
    raw_status = _text(entry.get("status"))
    return Row(
        n=n,
        line=line,
        label=_text(entry.get("run")) or str(n),
        commit=sha,
        value=_finite(said),
        raw_value=_text(said),
        status=status.standing(raw_status),
        raw_status=raw_status,
        description=_text(entry.get("description")),
        extra=_extra(entry, {*_PLACED, "metric" if own else "", "commit" if sha else ""}),
        segment=len(read.segments) - 1,
        hypothesis=_text(idea.get("hypothesis")),
    )


def _extra(entry: Mapping[str, Any], placed: set[str]) -> dict[str, str]:
    """Every field that has no place of its own, those within `asi` and `metrics` by their own names."""
    found: dict[str, str] = {}
    for name, value in entry.items():
        if name in ("asi", "metrics") and isinstance(value, dict):
            inner = {key: held for key, held in value.items() if (name, key) != ("asi", "hypothesis")}
        else:
            inner = {} if name in placed else {name: value}
        for key, held in inner.items():
            if shown := _text(held):
                found[_unshared(_text(key), name, found)] = shown
    return found


def _unshared(key: str, within: str, taken: Mapping[str, str]) -> str:
    while key in taken:
        key = f"{key} ({within})"
    return key


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    if value is None:
        return ""
    return cells.clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _finite(value: object) -> float | None:
    if isinstance(value, str):
        reading = cells.number(value)
        return reading.value if reading else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
