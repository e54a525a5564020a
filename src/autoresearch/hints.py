"""What a bench that runs by hand may be missing here, by what it printed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from autoresearch.edge import links
from autoresearch.edge.environment import withheld
from autoresearch.edge.sandbox import Kind
from autoresearch.project import Project

READ_ONLY = re.compile(r"Read-only file system|EROFS|Permission denied|EACCES|out of pty devices")
NO_PROCESS = re.compile(r"Cannot fork|Resource temporarily unavailable|can't start new thread")
NO_NETWORK = re.compile(
    r"Network is unreachable|Name or service not known|name resolution|getaddrinfo|Could not resolve|ConnectionError"
)
NO_MODULE = re.compile(r"No module named|Cannot find module|cannot find package")
SHOWN = 8
"""Names of a list that are spelt out."""
WRITABLE = {
    "bubblewrap": "a run can write into its own tree and /tmp alone: not over tracked files",
    "landlock": "a run can write into its own tree and $TMPDIR alone, has no terminal, and no socket without "
    "`network: true`: it cannot write into /tmp",
}


def hints(project: Project, kind: Kind, reason: str, shown: str) -> Iterator[str]:
    """Sentences on why a run of the unmodified target may have failed; `shown` is the end of its output."""
    settings, repository = project.settings, project.repository
    if not settings.in_place and (loose := links.left_out(repository, [*project.links, *project.cached], shown)):
        yield f"Not in the session's tree, because git does not track it: {', '.join(loose[:SHOWN])} (see `link`)."
    if reason.startswith("tampered"):
        yield "Every run must find these files as they are: have the bench write elsewhere, or take them out of git."
    elif kind in WRITABLE and READ_ONLY.search(shown):
        linked = f", not into what is linked ({', '.join(project.links[:SHOWN])})" if project.links else ""
        yield f"In the sandbox {WRITABLE[kind]}{linked}, and not into your home. Write elsewhere, or point what a tool"
        yield "keeps at home into the tree, e.g. XDG_CACHE_HOME=$PWD/.cache with `cache: [.cache/]`."
    if kind != "none" and not settings.network and NO_NETWORK.search(shown):
        yield "The sandbox has no network unless `network: true` is set."
    if kind != "none" and "not a git repository" in shown:
        yield "In the sandbox `.git` is out of reach."
    if kind != "bubblewrap" and not settings.in_place and NO_MODULE.search(shown):
        yield "Without bubblewrap an editable install leads to your checkout, not to the session's tree: install"
        yield "bubblewrap, or set PYTHONPATH in the bench."
    if NO_PROCESS.search(shown):
        yield f"`limits` leave a run {settings.limits.processes} processes."
    if absent := withheld(os.environ, settings.env, f"{shown} {settings.bench} {' '.join(project.fixed.values())}"):
        yield f"Not handed to the bench from your environment: {', '.join(absent[:SHOWN])} (see `env`)."
