"""Which model server is asked, with which key, and whether it is paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urlsplit

from autoresearch.errors import ProposerError
from autoresearch.model import Prompt, Usage
from autoresearch.propose.price import (
    USUAL_REPLY,
    USUALLY_CACHED,
    cost_usd,
    host_of,
    is_local,
    most_input_tokens,
    usual_input_tokens,
)

Provider = Literal["openai", "anthropic"]
OFFICIAL: Mapping[Provider, str] = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
}
KEYS: Mapping[Provider, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
}
"""Environment variables that can hold the key, the first that is set wins (as in the SDKs)."""


@dataclass(frozen=True)
class Server:
    """An address that speaks a provider's protocol."""

    provider: Provider
    base_url: str
    official: bool
    """True for the provider's own API: it wants a key and is paid by the list."""
    key_name: str
    key: str | None = field(repr=False)

    @property
    def host(self) -> str:
        """Name and port, as messages show them."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2] or self.address

    @property
    def address(self) -> str:
        """The address as messages show it: without a name, a password or a query."""
        rest = self.base_url.rpartition("@")[2].partition("?")[0]
        scheme = self.base_url.partition("://")[0] + "://" if "://" in self.base_url else ""
        return scheme + rest.removeprefix(scheme)

    @property
    def free(self) -> bool:
        """True where replies cost nothing."""
        return not self.official and is_local(self.base_url)

    def described(self) -> str:
        """`api.openai.com (key OPENAI_API_KEY is set)`."""
        return f"{self.host} ({'no key' if self.key is None else f'key {self.key_name} is set'})"

    def priced(self, model: str, usage: Usage, *, written_tokens: int = 0, written_1h_tokens: int = 0) -> Usage:
        """`usage` with its cost: by the list, nothing on an own machine, unknown elsewhere."""
        if not self.official:
            return replace(usage, cost_usd=0.0 if self.free else None)
        cost = cost_usd(self.provider, model, usage, written_tokens=written_tokens, written_1h_tokens=written_1h_tokens)
        return replace(usage, cost_usd=cost)

    def counted(
        self, model: str, read: object, cached: object, written: object, *, stored: object = 0, stored_1h: object = 0
    ) -> Usage | None:
        """What a server says that an answer took, in tokens, with its cost; None where that cannot be true.

        `read` holds what was read from the cache, `cached`, and what was put there, `stored`.
        """
        counts = [count or 0 for count in (read, cached, written, stored, stored_1h)]
        whole = [count for count in counts if isinstance(count, int) and count >= 0]
        if len(whole) < len(counts) or not whole[0] or whole[1] + whole[3] > whole[0]:
            return None
        usage = Usage(whole[0], whole[1], whole[2])
        return self.priced(model, usage, written_tokens=whole[3], written_1h_tokens=whole[4])

    def worst(self, model: str, prompt: Prompt, max_tokens: int) -> Usage:
        """The most that one answer can take: all input written to the cache, none read from it, the longest reply."""
        input_tokens = most_input_tokens(prompt)
        for_an_hour = self.provider == "anthropic" and any(part.cache for part in prompt.parts)
        return self.priced(
            model,
            Usage(input_tokens, 0, max_tokens),
            written_tokens=input_tokens,
            written_1h_tokens=input_tokens if for_an_hour else 0,
        )

    def usual(self, model: str, prompt: Prompt, max_tokens: int) -> Usage:
        """A guess of what one answer takes in the middle of a session that begins with this prompt."""
        input_tokens = usual_input_tokens(prompt)
        return self.priced(model, Usage(input_tokens, int(USUALLY_CACHED * input_tokens), min(USUAL_REPLY, max_tokens)))

    def require(self) -> None:
        """Raises ProposerError when this server cannot be asked at all: no key, or not an address."""
        if not self.base_url.isprintable() or not _is_name(host_of(self.base_url)):
            raise ProposerError(
                f"base_url {self.address!r} is not an address; write it like http://localhost:11434/v1."
            )
        if self.key is None and self.official:
            raise ProposerError(
                f"{self.key_name} is not set; run `export {self.key_name}=…` with a key for {self.host}, "
                "or use `--model tune`, which needs none."
            )
        if self.key is not None and not (self.key.isascii() and self.key.isprintable() and " " not in self.key):
            raise ProposerError(
                f"{self.key_name} holds characters that no key has; export it again, without quotes or blanks in it."
            )


def find(
    provider: Provider, base_url: str | None, environment: Mapping[str, str], *, official: bool | None = None
) -> Server:
    """The server that `base_url`, else the environment, else the provider's default names.

    `official` overrules the choice by host name, for a gateway that passes on to the provider's own API.
    """
    found = (base_url or environment.get(f"{provider.upper()}_BASE_URL") or OFFICIAL[provider]).strip()
    names = KEYS[provider]
    name = next((name for name in names if environment.get(name, "").strip()), names[0])
    if official is None:
        official = _is_official(provider, found)
    return Server(provider, found, official, name, environment.get(name, "").strip() or None)


def _is_name(host: str) -> bool:
    """True for what can be looked up at all."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return bool(host) and " " not in host


def _is_official(provider: Provider, base_url: str) -> bool:
    host, own = host_of(base_url), host_of(OFFICIAL[provider])
    return host == own or host.endswith("." + own)  # e.g. eu.api.openai.com
