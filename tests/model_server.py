"""A scripted model server: real HTTP on loopback, both protocols, with or without pytest.

with ModelServer(["first reply", lambda prompt: prompt.upper(), Failure(529)]) as server:
    OpenAIProposer("gpt-6-luna", base_url=server.openai_url, max_tokens=1000, reply_timeout_s=10)
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response
from werkzeug.datastructures import Headers

import wire
from wire import Answer as Answer
from wire import Failure as Failure
from wire import Json

MODELS = ("gpt-6-luna", "gpt-6.1-sol", "gpt-5.4-mini", "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")
ENDPOINTS = {
    "/v1/responses": (wire.responses, wire.whole_response),
    "/v1/chat/completions": (wire.chat, wire.whole_chat),
    "/v1/messages": (wire.messages, wire.whole_message),
}
ENDLESS_S = 30.0

Scripted = str | Answer | Failure | Callable[[str], str | Answer | Failure]
"""A callable gets the prompt as one text."""


@dataclass(frozen=True)
class Asked:
    """A recorded request for a reply."""

    path: str
    headers: Headers
    body: Json
    prompt: str
    """System, user and assistant texts in their order, joined by blank lines."""


class PromptHTTPServer(HTTPServer):
    """Stops within milliseconds instead of half a second: tests start hundreds of these."""

    def thread_target(self) -> None:
        """Serve until stopped."""
        assert self.server is not None
        self.server.serve_forever(poll_interval=0.01)


class ModelServer:
    """Answers the k-th request with the k-th of the script; any after the last are refused with 400."""

    def __init__(
        self,
        replies: Iterable[Scripted] = (),
        *,
        models: Sequence[str] | None = MODELS,
        models_failure: Failure | None = None,
        key: str | None = None,
        port: int = 0,
    ) -> None:
        """`models=None` has no models endpoint; `key` refuses requests that come with any other (401)."""
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would print every request
        self.requests: list[Asked] = []
        self._replies = list(replies)
        self._models = models
        self._models_failure = models_failure
        self._key = key
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = PromptHTTPServer(host="127.0.0.1", port=port, threaded=True)
        self._http.expect_request(re.compile(".*")).respond_with_handler(self._respond)

    def __enter__(self) -> Self:
        self._http.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.stop()
        self._http.check_handler_errors()  # what went wrong in a callable of the script

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._http.port}"

    @property
    def openai_url(self) -> str:
        """The base_url that the openai SDK wants."""
        return self.url + "/v1"

    @property
    def anthropic_url(self) -> str:
        """The base_url that the anthropic SDK wants."""
        return self.url

    def _respond(self, request: Request) -> Response:
        protocol: wire.Protocol = "anthropic" if "anthropic-version" in request.headers else "openai"
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        key = request.headers.get("x-api-key", bearer)
        if self._key is not None and key != self._key:
            said = f"Incorrect API key provided: {key}."
            return _failed(Failure(401, wire.error(protocol, "invalid_api_key", said)), protocol)
        if request.path.startswith("/v1/models"):
            return self._list(request.path.removeprefix("/v1/models").removeprefix("/"), protocol)
        if request.path not in ENDPOINTS:
            return _failed(Failure(404, {"detail": "Not Found"}), protocol)
        body: Json = request.get_json()
        return self._answer(request.path, body, self._next(request, body), protocol)

    def _next(self, request: Request, body: Json) -> Answer | Failure:
        with self._lock:
            asked = Asked(request.path, request.headers, body, wire.prompt_text(body))
            self.requests.append(asked)
            k = len(self.requests)
        if k > len(self._replies):
            return Failure(400, {"error": {"type": "script_over", "message": f"the script has no reply {k}"}})
        scripted = self._replies[k - 1]
        reply = scripted(asked.prompt) if callable(scripted) else scripted
        return Answer(reply) if isinstance(reply, str) else reply

    def _answer(self, path: str, body: Json, reply: Answer | Failure, protocol: wire.Protocol) -> Response:
        if isinstance(reply, Failure):
            return _failed(reply, protocol)
        streamed, whole = ENDPOINTS[path]
        if not body.get("stream"):
            return Response(json.dumps(whole(reply, body["model"])), content_type="application/json")
        events = list(streamed(reply, body["model"]))
        if not reply.breaks_off:
            return Response(self._paced(reply, events), content_type="text/event-stream")
        events = events[: len(events) // 2]
        response = Response(events, content_type="text/event-stream")
        # Fewer bytes than were promised: the client sees the connection drop.
        response.headers["Content-Length"] = str(sum(map(len, events)) + 1000)
        return response

    def _paced(self, reply: Answer, events: Sequence[bytes]) -> Iterator[bytes]:
        for event in events:
            yield event
            self._closing.wait(reply.drip_s)
        end = time.monotonic() + ENDLESS_S
        while reply.endless and time.monotonic() < end and not self._closing.wait(reply.drip_s):
            yield b": keep-alive\n\n"

    def _list(self, name: str, protocol: wire.Protocol) -> Response:
        if self._models_failure is not None:
            return _failed(self._models_failure, protocol)
        if self._models is None or (name and name not in self._models):
            return _failed(Failure(404, wire.error(protocol, "not_found_error", f"no {name}")), protocol)
        entries = [{"id": model, "object": "model", "type": "model"} for model in self._models]
        named = [entry for entry in entries if entry["id"] == name]
        body = named[0] if named else {"object": "list", "data": entries, "has_more": False}
        return Response(json.dumps(body), content_type="application/json")


def _failed(failure: Failure, protocol: wire.Protocol) -> Response:
    headers = dict(failure.headers)
    if isinstance(failure.body, str):
        return Response(failure.body, failure.status, headers, content_type="text/html")
    body = failure.body or wire.error(protocol, "api_error", f"scripted status {failure.status}")
    return Response(json.dumps(body), failure.status, headers, content_type="application/json")
