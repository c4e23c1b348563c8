"""How a place in a JSON document is written: `$.user.token`, `$.cards[*].number`, `$['a.b']`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import takewhile

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_PATH = re.compile(r"\$(?:\.[^.\[\]'*\s]+|\[\*\]|\['[^']*'\])+")
_STEP = re.compile(r"\.([^.\[\]'*\s]+)|\[\*\]|\['([^']*)'\]")


def json_path(names: Iterable[str | None]) -> str:
    """The path of these names, None standing for any element of an array; it ends before a name with a quote in it."""
    sayable = takewhile(lambda name: name is None or "'" not in name, names)
    return "$" + "".join(map(_step, sayable))


def read_json_path(text: str) -> str:
    """The path as `json_path` writes it, whichever way a person wrote its names; raises ValueError."""
    if not _PATH.fullmatch(text):
        raise ValueError(f"not a path in JSON: {text!r}")
    return json_path(step[1] if step[1] is not None else step[2] for step in _STEP.finditer(text))


def _step(name: str | None) -> str:
    if name is None:
        return "[*]"
    return f".{name}" if _PLAIN_NAME.fullmatch(name) else f"['{name}']"
