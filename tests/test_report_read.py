"""Any results file or journal is read as a careful human reads it, and nothing in it is dropped in silence."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autoresearch.errors import AutoresearchError, RepositoryError, SettingsError
from autoresearch.model import Direction
from autoresearch.report.cells import missing, number
from autoresearch.report.direction import from_name
from autoresearch.report.log import Log, Row, Standing
from autoresearch.report.read import read
from autoresearch.report.status import standing
from autoresearch.report.summary import summarise
from autoresearch.report.table import is_comment, split
from expected_results import EXPECTED, Expected
from report_files import BASELINE, HEADER, RESULTS, journal, real, written


def log_of(folder: Path, text: str | bytes, name: str = "results.tsv") -> Log:
    """What the file says without any flag."""
    return read(written(folder, text, name))


def standings(log: Log) -> list[Standing]:
    """The status of each row."""
    return [row.status for row in log.rows]


# Real files


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected.file)
def test_reads_a_real_file_as_a_careful_human_does(expected: Expected) -> None:
    log = read(real(expected.file))
    last = summarise(log).last
    assert last is not None
    assert last.best is not None
    found = Expected(
        file=expected.file,
        metric=log.metric,
        direction=log.direction or Direction.LOWER,
        rows=len(log.rows),
        keeps=standings(log).count("keep"),
        best=last.best.value or 0.0,
        segments=len(log.segments),
        unparsed=tuple(int(n) for n in re.findall(r"unparsed line (\d+):", "\n".join(log.warnings))),
        doubts=expected.doubts,
    )
    assert found == expected
    said = "\n".join(summarise(log).warnings)
    assert [doubt for doubt in expected.doubts if doubt not in said] == []
    assert bool(said) == bool(expected.doubts or expected.unparsed), (
        "a plain file needs no warning, and another has one"
    )


def test_every_real_file_has_an_expectation() -> None:
    if not RESULTS.exists():
        pytest.skip(f"{RESULTS} is not there: the real results files are not part of this project")
    there = {path.name for path in RESULTS.iterdir()} - {"INDEX.tsv"}
    assert there == {expected.file for expected in EXPECTED}


# Lines and cells


def test_reads_the_classic_five_columns(tmp_path: Path) -> None:
    log = log_of(tmp_path, f"{HEADER}{BASELINE}bbbbbb2\t1.9\t3.4\tkeep\tsmaller batch\n")
    row = log.rows[1]
    assert (row.n, row.line, row.commit, row.value, row.status) == (2, 3, "bbbbbb2", 1.9, "keep")
    assert (row.description, row.extra, row.label) == ("smaller batch", {"memory_gb": "3.4"}, "2")
    assert log.warnings == ()


def test_reads_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    log = log_of(tmp_path, b"\xef\xbb\xbf" + (HEADER + BASELINE).replace("\n", "\r\n").encode())
    assert log.columns[0] == "commit"
    assert log.rows[0].description == "baseline"


def test_splits_lines_at_line_ends_alone(tmp_path: Path) -> None:
    log = log_of(tmp_path, f"{HEADER}{BASELINE}bbbbbb2\t1.9\t3.4\tkeep\tone\u2028two\x0bthree\x85four\n")
    assert len(log.rows) == 2
    assert log.rows[1].description == "one two three four"


def test_reads_rows_with_literal_backslash_t(tmp_path: Path) -> None:
    log = log_of(tmp_path, HEADER + BASELINE + r"bbbbbb2\t1.9\t3.4\tkeep\tsmaller batch" + "\n")
    assert log.rows[1].value == 1.9


def test_quotes_neither_join_lines_nor_hide_tabs(tmp_path: Path) -> None:
    log = log_of(tmp_path, f'{HEADER}{BASELINE}bbbbbb2\t1.9\t3.4\tkeep\t"say ""hi"" twice"\nc\t1\t1\tdiscard\t"open\n')
    assert [row.description for row in log.rows[1:]] == ['say "hi" twice', '"open']


def test_names_prose_between_rows(tmp_path: Path) -> None:
    log = log_of(tmp_path, f"{HEADER}{BASELINE}\nThis went well.\nbbbbbb2\t1.9\t3.4\tkeep\tx\n")
    assert "unparsed line 4: This went well." in log.warnings
    assert len(log.rows) == 2


def test_keeps_cells_that_no_column_names(tmp_path: Path) -> None:
    log = log_of(tmp_path, f"{HEADER}{BASELINE}bbbbbb2\t1.9\t3.4\tkeep\tx\tmore\teven more\n")
    assert log.rows[1].extra == {"memory_gb": "3.4", "column 6": "more", "column 7": "even more"}


def test_finds_the_verdict_of_a_row_with_a_column_too_many(tmp_path: Path) -> None:
    log = log_of(tmp_path, f"{HEADER}{BASELINE}bbbbbb2\t1.9\t3.4\t17\tdiscard\tdeeper\nbbbbbb3\t1.8\tkeep\twider\n")
    assert [(row.status, row.description) for row in log.rows[1:]] == [("discard", "deeper"), ("keep", "wider")]


def test_reads_rows_below_a_second_header_by_it(tmp_path: Path) -> None:
    more = "commit\tstatus\tval_bpb\tdescription\nbbbbbb2\tkeep\t1.9\tx\n"
    log = log_of(tmp_path, HEADER + BASELINE + more)
    assert log.rows[1].value == 1.9
    assert any(warning.startswith("line 3 is a header again") for warning in log.warnings)


def test_reads_a_table_without_a_header(tmp_path: Path) -> None:
    rows = "aaaaaa1\t2.0\t3.3\tkeep\tbaseline\nbbbbbb2\t1.9\t3.4\tdiscard\tdeeper\nccccc33\t1.8\t3.4\tkeep\twider net\n"
    log = log_of(tmp_path, rows)
    assert [row.value for row in log.rows] == [2.0, 1.9, 1.8]
    assert standings(log) == ["baseline", "discard", "keep"]
    assert log.rows[2].commit == "ccccc33"
    assert log.rows[2].description == "wider net"
    assert "no header line" in log.warnings[-1]


def test_reads_a_header_behind_a_hash(tmp_path: Path) -> None:
    assert log_of(tmp_path, "# " + HEADER + BASELINE).rows[0].value == 2.0


def test_says_when_a_commit_was_kept_and_discarded(tmp_path: Path) -> None:
    log = log_of(tmp_path, f"{HEADER}{BASELINE}bbbbbb2\t1.9\t1\tkeep\tscreened\nbbbbbb2\t2.1\t1\tdiscard\tconfirmed\n")
    assert standings(log) == ["baseline", "keep", "discard"]
    assert any("bbbbbb2 (line 4: discard)" in warning for warning in log.warnings)


def test_shows_no_control_character_of_a_file(tmp_path: Path) -> None:
    log = log_of(tmp_path, f"{HEADER}{BASELINE}bbbbbb2\t1.9\t3.4\tkeep\t\x1b[31mred\u202eder\x07\n")
    assert log.rows[1].description == "\ufffd[31mred\ufffdder\ufffd"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0.9", 0.9),
        ("-1e-3", -0.001),
        (".5", 0.5),
        ("68.6%", 68.6),
        ("5.07x", 5.07),
        ("12 ms", 12.0),
        ("1,234,567", 1234567.0),
        ("~970K agg_tps@2x16384", 970000.0),
        ("1223.2 agg_tps@6streams", 1223.2),
        ("512KB", 512.0),
        ("1.5 ± 0.1", 1.5),
        ("223/90*", None),
        ("1.892-1.976", None),
        ("0,512", None),
        ("2026-03-12", None),
        ("hang", None),
        ("NaN", None),
        ("1e999", None),
        ("7340607a044f", None),
        ("", None),
    ],
)
def test_reads_a_number_only_where_there_is_one(cell: str, value: float | None) -> None:
    reading = number(cell)
    assert (reading.value if reading else None) == value


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("KEEP", "keep"),
        ("True", "keep"),
        ("yes", "keep"),
        ("**keep**", "keep"),
        ("KEEP (confirmed twice)", "keep"),
        ("keep-opt-in", "other"),
        ("keep, then reverted", "other"),
        ("no-op", "other"),
        ("not kept", "discard"),
        ("False", "discard"),
        ("REVERT: slower", "discard"),
        ("checks_failed", "discard"),
        ("timed out", "crash"),
        ("killed", "crash"),
        ("BASELINE_RESET", "baseline"),
        ("skip", "other"),
        ("ok", "other"),
        ("PASS", "other"),
        ("STALE", "other"),
        ("", "other"),
    ],
)
def test_takes_no_uncertain_status_for_a_keep(raw: str, expected: Standing) -> None:
    assert standing(raw) == expected


# Metric and direction


def test_takes_the_flag_before_the_comment_before_the_name(tmp_path: Path) -> None:
    path = written(tmp_path, f"# metric_direction: higher_is_better\n{HEADER}{BASELINE}")
    assert read(path).direction is Direction.HIGHER
    assert any("says the opposite" in warning for warning in read(path).warnings)
    assert read(path, direction=Direction.LOWER).direction is Direction.LOWER
    assert log_of(tmp_path, HEADER + BASELINE).direction is Direction.LOWER


def test_reads_the_direction_from_keeps_and_discards_when_nothing_names_it(tmp_path: Path) -> None:
    rows = "a\t10\tkeep\tbaseline\nb\t12\tkeep\tx\nc\t11\tdiscard\ty\nd\t15\tkeep\tz\n"
    assert log_of(tmp_path, "commit\tmetric\tstatus\tdescription\n" + rows).direction is Direction.HIGHER


def test_says_when_nothing_tells_the_direction(tmp_path: Path) -> None:
    log = log_of(tmp_path, "commit\tmetric\tstatus\tdescription\na\t10\tkeep\tbaseline\nb\t12\tkeep\tx\n")
    assert log.direction is None
    assert any("give --direction" in warning for warning in log.warnings)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("val_bpb", Direction.LOWER),
        ("ttftMs", Direction.LOWER),
        ("eff_ops_sec", Direction.HIGHER),
        ("tok/s", Direction.HIGHER),
        ("generations_per_s", Direction.HIGHER),
        ("val_acc", Direction.HIGHER),
        ("primary_metric", None),
    ],
)
def test_reads_the_direction_from_a_name(name: str, expected: Direction | None) -> None:
    assert from_name(name) is expected


def test_another_column_can_be_the_metric(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + BASELINE)
    assert read(path, metric="memory_gb").rows[0].value == 3.3
    with pytest.raises(SettingsError, match=r"no column ppl\. Its columns are: commit, val_bpb"):
        read(path, metric="ppl")


def test_a_comment_can_name_the_metric(tmp_path: Path) -> None:
    assert log_of(tmp_path, f"# metric: memory_gb\n{HEADER}{BASELINE}").metric == "memory_gb"


# Zeros and resets


def test_zero_is_missing_on_rows_that_were_not_measured(tmp_path: Path) -> None:
    rows = "b\t0.000000\t0.0\tcrash\tx\nc\t0\t0\tdiscard\ty\nd\t0\t0\tskip\tz\n"
    log = log_of(tmp_path, HEADER + BASELINE + rows)
    assert [row.value for row in log.rows] == [2.0, None, None, None]
    assert [row.raw_value for row in log.rows[1:]] == ["0.000000", "0", "0"]


def test_zero_is_real_where_a_keep_is_zero(tmp_path: Path) -> None:
    log = log_of(tmp_path, f"{HEADER}{BASELINE}b\t0\t0\tkeep\tx\nc\t0\t0\tdiscard\ty\nd\t0\t0\tcrash\tz\n")
    assert [row.value for row in log.rows] == [2.0, 0.0, 0.0, None]


@pytest.mark.parametrize(
    "reset",
    [
        "ccccc33\t3.0\t1\tbaseline\tother machine\n",
        "ccccc33\t3.0\t1\tkeep\tM4 baseline with OOM fix\n",
        "ccccc33\t3.0\t1\tkeep\tbaseline: new data\n",
        "# BASELINE_RESET\nccccc33\t3.0\t1\tkeep\tother machine\n",
        "--- v2 boundary ---\nccccc33\t3.0\t1\tkeep\tother machine\n",
    ],
)
def test_a_new_baseline_begins_a_new_segment(tmp_path: Path, reset: str) -> None:
    log = log_of(tmp_path, f"{HEADER}{BASELINE}bbbbbb2\t1.9\t1\tkeep\tx\n{reset}ddddd44\t2.5\t1\tkeep\ty\n")
    assert [row.segment for row in log.rows] == [0, 0, 1, 1]
    assert standings(log) == ["baseline", "keep", "baseline", "keep"]


@pytest.mark.parametrize(
    "said", ["WORSE than baseline", "beats the old baseline", "+3 % over baseline", "baseline + dropout"]
)
def test_speaking_of_the_baseline_is_no_reset(tmp_path: Path, said: str) -> None:
    log = log_of(tmp_path, f"{HEADER}{BASELINE}bbbbbb2\t1.9\t1\tkeep\tx\nc\t1.8\t1\tkeep\t{said}\nd\t1.7\t1\tkeep\ty\n")
    assert standings(log) == ["baseline", "keep", "keep", "keep"]


def test_says_which_row_it_takes_for_the_baseline(tmp_path: Path) -> None:
    log = log_of(tmp_path, f"{HEADER}bbbbbb2\t1.9\t1\tkeep\tx\nbbbbbb3\t1.8\t1\tkeep\ty\n")
    assert standings(log) == ["baseline", "keep"]
    assert "no row calls itself the baseline: the first one (line 2) is taken for it" in log.warnings


def test_a_table_without_statuses_has_no_keeps(tmp_path: Path) -> None:
    log = log_of(tmp_path, "iteration\tval_bpb\tnotes\n0\t2.0\tstart\n1\t1.5\tx\n")
    assert standings(log) == ["baseline", "other"]
    assert any("no status column" in warning for warning in log.warnings)


# Other kinds of file

PI = (
    '{"type":"config","name":"faster","metricName":"ms","bestDirection":"lower"}\n'
    '{"run":1,"commit":"abcdef1","metric":10,"metrics":{"mb":3},"status":"keep","description":"start","timestamp":1000}\n'
    '{"run":2,"commit":"abcdef2","metric":0,"status":"crash","description":"oops","timestamp":61000}\n'
)


def test_reads_a_pi_log(tmp_path: Path) -> None:
    log = log_of(tmp_path, PI + "half a line {\n", "autoresearch.jsonl")
    assert (log.title, log.metric, log.direction) == ("faster", "ms", Direction.LOWER)
    assert [(row.label, row.value, row.status) for row in log.rows] == [("1", 10.0, "baseline"), ("2", None, "crash")]
    assert log.rows[0].extra == {"mb": "3", "timestamp": "1000"}
    assert log.spent.elapsed_s == 60.0
    assert log.warnings == ("unparsed line 4: half a line {",)


def test_a_second_config_begins_a_segment_with_its_own_metric(tmp_path: Path) -> None:
    more = '{"type":"config","metricName":"ops_sec"}\n{"run":3,"metric":5,"status":"keep"}\n'
    log = log_of(tmp_path, PI + more, "autoresearch.jsonl")
    assert [(segment.metric, segment.direction) for segment in log.segments] == [
        ("ms", Direction.LOWER),
        ("ops_sec", Direction.HIGHER),
    ]
    assert standings(log) == ["baseline", "crash", "baseline"]


def test_a_number_too_large_for_a_float_is_not_measured(tmp_path: Path) -> None:
    log = log_of(tmp_path, PI + f'{{"run":3,"metric":1{"0" * 400},"status":"keep"}}\n', "autoresearch.jsonl")
    assert log.rows[2].value is None


def test_another_metric_of_a_pi_log_can_be_read(tmp_path: Path) -> None:
    path = written(tmp_path, PI, "autoresearch.jsonl")
    assert read(path, metric="mb").rows[0].value == 3.0
    with pytest.raises(SettingsError, match=r"no metric kb\. The file has: ms, mb"):
        read(path, metric="kb")


def test_reads_a_journal(tmp_path: Path) -> None:
    log = read(journal(tmp_path))
    assert (log.title, log.metric, log.direction) == ("autoresearch/mar5", "val_bpb", Direction.LOWER)
    assert standings(log) == ["baseline", "keep", "crash"]
    kept, crashed = log.rows[1:]
    assert (kept.value, kept.cost_usd, kept.extra, kept.category) == (1.5, 1.0, {"mb": "3"}, "speed")
    assert kept.description == "smaller \ufffd[1mbatch"
    assert (crashed.value, crashed.reason) == (None, "exit code 1")
    assert log.session is not None
    assert (log.session.tag, log.session.in_progress, log.session.closed) == ("mar5", 4, None)
    assert (log.spent.cost_usd, log.spent.tokens) == (1.0, 15)


def test_reads_a_journal_with_a_torn_end_and_leaves_it_alone(tmp_path: Path) -> None:
    path = journal(tmp_path)
    torn = path.read_bytes()[:-20]
    path.write_bytes(torn)
    log = read(path)
    assert len(log.rows) == 3
    assert log.warnings == (
        f"the last line ({len(torn.splitlines())}) is cut short, as when a session is killed: left out",
    )
    assert path.read_bytes() == torn


def test_shows_what_stands_before_the_damage_in_a_journal_and_says_where_it_is(tmp_path: Path) -> None:
    path = journal(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    third = next(number for number, line in enumerate(lines) if b'"n":3' in line)
    lines[third] = lines[third].replace(b'"n":3', b'"n":4', 1)
    path.write_bytes(b"".join(lines))
    log = read(path)
    assert [row.n for row in log.rows] == [1, 2]
    assert [f"line {third + 1} is damaged" in warning for warning in log.warnings] == [True]


def test_refuses_a_journal_of_which_nothing_can_be_read(tmp_path: Path) -> None:
    path = journal(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"opened"', b'"0pened"', 1))
    with pytest.raises(RepositoryError, match="line 1 is damaged"):
        read(path)


def test_a_journal_knows_its_own_metric(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="this session measured val_bpb, not acc"):
        read(journal(tmp_path), metric="acc")


# What is no results file


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not a text file"),
        (b"Dear diary,\ntoday nothing worked.\n", "no tab-separated results"),
        (b'{"a": 1}\n', "no run in it"),
        (b'{"crc":"00000000","record":{}}', "says nothing yet"),
    ],
)
def test_says_what_is_wrong_with_a_file_that_has_no_results(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        log_of(tmp_path, content)


def test_says_that_a_file_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read .*No such file"):
        read(tmp_path / "nowhere.tsv")


def test_a_header_alone_is_a_session_that_has_just_begun(tmp_path: Path) -> None:
    log = log_of(tmp_path, HEADER)
    assert (list(log.rows), log.metric, log.direction) == ([], "val_bpb", Direction.LOWER)


# Properties

EXAMPLES = int(os.environ.get("EXAMPLES", "80"))
"""Of each property; EXAMPLES=50000 looks harder."""

WORDS = """commit val_bpb metric status description 0 1.5 2e3 -0 1e999 nan - keep KEEP discard crash baseline ok False
abcdef1 # #1 iteration {} " \\t 223/90 9999999999999999999999 reset""".split()
PHRASES = ["new baseline", "v2 boundary", "# metric_direction: lower", "", "\x1b[1m", "\ud800"]
CELLS = st.one_of(st.sampled_from([*WORDS, *PHRASES]), st.text(max_size=6))
TABLES = st.lists(st.lists(CELLS, max_size=6).map("\t".join), max_size=12).map("\n".join)
LINES = st.lists(
    st.one_of(
        st.sampled_from(PI.splitlines()),
        st.just("[" * 100_000),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from("type run metric metrics status asi timestamp commit".split()), inner)
            ),
            max_leaves=6,
        ).map(json.dumps),
    ),
    max_size=6,
).map(lambda lines: "{}\n" + "\n".join(lines))
CONTENTS = st.one_of(
    st.binary(max_size=200),
    st.one_of(TABLES, LINES, st.text(max_size=100)).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=60).map(lambda data: b'{"crc":"' + data),
)


# Structure

NAMES = "commit val_bpb memory_gb status description cost_usd duration_s hypothesis iteration notes sha mb".split()
VALUES = st.one_of(
    st.sampled_from([*WORDS, "baseline", "$1.92", "12 ms", "3.5", '"a ""b"""', "0x00", "9" * 400, "1e-400", "a\\tb"]),
    st.text(st.characters(exclude_characters="\n\t"), max_size=8),
)
ENDS = st.sampled_from(["\n", "\r\n", "\n\n", "\n \t\n"])


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A results.tsv as people and programs leave it: ragged rows, prose, a second header, odd line ends, a mark."""
    first = draw(st.permutations(NAMES))[: draw(st.integers(2, 8))]
    header = [*first, draw(st.sampled_from([*NAMES, "", "column 6"]))]
    ragged = st.lists(VALUES, min_size=1, max_size=len(header) + 3)
    whole = st.lists(VALUES, min_size=len(header), max_size=len(header))
    odd = [
        st.just("# BASELINE_RESET"),
        st.just("It went well: we keep it."),
        st.just("# metric_direction: higher"),
        st.permutations(NAMES[:5]).map("\t".join),
        ragged.map("\\t".join),
    ]
    lines = draw(st.lists(st.one_of(ragged.map("\t".join), whole.map("\t".join), *odd), max_size=10))
    titled = ["\t".join(header), *lines] if draw(st.booleans()) else lines
    mark = "\ufeff" if draw(st.booleans()) else ""
    return (mark + "".join(line + draw(ENDS) for line in titled)).encode("utf-8", "surrogatepass")


def shown(row: Row) -> set[str]:
    """All texts of a row."""
    said = [row.raw_value, row.raw_status, row.description, row.label, row.commit or "", row.hypothesis]
    return {*said, *row.extra.values()}


def amounts(row: Row) -> set[float]:
    """The cells that are shown as numbers."""
    return {value for value in (row.cost_usd, row.duration_s) if value is not None}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CONTENTS)
@example(b"commit\tmetric\tstatus\n" + b"a\t1\tkeep\n" * 3)
@example(b"a\tb\nc\td\n")
def test_no_bytes_make_the_reader_fail_other_than_with_its_own_error(tmp_path: Path, content: bytes) -> None:
    for name in ("results.tsv", "log.jsonl"):
        with suppress(AutoresearchError):
            log = log_of(tmp_path, content, name)
            assert len(log.segments) >= 1 or not log.rows
            assert [row.n for row in log.rows] == list(range(1, len(log.rows) + 1))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TABLES)
@example("commit\tmetric\tstatus\na\t1\tkeep\nprose\n\ncommit\tmetric\tstatus\nx\ty\n#12\tkeep\t1\n")
def test_every_line_is_a_row_or_named_in_a_warning(tmp_path: Path, text: str) -> None:
    content = text.encode("utf-8", "replace")
    try:
        log = log_of(tmp_path, content)
    except AutoresearchError:
        return
    if log.kind != "tsv":
        return
    lines = content.decode("utf-8-sig").split("\n")
    spoken = {n for n, line in enumerate(lines, start=1) if line.strip() and not is_comment(line)}
    named = {int(n) for n in re.findall(r"(?:unparsed line|^line) (\d+)", "\n".join(log.warnings), re.MULTILINE)}
    silent = spoken - {row.line for row in log.rows} - named
    assert len(silent) <= 1, "only the first header may go without a word"
    assert all(split(lines[n - 1].removesuffix("\r"))[-1] == log.columns[-1] for n in silent)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(tables(), TABLES.map(lambda text: text.encode("utf-8", "replace"))))
@example(b"commit\tval_bpb\tstatus\tmb\tmb\na\t1\tkeep\t2\t3\n")
@example(b"commit\tval_bpb\tcost_usd\tstatus\na\t1\tcheap\tkeep\nb\t1\t$2\tkeep\n")
def test_every_cell_of_a_row_is_found_again(tmp_path: Path, content: bytes) -> None:
    try:
        log = log_of(tmp_path, content)
    except AutoresearchError:
        return
    if log.kind != "tsv":
        return
    lines = content.decode("utf-8-sig", errors="replace").split("\n")
    for row in log.rows:
        for cell in split(lines[row.line - 1].removesuffix("\r")):
            reading = number(cell.lstrip("$"))
            assert missing(cell) or cell in shown(row) or (reading and reading.value in amounts(row)), (cell, row)


def leaves(value: object) -> Iterator[object]:
    """The values within lists of lists, but for true, false and null."""
    if isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif value is not None and not isinstance(value, bool):
        yield value


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES)
@example('{"metric": 1, "status": "keep", "asi": {"mb": 1}, "metrics": {"mb": 2}, "mb": 3, "commit": "main", "mb": 4}')
@example('{"metric": 1, "metrics": [5, 6], "asi": "seven", "type": "run", "segment": 8, "timestamp": 9}')
def test_every_value_of_a_run_is_found_again(tmp_path: Path, content: str) -> None:
    try:
        log = log_of(tmp_path, content.encode("utf-8", "surrogatepass"), "log.jsonl")
    except AutoresearchError:
        return
    lines = content.encode("utf-8", "surrogatepass").decode("utf-8", "replace").split("\n")
    for row in log.rows:
        everything = " ".join(shown(row))
        scalars = leaves(json.loads(lines[row.line - 1], object_pairs_hook=lambda pairs: [held for _, held in pairs]))
        for value in scalars:
            text = value if isinstance(value, str) else json.dumps(value)
            assert not re.fullmatch(r"[\w.+-]+", text, re.ASCII) or text in everything, (value, row)


@pytest.fixture(scope="module")
def whole_night(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A journal's bytes."""
    return journal(tmp_path_factory.mktemp("whole")).read_bytes()


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_journal_shows_its_sound_beginning_and_says_so(
    tmp_path: Path, whole_night: bytes, data: st.DataObject
) -> None:
    content = bytearray(whole_night)
    at = data.draw(st.integers(0, len(content) - 1))
    match data.draw(st.sampled_from(["flip", "cut", "double", "drop", "zero"])):
        case "flip":
            content[at] ^= 1 << data.draw(st.integers(0, 7))
        case "cut":
            del content[at:]
        case "double":
            content[at:at] = content[at : at + data.draw(st.integers(1, 400))]
        case "drop":
            del content[at : at + data.draw(st.integers(1, 400))]
        case _:
            content[at:] = bytes(len(content) - at)
    whole = read(written(tmp_path, whole_night, "journal.jsonl"))
    try:
        found = read(written(tmp_path, bytes(content), "journal.jsonl"))
    except AutoresearchError:
        return
    if found.kind == "journal":
        assert found.rows[:] == whole.rows[: len(found.rows)]
        assert len(found.warnings) == 1 or bytes(content).count(b"\n") == len(content.splitlines())
        assert len(found.warnings) == 1 or bytes(content) == whole_night[: len(content)]
