"""How the value of a setting may be written where it is text: in a flag, in the environment."""

from __future__ import annotations

import re

import yaml


def listed(value: object) -> object:
    """One item, or `a, b` from a flag, as a list."""
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    return value


def names(value: object) -> object:
    """Names of environment variables."""
    found = listed(value)
    for name in found if isinstance(found, list | tuple) else ():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", str(name)):
            raise ValueError(f"has {name!r}, which is no name of a variable; its value is taken from your environment")
    return found


def metric_name(value: object) -> object:
    """A metric's name alone, or `{name: …, pattern: …}`, also as text from a flag."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = flow(value.strip())
    return {"name": value} if isinstance(value, str) else value


def pairs(value: object) -> object:
    """`experiments=20, hours=8` from a flag as a mapping."""
    if not isinstance(value, str):
        return value
    items = [item.partition("=") for item in value.split(",")]
    if any(not separator for _, separator, _ in items):
        raise ValueError("is written as experiments=20,hours=8,usd=5")
    return {name.strip(): number.strip() for name, _, number in items}


def lines(value: object) -> object:
    """One regular expression, or several; a comma in one is its own."""
    found = [value] if isinstance(value, str) else value
    for pattern in found if isinstance(found, list | tuple) else ():
        try:
            re.compile(str(pattern))
        except re.error as error:
            raise ValueError(f"has {pattern!r}, which is not a regular expression: {error}") from None
    return found


def flow(text: str | None) -> object:
    """What text in YAML flow (`{usd: 5}`, `[a, b]`) holds; anything else is taken as it is, and no text is None."""
    if text and text[0] in "{[":
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError:
            return text
    return text or None
