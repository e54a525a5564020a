"""Limits that a person sets on a run: guards on other numbers, bounds of the plausible, and what it may use up."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

import yaml

UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
GUARDS = '{peak_vram_mb: "<= 1.10x", latency_ms: "<= 50"}, or in a flag peak_vram_mb<=1.10x,latency_ms<=50'
UNITS_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
BINARY_BYTES = {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
LIMITS = "{memory: 16GB, disk: 20%, processes: 500} or in a flag memory=16GB,disk=20%"
BOUNDS = "{metric: [0, 10], duration: [1s, ], step: 50%}"
"""How a person writes them, for messages."""

Range = tuple[float | None, float | None]
"""Lowest and highest that is believed, both included; None is no limit."""
Operator = Literal["<=", ">=", "<", ">"]


@dataclass(frozen=True)
class Guard:
    """What another number of the bench must keep to, or the candidate is not kept."""

    name: str
    op: Operator
    bound: float
    relative: bool
    """True when `bound` is a factor of the incumbent's number, False when it is in the number's own unit."""

    def limit(self) -> str:
        """`<= 1.1x`, as the setting is written."""
        return f"{self.op} {self.bound:.10g}{'x' if self.relative else ''}"

    def text(self) -> str:
        """`peak_vram_mb <= 1.1x`."""
        return f"{self.name} {self.limit()}"


@dataclass(frozen=True)
class Bounds:
    """What a run must stay within to be believed."""

    metric: Range = (None, None)
    duration_s: Range = (None, None)
    step: float | None = None
    """Largest relative gain that one experiment may make, 0.5 for 50 %; None is no limit."""

    def text(self) -> str:
        """`metric [0, 10], duration_s [1, none], step 0.5`; empty without any."""
        ends = {"metric": self.metric, "duration_s": self.duration_s}
        ranges = [
            f"{name} [{_end(low)}, {_end(high)}]" for name, (low, high) in ends.items() if (low, high) != (None, None)
        ]
        return ", ".join([*ranges, *([f"step {self.step:g}"] if self.step else [])])


@dataclass(frozen=True)
class Size:
    """So many bytes, or a share of what there is when a run begins."""

    amount: float
    is_share: bool = False

    def of(self, available_bytes: float) -> float:
        """In bytes."""
        return self.amount * available_bytes if self.is_share else self.amount

    def text(self) -> str:
        """`16GB`, `20%`."""
        if self.is_share:
            return f"{self.amount * 100:.10g}%"
        unit = next(name for name in reversed(UNITS_BYTES) if self.amount >= UNITS_BYTES[name] or name == "b")
        return f"{self.amount / UNITS_BYTES[unit]:.10g}{unit.upper()}"


@dataclass(frozen=True)
class Limits:
    """What one run may use up before it is stopped."""

    memory: Size = Size(0.9, is_share=True)
    disk: Size = Size(0.5, is_share=True)
    processes: int = 4096

    def text(self) -> str:
        """`memory 90%, disk 50%, processes 4096`."""
        return f"memory {self.memory.text()}, disk {self.disk.text()}, processes {self.processes}"


def seconds(value: object) -> object:
    """`90`, `90s`, `10m`, `1h30m` → seconds; what is no text is passed on. Raises ValueError."""
    if not isinstance(value, str):
        return value
    text = value.strip().lower().replace(" ", "")
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * UNITS_S[unit] for number, unit in parts)
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{value!r} is not a duration; write 90s, 10m or 1h30m") from None


def fraction(value: object) -> object:
    """`0.5%`, `0.005` → 0.005; negative is allowed. Raises ValueError, also from 100 % on: 5 was to be 5 %."""
    share = _share(value)
    if share is None or abs(share) >= 1:
        raise ValueError("must be a share below 100%, written as 0.5% or 0.005")
    return share


def guards(value: object) -> object:
    """`{latency_ms: "<= 50"}`, or `latency_ms<=50, peak_vram_mb<=1.10x` from a flag → a tuple of Guard.

    Guards are passed on as they are, and `{}` is none. Raises ValueError.
    """
    if isinstance(value, tuple) and all(isinstance(item, Guard) for item in value):
        return value
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = _flow(value, GUARDS)
    if isinstance(value, str):
        found = [_guard(*_parted(item)) for item in value.split(",")]
    elif isinstance(value, Mapping):
        found = [_guard(name, limit) for name, limit in value.items()]
    else:
        raise ValueError(f"must be written as {GUARDS}")
    for at, guard in enumerate(found):
        if any((g.name, g.op, g.relative) == (guard.name, guard.op, guard.relative) for g in found[:at]):
            raise ValueError(f"has two limits {guard.op} on {guard.name}; leave one of them out")
    return tuple(found)


def bounds(value: object) -> object:
    """`{metric: [0, 10], duration: [1s, ], step: 50%}`, or the same as text from a flag → Bounds.

    One item of a list is the low end; null is no limit. Bounds are passed on as they are. Raises ValueError.
    """
    if isinstance(value, Bounds):
        return value
    said = _flow(value, BOUNDS) if isinstance(value, str) else value
    if not isinstance(said, Mapping) or not said:
        raise ValueError(f"must be written as {BOUNDS}, each part optional")
    known = ("metric", "duration", "step")
    for name in said:
        if name not in known:
            raise ValueError(f"has no part {name!r}; its parts are {', '.join(known)}, as in {BOUNDS}")
    none = (None, None)
    return Bounds(
        _range("metric", said["metric"], "[0, 10]") if "metric" in said else none,
        _range("duration", said["duration"], "[1s, 10m]") if "duration" in said else none,
        _step(said["step"]) if "step" in said else None,
    )


def limits(value: object) -> object:
    """`{memory: 16GB, disk: 20%, processes: 500}`, or the same as text from a flag → Limits.

    A share is of what is free when a run begins. Limits are passed on as they are. Raises ValueError.
    """
    if isinstance(value, Limits):
        return value
    if isinstance(value, str) and "=" in value:
        value = "{" + value.replace("=", ": ") + "}"
    said = _flow(value, LIMITS) if isinstance(value, str) else value
    if not isinstance(said, Mapping) or not said:
        raise ValueError(f"must be written as {LIMITS}, each part optional")
    known = Limits()
    for name, item in said.items():
        if name == "memory":
            known = replace(known, memory=_size(name, item))
        elif name == "disk":
            known = replace(known, disk=_size(name, item))
        elif name == "processes":
            if isinstance(item, bool) or not isinstance(item, int) or item < 1:
                raise ValueError(f"has {item!r} processes, which is no whole number above zero; write {LIMITS}")
            known = replace(known, processes=item)
        else:
            raise ValueError(f"has no part {name!r}; its parts are memory, disk, processes, as in {LIMITS}")
    return known


def _size(name: str, value: object) -> Size:
    text = str(value).strip().lower().replace(" ", "")
    found = re.fullmatch(r"([0-9.]+)(%|b|[kmgt]i?b?)", text)
    number = _finite(found[1]) if found else None
    if not found or not number or (found[2] == "%" and number > 100):
        raise ValueError(f"has {value!r} for {name}, which is no size; write 16GB, 500MB or 20%")
    if found[2] == "%":
        return Size(number / 100, is_share=True)
    return Size(number * {**UNITS_BYTES, **BINARY_BYTES}[found[2].removesuffix("b") + "b"])


def _parted(item: str) -> tuple[str, str]:
    """`latency_ms<=50` as name and limit; `latency_ms=<=50` too, but not `=<` and `=>`, which mean something else."""
    found = re.fullmatch(r"\s*([^\s:=<>]+)\s*(?:=\s+|=(?=[<>]=))?([<>].*)", item)
    if not found:
        raise ValueError(f"has {item.strip()!r}, which is no name with <=, >=, < or > and a number; write {GUARDS}")
    return found[1], found[2]


def _guard(name: object, limit: object) -> Guard:
    if not isinstance(name, str) or not re.fullmatch(r"[^\s:]+", name):
        raise ValueError(f"has the name {name!r}, which is not one word without blanks or colons; write {GUARDS}")
    found = re.fullmatch(r"(<=|>=|<|>)(.*?)(x?)", limit.strip()) if isinstance(limit, str) else None
    if not found:
        raise ValueError(f"has {limit!r} for {name}, which does not begin with <=, >=, < or >; write {GUARDS}")
    bound = _finite(found[2])
    if bound is None:
        raise ValueError(f"has {limit!r} for {name}, which holds no plain number; write {GUARDS}")
    if found[3] and bound < 0:
        raise ValueError(
            f"has {limit!r} for {name}, but a factor of the incumbent's number cannot be negative; write {GUARDS}"
        )
    return Guard(name, cast(Operator, found[1]), bound, bool(found[3]))


def _range(name: str, value: object, example: str) -> Range:
    if not isinstance(value, list | tuple) or len(value) > 2 or all(item is None for item in value):
        raise ValueError(f"must have the lowest and the highest {name} as a list: {name}: {example}, null for no limit")
    read = _duration if name == "duration" else _number
    low, high = (None if item is None else read(item) for item in (*value, None)[:2])
    if low is not None and high is not None and low > high:
        raise ValueError(f"must have the lowest {name} first: {name}: {example}")
    return low, high


def _number(value: object) -> float:
    number = _finite(value)
    if number is None:
        raise ValueError(f"has {value!r} in metric, which is no plain number; write metric: [0, 10], null for no limit")
    return number


def _duration(value: object) -> float:
    try:
        duration_s = _finite(seconds(value))
    except ValueError:
        duration_s = None
    if duration_s is None or duration_s < 0:
        raise ValueError(f"has {value!r} in duration, which is no duration; write 90s, 10m or 1h30m, null for no limit")
    return duration_s


def _step(value: object) -> float:
    """A gain may well be above 100 %, but a plain 50 was to be 50 %."""
    share = _share(value)
    percent = isinstance(value, str) and value.rstrip().endswith("%")
    if share is None or share <= 0 or (share >= 1 and not percent):
        raise ValueError(f"has the step {value!r}, which is no share above zero; write step: 50% or step: 0.5")
    return share


def _share(value: object) -> float | None:
    """`50%` → 0.5; None for what is no finite number."""
    if isinstance(value, str) and value.rstrip().endswith("%"):
        number = _finite(value.rstrip()[:-1])
        return None if number is None else number / 100
    return _finite(value)


def _end(value: float | None) -> str:
    return "none" if value is None else f"{value:.10g}"


def _finite(value: object) -> float | None:
    """A number, or text that is one (YAML reads 1e3 as text); None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _flow(text: str, example: str) -> object:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):  # a date that does not exist is a ValueError
        raise ValueError(f"must be written as {example}") from None
