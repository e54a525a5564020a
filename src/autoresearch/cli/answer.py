"""What `autoresearch status` says. Nothing heavy is loaded here, neither Typer nor pydantic: see QUICK_S."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import TextIOWrapper
from typing import Any

from autoresearch.cli.folded import folded
from autoresearch.condition import Condition, look, measured_anew, running
from autoresearch.edge import whereabouts
from autoresearch.edge.holder import Holder
from autoresearch.figures import clock, number, percent, plural, proof
from autoresearch.pulse import Pulse, Wait

QUICK_S = 0.15
"""How long the whole command may take, so that it can stand in a prompt or a status bar."""
SCHEMA = 1
"""Of `--json`. Raised when a field changes its meaning or goes; new fields come without."""
JSON = "--json"


def asked(rest: Sequence[str]) -> tuple[str | None, bool] | None:
    """TAG and whether JSON is wanted, of what stands behind `status`, if that is all; None leaves it to Typer."""
    tags = [argument for argument in rest if argument != JSON]
    if len(tags) > 1 or rest.count(JSON) > 1 or any(tag.startswith("-") for tag in tags):
        return None
    return next(iter(tags), None), JSON in rest


def answer(tag: str | None, *, as_json: bool) -> None:
    """Print what a session does; None is the newest. Raises SettingsError where there is none."""
    known = whereabouts.session(tag)
    found = look(known)
    others = [other for other in running(whereabouts.recorded(known.root)) if other != known.tag]
    anew = measured_anew(known)
    if as_json:
        print(json.dumps(_facts(found, others, anew), indent=2))
        return
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal that cannot show a letter gets a question mark
        sys.stdout.reconfigure(errors="replace")
    for line in _lines(found, others, anew):
        print(folded("".join(c if c.isprintable() else " " for c in line)))


def _lines(found: Condition, others: list[str], anew: list[tuple[str, Holder]]) -> Iterator[str]:
    """For people."""
    yield f"session {found.session.tag}: {how_it_is(found)}"
    pulse = found.pulse
    if pulse:
        if doing := what_it_does(found):
            yield f"now: {doing}"
        yield f"{pulse.metric}: {_best(pulse)}"
        if pulse.verified:
            yield f"verification: {proof(pulse.verified)}"
        yield f"experiments: {_counts(pulse)}"
        yield f"time: {_time(pulse, found.elapsed_s)}"
        yield f"money: {_money(pulse)}"
        yield f"tokens: {_tokens(pulse)}"
    for done, who in anew:
        yield f"being {done} (process {who.pid} on {who.host})"
    if others:
        yield f"running too: {', '.join(others)}"
    yield from next_steps(found)


def next_steps(found: Condition) -> list[str]:
    """The commands that come next, a line each, as a shell takes them; none while it runs."""
    tag = found.session.tag
    if found.state in ("running", "elsewhere"):
        return []
    then = [f"autoresearch report {tag}"]
    if found.pulse and found.pulse.verifying and found.pulse.verifying[0] < found.pulse.verifying[1]:
        measured, asked = found.pulse.verifying
        then.insert(0, f"autoresearch verify {tag}  # goes on after {measured} of {plural(asked, 'pair')}")
    elif found.closed is None or found.closed.startswith(("stopped by ", "interrupted")):
        then.insert(0, f"{goes_on(found)}  # goes on")
    return [f"{when}: {command}" for when, command in zip(("next", "then"), then, strict=False)]


def goes_on(found: Condition) -> str:
    """The command that goes on with a session."""
    return (found.pulse and found.pulse.again) or f"autoresearch run --tag {found.session.tag}"


def how_it_is(found: Condition) -> str:
    """Whether it is alive, and how it ended where it is not."""
    pulse, who = found.pulse, found.holder
    where = f"process {who.pid} on {who.host}" if who else ""
    ago = f"{clock(time.time() - pulse.at)} ago" if pulse else "at once"
    when = f"{ago}, while {pulse.phase}" if pulse else ago
    when += f", experiment {pulse.n}" if pulse and pulse.n else ""
    match found.state:
        case "running":
            what = "being verified" if found.is_verified else "running"
            return f"{what} ({where})" + (", stopping after this run" if pulse and pulse.stopping else "")
        case "elsewhere":
            return f"run by {where}, which cannot be seen from here; its latest word is of {ago}"
        case "killed":
            return f"killed {when} ({where} is gone)"
        case "failed":
            return f"ended by an error, which it told where it ran, {when}"
        case "ended":
            ended = pulse.closed_at if pulse and pulse.closed_at else time.time()
            return f"ended {clock(time.time() - ended)} ago: {found.closed}"


def what_it_does(found: Condition) -> str:
    """What goes on, as the live view says it; empty where nothing does."""
    pulse = found.pulse
    if pulse is None or found.state not in ("running", "elsewhere"):
        return ""
    if pulse.verifying:
        done, asked = pulse.verifying
        return f"{pulse.phase}, {done} of {plural(asked, 'pair')} measured"
    if pulse.closed is not None:
        return pulse.phase if found.is_closing else "beginning"
    of = f"/{pulse.budget['experiments']:g}" if "experiments" in pulse.budget else ""
    n = pulse.n or pulse.counts.settled + (not pulse.hook)  # a hook is about what is settled
    said = f"#{n}{of} {_phase(pulse)}"
    if pulse.by and pulse.by not in said:
        said += f", proposed by {pulse.by}"
    return said + (f": {pulse.description[:100]}" if pulse.description else "")


def _phase(pulse: Pulse) -> str:
    now = time.time()
    if pulse.waiting:
        return _waiting(pulse.waiting, now)
    return f"{pulse.phase} for {clock(now - pulse.since)}" + (f" of {clock(pulse.limit_s)}" if pulse.limit_s else "")


def _waiting(wait: Wait, now: float) -> str:
    gives_up = f"gives up in {clock(wait.gives_up - now)}"
    if now < wait.until:
        return f"waiting for {wait.who} {clock(wait.until - now)} ({wait.why}), {gives_up}"
    return f"asking {wait.who} again for {clock(now - wait.until)} ({wait.why}), {gives_up}"


def _best(pulse: Pulse) -> str:
    if pulse.baseline is None or pulse.best is None:
        return "not measured yet"
    if pulse.best.n == pulse.baseline.n:
        return f"baseline {number(pulse.baseline.value)}, nothing better yet"
    change = percent(pulse.change, pulse.direction)
    over = f" ({change})" if change else ""
    return f"best {number(pulse.best.value)} (#{pulse.best.n}), baseline {number(pulse.baseline.value)}{over}"


def _counts(pulse: Pulse) -> str:
    counts, limit = pulse.counts, pulse.budget.get("experiments")
    said = f"{counts.tries} done: {counts.kept} kept, {counts.discarded} discarded, {counts.crashed} crashed"
    if counts.streak:
        said += f"; {counts.streak} since the latest keep"
        said += f" (at {pulse.patience} it ends)" if pulse.patience else ""
    if limit is None:
        return said
    return f"{said}; {max(0, limit - counts.settled):g} left of {limit:g}, the baseline included"


def _time(pulse: Pulse, elapsed_s: float) -> str:
    hours = pulse.budget.get("hours")
    left = "" if hours is None else f", {clock(hours * 3600 - elapsed_s)} left of {clock(hours * 3600)}"
    return f"{clock(elapsed_s)} used{left}"


def _money(pulse: Pulse) -> str:
    limit = pulse.budget.get("usd")
    used = "$0 used" if not pulse.replies else f"${pulse.usd:.4f} used"
    if pulse.unpriced:
        unknown = f"{plural(pulse.unpriced, 'reply', 'replies')} of unknown price"
        used = unknown if pulse.unpriced == pulse.replies else f"{used} and {unknown}"
    return used + ("" if limit is None else f", ${max(0.0, limit - pulse.usd):.2f} left of ${limit:g}")


def _tokens(pulse: Pulse) -> str:
    limit = pulse.budget.get("tokens")
    return f"{pulse.tokens:,} used" + (
        "" if limit is None else f", {max(0, limit - pulse.tokens):,.0f} left of {limit:,.0f}"
    )


def _facts(found: Condition, others: list[str], anew: list[tuple[str, Holder]]) -> dict[str, Any]:
    """For programs; docs/reference.md tells the fields."""
    pulse, who = found.pulse, found.holder
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "tag": found.session.tag,
        "state": found.state,
        "process": who and _process(who),
        "reason": found.closed,
        "ended": pulse and pulse.closed_at and _iso(pulse.closed_at),
        "running_too": others,
        "measured_anew": [{"what": done, "process": _process(by)} for done, by in anew],
    }
    if pulse is None:
        return head
    wait, verifying = pulse.waiting, pulse.verifying
    return {
        **head,
        "phase": None if found.state == "ended" else "waiting" if wait else pulse.phase,
        "since": _iso(pulse.since),
        "limit_s": pulse.limit_s,
        "waiting": wait
        and {"who": wait.who, "why": wait.why, "until": _iso(wait.until), "gives_up": _iso(wait.gives_up)},
        "stopping": pulse.stopping,
        "experiment": pulse.n,
        "by": pulse.by,
        "description": pulse.description,
        "verifying": verifying and {"measured": verifying[0], "asked": verifying[1]},
        "at": _iso(pulse.at),
        "lives": pulse.lives,
        "model": pulse.model,
        "metric": {"name": pulse.metric, "direction": pulse.direction},
        "baseline": pulse.baseline and vars(pulse.baseline),
        "best": pulse.best and vars(pulse.best),
        "change": pulse.change,
        "verified": pulse.verified and vars(pulse.verified),
        "counts": vars(pulse.counts),
        "patience": pulse.patience,
        "used": {
            "experiments": pulse.counts.settled,
            "hours": round(found.elapsed_s / 3600, 6),
            "usd": round(pulse.usd, 6),
            "tokens": pulse.tokens,
            "replies": pulse.replies,
            "unpriced": pulse.unpriced,
        },
        "budget": {name: pulse.budget.get(name) for name in ("experiments", "hours", "usd", "tokens")},
        "left": _left(pulse, found.elapsed_s),
    }


def _process(who: Holder) -> dict[str, Any]:
    return {"pid": who.pid, "host": who.host}


def _left(pulse: Pulse, elapsed_s: float) -> dict[str, float | None]:
    used = {
        "experiments": pulse.counts.settled,
        "hours": elapsed_s / 3600,
        "usd": pulse.usd,
        "tokens": pulse.tokens,
    }
    limits = {name: pulse.budget.get(name) for name in used}
    return {
        name: None if (limit := limits[name]) is None else round(max(0.0, limit - spent), 6)
        for name, spent in used.items()
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
