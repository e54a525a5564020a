"""program.md: YAML front matter (settings) over prose (the brief for the proposer)."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from autoresearch.errors import SettingsError

FENCE = "---"


@dataclass(frozen=True)
class Program:
    """A program.md taken apart."""

    path: Path
    front: dict[str, object]
    prose: str

    @property
    def directory(self) -> Path:
        """The project's directory: where program.md lies; paths in settings are relative to it."""
        return self.path.parent


def read(path: Path) -> Program:
    """Read a program.md. Raises SettingsError when it is missing, not text, or its front matter is not YAML."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        above = next(
            (folder / path.name for folder in path.resolve().parent.parents if (folder / path.name).is_file()), None
        )
        way = f"There is {above}: go there, or give --program" if above else "Run `autoresearch init` to make one"
        raise SettingsError(f"{path} does not exist. {way}.") from None
    except IsADirectoryError:
        raise SettingsError(f"{path} is a directory. Give --program the file itself.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8 text. Save it as UTF-8, then run the same command again.") from None
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}.") from error
    front, prose = split(text)
    return Program(path, parse(front, str(path)), prose)


def split(text: str) -> tuple[str, str]:
    """Front matter and prose of a program.md; the front matter is empty where there is none."""
    lines = text.splitlines(keepends=True)
    if not lines or lines[0].rstrip() != FENCE:
        return "", text
    for index, line in enumerate(lines[1:], start=1):
        if line.rstrip() == FENCE:
            return "".join(lines[1:index]), "".join(lines[index + 1 :])
    return "", text


def parse(front: str, where: str) -> dict[str, object]:
    """The front matter as a mapping. Raises SettingsError with the line in the file."""
    try:
        value = yaml.load(front, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f" line {mark.line + 2}" if mark else ""
        problem = error.problem or "cannot be read"
        hint = " Put quotes around a value that begins with * or &." if "alias" in str(error) else ""
        raise SettingsError(
            f"{where}:{line} of the front matter is not YAML: {problem}.{hint} Mend that line."
        ) from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{where}: the front matter is not YAML: {error}. Mend it.") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SettingsError(f"{where}: the front matter must be `name: value` lines between two `---` lines.")
    return {str(name): setting for name, setting in value.items()}


class _Loader(yaml.SafeLoader):
    """YAML without a name that is set twice, of which the last would count silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names: list[Hashable] = []
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if name in names:
                raise yaml.constructor.ConstructorError(problem=f"{name} is set twice", problem_mark=key.start_mark)
            names.append(name)
        return super().construct_mapping(node, deep)
