"""When to stop: the budget and the plateau."""

from __future__ import annotations

from autoresearch.decide.history import History
from autoresearch.figures import plural
from autoresearch.model import Usage
from autoresearch.settings import Budget


def spent_up(budget: Budget, history: History, elapsed_s: float) -> str | None:
    """Which limit of the budget is reached, in words, or None."""
    done = len(history.experiments)
    if budget.experiments is not None and done >= budget.experiments:
        return f"the budget of {plural(budget.experiments, 'experiment')} is spent"
    if reason := hours_spent(budget, elapsed_s):
        return reason
    if budget.usd is not None and history.spent.usd >= budget.usd:
        return f"the budget of ${budget.usd:g} is spent"
    if budget.tokens is not None and history.spent.tokens >= budget.tokens:
        return f"the budget of {budget.tokens} tokens is spent"
    return None


def hours_spent(budget: Budget, elapsed_s: float) -> str | None:
    """That the hours are spent, in words, or None: the one limit that is reached between two runs."""
    if budget.hours is not None and elapsed_s >= budget.hours * 3600:
        return f"the budget of {budget.hours:g} hours is spent"
    return None


def too_dear(budget: Budget, history: History, worst: Usage) -> str | None:
    """Why the next reply may not be asked for, or None. Checked before the call, with the most that it can take."""
    spent, usd, tokens = history.spent, worst.cost_usd, worst.input_tokens + worst.output_tokens
    if budget.tokens is not None and tokens and spent.tokens + tokens > budget.tokens:
        left = max(0, budget.tokens - spent.tokens)
        return f"the next reply can take {tokens:,} tokens, and {left:,} of {budget.tokens:,} are left"
    if budget.usd is None or usd == 0.0:
        return None
    if usd is None:
        return "its price is unknown, so that no budget in dollars can be kept; set one in tokens or experiments"
    if spent.usd + usd > budget.usd:
        return f"the next reply can cost ${usd:.2f}, and ${budget.usd - spent.usd:.2f} of ${budget.usd:g} are left"
    return None


def plateau(patience: int, history: History) -> str | None:
    """That nothing was kept for `patience` experiments, in words, or None."""
    if patience and history.streak >= patience:
        return f"plateau: no keep in the last {history.streak} experiments"
    return None
