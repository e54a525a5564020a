"""One call to a model server: its total deadline, what was heard, and what its failures mean."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from autoresearch.errors import ProposerError, ProposerUnavailableError
from autoresearch.model import Reply, Usage
from autoresearch.propose.faults import Fault, ReplyInterrupted, ReplyLostError, read, scrubbed
from autoresearch.propose.remedies import explained, unreachable
from autoresearch.propose.server import Server

if TYPE_CHECKING:
    import httpx2

CONNECT_S = 15.0
CONNECTED = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})
"""Steps of httpx2 that end with a connection to cut; TLS puts another one in the place of the first."""
NO_ANSWER = "(no answer)"
"""Stands for an empty reply in a conversation: empty messages are refused."""
ERRNO = re.compile(r"^\[Errno -?\d+\] ")
GARBLED = (ValueError, AttributeError, LookupError)
"""What the SDKs let through when an answer is not what its protocol says (a web page, broken JSON)."""

Ending = Literal["whole", "cut", "refused"]


@dataclass(frozen=True)
class Limit:
    """How long a call may take in all."""

    seconds: float
    why: str
    """Whose limit it is: the setting's name, for the message."""


CHECK = Limit(30.0, "the limit of a first look")
"""For asking whether a model exists."""


@dataclass
class Heard:
    """An answer as far as it came."""

    pieces: list[str] = field(default_factory=list)
    ending: Ending | None = None
    """`cut` by a length limit, `refused` by the model or a filter; None when the server never said."""
    usage: Usage | None = None
    begun: bool = False
    """True once the server has begun to answer."""
    refused: bool = False
    """True once the model has said in words that it will not answer."""


class Call:
    """Cuts the connection when its time is up, and raises what went wrong within it as a ProposerError.

    The SDKs' timeouts are per read, and they swallow keep-alive events, so that neither they nor a look at the clock
    between events ends a slow drip; closing the connection from a timer does.
    """

    def __init__(
        self, server: Server, model: str, limit: Limit, sdk_error: type[Exception], worst: Usage | None = None
    ) -> None:
        server.require()
        self.heard = Heard()
        self._server = server
        self._model = model
        self._limit = limit
        self._end = time.monotonic() + limit.seconds
        self._timer: threading.Timer | None = None
        self._sdk_error = sdk_error
        self._worst = worst

    def timeout(self) -> httpx2.Timeout:
        """Limits for each step, so that a server that never begins to answer is given up too."""
        import httpx2

        return httpx2.Timeout(self._limit.seconds, connect=min(CONNECT_S, self._limit.seconds))

    def hooks(self) -> dict[str, list[Callable[..., None]]]:
        """Event hooks for httpx2 that have the connection cut when time is up."""
        return {"request": [self._trace], "response": [self._watch]}

    def _trace(self, request: httpx2.Request) -> None:
        """From the connecting on: the head of an answer may drip in, too."""
        request.extensions = {**request.extensions, "trace": self._connected}

    def _connected(self, event: str, told: Mapping[str, Any]) -> None:
        if event in CONNECTED:
            self._cut_in_time(told["return_value"])

    def _watch(self, response: httpx2.Response) -> None:
        self._cut_in_time(response.extensions["network_stream"])

    def _cut_in_time(self, stream: Any) -> None:
        self._disarm()
        self._timer = threading.Timer(self._end - time.monotonic(), _cut, [stream.get_extra_info("socket")])
        self._timer.daemon = True
        self._timer.start()

    def reply(self) -> Reply:
        """What was heard, as a reply. Raises ProposerUnavailableError when there is nothing to show."""
        heard, text = self.heard, "".join(self.heard.pieces)
        if heard.ending is None and not heard.refused and (self._late or not text):
            raise self._broken("ended its answer before it began (base_url may be wrong)")
        usage = heard.usage or self._worst
        assert usage is not None
        if heard.refused or heard.ending == "refused":
            return Reply("", usage, refused=True)
        return Reply(text, usage, truncated=heard.ending != "whole")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._disarm()
        import httpx2

        if isinstance(error, (self._sdk_error, httpx2.HTTPError, *GARBLED)):
            # Not chained: the SDK's own message may hold the key.
            raise self._translated(error) from None
        if isinstance(error, KeyboardInterrupt) and self.heard.begun and self._worst:
            raise ReplyInterrupted(self.heard.usage or self._worst) from None

    def failed(self, body: object) -> ProposerError:
        """The failure that an event within the answer tells of."""
        return explained(self._read(None, body, {}), self._server, self._model)

    def _translated(self, error: Exception) -> ProposerError:
        import httpx2

        # The errors of both SDKs are made in the same mould: `response`, `status_code`, `body`.
        response, body = getattr(error, "response", None), getattr(error, "body", None)
        if isinstance(response, httpx2.Response):
            return explained(self._read(response.status_code, body, response.headers), self._server, self._model)
        if body is not None:
            return self.failed(body)
        cause = error.__cause__ or error
        why = scrubbed(ERRNO.sub("", str(cause)) or type(cause).__name__, self._server.key)
        if self.heard.begun:
            return self._broken(f"broke off its answer: {why}")
        if isinstance(error, GARBLED):
            return self._broken(f"gave an answer that cannot be read: {why}")
        no_way = httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError, httpx2.UnsupportedProtocol
        if isinstance(cause, no_way) and not self._late:
            return unreachable(self._server, why)
        return self._broken(f"broke off before it answered: {why}")

    def _read(self, status: int | None, body: object, headers: Mapping[str, str]) -> Fault:
        return read(status, body, headers, self._server.key, self._worst.output_tokens if self._worst else None)

    def _broken(self, what: str) -> ProposerUnavailableError:
        """A failure that the server did not declare: time is up, or the connection or the answer is broken."""
        if self._late:
            what = f"did not finish its answer within {self._limit.seconds:g} s ({self._limit.why})"
        message = f"{self._server.host} {what}."
        if self.heard.begun and self._worst is not None:
            return ReplyLostError(message, self._worst)
        return ProposerUnavailableError(message)

    @property
    def _late(self) -> bool:
        return time.monotonic() >= self._end

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


@cache
def tls() -> ssl.SSLContext:
    """The certificates, loaded once: it takes 20 ms, and each call has a client of its own."""
    import httpx2

    return httpx2.create_ssl_context()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        # Not connection.shutdown(): under TLS that would pull the session from under the reader.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
