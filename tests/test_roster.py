"""Who of several models is asked, when some of them fail."""

from __future__ import annotations

import pytest

from autoresearch.errors import ProposerError, ProposerUnavailableError
from autoresearch.propose.roster import AWAY_S, Roster
from autoresearch.propose.tune import Tune


class Named(Tune):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


DOWN = ProposerError("gives no answer")
DOWN.__cause__ = ProposerUnavailableError("is down")
WRONG_KEY = ProposerError("takes no such key")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def roster(clock: Clock) -> Roster:
    return Roster([Named("a"), Named("b")], outage_s=3600.0, now=clock)


def test_one_that_is_down_is_left_alone_for_a_while_longer_each_time(roster: Roster, clock: Clock) -> None:
    for times in (1, 2, 4):
        assert roster.leave_out("a", DOWN)
        roster.answered("b")
        clock.now_s += AWAY_S * times - 1
        assert "a" not in roster.names
        clock.now_s += 1
        assert "a" in roster.names
    roster.answered("a")
    assert roster.leave_out("a", DOWN)
    clock.now_s += AWAY_S
    assert "a" in roster.names


def test_one_that_cannot_work_is_gone_for_good(roster: Roster, clock: Clock) -> None:
    assert roster.leave_out("a", WRONG_KEY)
    clock.now_s += 1e6
    assert roster.names == ("b",)
    assert roster.alone
    assert not roster.leave_out("b", WRONG_KEY)


def test_one_that_is_down_is_asked_again_once_the_other_is_gone(roster: Roster) -> None:
    assert roster.leave_out("a", DOWN)
    assert roster.leave_out("b", WRONG_KEY)
    assert roster.names == ("a",)


def test_it_is_over_when_nobody_has_answered_for_the_whole_outage(roster: Roster, clock: Clock) -> None:
    for _ in range(3):
        assert roster.names[0] == "a"
        assert roster.leave_out("a", DOWN)
        clock.now_s += 60
        assert roster.names == ("b",)
        assert roster.leave_out("b", DOWN)
        assert roster.names == ("a",)  # for longest left alone
        clock.now_s += 59
    clock.now_s = 3600
    assert not roster.leave_out("a", DOWN)
    roster.answered("b")
    assert roster.leave_out("a", DOWN)
