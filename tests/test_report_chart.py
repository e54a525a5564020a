"""The picture: names that do not lie on each other, bars where there were pairs, and very many points."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import vl_convert

from autoresearch.decide.interval import interval
from autoresearch.model import Direction
from autoresearch.report import chart, labels
from autoresearch.report.bars import over
from autoresearch.report.curve import curve
from autoresearch.report.log import Log
from autoresearch.report.read import read
from autoresearch.report.summary import Summary, summarise
from report_files import HEADER, RESULTS, story, tried, verification, written

EDITS = (
    "WARMUP 10% -> 20% AND WEIGHT DECAY MMMM",
    "halve the batch",
    "学習率を半分にして、ウォームアップを長くする",
    "AdamW betas 0.9 0.95",
    "ililililililililililililililililil",
    "remove the logit cap, then tune again",
    "@@@@ %%%% WWWW",
)


class Box(NamedTuple):
    """A text in pixels from the top left corner of the picture."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


def opened(path: Path) -> tuple[Log, Summary]:
    log = read(path)
    return log, summarise(log)


def night(folder: Path, seed: int) -> Path:
    """A hundred experiments of which some forty are kept, each a little better."""
    chance, best = random.Random(seed), 2.0
    rows = [f"{HEADER}aaaaaa1\t2.0\t1\tkeep\tbaseline\n"]
    for n in range(2, 102):
        kept = chance.random() < 0.4
        best = best * (1 - chance.random() ** 3 / 20) if kept else best
        value = best if kept else best * (1 + chance.expovariate(30))
        rows.append(f"{n:07x}\t{value:.6f}\t1\t{'keep' if kept else 'discard'}\t{n} {chance.choice(EDITS)}\n")
    return written(folder, "".join(rows))


def marks(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All marks of a drawn picture."""
    yield node
    for item in node.get("items", []):
        yield from marks(item)


def texts(scene: dict[str, Any], widths: dict[str, float]) -> list[Box]:
    """The names of keeps as they are drawn."""
    left, top = scene["origin"]
    named = [mark for mark in marks(scene["scenegraph"]) if mark.get("marktype") == "text" and mark["role"] == "mark"]
    found = []
    for item in (item for mark in named for item in mark["items"]):
        x = left + item["x"] - (widths[item["text"]] if item["align"] == "right" else 0)
        y = top + item["y"] - item["fontSize"] / 2
        found.append(Box(item["text"], x, y, x + widths[item["text"]], y + item["fontSize"]))
    return found


def measured(spec: dict[str, Any]) -> dict[str, float]:
    """How wide the drawing library really draws each name: so much room it makes for it in a legend of its own."""
    written = [value["text"] for layer in spec["layer"] for value in layer["data"]["values"] if "text" in value]
    font = {"labelFont": spec["config"]["font"], "labelFontSize": labels.SIZE, "labelLimit": 0}
    alone = {
        "scales": [{"name": text, "type": "ordinal", "domain": [text], "range": ["red"]} for text in written],
        "legends": [{"fill": text, "symbolType": "circle", **font} for text in written],
    }
    scene = vl_convert.vega_to_scenegraph(alone)["scenegraph"]
    found: dict[str, float] = {}
    for entry in (item for mark in marks(scene) if mark.get("role") == "scope" for item in mark["items"]):
        said = [item["text"] for mark in marks(entry) if mark.get("role") == "legend-label" for item in mark["items"]]
        found |= {said[0]: entry["width"] - 16} if said else {}
    assert set(found) == set(written)
    return found


@pytest.fixture
def picture(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The spec of a night or a real file, and the scene that is drawn from it."""
    known = request.param
    if isinstance(known, str) and not (RESULTS / known).exists():
        pytest.skip(f"{RESULTS} is not there: the real results files are not part of this project")
    log, summary = opened(RESULTS / known if isinstance(known, str) else night(tmp_path, known))
    assert sum(row.status == "keep" for row in log.rows) >= (10 if isinstance(known, str) else 30)
    spec = chart.spec(log, summary)
    assert spec is not None
    return spec, vl_convert.vegalite_to_scenegraph(spec)


DRAWN = [1, 2, 3, "christopherkarani__Espresso__2.tsv", "TheGreenCedar__codex-autoresearch__1.jsonl"]


@pytest.mark.parametrize("picture", DRAWN, indirect=True)
def test_no_name_lies_on_another_or_outside_of_the_picture(picture: tuple[dict[str, Any], dict[str, Any]]) -> None:
    spec, scene = picture
    found = texts(scene, measured(spec))
    assert len(found) >= 5
    assert [(a.text, b.text) for a, b in combinations(found, 2) if a.meets(b)] == []
    outside = [
        box
        for box in found
        if box.left < 0 or box.top < 0 or box.right > scene["width"] or box.bottom > scene["height"]
    ]
    assert outside == []
    legend = [mark for mark in marks(scene["scenegraph"]) if mark.get("role") == "legend-label"]
    assert {"kept", "baseline"} <= {item["text"] for mark in legend for item in mark["items"]}


# Bars

PAIRS = [(2.0, 1.9), (2.0, 1.8), (2.0, 1.85), (2.0, 1.7), (2.0, 1.6)]


def layers(spec: dict[str, Any], mark: str) -> list[list[dict[str, Any]]]:
    """The data of each layer of that mark."""
    return [layer["data"]["values"] for layer in spec["layer"] if layer["mark"]["type"] == mark]


def session(folder: Path) -> tuple[Log, Summary]:
    """A keep after five pairs, one after four, one that was verified, and a discard after seven."""
    return opened(
        story(
            folder,
            tried(1, 2.0, cause="baseline"),
            tried(2, 1.82, cause="better", pairs=PAIRS, description="halve the batch"),
            tried(3, 1.7, cause="better", pairs=PAIRS[:4]),
            tried(4, 1.69, cause="rematch", pairs=[*PAIRS, (2.0, 2.1), (2.0, 2.2)]),
            tried(5, 1.6, cause="better", pairs=[(1.7, 1.6)] * 4 + [(1.7, 1.5), (1.7, 1.61), (1.7, 1.62), (1.7, 1.65)]),
            verification(5, [(2.0, 1.5), (2.0, 1.6), (2.0, 1.45), (2.0, 1.6), (2.0, 1.6), (2.0, 1.8)]),
        )
    )


def test_a_keep_has_a_bar_where_it_was_measured_in_pairs(tmp_path: Path) -> None:
    log, summary = session(tmp_path)
    # The median gain of the five is 10 %, their range 5 to 20 %; the bar lies around the value that was recorded.
    kept = log.rows[1]
    assert (kept.low, kept.high) == pytest.approx((1.82 * 0.8 / 0.9, 1.82 * 0.95 / 0.9))
    assert kept.confidence == 0.9375
    assert (log.rows[2].low, log.rows[2].confidence) == (None, None)
    spec = chart.spec(log, summary)
    assert spec is not None
    baselines, bars, verified = layers(spec, "rule")
    assert [bar["n"] for bar in bars] == [2, 5]
    assert baselines[0]["y"] == 2.0
    assert bars[0]["y"] == pytest.approx(1.82 * 0.8 / 0.9)
    assert [(bar["n"], bar["y"], bar["to"]) for bar in verified] == [(5, pytest.approx(1.45), 1.8)]
    assert [len(ticks) for ticks in layers(spec, "tick")] == [4, 2]
    assert "bars: what a keep's pairs speak for, at least 93 % sure" in spec["title"]["subtitle"][1]


def test_the_verified_head_is_marked_where_it_was_measured_again(tmp_path: Path) -> None:
    spec = chart.spec(*session(tmp_path))
    assert spec is not None
    diamond = layers(spec, "point")[0][-1]
    assert (diamond["n"], diamond["shape"], diamond["kind"]) == (5, "diamond", "verified")
    assert diamond["y"] == pytest.approx(1.6)
    assert diamond["interval"] == "1.45 to 1.80"


def test_every_point_says_what_it_is(tmp_path: Path) -> None:
    spec = chart.spec(*session(tmp_path))
    assert spec is not None
    point = next(point for point in layers(spec, "point")[0] if point["n"] == 2)
    said = {each["field"]: point[each["field"]] for each in spec["layer"][-3]["encoding"]["tooltip"]}
    assert said == {
        "experiment": "2",
        "value": "1.82",
        "status": "keep",
        "change": "-10.0 %",
        "interval": "1.6178 to 1.9211",
        "edit": "halve the batch",
    }


@pytest.mark.parametrize("direction", Direction)
def test_a_verified_gain_is_laid_over_the_baseline(direction: Direction) -> None:
    better = -1 if direction is Direction.LOWER else 1
    pairs = [(2.0, 2.0 + better * 0.2)] * 5 + [(2.0, 2.0 + better * 0.1)]
    value, ends = over(2.0, interval(pairs, direction), direction)
    assert value == pytest.approx(2.0 + better * 0.2)
    assert ends is not None
    assert sorted([ends.low, ends.high]) == pytest.approx(sorted([2.0 + better * 0.1, 2.0 + better * 0.2]))
    below = interval([(-2.0, -2.0 + better * 0.2)] * 6, direction)
    assert over(-2.0, below, direction)[0] == pytest.approx(-2.0 + better * 0.2)


# Very many points


def test_of_very_many_points_only_discarded_ones_that_lie_on_others_are_left_out(tmp_path: Path) -> None:
    chance = random.Random(1)
    rows = [f"{HEADER}aaaaaa1\t2.0\t1\tkeep\tbaseline\n"]
    for n in range(2, 6001):
        status = chance.choices(["discard", "keep", "crash"], [90, 5, 5])[0]
        value = 2 - n / 10_000 if status == "keep" else 2.1 - n / 20_000 + chance.gauss(0, 0.01)
        rows.append(f"{n:07x}\t{value:.6f}\t1\t{status}\tx\n")
    log, summary = opened(written(tmp_path, "".join(rows)))
    drawn, spec = curve(log), chart.spec(log, summary)
    assert drawn is not None
    assert spec is not None
    shown = {point["n"] for point in layers(spec, "point")[0]}
    hidden = [row for row in drawn.points if row.n not in shown]
    assert {row.status for row in hidden} == {"discard"}
    assert len(hidden) > 1000
    assert f"{len(hidden):,} discarded points that all but lie on others left out" in chart.caption(log, drawn)
    extremes = [pick(drawn.points, key=lambda row: row.value or 0).n for pick in (min, max)]
    assert shown.issuperset(extremes)
    places = {(point["n"], point["y"]) for point in layers(spec, "point")[0] if point["kind"] == "discarded"}
    width, height = 6000 / 860 * 6, (drawn.high - drawn.low) / 420 * 6
    for row in hidden[::50]:
        assert any(abs(row.n - n) < width and abs((row.value or 0) - y) < height for n, y in places)
