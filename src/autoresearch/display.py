"""What a session shows while it runs: JSON lines, plain lines, or the live view; drawn from records alone."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from autoresearch.decide.history import Experiment, History
from autoresearch.decide.results import one_line
from autoresearch.edge.signals import StopSignal
from autoresearch.figures import clock
from autoresearch.live import LiveView, shown
from autoresearch.news import STOPPING, climbed, line, refused, tampering
from autoresearch.observer import Observer
from autoresearch.records import AnyRecord, Began, Closed, Settled
from autoresearch.settings import Settings


@contextmanager
def watching(settings: Settings, tag: str, model: str, stop: StopSignal, *, as_json: bool) -> Iterator[Observer]:
    """The view that fits where output goes: JSON lines, a live view in a terminal, else plain lines."""
    from rich.console import Console

    if as_json:
        yield JsonLines(settings, tag)
    elif has_screen():
        with shown(LiveView(settings, tag, model, stop), Console(highlight=False)) as view:
            yield view
    else:
        yield PlainLines(settings, stop)


def has_screen() -> bool:
    """True where a view can be drawn anew in place: both streams are a terminal that can."""
    from rich.console import Console

    console = Console(stderr=True)
    return sys.stdout.isatty() and console.is_terminal and not console.is_dumb_terminal


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
