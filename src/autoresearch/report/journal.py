"""A session's own journal as a log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from autoresearch.decide.history import BASELINE, Experiment, History
from autoresearch.decide.outcome import side_by_side
from autoresearch.decide.recover import fold
from autoresearch.edge import holder
from autoresearch.edge.holder import State
from autoresearch.edge.journal import salvage
from autoresearch.errors import SettingsError
from autoresearch.model import Direction, Status
from autoresearch.records import Began, Measured
from autoresearch.report.bars import around
from autoresearch.report.cells import clean
from autoresearch.report.evidence import gather
from autoresearch.report.followups import followups
from autoresearch.report.learnt import learnt
from autoresearch.report.log import Log, Ran, Row, Rows, Run, Segment, Session, Spending, Standing


def read_journal(path: Path, data: bytes, metric: str | None, direction: Direction | None) -> Log:
    """Read a journal, of a damaged one what stands before the damage. Raises RepositoryError where that is nothing,
    SettingsError where it has no `metric`."""
    records, damage = salvage(path, data)
    history = fold(records)
    opened = history.opened
    if opened is None:
        if damage:
            raise damage
        raise SettingsError(f"{path}: the journal says nothing yet. Look again once the session has begun.")
    if metric not in (None, opened.metric):
        raise SettingsError(f"{path}: this session measured {opened.metric}, not {metric}. Leave --metric out.")
    doubts: tuple[str, ...] = (f"{damage} What stands before it is shown",) if damage else ()
    if not damage and len(records) < len(data.splitlines()):
        doubts += (f"the last line ({len(records) + 1}) is cut short, as when a session is killed: left out",)
    if direction not in (None, opened.direction):
        doubts += (f"--direction {direction} goes against the session's own: {opened.direction} is better",)
    settled = direction or opened.direction
    return Log(
        title=f"autoresearch/{opened.tag}",
        kind="journal",
        metric=opened.metric,
        direction=settled,
        rows=Rows.of(_row(experiment, settled) for experiment in history.experiments),
        segments=(Segment(0, BASELINE, opened.metric, settled),),
        warnings=doubts,
        columns=opened.columns,
        spent=_spending(history),
        session=Session(
            tag=opened.tag,
            model=opened.model,
            lives=history.lives,
            closed=history.closed,
            ended=history.last.at if history.last and history.closed is not None else None,
            in_progress=history.pending.n if history.pending else None,
            goes_on=_goes_on(path, history),
            sandboxes=tuple(record.sandbox for record in records if isinstance(record, Began)),
            state=_state(path, history),
        ),
        evidence=replace(gather(history, settled), after=followups(path, history, settled)),
        learnt=learnt(history, settled),
        label=history.label,
        ran={each.n: Ran(tuple(map(_run, each.runs)), each.last_log) for each in history.experiments},
        trying=_described(history.pending) if history.pending else "",
    )


def _goes_on(path: Path, history: History) -> str:
    """The command that goes on with it, of a journal that lies where it was written: others' are not to be typed."""
    return history.began.typable if history.began and _state(path, history) is not None else ""


def _state(path: Path, history: History) -> State | None:
    """What the session is in, by the lock beside its journal; a copy of a journal has none."""
    if not (path.parent / holder.LOCK).exists():
        return None
    return holder.state(holder.look(path.parent)[0], history.closed)


def _row(experiment: Experiment, direction: Direction) -> Row:
    verdict, proposal, planned = experiment.verdict, experiment.proposal, experiment.planned
    assert verdict is not None
    runs = [run for run in experiment.runs if run.arm == "candidate"]
    standing: Standing = verdict.status.value
    beside = side_by_side(experiment, direction)
    bar = None if verdict.value is None else around(verdict.value, experiment, direction)
    return Row(
        n=experiment.n,
        line=experiment.n,
        label=str(experiment.n),
        commit=experiment.commit,
        value=verdict.value,
        raw_value="" if verdict.value is None else f"{verdict.value:.10g}",
        status="baseline" if experiment.n == BASELINE and verdict.status is Status.KEEP else standing,
        raw_status=verdict.status.value,
        description=_described(experiment),
        extra={name: f"{value:.10g}" for name, value in runs[-1].columns.items()} if runs else {},
        reason=clean(verdict.reason),
        hypothesis=clean(proposal.hypothesis) if proposal else "",
        category=clean(proposal.category) if proposal else "",
        expected=proposal.expected if proposal else None,
        by=clean(experiment.by or ""),
        rung=planned.rung if planned else None,
        cost_usd=experiment.cost_usd,
        duration_s=experiment.ended_s - experiment.began_s,
        cause=verdict.cause,
        sentinel=experiment.is_sentinel,
        change=beside.gain if beside and beside.relative else None,
        low=bar.low if bar else None,
        high=bar.high if bar else None,
        confidence=bar.confidence if bar else None,
    )


def _described(experiment: Experiment) -> str:
    return clean(experiment.proposal.description) if experiment.proposal else ""


def _run(run: Measured) -> Run:
    return Run(run.arm, run.value, clean(run.failure or ""), run.duration_s)


def _spending(history: History) -> Spending:
    spent = history.spent
    known_usd = None if 0 < spent.replies == spent.unpriced else spent.usd
    return Spending(elapsed_s=history.elapsed_s, cost_usd=known_usd, tokens=spent.tokens, unpriced=spent.unpriced)
