"""What a reply costs, from a maintained table of list prices; it never asks the network."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from autoresearch.model import Prompt, Usage

LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
FRAME_TOKENS = 64
"""Tokens that a provider adds around one message; in truth about ten."""

HISTORY_TOKENS = 6_000
"""What a prompt grows by once there are a digest, a history and a log (benchmarks/tokens.py)."""
USUALLY_CACHED = 0.8
"""Of the input, read from the provider's cache (benchmarks/tokens.py)."""
USUAL_REPLY = 3_000
"""Tokens of a reply, its thoughts included: a guess, models differ by ten times."""


def cost_usd(
    provider: str, model: str, usage: Usage, *, written_tokens: int = 0, written_1h_tokens: int = 0
) -> float | None:
    """List price of a reply in dollars; None where the table does not know the model.

    `provider` is `openai` or `anthropic`. `written_tokens` of the input went into the provider's cache, which can
    cost more than plain input; `written_1h_tokens` of these to stay for an hour, which costs most.
    """
    import genai_prices

    counts = {
        "input_tokens": usage.input_tokens,
        "cache_read_tokens": usage.cached_tokens,
        "cache_write_tokens": written_tokens,
        "cache_write_1h_tokens": written_1h_tokens,
        "output_tokens": usage.output_tokens,
    }
    try:
        price = genai_prices.calc_price(genai_prices.Usage(**counts), model, provider_id=provider)
    except (LookupError, ValueError):  # not in the table; counts that cannot be true (more cached than sent)
        return None
    return float(price.total_price)


def most_input_tokens(prompt: Prompt) -> int:
    """Tokens of a prompt, from above.

    A byte-level tokenizer makes at most one token of a byte. Code and prose have three or four bytes a token, but
    a table of numbers has fewer than two, and an estimate that can be too low lets a budget be overrun.
    """
    messages = 2 + 2 * len(prompt.turns)
    return len(prompt.text().encode()) + FRAME_TOKENS * messages


def usual_input_tokens(prompt: Prompt) -> int:
    """Tokens of a prompt that begins like this one, once there is a history: code and prose have four bytes a token."""
    return len(prompt.text().encode()) // 4 + HISTORY_TOKENS


def is_local(base_url: str) -> bool:
    """True for an address on this machine or its own network, where replies cost nothing. Looks nothing up."""
    host = host_of(base_url)
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(LOCAL_SUFFIXES))


def host_of(url: str) -> str:
    """The host's name or address in lower case; empty where the text is no http(s) address."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for one that is no number
    except ValueError:
        return ""
    return (parts.hostname or "").lower() if parts.scheme in ("http", "https") else ""
