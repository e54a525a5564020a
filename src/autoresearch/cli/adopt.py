"""`autoresearch init` in a project that exists: its settings, from flags, questions or one run of its bench."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from autoresearch.cli.afterwards import Made, repository_around, show_written, uncommitted
from autoresearch.errors import INTERRUPTED, BenchError, SettingsError

if TYPE_CHECKING:
    from autoresearch.scaffold.brief import Brief

PROGRAM = "program.md"
NEEDED = ("target", "bench", "metric", "direction")
PLAIN = {"target": "a", "bench": "a", "metric": "a", "direction": "higher"}
"""Stands in for settings that are not known yet, when those that are given are checked."""


def adopt(directory: Path, given: Mapping[str, str]) -> Made:
    """Write program.md, or settings on top of the one there is. Nothing is changed until all are known."""
    from autoresearch.scaffold import brief
    from autoresearch.scaffold.draft import add_front_matter, refuse_front_matter, writing
    from autoresearch.scaffold.lookaround import scripts

    if not directory.exists():
        raise SettingsError(f"{directory} does not exist. Name the directory of a project, or give no settings.")
    program = directory / PROGRAM
    refuse_front_matter(program)
    repository = repository_around(directory)
    found = settle(directory, given)
    if os.path.lexists(program):
        add_front_matter(program, brief.front_matter(found))
        typer.echo(f"wrote settings on top of {program}, whose text stays as it was")
    else:
        with writing(directory) as draft:
            draft.file(PROGRAM, brief.render(found).encode())
        show_written(draft)
    named = dict.fromkeys([PROGRAM, *found.target, *scripts(directory, found.bench)])
    files = [name for name in named if (directory / name).is_file()]
    return Made(repository is not None, uncommitted(repository, files))


def settle(directory: Path, given: Mapping[str, str]) -> Brief:
    """The settings: those given, and the others asked for, or learned from the bench. Changes nothing."""
    from autoresearch.scaffold.brief import Brief
    from autoresearch.sources import load

    load({**PLAIN, **given}, {}, {}, PROGRAM)
    if "target" in given:
        check_target(directory, given["target"])
    if "\n" in given.get("bench", ""):
        raise SettingsError("--bench has several lines. Put them into a script, and give the command that runs it.")
    found = ask_for(directory, given) if len(given) < len(NEEDED) and sys.stdin.isatty() else learn(directory, given)
    settings = load(found, {}, {}, PROGRAM).settings
    title = directory.resolve().name or "Experiments"
    return Brief(title, settings.target, settings.bench, settings.metric.name, settings.direction)


def ask_for(directory: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Ask on the terminal. Exits with 130 when the user breaks it off."""
    from autoresearch.cli.questions import ask

    try:
        return ask(directory, given, lambda answer: check_target(directory, answer))
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("\ninterrupted: no file was written", err=True)
        raise typer.Exit(INTERRUPTED) from None


def learn(directory: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Without a terminal: target and bench must be given; a run may tell the metric, and its name the direction."""
    from autoresearch.direction import guess

    if "target" not in given or "bench" not in given:
        raise SettingsError(_missing(directory, given))
    metric = given.get("metric") or _only_metric(directory, given["bench"])
    direction = given.get("direction") or guess(metric)
    if direction is None:
        raise SettingsError(f"the name {metric!r} does not tell which way is better. Give --direction higher or lower.")
    return {**given, "metric": metric, "direction": direction}


def check_target(directory: Path, targets: str) -> None:
    """Raises SettingsError when one of the paths or globs, with commas between them, names no file of the project."""
    root = directory.resolve()
    for path in (each.strip() for each in targets.split(",")):
        place = Path(os.path.normpath(root / path))
        if not place.is_relative_to(root):
            raise SettingsError(f"target {path} lies outside {root}. Name a file in it.")
        if place.is_dir():
            raise SettingsError(f"target {path} is a directory. Name a file in it, or a glob such as {path}/*.py.")
        if not place.exists() and not any(root.glob(place.relative_to(root).as_posix())):
            raise SettingsError(f"target {path} does not exist in {root}. Give the path of a file in it.")


def _only_metric(directory: Path, command: str) -> str:
    from autoresearch.scaffold.trial import LIMIT_S, try_once

    typer.echo(f"running the bench once, for at most {LIMIT_S:g} s, to see what it prints: {command}", err=True)
    trial = try_once(command, directory)
    names = ", ".join(trial.numbers)
    if trial.failure:
        printed = f"; it printed {names}" if names else ""
        raise BenchError(f"`{command}` failed: {trial.failure}{printed}. Mend the bench, or give --metric.")
    if not names:
        raise SettingsError(f"`{command}` prints no `name: number` line. Have it print one, or give --metric.")
    if len(trial.numbers) > 1:
        raise SettingsError(f"`{command}` prints {names}. Say with --metric which of them is the metric.")
    return names


def _missing(directory: Path, given: Mapping[str, str]) -> str:
    from autoresearch.cli.questions import describe
    from autoresearch.scaffold.lookaround import find_benches, guess_targets

    flags = ", ".join(f"--{name}" for name in NEEDED if name not in given)
    benches = [] if "bench" in given else find_benches(directory)[:3]
    likely = given.get("bench") or (benches[0].command if benches else "")
    targets = [] if "target" in given else guess_targets(directory, likely)[:3]
    found = [f"--bench could be {'; '.join(map(describe, benches))}"] if benches else []
    found += [f"--target could be {', '.join(targets)}"] if targets else []
    looks = f"{'. '.join(found)}." if found else "Nothing there looks like a bench."
    return f"{directory.resolve()} is no empty directory, and there is no terminal to ask on: give {flags}. {looks}"
