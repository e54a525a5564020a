"""What went wrong at a model server, read from its words; `remedies` says what to do about it."""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from autoresearch.errors import ProposerError, ProposerUnavailableError
from autoresearch.model import Usage

FATAL = frozenset({400, 401, 402, 403, 404, 405, 413, 422})
"""Statuses that are about the request, the key or the account: the same request will not fare better later."""
NAMED = {
    "insufficient_quota": 402,
    "billing_hard_limit_reached": 402,
    "billing_error": 402,
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "overloaded_error": 529,
    "request_too_large": 413,
    "server_error": 500,
    "api_error": 500,
    "timeout_error": 504,
}
"""Error names of both providers, for errors that come in mid-stream under a status of 200."""
QUOTA = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "billing_error",
        "enforced_spend_limit_reached",
        "contract_spend_limit_reached",
    }
)
"""These come as 429 or 400 as well, where waiting does not help."""
QUOTA_WORDS = re.compile(r"credit balance is too low|reached your (specified )?API usage limits", re.I)
TOO_LONG = frozenset({"context_length_exceeded", "exceed_context_size_error", "request_too_large"})
TOO_LONG_WORDS = re.compile(
    r"(prompt|input) is too long|prompt too long|context (length|size|window|limit)|maximum model length"
    r"|max_tokens must be at least 1\b|maximum number of tokens|request too large for|inputs\W.*must (be|have)",
    re.I,
)
"""How OpenAI, Anthropic, llama.cpp, vLLM, Ollama and others say that a prompt does not fit."""
REPLY_WORDS = re.compile(r"max_tokens|max_completion_tokens|max_output_tokens|completion|output tokens", re.I)
REPLY_TOO_LONG_WORDS = re.compile(r"max\w*_tokens\W.*(too large|too high|maximum allowed)", re.I)
CONTEXT_LENGTH = re.compile(r"context (?:length|size|window|limit)\D{0,20}?(\d[\d,]*)", re.I)
FILTERED = frozenset({"content_filter", "content_policy_violation", "bio_policy", "misalignment_policy_violation"})
"""A filter stopped the prompt, or the answer: what a refusal is when it comes as an error."""
SAID_LENGTH = 300
SHORTEST_KEY = 8

Kind = Literal["quota", "prompt too long", "reply too long", "filtered"]


class ReplyLostError(ProposerUnavailableError):
    """A reply broke off after it had begun: it may well be billed, and nobody will say how much."""

    def __init__(self, message: str, usage: Usage) -> None:
        super().__init__(message)
        self.usage = usage
        """The most that it can have been."""


class ReplyInterrupted(KeyboardInterrupt):
    """The user stopped a reply that had begun: it is billed all the same."""

    def __init__(self, usage: Usage) -> None:
        super().__init__()
        self.usage = usage
        """The most that it can have been."""


class FilteredError(ProposerError):
    """A filter stopped the request: no failure of the server, but an answer that was refused."""


@dataclass(frozen=True)
class Fault:
    """A failure as the server or the network told it."""

    said: str
    """The server's own words, without any key; empty where it had none."""
    status: int | None = None
    """HTTP status, or the one that the error's name stands for; None where it has neither."""
    retry_after_s: float | None = None
    kind: Kind | None = None
    """What it is about, where name or words tell more than the status does."""


def read(
    status: int | None, body: object, headers: Mapping[str, str], key: str | None, max_tokens: int | None = None
) -> Fault:
    """A fault from an error answer, or from an error event (`status` below 400 or None).

    `max_tokens` is the longest reply that was asked for, which may be what does not fit.
    """
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    names, words = list(_names(inner)), _words(inner)
    if status is None or status < 400:
        status = next((NAMED[name] for name in names if name in NAMED), None)
        status = status or next((int(name) for name in names if re.fullmatch(r"[45]\d\d", name)), None)
    kind = _kind(status, names, words, max_tokens)
    return Fault(scrubbed(words, key), status, retry_after_s(headers), kind)


def _kind(status: int | None, names: list[str], words: str, max_tokens: int | None) -> Kind | None:
    if QUOTA.intersection(names) or (status in (400, 429) and QUOTA_WORDS.search(words)):
        return "quota"
    if FILTERED.intersection(names):
        return "filtered"
    if status in (400, 422) and REPLY_TOO_LONG_WORDS.search(words) and not CONTEXT_LENGTH.search(words):
        return "reply too long"
    about_length = status in (None, 400, 422, 500) and TOO_LONG_WORDS.search(words)
    # OpenAI's limit of tokens a minute: a request that is above it by itself is refused for ever.
    above_the_rate = status == 429 and words.lower().startswith("request too large for")
    if status == 413 or TOO_LONG.intersection(names) or about_length or above_the_rate:
        return "reply too long" if _no_room_at_all(words, max_tokens) else "prompt too long"
    return None


def _no_room_at_all(words: str, max_tokens: int | None) -> bool:
    """True where the longest reply alone fills the context, as the default does that of many a local server."""
    length = CONTEXT_LENGTH.search(words)
    if max_tokens is None or length is None or not REPLY_WORDS.search(words):
        return False
    return int(length[1].replace(",", "")) <= max_tokens


def _names(body: object) -> Iterator[str]:
    """Everything that an error is called by."""
    if isinstance(body, Mapping):
        yield from (str(body.get(name)) for name in ("code", "type"))
        if isinstance(details := body.get("details"), Mapping):
            yield str(details.get("error_code"))


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait, from `retry-after-ms` or `retry-after` (seconds or a date)."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            wait_s = float(headers.get(name, "")) * unit_s
        except ValueError:
            continue
        return wait_s if math.isfinite(wait_s) and wait_s >= 0 else None
    try:
        date = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, date.timestamp() - time.time())


def scrubbed(text: str, key: str | None) -> str:
    """Foreign words on one line, cut short, with no key in them, nor what looks like one or like part of one."""
    if key and len(key) >= SHORTEST_KEY:  # what a local server gets, such as `none`, is a word and no key
        text = text.replace(key, "[key]")
    text = re.sub(r"\b(?:sk|pk|rk)-[\w*.…-]{4,}", "[key]", text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    text = text if len(text) <= SAID_LENGTH else text[:SAID_LENGTH] + "…"
    return text.rstrip(".")


def _words(body: object) -> str:
    if isinstance(body, Mapping):
        return next((said for name in ("message", "detail") if isinstance(said := body.get(name), str)), "")
    if isinstance(body, str) and not body.lstrip().startswith("<"):  # a gateway's error page says nothing
        return body
    return ""
