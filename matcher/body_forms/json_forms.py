"""Canonical JSON: one text for all spellings of the same value, with some places left open."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache

from msgspec import MsgspecError, Raw
from msgspec.json import Decoder, Encoder

from understudy.matcher.body_forms.open_places import NO_MARKS, Mark, Marks
from understudy.store.model.json_paths import ANY_INDEX, JsonPath, parse_json_path

# Deeper bodies are compared as bytes. The limit lies far below the interpreter's own, so that the result depends on
# the body alone and never on the depth of the call stack.
MAX_DEPTH = 128
MAX_BRACKETS = 1_000_000  # bodies with more objects and arrays are compared as bytes: each costs most of a microsecond
# JSON has no such numbers (RFC 8259, section 6), so no value has the same text.
_TOKENS = {Mark.REDACTED: Raw(b"NaN"), Mark.ANY: Raw(b"Infinity")}
_PLAIN_ZEROS = 20  # numbers with up to this many zeros are written without exponent, so that explanations are readable
_TOO_MANY_ZEROS = b"0" * (_PLAIN_ZEROS + 1)
_SHORT = 32  # characters of a number up to which its canonical text is cached
# A fraction that is its own canonical text.
_CANONICAL_FRACTION = re.compile(rf"-?[0-9]+\.[0-9]{{0,{_PLAIN_ZEROS - 1}}}[1-9]")


def canonicalize_json(body: bytes, marks: Marks = NO_MARKS) -> bytes:
    """Return the canonical text of a JSON document, in which the values at the marked paths do not count.

    Paths look like `$.user.token` and `$.a[*].b`. The order of keys and white space do not count, `1` equals `1.0` and
    not `true`, numbers are exact, and the last of duplicate keys counts (RFC 8259, section 4 leaves that open). Raises
    ValueError if the body is not JSON, RecursionError if it is nested too deeply.
    """
    return encode_value(parse_json(body, marks))


def parse_json(body: bytes, marks: Marks = NO_MARKS) -> object:
    """Parse a document into a value for `encode_value`: with a token at each marked place, without the ignored ones."""
    return _parse_marked(_decode_fast, body, marks)


def parse_json_exact(body: bytes, marks: Marks = NO_MARKS) -> object:
    """Parse a document with every number as its canonical text, a `Raw`: equal values are equal, `1` is not `true`."""
    return _parse_marked(_decode_exact, body, marks)


def is_token(value: object) -> bool:
    """Return whether a value stands for a marked place."""
    return isinstance(value, Raw) and value in _TOKENS.values()


def encode_value(value: object) -> bytes:
    """Return the canonical text of a parsed value."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:  # a lone surrogate: JSON can escape it, UTF-8 cannot encode it
        return _write(value).encode("utf-8", "surrogatepass")


def _parse_marked(parse: Callable[[bytes], object], body: bytes, marks: Marks) -> object:
    brackets = body.count(b"[") + body.count(b"{")
    if brackets > MAX_BRACKETS:
        raise ValueError("too many objects and arrays")
    value = parse(body)
    if brackets > MAX_DEPTH:  # with fewer brackets, no value can be nested deeper
        _check_depth(value)
    for path, mark in marks.items():
        value = _apply_mark(value, parse_json_path(path), mark)
    return value


def _decode_fast(body: bytes) -> object:
    """Decode a document with integers as integers, and all other numbers as their canonical texts."""
    if _TOO_MANY_ZEROS not in body:  # msgspec would not write such an integer as its canonical text
        try:
            return _DECODER.decode(body)
        except (MsgspecError, UnicodeDecodeError, RecursionError):
            pass  # not JSON, or JSON that only the standard library reads: UTF-16, lone surrogates, ...
    return _decode_exact(body)


def _decode_exact(body: bytes) -> object:
    return json.loads(body, parse_int=_parse_number, parse_float=_parse_number, parse_constant=_refuse_constant)


def _refuse_constant(text: str) -> object:
    raise ValueError(f"{text} is not JSON (RFC 8259, section 6)")


def _parse_number(text: str) -> Raw:
    return _normalize_cached(text) if len(text) <= _SHORT else _normalize_number(text)


def _normalize_number(text: str) -> Raw:
    if _CANONICAL_FRACTION.fullmatch(text):
        return Raw(text.encode("ascii"))
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return Raw(b"0")
    power = int(exponent or 0) - len(fraction) + len(digits) - len(significant)
    canonical = ("-" if text.startswith("-") else "") + _format_number(significant, power)
    return Raw(canonical.encode("ascii"))


_normalize_cached = lru_cache(maxsize=4096)(_normalize_number)


def _format_number(digits: str, power: int) -> str:
    if 0 <= power <= _PLAIN_ZEROS:
        return digits + "0" * power
    if -_PLAIN_ZEROS <= power < 0:
        digits = digits.zfill(1 - power)
        return f"{digits[:power]}.{digits[power:]}"
    return f"{digits}e{power}"


_DECODER = Decoder(float_hook=_parse_number)
_ENCODER = Encoder(order="sorted")
_TEXT_ENCODER = json.JSONEncoder(ensure_ascii=False)


def _check_depth(value: object) -> None:
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
    raise RecursionError("nested too deeply to compare as values")


def _apply_mark(value: object, place: JsonPath, mark: Mark) -> object:
    """Change the value in place: put a token at each place that the path names, or delete an ignored one."""
    if not place:
        return _TOKENS.get(mark)
    step, rest = place[0], place[1:]
    if isinstance(value, dict) and step in value:
        if mark is Mark.IGNORED and not rest:
            del value[step]
        else:
            value[step] = _apply_mark(value[step], rest, mark)
    elif isinstance(value, list) and isinstance(step, int):
        for index in range(len(value)) if step == ANY_INDEX else range(step, step + 1)[: len(value) - step]:
            value[index] = _apply_mark(value[index], rest, mark)
    return value


def _write(value: object) -> str:
    if isinstance(value, dict):
        members = [f"{_TEXT_ENCODER.encode(name)}:{_write(value[name])}" for name in sorted(value)]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_write, value)) + "]"
    return bytes(value).decode("ascii") if isinstance(value, Raw) else _TEXT_ENCODER.encode(value)
