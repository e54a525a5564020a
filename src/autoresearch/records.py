"""The journal's records: what was done, one step each, and nothing that can be derived."""

from __future__ import annotations

import shlex
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from autoresearch.model import Cause, Direction, Form, Label, Rung, Scalar, Status, Take

FORMAT = 2
"""Version of the journal's format; a newer one is refused."""
EVIDENCE = ".tampered.diff"
"""What takes the place of a log's suffix for the file with what its run changed in protected files."""

Arm = Literal["candidate", "incumbent"]
Gate = Literal["check", "confirm"]
"""What a would-be keep has to pass besides the rule."""


class Record(BaseModel):
    """One step of a session. `seq`, `at` and `t` are set by the journal when it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    seq: int = 0
    at: str = ""
    """Wall-clock time, ISO 8601 with zone; for people, never for ordering or durations."""
    t: float = 0.0
    """Seconds since this life of the session began, by the monotonic clock."""


class Opened(Record):
    """First record: what the session is about."""

    kind: Literal["opened"] = "opened"
    format: int = FORMAT
    version: str
    tag: str
    base: str
    """Commit that the session started from."""
    metric: str
    pattern: str | None = None
    take: Take = "only"
    require: tuple[str, ...] = ()
    direction: Direction
    columns: tuple[str, ...]
    targets: tuple[str, ...]
    bench: str
    model: str
    project: str = "."
    """The project's directory in the repository."""
    in_place: bool = False
    decide: str = "naive"
    """The rule; journals from before there was a choice have the plain one."""
    alpha: float = 0.05
    max_losses: int = 1
    min_gain: float = 0.0
    simplify: bool = False
    guards: str = ""
    bounds: str = ""
    check: str | None = None
    confirm: str | None = None


class Began(Record):
    """A life of the session begins: the first one, or after a stop or a kill."""

    kind: Literal["began"] = "began"
    pid: int
    host: str
    version: str
    home: str | None = None
    """Branch or commit to put the user back on, where it is not the session's own (in-place sessions)."""
    timeout_s: float | None = None
    check_timeout_s: float | None = None
    confirm_timeout_s: float | None = None
    link: tuple[str, ...] | None = None
    """Settings of this life that measuring the session anew takes; None where they are not known."""
    network: bool | None = None
    cache: tuple[str, ...] | None = None
    env: tuple[str, ...] | None = None
    sandbox: str = "none"
    """What its runs were shut in: bubblewrap, landlock or none."""
    budget: dict[str, float] = {}
    """Limits of the session in this life, by the names of the setting; an absent one is no limit."""
    patience: int | None = None
    canary: bool = False
    """True where the session is yet to prove that the bench runs the target, and does so first."""
    again: str = ""
    """The command that goes on with the session, with the flags of this life; empty where it is not known."""

    @property
    def typable(self) -> str:
        """`again` where it can be shown and typed; a journal may have been written by anybody."""
        try:
            words = shlex.split(self.again) if self.again.isprintable() else []
        except ValueError:
            return ""
        return self.again if words[:1] == ["autoresearch"] and shlex.join(words) == self.again else ""


class Canary(Record):
    """With a target that must fail, the bench failed: it really runs the target."""

    kind: Literal["canary"] = "canary"
    failure: str


class Labelled(Record):
    """How far the metric can be trusted, by how the bench runs the target."""

    kind: Literal["labelled"] = "labelled"
    label: Label


class Planned(Record):
    """How the proposal of experiment `n` will be come by. Planned anew where a proposer gave up."""

    kind: Literal["planned"] = "planned"
    n: int
    rung: Rung
    idea: str
    """The kind of idea that the hint asks for."""
    hint: str
    by: str
    """The proposer that is asked."""
    start: int | None = None
    """Experiment whose text is the one to edit; None for the incumbent's."""


class Replied(Record):
    """A proposer answered; what it cost, whatever becomes of the answer."""

    kind: Literal["replied"] = "replied"
    n: int
    model: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float | None
    form: Form | None = None
    """How the edit was asked for; None where it does not come as text."""


class Refused(Record):
    """An answer was screened out before anything was run."""

    kind: Literal["refused"] = "refused"
    n: int
    reason: str
    """A short class."""
    said: str = ""
    """The same as a sentence that says what was found."""


class Proposed(Record):
    """A proposal for experiment `n` passed the screen and lies in the candidates folder."""

    kind: Literal["proposed"] = "proposed"
    n: int
    repair: int
    """0 for the proposal itself, then 1, 2, … for its repairs."""
    description: str
    hypothesis: str
    category: str
    expected: float | None = None
    """Relative gain that it predicted, positive when better; None where it said none."""
    by: str
    """The proposer's name; `baseline` for experiment 1."""
    fingerprint: str
    files: tuple[str, ...]
    params: dict[str, Scalar] | None = None


class Committed(Record):
    """The candidate is a commit under `refs/autoresearch/<tag>/<n>`."""

    kind: Literal["committed"] = "committed"
    n: int
    repair: int
    commit: str


class Without(Record):
    """Experiment `n` of an ablation measures the head without these commits; without any it is the head itself."""

    kind: Literal["without"] = "without"
    n: int
    commits: tuple[str, ...]


class Drawn(Record):
    """Chance, from the operating system, put the next runs into this order: a pair of both arms, or a sweep's six."""

    kind: Literal["drawn"] = "drawn"
    n: int
    order: tuple[Arm, ...]
    seed: int
    """AUTORESEARCH_SEED of the first run of each arm; of the second it is one more, and so on."""


class Measuring(Record):
    """A run begins. Twice without `measured` or `interrupted`: the machine went down with it both times."""

    kind: Literal["measuring"] = "measuring"
    n: int
    run: int
    arm: Arm
    seed: int | None = None
    """AUTORESEARCH_SEED in the bench's environment."""


class Interrupted(Record):
    """The user stopped a run in the middle; it says nothing about the candidate."""

    kind: Literal["interrupted"] = "interrupted"
    n: int
    run: int


class Measured(Record):
    """A run ended."""

    kind: Literal["measured"] = "measured"
    n: int
    run: int
    arm: Arm
    value: float | None
    failure: str | None
    columns: dict[str, float]
    duration_s: float
    log: str
    """The run's log, relative to the session's folder."""
    tampered: tuple[str, ...] = ()
    """Protected files that the run changed; the differences lie beside its log."""
    draw: int = 0
    """Number of the draw that the run belongs to, from 1 for each candidate; 0 for a run of its own."""
    seed: int | None = None


class Gating(Record):
    """A would-be keep goes to a gate."""

    kind: Literal["gating"] = "gating"
    n: int
    gate: Gate
    order: tuple[Arm, ...] = ()
    """Of `confirm`: the order of its pair, by chance."""
    seed: int | None = None


class Checked(Record):
    """`check` ran on a would-be keep."""

    kind: Literal["checked"] = "checked"
    n: int
    failure: str | None
    """Why it did not pass; None when it did."""
    duration_s: float
    log: str


class Confirmed(Record):
    """A pair of `confirm` ran on a would-be keep: won or not, and nothing of what was measured or printed."""

    kind: Literal["confirmed"] = "confirmed"
    n: int
    won: bool | None
    """None where the incumbent failed, which says nothing about the candidate."""


class Decided(Record):
    """The verdict of experiment `n`."""

    kind: Literal["decided"] = "decided"
    n: int
    status: Status
    reason: str
    cause: Cause | None = None
    would_keep: bool | None = None
    """Of a sentinel: whether the rule would have kept it."""
    value: float | None
    """The metric that results.tsv shows; None for a crash."""


class Verifying(Record):
    """A verification begins: the records of experiment 0 behind it measure its two commits in pairs."""

    kind: Literal["verifying"] = "verifying"
    n: int = 0
    baseline: str
    """Commit that takes the incumbent's arm."""
    head: str
    """Commit that takes the candidate's arm."""
    pairs: int
    goes_on: bool = False
    """True where it goes on with the pairs that there are of the same two commits."""
    settled: int = 0
    """So many of the pairs are of calls that were finished."""
    home: str | None = None
    """Branch or commit to put the user back on (in-place sessions)."""


class Settled(Record):
    """Branch, tree and results.tsv agree with the verdict: the experiment is over."""

    kind: Literal["settled"] = "settled"
    n: int


DONE = "done"
"""Why an audit or an ablation ended that measured all there was."""


class Closed(Record):
    """A life of the session ended in order."""

    kind: Literal["closed"] = "closed"
    reason: str


OfExperiment = (
    Planned
    | Replied
    | Refused
    | Proposed
    | Committed
    | Without
    | Drawn
    | Measuring
    | Interrupted
    | Measured
    | Gating
    | Checked
    | Confirmed
    | Decided
)
"""The records that belong to one experiment."""
AnyRecord = Annotated[
    Opened | Began | Canary | Labelled | OfExperiment | Settled | Verifying | Closed,
    Field(discriminator="kind"),
]

ANY_RECORD: TypeAdapter[AnyRecord] = TypeAdapter(AnyRecord)
