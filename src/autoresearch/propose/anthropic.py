"""Proposals from Anthropic, or from any server that speaks its protocol."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autoresearch.model import Prompt, Reply, Request, Usage
from autoresearch.propose.call import CHECK_S, NO_ANSWER, Call, Ending, tls
from autoresearch.propose.faults import NO_SUCH_PAGE, no_json, unknown_model
from autoresearch.propose.server import find

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


class AnthropicProposer:
    """Asks the Messages API, with cache points that last an hour: a bench and a reply exceed five minutes."""

    can_repair = True

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        max_tokens: int,
        reply_timeout_s: float,
        official: bool | None = None,
    ) -> None:
        """`official` says that `base_url` is a gateway to Anthropic's own API; None decides by the host's name."""
        self.name = f"anthropic/{model}"
        self._model = model
        self._max_tokens = max_tokens
        self._reply_timeout_s = reply_timeout_s
        self._server = find("anthropic", base_url, os.environ, official=official)

    def check(self) -> str:
        """Ask whether the server takes the key and knows the model; costs nothing."""
        import anthropic

        with self._call(CHECK_S) as call, self._client(call) as client:
            try:
                found: object = client.models.retrieve(self._model)
            except anthropic.APIStatusError as error:
                if error.status_code not in NO_SUCH_PAGE:
                    raise
                known = self._listed(client)
                if known is not None and self._model not in known:
                    raise unknown_model(self._server, self._model, known) from None
            else:
                if not isinstance(found, anthropic.BaseModel):
                    raise no_json(self._server)
        return f"{self.name} at {self._server.described()}"

    def worst_case_usd(self, request: Request) -> float | None:
        """With every input token written to the cache for an hour (twice the plain price), and the longest reply."""
        return self._worst(request).cost_usd

    def propose(self, request: Request) -> Reply:
        """One streamed request. It is never repeated here: a wait is the session's to show."""
        worst = self._worst(request)
        with self._call(self._reply_timeout_s, worst) as call, self._client(call) as client:
            self._hear(client, request.prompt, call)
            return call.reply()

    def _call(self, limit_s: float, worst: Usage | None = None) -> Call:
        import anthropic

        return Call(self._server, self._model, limit_s, anthropic.AnthropicError, worst)

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
            http_client=anthropic.DefaultHttpxClient(verify=tls(), event_hooks={"response": [call.watch]}),
        )

    def _listed(self, client: anthropic.Anthropic) -> Sequence[str] | None:
        """The names of the server's models; None where it has no such list."""
        import anthropic

        try:
            return [model.id for model in client.models.list(limit=1000).data]
        except anthropic.APIStatusError as error:
            if error.status_code in NO_SUCH_PAGE:
                return None
            raise

    def _hear(self, client: anthropic.Anthropic, prompt: Prompt, call: Call) -> None:
        heard = call.heard
        with client.messages.stream(
            model=self._model, system=prompt.system, messages=_messages(prompt), max_tokens=self._max_tokens
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

    def _usage(self, usage: MessageUsage) -> Usage:
        cached = usage.cache_read_input_tokens or 0
        written = usage.cache_creation_input_tokens or 0
        written_1h = usage.cache_creation.ephemeral_1h_input_tokens if usage.cache_creation else written
        counted = Usage(usage.input_tokens + cached + written, cached, usage.output_tokens)
        return self._server.priced(self._model, counted, written_tokens=written, written_1h_tokens=written_1h)

    def _worst(self, request: Request) -> Usage:
        return self._server.worst(self._model, request.prompt, self._max_tokens)


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
