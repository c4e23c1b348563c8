"""JSON bodies compared as values: one text for every way to write the same value, with some places left open."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from msgspec import MsgspecError, Raw
from msgspec.json import Decoder, Encoder

from understudy.matcher.body_forms.open_places import Mark
from understudy.store.model.json_paths import ANY_INDEX, JsonPath, parse_json_path

# Deeper bodies compare by bytes. Far below the interpreter's own limits, so that the answer depends on the body alone
# and never on how deep in the stack the question was asked.
MAX_DEPTH = 128
MAX_BRACKETS = 1_000_000  # so do those of more objects and arrays: each costs most of a microsecond
# JSON has no such numbers, so no value is written like them.
_TOKENS = {Mark.REDACTED: Raw(b"NaN"), Mark.ANY: Raw(b"Infinity")}
_PLAIN_ZEROS = 20  # numbers up to this many zeros are written out, for the people who read explanations
_TOO_MANY_ZEROS = b"0" * (_PLAIN_ZEROS + 1)
_SHORT = 32  # characters of a number worth remembering
_CANONICAL_FRACTION = re.compile(
    rf"-?[0-9]+\.[0-9]{{0,{_PLAIN_ZEROS - 1}}}[1-9]"
)  # a fraction that is its own canonical text

PathMarks = Mapping[str, Mark]
NO_MARKS: PathMarks = {}


def canonicalize_json(body: bytes, marks: PathMarks = NO_MARKS) -> bytes:
    """The canonical text of a JSON document; the values at the marked paths (`$.user.token`, `$.a[*].b`) do not count.

    Key order and white space are free, `1` is `1.0` and not `true`, numbers are exact, the last of duplicate keys
    counts (RFC 8259, section 4 leaves that open). Raises ValueError or RecursionError for what is not such a document.
    """
    return encode_value(parse_json(body, marks))


def parse_json(body: bytes, marks: PathMarks = NO_MARKS) -> object:
    """The document as a value for `written`: a token at each marked place, nothing where one is ignored."""
    return _parse_marked(_decode_fast, body, marks)


def parse_json_exact(body: bytes, marks: PathMarks = NO_MARKS) -> object:
    """The same with every number as its canonical text, a `Raw`: equal values are equal, and `1` is not `true`."""
    return _parse_marked(_decode_exact, body, marks)


def is_token(value: object) -> bool:
    """Whether a value stands for a place that was marked."""
    return isinstance(value, Raw) and value in _TOKENS.values()


def encode_value(value: object) -> bytes:
    """The canonical text of a value."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can escape and UTF-8 cannot write
        return _write(value).encode("utf-8", "surrogatepass")


def _parse_marked(parse: Callable[[bytes], object], body: bytes, marks: PathMarks) -> object:
    brackets = body.count(b"[") + body.count(b"{")
    if brackets > MAX_BRACKETS:
        raise ValueError("too many objects and arrays")
    value = parse(body)
    if brackets > MAX_DEPTH:  # fewer cannot nest deeper
        _check_depth(value)
    for path, mark in marks.items():
        value = _apply_mark(value, parse_json_path(path), mark)
    return value


def _decode_fast(body: bytes) -> object:
    """The document with integers as such, and other numbers as their canonical text."""
    if _TOO_MANY_ZEROS not in body:  # such an integer would not be written as its canonical text
        try:
            return _DECODER.decode(body)
        except (MsgspecError, UnicodeDecodeError, RecursionError):
            pass  # no JSON, or one of those that only the standard library reads: in UTF-16, with half a pair, ...
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
    raise RecursionError("nested too deep to compare as values")


def _apply_mark(value: object, place: JsonPath, mark: Mark) -> object:
    """The value, changed in place, with a token where the place is, or without what is ignored there."""
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
