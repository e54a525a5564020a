"""A verification: the session's final head against its baseline, in fresh coin-flip pairs, journalled as it goes."""

from __future__ import annotations

from collections.abc import Mapping

from autoresearch import lessons
from autoresearch.arms import Arms
from autoresearch.decide.history import VERIFICATION, Experiment, Verification
from autoresearch.decide.policy import FAULTS, PAIR, Decision
from autoresearch.decide.rounds import rounds
from autoresearch.edge import footprint, tree
from autoresearch.edge.commit import Tracked
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.journal import Journal
from autoresearch.edge.repo import Repository
from autoresearch.edge.signals import StopSignal
from autoresearch.equipment import make_runner, make_sandbox, make_tree
from autoresearch.errors import SettingsError
from autoresearch.ledger import Ledger
from autoresearch.observer import Observer
from autoresearch.project import Project, find_targets
from autoresearch.records import Arm, Verifying
from autoresearch.resume import history_of, refuse_changes
from autoresearch.session import disk_faults


def verify(project: Project, tag: str, pairs: int, stop: StopSignal, observer: Observer) -> Verification:
    """Measure head and baseline of session `tag` in so many pairs, or go on with the pairs of an earlier call.

    `project` is as the session's base has it. Raises AutoresearchError, and Stopped between two runs.
    """
    folder = SessionFolder(project.repository.common_dir, tag)
    with disk_faults(folder.path):
        folder.lock()
        try:
            journal = Journal.open(folder.journal)
            try:
                return _measure(project, Ledger(journal, history_of(folder), observer), folder, pairs, stop)
            finally:
                journal.close()
        finally:
            folder.unlock()


def _measure(project: Project, ledger: Ledger, folder: SessionFolder, pairs: int, stop: StopSignal) -> Verification:
    repository, before = project.repository, ledger.history.verification
    home = _home(repository, folder, before)
    asked = _asked(project, ledger, pairs, home)
    if before and (before.asked.baseline, before.asked.head) == (asked.baseline, asked.head):
        asked = _more(before, pairs, ledger.observer)
    ledger.record(asked)
    ends: dict[Arm, dict[str, Tracked]] = {
        "incumbent": find_targets(repository, asked.baseline, list(project.targets)),
        "candidate": find_targets(repository, asked.head, list(project.targets)),
    }
    if project.settings.in_place:
        footprint.put_back(repository, refuse_changes(project, folder, ledger.history))
        footprint.switch(repository, folder.branch_name)
    box = make_sandbox(project, folder.path)
    where = make_tree(project, folder.tree, box)

    def files(arm: Arm) -> Mapping[str, Tracked]:
        return ends[arm]

    def known() -> Verification:
        assert ledger.history.verification is not None
        return ledger.history.verification

    def current() -> Experiment:
        return known().measured

    try:
        arms = Arms(ledger, folder, make_runner(project, where, box, run_log=None), stop)
        arms.measure(current, files, lambda _: due(known()), spent=lambda: None)
        lessons.renew(project, folder, ledger.history)
    finally:
        if isinstance(where, tree.InPlaceTree):
            where.write(ends["candidate"])
            where.switch(home)
        else:
            folder.drop_trees(repository)
    return known()


def due(known: Verification) -> Decision:
    """The next step of a verification: a pair after the other, whatever the ones before said; nothing when done."""
    done = rounds(known.measured)
    latest = known.measured.runs[known.forgiven :][-FAULTS:]
    if len(latest) == FAULTS and all(run.value is None for run in latest):
        which = "baseline" if latest[-1].arm == "incumbent" else "head"
        return Decision(fault=f"the {which}, which ran before, failed: {latest[-1].failure}")
    if len(done.pairs) >= known.asked.pairs:
        return Decision()
    return Decision(run=done.due.arm) if done.due else Decision(draw=PAIR)


def _home(repository: Repository, folder: SessionFolder, before: Verification | None) -> str:
    """Where the user was. A verification that was killed in place has left them on the session's branch."""
    here = repository.here()
    killed = before is not None and due(before) != Decision()
    return before.asked.home or here if before and killed and here == folder.branch_name else here


def _asked(project: Project, ledger: Ledger, pairs: int, home: str) -> Verifying:
    incumbent, opened = ledger.history.incumbent, ledger.history.opened
    assert opened is not None
    if project.repository.prefix != opened.project:
        raise SettingsError(
            f"session {opened.tag} is of the project {opened.project} of this repository, not of "
            f"{project.repository.prefix}. Run the same command there, or name its program.md with --program."
        )
    if incumbent is None or incumbent.commit is None or not ledger.history.kept:
        raise SettingsError(f"session {opened.tag} has kept nothing: there is no gain to verify.")
    return Verifying(n=VERIFICATION, baseline=opened.base, head=incumbent.commit, pairs=pairs, home=home)


def _more(before: Verification, pairs: int, observer: Observer) -> Verifying:
    """More pairs of the same two commits, or those that are still due; the pairs that there are count, liked or not."""
    known = before.asked
    if due(before) == Decision():
        observer.notice(f"added to the {known.pairs} pairs that there are")
        return known.model_copy(update={"goes_on": True, "pairs": known.pairs + pairs, "settled": known.pairs})
    if known.pairs - known.settled != pairs:
        observer.notice(f"goes on with what was cut short, up to {known.pairs} pairs in all; --pairs is for a new one")
    return known.model_copy(update={"goes_on": True})
