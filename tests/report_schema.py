"""The JSON report's schema, and its table as `docs/report.md` has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
SCHEMA: dict[str, Any] = json.loads((DOCS / "report.schema.json").read_text())


def objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every part of the schema that has fields of its own."""
    if "properties" in schema:
        yield schema
    for part in (*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])):
        yield from objects(part)


def table(schema: dict[str, Any] = SCHEMA, path: str = "") -> Iterator[str]:
    """A line a field: where it stands, its type, its meaning."""
    for name, part in schema["properties"].items():
        here = f"{path}{name}"
        items = part.get("items", {})
        yield f"| `{here}` | {kind(part)} | {part['description']} |"
        if "properties" in part:
            yield from table(part, f"{here}.")
        elif "properties" in items:
            yield from table(items, f"{here}[].")


def kind(part: dict[str, Any]) -> str:
    """`number or null`; of a choice its values."""
    if "const" in part:
        return json.dumps(part["const"])
    if "enum" in part:
        return ", ".join("null" if value is None else f"`{value}`" for value in part["enum"])
    if part["type"] == "array":
        return f"array of {kind(part['items'])}" if "properties" not in part["items"] else "array of objects"
    return " or ".join([part["type"]] if isinstance(part["type"], str) else part["type"])
