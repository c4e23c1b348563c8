"""JSON bodies compared as values: one text for every way to write the same value, with some places left open."""

from __future__ import annotations

import json
import re
from functools import lru_cache

Place = tuple[str | int, ...]

# Deeper bodies compare by bytes. Far below the interpreter's own limits, so that the answer depends on the body alone
# and never on how deep in the stack the question was asked.
MAX_DEPTH = 128
# Not JSON, so no value is written like it.
OPEN = "[redacted]"
ANY_INDEX = -1

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\*)\]|\['([^']*)'\]")
_PLAIN_ZEROS = 20  # numbers up to this many zeros are written out, for the people who read explanations


class _Number(str):
    __slots__ = ()


def json_text(body: bytes, open_places: frozenset[str] = frozenset()) -> str:
    """The canonical text of a JSON document; the values at `open_places` (`$.user.token`, `$.a[*].b`) do not count.

    Key order and white space are free, `1` is `1.0` and not `true`, numbers are exact, the last of duplicate keys
    counts (RFC 8259, section 4 leaves that open). Raises ValueError or RecursionError for what is not such a document.
    """
    value = json.loads(body, parse_int=_number, parse_float=_number, parse_constant=_no_number)
    return _write(value, tuple(json_place(place) for place in open_places), 0)


@lru_cache(maxsize=1024)
def json_place(path: str) -> Place:
    """The steps of a JSON path; raises ValueError that says what was expected."""
    steps: list[str | int] = []
    at = 1
    while path.startswith("$") and (found := _STEP.match(path, at)):
        name, index, quoted = found.groups()
        steps.append(name or quoted or "" if index is None else ANY_INDEX if index == "*" else int(index))
        at = found.end()
    if not path.startswith("$") or at != len(path):
        raise ValueError(f"expected a JSON path like $.user.token, got {path!r}")
    return tuple(steps)


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is not JSON (RFC 8259, section 6)")


def _number(text: str) -> _Number:
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return _Number("0")
    power = int(exponent or 0) - len(fraction) + len(digits) - len(significant)
    return _Number(("-" if text.startswith("-") else "") + _plain(significant, power))


def _plain(digits: str, power: int) -> str:
    if 0 <= power <= _PLAIN_ZEROS:
        return digits + "0" * power
    if -_PLAIN_ZEROS <= power < 0:
        digits = digits.zfill(1 - power)
        return f"{digits[:power]}.{digits[power:]}"
    return f"{digits}e{power}"


def _write(value: object, places: tuple[Place, ...], depth: int) -> str:
    if depth >= MAX_DEPTH and isinstance(value, dict | list):
        raise RecursionError("nested too deep to compare as values")
    if () in places:
        return OPEN
    if isinstance(value, dict):
        members = [f"{_string(name)}:{_write(value[name], _below(places, name), depth + 1)}" for name in sorted(value)]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        items = [_write(item, _below(places, index), depth + 1) for index, item in enumerate(value)]
        return "[" + ",".join(items) + "]"
    if isinstance(value, _Number):
        return value
    return _string(value) if isinstance(value, str) else json.dumps(value)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _below(places: tuple[Place, ...], step: str | int) -> tuple[Place, ...]:
    if not places:
        return places
    open_index = isinstance(step, int)
    return tuple(
        place[1:] for place in places if place and (place[0] == step or (open_index and place[0] == ANY_INDEX))
    )
