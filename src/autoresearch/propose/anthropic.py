"""Proposals from Anthropic, or from any server that speaks its protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autoresearch.model import Prompt, Request, Usage
from autoresearch.propose.call import NO_ANSWER, Call, Ending, tls
from autoresearch.propose.hosted import HostedProposer

if TYPE_CHECKING:
    import anthropic
    from anthropic.types import MessageParam, TextBlockParam
    from anthropic.types import Usage as MessageUsage

CACHE_POINTS = 4
"""The most that one request may have."""
ENDINGS: dict[str, Ending] = {
    "max_tokens": "cut",
    "model_context_window_exceeded": "cut",
    "refusal": "refused",
}
"""Why an answer is not whole."""


class AnthropicProposer(HostedProposer):
    """Asks the Messages API, with cache points that last an hour: a bench and a reply exceed five minutes."""

    provider = "anthropic"
    base_error = "AnthropicError"

    def _client(self, call: Call) -> anthropic.Anthropic:
        import anthropic

        key = self._server.key or "none"  # the SDK insists on one; a local server does not read it
        bearer = self._server.key_name == "ANTHROPIC_AUTH_TOKEN"
        return anthropic.Anthropic(
            api_key=None if bearer else key,
            auth_token=key if bearer else None,
            base_url=self._server.base_url,
            timeout=call.timeout(),
            max_retries=0,  # it would obey any Retry-After, an hour too, without a word
            http_client=anthropic.DefaultHttpxClient(verify=tls(), event_hooks=call.hooks()),
        )

    def _hear(self, client: anthropic.Anthropic, request: Request, call: Call) -> None:
        heard = call.heard
        with client.messages.stream(
            model=self._model,
            system=request.prompt.system,
            messages=_messages(request.prompt),
            max_tokens=self._max_tokens,
        ) as stream:
            for event in stream:
                heard.begun = True
                if event.type == "text":
                    heard.pieces.append(event.text)
            if heard.begun:
                message = stream.current_message_snapshot
                if message.stop_reason:
                    heard.ending = ENDINGS.get(message.stop_reason, "whole")
                    heard.usage = self._usage(message.usage)

    def _usage(self, usage: MessageUsage) -> Usage | None:
        cached, stored = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
        stored_1h = usage.cache_creation.ephemeral_1h_input_tokens if usage.cache_creation else stored
        counts = (usage.input_tokens, cached, stored)
        read = sum(counts) if all(isinstance(count, int) for count in counts) else None
        return self._server.counted(self._model, read, cached, usage.output_tokens, stored=stored, stored_1h=stored_1h)


def _messages(prompt: Prompt) -> list[MessageParam]:
    messages: list[MessageParam] = [{"role": "user", "content": _blocks(prompt)}]
    for turn in prompt.turns:
        messages.append({"role": "assistant", "content": turn.reply.rstrip() or NO_ANSWER})
        messages.append({"role": "user", "content": turn.complaint})
    return messages


def _blocks(prompt: Prompt) -> list[TextBlockParam]:
    parts = [part for part in prompt.parts if part.text.strip()]  # an empty block is refused
    points = [place for place, part in enumerate(parts) if part.cache][-CACHE_POINTS:]
    blocks: list[TextBlockParam] = []
    for place, part in enumerate(parts):
        block: TextBlockParam = {"type": "text", "text": part.text}
        if place in points:
            block["cache_control"] = {"type": "ephemeral", "ttl": "1h"}
        blocks.append(block)
    return blocks
