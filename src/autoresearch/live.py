"""The live view: what a session does now, and its latest rows, drawn anew four times a second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from autoresearch.decide.history import History
from autoresearch.decide.rematch import score
from autoresearch.decide.results import one_line
from autoresearch.decide.rounds import rounds
from autoresearch.edge.signals import StopSignal
from autoresearch.figures import clock, number, plural
from autoresearch.news import CLOSING, STOPPING, VERIFYING, change, climbed, cost, left, phase, refused, tampering, what
from autoresearch.observer import Observer
from autoresearch.records import AnyRecord, Began, Gating, Measuring
from autoresearch.secrets import redactor
from autoresearch.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

LAST_ROWS = 8
HOW_TO_STOP = "Ctrl-C: finish the run in hand and stop; twice: stop now"


@contextmanager
def shown(view: LiveView, console: Console) -> Iterator[Observer]:
    """The view in a terminal for as long as the session runs."""
    from rich.live import Live

    with Live(console=console, get_renderable=view.draw, refresh_per_second=4, redirect_stderr=False):
        yield view


class LiveView:
    """What the live view knows; it is drawn anew four times a second."""

    def __init__(
        self,
        settings: Settings,
        tag: str,
        model: str,
        stop: StopSignal,
        *,
        hint: str = HOW_TO_STOP,
        stopping: str = STOPPING,
    ) -> None:
        self._settings = settings
        self._hint, self._stopping = hint, stopping
        self._stop = stop
        self._tag = tag
        self._model = model
        self._history = History()
        self._phase = "opening the session"
        self._since = self._born = time.monotonic()
        self._limit_s: float | None = None
        self._wait: tuple[str, str, float, float] | None = None
        self._busy: tuple[str, float, float | None] | None = None
        self._notices: list[str] = []
        self._alarm: str | None = None
        self._over: str | None = None

    def record(self, record: AnyRecord, history: History) -> None:
        """Take a step in."""
        self._history = history
        if isinstance(record, Began):
            self._born = _moment(record) - record.t
        self._alarm = tampering(record, history) or self._alarm
        if told := climbed(record, history) or refused(record):
            self.notice(told)
        if (named := phase(record)) != self._phase:
            self._phase, self._since = named, _moment(record)
        self._limit_s = self._limit(record)
        self._wait = self._busy = None

    def notice(self, text: str) -> None:
        """Show a notice under the table."""
        # Here already: drawn, it may be broken over two lines.
        self._notices = [*self._notices[-2:], redactor().text(one_line(text))]

    def waiting(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        """Count down until the next record, in the place of the phase."""
        self._wait = who, redactor().text(one_line(why)), until_s, gives_up_s

    def busy(self, what: str, since: float, limit_s: float | None) -> None:
        """Say it in the place of the phase."""
        self._busy = (f"running {what}", since - time.time() + time.monotonic(), limit_s) if what else None

    def tick(self) -> None:
        """The view refreshes itself."""

    def end(self, how: str) -> None:
        """Nothing goes on any more: say how it ended in the place of what goes on."""
        self._over = how

    def draw(self) -> RenderableType:
        """Head, phase, rows, notices."""
        from rich.console import Group
        from rich.text import Text

        lines: list[RenderableType] = [self._head(), self._now(), self._rows()]
        lines += [Text(self._alarm, style="bold red")] if self._alarm else []
        lines += [Text(f"note: {notice}", style="yellow") for notice in self._notices]
        if self._phase != CLOSING and self._over is None:
            asked = self._stop.asked
            lines.append(Text(self._stopping, style="bold yellow") if asked else Text(self._hint, style="dim"))
        return Group(*lines)

    def _limit(self, record: AnyRecord) -> float | None:
        settings = self._settings
        if isinstance(record, Gating):
            return settings.check_timeout if record.gate == "check" else settings.confirm_timeout
        return settings.timeout if isinstance(record, Measuring) else None

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
        if self._over is not None or self._phase == CLOSING:
            doing = f"{self._busy[0]}  {clock(now - self._busy[1])}" if self._busy else CLOSING
            return Text(self._over or doing)
        if self._phase == VERIFYING and (verification := history.verification):
            done, asked = len(rounds(verification.measured).pairs), plural(verification.asked.pairs, "pair")
            return Text(f"{VERIFYING}, {done} of {asked} measured  {clock(now - self._since)}")
        number = history.pending.n if history.pending else len(history.experiments) + (not self._busy)
        of = f"/{self._settings.budget.experiments}" if self._settings.budget.experiments else ""
        text = Text(f"#{number}{of} ", style="bold cyan")
        phase, since, limit_s = self._busy or (self._phase, self._since, self._limit_s)
        text.append((not self._busy and self._countdown(now)) or f"{phase}  {clock(now - since)}")
        if limit_s:
            text.append(f" of {clock(limit_s)}")
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


def _moment(record: AnyRecord) -> float:
    """When a record was written, by our monotonic clock: it may have been long before somebody began to watch."""
    age_s = time.time() - datetime.fromisoformat(record.at).timestamp() if record.at else 0.0
    return time.monotonic() - max(0.0, age_s)
