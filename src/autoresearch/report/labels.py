"""Where the names of kept changes stand in the picture without lying on anything."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from autoresearch.report.cells import shorten
from autoresearch.report.curve import Curve
from autoresearch.report.summary import Kept

MOST = 14
"""More names than this are a carpet."""
SIZE = 10.5
"""Pixels of the font."""
_LINE = 13.0
"""Pixels that a line is high."""
_LENGTH = 30
WIDEST = 210.0
"""Pixels that a name takes at most."""
_LEEWAY = 1.06
"""Fonts differ: a browser's may be so much wider than the one that pictures are drawn with."""
_WIDTHS = {
    **dict.fromkeys(" !',./:;I[]\\fijlt|", 0.28),
    **dict.fromkeys('-()r"{}`*^', 0.4),
    **dict.fromkeys("Jckszvxy", 0.5),
    **dict.fromkeys("ABCDEFGHKLNOPQRSTUVXYZw&+<>=~", 0.74),
    **dict.fromkeys("mMW@%", 0.95),
}
"""Of characters, as shares of the font's size, in the fonts that follow Helvetica."""
_MOST_COVERED, _WEIGHT = 3, 4
"""Marks under a label that are borne, and how many nearer places one of them is worth."""


@dataclass(frozen=True)
class Paper:
    """Data to pixels and back; y grows downwards in pixels."""

    width: float
    height: float
    first: float
    last: float
    low: float
    high: float
    log_scale: bool

    def x(self, n: float) -> float:
        """Pixels from the left."""
        return (n - self.first) / (self.last - self.first) * self.width

    def y(self, value: float) -> float:
        """Pixels from the top."""
        bottom, top = self._scaled(self.low), self._scaled(self.high)
        return (top - self._scaled(value)) / (top - bottom) * self.height

    def back(self, x: float, y: float) -> tuple[float, float]:
        """The data at a pixel."""
        bottom, top = self._scaled(self.low), self._scaled(self.high)
        scaled = top - y / self.height * (top - bottom)
        return self.first + x / self.width * (self.last - self.first), (math.exp(scaled) if self.log_scale else scaled)

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log_scale else value


@dataclass(frozen=True)
class Label:
    """A name in data coordinates: its end (`right`) or beginning (`left`), vertically in the middle."""

    n: float
    value: float
    text: str
    align: str


def place(kept: Iterable[Kept], drawn: Curve, paper: Paper) -> list[Label]:
    """Names of improving keeps, the largest changes first, each where it covers least or nowhere."""
    taken: list[tuple[float, float, float, float]] = []
    marks = _marks(drawn, paper)
    labels = []
    improving = [k for k in kept if k.change is not None and k.change > 0 and drawn.shows(k.row.value)]
    ranked = sorted((k for k in improving if k.row.description), key=_rank)
    for entry in ranked[:MOST]:
        assert entry.row.value is not None
        text = _fitting(entry.row.description)
        found = _spot(paper.x(drawn.x(entry.row)), paper.y(entry.row.value), _width(text), paper, marks, taken)
        if found is not None:
            box, align = found
            taken.append(box)
            n, value = paper.back(box[0] if align == "left" else box[2], (box[1] + box[3]) / 2)
            labels.append(Label(n, value, text, align))
    return labels


def _fitting(text: str) -> str:
    length = _LENGTH
    while _width(shorten(text, length)) > WIDEST:
        length -= 1
    return shorten(text, length)


def _width(text: str) -> float:
    """Pixels, rather too many than too few."""
    return sum(_share(letter) for letter in text) * SIZE * _LEEWAY


def _share(letter: str) -> float:
    if letter.isascii():
        return _WIDTHS.get(letter, 0.56)
    return 1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.0 if unicodedata.combining(letter) else 0.8


def _rank(entry: Kept) -> float:
    return -(entry.change if entry.change is not None else 0.0)


def _marks(drawn: Curve, paper: Paper) -> list[tuple[float, float]]:
    """Pixels where ink is: points, and the step lines every few pixels; near ones once."""
    cells: set[tuple[int, int]] = set()
    for point in drawn.points:
        cells.add((int(paper.x(point.x) / 4), int(paper.y(drawn.held(point.value)) / 4)))
    for first, last, value in drawn.baselines:
        left, right = int(paper.x(first) / 4), int(paper.x(last) / 4)
        cells.update((x, int(paper.y(value) / 4)) for x in range(left, right + 1, 6))
    for bar in (*drawn.bars, *([drawn.verified] if drawn.verified else [])):
        if bar.low is not None and bar.high is not None:
            top, bottom = int(paper.y(drawn.held(bar.high)) / 4), int(paper.y(drawn.held(bar.low)) / 4)
            cells.update((int(paper.x(bar.x) / 4), row) for row in range(top, bottom + 1, 2))
    for line in drawn.steps:
        for (n, y), (to, then) in pairwise(line):
            left, right = int(paper.x(n) / 4), int(paper.x(to) / 4)
            top, bottom = sorted((int(paper.y(y) / 4), int(paper.y(then) / 4)))
            cells.update((x, int(paper.y(y) / 4)) for x in range(left, right + 1, 2))
            cells.update((right, row) for row in range(top, bottom + 1, 2))
    return [(x * 4 + 2, y * 4 + 2) for x, y in cells]


def _spot(
    x: float,
    y: float,
    width: float,
    paper: Paper,
    marks: Sequence[tuple[float, float]],
    taken: Sequence[tuple[float, float, float, float]],
) -> tuple[tuple[float, float, float, float], str] | None:
    best: tuple[float, tuple[float, float, float, float], str] | None = None
    for rank, (dx, dy) in enumerate((a, b) for b in (12, -12, 25, -25) for a in (-7, 7)):
        left = x + dx if dx > 0 else x + dx - width
        box = (left, y + dy - _LINE / 2, left + width, y + dy + _LINE / 2)
        outside = box[0] < 0 or box[2] > paper.width or box[1] < 0 or box[3] > paper.height
        if outside or any(_overlap(box, other) for other in taken):
            continue
        covered = sum(box[0] - 3 < a < box[2] + 3 and box[1] - 2 < b < box[3] + 2 for a, b in marks)
        cost = covered * _WEIGHT + rank
        if best is None or cost < best[0]:
            best = cost, box, "left" if dx > 0 else "right"
    return None if best is None or best[0] > _MOST_COVERED * _WEIGHT else (best[1], best[2])


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] + 4 and b[0] < a[2] + 4 and a[1] < b[3] and b[1] < a[3]
