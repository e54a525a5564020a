"""The layers of the Vega-Lite picture, and its colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autoresearch.report import labels
from autoresearch.report.curve import Curve
from autoresearch.report.log import Row

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


def points(drawn: Curve, palette: Palette) -> dict[str, Any]:
    kinds = [kind for standing, kind in _KINDS.items() if any(row.status == standing for row in drawn.points)]
    colours = {
        "kept": palette.kept,
        "baseline": palette.ink,
        "discarded": palette.discarded,
        "crashed": palette.crashed,
        "other": palette.other,
    }
    return {
        "data": {"values": [_point(row, drawn) for row in _kept_last(drawn.points)]},
        "mark": {"type": "point", "filled": True, "opacity": 1},
        "encoding": {
            "color": {
                "field": "kind",
                "scale": {"domain": kinds, "range": [colours[kind] for kind in kinds]},
                "legend": {"title": None, "orient": "top", "direction": "horizontal", "offset": 30},
            },
            "size": {"field": "size", "type": "quantitative", "scale": None},
            "shape": {"field": "shape", "scale": None},
        },
    }


def _point(row: Row, drawn: Curve) -> dict[str, Any]:
    assert row.value is not None
    shape = "circle" if drawn.shows(row.value) else "triangle-up" if row.value > drawn.high else "triangle-down"
    kept = row.status in ("keep", "baseline")
    return {
        "row": row.n,
        "n": drawn.x(row),
        "y": drawn.held(row.value),
        "kind": _KINDS[row.status],
        "shape": shape,
        "size": 60 if kept else 32,
    }


def _kept_last(points: Sequence[Row]) -> list[Row]:
    """What was kept lies on top."""
    return sorted(points, key=lambda row: row.status in ("keep", "baseline"))


def names(names: Sequence[labels.Label], align: str, palette: Palette) -> dict[str, Any]:
    values = [{"n": label.n, "y": label.value, "text": label.text} for label in names if label.align == align]
    return {
        "data": {"values": values},
        "mark": {"type": "text", "align": align, "baseline": "middle", "fontSize": 10.5, "color": palette.ink},
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
