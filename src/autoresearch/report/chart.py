"""The field's picture as one Vega-Lite spec, drawn to SVG and PNG by vl-convert without a network."""

from __future__ import annotations

import math
from typing import Any

from autoresearch.errors import SettingsError
from autoresearch.figures import plural
from autoresearch.report import certainty, labels, layers, wording
from autoresearch.report.cells import shorten
from autoresearch.report.curve import Curve, curve
from autoresearch.report.layers import PRINT, Palette
from autoresearch.report.log import Log
from autoresearch.report.summary import Summary
from autoresearch.report.thinned import MANY, distinct

_SIZE = (860, 420)


def svg(log: Log, summary: Summary, palette: Palette = PRINT, *, titled: bool = True) -> str:
    """The picture as an SVG document. Raises SettingsError when there is nothing to draw."""
    import vl_convert

    found = _spec_or_refuse(log, summary, palette)
    if not titled:
        del found["title"]
    drawn: str = vl_convert.vegalite_to_svg(found, show_warnings=False)
    return drawn


def png(log: Log, summary: Summary, palette: Palette = PRINT) -> bytes:
    """The picture as PNG at twice its size. Raises SettingsError when there is nothing to draw."""
    import vl_convert

    drawn: bytes = vl_convert.vegalite_to_png(_spec_or_refuse(log, summary, palette), scale=2, show_warnings=False)
    return drawn


def spec(log: Log, summary: Summary, palette: Palette = PRINT) -> dict[str, Any] | None:
    """The Vega-Lite spec; None where fewer than two rows have a value."""
    drawn = curve(log)
    if drawn is None:
        return None
    paper = _paper(drawn)
    kept = [entry for stretch in summary.stretches for entry in stretch.kept]
    names, shown = labels.place(kept, drawn, paper), distinct(drawn, paper)
    crowded = len(drawn.points) > MANY
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": {
            "text": shorten(wording.headline(log, summary), 110),
            "subtitle": [shorten(text, 150) for text in (f"{log.title}; {certainty.in_short(log)}", _drawn(drawn))],
            "anchor": "start",
        },
        "width": _SIZE[0],
        "height": _SIZE[1],
        "background": palette.paper,
        "padding": 14,
        "config": layers.config(palette),
        "layer": [
            layers.baselines(drawn, palette),
            *([] if crowded else [layers.steps(drawn, palette)]),
            *layers.bars(drawn, palette),
            layers.points(drawn, shown, log, palette),
            # Very many points would hide the line that they are about.
            *([layers.steps(drawn, palette)] if crowded else []),
            *(layers.names(names, align, palette) for align in ("left", "right")),
        ],
        "encoding": {
            "x": {
                "field": "n",
                "type": "quantitative",
                "title": "experiment" if drawn.own_numbers else "row",
                "axis": _x_axis(paper),
                "scale": {"domain": [paper.first, paper.last], "nice": False, "zero": False},
            },
            "y": {
                "field": "y",
                "type": "quantitative",
                "title": _y_title(log),
                "axis": _y_axis(paper),
                "scale": {
                    "type": "log" if drawn.log_scale else "linear",
                    "domain": [paper.low, paper.high],
                    "nice": False,
                    "zero": False,
                },
            },
        },
    }


def _spec_or_refuse(log: Log, summary: Summary, palette: Palette) -> dict[str, Any]:
    found = spec(log, summary, palette)
    if found is None:
        raise SettingsError(
            f"{log.title}: no picture: too few measured experiments, or numbers too large. Use --format text."
        )
    return found


def _paper(drawn: Curve) -> labels.Paper:
    low, high = drawn.low, drawn.high
    first, last = drawn.points[0].x, drawn.points[-1].x
    side = max(0.5, (last - first) * 0.015)
    if drawn.log_scale:
        room = max((high / low) ** 0.05, 1.001)
        bottom, top = low / room, high * room
    else:
        room = (high - low) * 0.06 or abs(low) * 0.01 or 1.0
        bottom, top = low - room, high + room
    return labels.Paper(*_SIZE, first - side, last + side, bottom, top, drawn.log_scale)


def caption(log: Log, drawn: Curve) -> str:
    """What the numbers are worth, and what is not shown as it is."""
    return f"{certainty.in_short(log)}; {_drawn(drawn)}"


def _drawn(drawn: Curve) -> str:
    said = ["best so far as a line"] if drawn.steps else []
    said += ["baseline dashed"] if drawn.baselines else []
    if drawn.bars:
        least = min(bar.confidence for bar in drawn.bars if bar.confidence is not None)
        said.append(f"bars: what a keep's pairs speak for, at least {math.floor(least * 100)} % sure")
    if hidden := len(drawn.points) - len(distinct(drawn, _paper(drawn))):
        said.append(f"{hidden:,} discarded points that all but lie on others left out")
    if drawn.sentinels:
        said.append(f"{plural(drawn.sentinels, 'sentinel')} left out")
    if drawn.clipped:
        said.append(f"triangles at the edge: {len(drawn.clipped):,} of {len(drawn.points):,} points lie outside")
    return "; ".join(said) or "points as measured"


def _y_title(log: Log) -> str:
    return log.metric + (f" ({log.direction} is better)" if log.direction else "")


def _x_axis(paper: labels.Paper) -> dict[str, Any]:
    if paper.last - paper.first > 20:
        return {"format": "d"}
    # Left alone, a short axis gets ticks at halves.
    return {"format": "d", "values": list(range(math.ceil(paper.first), math.floor(paper.last) + 1))}


def _y_axis(paper: labels.Paper) -> dict[str, Any]:
    # The title lies flat above the axis: beside it, another font's wider numbers would run into it.
    axis: dict[str, Any] = {"titleAngle": 0, "titleAnchor": "end", "titleAlign": "left", "titleX": -30, "titleY": -14}
    if paper.log_scale:
        axis["values"] = _decades(paper)
    if max(abs(paper.low), abs(paper.high)) >= 1e5:
        axis["format"] = "~s"
    elif paper.log_scale:
        axis["format"] = ",~g"
    return axis


def _decades(paper: labels.Paper) -> list[float]:
    """1, 2, 5, 10, … within the range; over many decades the powers of ten alone."""
    lowest, highest = math.floor(math.log10(paper.low)), math.ceil(math.log10(paper.high))
    steps = (1, 2, 5) if highest - lowest <= 4 else (1,)
    marks = (step * 10.0**power for power in range(lowest, highest + 1) for step in steps)
    return [mark for mark in marks if paper.low <= mark <= paper.high]
