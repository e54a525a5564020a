"""Settings: all that can be set, as one frozen value."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from autoresearch.limits import Bounds, Guard, Limits, bounds, fraction, guards, limits, seconds
from autoresearch.model import Direction, Metric, Take
from autoresearch.spellings import lines, listed, metric_name, names, pairs

Seconds = Annotated[float, BeforeValidator(seconds), Field(gt=0)]
Paths = Annotated[tuple[str, ...], BeforeValidator(listed)]
Fraction = Annotated[float, BeforeValidator(fraction)]
Guards = Annotated[tuple[Guard, ...], BeforeValidator(guards)]
BoundsSetting = Annotated[Bounds, BeforeValidator(bounds)]
LimitsSetting = Annotated[Limits, BeforeValidator(limits)]
Names = Annotated[tuple[str, ...], BeforeValidator(names)]
Patterns = Annotated[tuple[str, ...], BeforeValidator(lines)]


class Budget(BaseModel):
    """What a session may use up, over all its lives; an absent limit is no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    experiments: int | None = Field(None, gt=0, description="Experiments, the baseline included.")
    hours: float | None = Field(None, gt=0, description="Hours of running time.")
    usd: float | None = Field(None, gt=0, description="Dollars paid for replies.")
    tokens: int | None = Field(None, gt=0, description="Tokens sent and received.")

    def text(self) -> str:
        """`100 experiments, 8 hours`."""
        limits = self.model_dump(exclude_none=True)
        return ", ".join(f"{limit:g} {name}" for name, limit in limits.items()) or "no limit"


class MetricName(BaseModel):
    """The metric's name, the pattern to read it with where `^NAME:` lines will not do, and which line counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[^\s:]+$")
    pattern: str | None = None
    take: Take = "only"
    """`only`: lines that disagree are refused; `last`: the last one counts, as of a bench that shows progress."""

    @field_validator("pattern")
    @classmethod
    def _one_group(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                groups = re.compile(value).groups
            except re.error as error:
                raise ValueError(f"is not a regular expression: {error}") from None
            if groups != 1:
                raise ValueError("must have exactly one group, around the number")
        return value

    def text(self) -> str:
        """`score`; `score, pattern score=(.*), take last`."""
        pattern = f", pattern {self.pattern}" if self.pattern else ""
        return self.name + pattern + (f", take {self.take}" if self.take != "only" else "")


class Settings(BaseModel):
    """Everything that can be set. The descriptions are the flags' help and the settings' reference."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: Paths = Field(min_length=1, description="The file to improve: a path, or a list of paths and globs.")
    bench: str = Field(min_length=1, description="Shell command that runs the target and prints the metric.")
    metric: Annotated[MetricName, BeforeValidator(metric_name)] = Field(
        description="Name of the number on the bench's `NAME: number` line; or {name, pattern, take}."
    )
    direction: Direction = Field(description="Which way is better: higher or lower.")
    timeout: Seconds = Field(600.0, description="A run that takes longer is killed and is a crash, e.g. 10m.")
    columns: Paths = Field((), description="Other `NAME: number` lines to put into results.tsv.")
    require: Patterns = Field(
        (), description="Regular expressions; a run of which no line fits one of them is a crash."
    )
    protect: Paths = Field(
        (),
        description="Files and folders to show to the proposer as fixed, and to make read-only before others; "
        "no run may change any tracked file but the target anyway.",
    )
    link: Paths | None = Field(
        None,
        description="Untracked things that the bench needs (data, .venv), linked into the session's tree; "
        "the default is every ignored top-level entry but build products and caches.",
    )
    sandbox: Annotated[
        Literal["auto", "strict", "off"], BeforeValidator(lambda v: "off" if v is False else v)  # as YAML reads it
    ] = Field(
        "auto",
        description="What runs are shut in: auto (bubblewrap where it works, else what the kernel offers, else a "
        "warning), strict (bubblewrap or no run), or off.",
    )
    network: bool = Field(False, description="Let runs reach the network.")
    cache: Paths = Field(
        (),
        description="Paths of the project, e.g. build/, where what runs write stays; they begin empty. "
        "All else is gone after a run.",
    )
    env: Names = Field((), description="More environment variables to hand to runs, by name.")
    limits: LimitsSetting = Field(
        Limits(),
        description="What stops a run: {memory: 16GB, disk: 20%, processes: 500}; a share is of what is free.",
    )
    model: Paths = Field(
        (),
        description="Who proposes: openai/NAME, anthropic/NAME, an agent (claude, codex, gemini, aider), command, "
        "or tune (offline, no key). Of a list, whoever earns most for the price is asked most.",
    )
    command: str | None = Field(
        None,
        description="With `model: command`: shell command that gets the prompt on stdin and edits the target in place.",
    )
    base_url: str | None = Field(None, description="Address of another server that speaks the provider's protocol.")
    max_tokens: int = Field(32_000, gt=0, description="Longest reply to ask for, in tokens.")
    reply_timeout: Seconds = Field(600.0, description="Longest wait for one reply, e.g. 10m.")
    outage: Seconds = Field(
        3600.0, description="How long to wait for a proposer that cannot be reached before giving up, e.g. 1h."
    )
    decide: Literal["rematch", "sweep", "naive"] = Field(
        "rematch",
        description="The rule: rematch (coin-flip pairs), sweep (3 + 3 shuffled runs, for benches of many minutes), "
        "or naive (one run better than the best so far, which keeps noise).",
    )
    alpha: Fraction = Field(
        0.05, ge=1e-9, le=0.5, description="At most this share of the edits that do nothing survives a rematch."
    )
    max_losses: int = Field(
        1, ge=0, le=10, description="Pairs of a rematch that a candidate may lose, as far as 40 wins allow."
    )
    min_gain: Fraction = Field(
        0.0, description="Smallest gain worth a keep, e.g. 0.5%; negative: it may be worse by so much."
    )
    simplify: bool = Field(
        False, description="Keep a candidate that makes the target smaller and is no worse than the metric's noise."
    )
    guards: Guards = Field(
        (),
        description="Limits on other `NAME: number` lines, e.g. {peak_vram_mb: '<= 1.10x'}; x is of the incumbent's.",
    )
    check: str | None = Field(
        None, description="Shell command that must exit with 0 before a candidate is kept, e.g. pytest -q."
    )
    check_timeout: Seconds = Field(600.0, description="A `check` that takes longer has failed.")
    confirm: str | None = Field(
        None,
        description="Shell command that prints the metric on held-out inputs; a candidate must be better there too. "
        "What it prints reaches no prompt, log or file.",
    )
    confirm_timeout: Seconds = Field(600.0, description="A run of `confirm` that takes longer has failed.")
    bounds: BoundsSetting = Field(
        Bounds(),
        description="What can be believed, e.g. {metric: [0, 10], duration: [1s, ], step: 50%}; the rest is discarded "
        "as implausible.",
    )
    sentinels: Fraction = Field(
        0.0,
        ge=0,
        description="Share of experiments, e.g. 0.05, in which the harness proposes an edit that does nothing, to see "
        "how often one is kept.",
    )
    budget: Annotated[Budget, BeforeValidator(pairs)] = Field(
        Budget(), description="When to stop: experiments, hours, usd, tokens, e.g. experiments=100,hours=8."
    )
    patience: int = Field(40, ge=0, description="Stop after so many experiments without a keep; 0 is never.")
    repairs: int = Field(2, ge=0, description="How often a crashed candidate is shown to the proposer to mend.")
    on_keep: str | None = Field(
        None,
        description="Shell command to run after each keep, e.g. to notify; it finds what happened as JSON on stdin.",
    )
    on_stall: str | None = Field(
        None,
        description="The same for when the session gets nowhere: a plateau begins, or no proposer can be reached.",
    )
    on_finish: str | None = Field(None, description="The same for when the session has ended, whatever ended it.")
    hook_timeout: Seconds = Field(
        30.0, description="A hook that takes longer is killed, e.g. 2m; the session waits for it."
    )
    canary: bool = Field(True, description="Prove before the baseline that the bench really runs the target.")
    html: str | None = Field(
        None,
        description="An .html file, in the project or by its full path, that shows the report while the session goes "
        "on, and refreshes itself.",
    )
    in_place: bool = Field(
        False, description="Work in your own checkout instead of a tree of the session's own; it must be clean."
    )

    @field_validator("columns")
    @classmethod
    def _distinct(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        metric = info.data.get("metric")
        names = [metric.name, *value] if metric else list(value)
        if len(set(names)) < len(names):
            raise ValueError("name the metric or a column twice")
        return value

    @field_validator("guards")
    @classmethod
    def _not_the_metric(cls, value: tuple[Guard, ...], info: ValidationInfo) -> tuple[Guard, ...]:
        metric = info.data.get("metric")
        if metric and any(guard.name == metric.name for guard in value):
            raise ValueError("name the metric itself, which the rule compares; for a smallest gain set min_gain")
        return value

    @property
    def read(self) -> tuple[str, ...]:
        """Names of the other numbers to read from a run's output: columns, and what guards need."""
        return tuple(dict.fromkeys((*self.columns, *(guard.name for guard in self.guards))))

    @property
    def measured(self) -> Metric:
        """The metric with its direction."""
        return Metric(self.metric.name, self.direction, self.metric.pattern, self.metric.take, self.require)


def written(setting: object) -> str:
    """A setting for people: `none`, `true`, `600`, `a, b`, and what has parts by its own text."""
    match setting:
        case Bounds() | Budget() | Guard() | Limits() | MetricName():
            return setting.text() or "none"
        case tuple():
            return ", ".join(map(written, setting)) or "none"
        case bool():
            return str(setting).lower()
        case float():
            return f"{setting:.10g}"
        case None:
            return "none"
    return str(setting)
