"""One answer, and what is held of those before it → a proposal, or why there is none yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from autoresearch.decide import edits, reader, reply, screen
from autoresearch.decide.ladder import Lines
from autoresearch.decide.reply import Edit, ParsedReply, Refusal, Replace, WholeFile
from autoresearch.decide.target import split
from autoresearch.model import Proposal, Reply

REFUSED = (
    "The answer was refused, by you or by a filter. Propose another edit of the target, one that nobody can object to."
)
"""What a proposer is told whose answer is no answer."""


@dataclass(frozen=True)
class Held:
    """What of the answers so far applies, until what failed has been sent again; then all of it lands at once."""

    edits: tuple[Edit, ...] = ()
    header: ParsedReply | None = None
    """The first answer's words, for a later one that has none."""
    owed: int = 0
    """So many blocks failed and have not come again: without them it would be half an edit."""
    warned: bool = False
    """True once that was told: whoever sends no more of them then needs no more."""


NOTHING = Held()


@dataclass(frozen=True)
class Unused:
    """Why an answer makes no proposal, and what is held from now on."""

    reason: str
    """A short class, as `Refusal` has it."""
    detail: str
    """What to tell the model."""
    held: Held = NOTHING

    @property
    def sentence(self) -> str:
        """For people: the reason with the first sentence of the detail."""
        return reply.sentence(Refusal(self.reason, self.detail))


def land(answer: Reply, texts: Mapping[str, str], tried: Mapping[str, str], held: Held = NOTHING) -> Proposal | Unused:
    """The proposal in an answer, together with what is held, or why it is refused.

    All edits apply to `texts` at once, or none. `tried` tells what became of each fingerprint.
    """
    if answer.refused:
        return Unused("refused", REFUSED)
    parsed = reader.parse(answer.text, truncated=answer.truncated, edits=answer.files is None, single=len(texts) == 1)
    if isinstance(parsed, Refusal):
        return Unused(parsed.reason, parsed.detail, held)
    parsed = _headed(parsed, held)
    files = answer.files if answer.files is not None else _applied(parsed, texts, held)
    if isinstance(files, Unused):
        return files
    proposal = Proposal(parsed.description, parsed.hypothesis, parsed.category, files, parsed.expected)
    refusal = screen.screen(proposal, texts, tried)
    return _none(refusal, held) if refusal else proposal


def _applied(parsed: ParsedReply, texts: Mapping[str, str], held: Held) -> Mapping[str, str] | Unused:
    """The new texts with all edits, of this answer and held ones; or which of them are held from now on."""
    new, alone = parsed.edits, edits.apply(texts, parsed.edits)
    still = _join(texts, held.edits, new)
    if not isinstance(alone, Refusal):
        still = tuple(edit for edit in still if not _is_done(edit, texts, {**texts, **alone}))
    owed = _owed(texts, held, new, again=len(held.edits) - len(still))
    applied = edits.apply(texts, new, still)
    if isinstance(applied, edits.Unlanded):
        if not isinstance(alone, Refusal) and len(new) >= len(held.edits) + held.owed:
            return alone  # all of it came anew
        failed = len(still) + len(new) - len(applied.landed)
        kept = replace(held, edits=applied.landed, header=parsed, owed=failed + owed) if applied.landed else NOTHING
        return Unused(applied.reason, applied.detail, kept)
    if owed:
        missing = f"Of {held.owed} blocks that failed, {owed} did not come again. Send the rest; all lands together."
        return Unused("blocks missing", missing, Held((*still, *new), parsed, owed, warned=True))
    return _none(applied, held) if isinstance(applied, Refusal) else applied


def _owed(texts: Mapping[str, str], held: Held, new: Sequence[Edit], *, again: int) -> int:
    """How many blocks that failed are still to come, where so many held ones came again.

    A complete text of the only target makes up for all of them.
    """
    whole = any(isinstance(edit, WholeFile) for edit in new)
    if held.warned or (whole and len(texts) == 1):
        return 0
    return max(0, held.owed - (len(new) if whole else len(new) - again))


def _is_done(edit: Edit, old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """True where new texts have already what an edit would do to the old ones, by whatever block."""
    if isinstance(edit, WholeFile):
        return any(split(text) == split(edit.text) for text in new.values())
    wanted, gone = split(edit.replace), split(edit.search)
    return _count(wanted, new) > _count(wanted, old) if wanted else _count(gone, new) < _count(gone, old)


def _count(lines: Lines, texts: Mapping[str, str]) -> int:
    """How often these lines stand one after another."""
    sought = [line.rstrip() for line in lines]
    found = 0
    for text in texts.values():
        there = [line.rstrip() for line in split(text)]
        found += sum(there[at : at + len(sought)] == sought for at in range(len(there) - len(sought) + 1))
    return found


def _none(refusal: Refusal, held: Held) -> Unused:
    """Refused for what all of it together would do, so that no part of it is held."""
    dropped = "\nNothing of earlier answers is held any more: send every block." if held.edits else ""
    return Unused(refusal.reason, refusal.detail + dropped)


def _headed(parsed: ParsedReply, held: Held) -> ParsedReply:
    """With the first answer's header where this one has none."""
    if held.header is None or parsed.has_header:
        return parsed
    first = held.header
    return replace(first, edits=parsed.edits, has_header=True)


def _join(paths: Iterable[str], held: Sequence[Edit], edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """What stays held beside newer edits: the same search sent again takes a block's place, a complete text all of it.

    `paths` are those of all targets.
    """
    known = list(paths)
    return tuple(edit for edit in held if not any(_supersedes(known, new, edit) for new in edits))


def _supersedes(known: Sequence[str], new: Edit, old: Edit) -> bool:
    here, there = (known[0] if len(known) == 1 else edits.resolve(known, e.path or "") for e in (new, old))
    if isinstance(new, WholeFile):
        return here is not None and here == there
    same_place = here == there or None in (new.path, old.path)
    return isinstance(old, Replace) and same_place and _sought(new) == _sought(old)


def _sought(edit: Replace) -> Lines:
    return [line.rstrip() for line in split(edit.search)]
