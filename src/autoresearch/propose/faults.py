"""What a model server's failure means for the session: over for good, or worth waiting for."""

from __future__ import annotations

import difflib
import email.utils
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoresearch.errors import ProposerError, ProposerUnavailableError
from autoresearch.model import Usage
from autoresearch.propose.server import Server

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
QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_error"})
"""These come as 429 or 400 as well, where waiting does not help."""
NO_SUCH_PAGE = frozenset({404, 405})
SAID_LENGTH = 300


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


@dataclass(frozen=True)
class Fault:
    """A failure as the server or the network told it."""

    said: str
    """The server's own words, without any key; empty where it had none."""
    status: int | None = None
    """HTTP status, or the one that the error's name stands for; None where it has neither."""
    retry_after_s: float | None = None


def read(status: int | None, body: object, headers: Mapping[str, str], key: str | None) -> Fault:
    """A fault from an error answer, or from an error event (`status` below 400 or None)."""
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    names = [str(inner.get(name)) for name in ("code", "type")] if isinstance(inner, Mapping) else []
    quota = next((name for name in names if name in QUOTA), None)
    if quota is not None:
        status = NAMED[quota]
    elif status is None or status < 400:
        status = next((NAMED[name] for name in names if name in NAMED), None)
        status = status or next((int(name) for name in names if re.fullmatch(r"[45]\d\d", name)), None)
    return Fault(scrubbed(_words(inner), key), status, retry_after_s(headers))


def explained(fault: Fault, server: Server, model: str) -> ProposerError:
    """One sentence with what, where and what next; a ProposerUnavailableError where waiting may help."""
    where, said = server.host, f": {fault.said}" if fault.said else ""
    match fault.status:
        case None:
            return ProposerUnavailableError(f"{where} failed{said}.", fault.retry_after_s)
        case 401 if server.key is None:
            return ProposerError(f"{where} wants a key (401); run `export {server.key_name}=…`.")
        case 401:  # what the server says here may quote the key
            return ProposerError(f"{where} refused the key in {server.key_name} (401); export one that is valid there.")
        case 402:
            return ProposerError(f"{where} has no credit left for this key{said}; add credit, or choose another model.")
        case 403:
            return ProposerError(
                f"{where} does not let this key use {model} (403){said}; choose another model or another key."
            )
        case 404:
            return ProposerError(f"{where} has no {model} at {server.address} (404){said}; check model and base_url.")
        case 413:
            return ProposerError(f"{where} finds the prompt too large (413){said}; shorten program.md or the target.")
        case status if status in FATAL:
            return ProposerError(
                f"{where} refused the request ({status}){said}; change what it names (model, max_tokens, prompt size)."
            )
    why = "limits the rate of requests" if fault.status == 429 else "is overloaded or out of order"
    return ProposerUnavailableError(f"{where} {why} ({fault.status}){said}.", fault.retry_after_s)


def unknown_model(server: Server, model: str, known: Sequence[str]) -> ProposerError:
    """That the server lists other models, with up to five that are close."""
    near = difflib.get_close_matches(model, known, n=5, cutoff=0.4) or sorted(known)[:5]
    names = ", ".join(f"{server.provider}/{name}" for name in near)
    meant = f"did you mean one of {names}?" if names else "it lists none; load one there first."
    return ProposerError(f"{server.host} has no model {model!r}; {meant}")


def no_json(server: Server) -> ProposerError:
    """That something else than a model server answered."""
    hint = "; it usually ends in /v1" if server.provider == "openai" else "; it usually has no path"
    return ProposerError(f"{server.address} answered with a page instead of a list of models; correct base_url{hint}.")


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
    if key:
        text = text.replace(key, "[key]")
    text = re.sub(r"\b(?:sk|pk|rk)-[\w*.…-]{4,}", "[key]", text)
    text = " ".join(text.split())
    text = text if len(text) <= SAID_LENGTH else text[:SAID_LENGTH] + "…"
    return text.rstrip(".")


def _words(body: object) -> str:
    if isinstance(body, Mapping):
        return next((said for name in ("message", "detail") if isinstance(said := body.get(name), str)), "")
    if isinstance(body, str) and not body.lstrip().startswith("<"):  # a gateway's error page says nothing
        return body
    return ""
