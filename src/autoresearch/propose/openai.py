"""Proposals from OpenAI, or from any server that speaks its protocol (Ollama, vLLM, llama.cpp)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from autoresearch.model import Prompt, Request, Usage
from autoresearch.propose.call import NO_ANSWER, Call, Ending, Heard, tls
from autoresearch.propose.hosted import HostedProposer

if TYPE_CHECKING:
    import openai
    from openai.types import CompletionUsage
    from openai.types.chat import ChatCompletionMessageParam
    from openai.types.responses import ResponseInputItemParam, ResponseUsage

ENDINGS: dict[str, Ending] = {"length": "cut", "max_output_tokens": "cut", "content_filter": "refused"}
"""Why an answer is not whole, in the words of chat completions and of the Responses API."""


class OpenAIProposer(HostedProposer):
    """Asks the Responses API at OpenAI itself; elsewhere chat completions, which every other server speaks."""

    provider = "openai"
    base_error = "OpenAIError"

    def _client(self, call: Call) -> openai.OpenAI:
        import openai

        return openai.OpenAI(
            api_key=self._server.key or "none",  # the SDK insists on one; a local server does not read it
            base_url=self._server.base_url,
            timeout=call.timeout(),
            max_retries=0,
            http_client=openai.DefaultHttpxClient(verify=tls(), event_hooks=call.hooks()),
        )

    def _hear(self, client: openai.OpenAI, request: Request, call: Call) -> None:
        if self._server.official:
            self._hear_responses(client, request.prompt, call)
        else:
            self._hear_chat(client, request.prompt, call.heard)

    def _hear_responses(self, client: openai.OpenAI, prompt: Prompt, call: Call) -> None:
        heard = call.heard
        with client.responses.create(
            model=self._model,
            instructions=prompt.system,
            input=_items(prompt),
            max_output_tokens=self._max_tokens,
            store=False,
            prompt_cache_key=_cache_key(prompt),
            stream=True,
        ) as stream:
            for event in stream:
                heard.begun = True
                if event.type == "response.output_text.delta":
                    heard.pieces.append(event.delta)
                elif event.type == "response.refusal.delta" or event.type == "response.refusal.done":
                    heard.refused = True
                elif event.type == "response.failed":
                    raise call.failed(event.response.error.to_dict() if event.response.error else None)
                elif event.type == "error":
                    raise call.failed(event.to_dict())
                elif event.type == "response.completed" or event.type == "response.incomplete":
                    details, usage = event.response.incomplete_details, event.response.usage
                    heard.ending = ENDINGS.get(details.reason or "", "cut") if details else "whole"
                    heard.usage = self._responses_usage(usage) if usage else None

    def _hear_chat(self, client: openai.OpenAI, prompt: Prompt, heard: Heard) -> None:
        with client.chat.completions.create(
            model=self._model,
            messages=_messages(prompt),
            max_tokens=self._max_tokens,  # without it a small model can run on until the timeout
            stream=True,
            stream_options={"include_usage": True},
        ) as stream:
            for chunk in stream:
                heard.begun = True
                if chunk.usage:
                    heard.usage = self._chat_usage(chunk.usage)
                for choice in chunk.choices or ():  # some servers send null
                    if choice.delta:
                        heard.pieces.append(choice.delta.content or "")
                        heard.refused = heard.refused or bool(choice.delta.refusal)
                    if choice.finish_reason:
                        heard.ending = ENDINGS.get(choice.finish_reason, "whole")

    def _responses_usage(self, usage: ResponseUsage) -> Usage | None:
        details = usage.input_tokens_details
        cached, stored = (details.cached_tokens, details.cache_write_tokens) if details else (0, 0)
        return self._server.counted(self._model, usage.input_tokens, cached, usage.output_tokens, stored=stored)

    def _chat_usage(self, usage: CompletionUsage) -> Usage | None:
        cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else 0
        return self._server.counted(self._model, usage.prompt_tokens, cached, usage.completion_tokens)


def _items(prompt: Prompt) -> list[ResponseInputItemParam]:
    parts = [part.text for part in prompt.parts if part.text]
    items: list[ResponseInputItemParam] = [
        {"role": "user", "content": [{"type": "input_text", "text": text} for text in parts]}
    ]
    for turn in prompt.turns:
        items.append({"role": "assistant", "content": turn.reply or NO_ANSWER})
        items.append({"role": "user", "content": turn.complaint})
    return items


def _messages(prompt: Prompt) -> list[ChatCompletionMessageParam]:
    # One text a message: the chat templates of small local models do not take lists of parts.
    parts = "\n\n".join(part.text for part in prompt.parts if part.text)
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": prompt.system},
        {"role": "user", "content": parts},
    ]
    for turn in prompt.turns:
        messages.append({"role": "assistant", "content": turn.reply or NO_ANSWER})
        messages.append({"role": "user", "content": turn.complaint})
    return messages


def _cache_key(prompt: Prompt) -> str:
    """The same for all prompts of a session, so that they reach the same cache."""
    constant = prompt.system + (prompt.parts[0].text if prompt.parts else "")
    return "autoresearch-" + hashlib.sha256(constant.encode()).hexdigest()[:32]
