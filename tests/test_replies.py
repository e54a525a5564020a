"""Answers as models write them, from tests/replies: what is well-formed lands as meant, the rest is refused aloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from autoresearch.decide.landing import Unused, land
from autoresearch.decide.screen import fingerprint
from autoresearch.model import Proposal, Reply, Usage

FOLDER = Path(__file__).parent / "replies"
TARGETS = FOLDER / "targets"


@dataclass(frozen=True)
class Case:
    """One file of the corpus: a header in YAML, a line of `%%%%`, and the answer."""

    name: str
    head: Mapping[str, Any]
    answer: str

    @property
    def targets(self) -> dict[str, str]:
        """The texts that it is an answer to."""
        named = self.head["target"]
        return {path: target(path) for path in ([named] if isinstance(named, str) else named)}

    @property
    def expected(self) -> dict[str, str]:
        """What must become of them: `lands` has pairs of old and new, a list for one target, else by path."""
        lands = self.head["lands"]
        by_path = lands if isinstance(lands, dict) else {next(iter(self.targets)): lands}
        return {path: swapped(self.targets[path], pairs) for path, pairs in by_path.items()}

    @property
    def text(self) -> str:
        """The answer as it came: `{{WHOLE path}}` stands for the expected text, `crlf` for the other line endings."""
        answer = self.answer
        for path in self.targets if "{{WHOLE " in answer else ():
            new = self.expected[path].replace("\r\n", "\n").removesuffix("\n")
            answer = answer.replace(f"{{{{WHOLE {path}}}}}", new)
        return answer.replace("\n", "\r\n") if self.head.get("crlf") else answer

    def land(self) -> Proposal | Unused:
        """The whole pure path."""
        tried = {}
        if pairs := self.head.get("tried"):
            path, old = next(iter(self.targets.items()))
            tried = {fingerprint({path: swapped(old, pairs)}): "#12: 0.9931, discard"}
        reply = Reply(self.text, Usage(), truncated=bool(self.head.get("truncated")))
        return land(reply, self.targets, tried)


def target(path: str) -> str:
    """A target's text, with its own line endings."""
    return (TARGETS / path).read_bytes().decode()


def swapped(old: str, pairs: list[tuple[str, str]]) -> str:
    newline = "\r\n" if "\r\n" in old else "\n"
    for before, after in pairs:
        before, after = (each.replace("\n", newline) for each in (before, after))
        assert old.count(before) == 1, before
        old = old.replace(before, after)
    return old


def corpus() -> Iterator[Case]:
    for path in sorted(FOLDER.glob("*.txt")):
        head, _, answer = path.read_bytes().decode().partition("\n%%%%\n")
        yield Case(path.stem, yaml.safe_load(head), answer)


CASES = list(corpus())
WELL_FORMED = [case for case in CASES if "lands" in case.head]
ILL_FORMED = [case for case in CASES if "refused" in case.head]


@pytest.mark.parametrize("case", WELL_FORMED, ids=lambda case: case.name)
def test_a_well_formed_answer_lands_exactly_as_meant(case: Case) -> None:
    landed = case.land()
    assert not isinstance(landed, Unused), landed
    assert landed.files == case.expected


@pytest.mark.parametrize("case", ILL_FORMED, ids=lambda case: case.name)
def test_an_ill_formed_answer_is_refused_with_what_to_do(case: Case) -> None:
    refused = case.land()
    assert isinstance(refused, Unused), refused
    assert (refused.reason, case.head["says"] in refused.detail) == (case.head["refused"], True), refused
