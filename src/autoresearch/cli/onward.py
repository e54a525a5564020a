"""The command that comes next, as the report of a session has it, or as it was typed and with more."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autoresearch.audited import Plan


def onward(journal: Path, *wanted: str) -> list[str]:
    """`next: autoresearch finalize t`: of these commands the first that the session's report offers.

    What the report warns of comes before it.
    """
    from autoresearch.report import nextsteps
    from autoresearch.report.read import read
    from autoresearch.report.summary import summarise

    log = read(journal)
    steps = nextsteps.steps(log, summarise(log))
    is_alarming = log.evidence and (log.evidence.quarantined or any(one.n for one in log.evidence.tampered))
    offered = [step for name in wanted for step in steps if step.command.startswith(f"autoresearch {name} ")]
    found = nextsteps.aligned([*(steps[:1] if is_alarming else []), *offered[:1]])
    return [f"{when}: {line}" for when, line in zip(("next", "then"), found, strict=False)]


def planned(plan: Plan, program: Path, base: str | None, flags: Mapping[str, object]) -> Plan:
    """The plan, and with it the command that goes on with it."""
    given = flags if base is None else {"base": base, **flags}
    again = typed([plan.purpose.verb, plan.branch.name.removeprefix("autoresearch/")], program, given)
    return replace(plan, project=replace(plan.project, again=again))


def typed(command: Sequence[str], program: Path, flags: Mapping[str, object]) -> str:
    """A command with the program.md and the flags that it was given, for a shell."""
    words = ["autoresearch", *command]
    if program != Path("program.md"):
        words += ["--program", str(program)]
    for name, value in flags.items():
        flag = name.replace("_", "-")
        words += [f"--{'' if value else 'no-'}{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]
    return shlex.join(words)
