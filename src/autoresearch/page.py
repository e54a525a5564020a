"""The page of a running session, made in a process of its own: `python -m autoresearch.page`, told what by JSON."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from autoresearch.edge import holder, webpage
from autoresearch.errors import AutoresearchError, RepositoryError

_NICE = 10
"""Whoever else is at work on the machine goes first."""
NOTHING = (
    "The session ended before its baseline was measured, and left nothing behind. It said why where it was started."
)


def main() -> None:
    """Make the page that stdin asks for: {"file", "journal", "tag", "running", "waiting"}. Exits with 1 where it cannot
    be made, and says why in one line."""
    asked = json.load(sys.stdin)
    os.nice(_NICE)
    try:
        document = _document(asked)
    except AutoresearchError as error:
        sys.exit(str(error))
    except MemoryError:
        sys.exit("there is not enough memory for it")
    try:
        webpage.write(Path(asked["file"]), document)
    except RepositoryError as error:
        sys.exit(getattr(error.__cause__, "strerror", None) or str(error))


def _document(asked: dict[str, str]) -> str:
    from autoresearch.exhibits import gather
    from autoresearch.report.html import RUNNING_SIZE, SIZE, farewell, page
    from autoresearch.report.moment import Moment
    from autoresearch.report.read import read
    from autoresearch.report.summary import summarise

    journal, running = Path(asked["journal"]), bool(asked["running"])
    if not running and not journal.exists():
        return farewell(f"autoresearch/{asked['tag']}", NOTHING)
    log = read(journal)
    if not running and log.session:
        # The session has its lock until it is gone, and this is its last word.
        log = replace(log, session=replace(log.session, state=holder.state("over", log.session.closed)))
    moment = Moment(datetime.now().astimezone(), running, asked["waiting"])
    return page(log, summarise(log), gather(journal, log, RUNNING_SIZE if running else SIZE), moment)


if __name__ == "__main__":
    main()
