"""Style and scripts of the page, and the policy that lets it run nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

_SCRIPTS = ("table.js", "chart.js", "live.js")


@cache
def style() -> str:
    """The style sheet."""
    return _read("page.css")


@cache
def script() -> str:
    """All of the page's script, in one piece."""
    return "".join(map(_read, _SCRIPTS))


def policy(*, live: bool) -> str:
    """What the page may do: run the one script, and nothing over the network. A live page may ask for itself."""
    digest = base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()
    asks = "; connect-src 'self'" if live else ""
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        f"form-action 'none'{asks}"
    )


def _read(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
