"""`autoresearch audit`: which keeps of a branch are real."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from autoresearch.cli.flags import AsJson, BaseCommit, BranchName, ProgramPath, at_home, with_settings
from autoresearch.errors import INTERRUPTED


@with_settings
def audit(
    branch: BranchName = None,
    program: ProgramPath = Path("program.md"),
    base: BaseCommit = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write a branch autoresearch/TAG-audited with the survivors alone.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Measure anew what was audited before.")] = False,
    as_json: AsJson = False,
    *,
    flags: dict[str, object],
) -> None:
    """Measure each kept commit of a branch against its parent, and say which survive."""
    from autoresearch import audit as auditing
    from autoresearch.audited import AUDIT, look
    from autoresearch.cli.onward import planned
    from autoresearch.cli.progress import watching
    from autoresearch.cli.survivors import JsonSurvivors, Survivors
    from autoresearch.edge.signals import StopSignal
    from autoresearch.live_page import renew

    plan = look(AUDIT, at_home(program, branch), branch, base, flags, os.environ)
    try:
        if apply:
            plan.refuse_existing()
        plan = planned(plan, program, base, flags)
        words, events, stop = Survivors(plan), JsonSurvivors(plan) if as_json else None, StopSignal()
        with stop.handling(), watching(words, stop, events, is_empty=not plan.keeps) as view:
            outcome = auditing.run(plan, stop, view, again=again)
        picked = auditing.apply(plan, outcome.findings) if apply and not outcome.stopped else None
        trouble = renew(plan.project, plan.branch.tag, plan.session.began)
    finally:
        plan.project.repository.close()
    if outcome.stopped and not events:
        print(words.stopped(outcome), file=sys.stderr)
    else:
        (events or words).report(outcome, picked)
    if trouble:
        print(f"note: {trouble}", file=sys.stderr)
    if outcome.stopped:
        sys.exit(INTERRUPTED)
