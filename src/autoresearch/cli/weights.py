"""What an ablation shows: progress on stderr, and at the end, on stdout, what each keep is worth to the head."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from autoresearch.ablate import Ablating, Outcome, Weight, Whole
from autoresearch.audited import Plan
from autoresearch.cli import progress
from autoresearch.cli.onward import onward
from autoresearch.cli.progress import Events, applied, description, event, not_picked, table, tell, unmeasured
from autoresearch.decide.ablation import LOSSES, MATTERS, bar, bound, runs_expected, standing
from autoresearch.decide.history import BASELINE, Experiment, History
from autoresearch.decide.interval import Interval
from autoresearch.decide.rematch import score
from autoresearch.decide.results import one_line
from autoresearch.decide.rounds import rounds
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.lineage import Commit
from autoresearch.edge.pick import Picked
from autoresearch.figures import clock, percent, plural
from autoresearch.records import AnyRecord, Settled

SAID = {"earns": "earns its place", "dead": "dead weight", "undecided": "undecided", None: "not measured yet"}
HEAD = {"earns": "the head is worse", "dead": "the head is no worse", "undecided": "the head may be worse"}
"""How the head does without them."""
INK = {"earns": "green", "dead": "yellow", "undecided": "", None: "dim"}
OURS = "autoresearch/"
SHOWN = 6
"""Commits that a sentence names."""


class Weights:
    """An ablation in words."""

    def __init__(self, ablation: Ablating) -> None:
        self._ablation, self._plan = ablation, ablation.plan
        self._apply_it = f"{self._plan.project.again} --apply"
        self._is_there = self._plan.project.repository.ref(f"refs/heads/{self._plan.outcome}") is not None
        """True where the branch for what is left exists."""

    def heading(self) -> Sequence[str]:
        """`ablating autoresearch/mar5: each of 7 keeps left out of the head a1b2c3d in turn`, and what it will take."""
        plan = self._plan
        keeps = plural(len(plan.keeps), "keep")
        return [
            f"ablating {plan.branch.name}: {keeps} since {plan.project.base[:7]}, each left out of "
            f"{self._ablation.start_name} in turn",
            _cost(plan),
        ]

    def done(self, history: History) -> tuple[int, int]:
        """What was left out so far, and keeps to leave out; all the dead weight together comes on top."""
        done = sum(bool(e.without) for e in history.experiments)
        return done, max(len(self._plan.keeps), done)

    def decided(self, history: History) -> str:
        """`a1b2c3d earns its place: 6 of 6 pairs won with it  wider layers`; of the head what it measured."""
        latest, settings = history.experiments[-1], self._plan.project.settings
        if latest.n == BASELINE:
            return progress.started(self._plan, history, self._ablation.start_name)
        if not latest.without:
            spread = history.yardstick.spread
            return (
                f"the head against itself: {plural(len(rounds(latest).pairs), 'pair')} differ by "
                f"{_share(spread)} by chance; what gains {_share(max(settings.min_gain, MATTERS * spread))} matters"
            )
        assert latest.verdict is not None
        keep, out = self._ablation.about(latest)
        reason = one_line(latest.verdict.reason)
        if keep is None:
            return f"without {_names(out)} together {HEAD[standing(latest)]}: {reason}"
        along = f" with {_names(out[1:])}" if out[1:] else ""
        return f"{keep.short}{along} {SAID[standing(latest)]}: {reason}  {description(keep)}"

    def in_hand(self, history: History) -> str:
        """`keep 3 of 7  4–1  wider layers`."""
        current = history.pending
        if current is None:
            return "preparing a run"
        if current.n == BASELINE:
            return f"the head, run {max(1, current.last_run)}"
        lost, won = score(rounds(current).pairs, self._plan.project.settings.direction)
        standing = f"  {won}–{lost}" if current.draws else ""
        if not current.without:
            return f"the head against itself, pair {len(current.draws)}" if current.draws else "the head against itself"
        keep, out = self._ablation.about(current)
        if keep is None:
            return f"without {_names(out)}{standing}"
        done, total = self.done(history)
        return f"keep {done + 1} of {total}{standing}  {one_line(keep.subject)[:40]}"

    def stopped(self, outcome: Outcome) -> str:
        """That it can go on."""
        done = sum(weight.standing is not None for weight in outcome.weights)
        return progress.stopped(self._plan, outcome.stopped, done)

    def report(self, outcome: Outcome, picked: Picked | None) -> None:
        """The table, what can be left out, and what became of `--apply`."""
        plan = self._plan
        if not plan.keeps:
            tell([plan.nothing()])
            return
        table(
            ("keep", "description", "when kept", "worth now", "won", "verdict"),
            [self._row(weight) for weight in outcome.weights],
            [INK[weight.standing] for weight in outcome.weights],
            folds=("description", "worth now", "verdict"),
        )
        tell(unmeasured(plan.commits, plan.purpose.name))
        tell(
            [
                *_remarks(outcome),
                _sum(outcome),
                *self._luck(outcome),
                *self._together(outcome),
                *self._next(outcome, picked),
            ]
        )

    def _row(self, weight: Weight) -> tuple[str, ...]:
        name = f"#{weight.n} {weight.commit.short}" if weight.n else weight.commit.short
        then = percent(weight.then, self._plan.project.settings.direction) or "-"
        won = f"{weight.worth.wins} of {weight.worth.pairs}" if weight.worth and weight.is_in_pairs else "-"
        return name, description(weight.commit), then, self._size(weight.worth), won, _verdict(weight)

    def _size(self, found: Interval | None) -> str:
        """`+2.9 % (+2.1 % to +3.5 %)`, the change as the metric's own."""
        if found is None:
            return "-"
        ends = "" if found.low is None else f" ({self._gain(found, found.low)} to {self._gain(found, found.high)})"
        return self._gain(found, found.gain) + ends

    def _gain(self, found: Interval, gain: float | None) -> str:
        direction = self._plan.project.settings.direction
        if found.relative:
            return percent(gain, direction)
        return f"{(gain or 0.0) * (1 if direction == 'higher' else -1):+.4g}"

    def _luck(self, outcome: Outcome) -> list[str]:
        """How often the verdicts of pairs err."""
        settings = self._plan.project.settings
        if settings.min_gain < 0 or not any(each.experiment and each.experiment.draws for each in outcome.weights):
            return []
        share = bound(bar(settings.alpha, max(settings.max_losses, LOSSES)))
        return [
            f"by chance a change that does nothing earns its place in at most {share * 100:.1f} % of all cases, and "
            f"one that is worth {_share(outcome.matters)} is dead weight in at most {share * 100:.1f} %"
        ]

    def _together(self, outcome: Outcome) -> list[str]:
        """What came of leaving all the dead weight out."""
        said = []
        if outcome.refused:
            which = f"{_names(outcome.refused.commits)} together"
            said.append(f"without {which} {self._came_to(outcome.refused)}, so they were left out one after the other")
        if outcome.offered:
            gone, instead = outcome.lines
            fewer = f"{plural(gone - instead, 'line')} fewer" if gone > instead else "no line fewer"
            lines = f"{fewer} (-{gone} +{instead})"
            which = _names(outcome.offered.commits)
            said.append(f"without {which} {self._came_to(outcome.offered)}: {lines}")
        return said

    def _came_to(self, whole: Whole) -> str:
        """`the head is worse (7 of 7 pairs won with it; they are worth +2.9 % (+2.1 % to +3.5 %))`."""
        verdict = whole.experiment.verdict
        assert verdict is not None
        are = "they are" if whole.commits[1:] else "it is"
        return f"{HEAD[standing(whole.experiment)]} ({one_line(verdict.reason)}; {are} worth {self._size(whole.worth)})"

    def _next(self, outcome: Outcome, picked: Picked | None) -> list[str]:
        """What `--apply` did, or could do, and what to do then."""
        plan = self._plan
        if outcome.offered is None:
            journal = SessionFolder(plan.project.repository.common_dir, plan.branch.tag).journal
            return [
                f"nothing can be left out, so there is no {plan.outcome} to write",
                *(onward(journal, "finalize", "verify", "audit") if plan.session.begun else []),
            ]
        if len(outcome.offered.commits) == len(plan.keeps) or (picked and picked.tip is None):
            return [
                f"no keep is left: the base {plan.project.base[:7]} is no worse than the head, so {plan.outcome} is "
                "not written"
            ]
        if picked is None and self._is_there:
            return [f"{plan.outcome} is there already; rename or delete it, and {self._apply_it} writes it anew"]
        if picked is None:
            return [f"next: {self._apply_it}  # writes {plan.outcome} without them"]
        return [
            *not_picked(picked.left_out),
            f"{progress.wrote(plan, picked)}; {plan.branch.name} is as it was",
            f"next: git diff {plan.branch.name} {picked.branch}",
            *([f"then: autoresearch finalize {picked.branch.removeprefix(OURS)}"] if plan.session.begun else []),
        ]


class JsonWeights(Events):
    """One JSON object a line on stdout: `ablation`, a `keep` each, `together`, `notice`, `applied`, at last `end`."""

    def __init__(self, ablation: Ablating) -> None:
        self._ablation = ablation
        self._told: set[str] = set()
        plan = ablation.plan
        event("ablation", branch=plan.branch.name, base=plan.project.base, head=plan.branch.tip, keeps=len(plan.keeps))

    def record(self, record: AnyRecord, history: History) -> None:
        """Say what is decided."""
        if isinstance(record, Settled) and record.n > BASELINE and history.experiments[-1].without:
            for weight in self._ablation.outcome(history, "").weights:
                self._tell(weight)

    def report(self, outcome: Outcome, picked: Picked | None) -> None:
        """The keeps that were not said yet, what can be left out, the new branch, and the end."""
        for weight in outcome.weights:
            self._tell(weight)
        for whole in (outcome.refused, outcome.offered):
            if whole:
                commits = [commit.id for commit in whole.commits]
                event("together", left_out=commits, **_facts(whole.experiment, whole.worth))
        if picked:
            applied(picked)
        gone, instead = outcome.lines
        left_out = sum(weight.is_out for weight in outcome.weights)
        reason = outcome.stopped or "done"
        event("end", reason=reason, **_counts(outcome), left_out=left_out, lines_gone=gone, lines_instead=instead)

    def _tell(self, weight: Weight) -> None:
        if weight.experiment is None or weight.commit.id in self._told:
            return
        self._told.add(weight.commit.id)
        event(
            "keep",
            commit=weight.commit.id,
            n=weight.n,
            description=one_line(weight.commit.subject),
            gain_when_kept=weight.then,
            along=[commit.id for commit in weight.along],
            **_facts(weight.experiment, weight.worth),
        )


def _facts(experiment: Experiment, worth: Interval | None) -> dict[str, object]:
    """What was measured of something left out."""
    assert experiment.verdict is not None
    return {
        "standing": standing(experiment),
        "reason": experiment.verdict.reason,
        "gain": worth.gain if worth else None,
        "low": worth.low if worth else None,
        "high": worth.high if worth else None,
        "relative": worth.relative if worth else None,
        "pairs": [list(pair) for pair in rounds(experiment).pairs],
        "bench_s": round(experiment.bench_s, 3),
    }


def _verdict(weight: Weight) -> str:
    """`dead weight`; where it is not the pairs that tell, what does: `earns its place: without it `check` fails: …`."""
    verdict = weight.experiment.verdict if weight.experiment else None
    said = SAID[weight.standing]
    if weight.along and weight.standing in ("earns", "undecided"):
        said += f" together with {_names(weight.along)}"
    if weight.standing == "dead" and not weight.is_out:
        said += " alone"
    if verdict is None or (weight.is_in_pairs and verdict.cause in ("rematch", "undecided", "simplification")):
        return said
    return f"{said}: {one_line(verdict.reason)}"


def _remarks(outcome: Outcome) -> Sequence[str]:
    """What of a keep is not as its row alone would have it."""
    said = []
    for weight in outcome.weights:
        name = weight.commit.short
        if weight.along:
            said.append(f"{name} was left out together with {_names(weight.along)}, built on it")
        if weight.standing == "dead" and not weight.is_out:
            said.append(f"{name} stays: the head was not shown to do without it and the others together")
        if weight.standing != "dead" and weight.is_out:
            said.append(f"{name} goes with what it is built on")
    return said


def _cost(plan: Plan) -> str:
    """`about 83 runs, 0:13:50 at 10 s a run`, by what the session's runs took."""
    runs = [run.duration_s for e in plan.session.experiments for run in e.runs]
    exact = plan.session.yardstick.exact if runs else None
    counts = [runs_expected(len(plan.keeps), exact=each) for each in ((True, False) if exact is None else (exact,))]
    if not runs:
        return f"about {counts[0]} runs where the bench always measures the same, else about {counts[1]}"
    each_s = median(runs)
    return f"about {plural(counts[0], 'run')}, {clock(counts[0] * each_s)} at {each_s:.2g} s a run"


def _counts(outcome: Outcome) -> dict[str, int]:
    return {name: sum(each.standing == name for each in outcome.weights) for name in HEAD}


def _sum(outcome: Outcome) -> str:
    """`3 of 7 keeps earn their place, 3 are dead weight, 1 is undecided`."""
    counts = _counts(outcome)
    earn, dead, open_ = counts["earns"], counts["dead"], counts["undecided"]
    said = f"{earn} of {plural(len(outcome.weights), 'keep')} {'earns its' if earn == 1 else 'earn their'} place"
    if built := sum(each.standing == "earns" and bool(each.along) for each in outcome.weights):
        said += f" ({built} of them as what others are built on, and not told apart from these)"
    for count, what in ((dead, "dead weight"), (open_, "undecided")):
        said += f", {count} {'is' if count == 1 else 'are'} {what}" if count else ""
    together = sum(each.is_out for each in outcome.weights if each.standing == "dead")
    return said if together == dead else f"{said}, of which {together} can go together"


def _names(commits: Sequence[Commit]) -> str:
    more = f" and {len(commits) - SHOWN} more" if len(commits) > SHOWN else ""
    return ", ".join(commit.short for commit in commits[:SHOWN]) + more


def _share(size: float) -> str:
    return f"{size * 100:.2g} %"
