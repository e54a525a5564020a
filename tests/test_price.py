"""Prices: the table's, none where nobody knows, and bounds from above."""

from __future__ import annotations

import pytest

from autoresearch.model import Part, Prompt, Turn, Usage
from autoresearch.propose.price import cost_usd, is_local, most_input_tokens
from autoresearch.propose.server import find

MILLION = 1_000_000


@pytest.mark.parametrize(
    ("provider", "model", "usage", "usd"),
    [
        ("openai", "gpt-4o", Usage(MILLION, 0, 0), 2.5),
        ("openai", "gpt-4o", Usage(MILLION, MILLION, 0), 1.25),
        ("openai", "gpt-4o", Usage(MILLION, 400_000, MILLION), 12.0),
        ("openai", "gpt-4o-2024-08-06", Usage(MILLION, 0, 0), 2.5),
        ("anthropic", "claude-opus-4-1", Usage(MILLION, MILLION, 0), 1.5),
        ("anthropic", "claude-opus-4-1-20250805", Usage(0, 0, MILLION), 75.0),
        ("openai", "gpt-4o", Usage(), 0.0),
    ],
)
def test_prices_cached_and_plain_tokens_by_the_table(provider: str, model: str, usage: Usage, usd: float) -> None:
    assert cost_usd(provider, model, usage) == pytest.approx(usd)


def test_prices_tokens_written_to_the_cache_for_an_hour_at_twice_the_plain_price() -> None:
    usage = Usage(MILLION, 0, 0)
    assert cost_usd("anthropic", "claude-opus-4-1", usage, written_tokens=MILLION) == pytest.approx(18.75)
    hour = cost_usd("anthropic", "claude-opus-4-1", usage, written_tokens=MILLION, written_1h_tokens=MILLION)
    assert hour == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("provider", "model", "usage"),
    [
        ("openai", "llama3.2", Usage(1000, 0, 1000)),
        ("anthropic", "gpt-4o", Usage(1000, 0, 1000)),
        ("openai", "gpt-4o", Usage(10, 20, 0)),
    ],
)
def test_an_unknown_price_is_none(provider: str, model: str, usage: Usage) -> None:
    assert cost_usd(provider, model, usage) is None


@pytest.mark.parametrize("model", ["gpt-6-luna", "gpt-6.1-sol", "gpt-5.4-mini"])
def test_knows_the_current_models_of_openai(model: str) -> None:
    assert cost_usd("openai", model, Usage(1000, 0, 1000))


@pytest.mark.parametrize("model", ["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"])
def test_knows_the_current_models_of_anthropic(model: str) -> None:
    assert cost_usd("anthropic", model, Usage(1000, 0, 1000))


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:11434/v1", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080/v1", True),
        ("http://10.1.2.3/v1", True),
        ("http://192.168.0.7:8000/v1", True),
        ("http://100.101.102.103:8000/v1", True),
        ("http://gpu-box:8000/v1", True),
        ("http://ollama.lan/v1", True),
        ("http://host.docker.internal:11434/v1", True),
        ("https://api.openai.com/v1", False),
        ("https://openrouter.ai/api/v1", False),
        ("http://8.8.8.8/v1", False),
        ("https://local.example.org", False),
        ("", False),
    ],
)
def test_tells_addresses_of_the_own_network(url: str, local: bool) -> None:
    assert is_local(url) is local


@pytest.mark.parametrize("text", ["0.99412 1.5e-4 " * 50, "def f(x): return x\n", "价格" * 30, "🙂🙂", ""])
def test_counts_at_least_a_token_for_every_byte(text: str) -> None:
    prompt = Prompt("system", (Part(text),), (Turn(text, text),))
    assert most_input_tokens(prompt) >= len("system") + 3 * len(text.encode())


def test_the_worst_case_takes_all_input_as_written_for_an_hour_and_the_longest_reply() -> None:
    server = find("anthropic", None, {})
    plain, cached = Prompt("s", (Part("x" * 1000),)), Prompt("s", (Part("x" * 1000, cache=True),))
    worst = server.worst("claude-opus-4-1", cached, 2000)
    assert worst.input_tokens == most_input_tokens(cached)
    assert worst.output_tokens == 2000
    assert worst.cost_usd == pytest.approx((worst.input_tokens * 30 + 2000 * 75) / MILLION)
    five_minutes = server.worst("claude-opus-4-1", plain, 2000)
    assert five_minutes.cost_usd == pytest.approx((worst.input_tokens * 18.75 + 2000 * 75) / MILLION)


@pytest.mark.parametrize(
    ("url", "official", "cost"),
    [
        (None, None, 12.5),
        ("https://eu.api.openai.com/v1", None, 12.5),
        ("http://localhost:11434/v1", None, 0.0),
        ("http://localhost:4000/v1", True, 12.5),
        ("https://openrouter.ai/api/v1", None, None),
        ("https://api.openai.com.evil.org/v1", None, None),
    ],
)
def test_a_reply_costs_the_list_price_nothing_or_nobody_knows(
    url: str | None, official: bool | None, cost: float | None
) -> None:
    server = find("openai", url, {}, official=official)
    assert server.priced("gpt-4o", Usage(MILLION, 0, MILLION)).cost_usd == cost
