"""The page in a real browser: without script, on a phone, by mouse and keyboard, against hostile texts, and live."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autoresearch import records
from autoresearch.exhibits import gather
from autoresearch.report.html import page as whole_page
from autoresearch.report.log import Log, Rows
from autoresearch.report.moment import Moment
from autoresearch.report.read import read
from autoresearch.report.summary import summarise
from browser import CHROMIUM, DESKTOP, PHONE, chromium, looked_at, served
from report_files import HEADER, opened, tried, written, written_down

if TYPE_CHECKING:
    from playwright.sync_api import Browser, expect
else:
    expect = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser, and is missing").expect

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here: install Debian's to test the page")

EVIL = "</script><script>alert(1)</script>]]><img src=x onerror=alert(2)>\u202e&amp;"
LONG = "a line of output that goes on and on\n" * 30_000
"""A log of a megabyte."""


@dataclass(frozen=True)
class Night:
    """A session whose candidates are commits of a real repository."""

    folder: Path
    journal: Path

    def page(self, moment: Moment | None = None, rows: int | None = None) -> str:
        """The page, or what it was when there were only so many rows."""
        log = read(self.journal)
        log = replace(log, rows=Rows.of(log.rows[:rows]))
        return whole_page(log, summarise(log), gather(self.journal, log), moment)

    def write(self, name: str, moment: Moment | None = None, rows: int | None = None) -> Path:
        """The page as a file."""
        path = self.folder / name
        path.write_text(self.page(moment, rows), errors="replace")
        return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    home = tmp_path_factory.mktemp("night")
    return Night(home, session(home, 12))


def session(home: Path, experiments: int) -> Path:
    """The journal of a session: every fourth experiment is kept, and the third one is an attack."""
    texts = {n: f"rate = {n}\nname = '{EVIL if n == 3 else 'x'}'\n" for n in range(1, experiments + 1)}
    commands = "".join(
        f"commit refs/{f'autoresearch/mar5/{n}' if n > 1 else 'heads/main'}\ncommitter A <a@b> {n} +0000\ndata 1\nx\n"
        f"{'from refs/heads/main' + chr(10) if n > 1 else ''}M 644 inline train.py\ndata {len(text.encode())}\n{text}\n"
        for n, text in texts.items()
    )
    subprocess.run(["git", "init", "--quiet", "-b", "main", home], check=True)
    subprocess.run(["git", "-C", home, "fast-import", "--quiet"], input=commands.encode(), check=True)
    folder = home / ".git" / "autoresearch" / "mar5"
    (folder / "runs").mkdir(parents=True)
    story: list[records.AnyRecord] = [opened(decide="rematch"), records.Began(pid=1, host="here", version="0.1.0")]
    for n in range(1, experiments + 1):
        kept = n % 4 == 1
        cause, what = (
            ("baseline" if n == 1 else "better" if kept else "screen"),
            f"{EVIL} {n}" if n == 3 else f"idea {n}",
        )
        value = 9 - n / 100 if kept else 9 + n / 100
        pairs = [(value + 0.01, value)] * 5 if kept and n > 1 else []
        story += tried(n, value, cause=cause, pairs=pairs, value=value, description=what)  # type: ignore[arg-type]
        last = 11 if pairs else 1
        (folder / "runs" / f"{n}-{last}.log").write_text(LONG + EVIL if n == 3 else f"loss of {n}\n" * 50)
    return written_down(folder, story)


@pytest.mark.slow
def test_without_script_it_is_a_picture_and_a_table_whose_parts_open(browser: Browser, night: Night) -> None:
    with looked_at(browser, night.write("plain.html").as_uri(), java_script_enabled=False, **DESKTOP) as (page, seen):
        assert page.locator("figure svg").last.is_visible()
        assert page.locator("#experiments tr.row").count() == 12
        part = page.locator("#experiment-5 details")
        assert part.locator("ins").is_hidden()
        part.locator("summary").click()
        assert part.locator("ins").inner_text() == "+rate = 5"
        assert part.locator("del").inner_text() == "-rate = 1"
        assert "git switch --detach refs/autoresearch/mar5/5" in part.inner_text()
        assert "\n".join(["loss of 5"] * 40) == part.locator("pre").last.inner_text()
        assert page.locator(".bar").count() == 0
    assert not seen.all


def test_the_table_sorts_filters_and_opens_by_mouse_and_keyboard(browser: Browser, night: Night) -> None:
    with looked_at(browser, night.write("table.html").as_uri() + "#experiment-8") as (page, seen):

        def numbers() -> list[str]:
            return [text.strip() for text in page.locator("#experiments td.i").all_inner_texts()]

        assert page.locator("#experiment-8 pre").first.is_visible()  # linked to, and so open
        page.get_by_role("button", name="val_bpb").click()
        assert numbers()[:4] == ["9", "5", "1", "2"]
        page.get_by_role("button", name="val_bpb").click()
        assert numbers()[0] == "12"
        assert page.locator("th[aria-sort=descending]").inner_text().startswith("val_bpb")
        page.get_by_role("button", name="keep 2").click()
        assert numbers() == ["5", "9"]
        page.get_by_role("button", name="all", exact=True).click()
        page.locator("#filter").fill("IDEA 1")
        expect(page.locator("#experiments > tbody")).to_have_count(4)
        assert set(numbers()) == {"1", "10", "11", "12"}
        page.locator("#experiment-11 a").focus()
        page.keyboard.press("Enter")
        assert page.locator("#experiment-11 a").get_attribute("aria-expanded") == "true"
        assert page.locator("#experiment-11 ins").is_visible()
        page.keyboard.press("Enter")
        assert page.locator("#experiment-11 ins").is_hidden()
        assert page.url.endswith("#experiment-11")
    assert not seen.all


def test_the_picture_says_what_a_point_is_zooms_and_opens_it(browser: Browser, night: Night) -> None:
    with looked_at(browser, night.write("chart.html").as_uri()) as (page, seen):
        chart = page.locator(".broad .chart")
        point = chart.locator("a[href='#experiment-9'] path")
        point.hover()
        assert page.locator(".tip:visible").inner_text().splitlines() == ["#9 · 8.91 · keep · -0.11 %", "idea 9"]
        labels = chart.locator(".marks-of-axis text")
        assert labels.count() == 0
        before = point.bounding_box()
        page.get_by_role("button", name="zoom in").click()
        expect(labels).not_to_have_count(0)
        assert point.bounding_box() != before
        page.get_by_role("button", name="whole picture").click()
        expect(page.locator(".broad .marks-of-axis text")).to_have_count(0)
        assert point.bounding_box() == before
        point.click()
        assert page.locator("#experiment-9 ins").is_visible()
        assert page.url.endswith("#experiment-9")
        chart.focus()
        page.keyboard.press("ArrowRight")
        assert page.locator(".tip:visible").inner_text().startswith("#1 ·")
    assert not seen.all


@pytest.mark.slow
def test_fits_a_phone_in_light_and_dark(browser: Browser, night: Night) -> None:
    address = night.write("phone.html").as_uri()
    papers = set()
    for scheme in ("light", "dark"):
        with looked_at(browser, address, color_scheme=scheme, **PHONE) as (page, seen):
            papers.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            assert page.locator(".broad svg").is_hidden()
            page.locator(".slim a[href='#experiment-5'] path").scroll_into_view_if_needed()
            page.locator(".slim a[href='#experiment-5'] path").tap()
            page.locator(".tip:visible").get_by_role("button", name="open").tap()
            assert page.locator("#experiment-5 ins").is_visible()
            assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert not seen.all
    assert len(papers) == 2


def test_no_text_of_a_model_or_a_bench_does_anything(browser: Browser, night: Night) -> None:
    path = night.write("hostile.html")
    assert path.stat().st_size < 400_000
    with looked_at(browser, f"{path.as_uri()}#experiment-3") as (page, seen):
        row = page.locator("#experiment-3")
        assert "</script><script>alert(1)</script>]]><img src=x onerror=alert(2)>" in row.locator("td.e").inner_text()
        assert "⟨U+202E⟩" in row.locator("ins").inner_text()
        assert "⟨U+202E⟩" in row.locator("pre").last.inner_text()
        page.locator(".broad .chart a[href='#experiment-3'] path").hover()
        assert "<img src=x" in page.locator(".tip:visible").inner_text()
        page.locator("#filter").fill("<script>")
        assert page.locator("script, img, iframe, object").count() == 1
        assert not seen.all
        # Even what came into the page would not run, and nothing leaves it.
        page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'alert(3)'}))")
        page.evaluate(
            "document.body.append(Object.assign(document.createElement('img'), {src: 'http://127.0.0.1:9/x'}))"
        )
        page.wait_for_timeout(100)
        assert ["Content Security Policy" in what for what in seen.all] == [True, True], seen.all


@pytest.mark.slow
def test_ten_thousand_rows_are_shown_a_part_at_a_time(browser: Browser, tmp_path: Path) -> None:
    rows = "".join(
        f"{n:07x}\t{2 - n / 1e5 + (n % 2 == 0) * (n * 7919 % 997) / 1e3:.6f}\t1\t"
        f"{'keep' if n % 50 == 1 else 'discard'}\tidea {n}\n"
        for n in range(10_000)
    )
    log: Log = read(written(tmp_path, HEADER + rows))
    path = tmp_path / "page.html"
    path.write_text(whole_page(log, summarise(log)))
    with looked_at(browser, f"{path.as_uri()}#experiment-7654") as (page, seen):
        assert page.locator("#experiment-7654").is_visible()
        page.reload()
        page.locator("#filter").fill("idea 999")
        expect(page.locator("#experiments > tbody")).to_have_count(11)
        page.locator("#filter").fill("")
        expect(page.locator("#experiments > tbody")).not_to_have_count(11)
        page.get_by_role("button", name="val_bpb").click()
        assert page.locator("#experiments td.i").first.inner_text() == "10000"
        assert page.locator("#experiments > tbody").count() < 9_000
        # The circles are dots of few lines: a node each would take a second to zoom.
        chart, dots = page.locator(".broad .chart"), page.locator(".broad .held path[data-r]")
        assert chart.locator(".held *").count() < 500
        assert sum(each.count("M") for each in dots.evaluate_all("all => all.map((d) => d.getAttribute('d'))")) > 1000
        wide = float(dots.first.get_attribute("stroke-width") or 0)
        page.get_by_role("button", name="zoom in").click()
        expect(dots.first).not_to_have_attribute("stroke-width", str(wide))
        assert float(dots.first.get_attribute("stroke-width") or 0) == pytest.approx(wide / 1.6)
        chart.focus()
        page.keyboard.press("ArrowRight")
        assert page.locator(".tip:visible").inner_text().startswith("#1 ·")
        page.keyboard.press("Enter")
        assert page.locator("#experiment-1").is_visible()
    assert not seen.all


@pytest.mark.slow
def test_a_page_of_a_running_session_loads_itself_anew_and_says_when_nobody_writes_it(
    browser: Browser, night: Night
) -> None:
    start = datetime(2026, 3, 5, 3, 12, 5, tzinfo=UTC)
    path = night.write("live.html", Moment(start, running=True), rows=9)
    with served(night.folder) as address, looked_at(browser, "about:blank") as (page, _):
        page.clock.install(time=start)
        loads: list[str] = []
        page.on("load", lambda _: loads.append(page.url))
        page.goto(f"{address}/live.html")
        expect(page.locator("#state")).to_have_text(re.compile(r"as of 03:12:05, running: experiment 10 \(\d+ s ago\)"))
        page.get_by_role("button", name="discard 6").click()
        page.locator("#experiment-8 a").click()
        assert page.locator("#experiment-8 ins").is_visible()
        page.locator("#experiment-8").scroll_into_view_if_needed()
        at = page.locator("#experiment-8").bounding_box()
        night.write("live.html", Moment(start + timedelta(minutes=3), running=True))
        # Somebody is reading; and then no more.
        page.clock.run_for(60_000)
        assert len(loads) == 1
        with page.expect_event("load"):
            page.clock.run_for(150_000)
        expect(page.locator("#state")).to_contain_text("experiment 13")
        assert page.locator("#experiments > tbody").count() == 9
        assert page.locator("#experiment-8 ins").is_visible()
        assert page.locator("#experiment-8").bounding_box() == at
        # Nothing new: only the head is asked for.
        page.clock.run_for(60_000)
        assert len(loads) == 2
        assert "the session may have been killed" not in page.locator("#state").inner_text()
        page.clock.run_for(900_000)
        silent = re.compile(r"Not rewritten for 1\d min: the session may have been killed\.")
        expect(page.locator("#state")).to_contain_text(silent)
        path.unlink()
        page.clock.run_for(200_000)
        expect(page.locator("#state")).to_contain_text("cannot be reached")
        night.write("live.html", Moment(start + timedelta(minutes=40), running=False))
        with page.expect_event("load"):
            page.clock.run_for(200_000)
        assert page.locator(".state").inner_text().startswith("stopped 2026-03-05 03:52:05 before its end")
        page.clock.run_for(3_600_000)
        assert len(loads) == 3


def test_a_finished_page_never_loads_anything(night: Night) -> None:
    live, over = (
        night.page(Moment(datetime.now(UTC), running=True)),
        night.page(Moment(datetime.now(UTC), running=False)),
    )
    assert 'http-equiv="refresh"' in live
    assert "connect-src 'self'" in live
    for text in (over, night.page()):
        assert 'http-equiv="refresh"' not in text
        assert "connect-src" not in text
        assert 'id="state"' not in text
    assert json.dumps("default-src 'none'")[1:-1] in over
