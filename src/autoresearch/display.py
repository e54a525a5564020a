"""What a session shows while it runs: a live view, plain lines or JSON lines; drawn from records, deciding nothing."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from autoresearch.decide.history import Experiment, History
from autoresearch.decide.policy import TELLING
from autoresearch.decide.rematch import score
from autoresearch.decide.results import one_line
from autoresearch.decide.rounds import rounds
from autoresearch.edge.signals import StopSignal
from autoresearch.figures import number, percent, plural
from autoresearch.model import Rung
from autoresearch.observer import Observer
from autoresearch.records import (
    EVIDENCE,
    AnyRecord,
    Began,
    Canary,
    Checked,
    Closed,
    Committed,
    Confirmed,
    Decided,
    Drawn,
    Gating,
    Measured,
    Measuring,
    Planned,
    Proposed,
    Refused,
    Replied,
    Settled,
)
from autoresearch.secrets import redactor
from autoresearch.settings import Budget, Settings

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

RUNGS: dict[Rung, str] = {
    "explore": "hints by turns",
    "shift": "hints of a neglected kind, {0.idea}",
    "burst": "the tuner on the best so far",
    "branch": "from the text of #{0.start}",
}
"""What a session does on each rung."""
LAST_ROWS = 8
HOW_TO_STOP = "Ctrl-C: finish the run in hand and stop; twice: stop now"
CLOSING = "closing"
STOPPING = "stopping after this run; Ctrl-C again: stop now"


@contextmanager
def watching(settings: Settings, tag: str, model: str, stop: StopSignal, *, as_json: bool) -> Iterator[Observer]:
    """The view that fits where output goes: JSON lines, a live view in a terminal, else plain lines."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if as_json:
        yield JsonLines(settings, tag)
    elif sys.stdout.isatty() and console.is_terminal and not console.is_dumb_terminal:
        yield from _live(LiveView(settings, tag, model, stop), Console(highlight=False))
    else:
        yield PlainLines(settings, stop)


def say(text: str) -> None:
    """Print a line. When whoever read our output is gone, as `head` is, the session goes on without them."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class JsonLines:
    """One JSON object a line on stdout: `session`, an `experiment` each, `notice`, `waiting`, and at last `end`."""

    def __init__(self, settings: Settings, tag: str) -> None:
        self._settings = settings
        self._tag = tag

    def record(self, record: AnyRecord, history: History) -> None:
        """Say what a program may want to follow."""
        if isinstance(record, Began):
            self._say("session", tag=self._tag, branch=f"autoresearch/{self._tag}", resumed=history.lives > 1)
        elif told := tampering(record, history) or climbed(record, history) or refused(record):
            self.notice(told)
        elif isinstance(record, Settled):
            self._say("experiment", **facts(history.experiments[-1]))
        elif isinstance(record, Closed):
            best, baseline = history.incumbent, history.baseline
            self._say(
                "end",
                reason=record.reason,
                experiments=len(history.experiments),
                baseline=baseline.value if baseline else None,
                best=best.value if best else None,
                cost_usd=None if history.spent.unpriced else round(history.spent.usd, 6),
            )

    def notice(self, text: str) -> None:
        """Pass a notice on."""
        self._say("notice", text=text)

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """Say how long, and how long at most."""
        now = time.monotonic()
        seconds, at_most_s = round(until_s - now, 3), round(gives_up_s - now, 3)
        self._say("waiting", proposer=who, why=why, seconds=seconds, gives_up_s=at_most_s)

    def tick(self) -> None:
        """Nothing moves in a line that is written."""

    def _say(self, event: str, **values: object) -> None:
        say(json.dumps({"event": event, **values}, ensure_ascii=False))


class PlainLines:
    """One line an experiment on stdout; notices go to stderr."""

    def __init__(self, settings: Settings, stop: StopSignal) -> None:
        self._settings = settings
        self._stop = stop
        self._said_stop = False

    def record(self, record: AnyRecord, history: History) -> None:
        """Print a line when an experiment is over."""
        if told := tampering(record, history) or climbed(record, history) or refused(record):
            self.notice(told)
        elif isinstance(record, Settled):
            say(line(history.experiments[-1], history, self._settings))

    def notice(self, text: str) -> None:
        """Print a notice."""
        print(f"note: {one_line(text)}", file=sys.stderr, flush=True)

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """Say it once: lines count nothing down."""
        now = time.monotonic()
        self.notice(f"{who}: {why}; trying again in {clock(until_s - now)}, gives up in {clock(gives_up_s - now)}")

    def tick(self) -> None:
        """Say once that a signal was heard."""
        if self._stop.asked and not self._said_stop:
            self._said_stop = True
            self.notice(STOPPING)


class LiveView:
    """What the live view knows; it is drawn anew four times a second."""

    def __init__(self, settings: Settings, tag: str, model: str, stop: StopSignal) -> None:
        self._settings = settings
        self._stop = stop
        self._tag = tag
        self._model = model
        self._history = History()
        self._phase = "opening the session"
        self._since = self._born = time.monotonic()
        self._limit_s: float | None = None
        self._wait: tuple[str, str, float, float] | None = None
        self._notices: list[str] = []
        self._alarm: str | None = None

    def record(self, record: AnyRecord, history: History) -> None:
        """Take a step in."""
        self._history = history
        self._alarm = tampering(record, history) or self._alarm
        if told := climbed(record, history):
            self.notice(told)
        phase = self._name_phase(record)
        if phase != self._phase:
            self._phase, self._since = phase, time.monotonic()
        self._limit_s = self._limit(record)
        self._wait = None

    def notice(self, text: str) -> None:
        """Show a notice under the table."""
        # Here already: drawn, it may be broken over two lines.
        self._notices = [*self._notices[-2:], redactor().text(one_line(text))]

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """Count down until the next record, in the place of the phase."""
        self._wait = who, redactor().text(one_line(why)), until_s, gives_up_s

    def tick(self) -> None:
        """The view refreshes itself."""

    def draw(self) -> RenderableType:
        """Head, phase, rows, notices."""
        from rich.console import Group
        from rich.text import Text

        lines: list[RenderableType] = [self._head(), self._now(), self._rows()]
        lines += [Text(self._alarm, style="bold red")] if self._alarm else []
        lines += [Text(f"note: {notice}", style="yellow") for notice in self._notices]
        if self._phase != CLOSING:
            lines.append(Text(STOPPING, style="bold yellow") if self._stop.asked else Text(HOW_TO_STOP, style="dim"))
        return Group(*lines)

    def _limit(self, record: AnyRecord) -> float | None:
        settings = self._settings
        if isinstance(record, Gating):
            return settings.check_timeout if record.gate == "check" else settings.confirm_timeout
        return settings.timeout if isinstance(record, Measuring) else None

    def _name_phase(self, record: AnyRecord) -> str:
        match record:
            case Began():
                return "proving that the bench runs the target"
            case Canary() | Committed() | Drawn():
                return "preparing a run"
            case Measuring():
                return "running the bench" + ("" if record.arm == "candidate" else " on the incumbent")
            case Gating():
                return f"running `{record.gate}`"
            case Proposed():
                return "committing the candidate"
            case Replied() | Measured() | Checked() | Confirmed() | Decided():
                return "looking at what came back"
            case Refused():
                return f"asking again ({record.reason})"
            case Planned():
                return f"asking {record.by}{_step(record)}"
            case Settled():
                return "planning"
            case _:
                return CLOSING

    def _head(self) -> RenderableType:
        from rich.text import Text

        settings, history = self._settings, self._history
        head = Text(f"autoresearch/{self._tag}", style="bold")
        head.append(f"  {self._model}  ", style="dim")
        baseline, best = history.baseline, history.incumbent
        if baseline and best and baseline.value is not None and best.value is not None:
            head.append(f"{settings.metric.name} {number(best.value)}", style="bold green")
            head.append(f"  baseline {number(baseline.value)}{change(settings, best.value, baseline.value)}")
        head.append(f"  {len(history.kept)} kept of {history.tries}")
        head.append(f"  {cost(history)}{left(settings.budget, history)}")
        return head

    def _now(self) -> RenderableType:
        from rich.text import Text

        history, now = self._history, time.monotonic()
        if self._phase == CLOSING:
            return Text(CLOSING)
        number = history.pending.n if history.pending else len(history.experiments) + 1
        of = f"/{self._settings.budget.experiments}" if self._settings.budget.experiments else ""
        text = Text(f"#{number}{of} ", style="bold cyan")
        text.append(self._countdown(now) or f"{self._phase}  {clock(now - self._since)}")
        if self._limit_s:
            text.append(f" of {clock(self._limit_s)}")
        if history.pending and (pairs := rounds(history.pending).pairs):
            won, lost = score(pairs, self._settings.direction, self._settings.min_gain)
            text.append(f"  rematch {won}–{lost}", style="bold")
        if history.pending and history.pending.proposal:
            text.append(f"  {one_line(history.pending.proposal.description)[:60]}", style="italic")
        elapsed = history.past_s + (now - self._born)
        text.append(f"\nelapsed {clock(elapsed)}{self._remaining(elapsed)}", style="dim")
        return text

    def _countdown(self, now: float) -> str | None:
        """How long a wait lasts yet, and why; None while nobody is waited for."""
        if self._wait is None:
            return None
        who, why, until_s, gives_up_s = self._wait
        gives_up = f"gives up in {clock(gives_up_s - now)}"
        if now < until_s:
            return f"waiting for {who} {clock(until_s - now)} ({why}), {gives_up}"
        return f"asking {who} again  {clock(now - until_s)}"

    def _remaining(self, elapsed_s: float) -> str:
        budget, history = self._settings.budget, self._history
        done = len(history.experiments)
        left = []
        if budget.hours:
            left.append(max(0.0, budget.hours * 3600 - elapsed_s))
        if budget.experiments and done > 1:
            left.append((budget.experiments - done) * history.elapsed_s / done)
        return f"  about {clock(min(left))} left" if left else ""

    def _rows(self) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
        table.add_column("#", justify="right", no_wrap=True)
        table.add_column("commit", no_wrap=True)
        table.add_column(self._settings.metric.name, justify="right", no_wrap=True)
        table.add_column("status", no_wrap=True)
        table.add_column("description", overflow="ellipsis", no_wrap=True, ratio=1)
        styles = {"keep": "green", "discard": "", "crash": "red"}
        for e in self._history.experiments[-LAST_ROWS:]:
            assert e.verdict is not None
            table.add_row(
                str(e.n),
                (e.commit or "")[:7],
                number(e.value),
                Text(e.verdict.status, style=styles[e.verdict.status]),
                Text(what(e)),
            )
        return table


def _live(view: LiveView, console: Console) -> Iterator[Observer]:
    from rich.live import Live

    with Live(console=console, get_renderable=view.draw, refresh_per_second=4, redirect_stderr=False):
        yield view


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
    """`#12 keep loss 0.9931 (-0.7 %) 4.1s $0.012 description`; the change is against the best before it."""
    assert experiment.verdict is not None
    value = number(experiment.value)
    before = next((e.value for e in reversed(history.experiments) if e.kept and e.n < experiment.n), None)
    why = ""
    if experiment.value is not None and before is not None:
        value += change(settings, experiment.value, before)
        if experiment.verdict.cause == "screen" and settings.measured.better(experiment.value, than=before):
            why = f" [{experiment.verdict.reason}]"
    spent = f" ${experiment.cost_usd:.4f}" if experiment.cost_usd else ""
    return (
        f"#{experiment.n} {experiment.verdict.status} {settings.metric.name} {value} "
        f"{experiment.bench_s:.1f}s{spent} {what(experiment)}{why}"
    )


def what(experiment: Experiment) -> str:
    """The description, and the reason where the number alone does not tell it."""
    assert experiment.verdict is not None
    said = one_line(experiment.proposal.description) if experiment.proposal else ""
    if experiment.verdict.status == "crash" or experiment.verdict.cause in TELLING:
        reason = one_line(experiment.verdict.reason)
        return f"{said} [{reason}]" if said else reason
    return said


def facts(experiment: Experiment) -> dict[str, object]:
    """One experiment for programs."""
    assert experiment.verdict is not None
    proposal, planned = experiment.proposal, experiment.planned
    return {
        "n": experiment.n,
        "status": experiment.verdict.status,
        "reason": experiment.verdict.reason,
        "cause": experiment.verdict.cause,
        "would_keep": experiment.verdict.would_keep,
        "runs": len(experiment.runs),
        "value": experiment.value,
        "commit": experiment.commit,
        "description": proposal.description if proposal else None,
        "hypothesis": proposal.hypothesis if proposal else None,
        "category": proposal.category if proposal else None,
        "expected": proposal.expected if proposal else None,
        "rung": planned.rung if planned else None,
        "idea": planned.idea if planned else None,
        "by": experiment.by,
        "start": planned.start if planned else None,
        "repairs": proposal.repair if proposal else 0,
        "bench_s": round(experiment.bench_s, 3),
        "cost_usd": None if experiment.cost_usd is None else round(experiment.cost_usd, 6),
    }


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


def clock(seconds: float) -> str:
    """`0:01:05`."""
    return str(timedelta(seconds=round(max(0.0, seconds))))


def change(settings: Settings, value: float, over: float) -> str:
    """The change of the metric in its own sign, such as ` (-9.3 %)` of a loss that fell; nothing where it has none."""
    shown = percent(settings.measured.gain(value, over), settings.direction)
    return f" ({shown})" if shown else ""
