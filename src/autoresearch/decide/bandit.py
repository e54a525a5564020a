"""Which of several models to ask next: the one that earns most for its price, and now and then another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log, sqrt

from autoresearch.decide.tallies import Earned

FIRST = 2
"""So often each model is asked before anything is concluded."""
CURIOSITY = 0.5
"""Weight of how little is known about a model against what it has earned."""
LEAST_USD = 0.001
"""What a proposal is taken to cost at least: a model of one's own takes time as well."""


def pick(models: Sequence[str], earned: Mapping[str, Earned]) -> str:
    """The highest upper confidence bound of verified gain per dollar; per proposal where any price is unknown.

    Keeps are rare and their number is what is uncertain, so a bound is that of a rate, in keeps of middling worth (as
    UCB-V has it), over the price of a proposal.
    """
    tries = {model: earned[model].tally.tries if model in earned else 0 for model in models}
    fresh = min(models, key=lambda model: tries[model])
    if tries[fresh] < FIRST:
        return fresh
    accounts = [earned[model] for model in models]
    priced = all(account.usd is not None for account in accounts)
    keeps = sum(account.tally.keeps for account in accounts)
    unit = sum(account.worth for account in accounts) / keeps if keeps else 1.0
    grown = log(sum(tries.values()))

    def bound(model: str) -> float:
        account, n = earned[model], tries[model]
        rate = max(0.0, account.worth / unit / n) if unit > 0 else account.tally.keeps / n
        price = max((account.usd or 0.0) / n, LEAST_USD) if priced else 1.0
        return (rate + CURIOSITY * (sqrt(rate * grown / n) + grown / n)) / price

    return max(models, key=bound)
