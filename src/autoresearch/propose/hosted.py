"""What the proposers behind an SDK have in common; both SDKs are made by the same generator."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar

from autoresearch.model import Form, Reply, Request, Usage
from autoresearch.propose.call import CHECK, Call, Limit
from autoresearch.propose.faults import FilteredError
from autoresearch.propose.remedies import NO_SUCH_PAGE, no_json, unknown_model
from autoresearch.propose.server import Provider, find


class HostedProposer(ABC):
    """Checks key and model, asks once under a deadline, and knows the worst price of a request."""

    provider: ClassVar[Provider]
    """Name of the provider, and of its SDK's module."""
    base_error: ClassVar[str]
    """Name of the class that all errors of the SDK derive from."""
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
        """`official` says that `base_url` is a gateway to the provider's own API; None decides by the host's name."""
        self.name = f"{self.provider}/{model}"
        self._model = model
        self._max_tokens = max_tokens
        self._reply_timeout_s = reply_timeout_s
        self._server = find(self.provider, base_url, os.environ, official=official)

    @property
    def wants(self) -> Form | None:
        """Whole files, but at the provider's own API."""
        return None if self._server.official else "whole"

    def check(self) -> str:
        """Ask whether the server takes the key and knows the model; costs nothing."""
        sdk = self._sdk()
        with self._call(CHECK) as call, self._client(call) as client:
            try:
                found = client.models.retrieve(self._model)
            except sdk.APIStatusError as error:
                if error.status_code not in NO_SUCH_PAGE:
                    raise
                known = self._listed(client)
                if known is not None and self._model not in known:
                    raise unknown_model(self._server, self._model, known) from None
            else:
                if not isinstance(found, sdk.BaseModel):
                    raise no_json(self._server)
        return f"{self.name} at {self._server.described()}"

    def worst_case(self, request: Request) -> Usage:
        """With every input token written to the cache at its dearest, none read from it, and the longest reply."""
        return self._server.worst(self._model, request.prompt, self._max_tokens)

    def usual_case(self, request: Request) -> Usage:
        """With the history that a session soon has, and most of the input read from the cache."""
        return self._server.usual(self._model, request.prompt, self._max_tokens)

    def propose(self, request: Request) -> Reply:
        """One streamed request. It is never repeated here: a wait is the session's to show."""
        worst = self.worst_case(request)
        call = self._call(self._limit(request), worst)
        try:
            with call, self._client(call) as client:
                self._hear(client, request, call)
                return call.reply()
        except FilteredError:
            return Reply("", worst if call.heard.begun else Usage(), refused=True)

    @abstractmethod
    def _client(self, call: Call) -> Any:
        """The SDK's client, whose connections the call watches."""

    @abstractmethod
    def _hear(self, client: Any, request: Request, call: Call) -> None:
        """Stream the answer to a request into `call.heard`."""

    def _sdk(self) -> Any:
        """The SDK. Importing it takes a second, so that it waits until it is needed."""
        return import_module(self.provider)

    def _limit(self, request: Request) -> Limit:
        if request.limit_s > self._reply_timeout_s:
            return Limit(self._reply_timeout_s, "reply_timeout")
        return Limit(max(0.1, round(request.limit_s, 1)), "the hours of the budget")

    def _call(self, limit: Limit, worst: Usage | None = None) -> Call:
        return Call(self._server, self._model, limit, getattr(self._sdk(), self.base_error), worst)

    def _listed(self, client: Any) -> Sequence[str] | None:
        """The names of the server's models; None where it has no such list."""
        try:
            return [model.id for model in client.models.list()]
        except self._sdk().APIStatusError as error:
            if error.status_code in NO_SUCH_PAGE:
                return None
            raise
