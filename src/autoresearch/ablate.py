"""An ablation: the head against the head without each kept change; which are dead weight, also all together."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from autoresearch import remeasure
from autoresearch.audited import Plan, texts_at
from autoresearch.decide.ablation import Ablation, Standing, standing, worth
from autoresearch.decide.history import BASELINE, Experiment, History
from autoresearch.decide.interval import Interval
from autoresearch.decide.outcome import Past
from autoresearch.decide.policy import Decision
from autoresearch.decide.shrink import Changes, Course, Removal, course
from autoresearch.edge.commit import Tracked
from autoresearch.edge.lineage import Commit
from autoresearch.edge.pick import Picked, Picker, pick
from autoresearch.edge.signals import StopSignal
from autoresearch.model import Status, Verdict
from autoresearch.observer import Observer
from autoresearch.records import Arm, Without
from autoresearch.remeasure import Comparison, Texts

ITSELF = BASELINE + 1
"""Number of the experiment that has the head against itself, where the metric is not exact."""
OVERWRITTEN = "nothing of it is left in the head"


@dataclass(frozen=True)
class Weight:
    """What one keep is to the head."""

    commit: Commit
    n: int | None
    """Its experiment in the session that made it; None where there is none."""
    then: float | None
    """Relative gain when it was kept; None where that is not known."""
    along: tuple[Commit, ...]
    """Later keeps that are built on it, so that it can only be left out together with them."""
    standing: Standing | None
    """None for a keep that was not measured yet."""
    experiment: Experiment | None
    worth: Interval | None
    """Gain of the head over the head without it."""
    is_out: bool
    """True where the head was measured to do without it, all that is left out together."""

    @property
    def is_in_pairs(self) -> bool:
        """True where it was measured in pairs."""
        return self.experiment is not None and bool(self.experiment.draws)


@dataclass(frozen=True)
class Whole:
    """Dead weight left out together."""

    commits: tuple[Commit, ...]
    experiment: Experiment
    worth: Interval | None
    """Gain of the head over the head without all of them."""


@dataclass(frozen=True)
class Outcome:
    """How an ablation ended this time."""

    weights: tuple[Weight, ...]
    offered: Whole | None
    """What the head does without; None where there is nothing, or not everything was measured."""
    refused: Whole | None
    """All that is dead weight each for itself, where the head does not do without it together."""
    lines: tuple[int, int]
    """Lines of the head that the offer does not have, and lines that it has instead."""
    matters: float
    """The smallest relative gain that is worth a place, by the noise as it is known in the end."""
    stopped: str | None = None
    """Why it stopped before the end; None when it is finished."""


def run(ablation: Ablating, stop: StopSignal, observer: Observer, *, again: bool = False) -> Outcome:
    """Measure what is not measured yet, until the end or until something says stop. Raises AutoresearchError."""
    history, stopped = remeasure.run(ablation, stop, observer, again=again)
    return ablation.outcome(history, stopped)


def apply(ablation: Ablating, outcome: Outcome) -> Picked:
    """Put the keeps that stay on a new branch. Raises RepositoryError, having changed nothing, where it exists."""
    plan = ablation.plan
    plan.refuse_existing()
    stay = [weight.commit for weight in outcome.weights if not weight.is_out]
    return pick(plan.project.repository, plan.outcome, plan.project.base, stay, f"{int(time.time())} +0000")


class Ablating:
    """The head, then the head without each keep, then without all that is dead weight."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._picker = Picker(plan.project.repository, plan.project.base)
        self._numbers = {commit.id: number for number, commit in enumerate(plan.keeps)}
        self._closed: dict[Changes, Changes] = {}
        self._latest: tuple[Changes, Texts] | None = None

    @property
    def plan(self) -> Plan:
        """The branch, and how it is measured."""
        return self._plan

    @cached_property
    def start(self) -> Texts:
        """The targets at the head, as its keeps made them."""
        return self._without(Changes())

    @property
    def start_name(self) -> str:
        """`the head a1b2c3d`."""
        return f"the head {self._plan.branch.tip[:7]}"

    def due(self, history: History) -> Comparison | None:
        """The head, the head against itself where it is never quite the same, and then what is to be left out."""
        n, rule = history.current.n, self._rule(history)
        if n == BASELINE or (n == ITSELF and not history.yardstick.exact):
            return Comparison(Without(n=n, commits=()), lambda arm: self.start, rule.next)
        out = self.course(history).due
        if out is None:
            return None
        about = Without(n=n, commits=tuple(self._plan.keeps[number].id for number in sorted(out)))

        def texts(arm: Arm) -> Texts:
            return self.start if arm == "incumbent" else self._without(out)

        def decide(current: Experiment) -> Decision:
            if texts("candidate") == self.start:
                return Decision(verdict=Verdict(Status.KEEP, OVERWRITTEN, "simplification"), value=rule.head)
            return rule.next(current)

        return Comparison(about, texts, decide, rule.does_without)

    def course(self, history: History) -> Course:
        """How far it has come."""
        return course(len(self._plan.keeps), self._known(history), self.closed)

    def closed(self, out: Changes) -> Changes:
        """Keeps to leave out, with the later ones that are built on them and would conflict."""
        if out not in self._closed:
            row = self._picker.row(self._but(out))
            built_on = {self._numbers[each.commit.id] for each in row.left_out if each.files}
            self._closed[out] = out | built_on
        return self._closed[out]

    def about(self, experiment: Experiment) -> tuple[Commit | None, tuple[Commit, ...]]:
        """(The keep that an experiment leaves out, None where it is several for themselves; all that it leaves out)."""
        out = Changes(self._numbers[commit] for commit in experiment.without)
        oldest = min(out)
        return self._plan.keeps[oldest] if self.closed(Changes({oldest})) == out else None, self._commits(out)

    def outcome(self, history: History, stopped: str | None = None) -> Outcome:
        """What is known of each keep, and of what can be left out."""
        if history.baseline is None:
            return Outcome((), None, None, (0, 0), 0.0, stopped)
        measured, far = self._measured(history), self.course(history)
        done = far.due is None and stopped is None
        safe = far.safe if done else Changes()
        hurt = far.together if done and far.together != safe else None
        past = _past(self._plan)
        weights = []
        for number, commit in enumerate(self._plan.keeps):
            group = self.closed(Changes({number}))
            experiment = measured.get(group)
            n, then = past.get(commit.id, (None, None))
            weights.append(
                Weight(
                    commit=commit,
                    n=n,
                    then=then,
                    along=self._commits(group - {number}),
                    standing=standing(experiment) if experiment else None,
                    experiment=experiment,
                    worth=self._worth(history, experiment) if experiment else None,
                    is_out=number in safe,
                )
            )
        return Outcome(
            weights=tuple(weights),
            offered=self._whole(history, measured, safe) if safe else None,
            refused=self._whole(history, measured, hurt) if hurt else None,
            lines=_lines(self.start, self._without(safe)) if safe else (0, 0),
            matters=self._rule(history).matters,
            stopped=stopped,
        )

    def _without(self, out: Changes) -> Texts:
        """The targets of the head without these keeps."""
        if self._latest is None or self._latest[0] != out:
            here: dict[str, Tracked | None] = {**self._base, **self._picker.row(self._but(out)).files}
            self._latest = out, {path: file for path, file in here.items() if file is not None}
        return self._latest[1]

    def _rule(self, history: History) -> Ablation:
        head = history.baseline
        return Ablation(self._plan.project.settings, history.yardstick, head.value if head else None)

    @cached_property
    def _base(self) -> Texts:
        return texts_at(self._plan.project.repository, self._plan.project.base, self._plan.paths)

    def _but(self, out: Changes) -> list[Commit]:
        return [commit for number, commit in enumerate(self._plan.keeps) if number not in out]

    def _commits(self, changes: Changes) -> tuple[Commit, ...]:
        return tuple(self._plan.keeps[number] for number in sorted(changes))

    def _measured(self, history: History) -> dict[Changes, Experiment]:
        """What was left out in each settled experiment."""
        return {Changes(self._numbers[commit] for commit in e.without): e for e in history.experiments if e.without}

    def _known(self, history: History) -> Mapping[Changes, Removal]:
        known = {}
        for out, experiment in self._measured(history).items():
            found = self._worth(history, experiment)
            known[out] = Removal(dead=experiment.kept, gain=found.gain if found else 0.0)
        return known

    def _worth(self, history: History, experiment: Experiment) -> Interval | None:
        assert history.baseline is not None
        return worth(experiment, history.baseline.value, self._plan.project.settings.direction)

    def _whole(self, history: History, measured: Mapping[Changes, Experiment], out: Changes) -> Whole:
        return Whole(self._commits(out), measured[out], self._worth(history, measured[out]))


def _past(plan: Plan) -> dict[str, tuple[int, float | None]]:
    """Commit → (its experiment, its relative gain when it was kept), of the session that made the branch."""
    past = Past(plan.project.settings.measured).follow(plan.session.experiments)
    return {each.experiment.commit: (each.experiment.n, each.gain) for each in past if each.experiment.commit}


def _lines(head: Texts, shrunk: Texts) -> tuple[int, int]:
    """(Lines of the head that are gone, lines that are there instead); a line that only moved counts as neither."""
    before, after = (
        Counter((path, line) for path, file in texts.items() for line in file.data.splitlines())
        for texts in (head, shrunk)
    )
    return (before - after).total(), (after - before).total()
