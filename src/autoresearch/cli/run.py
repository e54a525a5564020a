"""`autoresearch run`: a session, all night."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autoresearch.cli.flags import ProgramPath, with_settings
from autoresearch.cli.onward import typed
from autoresearch.errors import (
    INTERRUPTED,
    AutoresearchError,
    ProposerError,
    ProposerUnavailableError,
    UnreachableError,
)

if TYPE_CHECKING:
    from autoresearch.edge.signals import StopSignal
    from autoresearch.observer import Observer
    from autoresearch.project import Project
    from autoresearch.propose import Proposer
    from autoresearch.session import Outcome

Tag = Annotated[
    str | None, typer.Option("--tag", help="Name of the session and its branch; one that exists is resumed.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line on stdout.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show the settings with their origin and the first prompt, and stop.")
]


@with_settings
def run(
    program: ProgramPath = Path("program.md"),
    tag: Tag = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    *,
    flags: dict[str, object],
) -> None:
    """Run experiments on branch autoresearch/TAG until the budget, Ctrl-C, a plateau, or for ever."""
    start(program, tag, flags, as_json=as_json, dry_run=dry_run)


def start(
    program: Path,
    tag: str | None,
    flags: Mapping[str, object],
    *,
    as_json: bool,
    dry_run: bool,
    command: str = "run",
) -> None:
    """Run a session to its end, or show how it would begin. An interrupt ends the program with its exit code."""
    if dry_run:
        with opened(program, tag, flags) as (project, tag):
            show_dry_run(project, tag)
        return
    if hold(program, tag, flags, as_json=as_json, command=command).interrupted:
        sys.exit(INTERRUPTED)


@contextmanager
def opened(program: Path, tag: str | None, flags: Mapping[str, object]) -> Iterator[tuple[Project, str]]:
    """The project and the session's tag, both looked at and nothing changed."""
    from autoresearch.project import check_tag, examine, free_tag

    project = examine(program, flags, os.environ)
    try:
        if tag is None:
            tag = free_tag(project.repository, datetime.now().astimezone().date())
        check_tag(project.repository, tag)
        yield project, tag
    finally:
        project.repository.close()


def hold(
    program: Path, tag: str | None, flags: Mapping[str, object], *, as_json: bool = False, command: str | None = "run"
) -> Outcome:
    """Run a session, show it, and sum it up; `command` is what the user typed, None where more comes after it."""
    from autoresearch import resume, session
    from autoresearch.display import watching
    from autoresearch.edge.signals import StopSignal
    from autoresearch.equipment import make_roster
    from autoresearch.followers import followers
    from autoresearch.hooks import Hooks
    from autoresearch.live_page import live_page
    from autoresearch.observer import Observers
    from autoresearch.propose.choose import pick

    with opened(program, tag, flags) as (project, tag):
        resume.refuse_other(project, tag)
        project = replace(resume.at_base(project, tag), again=again(program, tag, flags, command or "run"))
        model, begun = ", ".join(pick(project.settings, os.environ)), resume.is_begun(project, tag)
        stop = StopSignal()
        with (
            stop.handling(),
            watching(project.settings, tag, model, stop, as_json=as_json) as view,
            live_page(project, tag, view) as pages,
        ):
            others = (*followers(project, tag, view, stop), *pages)
            hooks = Hooks(project, tag, view, others)
            # The hooks come last: they may send what others wrote.
            observer = Observers((view, *others, hooks))
            roster = make_roster(project, tag, observer.tick)
            for proposer in roster.all:
                first_contact(proposer, observer, stop, begun=begun)
            for warning in project.warnings:
                observer.notice(warning)
            if project.links:
                observer.notice(f"linked into the session's tree: {', '.join(project.links)}")
            try:
                outcome = session.run(project, tag, roster, stop, observer)
            except AutoresearchError as error:
                hooks.finished("error", str(error))
                if isinstance(error, ProposerError) and resume.is_begun(project, tag):
                    observer.notice(f"{project.again} goes on where this stops")
                raise
            hooks.finished("interrupted" if outcome.interrupted else "done", outcome.reason)
        if not as_json:
            sum_up(project, tag, outcome, command)
        return outcome


def first_contact(proposer: Proposer, observer: Observer, stop: StopSignal, *, begun: bool) -> None:
    """Have a wrong key or model fail now. Who is merely busy now is waited for when it is asked.

    Raises ProposerError. That there is no way to the proposer is one only of a session that has not begun: then the
    address is wrong rather than the network down.
    """
    try:
        with stop.interruptible():
            proposer.check()
    except ProposerUnavailableError as error:
        if isinstance(error, UnreachableError) and not begun:
            raise
        why = str(error).rstrip(".")
        observer.notice(f"{proposer.name} could not be tried: {why}; the session goes on, and waits once it has to ask")


def show_dry_run(project: Project, tag: str) -> None:
    """The settings with their origin, and the first prompt."""
    from autoresearch.equipment import first_request, make_roster
    from autoresearch.settings import written

    settings, origins = project.settings.model_copy(update={"link": tuple(project.links)}), project.loaded.origins
    print(f"branch: autoresearch/{tag}")
    for name in type(settings).model_fields:
        print(f"{name}: {written(getattr(settings, name))}  ({origins[name]})")
    roster = make_roster(project, tag, lambda: None)
    print(f"proposer: {', '.join(roster.names)}")
    if not roster.tunes:
        print(f"\nfirst prompt:\n\n{first_request(project, roster.all[0]).prompt.text()}")


def sum_up(project: Project, tag: str, outcome: Outcome, command: str | None = "run") -> None:
    """Why it ended, what came of it, and what to do next where nothing comes after it."""
    from autoresearch.cli.folded import folded
    from autoresearch.decide.outcome import proof_of_head
    from autoresearch.display import say
    from autoresearch.figures import number, plural
    from autoresearch.news import change

    def tell(line: str) -> None:
        say(folded(line))

    history, metric = outcome.history, project.settings.measured
    baseline, best = history.baseline, history.incumbent
    tell(f"ended: {outcome.reason}")
    if baseline is None or best is None or baseline.value is None or best.value is None:
        return
    tell(
        f"{metric.name}: baseline {number(baseline.value)}, best {number(best.value)}"
        f"{change(project.settings, best.value, baseline.value)}, "
        f"{len(history.kept)} of {plural(history.tries, 'experiment')} kept"
    )
    assert baseline.commit is not None
    branch = f"autoresearch/{tag}"
    if project.repository.ref(branch) != best.commit:
        branch = f"refs/autoresearch/{tag}/best"
        tell(f"autoresearch/{tag} is checked out and was not moved; the best is {branch}")
    if command is None:
        return
    verify = "" if proof_of_head(history, metric.direction) else f"autoresearch verify {tag}; "
    then = f"{verify}git diff {baseline.commit[:7]} {branch}; " if history.kept else ""
    if outcome.interrupted:
        tell(f"next: {project.again}  # goes on")
    tell(f"{'then' if outcome.interrupted else 'next'}: {then}autoresearch report {tag}")


def again(program: Path, tag: str, flags: Mapping[str, object], command: str) -> str:
    """The command that goes on with a session, with the flags that it was given."""
    given = {name: value for name, value in flags.items() if not (command == "tune" and name == "model")}
    return typed([command, "--tag", tag], program, given)
