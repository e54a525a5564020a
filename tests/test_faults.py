"""What goes wrong at a model server: the same translation for all three endpoints."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from email.utils import formatdate

import pytest

from autoresearch.errors import PromptTooLongError, ProposerError, ProposerUnavailableError, UnreachableError
from autoresearch.model import Direction, Metric, Part, Prompt, Reply, Request, Usage
from autoresearch.propose import Proposer
from autoresearch.propose.anthropic import AnthropicProposer
from autoresearch.propose.faults import ReplyLostError, retry_after_s, scrubbed
from autoresearch.propose.openai import OpenAIProposer
from model_server import Answer, Failure, ModelServer, Scripted
from wire import Json

KEY = "sk-secret-0123456789abcdef"
REQUEST = Request(1, Prompt("system", (Part("brief", cache=True), Part("now"))), {}, Metric("m", Direction.LOWER), None)
Make = Callable[[str, float], Proposer]


def responses(url: str, limit_s: float) -> Proposer:
    return OpenAIProposer("gpt-6-luna", base_url=url + "/v1", max_tokens=1000, reply_timeout_s=limit_s, official=True)


def chat(url: str, limit_s: float) -> Proposer:
    return OpenAIProposer("gpt-6-luna", base_url=url + "/v1", max_tokens=1000, reply_timeout_s=limit_s)


def messages(url: str, limit_s: float) -> Proposer:
    return AnthropicProposer("claude-opus-5-5", base_url=url, max_tokens=1000, reply_timeout_s=limit_s)


every_endpoint = pytest.mark.parametrize("make", [responses, chat, messages])


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


def ask(make: Make, scripted: Scripted, limit_s: float = 30) -> Reply:
    with ModelServer([scripted]) as server:
        try:
            return make(server.url, limit_s).propose(REQUEST)
        finally:
            assert len(server.requests) == 1


def failure(make: Make, scripted: Scripted, limit_s: float = 30) -> ProposerError:
    with pytest.raises(ProposerError) as error:
        ask(make, scripted, limit_s)
    assert KEY not in str(error.value)
    assert "\n" not in str(error.value)
    assert str(error.value).endswith(".")
    return error.value


@every_endpoint
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "change what it names"),
        (401, "refused the key in"),
        (402, "add credit"),
        (403, "choose another model or another key"),
        (404, "check model and base_url"),
        (422, "change what it names"),
    ],
)
def test_what_waiting_cannot_help_is_fatal(make: Make, status: int, words: str) -> None:
    error = failure(make, Failure(status))
    assert type(error) is ProposerError
    assert f"({status})" in str(error) or status == 402
    assert words in str(error)


@pytest.mark.slow
@every_endpoint
@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_what_waiting_may_help_is_asked_once_and_not_again(make: Make, status: int) -> None:
    error = failure(make, Failure(status))
    assert type(error) is ProposerUnavailableError
    assert f"({status})" in str(error)
    assert error.retry_after_s is None


@every_endpoint
def test_an_hour_of_retry_after_is_told_at_once_and_not_slept(make: Make) -> None:
    error = failure(make, Failure(429, headers={"Retry-After": "3600"}))
    assert isinstance(error, ProposerUnavailableError)
    assert error.retry_after_s == 3600


@every_endpoint
def test_a_quota_that_is_used_up_is_fatal_though_it_comes_as_429(make: Make) -> None:
    said = {"error": {"message": "You exceeded your quota.", "type": "insufficient_quota", "code": None}}
    error = failure(make, Failure(429, said))
    assert type(error) is ProposerError
    assert "no credit left for this key: You exceeded your quota; add credit" in str(error)


@every_endpoint
@pytest.mark.parametrize(
    ("status", "told"),
    [
        (400, {"type": "invalid_request_error", "message": "Your credit balance is too low to access the API."}),
        (400, {"type": "invalid_request_error", "message": "You have reached your specified API usage limits."}),
        (429, {"type": "billing_not_active", "message": "Your account is not active."}),
        (429, {"type": "rate_limit_error", "details": {"error_code": "enforced_spend_limit_reached"}}),
        (429, {"type": "rate_limit_error", "details": {"error_code": "contract_spend_limit_reached"}}),
    ],
)
def test_a_quota_that_is_used_up_is_fatal_by_whatever_name(make: Make, status: int, told: Json) -> None:
    error = failure(make, Failure(status, {"error": told}))
    assert type(error) is ProposerError
    assert "add credit or raise the limit there, or choose another model" in str(error)


TOO_LONG: list[tuple[int, Json]] = [
    (400, {"code": "context_length_exceeded", "message": "Your input exceeds the context window of this model."}),
    (400, {"code": "context_length_exceeded", "message": "anything"}),
    (400, {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"}),
    (400, {"type": "invalid_request_error", "message": "input length and `max_tokens` exceed context limit: 199000"}),
    (400, {"code": 400, "type": "exceed_context_size_error", "message": "request (4390 tokens) exceeds (4096)"}),
    (500, {"code": 500, "type": "server_error", "message": "Context size has been exceeded."}),
    (400, {"type": "BadRequestError", "message": "This model's maximum context length is 4096 tokens, not 5000."}),
    (400, {"type": "BadRequestError", "message": "The decoder prompt is longer than the maximum model length of 4096"}),
    (400, {"type": "BadRequestError", "message": "max_tokens must be at least 1, got -186."}),
    (400, {"message": "prompt too long; exceeded max context length by 200 tokens"}),
    (422, {"message": "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000"}),
    (429, {"code": "rate_limit_exceeded", "message": "Request too large for gpt-6-luna on tokens per min (TPM)"}),
    (413, {}),
    (413, {"type": "request_too_large", "message": "Request exceeds the maximum size"}),
]


@every_endpoint
@pytest.mark.parametrize(("status", "told"), TOO_LONG)
def test_a_prompt_that_is_too_long_is_told_from_other_refusals(make: Make, status: int, told: Json) -> None:
    error = failure(make, Failure(status, {"error": told}))
    assert type(error) is PromptTooLongError
    assert "prompt too long for" in str(error)
    assert "shorten program.md or the target, lower max_tokens, or" in str(error)


@pytest.mark.parametrize("make", [responses, chat])
def test_a_prompt_that_is_too_long_may_be_told_in_mid_stream(make: Make) -> None:
    error = failure(make, Answer("x" * 100, error={"code": "context_length_exceeded", "message": "too many"}))
    assert type(error) is PromptTooLongError


@every_endpoint
@pytest.mark.parametrize(
    "said",
    [
        "maximum context length is 800 tokens. You requested 1568 (568 in the messages, 1000 in the completion).",
        "This model's maximum context length is 1,000 tokens. However, you requested 1000 output tokens.",
        "max_tokens: 1000 > 900, which is the maximum allowed number of output tokens",
        "'max_tokens' is too large: 1000. This model supports at most 900 completion tokens.",
    ],
)
def test_a_reply_that_no_prompt_leaves_room_for_wants_another_max_tokens(make: Make, said: str) -> None:
    error = failure(make, Failure(400, {"error": {"type": "invalid_request_error", "message": said}}))
    assert type(error) is ProposerError
    assert str(error).endswith("; lower max_tokens.")


@every_endpoint
@pytest.mark.parametrize(
    "said",
    [
        "temperature is not supported with this model",
        "Rate limit reached: 40,000 input tokens per minute",
        "unsupported parameter: max_tokens",
    ],
)
def test_no_other_refusal_is_taken_for_a_prompt_that_is_too_long(make: Make, said: str) -> None:
    error = failure(make, Failure(400, {"error": {"type": "invalid_request_error", "message": said}}))
    assert type(error) is ProposerError
    assert "change what it names" in str(error)


@every_endpoint
@pytest.mark.parametrize("name", ["content_filter", "bio_policy"])
def test_a_request_that_a_filter_stops_is_a_refusal_and_no_failure(make: Make, name: str) -> None:
    reply = ask(make, Failure(400, {"error": {"code": name, "message": "The response was filtered."}}))
    assert (reply.text, reply.refused, reply.usage) == ("", True, Usage())


@every_endpoint
def test_the_key_never_appears_though_the_server_quotes_it(make: Make) -> None:
    said = f"bad key {KEY}, that is sk-secr***********cdef\n" + "x" * 1000
    error = failure(make, Failure(403, {"error": {"message": said, "type": "permission_error"}}))
    assert "bad key [key], that is [key] xxx" in str(error)
    assert "sk-" not in str(error)
    assert len(str(error)) < 600


@every_endpoint
def test_a_gateways_error_page_is_not_quoted(make: Make) -> None:
    error = failure(make, Failure(502, "<html><h1>Bad gateway</h1></html>"))
    assert isinstance(error, ProposerUnavailableError)
    assert "<" not in str(error)


@every_endpoint
@pytest.mark.parametrize("page", ["<html>Welcome</html>", '{"object": "something else"}', ""])
def test_a_page_in_the_place_of_an_answer_can_be_asked_again(make: Make, page: str) -> None:
    error = failure(make, Failure(200, page))
    assert type(error) is ProposerUnavailableError
    assert "ended its answer before it began" in str(error)


@every_endpoint
def test_a_broken_event_can_be_asked_again(make: Make) -> None:
    error = failure(make, Failure(200, "event: message_start\ndata: {broken\n\n"))
    assert type(error) is ProposerUnavailableError
    assert "cannot be read" in str(error)


@every_endpoint
def test_a_length_limit_gives_a_truncated_reply(make: Make) -> None:
    reply = ask(make, Answer("half a", stop="length"))
    assert (reply.text, reply.truncated, reply.usage.output_tokens) == ("half a", True, 250)


@every_endpoint
def test_a_stream_that_ends_without_a_reason_gives_a_truncated_reply(make: Make) -> None:
    reply = ask(make, Answer("half a", stop=None))
    assert (reply.text, reply.truncated) == ("half a", True)
    assert reply.usage.output_tokens == 1000


@every_endpoint
def test_a_refusal_is_an_empty_reply_that_is_paid(make: Make) -> None:
    reply = ask(make, Answer("I can not", stop="refusal"))
    assert (reply.text, reply.truncated, reply.usage.output_tokens) == ("", False, 250)
    assert reply.refused


@pytest.mark.parametrize(
    ("make", "events"),
    [
        (
            responses,
            [
                {"type": "response.refusal.delta", "delta": "I can not"},
                {"type": "response.completed", "response": {"status": "completed", "output": []}},
            ],
        ),
        (
            chat,
            [
                {"choices": [{"index": 0, "delta": {"refusal": "I can not"}}]},
                {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            ],
        ),
        (responses, [{"type": "response.failed", "response": {"error": {"code": "bio_policy", "message": "no"}}}]),
    ],
)
def test_a_refusal_in_words_of_its_own_is_one_too(make: Make, events: list[Json]) -> None:
    reply = ask(make, Failure(200, "".join(f"data: {json.dumps(event)}\n\n" for event in events)))
    assert (reply.text, reply.refused, reply.usage.output_tokens) == ("", True, 1000)


@every_endpoint
def test_an_empty_answer_is_an_empty_reply_that_is_paid(make: Make) -> None:
    reply = ask(make, Answer(""))
    assert (reply.text, reply.truncated, reply.usage.output_tokens) == ("", False, 250)
    assert not reply.refused


@every_endpoint
def test_a_connection_lost_in_mid_stream_is_counted_from_above(make: Make) -> None:
    error = failure(make, Answer("x" * 1000, breaks_off=True))
    assert isinstance(error, ReplyLostError)
    assert "broke off its answer" in str(error)
    assert error.usage.output_tokens == 1000


@pytest.mark.parametrize(
    ("make", "told", "kind"),
    [
        (responses, {"code": "rate_limit_exceeded", "message": "slow down"}, ProposerUnavailableError),
        (responses, {"code": "insufficient_quota", "message": "no money"}, ProposerError),
        (chat, {"code": 502, "message": "upstream"}, ProposerUnavailableError),
        (chat, {"code": 402, "message": "no money"}, ProposerError),
        (messages, {"type": "overloaded_error", "message": "Overloaded"}, ProposerUnavailableError),
        (messages, {"type": "billing_error", "message": "no money"}, ProposerError),
        (messages, {"type": "brand_new_error", "message": "what"}, ProposerUnavailableError),
    ],
)
def test_an_error_in_mid_stream_is_judged_by_its_name(make: Make, told: Json, kind: type[ProposerError]) -> None:
    error = failure(make, Answer("x" * 100, error=told))
    assert type(error) is kind
    assert told["message"] in str(error)


@every_endpoint
def test_a_slow_drip_ends_at_the_total_deadline(make: Make) -> None:
    start = time.monotonic()
    error = failure(make, Answer("x" * 100, stop=None, drip_s=0.05, endless=True), limit_s=0.7)
    assert time.monotonic() - start < 20
    assert isinstance(error, ReplyLostError)
    assert "did not finish its answer within 0.7 s" in str(error)


@every_endpoint
def test_a_stall_in_mid_stream_ends_at_the_total_deadline(make: Make) -> None:
    error = failure(make, Answer("x" * 100, drip_s=30), limit_s=0.7)
    assert isinstance(error, ReplyLostError)
    assert "did not finish its answer within 0.7 s (reply_timeout)" in str(error)


@every_endpoint
def test_an_answer_takes_no_longer_than_the_session_has_left(make: Make) -> None:
    with (
        ModelServer([Answer("x" * 100, drip_s=30)]) as server,
        pytest.raises(ProposerUnavailableError, match=r"within 0\.5 s \(the hours of the budget\)"),
    ):
        make(server.url, 30).propose(replace(REQUEST, limit_s=0.5))


@every_endpoint
def test_a_server_that_never_answers_ends_at_the_deadline(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(ProposerUnavailableError, match="did not finish its answer within"):
            make(url, 0.3).propose(REQUEST)


def test_a_drip_without_a_length_ends_at_the_deadline_too() -> None:
    chunk = b'data: {"choices": [{"index": 0, "delta": {"content": "half"}}]}\n\n'

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\n" + chunk)
            while connection.recv(65536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        dripping = threading.Thread(target=drip, args=[listening])
        dripping.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(ReplyLostError, match="did not finish its answer within"):
            chat(url, 0.7).propose(REQUEST)
        dripping.join()


@every_endpoint
def test_a_head_that_drips_in_ends_at_the_deadline_too(make: Make) -> None:
    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
            while True:
                connection.sendall(b".")
                time.sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        dripping = threading.Thread(target=drip, args=[listening])
        dripping.start()
        with pytest.raises(ProposerUnavailableError, match="did not finish its answer within"):
            make(f"http://127.0.0.1:{listening.getsockname()[1]}", 0.7).propose(REQUEST)
        dripping.join()


@every_endpoint
def test_a_server_that_is_not_there_may_come_back(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    lonely = make(url, 30)
    for call in (lonely.check, lambda: lonely.propose(REQUEST)):
        with pytest.raises(UnreachableError, match=r"cannot be reached: Connection refused; check "):
            call()


def test_a_host_that_nobody_knows_is_named_with_what_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RES_OPTIONS", "timeout:1 attempts:1")  # where there is no name server either
    with pytest.raises(UnreachableError, match=r"^models\.invalid cannot be reached: [A-Z].*; check the network\.$"):
        responses("http://models.invalid", 30).propose(REQUEST)


@every_endpoint
def test_a_connection_that_closes_before_an_answer_can_be_asked_again(make: Make) -> None:
    def close(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        closing = threading.Thread(target=close, args=[listening])
        closing.start()
        with pytest.raises(ProposerUnavailableError, match="broke off before it answered: ") as error:
            make(f"http://127.0.0.1:{listening.getsockname()[1]}", 30).propose(REQUEST)
        closing.join()
    assert type(error.value) is ProposerUnavailableError


@pytest.mark.parametrize("status", [500, 429])
@every_endpoint
def test_check_does_not_take_trouble_at_the_server_for_a_wrong_model(make: Make, status: int) -> None:
    with ModelServer(models_failure=Failure(status)) as server, pytest.raises(ProposerUnavailableError):
        make(server.url, 30).check()


@every_endpoint
def test_check_says_that_a_web_page_is_no_model_server(make: Make) -> None:
    with (
        ModelServer(models_failure=Failure(200, "<html>Welcome</html>")) as server,
        pytest.raises(ProposerError, match=r"answered with a page .* correct base_url") as error,
    ):
        make(server.url, 30).check()
    assert type(error.value) is ProposerError


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "20"}, 20),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": formatdate(0, usegmt=True)}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
def test_reads_how_long_to_wait(headers: dict[str, str], wait_s: float | None) -> None:
    assert retry_after_s(headers) == wait_s


def test_reads_a_date_to_wait_for() -> None:
    wait_s = retry_after_s({"retry-after": formatdate(time.time() + 1000, usegmt=True)})
    assert wait_s is not None
    assert 900 < wait_s <= 1000


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("two\nlines.", "two lines"),
        ("Incorrect API key provided: sk-ab12****wxyz.", "Incorrect API key provided: [key]"),
        ("my-own-key in the middle", "[key] in the middle"),
        ("the task-force stays", "the task-force stays"),
    ],
)
def test_scrubs_foreign_words(text: str, clean: str) -> None:
    assert scrubbed(text, "my-own-key") == clean


def test_a_servers_words_are_shown_without_anything_that_a_terminal_or_a_journal_would_choke_on() -> None:
    assert scrubbed("no\x1b[2J\u202e way\ud800\x00\n\nout", None) == "no [2J way out"
