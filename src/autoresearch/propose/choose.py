"""Which proposer the settings ask for."""

from __future__ import annotations

from collections.abc import Mapping

from autoresearch.errors import ProposerError, SettingsError
from autoresearch.propose import Proposer
from autoresearch.propose.agents import ABSENT, AGENTS
from autoresearch.propose.command import Command, Edit
from autoresearch.propose.liveness import Elsewhere
from autoresearch.settings import Settings

DEFAULTS = {"ANTHROPIC_API_KEY": "anthropic/claude-sonnet-5-5", "OPENAI_API_KEY": "openai/gpt-6.1-sol"}
"""Model by the one key that is set, where the settings name none."""
WAYS = (
    "export ANTHROPIC_API_KEY (model: anthropic/NAME), "
    "export OPENAI_API_KEY (model: openai/NAME; with base_url also Ollama, vLLM, llama.cpp), "
    f"set `model:` to a coding agent that you are logged in to ({', '.join(AGENTS)}; `command` with any other), "
    "or set `model: tune` for the offline tuner that needs no key"
)


def pick(settings: Settings, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The models' names. Raises ProposerError when nothing says which, SettingsError for a name of no known kind."""
    if not settings.model:
        if settings.command is not None:
            return ("command",)
        found = [model for key, model in DEFAULTS.items() if environment.get(key)]
        if len(found) == 1:
            return (found[0],)
        both = "two API keys are set" if found else "no API key is set"
        raise ProposerError(f"no model is set and {both}. Four ways on: {WAYS}.")
    for model in settings.model:
        _refuse_unknown(model)
    providers = {model.partition("/")[0] for model in settings.model if "/" in model}
    if settings.base_url and len(providers) > 1:
        raise SettingsError(
            "base_url is one address, and the models are of both providers. Set OPENAI_BASE_URL and ANTHROPIC_BASE_URL "
            "in the environment instead."
        )
    return tuple(dict.fromkeys(settings.model))


def _refuse_unknown(model: str) -> None:
    provider, _, name = model.partition("/")
    if model in ("command", "tune", *AGENTS) or (provider in ("openai", "anthropic") and name):
        return
    known = ", ".join(("openai/NAME", "anthropic/NAME", *AGENTS, "command"))
    raise SettingsError(f"unknown model {model!r}: write {known} or tune.")


def make(
    model: str,
    settings: Settings,
    targets: Mapping[str, str],
    edit: Edit,
    elsewhere: Elsewhere | None = None,
) -> Proposer:
    """The proposer of that name.

    `edit(command, prompt, files, limit_s)` runs a command in the scratch checkout; `elsewhere` tells the tuner which
    words other files of the project mention.
    Raises SettingsError, or ProposerError where the tuner has nothing to tune in the targets' texts.
    """
    provider, _, name = model.partition("/")
    if model == "tune":
        from autoresearch.propose.survey import NO_KNOBS, survey
        from autoresearch.propose.tune import Tune

        if not survey(targets, elsewhere).knobs:
            raise ProposerError(NO_KNOBS.format(paths=", ".join(targets)))
        return Tune(elsewhere=elsewhere)
    if model == "command" or model in AGENTS:
        return _command(model, settings, edit)
    if provider == "openai":
        from autoresearch.propose.openai import OpenAIProposer

        return OpenAIProposer(
            name,
            base_url=settings.base_url,
            max_tokens=settings.max_tokens,
            reply_timeout_s=settings.reply_timeout,
        )
    from autoresearch.propose.anthropic import AnthropicProposer

    return AnthropicProposer(
        name,
        base_url=settings.base_url,
        max_tokens=settings.max_tokens,
        reply_timeout_s=settings.reply_timeout,
    )


def _command(model: str, settings: Settings, edit: Edit) -> Command:
    """An agent, or the user's own command."""
    for limit in ("usd", "tokens"):
        if getattr(settings.budget, limit) is not None:
            raise SettingsError(
                f"budget: {limit} cannot be kept with model: {model}, since what a command spends is not known. "
                f"Take {limit} out, and set `budget: {{experiments: 100}}` or `budget: {{hours: 8}}`."
            )
    agent = AGENTS.get(model)
    if agent is None:
        own = settings.command
        if own is None:
            raise SettingsError("model: command needs `command: …`, the shell command that edits the target.")
        return Command(own, edit)
    if settings.command is not None and "command" not in settings.model:
        raise SettingsError(
            f"model: {model} has a command of its own. Take `command` away, or, to use yours, set `model: command`."
        )
    absent = ABSENT.format(name=model, install=agent.install)
    return Command(agent.command, edit, name=model, absent=absent)
