"""How far a metric can be trusted: who prints it, and in whose process the target runs."""

from __future__ import annotations

import re
from pathlib import Path

from autoresearch.edge import bench
from autoresearch.model import Label
from autoresearch.project import Project

ISOLATED = "autoresearch-bench: isolated"
"""What `autoresearch.bench` prints: the target ran in a process of its own."""
LINES = 100
"""Lines from the end of a log that are looked through for it."""


def label(project: Project, log: Path) -> Label:
    """What a run of the unmodified target shows, whose log this is: any later target could print the same."""
    words = re.split(r"[\s'\"`;|&()<>=]+", project.settings.bench)
    if any(word.removeprefix("./") in project.targets for word in words):
        return "self-reported"
    return "isolated" if ISOLATED in bench.tail(log, LINES).splitlines() else "in-process"
