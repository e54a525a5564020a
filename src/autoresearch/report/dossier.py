"""One experiment whole, as text: verdict, idea against outcome, proposer, runs, diff, log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autoresearch.decide.outcome import Outcome
from autoresearch.decide.story import Attempt, Story
from autoresearch.figures import number, percent, plural
from autoresearch.model import Direction
from autoresearch.records import EVIDENCE, Measured
from autoresearch.report.cells import clean
from autoresearch.report.phrases import duration

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_INK = {"keep": "bold green", "discard": "bold", "crash": "bold red"}
_LINES = {"+++": "bold", "@@": "cyan", "+": "green", "-": "red"}
"""How a line of a diff begins, and its colour; the first that fits."""


@dataclass(frozen=True)
class Dossier:
    """Everything that there is about one experiment."""

    tag: str
    metric: str
    direction: Direction
    base: str
    """Commit that the session began with."""
    folder: Path
    """The session's."""
    story: Story
    outcome: Outcome | None
    """None of one that is not settled, of the baseline and of sentinels."""
    doing: str
    """What goes on in one that is in progress; empty for one that is over, or broken off."""
    diff: str
    log: str
    """The end of what the candidate said last."""

    @property
    def ref(self) -> str:
        """What names its candidate to git; empty where there is none."""
        story = self.story
        if story.is_baseline or story.final.commit is None:
            return story.final.commit or (self.base if story.is_baseline else "")
        return f"refs/autoresearch/{self.tag}/{story.n}"

    @property
    def log_file(self) -> Path | None:
        """The whole log."""
        return self.folder / self.story.final.last_log if self.story.final.last_log else None


def show(dossier: Dossier, console: Console) -> None:
    """Print it. Every text is foreign: none is read as markup, and none can steer the terminal."""
    from rich.text import Text

    for line in (*_head(dossier), *_idea(dossier), *_attempts(dossier), *_runs(dossier), *_gates(dossier)):
        console.print(line, soft_wrap=not console.is_terminal, highlight=False)
    for title, shown in (("Change", diff(dossier)), ("Log", _log(dossier))):
        if shown:
            console.print(Text(f"\n{title}", style="bold"), highlight=False)
            console.print(shown, soft_wrap=True, highlight=False)
    for place in _where(dossier):
        console.print(Text(place, style="dim"), soft_wrap=True, highlight=False)


def visible(text: str) -> str:
    """Lines as they are, but for what would steer a terminal."""
    lines = (line.expandtabs(4) for line in text.split("\n"))
    return "\n".join("".join(c if c.isprintable() else "\ufffd" for c in line) for line in lines)


def diff(dossier: Dossier) -> Text:
    """What its candidate changed, in colours; empty where it changed nothing."""
    from rich.text import Text

    lines = visible(dossier.diff.rstrip("\n")).split("\n")
    styles = [next((style for start, style in _LINES.items() if line.startswith(start)), "") for line in lines]
    return Text("\n").join(Text(line, style=style) for line, style in zip(lines, styles, strict=True))


def _head(dossier: Dossier) -> Iterator[Text]:
    from rich.text import Text

    story, verdict = dossier.story, dossier.story.verdict
    kind = "baseline, " if story.is_baseline else "sentinel, " if story.is_sentinel else ""
    line = Text(f"#{story.n} ", style="bold")
    line.append(
        f"{kind}{verdict.status if verdict else 'no verdict yet'}", style=_INK[verdict.status] if verdict else ""
    )
    if verdict and verdict.value is not None:
        line.append(f"  {dossier.metric} {number(verdict.value)}{_gain(dossier)}")
    yield line
    when = story.began[:19].replace("T", " ")
    yield Text(f"autoresearch/{dossier.tag}  {(story.final.commit or 'no commit')[:12]}  {when} UTC", style="dim")
    if proposed := story.final.proposed:
        yield Text(clean(proposed.description))
    if verdict:
        cause = f" ({verdict.cause})" if verdict.cause and verdict.cause not in verdict.reason else ""
        yield Text(f"\nwhy: {clean(verdict.reason)}{cause}")
        if story.is_sentinel:
            yield Text(f"the rule would {'' if verdict.would_keep else 'not '}have kept it")
    else:
        yield Text(f"\nin progress: {dossier.doing}" if dossier.doing else "\nbroken off: the session does not run")


def _gain(dossier: Dossier) -> str:
    outcome = dossier.outcome
    if outcome is None or outcome.over is None:
        return ""
    change = percent(outcome.gain, dossier.direction)
    beside = ", side by side" if outcome.experiment.draws else ""
    return f" ({change} over {number(outcome.over)}{beside})" if change else f" (before: {number(outcome.over)})"


def _idea(dossier: Dossier) -> Iterator[Text]:
    """Hypothesis against outcome, and who had the idea."""
    from rich.text import Text

    story, outcome = dossier.story, dossier.outcome
    proposed = story.final.proposed
    if proposed and proposed.hypothesis:
        yield Text(f"hypothesis: {clean(proposed.hypothesis)}")
    if proposed and proposed.expected is not None:
        said = f"predicted {percent(proposed.expected, dossier.direction)}"
        if outcome:
            measured = "nothing" if outcome.gain is None else percent(outcome.gain, dossier.direction)
            said += f", measured {measured}: it {'came' if outcome.came_true else 'did not come'} true"
        yield Text(said)
    if not story.is_baseline and not story.is_sentinel:
        yield Text(f"proposed by {clean(story.by or 'nobody yet')}{_kind(story)}: {cost(story)}")


def _kind(story: Story) -> str:
    kind = f" ({clean(story.final.proposed.category)})" if story.final.proposed else ""
    return kind + (f", from the text of #{story.planned.start}" if story.planned and story.planned.start else "")


def cost(story: Story) -> str:
    """`2 replies, 12,345 tokens, $0.0123`."""
    replies = story.replies
    if not replies:
        return "no answer yet" if story.verdict is None else "no answer was paid for"
    known = [reply.cost_usd for reply in replies if reply.cost_usd is not None]
    tokens = sum(reply.input_tokens + reply.output_tokens for reply in replies)
    if not known and not tokens:
        return f"{plural(len(replies), 'reply', 'replies')} of unknown price"
    said = [plural(len(replies), "reply", "replies")] + ([f"{tokens:,} tokens"] if tokens else [])
    said += [f"${sum(known):.4f}"] if known else []
    unpriced = len(replies) - len(known)
    return ", ".join([*said, f"{unpriced} of unknown price"] if unpriced else said)


def _attempts(dossier: Dossier) -> Iterator[Text]:
    """Answers that were refused, and candidates that crashed and were repaired."""
    from rich.text import Text

    story = dossier.story
    for number_, attempt in enumerate(story.attempts):
        for refused in attempt.refused:
            yield Text(f"refused: {clean(refused.said or refused.reason)}")
        if attempt is not story.final and attempt.proposed:
            ref = f"refs/autoresearch/{dossier.tag}/{story.n}.{number_ + 1}"
            why = clean(attempt.failure or "it crashed")
            yield Text(f"repaired: {(attempt.commit or 'no commit')[:12]} ({ref}), as {why}")


def _runs(dossier: Dossier) -> Iterator[Text]:
    from rich.text import Text

    for attempt in dossier.story.attempts:
        if not (attempt.runs or attempt.open):
            continue
        which = "" if attempt is dossier.story.final else f" of {(attempt.commit or '')[:7]}, which was repaired"
        yield Text(f"\nRuns{which}", style="bold")
        for run in attempt.runs:
            yield Text(_run(run), style="" if run.value is not None else "red")
            if run.tampered:
                where = dossier.folder / Path(run.log).with_suffix(EVIDENCE)
                yield Text(f"     changed {clean(', '.join(run.tampered))}: see {where}", style="bold red")
        if attempt.open:
            yield Text(
                f"{attempt.open.run:>4}  {attempt.open.arm:<9}  {'not ended' if dossier.doing else 'broken off'}"
            )
        if attempt.interrupted:
            yield Text(f"      {plural(attempt.interrupted, 'run was', 'runs were')} broken off")


def _run(run: Measured) -> str:
    """`   3  incumbent  10.44  1.2 s  seed 12  peak_vram_mb 12`."""
    value = number(run.value) if run.value is not None else clean(run.failure or "no metric")
    columns = "".join(f"  {clean(name)} {number(held)}" for name, held in run.columns.items())
    seed = "" if run.seed is None else f"  seed {run.seed}"
    return f"{run.run:>4}  {run.arm:<9}  {value:<12}  {duration(run.duration_s)}{seed}{columns}"


def _gates(dossier: Dossier) -> Iterator[Text]:
    from rich.text import Text

    attempt: Attempt = dossier.story.final
    if checked := attempt.checked:
        said = f"failed: {clean(checked.failure)}" if checked.failure else "passed"
        yield Text(f"check: {said} ({duration(checked.duration_s)})")
    if attempt.confirmed:
        won = sum(pair.won is True for pair in attempt.confirmed)
        yield Text(f"confirm: won {won} of {plural(len(attempt.confirmed), 'pair')}; what it printed is kept nowhere")


def _log(dossier: Dossier) -> Text:
    from rich.text import Text

    if dossier.log_file is None:
        return Text()
    return Text(visible(dossier.log) if dossier.log.strip() else "(empty, or gone)")


def _where(dossier: Dossier) -> Iterator[str]:
    """Where the rest lies, and the commands to look at it."""
    yield ""
    if dossier.log_file:
        yield f"whole log: {dossier.log_file}"
    if dossier.story.is_baseline:
        yield f"code: git switch --detach {dossier.ref[:12]}"
    elif dossier.ref:
        yield f"code: git show {dossier.ref}; to try it: git switch --detach {dossier.ref}"
    else:
        yield "code: none; no answer became a candidate"
