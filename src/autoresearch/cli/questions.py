"""What `init` asks on a terminal: bench, metric, direction and target, each with what was found as the default."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import typer

from autoresearch.direction import guess
from autoresearch.errors import SettingsError
from autoresearch.model import Direction
from autoresearch.scaffold.lookaround import Found, find_benches, guess_targets
from autoresearch.scaffold.trial import LIMIT_S, Trial, likeliest, try_once

SHOWN = 8
TRIED = 3


def ask(directory: Path, given: Mapping[str, str], check_target: Callable[[str], None]) -> dict[str, str]:
    """The four settings, asking for those that were not given. `check_target` raises SettingsError.

    Raises typer.Abort on Ctrl-C and at the end of the input.
    """
    tried: dict[str, Trial] = {}
    bench = given.get("bench") or _ask_bench(directory, tried)
    metric = given.get("metric") or _ask_metric(directory, bench, tried)
    direction = given.get("direction") or _prompt("Which is better, higher or lower", guess(metric), _direction)
    target = given.get("target") or _ask_target(directory, bench, check_target)
    return {"target": target, "bench": bench, "metric": metric, "direction": direction}


def describe(found: Found) -> str:
    """A command that may be the bench, and why."""
    prints = f"; prints {', '.join(found.prints[:4])}" if found.prints else ""
    return f"{found.command} ({found.origin}{prints})"


def _ask_bench(directory: Path, tried: dict[str, Trial]) -> str:
    found = find_benches(directory)[:SHOWN]
    if not found:
        _say("nothing here looks like a bench: a command that runs the program and prints a `name: number` line")
        return _prompt("Bench command", None)
    _say("what could be the bench:")
    for number, each in enumerate(found, start=1):
        _say(f"  {number}. {describe(each)}")
    candidates = [each.command for each in found[:TRIED]]
    _say(f"to see what they print, each of these can be run once, here, for at most {LIMIT_S:g} s:")
    for command in candidates:
        _say(f"  {command}")
    if typer.confirm("Run them", default=True, err=True):
        for command in candidates:
            _try(directory, command, tried)
    good = [each.command for each in tried.values() if each.numbers and not each.failure]
    numbered = {str(number): each.command for number, each in enumerate(found, start=1)}
    return _prompt("Bench command, or its number above", (good or candidates)[0], lambda text: numbered.get(text, text))


def _ask_metric(directory: Path, bench: str, tried: dict[str, Trial]) -> str:
    if bench not in tried and typer.confirm(f"Run it once, to see what it prints: {bench}", default=True, err=True):
        _try(directory, bench, tried)
    numbers = tried[bench].numbers if bench in tried else {}
    return _prompt("Metric, the name before the number", likeliest(numbers), _name)


def _ask_target(directory: Path, bench: str, check: Callable[[str], None]) -> str:
    guesses = guess_targets(directory, bench)[:SHOWN]
    if len(guesses) > 1:
        _say(f"the bench is about {', '.join(guesses)}")

    def checked(answer: str) -> str:
        check(answer)
        return answer

    return _prompt("File to improve", guesses[0] if guesses else None, checked)


def _try(directory: Path, command: str, tried: dict[str, Trial]) -> None:
    _say(f"running {command}")
    trial = tried[command] = try_once(command, directory)
    for name, number in trial.numbers.items():
        _say(f"  {name}: {number:.10g}")
    if trial.failure:
        _say(f"  it failed: {trial.failure}")
    elif not trial.numbers:
        _say("  it prints no `name: number` line")


def _prompt(text: str, default: str | None, accept: Callable[[str], str] = str) -> str:
    """Ask until `accept` makes a value of the answer."""

    def value(answer: str) -> str:
        try:
            return accept(answer.strip())
        except SettingsError as error:
            raise typer.BadParameter(str(error)) from error

    return str(typer.prompt(text, default=None if default is None else str(default), value_proc=value, err=True))


def _direction(answer: str) -> str:
    if answer not in list(Direction):
        raise SettingsError("write higher or lower.")
    return answer


def _name(answer: str) -> str:
    if not re.fullmatch(r"[^\s:]+", answer):
        raise SettingsError("a name has neither blanks nor colons.")
    return answer


def _say(text: str) -> None:
    typer.echo(text, err=True)
