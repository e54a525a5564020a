"""Where candidate texts come from: one protocol, an implementation a module."""

from __future__ import annotations

from typing import Protocol

from autoresearch.model import Form, Reply, Request, Usage


class Proposer(Protocol):
    """Answers a request with text; it never measures, decides, records or spends on its own."""

    name: str
    """As in the `model` setting, e.g. `openai/gpt-6-luna`, `tune`."""

    can_repair: bool
    """True when it can be shown a crash and asked to mend it."""

    @property
    def wants(self) -> Form | None:
        """The form to ask for: whole where it may be any model, a small one too; None to go by the target's length."""

    def check(self) -> str:
        """Say in a few words what will be used. Raises ProposerError when key, model or command cannot work."""

    def worst_case(self, request: Request) -> Usage:
        """The most that `propose(request)` can take: tokens, and dollars where the price is known."""

    def usual_case(self, request: Request) -> Usage:
        """A guess of what one answer of a long session takes, where `request` is its first."""

    def propose(self, request: Request) -> Reply:
        """Ask once. Raises ProposerUnavailableError when waiting may help, ProposerError when it cannot."""
