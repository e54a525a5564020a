"""What of the targets is tuned, and what is left alone and why: for the tuner, and for those who ask it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from autoresearch.model import Scalar
from autoresearch.propose.literals import Knob, Left, lift
from autoresearch.propose.liveness import Elsewhere, unread

NO_KNOBS = (
    "tune finds nothing to tune in {paths}: put `# tune: 1e-4..1e-1 log`, `# tune: 2..16` or `# tune: sgd|adam` "
    "(`// tune:` in C and its kin) behind a named number, boolean or string, or give module-level constants "
    "UPPER_CASE names."
)
UNREAD = "nothing reads it"


@dataclass(frozen=True)
class Survey:
    """Every constant of the targets, in order of appearance."""

    knobs: tuple[Knob, ...]
    left: tuple[Left, ...]


def survey(files: Mapping[str, str], elsewhere: Elsewhere | None = None) -> Survey:
    """Look at the targets. Raises ProposerError for an annotation that cannot be followed, or without ast-grep.

    With `elsewhere`, constants that nothing reads are left alone, unless an annotation asks for them.
    """
    found = [each for path, text in files.items() for each in lift(path, text)]
    knobs = [each for each in found if isinstance(each, Knob)]
    left = [each for each in found if isinstance(each, Left)]
    if elsewhere:
        names = {path: {_plain(knob) for knob in knobs if knob.path == path and not knob.annotated} for path in files}
        dead = unread(files, names, elsewhere)
        unused = [knob for knob in knobs if (knob.path, _plain(knob)) in dead]
        left += [Left(knob.name, knob.path, source(knob, files), UNREAD, knob.start) for knob in unused]
        knobs = [knob for knob in knobs if knob not in unused]
    order = list(files)
    return Survey(tuple(knobs), tuple(sorted(left, key=lambda each: (order.index(each.path), each.start))))


def current(files: Mapping[str, str], elsewhere: Elsewhere | None = None) -> dict[str, Scalar]:
    """The values that the knobs of these texts have now, by `path:name`: the params of a trial of these texts."""
    return {knob.key: knob.value for knob in survey(files, elsewhere).knobs}


def _plain(knob: Knob) -> str:
    """Its name as the text has it: the second of a name is called `NAME@2`."""
    return knob.name.partition("@")[0]


def source(knob: Knob, files: Mapping[str, str]) -> str:
    """Its value as the text has it."""
    return files[knob.path][knob.start : knob.end]
