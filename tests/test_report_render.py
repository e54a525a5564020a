"""A report as text, JSON, Markdown, HTML and pictures: right on every file, and safe with what a model wrote."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from git import Repo
from rich.console import Console

from autoresearch.report import chart
from autoresearch.report.export import to_json
from autoresearch.report.html import page
from autoresearch.report.log import Log
from autoresearch.report.markdown import markdown
from autoresearch.report.read import read
from autoresearch.report.summary import Summary, summarise
from autoresearch.report.terminal import as_text, show
from expected_results import EXPECTED
from report_files import HEADER, journal, real, written

AUTORESEARCH = Path(sys.executable).with_name("autoresearch")
NIGHT = (
    f"{HEADER}aaaaaa1\t1.9979\t3.3\tkeep\tbaseline\nbbbbbb2\t1.8123\t3.4\tkeep\tsmaller batch\n"
    "ccccc33\t1.9000\t3.4\tdiscard\tdeeper\nddddd44\t0.000000\t0.0\tcrash\tOOM with twice the width\n"
)
HOSTILE = [
    "</text></svg><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><b>&amp;',
    "[bold red]markup[/bold red] [/nothing] [link=file:///]x[/link]",
    "\x1b[2J\x1b]0;title\x07",
    "| a | b |\\ `code` **x** [y](javascript:alert(1)) ![z](http://example.org/z.png)",
    "\ud800 \u202e \u2028",
    "'; DROP TABLE; ${x} {{y}} %s {0}",
]


def opened(path: Path) -> tuple[Log, Summary]:
    """A file's log and its summary."""
    log = read(path)
    return log, summarise(log)


def night(folder: Path, text: str = NIGHT) -> Path:
    """A results file of one night."""
    return written(folder, text)


def hostile(folder: Path) -> tuple[Log, Summary]:
    """A night whose every text is an attack."""
    rows: list[dict[str, Any]] = [
        {"type": "config", "name": HOSTILE[0], "metricName": "<i>loss</i>", "bestDirection": "lower"}
    ]
    for n, text in enumerate(HOSTILE):
        status = "keep" if n < 6 else "crash"
        rows.append(
            {"run": text, "metric": 9 - n, "status": status, "description": text, "asi": {"hypothesis": f"so {text}"}}
        )
    path = folder / "log.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + f"\n{HOSTILE[0]}\n")
    return opened(path)


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The installed command, as a user runs it."""
    return subprocess.run(
        [AUTORESEARCH, "report", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        check=False,
    )


# Every real file


@pytest.mark.parametrize("name", [expected.file for expected in EXPECTED])
def test_every_real_file_becomes_every_kind_of_text(name: str) -> None:
    log, summary = opened(real(name))
    for width in (30, 100):
        assert log.metric in as_text(log, summary, width=width).replace("\n", "")
    assert json.loads(to_json(log, summary))["counts"]["keep"] == summary.counts["keep"]
    assert markdown(log, summary).startswith("# ")
    assert chart.spec(log, summary) is not None


@pytest.mark.parametrize("name", ["christopherkarani__Espresso__2.tsv", "Shopify__neocache__1.jsonl"])
def test_real_files_become_pages_and_pictures(name: str) -> None:
    log, summary = opened(real(name))
    Page().feed(page(log, summary))
    ElementTree.fromstring(chart.svg(log, summary))
    assert chart.png(log, summary).startswith(b"\x89PNG")


# Text


def test_the_answer_comes_first(tmp_path: Path) -> None:
    text = as_text(*opened(night(tmp_path)))
    assert text.splitlines()[0] == "val_bpb 1.9979 → 1.8123 (-9.3 %), 3 experiments: 1 kept, 1 discarded, 1 crashed"
    assert (
        text.index("best is #2") < text.index("● kept") < text.index("\nKept\n") < text.index("\nCrashed, by cause\n")
    )
    assert "out of memory (1)\n  #4 OOM with twice the width" in text


@pytest.mark.parametrize("width", [20, 39, 40, 69, 80, 200])
def test_no_line_is_wider_than_the_terminal(tmp_path: Path, width: int) -> None:
    lines = as_text(*opened(night(tmp_path)), width=width).splitlines()
    assert max(len(line) for line in lines) <= width


def test_text_for_a_file_has_no_escape_codes_and_no_trailing_spaces(tmp_path: Path) -> None:
    text = as_text(*opened(night(tmp_path)))
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_a_model_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    written = StringIO()
    show(*hostile(tmp_path), Console(file=written, width=100, force_terminal=True, color_system="256"), chart=True)
    codes = set(re.findall(r"\x1b[^m]*?m|\x1b.", written.getvalue()))
    assert all(re.fullmatch(r"\x1b\[[\d;]*m", code) for code in codes)
    assert "[bold red]markup[/bold red]" in written.getvalue()


def test_long_lists_are_cut_and_counted(tmp_path: Path) -> None:
    rows = "".join(f"{n:07x}\t{2 - n / 100}\t1\tkeep\tstep {n}\n" for n in range(1, 60))
    text = as_text(*opened(night(tmp_path, HEADER + "aaaaaa1\t2.0\t1\tkeep\tbaseline\n" + rows + "prose\n" * 30)))
    assert "Kept: the 20 largest changes of 59" in text
    assert "and 10 more; --format json has them all" in text


# JSON


def test_json_has_every_row_and_never_a_number_for_nothing(tmp_path: Path) -> None:
    document = json.loads(to_json(*opened(night(tmp_path))), parse_constant=lambda name: pytest.fail(name))
    assert document["schema"] == 2
    assert document["metric"] == {"name": "val_bpb", "direction": "lower", "label": None}
    assert (document["baseline"], document["best"]) == (1, 2)
    assert document["change"] == pytest.approx(0.0929, abs=1e-4)
    assert (document["verified"], document["evidence"]) == (None, None)
    assert document["crashes"] == [{"cause": "out of memory", "rows": [4]}]
    assert [row["value"] for row in document["rows"]] == [1.9979, 1.8123, 1.9, None]
    assert document["rows"][1]["extra"] == {"memory_gb": "3.4"}


# Foreign text


class Page(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.count: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.count[tag] += 1
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_model_cannot_put_anything_into_the_page(tmp_path: Path) -> None:
    found = Page()
    found.feed(page(*hostile(tmp_path)))
    # Its own: one script, one icon, and links within the page. None of them is in what the texts attack with.
    assert found.tags.isdisjoint({"img", "iframe", "object", "embed", "image", "b", "i"})
    assert (found.count["script"], found.count["link"]) == (1, 1)
    assert all(
        value and re.fullmatch(r"data:,|#experiment-\d+", value) for name, value in found.attributes if name == "href"
    )
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert all(text in found.text for text in HOSTILE[:4])


def test_every_format_of_any_text_can_be_written_as_utf_8(tmp_path: Path) -> None:
    log, summary = hostile(tmp_path)
    for text in (as_text(log, summary), to_json(log, summary), markdown(log, summary), page(log, summary)):
        assert text.encode()


def test_the_page_needs_nothing_from_outside(tmp_path: Path) -> None:
    found = Page()
    found.feed(page(*opened(night(tmp_path))))
    assert not [value for name, value in found.attributes if name in ("src", "srcset", "xlink:href", "action")]
    assert not [value for name, value in found.attributes if name == "href" and value and value[0] != "#"][1:]
    policy = [value for name, value in found.attributes if name == "content" and value and "default-src" in value]
    assert [re.sub("sha256-[^']+", "HASH", text or "") for text in policy] == [
        "default-src 'none'; script-src 'HASH'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    ]
    assert "@import" not in page(*opened(night(tmp_path)))


def test_a_model_cannot_put_anything_into_the_picture(tmp_path: Path) -> None:
    picture = chart.svg(*hostile(tmp_path))
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(picture).iter()}
    assert tags <= {"svg", "g", "path", "rect", "line", "text", "tspan", "defs", "clipPath"}


def test_a_model_cannot_put_anything_into_the_markdown(tmp_path: Path) -> None:
    text = markdown(*hostile(tmp_path))
    assert not re.search(r"(?<!\\)[\[\]`*]|<[a-z]", text.replace("**", "", 2))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} == {6}


# The command


def test_reports_results_of_the_folder_it_stands_in(tmp_path: Path) -> None:
    night(tmp_path)
    done = run(cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("val_bpb 1.9979 → 1.8123 (-9.3 %)")


@pytest.mark.slow
def test_finds_sessions_by_tag_and_the_newest_by_itself(tmp_path: Path) -> None:
    with Repo.init(tmp_path) as repository:
        sessions = Path(repository.common_dir) / "autoresearch"
    (tmp_path / "deep" / "down").mkdir(parents=True)
    for age, tag in enumerate(["mar5", "team/mar6", "mar4"]):
        (sessions / tag / "tree").mkdir(parents=True)
        book = journal(sessions / tag, tag)
        os.utime(book, (1e9 - age, 1e9 - age))
    written(sessions / "mar5" / "tree", NIGHT, "journal.jsonl")
    titles = {
        json.loads(run(*arguments, "-f", "json", cwd=tmp_path / "deep" / "down").stdout)["title"]
        for arguments in ([], ["mar5"], ["team/mar6"], ["mar4"])
    }
    assert titles == {"autoresearch/mar5", "autoresearch/team/mar6", "autoresearch/mar4"}
    assert "session mar5: " in run(cwd=tmp_path).stdout
    missing = run("mar7", cwd=tmp_path)
    assert missing.returncode == 2
    assert "mar7 is neither a file nor a session of this repository." in missing.stderr
    assert "Its sessions: mar5, team/mar6, mar4." in missing.stderr


def test_says_so_when_there_is_nothing_to_report(tmp_path: Path) -> None:
    done = run(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no session in this repository and no results.tsv here" in done.stderr


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("text", b"val_bpb"),
        ("json", b"{"),
        ("md", b"# "),
        ("html", b"<!doctype"),
        ("png", b"\x89PNG"),
        ("svg", b"<svg"),
    ],
)
def test_writes_every_format_to_a_file(tmp_path: Path, form: str, start: bytes) -> None:
    night(tmp_path)
    done = run("--format", form, "-o", "out", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "out").read_bytes().startswith(start)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "results.tsv"]


def test_a_png_can_be_piped(tmp_path: Path) -> None:
    night(tmp_path)
    done = subprocess.run([AUTORESEARCH, "report", "-f", "png"], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.startswith(b"\x89PNG")
    assert done.stdout.endswith(b"IEND\xaeB`\x82")


def in_terminal(*arguments: str, cwd: Path, **environment: str) -> tuple[str, str, int]:
    """What the command shows when stdout is a terminal of 90 columns, its stderr, and its exit code."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [AUTORESEARCH, "report", *arguments],
        cwd=cwd,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "90", "LINES": "50", **environment},
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while more := os.read(ours, 65536):
                shown += more
        except OSError:  # a terminal says so when the last process behind it is gone
            pass
        os.close(ours)
        assert process.stderr is not None
        complaint = process.stderr.read().decode()
    return shown.decode(), complaint, process.returncode


def test_a_png_is_not_thrown_at_a_terminal(tmp_path: Path) -> None:
    night(tmp_path)
    shown, complaint, code = in_terminal("--format", "png", cwd=tmp_path)
    assert (shown, code) == ("", 2)
    assert "Give a file: --format png -o report.png" in complaint


def test_a_terminal_gets_colours_and_the_picture_unless_it_asks_for_none(tmp_path: Path) -> None:
    night(tmp_path)
    coloured, _, _ = in_terminal(cwd=tmp_path)
    assert "\x1b[38;5;35m" in coloured
    assert "┤" in coloured
    plain, _, _ = in_terminal(cwd=tmp_path, NO_COLOR="1")
    assert "┤" in plain
    assert not re.search(r"\x1b\[[^m]*3[0-8]", plain)


def test_an_ascii_terminal_gets_a_question_mark_for_an_arrow(tmp_path: Path) -> None:
    night(tmp_path)
    done = run(cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.startswith("val_bpb 1.9979 ? 1.8123")


def test_refuses_to_overwrite_what_it_reads(tmp_path: Path) -> None:
    path = night(tmp_path)
    done = run("-o", "results.tsv", cwd=tmp_path)
    assert done.returncode == 2
    assert "is the file that the report reads" in done.stderr
    assert path.read_text() == NIGHT


def test_says_when_it_cannot_write(tmp_path: Path) -> None:
    night(tmp_path)
    done = run("-o", "nowhere/report.html", cwd=tmp_path)
    assert done.returncode == 2
    assert "cannot write nowhere/report.html: No such file or directory." in done.stderr


def test_a_table_without_numbers_has_no_picture(tmp_path: Path) -> None:
    night(tmp_path, HEADER)
    done = run("--format", "svg", cwd=tmp_path)
    assert done.returncode == 2
    assert "no picture" in done.stderr
    assert run("--format", "html", cwd=tmp_path).returncode == 0


def test_metric_and_direction_can_be_chosen(tmp_path: Path) -> None:
    night(tmp_path)
    done = run("--metric", "memory_gb", "--direction", "higher", cwd=tmp_path)
    assert done.stdout.startswith("memory_gb 3.3 → 3.4 (+3.0 %)")


def test_importing_the_command_loads_nothing_heavy() -> None:
    code = "import sys, autoresearch.cli.report; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"plotext", "vl_convert", "git", "numpy", "pydantic", "rich.table"}.isdisjoint(loaded)


def test_a_text_report_of_a_table_needs_no_drawing_library(tmp_path: Path) -> None:
    code = "import sys, autoresearch.cli.report as cli; cli.report(sys.argv[1]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(night(tmp_path))], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert {"plotext", "vl_convert", "numpy", "pydantic", "openai"}.isdisjoint(done.stderr.split())


HEAVY = {"git", "openai", "anthropic", "sklearn", "tenacity", "yaml", "pygments", "genai_prices"}
OURS = {"autoresearch.settings", "autoresearch.records", "autoresearch.project", "autoresearch.session"}


@pytest.mark.parametrize(
    ("arguments", "also"),
    [
        (("--version",), {"rich.console"}),
        (("report", "results.tsv"), {"numpy", "vl_convert", "plotext"}),
        (("report", "results.tsv", "-f", "json"), {"numpy", "vl_convert", "plotext", "rich.console"}),
        (("report", "results.tsv", "-f", "svg"), {"numpy", "plotext", "rich.console"}),
    ],
)
def test_a_command_loads_what_it_needs_and_no_more(tmp_path: Path, arguments: list[str], also: set[str]) -> None:
    """Typer itself has loaded pydantic by then; the models of settings and records cost as much again."""
    night(tmp_path)
    code = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
        "from autoresearch.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0
    assert (HEAVY | OURS | also).intersection(done.stderr.split()) == set()
