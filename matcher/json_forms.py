"""JSON bodies compared as values: one text for every way to write the same value, with some places left open."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from matcher.json_paths import ANY_INDEX, Place, json_place
from matcher.openings import Mark

# Deeper bodies compare by bytes. Far below the interpreter's own limits, so that the answer depends on the body alone
# and never on how deep in the stack the question was asked.
MAX_DEPTH = 128
# JSON has no such numbers, so no value is written like them.
_TOKENS = {Mark.REDACTED: math.nan, Mark.ANY: math.inf}
_PLAIN_ZEROS = 20  # numbers up to this many zeros are written out, for the people who read explanations
_TOO_MANY_ZEROS = b"0" * (_PLAIN_ZEROS + 1)
_SHORT = 32  # characters of a number worth remembering

Marks = Mapping[str, Mark]
NO_MARKS: Marks = {}


@dataclass(frozen=True, slots=True)
class Number:
    """A number by its canonical text, exact however long."""

    text: str


def json_text(body: bytes, marks: Marks = NO_MARKS) -> str:
    """The canonical text of a JSON document; the values at the marked paths (`$.user.token`, `$.a[*].b`) do not count.

    Key order and white space are free, `1` is `1.0` and not `true`, numbers are exact, the last of duplicate keys
    counts (RFC 8259, section 4 leaves that open). Raises ValueError or RecursionError for what is not such a document.
    """
    return written(json_value(body, marks))


def json_value(body: bytes, marks: Marks = NO_MARKS) -> object:
    """The document as a value for `written`: a token at each marked place, nothing where one is ignored."""
    return _marked(_parsed(body), body, marks)


def exact_value(body: bytes, marks: Marks = NO_MARKS) -> object:
    """The same with every number as a `Number`: equal values are equal, `1` is not `true`, and a float is a token."""
    return _marked(_exactly(body), body, marks)


def written(value: object) -> str:
    """The canonical text of a value."""
    try:
        return _ENCODER.encode(value)
    except TypeError:  # a Number
        return _write(value)


def _parsed(body: bytes) -> object:
    if _TOO_MANY_ZEROS not in body:
        try:
            return _DECODER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
        except ValueError:
            pass  # not JSON, or a number that the interpreter's own types do not write as we do
    return _exactly(body)


def _exactly(body: bytes) -> object:
    return json.loads(body, parse_int=_number, parse_float=_number, parse_constant=_no_number)


def _marked(value: object, body: bytes, marks: Marks) -> object:
    _check_depth(value, body)
    for path, mark in marks.items():
        value = _opened(value, json_place(path), mark)
    return value


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is not JSON (RFC 8259, section 6)")


def _float(text: str) -> int | float:
    """A number with a point or an exponent, if Python writes it as `Number` would; raises ValueError otherwise."""
    if len(text) > _SHORT:
        raise ValueError("a long number")
    return _short_float(text)


@lru_cache(maxsize=4096)
def _short_float(text: str) -> int | float:
    canonical = _number(text).text
    if "e" not in canonical and "." not in canonical:
        return int(canonical)
    value = float(canonical)
    if repr(value) != canonical:
        raise ValueError("a number that is no float")
    return value


def _number(text: str) -> Number:
    return _short_number(text) if len(text) <= _SHORT else _normal(text)


def _normal(text: str) -> Number:
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return Number("0")
    power = int(exponent or 0) - len(fraction) + len(digits) - len(significant)
    return Number(("-" if text.startswith("-") else "") + _plain(significant, power))


_short_number = lru_cache(maxsize=4096)(_normal)


def _plain(digits: str, power: int) -> str:
    if 0 <= power <= _PLAIN_ZEROS:
        return digits + "0" * power
    if -_PLAIN_ZEROS <= power < 0:
        digits = digits.zfill(1 - power)
        return f"{digits[:power]}.{digits[power:]}"
    return f"{digits}e{power}"


_DECODER = json.JSONDecoder(parse_float=_float, parse_constant=_no_number)
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False)


def _check_depth(value: object, body: bytes) -> None:
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return  # so few brackets cannot nest deeper
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [
            child
            for each in level
            for child in (each.values() if isinstance(each, dict) else each)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise RecursionError("nested too deep to compare as values")


def _opened(value: object, place: Place, mark: Mark) -> object:
    """The value, changed in place, with a token where the place is, or without what is ignored there."""
    if not place:
        return _TOKENS.get(mark)
    step, rest = place[0], place[1:]
    if isinstance(value, dict) and step in value:
        if mark is Mark.IGNORED and not rest:
            del value[step]
        else:
            value[step] = _opened(value[step], rest, mark)
    elif isinstance(value, list) and isinstance(step, int):
        for index in range(len(value)) if step == ANY_INDEX else range(step, step + 1)[: len(value) - step]:
            value[index] = _opened(value[index], rest, mark)
    return value


def _write(value: object) -> str:
    if isinstance(value, dict):
        members = [f"{_ENCODER.encode(name)}:{_write(value[name])}" for name in sorted(value)]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_write, value)) + "]"
    return value.text if isinstance(value, Number) else _ENCODER.encode(value)
