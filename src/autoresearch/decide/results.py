"""results.tsv: the table that the whole field reads, derived from the history."""

from __future__ import annotations

from collections.abc import Sequence

from autoresearch.decide.history import Experiment
from autoresearch.model import Status

NO_COMMIT = "0000000"
"""Commit column of an experiment whose edit never became a commit."""


def header(metric: str, columns: Sequence[str]) -> str:
    """The first line, without its newline."""
    return "\t".join(["commit", metric, *columns, "status", "description"])


def row(experiment: Experiment, columns: Sequence[str]) -> str:
    """One experiment as a line without its newline."""
    verdict, proposal = experiment.verdict, experiment.proposal
    assert verdict is not None
    crashed = verdict.status is Status.CRASH
    shown = [run for run in experiment.runs if run.arm == "candidate"]
    extra = shown[-1].columns if shown else {}
    return "\t".join(
        [
            (experiment.commit or NO_COMMIT)[:7],
            number(None if crashed else experiment.value),
            *(number(extra.get(name)) for name in columns),
            verdict.status,
            one_line(proposal.description if proposal else verdict.reason),
        ]
    )


def table(metric: str, columns: Sequence[str], experiments: Sequence[Experiment]) -> str:
    """The whole file."""
    return "\n".join([header(metric, columns), *(row(e, columns) for e in experiments)]) + "\n"


def number(value: float | None) -> str:
    """Six decimals as the field writes them; more digits where six would lose the value."""
    if value is None:
        return "0.000000"
    fixed = f"{value:.6f}"
    return fixed if float(fixed) == value or abs(value - float(fixed)) < abs(value) * 1e-6 else repr(value)


def one_line(text: str) -> str:
    """Tabs, newlines and other control characters as spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
