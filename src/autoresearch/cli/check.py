"""`autoresearch check`: says before the night whether the night will work."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from autoresearch.cli.flags import ProgramPath, with_settings
from autoresearch.errors import AutoresearchError, ProposerUnavailableError, UnreachableError

if TYPE_CHECKING:
    from autoresearch.edge.sandbox import Sandbox
    from autoresearch.model import Usage
    from autoresearch.project import Project
    from autoresearch.propose.roster import Roster
    from autoresearch.runner import Runner
    from autoresearch.settings import Budget

T = TypeVar("T")

NIGHT_H = 8.0
"""Hours of a night, where the budget says none."""
OWN_S = 0.03
"""What an experiment takes besides reply and run."""
RUNS = {"rematch": 1.8, "sweep": 1.6, "naive": 1.0}
"""Runs a proposal on a noisy metric, by rule; an exact one takes 1.05."""
REPLY_S = 30.0
"""What a model's reply takes, roughly: the only guess in the estimate, and it is said to be one."""


@with_settings
def check(program: ProgramPath = Path("program.md"), *, flags: dict[str, object]) -> None:
    """Say before the night whether it will work: repository, target, bench, canary, proposer, time and cost."""
    from autoresearch.project import examine

    findings = Findings()
    project = findings.attempt("project", lambda: examine(program, flags, os.environ))
    if project is not None:
        try:
            look_at(project, findings)
        finally:
            project.repository.close()
    findings.end()


@dataclass
class Findings:
    """Lines `ok`, `warning`, `error`, printed as they come; the exit code is that of the first error."""

    exit_code: int = 0
    warnings: int = 0
    errors: int = 0
    _mark: dict[str, str] = field(default_factory=lambda: {"ok": "green", "warning": "yellow", "error": "red"})

    def say(self, level: str, name: str, text: str) -> None:
        """Print one line."""
        from rich.console import Console
        from rich.text import Text

        self.warnings += level == "warning"
        self.errors += level == "error"
        line = Text.assemble((f"{level:<8}", self._mark[level]), f"{name}: {text}")
        Console(highlight=False, soft_wrap=True).print(line)

    def attempt(self, name: str, look: Callable[[], T]) -> T | None:
        """What `look` finds, or None with its error said."""
        try:
            return look()
        except AutoresearchError as error:
            self.exit_code = self.exit_code or error.exit_code
            self.say("error", name, str(error))
            return None

    def end(self) -> None:
        """Sum up, and exit with the first error's code."""
        from rich.console import Console

        ready = "not ready" if self.errors else "ready"
        Console(highlight=False).print(f"{ready}: {_count(self.errors, 'error')}, {_count(self.warnings, 'warning')}")
        sys.exit(self.exit_code)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def look_at(project: Project, findings: Findings) -> None:
    """Everything that can be looked at once the project itself is right."""
    from autoresearch.resume import refuse_other

    settings, repository = project.settings, project.repository
    findings.say("ok", "repository", f"{repository.root} at {project.base[:7]}")
    for path, file in project.targets.items():
        findings.say("ok", "target", f"{path}, {_count(file.data.count(10), 'line')}")
    for path in project.fixed:
        findings.say("ok", "fixed", f"{path}, shown to the proposer")
    if project.links:
        findings.say("ok", "link", f"into the session's tree: {', '.join(project.links)}")
    for warning in project.warnings:
        findings.say("warning", "project", warning)
    look_for_hooks(project, findings)
    if settings.in_place:
        findings.attempt("checkout", lambda: refuse_other(project, f".check-{os.getpid()}"))
    box = findings.attempt("sandbox", lambda: try_sandbox(project, findings))
    run_s = findings.attempt("bench", lambda: try_bench(project, findings)) if box else None
    roster = findings.attempt("proposer", lambda: try_proposers(project, findings))
    if run_s is not None and roster is not None:
        estimate(project, roster, run_s, findings)
    if settings.budget == type(settings.budget)():
        findings.say("warning", "budget", "none is set: the session runs until Ctrl-C or a plateau. Set `budget`.")


def look_for_hooks(project: Project, findings: Findings) -> None:
    """Whether what hooks begin with is there, as far as one word tells; none is run."""
    import shlex
    import subprocess

    for name in ("on_keep", "on_stall", "on_finish"):
        command = getattr(project.settings, name)
        try:
            first = next(iter(shlex.split(command or "", comments=True)), "")
        except ValueError:
            findings.say("warning", name, f"`{command}` has a quote that is not closed")
            continue
        if not re.fullmatch(r"[\w./+-]+", first):
            continue  # an assignment, a variable, a group: the shell's to know
        looked = ["/bin/sh", "-c", 'command -v -- "$1" >/dev/null', "sh", first]
        if subprocess.run(looked, cwd=project.program.directory, check=False, stdin=subprocess.DEVNULL).returncode:
            findings.say(
                "warning", name, f"there is no command {first!r} to run `{command}` with. Install it, or mend {name}"
            )
        else:
            findings.say("ok", name, f"`{command}`, not tried")


def try_sandbox(project: Project, findings: Findings) -> Sandbox:
    """What runs will be shut in. Raises SettingsError where `strict` cannot be had."""
    from autoresearch.edge.folder import SessionFolder
    from autoresearch.equipment import make_sandbox

    folder = SessionFolder(project.repository.common_dir, f".check-{os.getpid()}")
    folder.path.mkdir(parents=True)
    try:
        box = make_sandbox(project, folder.path)
    finally:
        folder.remove(project.repository)
    network = "with" if project.settings.network or box.kind == "none" else "without"
    findings.say("warning" if box.gap else "ok", "sandbox", box.gap or f"{box.kind}, {network} network")
    return box


def try_proposers(project: Project, findings: Findings) -> Roster:
    """The proposers, after each has verified key and model. Raises ProposerError or SettingsError."""
    from autoresearch.equipment import make_roster

    roster = make_roster(project, f".check-{os.getpid()}", lambda: None)
    for proposer in roster.all:
        try:
            findings.say("ok", "proposer", proposer.check())
        except UnreachableError:
            raise
        except ProposerUnavailableError as error:
            said = f"{error} A session waits for it, but key and model could not be tried."
            findings.say("warning", "proposer", said)
    return roster


def try_bench(project: Project, findings: Findings) -> float:
    """Run the bench on a broken target and on the real one, in a tree of its own. Returns the real run's seconds."""
    from autoresearch.cli.cheats import try_cheats
    from autoresearch.decide.guards import broken
    from autoresearch.decide.policy import unfit
    from autoresearch.session import baseline_failure, canary_failure, disk_faults

    with disk_faults(project.repository.common_dir), trying(project) as (runner, folder):
        if project.settings.canary:
            said = runner.run(project.targets, folder / "canary.log", lambda: None, spoilt=True, seed=0)
            if said.failure is None:
                raise canary_failure(project.settings, project.targets, said)
            canary = ("ok", "canary", f"with a broken target the bench fails ({said.failure})")
        else:
            canary = ("warning", "canary", "switched off: nothing proves that the bench runs the target")
        said = runner.run(project.targets, folder / "bench.log", lambda: None, seed=0)
        if problem := unfit(project.settings, said):
            raise baseline_failure(project, runner.sandbox.kind, problem, folder / "bench.log")
        findings.say(*canary)  # now that it is the target that made the difference
        assert said.value is not None
        metric = project.settings.measured
        findings.say(
            "ok", "bench", f"{metric.name}: {said.value:g} ({metric.direction} is better) in {said.duration_s:.1f} s"
        )
        try_gates(project, runner, findings)
        level, sentence = try_cheats(project, runner, folder, said)
        findings.say(level, "cheats", sentence)
    for name in project.settings.columns:
        if name not in said.columns:
            findings.say(
                "warning", "columns", f"the bench printed no `{name}: NUMBER` line; its column will hold 0.000000"
            )
    if problem := broken(project.settings.guards, [said.columns], [said.columns]):
        findings.say("warning", "guards", f"the target as it is breaks one: {problem}")
    if said.duration_s > 0.8 * project.settings.timeout:
        findings.say("warning", "timeout", f"{project.settings.timeout:g} s is hardly more than a run takes; raise it")
    return said.duration_s


def try_gates(project: Project, runner: Runner, findings: Findings) -> None:
    """Run `check` and `confirm` on the unmodified target, as a session would before it begins."""
    from autoresearch.edge.folder import SessionFolder
    from autoresearch.equipment import make_gates

    settings = project.settings
    folder = SessionFolder(project.repository.common_dir, f".check-{os.getpid()}")
    make_gates(project, folder, runner).prove(project.targets, folder.check_log(1), lambda: None)
    for name, command in (("check", settings.check), ("confirm", settings.confirm)):
        if command:
            findings.say("ok", name, f"`{command}` passes with the unmodified target")


@contextmanager
def trying(project: Project) -> Iterator[tuple[Runner, Path]]:
    """A runner in a tree that is gone afterwards; run.log stays as it is."""
    from autoresearch.edge.folder import SessionFolder
    from autoresearch.equipment import make_runner, make_sandbox, make_tree

    folder = SessionFolder(project.repository.common_dir, f".check-{os.getpid()}")
    folder.path.mkdir(parents=True)
    try:
        box = make_sandbox(project, folder.path)
        tree = make_tree(project, folder.tree, box)
        try:
            yield make_runner(project, tree, box, folder.path / "run.log"), folder.path
        finally:
            tree.write(project.targets)
    finally:
        folder.remove(project.repository)


def estimate(project: Project, roster: Roster, run_s: float, findings: Findings) -> None:
    """How many experiments fit into the night, and what they cost at most."""
    from autoresearch.decide.rematch import wins_needed
    from autoresearch.equipment import first_request
    from autoresearch.figures import clock

    if project.settings.decide == "rematch":
        needed = wins_needed(project.settings.alpha, project.settings.max_losses)
        takes = " or ".join(f"{wins}–{losses}" for losses, wins in enumerate(needed))
        findings.say("ok", "rule", f"a keep takes {takes} in a rematch; twice the same better value of an exact metric")
    budget = project.settings.budget
    runs = RUNS[project.settings.decide]
    each_s = runs * (run_s + OWN_S) + (0.0 if roster.tunes else REPLY_S)
    hours = budget.hours or NIGHT_H
    fit = max(1, int(hours * 3600 / each_s))
    count = min(fit, budget.experiments or fit)
    guess = "" if roster.tunes else f" and a guessed {REPLY_S:g} s a reply"
    span = f"in {hours:g} h" if count == fit else f"(the budget) in about {clock(count * each_s)}"
    findings.say("ok", "night", f"{count} experiments {span}, at {run_s:.1f} s a run, {runs:g} runs each{guess}")
    asked = {each: first_request(project, each) for each in roster.all}
    replies = {each.name: (each.usual_case(request), each.worst_case(request)) for each, request in asked.items()}
    level, sentence = cost(budget, count, replies)
    findings.say(level, "cost", sentence)


def cost(budget: Budget, count: int, replies: Mapping[str, tuple[Usage, Usage]]) -> tuple[str, str]:
    """Level and text of what so many experiments cost, where a model's replies take so much usually and at worst.

    Of several models the dearest counts.
    """
    unknown = [name for name, (_, worst) in replies.items() if worst.cost_usd is None]
    level = "warning" if budget == type(budget)() else "ok"
    if unknown:
        return level, f"unknown: {', '.join(unknown)} has no known price. `budget` in experiments or tokens limits it"
    usual = max((usual for usual, _ in replies.values()), key=lambda usage: usage.cost_usd or 0.0)
    worst_usd = max(worst.cost_usd or 0.0 for _, worst in replies.values())
    usual_usd, tokens = usual.cost_usd or 0.0, usual.input_tokens + usual.output_tokens
    if worst_usd == 0.0 or usual_usd == 0.0:
        return "ok", "nothing that autoresearch pays for"
    limits = [(budget.usd, usual_usd, f"${budget.usd}"), (budget.tokens, tokens, f"{budget.tokens} tokens")]
    lasts = [(int(limit / each), name) for limit, each, name in limits if limit is not None]
    few, name = min([(count, ""), *lasts])
    text = (
        f"about ${usual_usd * few:.2f} at a guessed ${usual_usd:.3f} a reply ({usual.input_tokens:,} tokens read, "
        f"{usual.cached_tokens / usual.input_tokens:.0%} from the cache, {usual.output_tokens:,} written; the first "
        f"at most ${worst_usd:.3f})"
    )
    if few < count:
        text += f"; the budget of {name} lasts for some {few} experiments"
    return level, text if level == "ok" else f"{text}. Nothing limits it: set `budget`"
