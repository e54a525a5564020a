"""What a report says to programs: the schema and the output, which cannot drift apart, and flat rows for trackers."""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from autoresearch.model import Cause, Label, Rung
from autoresearch.report.export import SCHEMA as VERSION
from autoresearch.report.export import to_json
from autoresearch.report.log import Standing
from autoresearch.report.read import read
from autoresearch.report.rows import OWN, flat, to_csv, to_jsonl
from autoresearch.report.summary import summarise
from report_files import HEADER, RESULTS, journal, real, story, tried, verification, written
from report_schema import DOCS, SCHEMA, objects, table
from test_report_evidence import BETTER, whole_night
from test_report_render import NIGHT, run
from test_report_trust import session, tampers

PAGE = (DOCS / "report.md").read_text()
VALIDATOR = Draft202012Validator(SCHEMA)


def jsonl(folder: Path) -> Path:
    """A pi-autoresearch log of two segments with different metrics."""
    lines: list[dict[str, Any]] = [
        {"type": "config", "name": "a", "metricName": "ops", "bestDirection": "higher"},
        {"run": 1, "metric": 10, "status": "keep", "description": "baseline", "metrics": {"p99": 3}},
        {"run": 2, "metric": 12, "status": "keep", "description": "=1+1", "metrics": {"p99": 2, "best": 7}},
        {"type": "config", "name": "b", "metricName": "ms", "bestDirection": "lower"},
        {"run": 3, "metric": 5.5, "status": "keep", "description": "baseline"},
        {"run": 4, "metric": 0, "status": "crash", "description": "boom"},
    ]
    return written(folder, "\n".join(map(json.dumps, lines)), "log.jsonl")


SOURCES: dict[str, Callable[[Path], Path]] = {
    "a whole night": whole_night,
    "labelled and tampered": lambda folder: session(folder, "in-process", "bubblewrap", "none"),
    "from before rules": journal,
    "begun": lambda folder: story(folder),
    "verified and moved on": lambda folder: story(
        folder, tried(1, 2.0, cause="baseline"), tried(2, 1.8, cause="better"), verification(2, BETTER), tampers(3, "a")
    ),
    "tsv": lambda folder: written(folder, NIGHT),
    "empty tsv": lambda folder: written(folder, HEADER),
    "jsonl": jsonl,
}


@pytest.mark.parametrize("name", SOURCES)
def test_the_output_is_what_the_schema_says(tmp_path: Path, name: str) -> None:
    log = read(SOURCES[name](tmp_path))
    VALIDATOR.validate(json.loads(to_json(log, summarise(log))))


def test_the_output_of_every_real_file_is_what_the_schema_says() -> None:
    real("INDEX.tsv")
    for path in sorted(RESULTS.glob("*__*")):
        log = read(path)
        VALIDATOR.validate(json.loads(to_json(log, summarise(log))))


def test_the_schema_knows_every_field_and_no_other() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    parts = list(objects(SCHEMA))
    assert len(parts) > 15
    for part in parts:
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])


def test_the_schema_has_the_codes_own_words() -> None:
    row, evidence, learnt = (SCHEMA["properties"][name] for name in ("rows", "evidence", "learnt"))
    fields = row["items"]["properties"]
    assert SCHEMA["properties"]["schema"]["const"] == VERSION
    assert fields["status"]["enum"] == list(get_args(Standing))
    assert fields["cause"]["enum"] == [*get_args(Cause), None]
    assert fields["rung"]["enum"] == [*get_args(Rung), None]
    assert evidence["properties"]["discards"]["propertyNames"]["enum"] == [*get_args(Cause), ""]
    assert learnt["properties"]["rungs"]["propertyNames"]["enum"] == list(get_args(Rung))
    assert SCHEMA["properties"]["metric"]["properties"]["label"]["enum"] == [*get_args(Label), None]


def test_the_page_has_the_schemas_fields() -> None:
    between = PAGE.split("| field | type | meaning |\n|---|---|---|\n")[1].split("\n<!-- end")[0]
    assert between.splitlines() == list(table())


# Flat rows


def flat_rows(path: Path) -> list[dict[str, Any]]:
    """A file's rows."""
    return list(flat(read(path)))


def test_a_row_has_the_metric_under_its_own_name_and_the_best_so_far(tmp_path: Path) -> None:
    rows = flat_rows(written(tmp_path, NIGHT))
    assert [(row["step"], row["val_bpb"], row["best"], row["status"], row["is_keep"]) for row in rows] == [
        (1, 1.9979, 1.9979, "baseline", 0),
        (2, 1.8123, 1.8123, "keep", 1),
        (3, 1.9, 1.8123, "discard", 0),
        (4, None, 1.8123, "crash", 0),
    ]
    assert [row["change"] for row in rows] == [
        None,
        pytest.approx(0.0929, abs=1e-4),
        pytest.approx(-0.0484, abs=1e-4),
        None,
    ]
    assert [row["memory_gb"] for row in rows] == [3.3, 3.4, 3.4, 0.0]


def test_segments_have_their_own_metrics_and_bests_and_names_that_are_taken_get_a_prefix(tmp_path: Path) -> None:
    rows = flat_rows(jsonl(tmp_path))
    assert [(row["segment"], row["ops"], row["ms"], row["best"]) for row in rows] == [
        (0, 10.0, None, 10.0),
        (0, 12.0, None, 12.0),
        (1, None, 5.5, 5.5),
        (1, None, None, 5.5),
    ]
    assert (rows[1]["p99"], rows[1]["column_best"], rows[2]["p99"]) == (2.0, 7.0, None)
    assert len({tuple(row) for row in rows}) == 1


def test_a_journals_rows_say_what_they_cost_and_who_proposed(tmp_path: Path) -> None:
    rows = flat_rows(whole_night(tmp_path))
    assert [row["status"] for row in rows][4] == "sentinel"
    assert {row["by"] for row in rows if row["status"] == "keep"} == {"m"}
    assert all(isinstance(row["duration_s"], float) and row["cost_usd"] == 0 for row in rows)
    assert rows[1]["change"] == pytest.approx(0.05, abs=0.06)


def test_csv_has_empty_cells_and_no_formula(tmp_path: Path) -> None:
    found = list(csv.DictReader(to_csv(read(jsonl(tmp_path))).splitlines()))
    assert [row["ms"] for row in found] == ["", "", "5.5", ""]
    assert found[1]["description"] == "'=1+1"


def test_no_row_of_a_real_file_has_a_number_that_is_none() -> None:
    real("INDEX.tsv")
    for path in sorted(RESULTS.glob("*__*")):
        log = read(path)
        for line in to_jsonl(log).splitlines():
            row = json.loads(line, parse_constant=lambda name: pytest.fail(name))
            assert all(math.isfinite(cell) for cell in row.values() if isinstance(cell, float))
        assert len(list(csv.DictReader(to_csv(log).splitlines()))) == len(log.rows)


def test_the_documented_columns_are_the_real_ones(tmp_path: Path) -> None:
    documented = {
        name
        for line in re.findall(r"^\| (`.*?) \|", PAGE.split("## Rows")[1].split("## `--format")[0], re.M)
        for name in re.findall(r"`(\w+)`", line)
    }
    assert documented == set(OWN)
    (first, *_) = flat_rows(written(tmp_path, NIGHT))
    assert set(first) - set(OWN) == {"val_bpb", "memory_gb"}


# The command


@pytest.mark.slow
def test_the_files_name_says_what_to_write_and_two_kinds_at_once_are_refused(tmp_path: Path) -> None:
    written(tmp_path, NIGHT)
    for name, start in [
        ("rows.csv", "step,val_bpb,"),
        ("rows.jsonl", '{"step": 1'),
        ("a.json", "{\n"),
        ("a.txt", "val_bpb 1.9979"),
    ]:
        assert run("-o", name, cwd=tmp_path).returncode == 0
        assert (tmp_path / name).read_text().startswith(start)
    both = run("--export", "csv", "--format", "json", cwd=tmp_path)
    assert (both.returncode, both.stdout) == (2, "")
    assert (
        "--format json writes a report and --export csv a row an experiment. Give one of them at a time." in both.stderr
    )
    assert run("--export", "jsonl", cwd=tmp_path).stdout == (tmp_path / "rows.jsonl").read_text()


# The snippets of the page, as they stand there

STAND_IN = """\
import json
SEEN = []
def _log(row, step):
    assert all(isinstance(cell, (int, float, str)) for cell in row.values()), row
    SEEN.append((step, row))
def log(row, step): _log(row, step)
def log_metrics(row, step):
    assert all(isinstance(cell, (int, float)) for cell in row.values()), row
    _log(row, step)
class Run:
    def __enter__(self): return self
    def __exit__(self, *_): finish()
    def log(self, row, step): _log(row, step)
def init(project, name): return Run()
def start_run(run_name): return Run()
def finish(): print(json.dumps(SEEN))
"""
SNIPPETS = {re.search(r"import json, (\w+)", text)[1]: text for text in re.findall(r"```python\n(.*?)```", PAGE, re.S)}  # type: ignore[index]


def test_there_is_a_snippet_for_each_of_them() -> None:
    assert SNIPPETS.keys() == {"trackio", "wandb", "mlflow"}


@pytest.mark.parametrize("module", SNIPPETS)
def test_a_snippet_of_the_page_logs_every_row(tmp_path: Path, module: str) -> None:
    (tmp_path / "rows.jsonl").write_text(to_jsonl(read(whole_night(tmp_path))))
    installed = importlib.util.find_spec(module) is not None
    if not installed:
        (tmp_path / f"{module}.py").write_text(STAND_IN)
    env = {**os.environ, "WANDB_MODE": "offline", "TRACKIO_DIR": str(tmp_path), "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", SNIPPETS[module]], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    if not installed:
        seen = json.loads(done.stdout)
        assert [step for step, _ in seen] == list(range(1, 13))
        assert (seen[0][1]["val_bpb"], seen[0][1]["best"], seen[1][1]["is_keep"]) == (2.0, 2.0, 1)
