"""Hooks: commands of the user's at a keep, a stall and the end, run between two measurements and never beside one."""

from __future__ import annotations

import time
from collections.abc import Sequence

from autoresearch.decide.history import History
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.hook import LOG, Hook
from autoresearch.errors import AutoresearchError
from autoresearch.figures import clock
from autoresearch.moments import Ending, Moment, moment, stalled, told
from autoresearch.observer import Attentive, Observer
from autoresearch.project import Project
from autoresearch.records import AnyRecord, Began, Planned

OUTAGE_S = 300.0
"""A proposer that cannot be reached for longer stalls the session."""


class Hooks:
    """An observer that runs them. None can end or change a session, or hold it up beyond its time limit.

    What they are was read when the session began: nothing that happens in it can change them.
    """

    def __init__(self, project: Project, tag: str, view: Observer, others: Sequence[Observer] = ()) -> None:
        settings = project.settings
        commands: dict[Moment, str | None] = {
            "keep": settings.on_keep,
            "stall": settings.on_stall,
            "finish": settings.on_finish,
        }
        folder = SessionFolder(project.repository.common_dir, tag).path
        self._hooks = {
            moment: Hook(f"on_{moment}", command, project.program.directory, folder, settings.hook_timeout)
            for moment, command in commands.items()
            if command
        }
        self._settings, self._tag, self._view, self._others = settings, tag, view, others
        self._history = History()
        self._began = False
        self._out_since: float | None = None
        self._told_outage = False
        self._complained: set[str] = set()

    def record(self, record: AnyRecord, history: History) -> None:
        """Run the hook of what was just journalled, if that has one."""
        self._history = history
        self._began = self._began or isinstance(record, Began)
        if not isinstance(record, Planned):  # which only says who is asked next
            self._out_since, self._told_outage = None, False
        if found := moment(record, history, self._settings.patience):
            latest = history.experiments[-1].verdict
            self._run(found, stalled(history) if found == "stall" else latest.reason if latest else "")

    def notice(self, text: str) -> None:
        """Hooks are told of moments alone."""

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """Tell once of an outage that lasts, or is known to last once this wait is over."""
        now = time.monotonic()
        self._out_since = now if self._out_since is None else self._out_since
        lasts_s = until_s - self._out_since
        if lasts_s >= OUTAGE_S and not self._told_outage:
            self._told_outage = True
            so_long = f"no answer for {clock(lasts_s)} by the next try; gives up in {clock(gives_up_s - now)}"
            self._run("stall", f"{who} cannot be reached: {why}; {so_long}")

    def tick(self) -> None:
        """No hook has to do with time."""

    def finished(self, ending: Ending, reason: str) -> None:
        """Tell of the end. To be called when all is put away, so that a hook may work on the session."""
        if self._began:
            self._run("finish", reason, ending)

    def _run(self, moment: Moment, reason: str, ending: Ending | None = None) -> None:
        hook = self._hooks.get(moment)
        if hook is None or not self._history.experiments:
            return
        self._busy(hook, ending)
        try:
            failure = hook.run(told(moment, self._history, self._settings, reason, ending), self._view.tick)
            where = f"; what it printed: .git/autoresearch/{self._tag}/{LOG}" if failure else ""
        except (AutoresearchError, OSError, ValueError) as error:
            failure, where = f"could not be run: {str(error).rstrip('.')}", ""
        finally:
            self._busy(None, ending)
        if failure and (said := f"{hook.name} {failure}") not in self._complained:
            self._complained.add(said)
            self._view.notice(f"{said}{where}" + ("" if ending else " (the session goes on; said once)"))

    def _busy(self, hook: Hook | None, ending: Ending | None) -> None:
        """Say what runs. In the end it is only seen: the session may have become somebody else's to tell of."""
        for one in (self._view, *(() if ending else self._others)):
            if isinstance(one, Attentive):
                one.busy(hook.name if hook else "", time.time(), hook.timeout_s if hook else None)
