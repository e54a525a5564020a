"""Commands run from a process that has imported the program and the SDKs: that takes most of a short session's time.

Each command has its own process, working directory and environment all the same.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

SLOW_TO_IMPORT = [
    "anthropic",
    "openai",
    "pydantic",
    "typer",
    "rich.live",
    "httpx",
    "autoresearch.cli.app",
]

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(SLOW_TO_IMPORT)


def run(argv: Sequence[str], cwd: Path, env: Mapping[str, str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    """What `user.run` does. Raises subprocess.TimeoutExpired, having killed the command."""
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder) / name for name in ("stdout", "stderr")]
        process = _server.Process(target=_become, args=(list(argv), cwd, dict(env), said))
        process.start()
        process.join(timeout_s)
        if late := process.exitcode is None:
            process.kill()
            process.join()
        out, err = (path.read_text(errors="replace") for path in said)
    assert process.exitcode is not None
    if late:
        raise subprocess.TimeoutExpired(argv, timeout_s, out, err)
    return subprocess.CompletedProcess(argv, process.exitcode, out, err)


def _become(argv: list[str], cwd: Path, env: dict[str, str], said: Sequence[Path]) -> None:
    """Be the command, in a process that has nothing else to do."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    sys.argv = argv
    from autoresearch.cli import main

    main()
