"""`autoresearch watch`: the live view of a session that runs elsewhere on this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from autoresearch.cli.answer import how_it_is, next_steps
from autoresearch.cli.folded import folded
from autoresearch.condition import Condition, look
from autoresearch.edge import holder, whereabouts
from autoresearch.figures import plural

if TYPE_CHECKING:
    from autoresearch.attached import Attached
    from autoresearch.edge.whereabouts import Recorded

HINT = "Ctrl-C: watch no longer; the session goes on, and `autoresearch stop {tag}` stops it"
NOTHING = "nothing runs: this is how it stands"
STOPPING = "stopping after this run; Ctrl-C: watch no longer"


def watch(
    tag: Annotated[
        str | None, typer.Argument(metavar="TAG", help="The session; the default is the newest of this repository.")
    ] = None,
) -> None:
    """Show a running session live, as `run` does. Ctrl-C ends the watching and leaves the session alone."""
    from autoresearch.attached import Attached
    from autoresearch.display import has_screen

    session = whereabouts.session(tag)
    attached = Attached(session)
    found = look(session)
    try:
        (_on_a_screen if has_screen() else _in_lines)(attached, found)
    except KeyboardInterrupt:
        print(
            f"watching no longer; session {session.tag} goes on. autoresearch watch {session.tag} comes back to it, "
            f"autoresearch stop {session.tag} stops it",
            file=sys.stderr,
        )
        return
    found = look(session)
    print(folded(f"session {session.tag}: {how_it_is(found)}"))
    for line in next_steps(found):
        print(folded(line))


def _on_a_screen(attached: Attached, found: Condition) -> None:
    from rich.console import Console

    from autoresearch.live import LiveView, shown

    tag, model, console = found.session.tag, found.pulse.model if found.pulse else "", Console(highlight=False)
    hint = HINT.format(tag=tag)
    view = LiveView(attached.settings(), tag, model, attached.stop, hint=hint, stopping=STOPPING)
    attached.catch_up(view)
    if not _goes_on(found.session):
        view.end(NOTHING)
        console.print(view.draw())
        return
    with shown(view, console):
        attached.follow(view, lambda: _goes_on(found.session))
        view.end("no longer running")


def _in_lines(attached: Attached, found: Condition) -> None:
    from autoresearch.display import PlainLines

    lines = PlainLines(attached.settings(), attached.stop)
    attached.catch_up()
    if _goes_on(found.session):
        done = plural(len(attached.history.experiments), "experiment")
        lines.notice(f"watching session {found.session.tag} after {done}; each new one is a line")
        attached.follow(lines, lambda: _goes_on(found.session))


def _goes_on(session: Recorded) -> bool:
    """True while somebody runs it, or may on a host that cannot be seen from here."""
    life = holder.look(session.folder)[0]
    return life == "running" or (life == "elsewhere" and look(session).closed is None)
