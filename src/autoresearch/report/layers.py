"""The layers of the Vega-Lite picture, and its colours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autoresearch.figures import number, percent
from autoresearch.report import certainty, labels
from autoresearch.report.cells import shorten
from autoresearch.report.curve import Bar, Curve, Point
from autoresearch.report.log import Log
from autoresearch.report.phrases import edit, pair, verdict

VERIFIED = "verified"
_LONGEST = 120
"""Characters of a description that a tooltip shows."""
_KINDS = {"keep": "kept", "discard": "discarded", "crash": "crashed", "other": "other", "baseline": "baseline"}


@dataclass(frozen=True)
class Palette:
    """Colours of the picture, as CSS writes them."""

    paper: str
    ink: str
    quiet: str
    grid: str
    kept: str
    discarded: str
    crashed: str
    other: str


PRINT = Palette(
    paper="#ffffff",
    ink="#1f2328",
    quiet="#59636e",
    grid="#e6e8eb",
    kept="#0b7a4b",
    discarded="#9aa3ad",
    crashed="#c8553d",
    other="#7d8fc0",
)
"""For files that know nothing of their surroundings."""


def baselines(drawn: Curve, palette: Palette) -> dict[str, Any]:
    values = [{"n": start, "to": end, "y": value} for start, end, value in drawn.baselines]
    return {
        "data": {"values": values},
        "mark": {"type": "rule", "strokeDash": [5, 4], "color": palette.quiet},
        "encoding": {"x2": {"field": "to"}},
    }


def steps(drawn: Curve, palette: Palette) -> dict[str, Any]:
    values = [
        {"n": n, "y": y, "i": i, "line": line}
        for line, corners in enumerate(drawn.steps)
        for i, (n, y) in enumerate(corners)
    ]
    return {
        "data": {"values": values},
        "mark": {"type": "line", "strokeWidth": 2, "color": palette.kept, "strokeJoin": "round"},
        "encoding": {"detail": {"field": "line"}, "order": {"field": "i", "type": "quantitative"}},
    }


def bars(drawn: Curve, palette: Palette) -> list[dict[str, Any]]:
    """How far keeps and the verified head may be off: an upright line and its two ends."""
    verified = [drawn.verified] if drawn.verified else []
    return [*_bars(drawn, drawn.bars, palette.ink, 1), *_bars(drawn, verified, palette.other, 2.5)]


def _bars(drawn: Curve, found: Sequence[Bar], colour: str, width: float) -> Iterator[dict[str, Any]]:
    bars = [(bar.x, bar.low, bar.high) for bar in found if bar.low is not None and bar.high is not None]
    if bars:
        yield {
            "data": {"values": [{"n": x, "y": drawn.held(low), "to": drawn.held(high)} for x, low, high in bars]},
            "mark": {"type": "rule", "color": colour, "strokeWidth": width},
            "encoding": {"y2": {"field": "to"}},
        }
        # A bar that goes on beyond the edge has no end there.
        yield {
            "data": {"values": [{"n": x, "y": end} for x, *ends in bars for end in ends if drawn.shows(end)]},
            "mark": {"type": "tick", "orient": "horizontal", "color": colour, "size": 7, "thickness": width},
        }


def points(drawn: Curve, shown: Sequence[Point], log: Log, palette: Palette) -> dict[str, Any]:
    """The points that are `shown`, and the verified head as a diamond."""
    kinds = [kind for standing, kind in _KINDS.items() if any(point.status == standing for point in shown)]
    values = [_point(point, drawn, log) for point in _kept_last(shown)]
    if drawn.verified is not None:
        kinds.append(VERIFIED)
        values.append(_diamond(drawn, drawn.verified, log))
    colours = {
        "kept": palette.kept,
        "baseline": palette.ink,
        "discarded": palette.discarded,
        "crashed": palette.crashed,
        "other": palette.other,
        VERIFIED: palette.other,
    }
    return {
        "data": {"values": values},
        "mark": {"type": "point", "filled": True, "opacity": 1},
        "encoding": {
            "color": {
                "field": "kind",
                "scale": {"domain": kinds, "range": [colours[kind] for kind in kinds]},
                "legend": {"title": None, "orient": "top", "direction": "horizontal", "offset": 30},
            },
            "size": {"field": "size", "type": "quantitative", "scale": None},
            "shape": {"field": "shape", "scale": None},
            "tooltip": [
                {"field": name, "type": "nominal"} for name in ("experiment", "value", "status", "change", "interval")
            ]
            + [{"field": "edit", "type": "nominal"}],
        },
    }


def _point(point: Point, drawn: Curve, log: Log) -> dict[str, Any]:
    row, value = log.rows[point.n - 1], point.value
    shape = "circle" if drawn.shows(value) else "triangle-up" if value > drawn.high else "triangle-down"
    kept = row.status in ("keep", "baseline")
    return {
        "row": row.n,
        "n": point.x,
        "y": drawn.held(value),
        "kind": _KINDS[row.status],
        "shape": shape,
        "size": 60 if kept else 32,
        "experiment": row.label,
        "value": number(value, 8),
        "status": verdict(row),
        "change": percent(row.change, log.direction),
        "interval": _interval(row.low, row.high),
        "edit": shorten(edit(row), _LONGEST),
    }


def _diamond(drawn: Curve, bar: Bar, log: Log) -> dict[str, Any]:
    """The verified head."""
    found, verified = certainty.proven(log), log.evidence.verified if log.evidence else None
    return {
        "row": verified.n if verified else None,
        "n": bar.x,
        "y": drawn.held(bar.value),
        "kind": VERIFIED,
        "shape": "diamond",
        "size": 130,
        "experiment": str(bar.x),
        "value": number(bar.value, 8),
        "status": "measured again after the session",
        "change": percent(found.gain, log.direction) if found and found.relative else "",
        "interval": _interval(bar.low, bar.high),
        "edit": "",
    }


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else " to ".join(pair(low, high))


def _kept_last(points: Sequence[Point]) -> list[Point]:
    """What was kept lies on top."""
    return sorted(points, key=lambda point: point.status in ("keep", "baseline"))


def names(names: Sequence[labels.Label], align: str, palette: Palette) -> dict[str, Any]:
    values = [{"n": label.n, "y": label.value, "text": label.text} for label in names if label.align == align]
    return {
        "data": {"values": values},
        "mark": {
            "type": "text",
            "align": align,
            "mark": {
                "type": "text",
                "align": align,
                "limit": labels.WIDEST,
                "baseline": "middle",
                "fontSize": labels.SIZE,
                "color": palette.ink,
            },
            "baseline": "middle",
            "fontSize": labels.SIZE,
            "color": palette.ink,
        },
        "encoding": {"text": {"field": "text"}},
    }


def config(palette: Palette) -> Mapping[str, Any]:
    font = "system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', Arial, sans-serif"
    axis = {
        "labelColor": palette.quiet,
        "titleColor": palette.ink,
        "gridColor": palette.grid,
        "domainColor": palette.quiet,
    }
    return {
        "font": font,
        "aria": False,
        "view": {"stroke": None},
        "axis": {
            **axis,
            "tickColor": palette.quiet,
            "titleFontWeight": "normal",
            "labelFontSize": 11,
            "titleFontSize": 12,
        },
        "legend": {"labelColor": palette.ink, "labelFontSize": 12},
        "title": {"color": palette.ink, "subtitleColor": palette.quiet, "fontSize": 15, "subtitleFontSize": 12},
    }
