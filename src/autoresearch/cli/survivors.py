"""What an audit shows: progress on stderr, and at the end, on stdout, which commits survive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autoresearch.audit import Finding, Outcome, findings
from autoresearch.audited import Plan
from autoresearch.cli import progress
from autoresearch.cli.progress import Events, applied, description, event, not_picked, table, tell, unmeasured
from autoresearch.decide.history import BASELINE, History
from autoresearch.decide.rematch import keep_probability, score, wins_needed
from autoresearch.decide.results import one_line
from autoresearch.decide.rounds import rounds
from autoresearch.edge.lineage import Commit
from autoresearch.edge.pick import Picked
from autoresearch.figures import plural
from autoresearch.records import AnyRecord, Settled

INK = {True: "green", False: "yellow", None: "dim"}


class Survivors:
    """An audit in words."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def heading(self) -> Sequence[str]:
        """`auditing autoresearch/mar5: 14 keeps since a1b2c3d, each against its parent`."""
        plan = self._plan
        keeps = plural(len(plan.keeps), "keep")
        return [f"auditing {plan.branch.name}: {keeps} since {plan.project.base[:7]}, each against its parent"]

    def done(self, history: History) -> tuple[int, int]:
        """Keeps that are decided, and all."""
        return max(0, len(history.experiments) - BASELINE), len(self._plan.keeps)

    def decided(self, history: History) -> str:
        """`a1b2c3d survives: won its rematch 5–0  wider layers`; of the base what it measured."""
        plan, latest = self._plan, history.experiments[-1]
        if latest.n == BASELINE:
            return progress.started(plan, history, f"base {plan.project.base[:7]}")
        finding = _latest(plan, history)
        return f"{finding.commit.short} {_verdict(finding)}  {description(finding.commit)}"

    def in_hand(self, history: History) -> str:
        """`commit 3 of 14  4–1  wider layers`."""
        plan, current = self._plan, history.pending
        if current is None:
            return "preparing a run"
        if current.n == BASELINE:
            return f"the base, run {max(1, current.last_run)}"
        commit, settings = plan.keeps[current.n - BASELINE - 1], plan.project.settings
        wins, losses = score(rounds(current).pairs, settings.direction, settings.min_gain)
        standing = f"  {wins}–{losses}" if current.draws else ""
        return f"commit {current.n - BASELINE} of {len(plan.keeps)}{standing}  {one_line(commit.subject)[:40]}"

    def stopped(self, outcome: Outcome) -> str:
        """That it can go on."""
        done = sum(finding.survives is not None for finding in outcome.findings)
        return progress.stopped(self._plan, outcome.stopped, done)

    def report(self, outcome: Outcome, picked: Picked | None) -> None:
        """The table, the sum, and what became of `--apply`."""
        plan, found = self._plan, outcome.findings
        if found:
            numbers = _numbers(plan)
            rows = [(_name(each.commit, numbers), description(each.commit), _verdict(each)) for each in found]
            columns = ("keep", "description", "verdict")
            table(columns, rows, [INK[each.survives] for each in found], folds=columns[1:])
        tell(unmeasured(plan.commits, plan.purpose.name))
        tell([_sum(plan, outcome), *_luck(plan, outcome), *_applied(plan, outcome, picked)])


class JsonSurvivors(Events):
    """One JSON object a line on stdout: `audit`, a `commit` each, `notice`, `applied`, and at last `end`."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._told: set[str] = set()
        base, tip = plan.project.base, plan.branch.tip
        event("audit", branch=plan.branch.name, base=base, tip=tip, commits=len(plan.commits), keeps=len(plan.keeps))

    def record(self, record: AnyRecord, history: History) -> None:
        """Say what is decided."""
        if isinstance(record, Settled) and record.n != BASELINE:
            self._tell(_latest(self._plan, history))

    def report(self, outcome: Outcome, picked: Picked | None) -> None:
        """The commits that were not said yet, the new branch, and the end."""
        for finding in outcome.findings:
            if finding.commit.id not in self._told and (finding.survives is not None or not finding.commit.targets):
                self._tell(finding)
        if picked:
            applied(picked)
        survivors = sum(finding.survives is True for finding in outcome.findings)
        decided = sum(finding.survives is not None for finding in outcome.findings)
        event("end", reason=outcome.stopped or "done", keeps=len(self._plan.keeps), decided=decided, survive=survivors)

    def _tell(self, finding: Finding) -> None:
        commit, experiment = finding.commit, finding.experiment
        self._told.add(commit.id)
        event(
            "commit",
            commit=commit.id,
            n=_numbers(self._plan).get(commit.id),
            parent=commit.parent,
            description=one_line(commit.subject),
            survives=finding.survives,
            reason=finding.reason,
            value=experiment.value if experiment else None,
            pairs=[list(pair) for pair in rounds(experiment).pairs] if experiment else [],
            bench_s=round(experiment.bench_s, 3) if experiment else 0.0,
            targets=commit.targets,
            others=commit.others,
        )


def _numbers(plan: Plan) -> Mapping[str, int]:
    """The session's experiments by their commits; none where another tool made the branch."""
    return {each.commit: each.n for each in plan.session.experiments if each.commit}


def _name(commit: Commit, numbers: Mapping[str, int]) -> str:
    return f"#{numbers[commit.id]} {commit.short}" if commit.id in numbers else commit.short


def _latest(plan: Plan, history: History) -> Finding:
    """What was decided just now."""
    commit = history.experiments[-1].commit
    return next(finding for finding in findings(plan, history) if finding.commit.id == commit)


def _verdict(finding: Finding) -> str:
    if finding.survives is None:
        return finding.reason
    return f"{'survives' if finding.survives else 'does not survive'}: {one_line(finding.reason)}"


def _sum(plan: Plan, outcome: Outcome) -> str:
    """`6 of 14 keeps survive`."""
    if not plan.keeps:
        return plan.nothing()
    survivors = sum(finding.survives is True for finding in outcome.findings)
    return f"{survivors} of {plural(len(plan.keeps), 'keep')} {'survives' if survivors == 1 else 'survive'}"


def _luck(plan: Plan, outcome: Outcome) -> list[str]:
    """How many may have survived without doing anything."""
    settings = plan.project.settings
    entered = sum(bool(finding.experiment and finding.experiment.draws) for finding in outcome.findings)
    if not entered or settings.min_gain < 0 or settings.simplify:
        return []
    bound = keep_probability(wins_needed(settings.alpha, settings.max_losses))
    rematches = plural(entered, "rematch", "rematches")
    return [f"{rematches}: at most {entered} × {bound * 100:.1f} % = {entered * bound:.2g} expected to survive by luck"]


def _applied(plan: Plan, outcome: Outcome, picked: Picked | None) -> list[str]:
    """What `--apply` did, or could do."""
    if picked is None:
        fallen = [finding for finding in outcome.findings if finding.survives is False]
        if not fallen or len(fallen) == len(plan.keeps):
            return []
        return [f"next: {plan.project.again} --apply  # writes {plan.outcome} with the survivors alone"]
    left_out = not_picked(picked.left_out)
    if picked.tip is None:
        return [*left_out, f"nothing survives, so {picked.branch} is not written"]
    return [
        *left_out,
        progress.wrote(plan, picked),
        "each was measured against its old parent, and not together with what is on the new branch: "
        f"autoresearch audit {picked.branch.removeprefix('autoresearch/')}",
    ]
