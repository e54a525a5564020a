"""What runs changed that they must not: found in a session's history. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from autoresearch.decide.history import Experiment, History
from autoresearch.records import EVIDENCE
from autoresearch.report.cells import clean

_IN_CHECK = re.compile(r"tampered: (.+) changed")


@dataclass(frozen=True)
class Tampering:
    """Protected files that code changed while it ran."""

    n: int | None
    """Experiment that the code is of; None where it is of none."""
    commit: str | None
    files: tuple[str, ...]
    diff: str
    """Where the differences lie, relative to the session's folder."""
    kept: bool
    """True where the session kept the code all the same: it was not seen to do so before."""


def tamperings(history: History) -> tuple[Tampering, ...]:
    """The first of each experiment, in order; the verification's behind them."""
    found: dict[tuple[int | None, str | None], Tampering] = {}
    for one in (*_of_experiments(history), *_of_verification(history)):
        found.setdefault((one.n, one.commit), one)
    return tuple(found.values())


def _of_experiments(history: History) -> Iterator[Tampering]:
    incumbent: Experiment | None = None
    for experiment in (*history.experiments, *([history.pending] if history.pending else [])):
        for run in experiment.runs:
            culprit = experiment if run.arm == "candidate" else incumbent
            if run.tampered and culprit:
                yield _tampering(culprit.n, culprit.commit, run.tampered, run.log, kept=culprit.kept)
        if (checked := experiment.checked) and (said := _IN_CHECK.fullmatch(checked.failure or "")):
            files = tuple(said[1].split(", "))
            yield _tampering(experiment.n, experiment.commit, files, checked.log, kept=experiment.kept)
        incumbent = experiment if experiment.kept else incumbent


def _of_verification(history: History) -> Iterator[Tampering]:
    if history.verification is None:
        return
    asked = history.verification.asked
    numbers = {experiment.commit: experiment.n for experiment in history.experiments}
    for run in history.verification.measured.runs:
        if run.tampered:
            commit = asked.head if run.arm == "candidate" else asked.baseline
            yield _tampering(numbers.get(commit), commit, run.tampered, run.log, kept=True)


def _tampering(n: int | None, commit: str | None, files: tuple[str, ...], log: str, *, kept: bool) -> Tampering:
    diff = PurePosixPath(log).with_suffix(EVIDENCE)
    return Tampering(n, commit, tuple(map(clean, files)), diff.as_posix(), kept)
