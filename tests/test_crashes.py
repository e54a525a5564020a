"""kill -9 at every step of a real session, and at any time: going on from there loses, repeats and leaves nothing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from crashes import IN_PLACE, SHORT, Instant, Launcher, die, made, passed, worth_dying_at
from crashes import folder as folder

BLOCKS = 8
"""Parts of the full matrix, so that they can run beside each other."""
SAMPLE = 60
"""One instant in so many is always tried."""
RANDOM_KILLS = 300
linked_and_in_place = pytest.mark.parametrize("flags", [(), IN_PLACE], ids=["linked", "in place"])


def matrix(folder: Path, part: slice, *flags: str) -> None:
    """Die at each of a part of the instants of a session."""
    project, said = made(folder, *flags), []
    with Launcher() as launcher:
        known, _ = passed(launcher, project, folder)
        for at in worth_dying_at(known)[part]:
            said += [f"after {at} ({known[at - 1]}): {what}" for what in die(launcher, project, folder, Instant(at))]
    assert not said, "\n".join(said)


@pytest.mark.slow
@linked_and_in_place
@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_session_killed_at_any_step_goes_on_as_if_nothing_had_been(
    folder: Path, block: int, flags: tuple[str, ...]
) -> None:
    matrix(folder, slice(block, None, BLOCKS), *flags)


@pytest.mark.slow
def test_a_session_killed_at_one_step_in_sixty_goes_on(folder: Path) -> None:
    matrix(folder, slice(SAMPLE // 2, None, SAMPLE))


@pytest.mark.slow
@linked_and_in_place
def test_a_session_killed_again_while_it_goes_on(folder: Path, flags: tuple[str, ...]) -> None:
    project, said, chance = made(folder, *flags), [], random.Random(7)
    with Launcher() as launcher:
        known, _ = passed(launcher, project, folder)
        for _ in range(16):
            first = chance.randrange(1, len(known))
            second = chance.randrange(1, len(known) - first + 40)
            wrong = die(launcher, project, folder, Instant(first), Instant(second))
            said += [f"after {first} ({known[first - 1]}), then {second}: {what}" for what in wrong]
    assert not said, "\n".join(said)


def at_random(folder: Path, seed: int, count: int, *flags: str) -> None:
    """Die at random times of a session."""
    project, said, chance = made(folder, *SHORT, *flags), [], random.Random(seed)
    with Launcher() as launcher:
        _, seconds = passed(launcher, project, folder)
        for _ in range(count):
            after_s = chance.uniform(0, seconds)
            wrong = die(launcher, project, folder, Instant(after_s=after_s))
            said += [f"after {after_s:.4f} s: {what}" for what in wrong]
    assert not said, "\n".join(said)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_session_killed_at_random_times_goes_on(folder: Path, block: int) -> None:
    at_random(folder, block, -(-RANDOM_KILLS // BLOCKS), *(["--sandbox=auto"] if block == 0 else []))


@pytest.mark.slow
def test_a_session_killed_at_a_few_random_times_goes_on(folder: Path) -> None:
    at_random(folder, 99, 3)
