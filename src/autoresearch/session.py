"""A session: open or resume, canary, baseline, experiments until something says stop, close."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from autoresearch import __version__
from autoresearch import program as program_file
from autoresearch.decide import plan, prompt
from autoresearch.decide.budget import plateau, spent_up
from autoresearch.decide.recover import History, fold
from autoresearch.edge import bench, tree
from autoresearch.edge.folder import ASIDE, HALF, RESULTS, RUN_LOG, ResultsFile, SessionFolder
from autoresearch.edge.journal import Journal, read
from autoresearch.edge.repo import Repository, Tracked
from autoresearch.edge.scratch import Scratch
from autoresearch.edge.signals import StopSignal
from autoresearch.errors import (
    BenchError,
    BudgetError,
    ProposerError,
    RepositoryError,
    SettingsError,
)
from autoresearch.loop import Loop, Observer, Stopped
from autoresearch.model import Measurement, Request, Scalar, Status
from autoresearch.project import Project, find_fixed, find_targets
from autoresearch.propose import Proposer
from autoresearch.propose.choose import make
from autoresearch.propose.command import Edited
from autoresearch.records import Began, Canary, Closed, Opened
from autoresearch.runner import Runner
from autoresearch.settings import Settings

SHOWN_LINES = 20
"""Lines of a failed baseline's log that the user is shown."""


@dataclass(frozen=True)
class Outcome:
    """How a session ended this time."""

    reason: str
    interrupted: bool
    history: History


def run(project: Project, tag: str, proposer: Proposer, stop: StopSignal, observer: Observer) -> Outcome:
    """Open or resume session `tag`, and run it until something says stop. Raises AutoresearchError."""
    folder = SessionFolder(project.repository.common_dir, tag)
    with disk_faults(folder.path):
        died = folder.lock()
        try:
            history = _recover(folder, project.repository)
            journal = Journal.open(folder.journal)
            try:
                loop = _open(project, folder, journal, history, proposer, stop, observer)
                if died:
                    observer.notice(f"{died}: its session is taken over")
                return _live(project, loop)
            finally:
                journal.close()
        finally:
            folder.unlock()


@contextmanager
def disk_faults(place: Path) -> Iterator[None]:
    """A full or read-only disk is said to be one, wherever it is noticed."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        where = error.filename or place
        raise RepositoryError(
            f"{where}: {error.strerror or error}. Mend that, then run the same command again."
        ) from error


def _open(
    project: Project,
    folder: SessionFolder,
    journal: Journal,
    history: History,
    proposer: Proposer,
    stop: StopSignal,
    observer: Observer,
) -> Loop:
    """Everything in place for the first experiment of this life; the branch is made after the baseline."""
    repository, settings = project.repository, project.settings
    opened = history.opened or _opened(project, folder.tag, proposer.name)
    home = repository.here()
    if settings.in_place:
        repository.put_back(repository.changed())
        if history.experiments:
            repository.switch(folder.branch_name)
    incumbent = history.incumbent
    commit = incumbent.commit if incumbent and incumbent.commit else opened.base
    targets = find_targets(repository, commit, opened.targets)
    repository.exclude([RESULTS, ASIDE, HALF, RUN_LOG])
    results = ResultsFile(project.program.directory, repository.common_dir, folder.tag)
    if aside := results.claim():
        observer.notice(f"{RESULTS} was not written by autoresearch: it is now {aside.name}")
    where = make_tree(project, folder)
    where.write(targets)
    loop = Loop(
        settings=settings,
        journal=journal,
        history=history,
        repository=repository,
        folder=folder,
        runner=make_runner(project, where, project.program.directory / RUN_LOG),
        results=results,
        proposer=proposer,
        incumbent=targets,
        brief=_brief(project),
        fixed=project.fixed,
        stop=stop,
        observer=observer,
    )
    if history.opened is None:
        loop.record(opened)
    loop.record(
        Began(
            pid=os.getpid(),
            host=socket.gethostname(),
            version=__version__,
            home=home if settings.in_place and home != folder.branch_name else None,
        )
    )
    for other in folder.others_running():
        observer.notice(f"session {other} is running too: {RESULTS} and {RUN_LOG} show whichever wrote last")
    if history.experiments:
        _say_what_changed(project, opened, observer)
        loop.catch_up()
        loop.write_results(history.experiments)
    return loop


def _live(project: Project, loop: Loop) -> Outcome:
    """One life of a session, from its opening to its close."""
    try:
        try:
            if not loop.history.experiments:
                _begin(project, loop)
            outcome = Outcome(_until_stopped(loop), loop.stop.asked, loop.history)
        except Stopped as stopped:
            outcome = Outcome(str(stopped), stopped.interrupted, loop.history)
        except ProposerError as error:
            loop.record(Closed(reason=str(error)))
            raise
        loop.record(Closed(reason=outcome.reason))
        return Outcome(outcome.reason, outcome.interrupted, loop.history)
    finally:
        _leave(project, loop)


def _begin(project: Project, loop: Loop) -> None:
    """Canary and baseline. Raises BenchError or BudgetError, and then leaves no session behind."""
    if loop.settings.canary and not loop.history.canary_passed:
        _prove_target_runs(loop)
    decision = loop.measure_baseline(_knobs(loop))
    verdict = decision.verdict
    assert verdict is not None
    if verdict.status is Status.CRASH:
        if reason := spent_up(loop.settings.budget, loop.history, loop.elapsed_s):
            raise BudgetError(
                f"{reason} before the baseline finished. Raise `budget`, then run the same command again."
            )
        raise baseline_failure(project, verdict.reason, loop.runner.run_log)
    loop.accept_baseline(decision)
    if isinstance(loop.runner.tree, tree.InPlaceTree):
        loop.runner.tree.switch(loop.folder.branch_name)


def _prove_target_runs(loop: Loop) -> None:
    """With a target that must fail the bench must fail; otherwise every candidate would measure the baseline."""
    log = loop.folder.path / "runs" / "canary.log"
    said = loop.runner.run(loop.incumbent, log, loop.observer.tick, spoilt=True)
    loop.runner.tree.write(loop.incumbent)
    if said.failure is None:
        raise canary_failure(loop.settings, loop.incumbent, said)
    loop.record(Canary(failure=said.failure))


def baseline_failure(project: Project, reason: str, log: Path) -> BenchError:
    """That the unmodified target cannot be measured, with the end of its log and what may be missing."""
    shown = bench.tail(log, SHOWN_LINES)
    said = f" It printed:\n{shown}" if shown.strip() else " It printed nothing."
    loose = [] if project.settings.in_place else tree.left_out(project.repository, project.links)
    missing = f" Not in the session's tree, because git does not track it: {', '.join(loose[:8])} (see `link`)."
    return BenchError(
        f"the bench `{project.settings.bench}` does not run with the unmodified target: {reason}.{said}\n"
        f"Mend it, commit, and run again.{missing if loose else ''}"
    )


def canary_failure(settings: Settings, targets: Mapping[str, Tracked], said: Measurement) -> BenchError:
    """That the bench does not run the target."""
    return BenchError(
        f"the bench `{settings.bench}` printed {settings.metric.name}: {said.value:g} although {', '.join(targets)} "
        "was broken on purpose, so it does not run the target where the session edits it. Have it run the target by a "
        "relative path (an editable install runs your checkout instead), use --in-place, or, if the bench is meant "
        "to survive a broken target, --no-canary."
    )


def _until_stopped(loop: Loop) -> str:
    """Experiment after experiment. Returns why it ended."""
    while True:
        if loop.stop.asked:
            return f"stopped by {loop.stop.name}"
        settings, history = loop.settings, loop.history
        reason = spent_up(settings.budget, history, loop.elapsed_s) or plateau(settings.patience, history)
        pending = history.pending
        if reason and (pending is None or (pending.proposal is None and pending.verdict is None)):
            return reason
        loop.experiment()


def _leave(project: Project, loop: Loop) -> None:
    """Give the user's checkout back, and what only a running session needs."""
    # By the journal, not by the loop: a signal may have come between the two.
    history = _read(loop.folder)
    if isinstance(loop.runner.tree, tree.InPlaceTree):
        loop.runner.tree.write(loop.incumbent)
        if history.experiments and history.home:
            loop.runner.tree.switch(history.home)
    if not history.begun:
        loop.folder.wipe(project.repository)
    elif not loop.settings.in_place:
        loop.catch_up()
        loop.folder.drop_trees(project.repository)


def refuse_other(project: Project, tag: str) -> None:
    """Before anything is changed: raise when `tag` cannot be begun, nor resumed with these settings."""
    repository, folder = project.repository, SessionFolder(project.repository.common_dir, tag)
    history = _read(folder)
    if project.settings.in_place:
        _refuse_branch_of_another(repository, folder)
        _refuse_changes(project, folder, history)
    if history.begun:
        _refuse_changed_settings(project, history)
        _refuse_moved_branch(repository, folder, history)
        return
    for name in ("refs/heads/autoresearch", folder.branch, *repository.refs(folder.ref(""))):
        if repository.ref(name) is not None:
            short = name.removeprefix("refs/heads/")
            what = "branch" if short != name else "ref"
            raise RepositoryError(
                f"{what} {short} exists and is not a session of this repository's. Delete it, or choose another --tag."
            )


def _refuse_branch_of_another(repository: Repository, folder: SessionFolder) -> None:
    """A killed in-place session leaves the user on its branch, which is no place to begin another one."""
    here = repository.branch() or ""
    if here.startswith("refs/heads/autoresearch/") and here != folder.branch:
        short = here.removeprefix("refs/heads/")
        tag = short.removeprefix("autoresearch/")
        raise RepositoryError(
            f"{short} is checked out, the branch of another session. Finish it with `autoresearch run --tag {tag} "
            "--in-place`, or check out your own branch, then run the same command again."
        )


def at_base(project: Project, tag: str) -> Project:
    """The project as the session's base has it: on a resume HEAD may have moved on, and the session has not."""
    history = _read(SessionFolder(project.repository.common_dir, tag))
    if not history.begun or history.opened is None:
        return project
    base, repository = history.opened.base, project.repository
    targets = find_targets(repository, base, history.opened.targets)
    fixed = find_fixed(repository, base, project.settings, targets)
    return replace(project, base=base, targets=targets, fixed=fixed)


def _refuse_changes(project: Project, folder: SessionFolder, history: History) -> None:
    """In place nothing of the user's may lie in the way; what a killed life of the session left there is ours."""
    repository = project.repository
    ours: list[tuple[str, bytes | None]] = [(path, tree.spoilt(path)) for path in project.targets]
    pending = history.pending
    if pending and pending.proposal and pending.proposal.files:  # the baseline has none
        for repair in range(pending.proposal.repair + 1):
            ours += [(path, text.encode()) for path, text in folder.load_candidate(pending.n, repair).items()]
    if incumbent := history.incumbent:
        files = find_targets(repository, incumbent.commit or "", list(project.targets))
        ours += [(path, file.data) for path, file in files.items()]
    left = {repository.full(path) for path, data in ours if history.opened and repository.holds(path, data)}
    changed = [path for path in repository.changed() if path not in left]
    if changed:
        raise RepositoryError(
            f"{', '.join(changed[:5])} has changes that autoresearch did not make. "
            "Commit or stash them, then run the same command again."
        )


def _refuse_changed_settings(project: Project, history: History) -> None:
    opened, settings = history.opened, project.settings
    assert opened is not None
    now: dict[str, object] = {
        "metric": settings.metric.name,
        "metric pattern": settings.metric.pattern,
        "direction": settings.direction.value,
        "target": ", ".join(project.targets),
        "bench": settings.bench,
        "columns": ", ".join(settings.columns),
        "project": project.repository.prefix,
        "in_place": settings.in_place,
    }
    then: dict[str, object] = {
        "metric": opened.metric,
        "metric pattern": opened.pattern,
        "direction": opened.direction.value,
        "target": ", ".join(opened.targets),
        "bench": opened.bench,
        "columns": ", ".join(opened.columns),
        "project": opened.project,
        "in_place": opened.in_place,
    }
    for name, value in now.items():
        if value != then[name]:
            raise SettingsError(
                f"session {opened.tag} was begun with {name} {then[name]!r}, now it is {value!r}: that would be "
                "another session. Set it back, or begin a new --tag."
            )


def make_proposer(project: Project, tag: str, tick: Callable[[], None]) -> Proposer:
    """The proposer that the settings ask for; a command gets a scratch checkout of its own."""
    folder = SessionFolder(project.repository.common_dir, tag)
    scratch = Scratch(
        repository=project.repository,
        folder=folder.scratch,
        base=project.base,
        modes={path: file.mode for path, file in project.targets.items()},
        environment=os.environ,
        timeout_s=project.settings.reply_timeout,
        tick=tick,
    )

    def edit(command: str, prompt: str, files: Mapping[str, str]) -> Edited:
        return Edited(*scratch.run(command, prompt, files))

    texts = {path: file.data.decode() for path, file in project.targets.items()}
    return make(project.settings, os.environ, texts, edit)


def _opened(project: Project, tag: str, model: str) -> Opened:
    settings = project.settings
    return Opened(
        version=__version__,
        tag=tag,
        base=project.base,
        metric=settings.metric.name,
        direction=settings.direction,
        columns=settings.columns,
        targets=tuple(project.targets),
        bench=settings.bench,
        pattern=settings.metric.pattern,
        model=model,
        project=project.repository.prefix,
        in_place=settings.in_place,
    )


def _say_what_changed(project: Project, opened: Opened, observer: Observer) -> None:
    """A session goes on with what it began with, and says so when HEAD has other fixed files by now."""
    mine = {*opened.targets, project.program.path.name}
    changed = [path for path in project.repository.differing(opened.base, "HEAD") if path not in mine]
    if changed:
        observer.notice(
            f"{', '.join(changed[:5])} changed since the session began at {opened.base[:7]}; it goes on with what was "
            "there then. Begin a new --tag to use the change"
        )


def make_tree(project: Project, folder: SessionFolder) -> tree.Tree:
    """Where runs happen: a tree of the session's own at the base, or in place the user's checkout as it is."""
    if project.settings.in_place:
        return tree.InPlaceTree(project.repository)
    return tree.linked(project.repository, folder.tree, project.base, project.links)


def make_runner(project: Project, where: tree.Tree, run_log: Path) -> Runner:
    """How the project's bench is run in a tree."""
    settings = project.settings
    return Runner(
        command=settings.bench,
        metric=settings.measured,
        columns=settings.columns,
        timeout_s=settings.timeout,
        tree=where,
        run_log=run_log,
        environment=bench.environment(os.environ),
    )


def first_request(project: Project) -> Request:
    """What the first experiment would ask, for estimates and `--dry-run`."""
    texts = {path: file.data.decode() for path, file in project.targets.items()}
    history = History()
    material = prompt.Material(project.program.prose, texts, project.fixed, "", plan.hint(history))
    asking = prompt.build(project.settings, history, material)
    return Request(n=2, prompt=asking, files=texts, metric=project.settings.measured, baseline=None)


def _brief(project: Project) -> Callable[[], str]:
    """The prose of program.md as it is now; as it was, when it cannot be read any more."""
    known = project.program.prose

    def read() -> str:
        nonlocal known
        with suppress(SettingsError):
            known = program_file.read(project.program.path).prose
        return known

    return read


def _knobs(loop: Loop) -> dict[str, Scalar]:
    """The baseline's numbers, for the tuner to begin with."""
    if loop.proposer.name != "tune":
        return {}
    from autoresearch.propose.tune import current

    return dict(current({path: file.data.decode() for path, file in loop.incumbent.items()}))


def _refuse_moved_branch(repository: Repository, folder: SessionFolder, history: History) -> None:
    """Raises RepositoryError when somebody else moved or deleted the session's branch."""
    if not history.experiments:
        return
    keeps = {e.commit for e in (*history.experiments, history.pending) if e and e.kept}
    incumbent = history.incumbent
    assert incumbent is not None
    assert incumbent.commit is not None
    tip, short = repository.ref(folder.branch), incumbent.commit[:10]
    if tip is None:
        raise RepositoryError(
            f"branch {folder.branch_name} is gone. Bring it back with "
            f"`git branch {folder.branch_name} {short}`, or begin a new --tag."
        )
    if tip not in keeps:
        raise RepositoryError(
            f"branch {folder.branch_name} has commits that autoresearch did not make. Put it back with "
            f"`git branch -f {folder.branch_name} {short}` (keep yours under another name first), or begin a new --tag."
        )


def _read(folder: SessionFolder) -> History:
    return fold(read(folder.journal)) if folder.journal.exists() else History()


def _recover(folder: SessionFolder, repository: Repository) -> History:
    """The history to go on from. A session that never had a baseline is begun anew: nothing in it counts."""
    history = _read(folder)
    if not history.begun and folder.journal.exists():
        folder.wipe(repository)
        return History()
    return history
