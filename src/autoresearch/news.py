"""What people are told of a session while it runs, in words: its records, its experiments, what is left."""

from __future__ import annotations

from pathlib import PurePosixPath

from autoresearch.decide.history import VERIFICATION, Experiment, History
from autoresearch.decide.outcome import side_by_side
from autoresearch.decide.policy import TELLING
from autoresearch.decide.results import one_line
from autoresearch.decide.rounds import rounds
from autoresearch.figures import number, percent, plural
from autoresearch.model import Rung
from autoresearch.records import (
    EVIDENCE,
    AnyRecord,
    Began,
    Canary,
    Checked,
    Committed,
    Confirmed,
    Decided,
    Drawn,
    Gating,
    Labelled,
    Measured,
    Measuring,
    Opened,
    Planned,
    Proposed,
    Refused,
    Replied,
    Settled,
)
from autoresearch.settings import Budget, Settings

RUNGS: dict[Rung, str] = {
    "explore": "hints by turns",
    "shift": "hints of a neglected kind, {0.idea}",
    "burst": "the tuner on the best so far",
    "branch": "from the text of #{0.start}",
}
"""What a session does on each rung."""
CLOSING = "closing"
VERIFYING = "verifying the head against the baseline"
STOPPING = "stopping after this run; Ctrl-C again: stop now"


def phase(record: AnyRecord) -> str:
    """What a session does from a record on."""
    match record:
        case Began(canary=True):
            return "proving that the bench runs the target"
        case Opened() | Began():
            return "getting ready"
        case _ if getattr(record, "n", None) == VERIFICATION:
            return VERIFYING
        case Canary() | Committed() | Drawn():
            return "preparing a run"
        case Measuring():
            return "running the bench" + ("" if record.arm == "candidate" else " on the incumbent")
        case Gating():
            return f"running `{record.gate}`"
        case Proposed():
            return "committing the candidate"
        case Labelled() | Replied() | Measured() | Checked() | Confirmed() | Decided():
            return "looking at what came back"
        case Refused():
            return f"asking again ({record.reason})"
        case Planned():
            return f"asking {record.by}{_step(record)}"
        case Settled():
            return "planning"
        case _:
            return CLOSING


def _step(planned: Planned) -> str:
    """How far off the plateau, for a phase: ` (hints of a neglected kind, algorithm)`."""
    return "" if planned.rung == "explore" else f" ({RUNGS[planned.rung].format(planned)})"


def refused(record: AnyRecord) -> str | None:
    """What was wrong with an answer, where a record says so."""
    return (
        f"#{record.n}: an answer was refused: {record.said or record.reason}" if isinstance(record, Refused) else None
    )


def climbed(record: AnyRecord, history: History) -> str | None:
    """That a session begins to try harder to leave a plateau; None for every other record."""
    if not isinstance(record, Planned) or record.rung == "explore":
        return None
    before = next((e.planned.rung for e in reversed(history.experiments) if e.planned), None)
    if before == record.rung:
        return None
    return f"{plural(history.streak, 'experiment')} without a keep: {RUNGS[record.rung].format(record)}"


def tampering(record: AnyRecord, history: History) -> str | None:
    """That a run changed protected files; None for every other record."""
    if not isinstance(record, Measured) or not record.tampered:
        return None
    files = one_line(", ".join(record.tampered[:5]))
    whose = "" if record.arm == "candidate" else " with the incumbent"
    diff = PurePosixPath(record.log).with_suffix(EVIDENCE)
    where = f"{history.opened.tag}/{diff}" if history.opened else diff
    return f"tampering: a run of #{record.n}{whose} changed {files} (how: .git/autoresearch/{where})"


def line(experiment: Experiment, history: History, settings: Settings) -> str:
    """`#12 keep loss 0.9931 (-0.7 %, 5 of 5 pairs won) 4.1s $0.012 description`."""
    assert experiment.verdict is not None
    before = next((e.value for e in reversed(history.experiments) if e.kept and e.n < experiment.n), None)
    value = number(experiment.value) + beside(experiment, before, settings)
    why = ""
    if (
        experiment.verdict.cause == "screen"
        and experiment.value is not None
        and before is not None
        and settings.measured.better(experiment.value, than=before)
    ):
        why = f" [{experiment.verdict.reason}]"
    spent = f" ${experiment.cost_usd:.4f}" if experiment.cost_usd else ""
    return (
        f"#{experiment.n} {experiment.verdict.status} {settings.metric.name} {value} "
        f"{experiment.bench_s:.1f}s{spent} {what(experiment)}{why}"
    )


def beside(experiment: Experiment, before: float | None, settings: Settings) -> str:
    """The change that the report shows too: the median of pairs where there were any, and then of a keep how many it
    won; else the value's against the best `before` it."""
    found = side_by_side(experiment, settings.direction)
    if found is None or not found.relative:
        value = experiment.value
        return "" if value is None or before is None else change(settings, value, before)
    pairs = len(rounds(experiment).pairs)
    won = (
        f", {found.wins} of {plural(pairs, 'pair')} won" if pairs and experiment.kept else ""
    )  # else the reason has it
    return f" ({percent(found.gain, settings.direction)}{won})"


def what(experiment: Experiment) -> str:
    """The description, and the reason where the number alone does not tell it."""
    assert experiment.verdict is not None
    said = one_line(experiment.proposal.description) if experiment.proposal else ""
    if experiment.verdict.status == "crash" or experiment.verdict.cause in TELLING:
        reason = one_line(experiment.verdict.reason)
        return f"{said} [{reason}]" if said else reason
    return said


def cost(history: History) -> str:
    """`$0.1234`; what is unknown is said to be unknown."""
    spent = history.spent
    if spent.replies == 0:
        return "$0"
    unknown = f"{plural(spent.unpriced, 'reply', 'replies')} of unknown price"
    if spent.unpriced == spent.replies:
        return unknown
    return f"${spent.usd:.4f}" + (f" + {unknown}" if spent.unpriced else "")


def left(budget: Budget, history: History) -> str:
    """What of the budget in dollars and tokens is left: ` (of $20, $12.34 left; of 1,000,000 tokens, 870,000 left)`."""
    spent, parts = history.spent, []
    if budget.usd is not None:
        parts.append(f"of ${budget.usd:g}, ${max(0.0, budget.usd - spent.usd):.2f} left")
    if budget.tokens is not None:
        parts.append(f"of {budget.tokens:,} tokens, {max(0, budget.tokens - spent.tokens):,} left")
    return f" ({'; '.join(parts)})" if parts else ""


def change(settings: Settings, value: float, over: float) -> str:
    """The change of the metric in its own sign, such as ` (-9.3 %)` of a loss that fell; nothing where it has none."""
    shown = percent(settings.measured.gain(value, over), settings.direction)
    return f" ({shown})" if shown else ""
