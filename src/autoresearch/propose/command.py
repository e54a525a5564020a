"""A shell command that edits the target in a scratch checkout, with the prompt on stdin: any coding agent."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from autoresearch.errors import ProposerError, ProposerUnavailableError
from autoresearch.model import Form, Reply, Request, Usage


@dataclass(frozen=True)
class Edited:
    """What a command did in the scratch checkout."""

    files: Mapping[str, str]
    """Targets that it changed, whole; empty where what it left counts as no edit."""
    others: tuple[str, ...]
    """What else it changed."""
    output: str
    failure: str | None
    """Why it did not end well; None when it exited with 0."""
    account: str
    """Its output as an answer that begins with a header."""


Edit = Callable[[str, str, Mapping[str, str], float], Edited]
PROGRAM = re.compile(r"(?:\w+=[\w./:-]*\s+)*([\w./+-]+)(?:\s|$)")
"""A first word that can only be a program or a part of the shell, behind assignments to its environment."""
NOT_FOUND = ("126", "127")
"""Exit codes by which a shell says that there is no such program, or none that can be run."""
TRIES = 3
"""How often a command may fail that never worked: that is no outage, it is broken."""
ABSENT = "`{command}`: there is no program {program}. Install it, or mend `command`."


class Command:
    """Runs a command for each proposal. `edit(command, prompt, files, limit_s)` does so in the scratch checkout."""

    can_repair = True
    wants: Form = "in place"

    def __init__(
        self,
        command: str,
        edit: Edit,
        *,
        name: str = "command",
        absent: str | None = None,
    ) -> None:
        """`name` is an agent's that the command is of; `absent` says what to do where its program is not there."""
        self.name = name
        self._command = command
        self._edit = edit
        self._absent = absent or ABSENT.format(command=command, program=_program(command))
        self._worked = False
        self._failures = 0

    def check(self) -> str:
        """Say which command it is. Raises ProposerError when its first word is no program."""
        program = _program(self._command)
        if program and not _known(program):
            raise ProposerError(self._absent)
        return f"{self.name}: {self._command}"

    def worst_case(self, request: Request) -> Usage:
        """Unknown: what the command spends is between it and its provider."""
        return Usage(cost_usd=None)

    def usual_case(self, request: Request) -> Usage:
        """Unknown as well."""
        return Usage(cost_usd=None)

    def propose(self, request: Request) -> Reply:
        """Run the command once. Raises ProposerUnavailableError when it fails without having edited a target."""
        done = self._edit(self._command, request.prompt.text(), request.files, request.limit_s)
        if done.failure and not done.files:
            last = (done.output.strip().splitlines() or ["it printed nothing"])[-1][:300]
            who = f"`{self._command}`" if self.name == "command" else self.name
            message = f"{who} {done.failure}: {last.rstrip('.')}"
            self._failures += 1
            if done.failure.endswith(NOT_FOUND) or (not self._worked and self._failures == TRIES):
                raise ProposerError(f"{message}. Try it by hand in the repository.")
            raise ProposerUnavailableError(message)
        self._worked = True
        return Reply(done.account, Usage(cost_usd=None), files=done.files, dropped=done.others)


def _program(command: str) -> str | None:
    found = PROGRAM.match(command)
    return found[1] if found else None


def _known(word: str) -> bool:
    """True for what the shell can run: a program on the PATH, a file, a builtin."""
    return subprocess.run(["sh", "-c", 'command -v "$1"', "sh", word], capture_output=True, check=False).returncode == 0
