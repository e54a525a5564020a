"""How a scripted answer looks on the wire: the events and the bodies of the three endpoints."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

INPUT_TOKENS = 1200
CACHED_TOKENS = 800
WRITTEN_TOKENS = 300
OUTPUT_TOKENS = 250
"""What every answer reports: 1200 tokens in, of which 800 came from the cache and 300 went into it, and 250 out."""
PIECE = 40
"""Characters an event."""

Json = dict[str, Any]
Protocol = Literal["openai", "anthropic"]


@dataclass(frozen=True)
class Answer:
    """A reply told in detail; a plain text in a script is `Answer(text)`."""

    text: str
    stop: Literal["end", "length", "refusal"] | None = "end"
    """None ends the stream cleanly without a reason or usage, as a proxy does that gives up."""
    usage: bool = True
    counts: Json | None = None
    """What it says of tokens, in the place of what is true."""
    drip_s: float = 0.0
    """Seconds after each event."""
    endless: bool = False
    """Keep-alive lines follow the text, every `drip_s` seconds, until the server closes or half a minute is over."""
    breaks_off: bool = False
    """The connection drops half-way."""
    error: Json | None = None
    """An error event in the place of the end."""


@dataclass(frozen=True)
class Failure:
    """An answer that is no reply."""

    status: int
    body: str | Json | None = None
    """None is an error of the protocol's own shape; a text is sent as text/html."""
    headers: Mapping[str, str] = field(default_factory=dict)


def prompt_text(body: Json) -> str:
    """The prompt of a request of any of the three shapes, as one text."""
    messages = body.get("messages") or body.get("input") or []
    contents = [body.get("system") or body.get("instructions") or "", *(m["content"] for m in messages)]
    return "\n\n".join(_text(content) for content in contents if content)


def error(protocol: Protocol, name: str, said: str) -> Json:
    """An error body of the protocol's own shape."""
    if protocol == "anthropic":
        return {"type": "error", "error": {"type": name, "message": said}, "request_id": "req_1"}
    return {"error": {"message": said, "type": name, "param": None, "code": name}}


def responses(answer: Answer, model: str) -> Iterator[bytes]:
    """Events of `/v1/responses`."""
    yield _named({"type": "response.created", "response": _response(Answer("", None), model, "in_progress")})
    for piece in _pieces(answer.text):
        yield _named({"type": "response.output_text.delta", "delta": piece, "item_id": "msg_1", "output_index": 0})
    if answer.error:
        yield _named({"type": "error", **answer.error})
    elif answer.stop == "end":
        yield _named({"type": "response.completed", "response": _response(answer, model, "completed")})
    elif answer.stop:
        yield _named({"type": "response.incomplete", "response": _response(answer, model, "incomplete")})


def chat(answer: Answer, model: str) -> Iterator[bytes]:
    """Events of `/v1/chat/completions`."""
    head = {"id": "chat_1", "object": "chat.completion.chunk", "created": 1, "model": model}
    for piece in _pieces(answer.text):
        yield _data({**head, "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})
    if answer.error:
        yield _data({"error": answer.error})
    elif answer.stop:
        yield _data({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": _CHAT_STOP[answer.stop]}]})
        if answer.usage:
            usage = _chat_usage() if answer.counts is None else answer.counts
            yield _data({**head, "choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"


def messages(answer: Answer, model: str) -> Iterator[bytes]:
    """Events of `/v1/messages`."""
    usage = {**_message_usage(), "output_tokens": 1, **(answer.counts or {})}
    start = {**_message(Answer("", None), model), "usage": usage}
    yield _named({"type": "message_start", "message": start})
    yield _named({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    yield _named({"type": "ping"})
    for piece in _pieces(answer.text):
        delta = {"type": "text_delta", "text": piece}
        yield _named({"type": "content_block_delta", "index": 0, "delta": delta})
    if answer.error:
        yield _named({"type": "error", "error": answer.error})
    elif answer.stop:
        yield _named({"type": "content_block_stop", "index": 0})
        ending = {"stop_reason": _MESSAGE_STOP[answer.stop], "stop_sequence": None}
        yield _named({"type": "message_delta", "delta": ending, "usage": {"output_tokens": OUTPUT_TOKENS}})
        yield _named({"type": "message_stop"})


def whole_response(answer: Answer, model: str) -> Json:
    """The body of `/v1/responses` without streaming."""
    return _response(answer, model, "completed" if answer.stop == "end" else "incomplete")


def whole_chat(answer: Answer, model: str) -> Json:
    """The body of `/v1/chat/completions` without streaming."""
    message = {"role": "assistant", "content": answer.text}
    choice = {"index": 0, "message": message, "finish_reason": _CHAT_STOP[answer.stop or "end"]}
    body = {"id": "chat_1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
    return {**body, "usage": _chat_usage()} if answer.usage else body


def whole_message(answer: Answer, model: str) -> Json:
    """The body of `/v1/messages` without streaming."""
    return _message(answer, model)


_CHAT_STOP = {"end": "stop", "length": "length", "refusal": "content_filter"}
_MESSAGE_STOP = {"end": "end_turn", "length": "max_tokens", "refusal": "refusal"}
_RESPONSE_STOP = {"length": "max_output_tokens", "refusal": "content_filter"}


def _response(answer: Answer, model: str, status: str) -> Json:
    content = [{"type": "output_text", "text": answer.text, "annotations": []}]
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": status, "content": content}
    reason = _RESPONSE_STOP.get(answer.stop or "")
    usage = {
        "input_tokens": INPUT_TOKENS,
        "input_tokens_details": {"cached_tokens": CACHED_TOKENS, "cache_write_tokens": WRITTEN_TOKENS},
        "output_tokens": OUTPUT_TOKENS,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": model,
        "status": status,
        "output": [message] if answer.text else [],
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "usage": {**usage, **(answer.counts or {})} if answer.usage and answer.stop else None,
    }


def _chat_usage() -> Json:
    return {
        "prompt_tokens": INPUT_TOKENS,
        "completion_tokens": OUTPUT_TOKENS,
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS},
    }


def _message(answer: Answer, model: str) -> Json:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": answer.text}] if answer.text else [],
        "stop_reason": _MESSAGE_STOP[answer.stop] if answer.stop else None,
        "stop_sequence": None,
        "usage": _message_usage(),
    }


def _message_usage() -> Json:
    return {
        "input_tokens": INPUT_TOKENS - CACHED_TOKENS - WRITTEN_TOKENS,  # cached tokens are not in it
        "cache_read_input_tokens": CACHED_TOKENS,
        "cache_creation_input_tokens": WRITTEN_TOKENS,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": WRITTEN_TOKENS},
        "output_tokens": OUTPUT_TOKENS,
    }


def _pieces(text: str) -> list[str]:
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def _text(content: str | list[Json]) -> str:
    return content if isinstance(content, str) else "\n\n".join(part["text"] for part in content)


def _named(event: Json) -> bytes:
    return f"event: {event['type']}\n".encode() + _data(event)


def _data(event: Json) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()
