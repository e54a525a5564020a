"""`autoresearch ablate`: which keeps still earn their place."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from autoresearch.cli.flags import AsJson, BaseCommit, BranchName, ProgramPath, at_home, with_settings
from autoresearch.errors import INTERRUPTED


@with_settings
def ablate(
    branch: BranchName = None,
    program: ProgramPath = Path("program.md"),
    base: BaseCommit = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write a branch autoresearch/TAG-ablated without the dead weight.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Measure anew what was ablated before.")] = False,
    as_json: AsJson = False,
    *,
    flags: dict[str, object],
) -> None:
    """Leave each kept change out in turn, against the head, and say which still earn their place."""
    from autoresearch import ablate as ablating
    from autoresearch.audited import ABLATION, look
    from autoresearch.cli.onward import planned
    from autoresearch.cli.progress import watching
    from autoresearch.cli.weights import JsonWeights, Weights
    from autoresearch.edge.signals import StopSignal
    from autoresearch.live_page import renew

    plan = look(ABLATION, at_home(program, branch), branch, base, flags, os.environ)
    try:
        if apply:
            plan.refuse_existing()
        ablation = ablating.Ablating(planned(plan, program, base, flags))
        words, events, stop = Weights(ablation), JsonWeights(ablation) if as_json else None, StopSignal()
        with stop.handling(), watching(words, stop, events, is_empty=not plan.keeps) as view:
            outcome = ablating.run(ablation, stop, view, again=again)
        picked = ablating.apply(ablation, outcome) if apply and outcome.offered else None
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
