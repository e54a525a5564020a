"""How a proposal is come by: planned, shown to whoever is asked, and planned anew where that comes to nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from autoresearch.asking import Asking, TooDear
from autoresearch.decide import plan, prompt
from autoresearch.decide.bandit import pick
from autoresearch.decide.history import History
from autoresearch.decide.outcome import Past
from autoresearch.decide.plan import Plan
from autoresearch.decide.prompt import Material
from autoresearch.decide.tallies import earned
from autoresearch.edge import bench
from autoresearch.edge.repo import Repository
from autoresearch.errors import ExhaustedError, PromptTooLongError, ProposerError, RepositoryError
from autoresearch.model import Prompt
from autoresearch.propose.patience import GO_ON
from autoresearch.records import Planned

Texts = Mapping[str, str]
"""Target → its text."""


@dataclass
class Proposing:
    """What a proposal is made from."""

    asking: Asking
    repository: Repository
    past: Past
    brief: Callable[[], str]
    """Reads the prose of program.md anew."""
    notes: Callable[[], str]
    """Reads notes.md anew."""
    diffs: Mapping[int, str] = field(default_factory=dict)
    """What the experiments changed that prompts show."""
    shorter: dict[str, int] = field(default_factory=dict)
    """Proposer → how much of its prompts is left out, because one was too long."""
    tuned_out: int | None = None
    """The incumbent for which the tuner has nothing left to try, or whose numbers it cannot find."""

    def propose(self, incumbent: Texts) -> bool:
        """Ask for an edit of the incumbent, or of what the plan starts from; True when a proposal was accepted.

        Where the tuner has nothing left, or one of several proposers gives up, another plan is made. Raises Stopped,
        ProposerError.
        """
        while True:
            planned = self._plan(incumbent)
            try:
                return self._ask(planned, incumbent)
            except TooDear as stopped:
                self._spare(planned.by, stopped)
            except ProposerError as error:
                if planned.rung == "burst":
                    self.tuned_out = self._incumbent
                elif not (isinstance(error, PromptTooLongError) and self._shorten(planned.by, error)):
                    self._leave_out(planned.by, error)

    @property
    def can_repair(self) -> bool:
        """True where whoever proposed the present experiment can mend it too."""
        return self.asking.proposer.can_repair

    def mend(self, texts: Texts, log: str, failure: str, *, repair: int) -> bool:
        """Show a crash to whoever proposed it; True when a mended candidate takes its place."""
        material = Material(self.brief(), texts, self.asking.fixed, log, hint="")
        try:
            asking = prompt.build_repair(self.asking.settings, self._history, material, failure)
            return self.asking.until_it_lands(asking, texts, repair=repair)
        except PromptTooLongError:
            return False
        except TooDear as stopped:
            self._spare(self.asking.proposer.name, stopped)
            return False
        except ProposerError as error:
            self._leave_out(self.asking.proposer.name, error)
            return False

    def _ask(self, planned: Planned, incumbent: Texts) -> bool:
        earlier = self._texts_of(planned.start)
        if planned.start and earlier is None:
            planned = planned.model_copy(update={"start": None, "hint": ""})
        texts = earlier or incumbent
        return self.asking.until_it_lands(self._prompt(planned, texts), texts)

    def _shorten(self, name: str, error: ProposerError) -> bool:
        """Leave more out of a proposer's prompts; False where nothing is left to leave out."""
        stage = self.shorter.get(name, 0) or int(len(self._followed()) <= 1)  # at first there is no history
        if stage == len(prompt.SHORTER):
            return False
        self._notice(f"{error} It is sent again without {prompt.SHORTER[stage]}")
        self.shorter[name] = stage + 1
        return True

    def _spare(self, name: str, stopped: TooDear) -> None:
        """Ask one of several no longer that the budget does not cover. Raises where there is no other."""
        if not self.asking.roster.leave_out(name, stopped):
            raise stopped
        self._notice(f"{name} is asked no more: {stopped}")

    def _leave_out(self, name: str, error: ProposerError) -> None:
        """Ask one of several no longer, or not for a while. Raises the error where there is no other."""
        roster = self.asking.roster
        if len(roster.all) == 1:
            raise error
        if not roster.leave_out(name, error):
            if isinstance(error, ExhaustedError):
                raise error
            raise ProposerError(f"{error} Nobody else can be asked. {GO_ON}") from error
        self._notice(f"{error} From here on {', '.join(roster.names)} is asked")

    def _plan(self, incumbent: Texts) -> Planned:
        """The plan of the present experiment, journalled before anything comes of it."""
        current = self._history.current
        known = current.planned
        if known and (self._tunable(incumbent) if known.rung == "burst" else known.by in self.asking.roster.names):
            return known
        made = self._next_plan(incumbent)
        by = "tune" if made.rung == "burst" else self._pick()
        planned = Planned(n=current.n, rung=made.rung, idea=made.idea, hint=made.hint, by=by, start=made.start)
        self.asking.ledger.record(planned)
        return planned

    def _next_plan(self, incumbent: Texts) -> Plan:
        if self.asking.roster.tunes:
            return plan.TUNING
        patience, tunable = self.asking.settings.patience, lambda: self._tunable(incumbent)
        return plan.plan(self._history, self._followed(), patience, tunable=tunable)

    def _pick(self) -> str:
        names, metric = self.asking.roster.names, self.asking.settings.measured
        if len(names) == 1:
            return names[0]
        return pick(names, {each.name: each for each in earned(self._history, self._followed(), metric)})

    def _tunable(self, incumbent: Texts) -> bool:
        """True where the tuner has something left to try on the incumbent; says once why it cannot look."""
        from autoresearch.propose.survey import current

        try:
            return self.tuned_out != self._incumbent and bool(current(incumbent, self.asking.roster.elsewhere))
        except ProposerError as error:  # an annotation that does not fit, or no ast-grep
            self.tuned_out = self._incumbent
            self._notice(f"the tuner cannot try the incumbent's numbers: {error}")
            return False

    def _texts_of(self, start: int | None) -> Texts | None:
        """The targets as an earlier experiment had them."""
        experiment = self._history.experiments[start - 1] if start else None
        if experiment is None or experiment.commit is None or self._history.opened is None:
            return None
        try:
            found = {path: self.repository.tracked(experiment.commit, path) for path in self._history.opened.targets}
        except RepositoryError:  # somebody has deleted its ref, and git the commit
            return None
        return {path: file.data.decode() for path, file in found.items() if file}

    def _prompt(self, planned: Planned, texts: Texts) -> Prompt:
        """What the proposer is shown; the tuner reads nothing but the texts."""
        if planned.by == "tune":
            return Prompt("", ())
        past = self._followed()
        log = past[-1].experiment.last_log
        material = Material(
            prose=self.brief(),
            files=texts,
            fixed=self.asking.fixed,
            log_tail=bench.ends(self.asking.folder.path / log) if log else "",
            hint=planned.hint,
            diffs=self._diffs(prompt.wanted(past)),
            notes=self.notes(),
            start=planned.start,
            shorter=self.shorter.get(planned.by, 0),
        )
        return prompt.build(self.asking.settings, self._history, past, material)

    def _diffs(self, wanted: Sequence[int]) -> Mapping[int, str]:
        """What each of these experiments changed; git is asked once for each."""
        commits = {n: self._history.experiments[n - 1].commit for n in wanted}
        known = {n: self.diffs[n] for n in wanted if n in self.diffs}
        self.diffs = {n: known.get(n) or self._diff(commit) for n, commit in commits.items() if commit}
        return self.diffs

    def _diff(self, commit: str) -> str:
        try:
            return self.repository.diff(commit)
        except RepositoryError:
            return "(its commit is gone)"

    def _followed(self) -> Past:
        return self.past.follow(self._history.experiments)

    def _notice(self, text: str) -> None:
        self.asking.ledger.observer.notice(text)

    @property
    def _history(self) -> History:
        return self.asking.ledger.history

    @property
    def _incumbent(self) -> int | None:
        incumbent = self._history.incumbent
        return incumbent.n if incumbent else None
