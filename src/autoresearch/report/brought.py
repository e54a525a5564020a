"""What a branch brings that is made for review: its changes, what is known of them, and a commit's words for it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autoresearch.figures import percent
from autoresearch.records import Opened
from autoresearch.report import certainty, escape, wording
from autoresearch.report.cells import clean, shorten
from autoresearch.report.log import Log, Row
from autoresearch.report.phrases import edit
from autoresearch.report.summary import Kept, Summary

SUBJECT = 71
"""Characters of a commit's subject."""
_ROOM = 30
"""Fewer characters than this for the changes themselves say too little."""
_WIDTH = 72
TRAILER = "Autoresearch-Experiment"
"""Names the experiment that a commit comes from, as `TAG/N`; the session's own commits have it too."""


@dataclass(frozen=True)
class Brought:
    """A branch of kept changes. Changes are the log's, each with its gain over the incumbent of its time."""

    branch: str
    opened: Opened
    onto: str | None
    """The commit that it stands on, where that is not the session's base."""
    kept: tuple[Kept, ...]
    gone: tuple[Kept, ...] = ()
    """Those of `kept` of which no line is left, since later ones took them back or wrote over them."""
    apart: tuple[Kept, ...] = ()
    """Changes on branches of their own, together with which these were measured."""
    undone: tuple[Kept, ...] = ()
    """Changes of which nothing is left, or that stand in `onto` already."""
    measured: bool = True
    """False for a selection of the session's changes that was never measured as a whole."""
    seeds: tuple[int, ...] = ()
    """AUTORESEARCH_SEED of the verification's pairs; none without one."""
    own_seeds: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Experiment → AUTORESEARCH_SEED of the pairs that it was kept for."""


def title(log: Log, brought: Brought) -> str:
    """The subject of a branch, with its verified gain where it has one: `loss -9.3 %: cache the board and 3 more`."""
    found = certainty.proven(log)
    known = found is not None and found.relative and brought.measured and not brought.apart
    gained = percent(found.gain, log.direction) if found and known else ""
    shown = [entry for entry in brought.kept if entry not in brought.gone]
    return subject(shown or brought.kept, f"{clean(log.metric)} {gained}: " if gained else "")


def subject(kept: Sequence[Kept], first: str = "") -> str:
    """`Cache the board; fuse the loops and 3 more`: the biggest gains first, under 72 characters with what comes
    `first`."""
    ordered = [clean(entry.row.description) or "unnamed change" for entry in biggest(kept)]
    names, room = list(dict.fromkeys(ordered)), SUBJECT - len(first)
    if room < _ROOM:
        first, room = "", SUBJECT
    for count in range(len(names), 0, -1):
        rest = len(ordered) - sum(ordered.count(name) for name in names[:count])
        more = f" and {rest} more" if rest else ""
        text = "; ".join(names[:count])
        if len(text) + len(more) <= room or count == 1:
            return escape.message(first + shorten(text, room - len(more)) + more)
    raise ValueError("a subject takes at least one change")


def biggest(kept: Sequence[Kept]) -> list[Kept]:
    """The changes by their gains, the largest first."""
    return sorted(kept, key=lambda entry: -(entry.change if entry.change is not None else -1.0))


def standing(log: Log, brought: Brought) -> Iterator[str]:
    """How sure the branch's gain is: what was verified or measured, and what of this branch was not."""
    claim = certainty.claim(log)
    if spared := _spared(log, brought):
        without = certainty.named(spared)
        yield f"of the session's head: {claim}; an ablation measured the head to be no worse without {without}"
    elif not brought.measured:
        yield (
            f"as measured while choosing; this selection was not measured as a whole: autoresearch audit "
            f"{brought.branch} --base {(brought.onto or brought.opened.base)[:10]}"
        )
    elif brought.apart:
        yield (
            f"measured together with {_numbers(brought.apart)}, which are not on this branch, and never alone: run its "
            "bench before you merge it by itself"
        )
        if claim:
            yield f"all together: {claim}"
    elif claim:
        yield claim
    if brought.onto:
        yield f"measured on the session's base {brought.opened.base[:7]}, not on {brought.onto[:7]}, where this stands"


def squashed(log: Log, summary: Summary, brought: Brought) -> str:
    """The message of one commit with all of a branch."""
    whole = brought.measured and not brought.apart
    said = [*standing(log, brought), *([wording.headline(log, summary)] if whole else [])]
    listed = [_item(log, entry) for entry in brought.kept]
    blocks = [
        *map(_wrapped, said),
        "Kept experiments, each with its change over the incumbent of its time:\n\n" + "\n".join(listed),
        *(_wrapped(f"{text[0].upper()}{text[1:]}.") for text in lost(brought)),
        *_reproduction(brought, brought.seeds),
        _trailers(log, brought, brought.kept),
    ]
    return _message(title(log, brought), blocks)


def lost(brought: Brought) -> Iterator[str]:
    """Which changes do not show in the branch's diff."""
    if brought.gone:
        yield f"no line of {_numbers(brought.gone)} is left: later changes took it back, or wrote over it"
    if brought.undone:
        yield f"nothing of {_numbers(brought.undone)} is left"


def single(log: Log, brought: Brought, entry: Kept) -> str:
    """The message of one keep's commit on a branch with all of them."""
    gained = percent(entry.change, log.direction) or "no measurable change"
    why = f"; {entry.row.reason}" if entry.row.reason else ""
    blocks = [
        *([_wrapped(entry.row.hypothesis)] if entry.row.hypothesis else []),
        _wrapped(f"{log.metric} {gained} over the incumbent of its time, experiment {entry.row.label}{why}"),
        *(_wrapped(f"the branch as a whole: {text}") for text in standing(log, brought)),
        *_reproduction(brought, brought.own_seeds.get(entry.row.n, ())),
        _trailers(log, brought, [entry]),
    ]
    return _message(subject([entry]), blocks)


def commands(brought: Brought) -> list[str]:
    """What to type to measure the branch."""
    within = [] if brought.opened.project == "." else [f"cd {clean(brought.opened.project)}"]
    return [f"git checkout {brought.branch}", *within, *map(clean, brought.opened.bench.splitlines())]


def reading(brought: Brought) -> str:
    """What the bench's output says: `score from its “score: NUMBER” line, higher is better`."""
    opened = brought.opened
    line = f"what “{opened.pattern}” matches" if opened.pattern else f"its “{opened.metric}: NUMBER” line"
    return clean(f"{opened.metric} from {line}, {opened.direction} is better")


def sown(seeds: Sequence[int]) -> str | None:
    """The seeds of pairs, where there are any."""
    return f"AUTORESEARCH_SEED of the pairs, both arms alike: {', '.join(map(str, seeds))}" if seeds else None


def _spared(log: Log, brought: Brought) -> list[Row]:
    """The keeps that a selection leaves out, where an ablation measured the head to do without all of them together."""
    held = {entry.row.n for entry in (*brought.kept, *brought.apart, *brought.undone)}
    left_out = [row for row in log.rows if row.status == "keep" and not row.sentinel and row.n not in held]
    known = log.evidence.after.spared if log.evidence and certainty.weights(log) is not None else frozenset()
    return left_out if not brought.measured and frozenset(row.commit or "" for row in left_out) in known else []


def _numbers(kept: Sequence[Kept]) -> str:
    return ", ".join(f"#{entry.row.label}" for entry in kept)


def _item(log: Log, entry: Kept) -> str:
    change = percent(entry.change, log.direction) or "-"
    text = f"#{entry.row.label} {edit(entry.row)}" + (f" ({entry.row.reason})" if entry.row.reason else "")
    return textwrap.fill(escape.message(text), _WIDTH, initial_indent=f"  {change:>8}  ", subsequent_indent=" " * 12)


def _reproduction(brought: Brought, seeds: Sequence[int]) -> Iterator[str]:
    yield "To reproduce:\n\n  " + " &&\n  ".join(commands(brought))
    yield _wrapped(f"The bench prints {reading(brought)}. Compare with the base, {brought.opened.base}.")
    if said := sown(seeds):
        yield _wrapped(said)


def _trailers(log: Log, brought: Brought, kept: Sequence[Kept]) -> str:
    opened = brought.opened
    models = dict.fromkeys(entry.row.by for entry in kept if entry.row.by)
    return "\n".join(
        [
            f"Made-with: autoresearch {opened.version}",
            *(f"{TRAILER}: {opened.tag}/{entry.row.label}" for entry in kept),
            *(f"Proposed-by: {model}" for model in models),
        ]
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(escape.message(text), _WIDTH, break_long_words=False, break_on_hyphens=False)


def _message(first: str, blocks: Sequence[str]) -> str:
    return escape.message("\n\n".join([first, *blocks])) + "\n"
