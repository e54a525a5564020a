"""A real Chromium, where there is one."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page, Request

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Seen:
    """What a page did that it should not: dialogs, errors, and requests for anything but itself."""

    def __init__(self, page: Page, address: str) -> None:
        self.all: list[str] = []
        self._address = address
        page.on("dialog", self._dialog)
        page.on("console", lambda said: self.all.append(f"console: {said.text}"))
        page.on("pageerror", lambda error: self.all.append(f"error: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._stopped)

    def _dialog(self, dialog: Dialog) -> None:
        self.all.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, one: Request) -> None:
        if not one.url.startswith("data:") and one.url.partition("#")[0] != self._address.partition("#")[0]:
            self.all.append(f"request: {one.url}")

    def _stopped(self, one: Request) -> None:
        """What the page's own policy held back never left the browser."""
        if one.failure == "csp":
            self.all.remove(f"request: {one.url}")


@contextmanager
def looked_at(browser: Browser, address: str, **how: Any) -> Iterator[tuple[Page, Seen]]:
    """A page in a window of its own, and what it does that it should not."""
    context = browser.new_context(**(how or DESKTOP))
    try:
        page = context.new_page()
        page.set_default_timeout(20_000)
        seen = Seen(page, address)
        page.goto(address)
        yield page, seen
    finally:
        context.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A static file server: its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
