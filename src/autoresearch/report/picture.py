"""The picture in a page: SVG with a link from each point to its experiment, which a script makes interactive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from html import escape
from typing import Any

from autoresearch.report import chart
from autoresearch.report.curve import curve
from autoresearch.report.layers import Palette
from autoresearch.report.log import Log
from autoresearch.report.summary import Summary

PALETTE = Palette(
    paper="var(--paper)",
    ink="var(--ink)",
    quiet="var(--quiet)",
    grid="var(--grid)",
    kept="var(--kept)",
    discarded="var(--discarded)",
    crashed="var(--crashed)",
    other="var(--other)",
)
_SLIM = (400, 340)
_SLIM_POINTS = 2000
"""With more of them a second picture, for phones, would be too heavy for phones."""
_LONG = re.compile(r"(\d\.\d{2})\d+")
_LINK = re.compile(r'xlink:href="[^"#]*(#experiment-\d+)"')
_SAME = re.compile(r' stroke-width="2" opacity="1"/>')


def figure(log: Log, summary: Summary, title: str) -> Iterator[str]:
    """The picture, for a phone too, with its caption; nothing where there is nothing to draw. `title` is escaped."""
    drawn, spec = curve(log), chart.spec(log, summary, PALETTE)
    if drawn is None or spec is None:
        return
    del spec["title"]
    yield "<figure>"
    if len(drawn.points) <= _SLIM_POINTS:
        yield _drawing(_slim(spec), "slim", title)
    yield _drawing(spec, "broad", title)
    yield f"<figcaption class=why>{escape(chart.caption(log, drawn))}</figcaption></figure>"


def _slim(spec: dict[str, Any]) -> dict[str, Any]:
    """The same for a narrow screen: letters of a size that can be read, and no names, for which there is no room."""
    slim = deepcopy(spec)
    slim["width"], slim["height"] = _SLIM
    slim["padding"] = 4
    slim["layer"] = [layer for layer in slim["layer"] if layer["mark"]["type"] != "text"]
    slim["encoding"]["x"]["axis"].pop("values", None)
    slim["encoding"]["x"]["axis"] |= {"tickCount": 5, "tickMinStep": 1}
    return slim


def _drawing(spec: dict[str, Any], kind: str, title: str) -> str:
    import vl_convert

    for layer in spec["layer"]:
        values = layer["data"]["values"]
        if values and "row" in values[0]:
            values[:] = [{**value, "href": f"#experiment-{value['row']}"} for value in values]
            # What tooltips would say, the table says; as text in every point it would be most of the page.
            layer["encoding"].pop("tooltip", None)
            layer["encoding"]["href"] = {"field": "href"}
    svg: str = vl_convert.vegalite_to_svg(spec, show_warnings=False)
    svg = _SAME.sub("/>", _LONG.sub(r"\1", _LINK.sub(r'href="\1"', svg)))
    (x0, x1), y = spec["encoding"]["x"]["scale"]["domain"], spec["encoding"]["y"]["scale"]
    y0, y1 = y["domain"]
    held = {"w": spec["width"], "h": spec["height"], "x0": x0, "x1": x1, "y0": y0, "y1": y1, "scale": y["type"]}
    data = " ".join(f'data-{name}="{value}"' for name, value in held.items())
    return f'<div class="{kind} wide"><div class="chart" role="img" aria-label="{title}" {data}>{svg}</div></div>'
