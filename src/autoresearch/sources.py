"""Where settings come from: flag > environment (`AUTORESEARCH_*`) > front matter > default."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from autoresearch.direction import guess
from autoresearch.errors import SettingsError
from autoresearch.settings import Budget, MetricName, Settings
from autoresearch.spellings import flow

ENVIRONMENT = "AUTORESEARCH_"
SET_BY_US = frozenset(f"AUTORESEARCH_{name}" for name in ("PROMPT", "TARGETS", "SEED", "EVENT", "MESSAGE"))
"""What a command proposer, a bench or a hook finds in its environment; no setting."""
PROBLEMS = {
    "model_type": "is written as experiments=20,hours=8,usd=5 or {{experiments: 20}}",
    "string_pattern_mismatch": "must be one word without blanks or colons",
    "string_too_short": "is empty",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "too_short": "is empty",
    "bool_": "must be true or false",
    "int_": "must be a whole number",
    "float_": "must be a number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must not be less than {ge}",
    "less_than_equal": "must not be more than {le}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
}
"""What the validator's complaints mean to a person; `seconds` and `pairs` speak for themselves."""


@dataclass(frozen=True)
class Loaded:
    """Settings, and where each of them came from."""

    settings: Settings
    origins: Mapping[str, str]
    """Setting → `flag`, `AUTORESEARCH_X`, `program.md` or `default`."""


def load(
    flags: Mapping[str, object], environment: Mapping[str, str], front: Mapping[str, object], where: str
) -> Loaded:
    """One value from the three sources; an absent flag is None. Raises SettingsError with one sentence."""
    known = Settings.model_fields
    for name in front:
        if name not in known:
            raise SettingsError(f"{where}: unknown setting {name!r}{nearest(name)}")
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name in known:
        variable = ENVIRONMENT + name.upper()
        for value, origin in (
            (flags.get(name), f"--{name.replace('_', '-')}"),
            (flow(environment.get(variable)), variable),
            (front.get(name), where),
        ):
            if value is not None:
                values[name], origins[name] = value, origin
                break
    _guess_direction(values, origins)
    try:
        return Loaded(Settings(**values), {name: origins.get(name, "default") for name in known})
    except ValidationError as error:
        raise SettingsError(_sentence(error, origins, where)) from error


def nearest(name: str) -> str:
    """`; did you mean 'timeout'?`, or the list of all settings."""
    close = difflib.get_close_matches(name, Settings.model_fields, n=1)
    return f"; did you mean {close[0]!r}?" if close else f". The settings are {', '.join(Settings.model_fields)}."


def strangers(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that looks like a setting and is none: a limit with a typo is no limit."""
    known = {ENVIRONMENT + name.upper() for name in Settings.model_fields} | SET_BY_US
    odd = sorted(name for name in environment if name.startswith(ENVIRONMENT) and name not in known)
    return [f"{name} in the environment is no setting{nearest(name.removeprefix(ENVIRONMENT).lower())}" for name in odd]


def _guess_direction(values: dict[str, Any], origins: dict[str, str]) -> None:
    """A program.md from the wild names no direction: take it from the metric's name where that is plain."""
    metric = values.get("metric")
    name = metric.get("name") if isinstance(metric, dict) else metric
    if "direction" not in values and isinstance(name, str) and (direction := guess(name)):
        values["direction"], origins["direction"] = direction, f"the name {name!r}"


def _sentence(error: ValidationError, origins: Mapping[str, str], where: str) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0])
    path = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing" and len(first["loc"]) == 1:
        flag = f"--{name.replace('_', '-')}"
        return f"{where}: no {name!r}. Add a line `{name}: …` to its front matter, or give {flag}."
    if first["type"] == "extra_forbidden":
        inner = Budget if name == "budget" else MetricName
        return f"{origins[name]}: unknown {path!r}; {name} has {', '.join(inner.model_fields)}."
    problem = first["msg"].removeprefix("Value error, ")
    for kind in sorted(PROBLEMS, key=len):  # `greater_than_equal` behind `greater_than`
        if first["type"].startswith(kind):
            problem = PROBLEMS[kind].format(**{"gt": "", "ge": "", **first.get("ctx", {})})
    shown = "" if problem.startswith(repr(first["input"])) else f" (it is {first['input']!r})"
    return f"{origins[name]}: {path} {problem}{shown}."
