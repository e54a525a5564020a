"""The command line: flags to settings, errors to exit codes; the only printer of errors."""

from __future__ import annotations

import io
import os
import sys

from autoresearch.errors import INTERRUPTED, AutoresearchError
from autoresearch.secrets import redactor


class Discreet(io.TextIOWrapper):
    """An output stream that shows no secret, whoever prints: commands, libraries, tracebacks."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        super().__init__(
            stream.buffer,
            encoding=stream.encoding,
            errors=stream.errors,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        self._redactor = redactor()

    def write(self, text: str) -> int:
        """Write a text without the secrets that the environment held at the start."""
        super().write(self._redactor.text(text))
        return len(text)


def main() -> None:
    """Run the command line and exit. Every foreseen failure is one sentence on stderr and its exit code."""
    for name in ("stdout", "stderr"):
        if type(stream := getattr(sys, name)) is io.TextIOWrapper:
            setattr(sys, name, Discreet(stream))
    from autoresearch.edge.git import forget_caller

    forget_caller()
    try:
        if not _answered():
            from autoresearch.cli.app import app

            app()
    except AutoresearchError as error:
        complain(f"error: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        complain("interrupted")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output went away, as `head` does: nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception:  # noqa: BLE001 - the last resort: a bug is said to be one, with what is needed to find it
        import traceback  # no other command line needs it

        complain(f"{traceback.format_exc()}error: this is a bug in autoresearch; please report the lines above.")
        sys.exit(1)


def _answered() -> bool:
    """Say what `status` asks for; False leaves it to Typer, which takes longer to load than that may."""
    if sys.argv[1:2] != ["status"]:
        return False
    from autoresearch.cli.answer import answer, asked

    if (wanted := asked(sys.argv[2:])) is None:
        return False
    answer(wanted[0], as_json=wanted[1])
    return True


def complain(text: str) -> None:
    """One message to stderr, as it is."""
    print(text, file=sys.stderr, flush=True)
