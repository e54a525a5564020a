"""The sentences on how far a session can be trusted. The only number that any of them calls a gain is verified."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import floor, prod
from typing import TYPE_CHECKING

from autoresearch.figures import gain, percent, plural
from autoresearch.model import Direction
from autoresearch.report.log import Log, Row
from autoresearch.report.phrases import rough

if TYPE_CHECKING:
    from autoresearch.decide.ablation import Standing
    from autoresearch.decide.interval import Interval
    from autoresearch.report.evidence import Evidence, Noise, Rematches, Sentinels, Verified, Won
    from autoresearch.report.summary import Kept

CAVEAT = "as measured; not yet verified"
"""What every number here is until it is verified: one from the session itself, not measured again."""
_AT = {
    "screen": "at the first run",
    "rematch": "in a rematch",
    "guard": "by guard",
    "check": "by check",
    "confirm": "by confirm",
    "implausible": "implausible",
    "tampered": "for tampering",
    "": "for a reason not written down",
}
"""Cause of a discard → where it fell."""


def proven(log: Log) -> Interval | None:
    """The gain of the present head over the baseline, where it is verified and above zero."""
    verified = log.evidence.verified if log.evidence else None
    return verified.gain if verified is not None and verified.current and verified.proven else None


def caveat(log: Log) -> str | None:
    """What the report's numbers are worth; None once the present head is verified to be better."""
    if proven(log):
        return None
    verified = log.evidence.verified if log.evidence else None
    return "as measured; no gain is proven" if verified and verified.current and verified.gain else CAVEAT


def in_short(log: Log) -> str:
    """The caveat, or what is proven, for a caption."""
    if found := proven(log):
        return f"as measured, verified gain {_size(found)} ({_range(found)})"
    return (caveat(log) or "").replace(";", ",")


def claim(log: Log) -> str | None:
    """What the measurement after the session says; None where there is nothing to verify."""
    if log.evidence and log.evidence.verified is None and log.session and log.session.state == "running":
        return "as measured, not verified while the session runs" if log.evidence.kept else None
    return verification(log.evidence) if log.evidence else None


def verification(evidence: Evidence) -> str | None:
    """The claim as a session's evidence has it."""
    verified, again = evidence.verified, f"autoresearch verify {evidence.tag}"
    if verified is None:
        return f"as measured, not verified: {again}" if evidence.kept else None
    failed = len(verified.failures)
    more = f"; {plural(failed, 'run')} failed, {verified.failures[-1]}" if failed else ""
    if verified.gain is not None and verified.gain.pairs < verified.asked:
        left = verified.asked - verified.measured
        more += f"; {plural(left, 'more pair')} still to be measured: {again}"
    if not verified.current:
        more += f"; the head has moved on since: verify again with {again}"
    if verified.gain is not None:
        return _outcome(verified, verified.gain) + more
    said = f"not verified yet: {verified.measured} of {plural(verified.asked, 'pair')} measured{more}"
    return said if not verified.current else f"{said}; {again}"


def _outcome(verified: Verified, found: Interval) -> str:
    over = "the baseline" if verified.over_baseline else verified.baseline[:7]
    what = f"of {_head(verified)} over {over}"
    won = f"{found.wins} of {plural(found.pairs, 'pair')} won"
    if found.low is None or found.high is None or found.confidence is None:
        return f"no gain is proven: {_size(found)} {what} ({won}; too few for an interval)"
    said = f"{_size(found)} ({_range(found)}, {won}, {gain(found.confidence)} confidence) {what}"
    if verified.proven:
        return f"verified gain {said}"
    return f"no gain but a loss: {said}" if found.high < 0 else f"no gain is proven: {said}"


def _head(verified: Verified) -> str:
    return verified.head[:7] if verified.n is None else f"#{verified.n}"


def _size(found: Interval) -> str:
    return gain(found.gain, relative=found.relative)


def _range(found: Interval) -> str:
    assert found.low is not None
    assert found.high is not None
    return f"{gain(found.low, relative=found.relative)} to {gain(found.high, relative=found.relative)}"


def share(size: float) -> str:
    """`4.8 %`, of a size that is an estimate."""
    return f"{rough(size * 100)} %"


def about_keeps(log: Log) -> str:
    """What the numbers in a list of keeps are worth."""
    evidence = log.evidence
    if evidence is None:
        return "changes are over the best before, as the file has them; none is verified"
    beside = "changes are as measured when each was chosen"
    if evidence.keeps:
        beside += ", against the best of that time side by side"
        sure = [won.gain.confidence for won in evidence.keeps.values() if won.gain.confidence]
        if sure:
            beside += f" (ranges hold with {floor(min(sure) * 100)} % or more)"
    if evidence.after.audited:
        beside += "; anew is what an audit measured of each against its parent"
    if evidence.verified is None or evidence.verified.gain is None:
        return beside if evidence.after.audited else f"{beside}; none is verified"
    what = "all of them together, above" if evidence.verified.current else "an earlier head, above"
    return f"{beside}; what is verified is {what}"


def anew(log: Log, row: Row) -> str:
    """What an audit says of a keep: `-8.9 % (5–0)`, `fell`; empty where it was not audited."""
    found = log.evidence.after.audited.get(row.commit or "") if log.evidence else None
    if found is None:
        return ""
    if found.gain is None:
        return "stands" if found.survives else "fell"
    own = -found.gain.gain if log.direction is Direction.LOWER else found.gain.gain
    size = percent(found.gain.gain, log.direction) if found.gain.relative else f"{own:+.4g}"
    return f"{size} ({found.gain.wins}–{found.gain.pairs - found.gain.wins})" + ("" if found.survives else ", fell")


def ranked(log: Log, kept: Sequence[Kept]) -> list[Kept]:
    """Keeps by what an audit measured anew where it did, else by their change as measured, the largest first."""

    def size(entry: Kept) -> float:
        found = log.evidence.after.audited.get(entry.row.commit or "") if log.evidence else None
        return found.gain.gain if found and found.gain else entry.change or 0.0

    return sorted(kept, key=lambda entry: (entry.change is None, -size(entry)))


def sureness(log: Log, row: Row) -> tuple[str, str]:
    """Pairs that a keep won and lost when it was chosen, and the range that they speak for: `7–1`, `-3.1 % to -8.0 %`.

    Where the keep did not run in pairs, what it rests on instead.
    """
    won = log.evidence.keeps.get(row.n) if log.evidence else None
    if won is None:
        exact = log.evidence is not None and log.evidence.noise is not None and log.evidence.noise.exact
        return ("exact" if exact else "alone" if log.evidence else ""), ""
    found = won.gain
    pairs = f"{won.wins}–{won.losses}" if won.wins else "sweep"
    if found.low is None or found.high is None:
        return pairs, ""
    if found.relative:
        return pairs, f"{percent(found.low, log.direction)} to {percent(found.high, log.direction)}"
    sign = -1 if log.direction is Direction.LOWER else 1
    return pairs, f"{sign * found.low:+.4g} to {sign * found.high:+.4g}"


def lines(log: Log) -> Iterator[str]:
    """Noise, what the rule lets through, the weakest keeps, and where discards fell; empty for foreign files."""
    evidence = log.evidence
    if evidence is None:
        return
    round_of = "sweep" if evidence.rule == "sweep" else "rematch"
    if evidence.noise:
        yield _noise(evidence.noise)
    if evidence.rule == "naive" and evidence.kept:
        yield f"naive rule: nothing bounds how many of the keeps are noise: autoresearch audit {evidence.tag} tells"
    if evidence.tolerant and evidence.kept:
        yield "min_gain is negative: nothing bounds how many of the keeps do nothing, or harm"
    if evidence.rematches:
        yield _rematches(evidence.rematches, round_of)
    if evidence.simplifications:
        yield _simplifications(evidence.simplifications)
    if evidence.sentinels:
        yield _sentinels(evidence.sentinels, round_of)
    yield from _afterwards(log, evidence)
    if evidence.weakest:
        keeps = "keep" if len(evidence.weakest) == 1 else "keeps"
        yield f"weakest {keeps}: {', '.join(_won(won, log.direction) for won in evidence.weakest)}"
    if evidence.discards.keys() - {"", *(["screen"] if evidence.rule == "naive" else [])}:
        yield _discards(evidence, round_of)


def weights(log: Log) -> Mapping[Standing, list[Row]] | None:
    """What each keep is to the head by an ablation of it; None where there was none since the last keep."""
    after = log.evidence.after.ablated if log.evidence else {}
    kept = [row for row in log.rows if row.status == "keep" and row.commit]
    if not kept or kept[-1].commit not in after:
        return None
    found: dict[Standing, list[Row]] = defaultdict(list)
    for row in kept:
        if left_out := after.get(row.commit or ""):
            found[left_out.standing].append(row)
    return found


def ablating(evidence: Evidence) -> str:
    """The command that ablates, with the flags that it was given before."""
    return evidence.after.ablate or f"autoresearch ablate {evidence.tag}"


def _afterwards(log: Log, evidence: Evidence) -> Iterator[str]:
    """What an ablation found, and where the keeps went for review."""
    if (found := weights(log)) is not None:
        told = [f"{len(found['earns']):,} of {plural(sum(map(len, found.values())), 'keep')} earn a place in the head"]
        told += [f"{named(found['dead'])} dead weight"] if found["dead"] else []
        told += [f"{named(found['undecided'])} not decided"] if found["undecided"] else []
        yield f"ablation: {', '.join(told)}: {ablating(evidence)} tells more"
    elif evidence.after.ablated:
        yield f"ablation: of an earlier head; {ablating(evidence)} looks at this one"
    if made := evidence.after.finalized:
        branches = ", ".join(f"{branch} ({tip[:7]})" for branch, tip in made.branches.items())
        yield f"finalized: {branches}, made of {made.head[:7]}"


def named(rows: Sequence[Row], most: int = 6) -> str:
    """`#3, #7 and 2 more`."""
    more = f" and {len(rows) - most} more" if len(rows) > most else ""
    return ", ".join(f"#{row.label}" for row in rows[:most]) + more


def _noise(noise: Noise) -> str:
    if noise.exact:
        return "exact: equal code always measured equal"
    seen = f"median of {plural(noise.differences, 'difference')}"
    if not noise.median:
        return f"noise: runs of the same code mostly measure equal ({seen})"
    said = f"noise: runs of the same code differ by {rough(noise.median * 100)} % ({seen})"
    if noise.smallest_gain is None:
        return said
    return f"{said}; gains below about {rough(noise.smallest_gain * 100)} % are likely to be missed"


def _rematches(rematches: Rematches, round_of: str) -> str:
    entered, kept = rematches.entered, rematches.kept
    said = f"{plural(entered, round_of, 'rematches' if round_of == 'rematch' else None)}, {plural(kept, 'keep')}"
    if not kept:
        return said
    product = f"{entered:,} × {rough(rematches.bound * 100)} % = {rough(rematches.expected)}"
    chance = ", so all may be chance" if rematches.expected >= kept else ""
    return f"{said}; at most {product} of them expected to do nothing{chance}"


def _simplifications(changes: Sequence[float]) -> str:
    """What it came to that smaller programs only had to be no worse."""
    whole = prod(1 + change for change in changes) - 1
    said = f"{plural(len(changes), 'simplification')}, kept for being smaller and no worse, outside that bound"
    return f"{said}: together {gain(whole)} as measured" if whole else said


def _sentinels(sentinels: Sentinels, round_of: str) -> str:
    edits, kept = sentinels.edits, sentinels.would_keep
    nothing = f"{plural(edits, 'edit')} that {'does' if edits == 1 else 'do'} nothing"
    share = f" ({rough(kept / edits * 100)} %)" if edits else ""
    said = f"sentinels, counted apart: {kept} of {nothing} would have been kept{share}"
    if sentinels.crashed:
        said += f", {sentinels.crashed} more crashed"
    if sentinels.bound is not None:
        said += f"; the bound is {rough(sentinels.bound * 100)} % of those that reach a {round_of}"
    return said


def _won(won: Won, direction: Direction | None) -> str:
    """`#31 (7–1, -0.4 %)`, the change as the metric's own."""
    own = -won.gain.gain if direction is Direction.LOWER else won.gain.gain
    change = percent(won.gain.gain, direction) if won.gain.relative else f"{own:+.4g}"
    return f"#{won.n} ({f'{won.wins}–{won.losses}, ' if won.wins else ''}{change})"


def _discards(evidence: Evidence, round_of: str) -> str:
    found = [
        f"{evidence.discards[cause]:,} {where.replace('rematch', round_of)}"
        for cause, where in _AT.items()
        if evidence.discards.get(cause)
    ]
    return f"discarded: {', '.join(found)}"
