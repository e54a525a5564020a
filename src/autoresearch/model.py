"""The nouns: metric, measurement, proposal, prompt, reply, usage, verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Scalar = bool | int | float | str
"""What a knob of the target can hold."""


class Direction(StrEnum):
    """Which way the metric is better."""

    HIGHER = "higher"
    LOWER = "lower"


class Status(StrEnum):
    """How an experiment ended: the third-party-readable status column of results.tsv."""

    KEEP = "keep"
    DISCARD = "discard"
    CRASH = "crash"


Cause = Literal[
    "baseline",
    "better",
    "simplification",
    "screen",
    "rematch",
    "guard",
    "check",
    "confirm",
    "implausible",
    "sentinel",
    "tampered",
    "undecided",
]
"""What decided a verdict that is no crash: what a candidate was kept for, or where it was discarded."""


Take = Literal["only", "last"]
"""Which of a run's numbers counts: the only one, or the last of several."""
Rung = Literal["explore", "shift", "burst", "branch"]
"""How far a session has gone to leave a plateau: hints by turns, hints of a neglected kind, the tuner on the
incumbent's numbers, another experiment's text to start from."""
Form = Literal["whole", "blocks", "in place"]
"""How an edit is asked for: complete files, or SEARCH/REPLACE blocks."""
Label = Literal["self-reported", "in-process", "isolated"]
"""Who says the metric: the target itself, a bench that has it in its own process, or one that has it in another."""


@dataclass(frozen=True)
class Metric:
    """The one number of a bench, in its own unit and sign."""

    name: str
    direction: Direction
    pattern: str | None = None
    """A regular expression whose first group is the number; None reads `^NAME:` lines."""
    take: Take = "only"
    require: Sequence[str] = ()
    """Regular expressions that an honest run always prints a line for."""

    def better(self, value: float, than: float) -> bool:
        """True when `value` is strictly better than `than`."""
        return value > than if self.direction is Direction.HIGHER else value < than

    def gain(self, value: float, over: float) -> float | None:
        """Relative gain of `value` over `over`, positive when better; None where the ratio means nothing."""
        if over == 0:
            return None
        change = (value - over) / abs(over)
        return change if self.direction is Direction.HIGHER else -change


@dataclass(frozen=True)
class Measurement:
    """What one run said: the metric, or why there is none."""

    value: float | None
    failure: str | None
    """Why there is no value, in words for the log and the proposer; None exactly when there is a value."""
    columns: Mapping[str, float] = field(default_factory=dict)
    """The extra columns that the run printed; what it did not print is absent."""
    duration_s: float = 0.0
    tampered: Sequence[str] = ()
    """Protected files that were not as before when the run was over, relative to the project."""


@dataclass(frozen=True)
class Proposal:
    """An edit before anything is run: what, why, and the full new text of each target it changes."""

    description: str
    hypothesis: str
    category: str
    files: Mapping[str, str]
    """Path relative to the project directory → full new text."""
    expected: float | None = None
    """Relative gain that the proposer predicted, positive when better; None where it said none."""


@dataclass(frozen=True)
class Part:
    """One block of a prompt's user message."""

    text: str
    cache: bool = False
    """True where a provider may place a cache point behind this part."""


@dataclass(frozen=True)
class Turn:
    """A reply that was refused, and what the proposer was told about it."""

    reply: str
    complaint: str


@dataclass(frozen=True)
class Prompt:
    """What a model is shown, static parts first."""

    system: str
    parts: tuple[Part, ...]
    turns: tuple[Turn, ...] = ()

    def text(self) -> str:
        """The whole prompt as one text, for command proposers, `--dry-run` and size estimates."""
        said = [self.system, *(part.text for part in self.parts)]
        for turn in self.turns:
            said += [f"You answered:\n\n{turn.reply}", turn.complaint]
        return "\n\n".join(said)


@dataclass(frozen=True)
class Trial:
    """A past choice of knob values and what came of it; `value` is None for a crash."""

    params: Mapping[str, Scalar]
    value: float | None


@dataclass(frozen=True)
class Request:
    """One request to a proposer."""

    n: int
    """Number of the experiment that the answer becomes."""
    prompt: Prompt
    files: Mapping[str, str]
    """The targets as they are now: the incumbent's text, or the crashed candidate's when asking for a repair."""
    metric: Metric
    baseline: float | None
    trials: Sequence[Trial] = ()
    """What the tuner chose before in this session, oldest first."""
    is_tried: Callable[[Mapping[str, str]], bool] = lambda files: False
    """True for texts that were tried before, by whomever."""
    limit_s: float = math.inf
    """Seconds that an answer may take at most, by what the session has left."""


@dataclass(frozen=True)
class Usage:
    """Tokens and dollars of one reply; the cost is None where the price is unknown."""

    input_tokens: int = 0
    """All input tokens, cached ones included."""
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0


@dataclass(frozen=True)
class Reply:
    """What a proposer answered."""

    text: str
    """The answer as it came: a header, and edits unless `files` holds them."""
    usage: Usage
    files: Mapping[str, str] | None = None
    """Full new texts, from a proposer that edits files itself; None when the edits are in `text`."""
    truncated: bool = False
    """True when the model stopped at its length limit, so that the text is not whole."""
    refused: bool = False
    """True when the model would not answer, or its provider's filter kept the answer back."""
    params: Mapping[str, Scalar] | None = None
    """Knob values behind `files`, from the tuner."""
    dropped: Sequence[str] = ()
    """Paths outside the targets that the proposer changed as well; named, never taken."""


@dataclass(frozen=True)
class Verdict:
    """What became of an experiment, and why in one sentence."""

    status: Status
    reason: str
    cause: Cause | None = None
    would_keep: bool | None = None
    """Of a sentinel: whether the rule would have kept it."""
