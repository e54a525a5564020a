"""The one way in which a bench fails: a sentence on stderr and no metric."""

from __future__ import annotations

LINE_BYTES = 2000


class Failure(SystemExit):
    """The run is worth nothing. Uncaught it ends the bench: one sentence on stderr, exit code 1, no metric."""

    def __init__(self, sentence: str) -> None:
        super().__init__("error: " + on_one_line(sentence))


def require(condition: object, otherwise: str) -> None:
    """End the bench with exit code 1 and this sentence on stderr, unless the condition holds."""
    if not condition:
        raise Failure(otherwise)


def on_one_line(text: str) -> str:
    """Text that no terminal and no reader of logs takes for several lines."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:LINE_BYTES])
