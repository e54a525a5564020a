"""What an audit shows: progress on stderr, and at the end, on stdout, which commits survive."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from autoresearch.audit import Finding, Outcome, findings
from autoresearch.audited import Plan
from autoresearch.decide.history import BASELINE, History
from autoresearch.decide.rematch import keep_probability, score, wins_needed
from autoresearch.decide.results import one_line
from autoresearch.decide.rounds import rounds
from autoresearch.display import say
from autoresearch.edge.pick import LeftOut, Picked
from autoresearch.edge.signals import StopSignal
from autoresearch.figures import number
from autoresearch.news import STOPPING
from autoresearch.records import AnyRecord, Began, Settled

if TYPE_CHECKING:
    from rich.progress import Progress

WIDTH = 100
"""Columns of the table where there is no terminal to ask."""
LONGEST = 160
"""Characters of a description that are shown; a model may write a page."""


@contextmanager
def watching(plan: Plan, stop: StopSignal, *, as_json: bool) -> Iterator[Lines | JsonLines]:
    """JSON lines, a progress bar in a terminal, else a line a commit."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if as_json:
        yield JsonLines(plan)
    elif not plan.keeps or not console.is_terminal or console.is_dumb_terminal:
        yield Lines(plan, stop)
    else:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            BarColumn(20),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
        )
        with Progress(*columns, console=console, transient=True) as progress:
            yield Bar(plan, stop, progress)


class Lines:
    """A line for the base and for each commit once it is decided, and a table at the end."""

    def __init__(self, plan: Plan, stop: StopSignal) -> None:
        self._plan, self._stop = plan, stop
        self._said_stop = False

    def record(self, record: AnyRecord, history: History) -> None:
        """Say what begins, and what is decided."""
        if isinstance(record, Began):
            self.say(_heading(self._plan))
            if history.experiments:
                self.say(f"it goes on after {len(history.experiments) - 1} of {_count(len(self._plan.keeps), 'keep')}")
        elif isinstance(record, Settled):
            self.say(_decided(self._plan, history))

    def notice(self, text: str) -> None:
        """Pass a notice on."""
        self.say(f"note: {text}")

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """Nobody is asked here."""

    def tick(self) -> None:
        """Say once that a signal was heard."""
        if self._stop.asked and not self._said_stop:
            self._said_stop = True
            self.notice(STOPPING)

    def say(self, text: str) -> None:
        """One line of progress."""
        print(_safe(text, sys.stderr.encoding), file=sys.stderr, flush=True)

    def report(self, outcome: Outcome, picked: Picked | None) -> None:
        """The table, the sum, and what became of `--apply`; of an audit that was stopped, that it can go on."""
        if outcome.stopped:
            done = sum(finding.survives is not None for finding in outcome.findings)
            self.say(
                f"{outcome.stopped} after {done} of {_count(len(self._plan.keeps), 'keep')}; the same command goes on"
            )
            return
        if outcome.findings:
            _table(outcome)
        plan = self._plan
        for line in (*_remarks(outcome), _sum(plan, outcome), *_luck(plan, outcome), *_applied(plan, outcome, picked)):
            say(_safe(line, sys.stdout.encoding))


class Bar(Lines):
    """The same lines above a progress bar, which says how the commit in hand stands."""

    def __init__(self, plan: Plan, stop: StopSignal, progress: Progress) -> None:
        super().__init__(plan, stop)
        self._progress = progress
        self._task = progress.add_task("preparing", total=len(plan.keeps))

    def record(self, record: AnyRecord, history: History) -> None:
        """Move the bar."""
        super().record(record, history)
        done = max(0, len(history.experiments) - 1)
        self._progress.update(self._task, completed=done, description=_in_hand(self._plan, history))

    def say(self, text: str) -> None:
        """One line above the bar, which is gone once the audit has ended."""
        self._progress.console.print(_safe(text, self._progress.console.encoding), markup=False)


class JsonLines:
    """One JSON object a line on stdout: `audit`, a `commit` each, `notice`, `applied`, and at last `end`."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._told: set[str] = set()
        base, tip = plan.project.base, plan.branch.tip
        _event("audit", branch=plan.branch.name, base=base, tip=tip, commits=len(plan.commits), keeps=len(plan.keeps))

    def record(self, record: AnyRecord, history: History) -> None:
        """Say what is decided."""
        if isinstance(record, Settled) and record.n != BASELINE:
            self._tell(_latest(self._plan, history))

    def notice(self, text: str) -> None:
        """Pass a notice on."""
        _event("notice", text=text)

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """Nobody is asked here."""

    def tick(self) -> None:
        """Nothing moves in a line that is written."""

    def report(self, outcome: Outcome, picked: Picked | None) -> None:
        """The commits that were not said yet, the new branch, and the end."""
        for finding in outcome.findings:
            if finding.commit.id not in self._told and (finding.survives is not None or not finding.commit.targets):
                self._tell(finding)
        if picked:
            left_out = [{"commit": each.commit.id, "conflicts": list(each.files)} for each in picked.left_out]
            commits = [commit.id for commit in picked.commits]
            _event(
                "applied",
                branch=picked.branch if picked.tip else None,
                commit=picked.tip,
                picked=commits,
                left_out=left_out,
            )
        survivors = sum(finding.survives is True for finding in outcome.findings)
        decided = sum(finding.survives is not None for finding in outcome.findings)
        _event("end", reason=outcome.stopped or "done", keeps=len(self._plan.keeps), decided=decided, survive=survivors)

    def _tell(self, finding: Finding) -> None:
        commit, experiment = finding.commit, finding.experiment
        self._told.add(commit.id)
        _event(
            "commit",
            commit=commit.id,
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


def _event(event: str, **values: object) -> None:
    say(json.dumps({"event": event, **values}))


def _heading(plan: Plan) -> str:
    return (
        f"auditing {plan.branch.name}: {_count(len(plan.keeps), 'keep')} since {plan.project.base[:7]}, each against "
        "its parent"
    )


def _latest(plan: Plan, history: History) -> Finding:
    """What was decided just now."""
    commit = history.experiments[-1].commit
    return next(finding for finding in findings(plan, history) if finding.commit.id == commit)


def _decided(plan: Plan, history: History) -> str:
    """`a1b2c3d survives: won its rematch 5–0  wider layers`; of the base what it measured."""
    latest = history.experiments[-1]
    if latest.n == BASELINE:
        how = "always the same" if history.yardstick.exact else "never quite the same, so in pairs"
        return f"base {plan.project.base[:7]}: {plan.project.settings.metric.name} {number(latest.value)}, {how}"
    finding = _latest(plan, history)
    return f"{finding.commit.short} {_verdict(finding)}  {_description(finding)}"


def _in_hand(plan: Plan, history: History) -> str:
    """`commit 3 of 14  4–1  wider layers`."""
    current = history.pending
    if current is None:
        return "preparing a run"
    if current.n == BASELINE:
        return f"the base, run {max(1, current.last_run)}"
    commit = plan.keeps[current.n - BASELINE - 1]
    settings = plan.project.settings
    wins, losses = score(rounds(current).pairs, settings.direction, settings.min_gain)
    standing = f"  {wins}–{losses}" if current.draws else ""
    return f"commit {current.n - BASELINE} of {len(plan.keeps)}{standing}  {one_line(commit.subject)[:40]}"


def _verdict(finding: Finding) -> str:
    if finding.survives is None:
        return finding.reason
    return f"{'survives' if finding.survives else 'does not survive'}: {one_line(finding.reason)}"


def _description(finding: Finding) -> str:
    text = one_line(finding.commit.subject)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _table(outcome: Outcome) -> None:
    """Commit, description, verdict; every text is foreign, and never read as markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    ink = {True: "green", False: "yellow", None: "dim"}
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("commit", no_wrap=True)
    table.add_column("description", overflow="fold", ratio=1)
    table.add_column("verdict", overflow="fold", ratio=1)
    for finding in outcome.findings:
        texts = (finding.commit.short, _description(finding), _verdict(finding))
        safe = [_safe(text, sys.stdout.encoding) for text in texts]
        table.add_row(safe[0], Text(safe[1]), Text(safe[2], style=ink[finding.survives]))
    columns = os.environ.get("COLUMNS", "")
    width = None if sys.stdout.isatty() else max(int(columns), 40) if columns.isdecimal() else WIDTH
    console = Console(width=width, highlight=False)
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        say(line.rstrip())


def _remarks(outcome: Outcome) -> list[str]:
    """What of a commit was not measured."""
    return [
        f"{finding.commit.short} also changes {_some(finding.commit.others)}, which the audit left as at the base"
        for finding in outcome.findings
        if finding.commit.targets and finding.commit.others
    ]


def _sum(plan: Plan, outcome: Outcome) -> str:
    """`6 of 14 keeps survive`."""
    branch, base, targets = plan.branch.name, plan.project.base[:7], ", ".join(plan.paths)
    if not plan.commits:
        return f"nothing to audit: {branch} has no commits since {base}. If it began earlier, give --base COMMIT."
    if not plan.keeps:
        return f"nothing to audit: no commit of {branch} since {base} changes {targets}."
    survivors = sum(finding.survives is True for finding in outcome.findings)
    return f"{survivors} of {_count(len(plan.keeps), 'keep')} {'survives' if survivors == 1 else 'survive'}"


def _luck(plan: Plan, outcome: Outcome) -> list[str]:
    """How many may have survived without doing anything."""
    settings = plan.project.settings
    entered = sum(bool(finding.experiment and finding.experiment.draws) for finding in outcome.findings)
    if not entered or settings.min_gain < 0 or settings.simplify:
        return []
    bound = keep_probability(wins_needed(settings.alpha, settings.max_losses))
    rematches = "1 rematch" if entered == 1 else f"{entered} rematches"
    return [f"{rematches}: at most {entered} × {bound:.1%} = {entered * bound:.2g} expected to survive by luck"]


def _applied(plan: Plan, outcome: Outcome, picked: Picked | None) -> list[str]:
    """What `--apply` did, or could do."""
    if picked is None:
        fallen = [finding for finding in outcome.findings if finding.survives is False]
        if not fallen or len(fallen) == len(plan.keeps):
            return []
        return [f"next: the same command with --apply writes {plan.audited} with the survivors alone"]
    left_out = [f"{each.commit.short} is left out: {_why(each)}" for each in picked.left_out]
    if picked.tip is None:
        return [*left_out, f"nothing survives, so {picked.branch} is not written"]
    made = _count(len(picked.commits), "commit")
    return [
        *left_out,
        f"wrote {picked.branch} at {picked.tip[:7]}: {made} on {plan.project.base[:7]}, of each only what it changes "
        f"in {', '.join(plan.paths)}",
        "each was measured against its old parent, and not together with what is on the new branch: "
        f"autoresearch audit {picked.branch.removeprefix('autoresearch/')}",
    ]


def _why(left_out: LeftOut) -> str:
    if not left_out.files:
        return "what it changes is there already"
    return f"it conflicts in {', '.join(left_out.files)} with what came before it"


def _some(paths: tuple[str, ...]) -> str:
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    return ", ".join(paths[:5]) + more


def _count(size: int, what: str) -> str:
    return f"{size} {what}" if size == 1 else f"{size} {what}s"


def _safe(text: str, encoding: str | None) -> str:
    """The text with question marks for what cannot be shown: undecodable subjects, arrows on old terminals."""
    return text.encode(encoding or "utf-8", "replace").decode(encoding or "utf-8")
