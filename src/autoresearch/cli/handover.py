"""What `finalize` hands over: the texts of pull requests, their chart, and the commands that come next."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from autoresearch import __version__
from autoresearch.cli.folded import folded
from autoresearch.decide.results import one_line
from autoresearch.display import say
from autoresearch.edge.receipt import Receipt, mark
from autoresearch.figures import plural
from autoresearch.finalize import Piece, Plan, Shape
from autoresearch.finalized import Found
from autoresearch.report import brought, pull_request
from autoresearch.report.curve import curve
from autoresearch.secrets import redactor

_DONE = {"new": "wrote", "moved": "wrote anew", "same": "nothing to do:"}
_WOULD = {"new": "would write", "moved": "would write anew", "same": "nothing to do:"}


class Handover:
    """The files of one call, each whole or as it was."""

    def __init__(self, found: Found, plan: Plan, output: Path | None) -> None:
        self.found, self.plan = found, plan
        self.folder = output if output is not None else _shown(found.folder.path)

    def text(self, piece: Piece) -> Path:
        """Where a branch's text goes."""
        return self.folder / f"{'-'.join(filter(None, ('pull-request', self._selection, piece.topic)))}.md"

    @property
    def _selection(self) -> str:
        """What tells a branch with some of the session's changes from the session's own; empty for that one."""
        name, tag = self.found.name, self.found.opened.tag
        return "" if name == f"autoresearch/{tag}" else name.removeprefix(f"autoresearch/{tag}-").replace("/", "-")

    @property
    def charts(self) -> list[Path]:
        """Where the pictures go; none where there is too little to draw."""
        return [self.folder / f"chart.{kind}" for kind in ("png", "svg")] if curve(self.found.log) else []

    @cached_property
    def files(self) -> dict[Path, bytes]:
        """All files and what they hold."""
        log, summary = self.found.log, self.found.summary
        files = {}
        for piece in self.plan.pieces:
            text = pull_request.text(log, summary, piece.brought, pictured=bool(self.charts))
            files[self.text(piece)] = redactor().text(text).encode(errors="replace")
        files |= dict(zip(self.charts, self._drawn(), strict=True))
        return files

    def _drawn(self) -> list[bytes]:
        """The pictures: those that lie there already, where nothing has changed since."""
        receipt = Receipt.of(self.found.folder)
        held = [data for path in self.charts if (data := receipt.made_of(self._source, path))]
        if len(held) == len(self.charts):
            return held
        from autoresearch.report.chart import png, svg

        log, summary = self.found.log, self.found.summary
        return [png(log, summary), svg(log, summary).encode()]

    @cached_property
    def _source(self) -> str:
        """Fingerprint of what the files are made of."""
        return mark(self.found.folder.journal.read_bytes() + __version__.encode())

    def write(self) -> None:
        """Write the files. Raises SettingsError, having written none, where one of somebody else's is in the way."""
        Receipt.of(self.found.folder).put(self.files, self._source)


def warn(found: Found, plan: Plan, onto: str | None) -> None:
    """What to know before anybody merges it, on stderr."""
    merged = all(_is_merged(found, piece) for piece in plan.pieces)
    for doubt in found.doubts(is_placed=onto is not None or merged):
        _note(doubt)
    if plan.undone:
        numbers = ", ".join(f"#{keep.experiment.n} {keep.told.row.description}" for keep in plan.undone)
        where = "" if plan.start == found.opened.base else f", or it is in {plan.start[:7]} already"
        _note(f"left out, as nothing of it is left{where}: {numbers}")


def show(handover: Handover, shape: Shape, tips: Mapping[str, str]) -> None:
    """What was made, or with no `tips` would be, where the texts lie, and the commands that come next."""
    for line in (*_made(handover, shape, tips), *(_files(handover, tips)), *(_next(handover) if tips else ())):
        say(folded(_safe(line)))


def show_json(handover: Handover, shape: Shape, tips: Mapping[str, str]) -> None:
    """The same as one JSON object."""
    found, plan = handover.found, handover.plan
    branches = [
        {
            "branch": piece.branch,
            "fate": piece.fate,
            "commit": tips.get(piece.branch),
            "commits": [draft.message.partition("\n")[0] for draft in piece.drafts],
            "experiments": [entry.row.n for entry in piece.brought.kept],
            "standing": list(brought.standing(found.log, piece.brought)),
            "pull_request": str(handover.text(piece)) if tips else None,
        }
        for piece in plan.pieces
    ]
    said = {
        "event": "finalized" if tips else "planned",
        "session": found.opened.tag,
        "from": found.name,
        "head": found.head,
        "as": shape.value,
        "base": found.opened.base,
        "onto": plan.start,
        "branches": branches,
        "left_out": [keep.experiment.n for keep in plan.undone],
        "charts": list(map(str, handover.charts)) if tips else [],
        "commands": list(_commands(handover)) if tips else [],
    }
    say(json.dumps(said))


def _made(handover: Handover, shape: Shape, tips: Mapping[str, str]) -> Iterator[str]:
    found, plan = handover.found, handover.plan
    words = _DONE if tips else _WOULD
    if shape is Shape.TOPICS and len(plan.pieces) == 1:
        yield "one topic: the changes touch each other's lines, or no line that stands nowhere else is between them"
    for piece in plan.pieces:
        at = f" at {tip[:7]}" if (tip := tips.get(piece.branch)) else ""
        holds = f"{plural(len(piece.drafts), 'commit')} on {plan.start[:7]}"
        what = (
            f"{piece.branch}{at} is there already, as it should be" if piece.fate == "same" else f"{piece.branch}{at}"
        )
        if _is_merged(found, piece):
            what += f", and {found.repository.here()} has it"
        was = f" (it was at {piece.now[:7]})" if piece.now and piece.fate == "moved" else ""
        yield f"{words[piece.fate]} {what}{was}: {holds}, {_content(found, piece)}"
        for draft in piece.drafts:
            yield f"  {one_line(draft.message.partition(chr(10))[0])}"
        for sentence in brought.standing(found.log, piece.brought):
            yield f"  {sentence}"


def _content(found: Found, piece: Piece) -> str:
    numbers = ", ".join(f"#{entry.row.label}" for entry in piece.brought.kept)
    if piece.brought.apart or piece.brought.onto:
        return f"the changes of {numbers}"
    return f"its files as at {found.name}"


def _files(handover: Handover, tips: Mapping[str, str]) -> Iterator[str]:
    where = "" if tips else "would be written: "
    for piece in handover.plan.pieces:
        yield f"{where}{handover.text(piece)}, the text of a pull request"
    if handover.charts:
        yield f"{where}{', '.join(map(str, handover.charts))}, its chart"


def _next(handover: Handover) -> Iterator[str]:
    commands = list(_commands(handover))
    if not commands:
        return
    yield from ("", "next:", *(f"  {command}" for command in commands))
    if handover.charts and handover.found.repository.remotes():
        yield f"then drag {handover.charts[0]} into the text: what lies on your machine no forge can show"


def _commands(handover: Handover) -> Iterator[str]:
    remotes = handover.found.repository.remotes()
    remote = "origin" if "origin" in remotes or not remotes else remotes[0]
    for piece in handover.plan.pieces:
        if _is_merged(handover.found, piece):
            continue
        branch = shlex.quote(piece.branch)
        yield f"git diff {handover.plan.start[:10]} {branch}"
        if not remotes:
            yield f"git merge {branch}"
            continue
        title = shlex.quote(one_line(brought.title(handover.found.log, piece.brought)))
        yield f"git push -u {shlex.quote(remote)} {branch}"
        yield f"gh pr create --head {branch} --title {title} --body-file {shlex.quote(str(handover.text(piece)))}"


def _is_merged(found: Found, piece: Piece) -> bool:
    """True where what is checked out has all of a branch that stands already."""
    here = found.repository.ref("HEAD")
    return bool(piece.fate == "same" and piece.now and here and found.repository.is_ancestor(piece.now, here))


def _shown(path: Path) -> Path:
    """A path as it is shortest from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _note(text: str) -> None:
    print(_safe(f"note: {text}", sys.stderr.encoding), file=sys.stderr, flush=True)


def _safe(text: str, encoding: str | None = None) -> str:
    """The text with question marks for what the terminal cannot show."""
    known = encoding or sys.stdout.encoding or "utf-8"
    return text.encode(known, "replace").decode(known)
