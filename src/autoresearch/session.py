"""A session: open or resume, canary, baseline, experiments until something says stop, close."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autoresearch import __version__, brief, lessons
from autoresearch.arms import Arms, Stopped
from autoresearch.asking import Asking
from autoresearch.decide.budget import plateau, spent_up
from autoresearch.decide.history import History
from autoresearch.decide.outcome import Past
from autoresearch.edge import bench, coin, footprint, tree
from autoresearch.edge.branch import SessionBranch
from autoresearch.edge.commit import Tracked
from autoresearch.edge.derived import IGNORED, LEARNINGS, RESULTS, RUN_LOG, Derived
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.journal import Journal
from autoresearch.edge.repo import Repository
from autoresearch.edge.sandbox import Kind, close_memory
from autoresearch.edge.signals import StopSignal
from autoresearch.equipment import make_gates, make_runner, make_sandbox, make_tree
from autoresearch.errors import (
    BenchError,
    BudgetError,
    ExhaustedError,
    ProposerError,
    RepositoryError,
)
from autoresearch.gates import SHOWN_LINES, Gatekeeper
from autoresearch.hints import hints
from autoresearch.label import label
from autoresearch.ledger import Ledger
from autoresearch.loop import Loop
from autoresearch.model import Measurement, Scalar, Status
from autoresearch.observer import Observer
from autoresearch.project import Project, find_targets
from autoresearch.propose.roster import Roster
from autoresearch.proposing import Proposing
from autoresearch.records import Began, Canary, Closed, Labelled, Opened
from autoresearch.resume import gates_changed, history_of, refuse_changes, what_changed
from autoresearch.settings import Settings


@dataclass(frozen=True)
class Outcome:
    """How a session ended this time."""

    reason: str
    interrupted: bool
    history: History


def run(project: Project, tag: str, roster: Roster, stop: StopSignal, observer: Observer) -> Outcome:
    """Open or resume session `tag`, and run it until something says stop. Raises AutoresearchError."""
    folder = SessionFolder(project.repository.common_dir, tag)
    close_memory()
    with disk_faults(folder.path):
        died = folder.lock()
        try:
            if project.settings.in_place:
                footprint.put_back(project.repository, refuse_changes(project, folder, history_of(folder)))
            history = _recover(folder, project.repository)
            journal = Journal.open(folder.journal)
            try:
                try:
                    loop = _open(project, folder, journal, history, roster, stop, observer)
                except BaseException:
                    if not history.begun:
                        folder.wipe(project.repository)
                    raise
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
    roster: Roster,
    stop: StopSignal,
    observer: Observer,
) -> Loop:
    """Everything in place for the first experiment of this life; the branch is made after the baseline."""
    repository, settings = project.repository, project.settings
    opened = history.opened or _opened(project, folder.tag, ", ".join(roster.names))
    home = repository.here()
    if settings.in_place and history.experiments:
        footprint.switch(repository, folder.branch_name)
    incumbent = history.incumbent
    commit = incumbent.commit if incumbent and incumbent.commit else opened.base
    targets = find_targets(repository, commit, opened.targets)
    repository.exclude(IGNORED)
    folder.drop_held_out(repository)  # a kill may have left it, and candidates run beside it
    results = Derived(RESULTS, project.program.directory, repository.common_dir, folder.tag)
    if aside := results.claim():
        observer.notice(f"{RESULTS} was not written by autoresearch: it is now {aside.name}")
    box = make_sandbox(project, folder.path)
    if box.gap:
        observer.notice(box.gap)
    where = make_tree(project, folder.tree, box)
    where.write(targets)
    ledger = Ledger(journal, history, observer)
    runner = make_runner(project, where, box, project.program.directory / RUN_LOG)
    loop = Loop(
        settings=settings,
        ledger=ledger,
        repository=repository,
        folder=folder,
        branch=SessionBranch(repository, folder, settings.in_place),
        arms=Arms(ledger, folder, runner, stop),
        gatekeeper=Gatekeeper(make_gates(project, folder, runner), ledger, folder, stop),
        results=results,
        incumbent=targets,
        proposing=Proposing(
            asking=Asking(settings, ledger, folder, roster, project.fixed, stop),
            repository=repository,
            past=Past(settings.measured),
            brief=brief.prose(project, observer.notice),
            notes=brief.notes(project, observer.notice),
        ),
        stop=stop,
    )
    if history.opened is None:
        loop.ledger.record(opened)
    loop.ledger.record(
        Began(
            pid=os.getpid(),
            host=socket.gethostname(),
            version=__version__,
            home=home if settings.in_place and home != folder.branch_name else None,
            timeout_s=settings.timeout,
            check_timeout_s=settings.check_timeout,
            confirm_timeout_s=settings.confirm_timeout,
            link=settings.link,
            network=settings.network,
            cache=settings.cache,
            env=settings.env,
            sandbox=box.kind,
            budget=settings.budget.model_dump(exclude_none=True),
            patience=settings.patience,
            canary=_canary_is_due(settings, history),
            again=project.again,
        )
    )
    for other in folder.others_running():
        observer.notice(f"session {other} is running too: {RESULTS} and {RUN_LOG} show whichever wrote last")
    if history.experiments:
        observer.notice(f"session {folder.tag} goes on after experiment {len(history.experiments)}")
        if changed := what_changed(project, opened):
            observer.notice(changed)
        for changed_gate in gates_changed(project, opened):
            observer.notice(changed_gate)
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
        except ExhaustedError as end:
            outcome = Outcome(str(end), False, loop.history)
        except Stopped as stopped:
            outcome = Outcome(str(stopped), stopped.interrupted, loop.history)
        except ProposerError as error:
            _close(project, loop, str(error))
            raise
        _close(project, loop, outcome.reason)
        return Outcome(outcome.reason, outcome.interrupted, loop.history)
    finally:
        _leave(project, loop)


def _close(project: Project, loop: Loop, reason: str) -> None:
    """The life's last record, and what was learnt for whoever begins the next session."""
    loop.ledger.record(Closed(reason=reason))
    if not loop.history.tries:
        return
    if elsewhere := lessons.leave(project, loop.folder, loop.history, loop.proposing.past):
        loop.ledger.observer.notice(f"{LEARNINGS} is yours: what was learnt is in {elsewhere}")


def _canary_is_due(settings: Settings, history: History) -> bool:
    return settings.canary and not history.canary_passed and not history.experiments


def _begin(project: Project, loop: Loop) -> None:
    """Canary and baseline. Raises BenchError or BudgetError, and then leaves no session behind."""
    if _canary_is_due(loop.settings, loop.history):
        _prove_target_runs(loop)
    if loop.stop.asked:
        raise Stopped(f"stopped by {loop.stop.name}", interrupted=True)
    decision = loop.measure_baseline(_knobs(loop))
    verdict = decision.verdict
    assert verdict is not None
    if verdict.status is Status.CRASH:
        if reason := spent_up(loop.settings.budget, loop.history, loop.ledger.elapsed_s):
            raise BudgetError(
                f"{reason} before the baseline finished. Raise `budget`, then run the same command again."
            )
        kind, log = loop.arms.runner.sandbox.kind, project.program.directory / RUN_LOG
        raise baseline_failure(project, kind, verdict.reason, log)
    loop.gatekeeper.prove(loop.incumbent)
    assert loop.history.pending is not None
    if loop.history.label is None:  # else it died behind this, and the log may be gone
        log = loop.folder.path / loop.history.pending.runs[-1].log
        loop.ledger.record(Labelled(label=label(project, log)))
    loop.accept_baseline(decision)
    if isinstance(loop.arms.runner.tree, tree.InPlaceTree):
        loop.arms.runner.tree.switch(loop.folder.branch_name)


def _prove_target_runs(loop: Loop) -> None:
    """With a target that must fail the bench must fail; otherwise every candidate would measure the baseline."""
    log = loop.folder.path / "runs" / "canary.log"
    said = loop.arms.runner.run(loop.incumbent, log, loop.ledger.observer.tick, spoilt=True, seed=coin.seed())
    loop.arms.runner.tree.write(loop.incumbent)
    if said.failure is None:
        raise canary_failure(loop.settings, loop.incumbent, said)
    loop.ledger.record(Canary(failure=said.failure))


def baseline_failure(project: Project, kind: Kind, reason: str, log: Path) -> BenchError:
    """That the unmodified target cannot be measured in this kind of sandbox, with the end of its log and hints."""
    shown = bench.tail(log, SHOWN_LINES)
    said = f" It printed:\n{shown}" if shown.strip() else " It printed nothing."
    return BenchError(
        f"the bench `{project.settings.bench}` does not run with the unmodified target: {reason}.{said}\n"
        f"{' '.join(['Mend it, commit, and run again.', *hints(project, kind, reason, shown)])}"
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
        reason = spent_up(settings.budget, history, loop.ledger.elapsed_s) or plateau(settings.patience, history)
        pending = history.pending
        if reason and (pending is None or (pending.proposal is None and pending.verdict is None)):
            return reason
        loop.experiment()


def _leave(project: Project, loop: Loop) -> None:
    """Give the user's checkout back, and what only a running session needs."""
    # A session that seems never to have begun is looked up in the journal: a signal may have come between the two.
    history = loop.history if loop.history.begun else history_of(loop.folder)
    if isinstance(loop.arms.runner.tree, tree.InPlaceTree):
        loop.arms.runner.tree.give_back(loop.incumbent, history.home if history.experiments else None)
    if not history.begun:
        loop.folder.wipe(project.repository)
    else:
        if not loop.settings.in_place:
            loop.catch_up()
        loop.folder.drop_trees(project.repository)


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
        take=settings.metric.take,
        require=settings.require,
        model=model,
        project=project.repository.prefix,
        in_place=settings.in_place,
        decide=settings.decide,
        alpha=settings.alpha,
        max_losses=settings.max_losses,
        min_gain=settings.min_gain,
        simplify=settings.simplify,
        guards=", ".join(guard.text() for guard in settings.guards),
        bounds=settings.bounds.text(),
        check=settings.check,
        confirm=settings.confirm,
    )


def _knobs(loop: Loop) -> dict[str, Scalar]:
    """The baseline's numbers, for the tuner to begin with."""
    if not loop.proposing.asking.roster.tunes:
        return {}
    from autoresearch.propose.survey import current

    return dict(current({path: file.data.decode() for path, file in loop.incumbent.items()}))


def _recover(folder: SessionFolder, repository: Repository) -> History:
    """The history to go on from. A session that never had a baseline is begun anew: nothing in it counts."""
    history = history_of(folder)
    if not history.begun and folder.journal.exists():
        folder.wipe(repository)
        return History()
    return history
