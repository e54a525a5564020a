"""Foreign text made plain for those who read it as more than text."""

from __future__ import annotations

import html
import re


def markdown(text: str) -> str:
    """A text with nothing that Markdown, or the HTML within it, would read as more than text."""
    return re.sub(r"([\\`*_\[\]|~#@])", r"\\\1", html.escape(text, quote=False))


def message(text: str) -> str:
    """A text for a commit's message: `#12` is an experiment here, and would be an issue where it is pushed to."""
    return re.sub(r"#(?=\d)", "no. ", text)
