"""Edits → new texts: every block must match exactly once, and either all of them land or none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from autoresearch.decide.ladder import LADDER, Lines
from autoresearch.decide.marks import commented_file
from autoresearch.decide.mismatch import ENOUGH, Place, mismatch
from autoresearch.decide.reply import IN_JSON, Edit, Refusal, Replace, WholeFile
from autoresearch.decide.target import Target, split

EXCERPT_LINES = 100
"""A complete text with less than a quarter of its incumbent's lines, where that has so many, is an excerpt."""


SHOWN = 8
"""Blocks that do not apply whose reasons are told in full."""
NEAR = 3
"""Of these, so many with the lines that are most like them: to look for those takes a while."""


@dataclass(frozen=True)
class Unlanded(Refusal):
    """Why not all of the edits apply."""

    landed: tuple[Edit, ...] = ()
    """Those that do."""


def apply(files: Mapping[str, str], edits: Sequence[Edit], held: Sequence[Edit] = ()) -> Mapping[str, str] | Refusal:
    """The targets that change, with their full new text: never none, never only some of the edits.

    `files` is the incumbent's text of every target. Line endings, a byte-order mark and the final newline (or
    its lack) stay as the incumbent has them. `held` are edits of earlier answers, which come first; `edits` may not
    touch what those change. An `Unlanded` tells which edits apply where others do not.
    """
    targets = {path: Target.of(text) for path, text in files.items()}
    pristine = {path: Target.of(text) for path, text in files.items()}
    refusals: list[Refusal] = []
    landed: list[Edit] = []
    whole: set[str] = set()
    for number, edit in enumerate((*held, *edits), start=1 - len(held)):
        name = f"Block {number} of {len(edits)}" if number > 0 else "A block that was held"
        refusal = (
            _whole(targets, edit, whole, held=number <= 0)
            if isinstance(edit, WholeFile)
            else _replace(targets, edit, pristine, held=number <= 0, near=len(refusals) < NEAR)
        )
        if refusal is None:
            landed.append(edit)
        else:
            refusals.append(Refusal(refusal.reason, f"{name}: {refusal.detail}"))
    if refusals:
        told = [refusal.detail for refusal in refusals[:SHOWN]]
        more = [f"{len(refusals) - SHOWN} more blocks do not apply."] if len(refusals) > SHOWN else []
        return Unlanded(refusals[0].reason, "\n\n".join([*told, *more]), tuple(landed))
    changed = {path: text for path, old in files.items() if (text := targets[path].text()) != old}
    return changed or Refusal("no change", "The edit leaves every target exactly as it is.")


def _whole(targets: Mapping[str, Target], edit: WholeFile, taken: set[str], *, held: bool) -> Refusal | None:
    if edit.path is None and len(targets) != 1:
        return Refusal("unknown target", f"it does not say which file it is. {_allowed(targets)}")
    path = next(iter(targets)) if edit.path is None else resolve(targets, edit.path)
    if path is None:
        return Refusal("unknown target", f"{edit.path!r} is not a target. {_allowed(targets)}")
    if path in taken:
        return Refusal("ambiguous edit", f"it is a second complete text of {path}. Send one.")
    taken.add(path)
    target, lines = targets[path], split(edit.text)
    named = commented_file(lines[0]) if lines else None
    if named and resolve(targets, named) == path and lines[0] not in target.lines[:1]:
        lines = lines[1:]
    if refusal := _no_file(path, lines, target.lines):
        return refusal
    if target.meets_held(0, len(target.lines)):
        return _overlap(path)
    target.put(0, len(target.lines), lines, held=held)
    return None


def _no_file(path: str, new: Lines, old: Lines) -> Refusal | None:
    """Why this cannot be meant as the complete text of a file."""
    wrapped, before = _object(new), _object(old)
    if wrapped is not None and before is None and not path.endswith((".json", ".jsonc", ".json5")):
        return IN_JSON
    if wrapped is not None and {"description", "hypothesis"} <= set(wrapped) - set(before or ()):
        return IN_JSON
    if len(old) >= EXCERPT_LINES and 0 < 4 * len(new) < len(old):
        return Refusal(
            "text left out",
            f"{path} would shrink from {len(old)} lines to {len(new)}. Send every line, or SEARCH/REPLACE blocks of "
            "just the changed lines; those can delete as well.",
        )
    return None


def _object(lines: Lines) -> dict[str, object] | None:
    """The JSON object that these lines are."""
    text = "\n".join(lines).strip()
    if not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _replace(
    targets: Mapping[str, Target], edit: Replace, pristine: Mapping[str, Target], *, held: bool, near: bool
) -> Refusal | None:
    path = None if edit.path is None else resolve(targets, edit.path)
    if edit.path is not None and path is None:
        return Refusal("unknown target", f"{edit.path!r} is not a target. {_allowed(targets)}")
    within = targets if path is None else {path: targets[path]}
    if not edit.search.strip():
        places = [
            Place(name, 0, len(target.lines), split(edit.replace))
            for name, target in within.items()
            if not any(line.strip() for line in target.lines)
        ]
    else:
        places = _places(within, edit)
    if len(places) > 1:  # what other blocks put there was not meant
        own = [place for place in places if targets[place.path].is_own(place.start, place.stop)]
        places = own if len(own) == 1 else places
    if len(places) != 1:
        before = {name: pristine[name] for name in within}
        once = _places(before, edit) if edit.search.strip() else places
        if len(once) == 1 and not held and targets[once[0].path].is_taken(once[0].start, once[0].stop):
            return _overlap(once[0].path)
        return mismatch(within if len(once) == 1 else before, edit, places if len(once) == 1 else once, near=near)
    place = places[0]
    if not held and targets[place.path].meets_held(place.start, place.stop):
        return _overlap(place.path)
    targets[place.path].put(place.start, place.stop, place.lines, held=held)
    return None


def _overlap(path: str) -> Refusal:
    return Refusal(
        "overlapping edit",
        f"it touches lines of {path} that a block changes which is held. Send other lines, or the held block anew "
        "under its own SEARCH lines: that takes its place.",
    )


def resolve(targets: Iterable[str], path: str) -> str | None:
    """The target that a model means; only names of targets come out, so no path can lead elsewhere."""
    name = path.strip().replace("\\", "/")
    while name.startswith("./"):
        name = name[2:]
    known = set(targets)
    found = next((n for n in (path, name, name.removeprefix("a/"), name.removeprefix("b/")) if n in known), None)
    ends = [n for n in known if n.endswith(f"/{name}")] if name else []
    return ends[0] if found is None and len(ends) == 1 else found


def _allowed(targets: Iterable[str]) -> str:
    return f"Put `FILE: path` before each block, with one of these paths: {', '.join(targets)}."


def _places(within: Mapping[str, Target], edit: Replace) -> list[Place]:
    """The places of the first reading, and of it the first rung of the ladder, that has any."""
    places: list[Place] = []
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
    search, replace = split(edit.search), split(edit.replace)
    cuts = [k for k, line in enumerate(replace) if line == edit.divider][:8]
    for k in reversed(cuts):
        yield [*search, edit.divider, *replace[:k]], replace[k + 1 :]
    yield search, replace


def _climb(within: Mapping[str, Target], search: Lines, replace: Lines) -> list[Place]:
    for rung in LADDER:
        found = (
            Place(path, start, stop, lines)
            for path, target in within.items()
            for start, stop, lines in rung(target.lines, search, replace)
        )
        if places := list(islice(found, ENOUGH)):
            return places
    return []
