"""Which values of the environment are secret, and texts and output without them."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

SECRET_NAME = re.compile(
    # Not a KEYBOARD, a MONKEY, TOKENIZERS_PARALLELISM, MAX_TOKENS, GIT_AUTHOR_NAME, a PATH, a PATTERN or the PWD.
    r"(?<!MON)(?<!DON)KEY(?!BOARD|MAP|WORD)|(?<!MAX_)(?<!NUM_)TOKEN(?!IZ)|SECRET|PASSW|PASSPHRASE|CREDENTIAL|COOKIE|BEARER"
    r"|WEBHOOK|AUTH(?!OR(?!IZ))|CONN(?:ECTION)?_STR|HEADERS|(?<![A-Z])(?:PASS|PAT|JWT)(?![A-Z])|[A-Z]_PWD(?![A-Z])",
    re.IGNORECASE,
)
"""Names of variables, headers and parameters that hold a secret."""
_PLACE = re.compile(r"(?<!WEBHOOK)_(?:URL|URI|ENDPOINT|HOST|SOCK|FILE|PATH|DIR|HOME|TYPE|NAME)$", re.IGNORECASE)
"""Ends of names that say where something is, not what it is."""
_SHORTEST = 8
_PLAIN = re.compile(r"[A-Z]?[a-z]{,19}|[A-Z_]*|[0-9.]*")
"""A word, the name of another variable, or a number: honest texts hold it too, and nobody hands out such keys."""
_PART = 16
"""Characters of a part of a value that is secret by itself, and of a beginning that tells a secret that was cut."""
_USER = re.compile(r"""(?<=://)(?:[^\s/:@"'\\]*:)?([^\s/@"'\\]+)@""")
_GIVEN = re.compile(r"""(?:^|(?<=[?&;\s"']))([\w.-]+)=([^\s&;"'\\$]+)""")
_QUERY = re.compile(r"""(?<=[?&])([\w.-]+)=[^\s&"'\\]+""")


@dataclass(frozen=True)
class Redactor:
    """Writes `[NAME]` for the value of each secret variable, however it is quoted."""

    _texts: Sequence[tuple[str, str]]
    """A secret as it may be written, and what stands for it; the longest first."""
    _bytes: Sequence[tuple[bytes, bytes]]

    def text(self, text: str) -> str:
        """A text for people: also without the rest of a secret that was cut short, and without passwords in URLs."""
        for form, name in self._texts:
            text = text.replace(form, name)
        for form, _ in self._texts:
            at = text.find(form[:_PART]) if len(form) > _PART else -1
            while at >= 0:
                shown, name = max((_shared(text[at:], other), name) for other, name in self._texts)
                text = text[:at] + name + text[at + shown :]
                at = text.find(form[:_PART], at + len(name))
        text = _USER.sub("[password]@", text)
        return _QUERY.sub(lambda said: f"{said[1]}=[{said[1]}]" if SECRET_NAME.search(said[1]) else said[0], text)

    def values(self, value: Any, leave: frozenset[str] = frozenset()) -> Any:
        """The same for all texts within lists and mappings, but for the fields named in `leave`."""
        if isinstance(value, dict):
            return {name: held if name in leave else self.values(held, leave) for name, held in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.values(held, leave) for held in value)
        return self.text(value) if isinstance(value, str) else value

    def beside(self, texts: Iterable[str]) -> Redactor:
        """The same, but for what these texts hold already: there it is no secret any more."""
        held = list(texts)
        known = {form for form, _ in self._texts if any(form in text for text in held)}
        kept = [(form, name) for form, name in self._texts if form not in known]
        return Redactor(kept, [(os.fsencode(form), os.fsencode(name)) for form, name in kept])

    def output(self, data: bytes) -> bytes:
        """What a program printed, or a file: nothing but whole secrets is replaced."""
        for form, name in self._bytes:
            data = data.replace(form, name)
        return data

    @property
    def longest(self) -> int:
        """Bytes of the longest secret; 0 where there is none."""
        return max((len(form) for form, _ in self._bytes), default=0)

    def clear(self, data: bytes, at: int) -> int:
        """The first place from `at` on where `data` can be cut without cutting a secret."""
        for form, _ in self._bytes:
            found = data.find(form, max(0, at - len(form) + 1), at + len(form) - 1)
            at = found + len(form) if found >= 0 else at
        return at

    def settled(self, data: bytes) -> int:
        """Length of the part of `data` that no secret reaches out of, whatever comes next."""
        end = len(data)
        for form, _ in self._bytes:
            at = data.find(form[:1], max(0, len(data) - len(form) + 1), end)
            while at >= 0 and not form.startswith(data[at:]):
                at = data.find(form[:1], at + 1, end)
            end = at if at >= 0 else end
        return self.clear(data, end)


def redactor() -> Redactor:
    """For the environment and the command line of this process."""
    return redactor_for(tuple(os.environ.items()), tuple(sys.argv[1:]))


@lru_cache(maxsize=1)
def redactor_for(environment: Iterable[tuple[str, str]], arguments: Iterable[str] = ()) -> Redactor:
    """For the secrets in variables (name, value), and in URLs and assignments of arguments."""
    named = (*environment, *(("argument", text) for text in arguments))
    found = {form: f"[{name}]" for name, secret in _secrets(named) for form in _written(secret)}
    texts = sorted(found.items(), key=lambda item: -len(item[0]))
    return Redactor(texts, [(os.fsencode(form), os.fsencode(name)) for form, name in texts])


def _secrets(named: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for name, value in named:
        is_path = os.path.exists(value)  # noqa: PTH110 - Path.exists raises where a name is too long
        long = [part for part in re.split(r"""[\s;,&?=:"']+""", value) if len(part) >= _PART]
        parts = [value.strip(), *(part for part in long if re.search("[0-9]", part))]
        is_secret = SECRET_NAME.search(name) and not _PLACE.search(name) and not is_path
        given = [held for called, held in _GIVEN.findall(value) if SECRET_NAME.search(called)]
        for secret in (*(parts if is_secret else ()), *_USER.findall(value), *given):
            if len(secret) >= _SHORTEST and not _PLAIN.fullmatch(secret):
                yield name, secret


def _written(secret: str) -> set[str]:
    """A secret as it is, and as it is quoted in JSON, in Python and in URLs."""
    quoted = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    return {secret, *quoted, quote(secret, safe="", errors="surrogateescape"), quote(secret, errors="surrogateescape")}


def _shared(text: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    ends = (at for at, (one, two) in enumerate(zip(text, other, strict=False)) if one != two)
    return next(ends, min(len(text), len(other)))
