"""The anthropic proposer: the real SDK over real HTTP."""

from __future__ import annotations

import pytest

from autoresearch.errors import ProposerError
from autoresearch.model import Direction, Metric, Part, Prompt, Request, Turn, Usage
from autoresearch.propose.anthropic import AnthropicProposer
from autoresearch.propose.price import cost_usd
from model_server import Answer, ModelServer
from wire import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, WRITTEN_TOKENS, Json

KEY = "sk-ant-test-0123456789abcdef"
MODEL = "claude-opus-5-5"
HOUR = {"type": "ephemeral", "ttl": "1h"}


def asking(*parts: Part, turns: tuple[Turn, ...] = ()) -> Request:
    prompt = Prompt("You are a researcher.", parts or (Part("brief", cache=True), Part("now")), turns)
    return Request(1, prompt, {}, Metric("loss", Direction.LOWER), None)


def proposer(server: ModelServer, *, official: bool | None = None, model: str = MODEL) -> AnthropicProposer:
    return AnthropicProposer(
        model, base_url=server.anthropic_url, max_tokens=64_000, reply_timeout_s=30, official=official
    )


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


@pytest.mark.slow
def test_sends_cached_blocks_and_refused_answers_as_turns() -> None:
    turns = (Turn("first answer \n", "that does not apply"), Turn("", "that was empty"))
    with ModelServer(["an édit\n" * 30]) as server:
        reply = proposer(server).propose(asking(Part("brief", cache=True), Part(""), Part("now"), turns=turns))
    assert reply.text == "an édit\n" * 30
    assert not reply.truncated
    [asked] = server.requests
    assert asked.path == "/v1/messages"
    assert KEY in (asked.headers.get("X-Api-Key"), asked.headers.get("Authorization", "").removeprefix("Bearer "))
    assert asked.body == {
        "model": MODEL,
        "system": "You are a researcher.",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "brief", "cache_control": HOUR},
                    {"type": "text", "text": "now"},
                ],
            },
            {"role": "assistant", "content": "first answer"},
            {"role": "user", "content": "that does not apply"},
            {"role": "assistant", "content": "(no answer)"},
            {"role": "user", "content": "that was empty"},
        ],
        "max_tokens": 64_000,
        "stream": True,
    }


def test_places_at_most_four_cache_points_and_the_last_ones() -> None:
    with ModelServer(["x"]) as server:
        proposer(server).propose(asking(*(Part(f"part {n}", cache=True) for n in range(6)), Part("now")))
    [message] = server.requests[0].body["messages"]
    points = ["cache_control" in block for block in message["content"]]
    assert points == [False, False, True, True, True, True, False]


def test_counts_cached_and_written_tokens_as_input_and_prices_them() -> None:
    with ModelServer(["x"]) as server:
        usage = proposer(server, official=True).propose(asking()).usage
    counted = Usage(INPUT_TOKENS, CACHED_TOKENS, OUTPUT_TOKENS)
    expected = cost_usd("anthropic", MODEL, counted, written_tokens=WRITTEN_TOKENS, written_1h_tokens=WRITTEN_TOKENS)
    assert expected
    assert usage == Usage(INPUT_TOKENS, CACHED_TOKENS, OUTPUT_TOKENS, expected)


@pytest.mark.parametrize("counts", [{"input_tokens": None}, {"input_tokens": -1000}])
def test_tokens_that_cannot_be_true_are_counted_from_above(counts: Json) -> None:
    with ModelServer([Answer("x", counts=counts)]) as server:
        asked = proposer(server, official=True)
        assert asked.propose(asking()).usage == asked.worst_case(asking())


def test_a_stream_that_ends_without_a_reason_is_truncated_and_counted_from_above() -> None:
    with ModelServer([Answer("half an answer", stop=None)]) as server:
        asked = proposer(server, official=True)
        reply = asked.propose(asking())
    assert (reply.text, reply.truncated) == ("half an answer", True)
    assert reply.usage.output_tokens == 64_000
    assert reply.usage.cost_usd == asked.worst_case(asking()).cost_usd


def test_takes_a_bearer_token_where_no_key_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token-1")
    with ModelServer(["x"], key="token-1") as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.anthropic_url)
        bearer = AnthropicProposer(MODEL, max_tokens=9, reply_timeout_s=30)
        assert bearer.check().endswith("(key ANTHROPIC_AUTH_TOKEN is set)")
        assert bearer.propose(asking()).text == "x"
    assert server.requests[0].headers["Authorization"] == "Bearer token-1"


def test_a_local_server_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with ModelServer(["x"]) as server:
        assert proposer(server).check().endswith("(no key)")
        assert proposer(server).propose(asking()).usage.cost_usd == 0.0


def test_a_missing_key_is_named_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    official = AnthropicProposer(MODEL, max_tokens=9, reply_timeout_s=30)
    for call in (official.check, lambda: official.propose(asking())):
        with pytest.raises(ProposerError, match=r"export ANTHROPIC_API_KEY=….* for api\.anthropic\.com"):
            call()


def test_check_names_host_and_variable_but_not_the_key() -> None:
    with ModelServer(key=KEY) as server:
        said = proposer(server).check()
    host = server.url.removeprefix("http://")
    assert said == f"anthropic/{MODEL} at {host} (key ANTHROPIC_API_KEY is set)"


def test_check_refuses_a_wrong_key() -> None:
    with ModelServer(key="sk-another") as server, pytest.raises(ProposerError) as error:
        proposer(server).check()
    assert "refused the key in ANTHROPIC_API_KEY (401); export one" in str(error.value)
    assert KEY not in str(error.value)


def test_check_names_models_close_to_an_unknown_one() -> None:
    with ModelServer() as server, pytest.raises(ProposerError) as error:
        proposer(server, model="claude-opus-5.5").check()
    assert "has no model 'claude-opus-5.5'; did you mean one of anthropic/claude-opus-5-5" in str(error.value)


def test_check_believes_a_server_without_a_models_endpoint() -> None:
    with ModelServer(models=None) as server:
        assert proposer(server, model="whatever").check().startswith("anthropic/whatever at 127.0.0.1")
