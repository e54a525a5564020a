"""Edits → new texts: every block must match exactly once, and either all of them land or none."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from autoresearch.decide.ladder import LADDER, Lines
from autoresearch.decide.reply import Edit, Refusal, Replace, WholeFile


def apply(files: Mapping[str, str], edits: Sequence[Edit]) -> Mapping[str, str] | Refusal:
    """The targets that change, with their full new text: never none, never only some of the edits.

    `files` is the incumbent's text of every target. Line endings, a byte-order mark and the final newline (or
    its lack) stay as the incumbent has them.
    """
    targets = {path: _Target.of(text) for path, text in files.items()}
    refusals = []
    whole: set[str] = set()
    for number, edit in enumerate(edits, start=1):
        landed = _whole(targets, edit, whole) if isinstance(edit, WholeFile) else _replace(targets, edit)
        if landed is not None:
            refusals.append(Refusal(landed.reason, f"Block {number} of {len(edits)}: {landed.detail}"))
    if refusals:
        details = [*(refusal.detail for refusal in refusals), "Nothing was applied; send every block again."]
        return Refusal(refusals[0].reason, "\n\n".join(details))
    changed = {path: text for path, old in files.items() if (text := targets[path].text()) != old}
    return changed or Refusal("no change", "The edit leaves every target exactly as it is.")


@dataclass
class _Target:
    """A text under edit: its lines, and beside them their endings."""

    lines: list[str]
    ends: list[str]
    newline: str
    """The ending that most lines have."""
    byte_order_mark: str
    open_ended: bool
    """The last line has no newline; `ends` gives it one until `text` takes it away again."""

    @classmethod
    def of(cls, text: str) -> _Target:
        body = text.removeprefix("\ufeff")
        newline = "\r\n" if 2 * body.count("\r\n") > body.count("\n") else "\n"
        open_ended = bool(body) and not body.endswith("\n")
        raw = (body + newline if open_ended else body).split("\n")[:-1]
        ends = ["\r\n" if line.endswith("\r") else "\n" for line in raw]
        lines = [line.removesuffix("\r") for line in raw]
        return cls(lines, ends, newline, text[: len(text) - len(body)], open_ended)

    def put(self, start: int, stop: int, lines: list[str]) -> None:
        self.lines[start:stop] = lines
        self.ends[start:stop] = [self.newline] * len(lines)

    def text(self) -> str:
        body = "".join(line + end for line, end in zip(self.lines, self.ends, strict=True))
        return self.byte_order_mark + (body.removesuffix(self.newline) if self.open_ended else body)


def _whole(targets: Mapping[str, _Target], edit: WholeFile, taken: set[str]) -> Refusal | None:
    if edit.path is None and len(targets) != 1:
        return Refusal("unknown target", f"it does not say which file it is. {_allowed(targets)}")
    path = next(iter(targets)) if edit.path is None else _resolve(targets, edit.path)
    if path is None:
        return Refusal("unknown target", f"{edit.path!r} is not a target. {_allowed(targets)}")
    if path in taken:
        return Refusal("ambiguous edit", f"it is a second complete text of {path}. Send one.")
    taken.add(path)
    targets[path].put(0, len(targets[path].lines), _split(edit.text))
    return None


def _replace(targets: Mapping[str, _Target], edit: Replace) -> Refusal | None:
    path = None if edit.path is None else _resolve(targets, edit.path)
    if edit.path is not None and path is None:
        return Refusal("unknown target", f"{edit.path!r} is not a target. {_allowed(targets)}")
    within = targets if path is None else {path: targets[path]}
    if not edit.search.strip():
        places = [
            _Place(name, 0, len(target.lines), _split(edit.replace))
            for name, target in within.items()
            if not any(line.strip() for line in target.lines)
        ]
    else:
        places = _places(within, edit)
    if len(places) != 1:
        return _mismatch(within, edit, places)
    place = places[0]
    targets[place.path].put(place.start, place.stop, place.lines)
    return None


def _resolve(targets: Iterable[str], path: str) -> str | None:
    """The target that a model means; only names of targets come out, so no path can lead elsewhere."""
    name = path.strip().replace("\\", "/")
    while name.startswith("./"):
        name = name[2:]
    known = set(targets)
    return next((n for n in (path, name, name.removeprefix("a/"), name.removeprefix("b/")) if n in known), None)


def _allowed(targets: Iterable[str]) -> str:
    return f"Put `FILE: path` before each block, with one of these paths: {', '.join(targets)}."


@dataclass(frozen=True)
class _Place:
    """Where a block matches, and the lines that go there."""

    path: str
    start: int
    stop: int
    lines: list[str]


_ENOUGH = 50
"""Places counted of a block that matches too often."""


def _places(within: Mapping[str, _Target], edit: Replace) -> list[_Place]:
    """The places of the first reading, and of it the first rung of the ladder, that has any."""
    places: list[_Place] = []
    for search, replace in _readings(edit):
        places = _climb(within, search, replace)
        if places:
            break
    return places


def _readings(edit: Replace) -> Iterator[tuple[Lines, Lines]]:
    """Search and replacement, parted at every line that can be the divider, the plain reading last.

    Content with headings underlined like the divider has several readings. The one that matches with the
    longest search is the one that was meant: a wrong one would hold lines that are not in the file.
    """
    search, replace = _split(edit.search), _split(edit.replace)
    cuts = [k for k, line in enumerate(replace) if line == edit.divider][:8]
    for k in reversed(cuts):
        yield [*search, edit.divider, *replace[:k]], replace[k + 1 :]
    yield search, replace


def _climb(within: Mapping[str, _Target], search: Lines, replace: Lines) -> list[_Place]:
    for rung in LADDER:
        found = (
            _Place(path, start, stop, lines)
            for path, target in within.items()
            for start, stop, lines in rung(target.lines, search, replace)
        )
        if places := list(islice(found, _ENOUGH)):
            return places
    return []


def _split(text: str) -> Lines:
    """Lines without their endings; no line at all for the empty text."""
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    return lines if lines[-1] else lines[:-1]


def _mismatch(within: Mapping[str, _Target], edit: Replace, places: Sequence[_Place]) -> Refusal:
    """Which block, how often it matched, and what would help."""
    names = ", ".join(within)
    if not edit.search.strip():
        return Refusal("empty search", f"SEARCH is empty, but {names} is not. Copy the lines to replace into it.")
    block = _quoted(_split(edit.search))
    if places:
        many = "at least " if len(places) == _ENOUGH else ""
        where = ", ".join(f"{place.path}:{place.start + 1}" for place in places[:5])
        return Refusal(
            "search ambiguous",
            f"SEARCH matches {many}{len(places)} places ({where}); it must match exactly one. Add lines "
            f"around the change.\n{block}",
        )
    return Refusal("search not found", f"SEARCH matches 0 places in {names}.\n{block}{_nearest(within, edit.search)}")


def _nearest(within: Mapping[str, _Target], search: str) -> str:
    """The lines of the file around the one most like a line of the search, the longest tried first."""
    sought = _split(search)
    telling = sorted((k for k, line in enumerate(sought) if line.strip()), key=lambda k: -len(sought[k].strip()))
    for k in telling[:3]:
        for path, target in within.items():
            close = difflib.get_close_matches(sought[k].strip()[:200], [s.strip()[:200] for s in target.lines], n=1)
            if close:
                at = next(i for i, line in enumerate(target.lines) if line.strip()[:200] == close[0])
                start, stop = max(0, at - k - 2), at - k + len(sought) + 2
                near = _quoted(target.lines[start:stop])
                return f"\nThe nearest lines of {path}, from line {start + 1}:\n{near}"
    return ""


def _quoted(lines: Lines, limit: int = 40) -> str:
    """Lines between marks that none of them can close."""
    more = [f"[… {len(lines) - limit} more lines]"] if len(lines) > limit else []
    longest = max((len(run) for line in lines[:limit] for run in re.findall("`+", line)), default=0)
    mark = "`" * max(7, longest + 1)
    return "\n".join([mark, *lines[:limit], *more, mark])
