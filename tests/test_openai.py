"""The openai proposer: the real SDK over real HTTP, both of its endpoints."""

from __future__ import annotations

import subprocess
import sys

import pytest

from autoresearch.errors import ProposerError, ProposerUnavailableError
from autoresearch.model import Direction, Metric, Part, Prompt, Request, Turn, Usage
from autoresearch.propose.openai import OpenAIProposer
from autoresearch.propose.price import cost_usd
from model_server import Answer, Failure, ModelServer
from wire import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS, WRITTEN_TOKENS, Json

KEY = "sk-test-0123456789abcdef"
PROMPT = Prompt(
    system="You are a researcher.",
    parts=(Part("the brief", cache=True), Part("the target", cache=True), Part(""), Part("now")),
    turns=(Turn("first answer", "that does not apply"), Turn("", "that was empty")),
)


def asking(prompt: Prompt = PROMPT) -> Request:
    return Request(1, prompt, {}, Metric("loss", Direction.LOWER), None)


def proposer(server: ModelServer, *, official: bool | None = None, model: str = "gpt-6-luna") -> OpenAIProposer:
    return OpenAIProposer(model, base_url=server.openai_url, max_tokens=1000, reply_timeout_s=30, official=official)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def test_importing_it_imports_no_sdk() -> None:
    code = (
        "import sys, autoresearch.propose.openai, autoresearch.propose.anthropic\n"
        "print([name for name in sys.modules if name in "
        "('openai', 'anthropic', 'httpx2', 'genai_prices', 'tenacity', 'sklearn')])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_asks_the_responses_api_of_the_official_host() -> None:
    with ModelServer(["an édit\n" * 30]) as server:
        reply = proposer(server, official=True).propose(asking())
    assert reply.text == "an édit\n" * 30
    assert not reply.truncated
    [asked] = server.requests
    assert asked.path == "/v1/responses"
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    cache_key = asked.body.pop("prompt_cache_key")
    assert cache_key.startswith("autoresearch-")
    assert asked.body == {
        "model": "gpt-6-luna",
        "instructions": "You are a researcher.",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "the brief"},
                    {"type": "input_text", "text": "the target"},
                    {"type": "input_text", "text": "now"},
                ],
            },
            {"role": "assistant", "content": "first answer"},
            {"role": "user", "content": "that does not apply"},
            {"role": "assistant", "content": "(no answer)"},
            {"role": "user", "content": "that was empty"},
        ],
        "max_output_tokens": 1000,
        "store": False,
        "stream": True,
    }


def test_asks_chat_completions_of_any_other_host() -> None:
    with ModelServer(["an edit"]) as server:
        reply = proposer(server).propose(asking())
    assert reply.text == "an edit"
    [asked] = server.requests
    assert asked.path == "/v1/chat/completions"
    assert asked.body == {
        "model": "gpt-6-luna",
        "messages": [
            {"role": "system", "content": "You are a researcher."},
            {"role": "user", "content": "the brief\n\nthe target\n\nnow"},
            {"role": "assistant", "content": "first answer"},
            {"role": "user", "content": "that does not apply"},
            {"role": "assistant", "content": "(no answer)"},
            {"role": "user", "content": "that was empty"},
        ],
        "max_tokens": 1000,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_keeps_the_cache_key_when_only_later_parts_change() -> None:
    prompts = [Prompt("s", (Part("brief"), Part(f"experiment {n}"))) for n in (1, 2)]
    prompts.append(Prompt("s", (Part("another brief"), Part("experiment 1"))))
    with ModelServer(["x"] * 3) as server:
        for prompt in prompts:
            proposer(server, official=True).propose(asking(prompt))
    keys = [asked.body["prompt_cache_key"] for asked in server.requests]
    assert keys[0] == keys[1] != keys[2]


def test_counts_tokens_and_dollars_of_a_response() -> None:
    with ModelServer(["x"]) as server:
        usage = proposer(server, official=True).propose(asking()).usage
    counted = Usage(INPUT_TOKENS, CACHED_TOKENS, OUTPUT_TOKENS)
    expected = cost_usd("openai", "gpt-6-luna", counted, written_tokens=WRITTEN_TOKENS)
    assert expected
    assert usage == Usage(INPUT_TOKENS, CACHED_TOKENS, OUTPUT_TOKENS, expected)


def test_a_model_on_the_own_machine_costs_nothing() -> None:
    with ModelServer(["x"]) as server:
        local = proposer(server)
        assert local.propose(asking()).usage == Usage(INPUT_TOKENS, CACHED_TOKENS, OUTPUT_TOKENS, 0.0)
        assert local.worst_case(asking()).cost_usd == 0.0


def test_a_server_that_reports_no_usage_is_counted_from_above() -> None:
    with ModelServer([Answer("x", usage=False)] * 2) as server:
        for official in (True, False):
            asked = proposer(server, official=official)
            usage = asked.propose(asking()).usage
            assert usage.input_tokens >= len(PROMPT.text())
            assert usage.output_tokens == 1000
            assert usage.cost_usd == asked.worst_case(asking()).cost_usd


@pytest.mark.parametrize("official", [True, False])
@pytest.mark.parametrize(
    "counts",
    [
        {"prompt_tokens": None, "completion_tokens": None, "input_tokens": None, "output_tokens": None},
        {"prompt_tokens": 5.5, "completion_tokens": 2, "input_tokens": 5.5},
        {"prompt_tokens": -5, "completion_tokens": 2, "input_tokens": -5},
        {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 800}, "input_tokens": 1},
        {"prompt_tokens": 0, "input_tokens": 0, "input_tokens_details": None},
    ],
)
def test_tokens_that_cannot_be_true_are_counted_from_above(counts: Json, official: bool) -> None:
    with ModelServer([Answer("x", counts=counts)]) as server:
        asked = proposer(server, official=official)
        assert asked.propose(asking()).usage == asked.worst_case(asking())


def test_takes_the_address_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer(["x"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
        assert OpenAIProposer("gpt-6-luna", max_tokens=9, reply_timeout_s=30).propose(asking()).text == "x"


def test_a_local_server_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with ModelServer(["x"]) as server:
        local = proposer(server)
        assert local.check() == f"openai/gpt-6-luna at {server.url.removeprefix('http://')} (no key)"
        assert local.propose(asking()).text == "x"


def test_a_missing_key_is_named_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " ")
    official = OpenAIProposer("gpt-6-luna", max_tokens=9, reply_timeout_s=30)
    for call in (official.check, lambda: official.propose(asking())):
        with pytest.raises(ProposerError, match=r"export OPENAI_API_KEY=….* for api\.openai\.com"):
            call()


def test_a_key_with_foreign_characters_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "“sk-quoted”")
    with pytest.raises(ProposerError, match="OPENAI_API_KEY holds characters") as error:
        OpenAIProposer("gpt-6-luna", max_tokens=9, reply_timeout_s=30).check()
    assert "quoted" not in str(error.value)


NO_NAMES = ["http://a b/v1", "http://a..b/v1", "http://a\tb/v1", "http://a\u202e/v1", f"http://{'a' * 70}.org/v1"]


@pytest.mark.parametrize(
    "url",
    ["localhost:11434", "ftp://host/v1", "http://", "http://host:port/v1", "http://[::1/v1", "nonsense", *NO_NAMES],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ProposerError, match="is not an address; write it like"):
        OpenAIProposer("m", base_url=url, max_tokens=9, reply_timeout_s=30).check()


def test_check_names_host_and_variable_but_not_the_key() -> None:
    with ModelServer(key=KEY) as server:
        said = proposer(server).check()
    host = server.url.removeprefix("http://")
    assert said == f"openai/gpt-6-luna at {host} (key OPENAI_API_KEY is set)"


def test_the_key_is_not_in_what_a_debugger_or_a_log_shows_of_it() -> None:
    assert KEY not in str(vars(OpenAIProposer("gpt-6-luna", max_tokens=9, reply_timeout_s=30)))


def test_check_refuses_a_wrong_key() -> None:
    with ModelServer(key="sk-another") as server, pytest.raises(ProposerError) as error:
        proposer(server).check()
    assert "refused the key in OPENAI_API_KEY (401); export one" in str(error.value)
    assert "Incorrect" not in str(error.value)  # the server's words can hold parts of the key


def test_check_says_which_key_a_server_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with (
        ModelServer(key="sk-x") as server,
        pytest.raises(ProposerError, match=r"wants a key .* `export OPENAI_API_KEY"),
    ):
        proposer(server).check()


def test_check_names_models_close_to_an_unknown_one() -> None:
    with ModelServer() as server, pytest.raises(ProposerError) as error:
        proposer(server, model="gpt-6-lunar").check()
    assert "has no model 'gpt-6-lunar'; did you mean one of openai/gpt-6-luna, " in str(error.value)
    assert str(error.value).count("openai/") <= 5


def test_check_believes_a_server_without_a_models_endpoint() -> None:
    with ModelServer(models=None) as server:
        assert proposer(server, model="whatever").check().startswith("openai/whatever at 127.0.0.1")


def test_check_finds_a_listed_model_that_cannot_be_looked_up_by_name() -> None:
    with ModelServer(models=["meta/llama"]) as server:
        assert proposer(server, model="meta/llama").check().startswith("openai/meta/llama at")


@pytest.mark.parametrize("choices", ["null", "[]"])
def test_a_stream_without_choices_can_be_asked_again(choices: str) -> None:
    nothing = f'data: {{"id": "1", "object": "chat.completion.chunk", "choices": {choices}}}\n\ndata: [DONE]\n\n'
    with (
        ModelServer([Failure(200, nothing)]) as server,
        pytest.raises(ProposerUnavailableError, match="ended its answer before it began"),
    ):
        proposer(server).propose(asking())


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("server_error", ProposerUnavailableError),
        ("rate_limit_exceeded", ProposerUnavailableError),
        ("insufficient_quota", ProposerError),
        ("invalid_prompt", ProposerError),
    ],
)
def test_a_failed_response_is_judged_by_its_code(code: str, kind: type[ProposerError]) -> None:
    failed = (
        'data: {"type": "response.failed", "response": {"id": "1", "status": "failed", '
        f'"error": {{"code": "{code}", "message": "so it is"}}}}}}\n\n'
    )
    with ModelServer([Failure(200, failed)]) as server, pytest.raises(ProposerError) as error:
        proposer(server, official=True).propose(asking())
    assert type(error.value) is kind
    assert "so it is" in str(error.value)
