"""`autoresearch demo`: a short real session on the tiny language model, without key and network."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from autoresearch.errors import SettingsError

EXAMPLE = "tiny_lm"
TAG = "demo"
SECONDS = "0.6"
"""What the example trains for here, so that the demo takes a minute; 3 otherwise."""


def demo(
    directory: Annotated[
        Path | None, typer.Argument(help="Where to put the example; a new temporary directory when absent.")
    ] = None,
    experiments: Annotated[int, typer.Option("--experiments", min=2, help="How many, the baseline included.")] = 16,
) -> None:
    """Improve a tiny language model with the offline tuner for a minute, verify what was gained, and report on it."""
    from autoresearch.cli.init import from_template
    from autoresearch.cli.report import report
    from autoresearch.cli.run import hold
    from autoresearch.cli.verify import verify

    if directory is not None and directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise SettingsError(f"{directory} is not an empty directory. Name a new one, or none for a temporary one.")
    place = (directory or Path(tempfile.mkdtemp(prefix="autoresearch-demo-"))).absolute()
    from_template(EXAMPLE, place)
    # The example needs numpy: take the Python that has it, which is the one that runs this command.
    found = os.environ.get("PATH")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    typer.echo(f"the demo's project is in {directory or place}")
    os.environ["TINY_LM_SECONDS"] = SECONDS
    flags: dict[str, object] = {"model": "tune", "budget": f"experiments={experiments}"}
    outcome = hold(place / "program.md", TAG, flags, command=None)
    os.chdir(place)
    if outcome.history.kept and not outcome.interrupted:
        verify(TAG)
    report(TAG)
    go = f"cd {shlex.quote(str(place))}"
    if shutil.which("autoresearch", path=found) is None:
        go += f' && export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"'
    typer.echo(f"\nthe commands are to be typed in the demo's project: {go}")
