"""What a model server's failure means for the session, and what its user can do: one sentence each."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from autoresearch.errors import PromptTooLongError, ProposerError, ProposerUnavailableError, UnreachableError
from autoresearch.propose.faults import FATAL, Fault, FilteredError
from autoresearch.propose.server import Server

NO_SUCH_PAGE = frozenset({404, 405})


def explained(fault: Fault, server: Server, model: str) -> ProposerError:
    """One sentence with what, where and what next; a ProposerUnavailableError where waiting may help."""
    if fault.kind is not None:
        return _of_its_kind(fault, server, model)
    where, said = server.host, f": {fault.said}" if fault.said else ""
    match fault.status:
        case None:
            return ProposerUnavailableError(f"{where} failed{said}.", fault.retry_after_s)
        case 401 if server.key is None:
            return ProposerError(f"{where} wants a key (401); run `export {server.key_name}=…`.")
        case 401:  # what the server says here may quote the key
            return ProposerError(f"{where} refused the key in {server.key_name} (401); export one that is valid there.")
        case 402:
            return _no_credit(where, said)
        case 403:
            return ProposerError(
                f"{where} does not let this key use {model} (403){said}; choose another model or another key."
            )
        case status if status in NO_SUCH_PAGE:
            return ProposerError(
                f"{where} has no {model} at {server.address} ({status}){said}; check model and base_url."
            )
        case status if status in FATAL:
            return ProposerError(
                f"{where} refused the request ({status}){said}; change what it names (model, max_tokens), or choose "
                "another model."
            )
    why = "limits the rate of requests" if fault.status == 429 else "is overloaded or out of order"
    return ProposerUnavailableError(f"{where} {why} ({fault.status}){said}.", fault.retry_after_s)


def _of_its_kind(fault: Fault, server: Server, model: str) -> ProposerError:
    where, said = server.host, f": {fault.said}" if fault.said else ""
    status = f" ({fault.status})" if fault.status else ""
    match fault.kind:
        case "quota":
            return _no_credit(where, said)
        case "filtered":
            return FilteredError(f"{where} filtered the request{status}{said}; reword program.md.")
        case "reply too long":
            return ProposerError(f"{where} allows {model} no reply of max_tokens{status}{said}; lower max_tokens.")
    room = "choose a model with a longer context" if server.official else "start the model with a longer context"
    return PromptTooLongError(
        f"{where} finds the prompt too long for {model}{status}{said}; shorten program.md or the target, lower "
        f"max_tokens, or {room}."
    )


def _no_credit(where: str, said: str) -> ProposerError:
    return ProposerError(
        f"{where} has no credit left for this key{said}; add credit or raise the limit there, or choose another model."
    )


def unreachable(server: Server, why: str) -> UnreachableError:
    """That there is no way to the server."""
    check = "the network" if server.official else "base_url, the network, and that the server is up"
    return UnreachableError(f"{server.host} cannot be reached: {why}; check {check}.")


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
