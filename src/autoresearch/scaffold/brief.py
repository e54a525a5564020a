"""program.md as `init` renders it: the settings it knows, over a brief that can be used at once."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

import yaml

from autoresearch.model import Direction
from autoresearch.program import FENCE, split
from autoresearch.scaffold import shipped

ABOUT = "The program does its work correctly today. The question is how much better it can do the same work."
CONSTRAINTS = "- What the program does for its users stays the same: the same results for the same inputs."
IDEAS = """\
- Find out first where the time, the memory or the loss goes: the log of a run may say it.
- The parameters at the top of the file, by large factors before small ones.
- Another algorithm or another model for the part that matters most.
- Another layout of the data that is used most; not computing what is not needed, or is computed already.
- Taking something away, and seeing whether it is missed."""

STARTER_ABOUT = """\
`solution.py` is a small compressor in pure Python. `bench.py` packs three texts with it (a log, a table and some
prose), unpacks them again in another process, and adds up the sizes. Each run draws its texts from a seed: the sum
varies by half a per cent from seed to seed, and runs that are compared share one."""
STARTER_SAMPLE = ("original_bytes: 55662", "total_seconds: 0.08", "compressed_bytes: 26410")
STARTER_CONSTRAINTS = """\
- `decompress(compress(data)) == data` for any bytes, not only for those of the bench.
- The standard library without its compression modules; `decompress` knows nothing but what it is given.
- No word list or other knowledge of the bench's three texts in the code, and nothing kept in a file."""
STARTER_IDEAS = """\
- The knobs at the top: how far back a reference reaches and how long it may be, against the bits that this costs.
- Short codes for what is frequent: Huffman or arithmetic coding of bytes, lengths and distances.
- Choosing references by what they cost in bits, over the whole text, and not from left to right.
- Predicting each byte from those before it, and coding how wrong the prediction was.
- What tables and logs have that prose has not: columns, and numbers that count up."""


@dataclass(frozen=True)
class Brief:
    """What program.md is rendered from."""

    title: str
    target: tuple[str, ...]
    bench: str
    metric: str
    direction: Direction
    timeout: str = "10m"
    about: str = ABOUT
    sample: tuple[str, ...] = ()
    """Lines that the bench printed; empty when it was not run."""
    constraints: str = CONSTRAINTS
    ideas: str = IDEAS


def starter(title: str, python: str) -> Brief:
    """The brief of the project that `init` makes from nothing; `python` is the command that runs Python."""
    return Brief(
        title=title,
        target=("solution.py",),
        bench=f"{python} bench.py",
        metric="compressed_bytes",
        direction=Direction.LOWER,
        timeout="1m",
        about=STARTER_ABOUT,
        sample=STARTER_SAMPLE,
        constraints=STARTER_CONSTRAINTS,
        ideas=STARTER_IDEAS,
    )


def render(brief: Brief) -> str:
    """The whole program.md."""
    _, prose = split(shipped.template())
    return front_matter(brief) + Template(prose).substitute(
        title=brief.title,
        target=" and ".join(_code(path) for path in brief.target),
        bench=brief.bench,
        metric=brief.metric,
        direction=brief.direction.value,
        extreme="low" if brief.direction is Direction.LOWER else "high",
        timeout=brief.timeout,
        about=brief.about,
        sample="\n".join(f"    {line}" for line in brief.sample or (f"{brief.metric}: NUMBER",)),
        constraints=brief.constraints,
        ideas=brief.ideas,
    )


def front_matter(brief: Brief) -> str:
    """The settings between their fences, which also go on top of a program.md that has only prose."""
    front, _ = split(shipped.template())
    # A flag may hold several paths with commas between them, and so may a lone string in the front matter.
    lone = len(brief.target) == 1 and "," not in brief.target[0]
    settings = Template(front).substitute(
        target=_yaml(brief.target[0] if lone else list(brief.target)),
        bench=_yaml(brief.bench),
        metric=_yaml(brief.metric),
        direction=brief.direction.value,
        timeout=brief.timeout,
    )
    return f"{FENCE}\n{settings}{FENCE}\n"


def _yaml(value: str | list[str]) -> str:
    """A value as YAML writes it on one line, in quotes where it needs them."""
    flow = isinstance(value, list)
    text = yaml.safe_dump(value if flow else {"x": value}, default_flow_style=flow, width=10**9, allow_unicode=True)
    return text.removeprefix("x: ").removesuffix("\n")


def _code(text: str) -> str:
    """Text as code in Markdown, whatever is in it."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"
