"""Chance, from the operating system: no seed of ours, and nothing that a bench could foresee."""

from __future__ import annotations

from collections.abc import Sequence
from random import SystemRandom
from typing import TypeVar

T = TypeVar("T")

_CHANCE = SystemRandom()


def shuffled(items: Sequence[T]) -> tuple[T, ...]:
    """The items in an order of which every one is equally likely."""
    return tuple(_CHANCE.sample(items, len(items)))


def seed() -> int:
    """A seed for a bench, small enough for every library."""
    return _CHANCE.randrange(2**31 - 1024)


def lands(share: float) -> bool:
    """True in this share of the cases."""
    return _CHANCE.random() < share
