"""`autoresearch stop`: asks a running session to stop, from another terminal."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from autoresearch.cli.answer import goes_on, how_it_is, what_it_does
from autoresearch.condition import Condition, look, running, told_by
from autoresearch.edge import holder, whereabouts
from autoresearch.errors import RepositoryError, SettingsError

if TYPE_CHECKING:
    from autoresearch.edge.whereabouts import Recorded

HEARD_S = 5.0
"""How long to wait for a word that the signal was heard; a session says so four times a second while a run goes on."""
ENDED_S = 20.0
"""How long `--now` waits for the end: processes are killed, and trees removed."""
POLL_S = 0.05


def stop(
    tag: Annotated[
        str | None, typer.Argument(metavar="TAG", help="The session; the default is the one that runs.")
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Break the run in hand off, as Ctrl-C twice does.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it has ended, and say how.")] = False,
) -> None:
    """Ask a running session to finish the run in hand, record it, and end. Nothing that was measured is lost."""
    session = _running(tag)
    found = look(session)
    if found.state != "running":
        raise _not_here(found)
    doing = what_it_does(found)
    print(f"session {session.tag}: {how_it_is(found)}" + (f"\nnow: {doing}" if doing else ""))
    _ask(found, now=now)
    print(_what_follows(found, now=now), flush=True)
    if now or wait:
        _wait_for_the_end(session, None if wait else ENDED_S)


def _running(tag: str | None) -> Recorded:
    """The session meant: without a TAG the one that runs. Raises SettingsError where several do."""
    session = whereabouts.session(tag)
    if tag is not None:
        return session
    tags = running(whereabouts.sessions())
    if len(tags) > 1:
        raise SettingsError(f"{len(tags)} sessions run: {', '.join(tags)}. Name one: autoresearch stop TAG")
    return whereabouts.session(tags[0]) if tags else session


def _not_here(found: Condition) -> RepositoryError:
    tag = found.session.tag
    if found.state == "elsewhere":
        return RepositoryError(f"session {tag} is {how_it_is(found)}. Stop it there: autoresearch stop {tag}")
    return RepositoryError(f"session {tag} does not run: {how_it_is(found)}. There is nothing to stop.")


def _ask(found: Condition, *, now: bool) -> None:
    """Send the signals of one Ctrl-C or of two, and no more: a second one always means `now`."""
    assert found.holder is not None
    asked_before = found.pulse is not None and found.pulse.stopping
    if asked_before and not now:
        return
    # SIGTERM, as what is started in the background of a script ignores Ctrl-C.
    holder.send(found.holder, signal.SIGTERM)
    if asked_before:
        return
    # Two of a kind that come together are one: the second waits until the first was heard.
    _until(lambda: _has_heard(found.session), HEARD_S)
    if now and holder.look(found.session.folder)[0] == "running":
        holder.send(found.holder, signal.SIGTERM)


def _has_heard(session: Recorded) -> bool:
    told = told_by(session.folder)
    return (told is not None and told.stopping) or holder.look(session.folder)[0] != "running"


def _what_follows(found: Condition, *, now: bool) -> str:
    tag, session = found.session.tag, found.session
    told = told_by(session.folder)
    closed = found.closed is None and told is not None and told.closed is not None  # all but its lock is given back
    over = closed or holder.look(session.folder)[0] != "running"
    command = f"autoresearch verify {tag}" if found.is_verified else goes_on(found)
    if now:
        return f"stopped: what was in hand is broken off, and nothing measured is lost; {command} goes on"
    if over:
        return f"stopped; {command} goes on"
    if not _has_heard(session):
        return f"asked to stop, and no answer yet; --now stops it at once; {command} goes on"
    before = "was asked before: " if found.pulse and found.pulse.stopping else ""
    return f"{before}stopping once the run in hand is over; --now stops it at once; {command} goes on"


def _wait_for_the_end(session: Recorded, at_most_s: float | None) -> None:
    if not _until(lambda: holder.look(session.folder)[0] != "running", at_most_s):
        print(f"session {session.tag} is still ending; autoresearch status {session.tag} says when it has")
        return
    print(f"session {session.tag}: {how_it_is(look(session))}")


def _until(happened: Callable[[], bool], at_most_s: float | None) -> bool:
    """Poll until something is so; False where it is not in time."""
    give_up = None if at_most_s is None else time.monotonic() + at_most_s
    while not happened():
        if give_up is not None and time.monotonic() > give_up:
            return False
        time.sleep(POLL_S)
    return True
