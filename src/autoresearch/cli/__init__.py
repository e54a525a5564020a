"""The command line: flags to settings, errors to exit codes; the only printer of errors."""

from __future__ import annotations

import os
import sys
import traceback

from autoresearch.errors import INTERRUPTED, AutoresearchError


def main() -> None:
    """Run the command line and exit. Every foreseen failure is one sentence on stderr and its exit code."""
    from autoresearch.cli.app import app
    from autoresearch.edge.repo import forget_caller

    forget_caller()
    try:
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
        complain(f"{traceback.format_exc()}error: this is a bug in autoresearch; please report the lines above.")
        sys.exit(1)


def complain(text: str) -> None:
    """One message to stderr, as it is."""
    print(text, file=sys.stderr, flush=True)
