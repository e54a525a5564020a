"""What runs in the worker: it answers questions. Also the form in which they and the answers cross.

In the worker this file is run by itself, and nothing of what it says there is trusted.
"""

from __future__ import annotations

import importlib
import io
import pickle
import re
import struct
import sys
from typing import Any

HEADER = struct.Struct(">16sQ")
"""Before every message: a token that the answer must repeat, and the length in bytes of what follows."""


class _Pickler(pickle.Pickler):
    """Takes numpy's arrays and scalars apart."""

    def persistent_id(self, value: Any) -> tuple[str, tuple[int, ...], bytes] | None:
        numpy = sys.modules["numpy"]
        if not isinstance(value, (numpy.ndarray, numpy.generic)):
            return None
        if value.dtype.kind not in "biufc":
            raise TypeError(f"an array of {value.dtype} is no plain data")
        return value.dtype.str, value.shape, value.tobytes()


class _Unpickler(pickle.Unpickler):
    """Builds plain data; nothing that the other side names is looked up."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "complex"):
            return complex
        raise pickle.UnpicklingError(f"{module}.{name}")

    def persistent_load(self, parts: Any) -> Any:
        kind, shape, data = parts
        if __name__ == "__worker__":
            importlib.import_module("numpy")
        # The bench looks for no module now: the target may have put a numpy.py where it would be found.
        if "numpy" not in sys.modules:
            raise pickle.UnpicklingError("an array, though the bench has not imported numpy")
        if not re.fullmatch(r"[<>|=][biufc][0-9]{1,2}", kind):
            raise pickle.UnpicklingError("an array of an unknown kind")
        return sys.modules["numpy"].frombuffer(bytearray(data), dtype=kind).reshape(shape)[()]


def encode(value: Any) -> bytes:
    """A question or an answer as bytes: plain data, and arrays as theirs."""
    file = io.BytesIO()
    # Only where there can be arrays, as it looks at every value: slower by half.
    pickler = _Pickler if "numpy" in sys.modules else pickle.Pickler
    pickler(file, protocol=5).dump(value)
    return file.getvalue()


def decode(data: bytes | bytearray) -> Any:
    """What `encode` made bytes of. Raises whatever pickle may raise."""
    return _Unpickler(io.BytesIO(data)).load()


def _serve(questions: int, answers: int, *without: str) -> None:
    """Answer questions until there are none. The first asks for the import of the target."""
    sys.modules.update(dict.fromkeys(without))  # type: ignore[arg-type]  # None: not to be imported
    things: list[Any] = [importlib]
    with open(questions, "rb") as incoming, open(answers, "wb") as outgoing:
        while header := incoming.read(HEADER.size):
            token, length = HEADER.unpack(header)
            try:
                answer = encode((True, _answer(things, *decode(incoming.read(length)))))
            except Exception as error:  # noqa: BLE001, the bench is told
                sys.__excepthook__(*sys.exc_info())
                answer = encode((False, f"{type(error).__name__}: {error}"))
            sys.stdout.flush()
            sys.stderr.flush()
            outgoing.write(HEADER.pack(token, len(answer)) + answer)
            outgoing.flush()


def _answer(things: list[Any], place: int, name: str, arguments: tuple[Any, ...], times: int, keep: bool) -> Any:
    function = things[place]
    for part in name.split("."):
        function = getattr(function, part)
    for _ in range(times - 1):
        function(*arguments)
    value = function(*arguments)
    if not keep:
        return value
    things.append(value)
    return len(things) - 1


if __name__ == "__worker__":
    _serve(int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
