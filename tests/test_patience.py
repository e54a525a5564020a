"""Waiting for a model server: real HTTP that fails and comes back, on a clock that passes the waits at once."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from autoresearch.errors import ProposerError
from autoresearch.model import Reply
from autoresearch.propose import Proposer
from autoresearch.propose.patience import Patience, ask_patiently
from model_server import Answer, Failure, ModelServer
from test_faults import REQUEST, Make, chat, every_endpoint, keys

__all__ = ["keys"]  # a fixture that every test here has

HOUR = 3600.0


@dataclass
class Clock:
    """Passes every wait at once, and writes it down."""

    time_s: float = 1000.0
    slept: list[float] = field(default_factory=list)
    shown: list[tuple[str, str, float, float]] = field(default_factory=list)
    """For whom, why, seconds until the next try, seconds until it is given up."""
    meanwhile: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time_s += seconds
        self.meanwhile()

    def show(self, who: str, why: str, until_s: float, gives_up_s: float) -> None:
        self.shown.append((who, why, until_s - self.time_s, gives_up_s - self.time_s))

    def ask(self, proposer: Proposer, outage_s: float = HOUR, left_s: float = 1e9) -> Reply:
        end = self.time_s + left_s
        patience = Patience(outage_s, self.sleep, self.show, lambda: end - self.time_s, self.now)
        return ask_patiently(lambda: proposer.propose(REQUEST), proposer.name, patience)


def busy(retry_after: str | None = None) -> Failure:
    return Failure(429, headers={"Retry-After": retry_after} if retry_after else {})


@every_endpoint
def test_a_server_that_comes_back_after_ten_minutes_is_there_again(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    clock = Clock()
    with ExitStack() as running:

        def come_back() -> None:
            if sum(clock.slept) >= 600 > sum(clock.slept[:-1]):
                running.enter_context(ModelServer(["here again"], port=port))

        clock.meanwhile = come_back
        reply = clock.ask(make(f"http://127.0.0.1:{port}", 30))
    assert reply.text == "here again"
    assert clock.slept == [2, 4, 8, 16, 32, 64, 120, 120, 120, 120]
    who, why, until_s, gives_up_s = clock.shown[-1]
    assert who.startswith(("openai/", "anthropic/"))
    assert "cannot be reached: Connection refused" in why
    assert (until_s, gives_up_s) == (120, HOUR - 486)


@every_endpoint
def test_an_hour_that_the_server_asks_for_is_waited_where_it_fits(make: Make) -> None:
    clock = Clock()
    with ModelServer([busy("3600"), "here"]) as server:
        assert clock.ask(make(server.url, 30)).text == "here"
    assert clock.slept == [HOUR]


def test_an_hour_that_does_not_fit_is_given_up_at_once() -> None:
    clock = Clock()
    with (
        ModelServer([busy("3600")]) as server,
        pytest.raises(
            ProposerError, match=r"rate of requests \(429\).* for 1:00:00, longer than `outage` \(0:30:00\)"
        ) as error,
    ):
        clock.ask(chat(server.url, 30), outage_s=HOUR / 2)
    assert clock.slept == []
    assert "run the same command again by then, or with a longer `outage`" in str(error.value)


def test_a_time_beyond_all_dates_is_given_up_in_order() -> None:
    with ModelServer([busy("9" * 30)]) as server, pytest.raises(ProposerError, match="longer than `outage`"):
        Clock().ask(chat(server.url, 30))


def test_requests_that_are_refused_for_the_whole_outage_end_it() -> None:
    clock = Clock()
    with (
        ModelServer([busy()] * 100) as server,
        pytest.raises(ProposerError, match=r"gave no answer for 1:00:00 \(`outage`\): .*run the same command again"),
    ):
        clock.ask(chat(server.url, 30))
    assert sum(clock.slept) == pytest.approx(HOUR)
    assert max(clock.slept) == 120


def test_a_server_that_is_busy_most_of_each_hour_does_not_end_the_night() -> None:
    clock, replies = Clock(time_s=0.0), 0

    def scripted(_: str) -> str | Failure:
        return busy() if clock.time_s % HOUR < 50 * 60 else "an edit"

    with ModelServer([scripted] * 500) as server:
        proposer = chat(server.url, 30)
        while clock.time_s < 3 * HOUR:
            assert clock.ask(proposer).text == "an edit"
            replies += 1
            clock.time_s += 60  # the bench
    assert replies >= 24


def test_a_server_that_always_says_at_once_is_not_asked_without_end() -> None:
    clock = Clock()
    with ModelServer([busy("0")] * 100) as server:
        with pytest.raises(ProposerError, match="gave no answer"):
            clock.ask(chat(server.url, 30))
        assert len(server.requests) < 50
    assert clock.slept[:4] == [0, 0, 0, 16]


def test_the_clock_of_an_outage_begins_with_its_first_failure() -> None:
    clock = Clock()

    def slow(_: str) -> Failure:
        clock.time_s += 10 * HOUR
        return busy()

    with ModelServer([slow, "here"]) as server:
        assert clock.ask(chat(server.url, 30)).text == "here"


def test_no_wait_is_longer_than_what_the_session_has_left() -> None:
    clock = Clock()
    with ModelServer([busy("600"), "here"]) as server:
        clock.ask(chat(server.url, 30), left_s=7)
    assert clock.slept == [7]
    [(_, _, until_s, gives_up_s)] = clock.shown
    assert (until_s, gives_up_s) == (7, 7)


@pytest.mark.parametrize("fatal", [Failure(401), Failure(404), Failure(402)])
def test_what_waiting_cannot_help_is_not_waited_for(fatal: Failure) -> None:
    clock = Clock()
    with ModelServer([busy("1"), fatal]) as server, pytest.raises(ProposerError, match=r"key|has no"):
        clock.ask(chat(server.url, 30))
    assert clock.slept == [1]


@every_endpoint
def test_a_night_of_faults_ends_in_an_answer(make: Make) -> None:
    faults = [busy()] * 5 + [
        Failure(200, "<html>Welcome</html>"),
        Failure(502, "<html>Bad gateway</html>"),
        Failure(200),
    ]
    faults_in_a_stream = [Answer("x" * 1000, breaks_off=True), Answer("x" * 1000, drip_s=30)]
    clock = Clock()
    with ModelServer([*faults, *faults_in_a_stream, *["an edit"] * 20]) as server:
        assert clock.ask(make(server.url, 0.5)).text == "an edit"
    assert len(clock.slept) >= 10  # more where this machine is too slow for the limit
