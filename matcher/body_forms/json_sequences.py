"""Sequences of JSON values: one on each line (ndjson.org), or each after a record separator (RFC 7464)."""

from __future__ import annotations

from collections.abc import Callable

from understudy.matcher.body_forms.json_forms import MAX_BRACKETS, parse_json
from understudy.matcher.body_forms.open_places import NO_MARKS, Marks

MAX_VALUES = 100_000  # longer sequences are compared as bytes: each value costs some microseconds

_SEPARATOR = b"\x1e"


def parse_sequence(
    body: bytes, marks: Marks = NO_MARKS, parse: Callable[[bytes, Marks], object] = parse_json
) -> list[object]:
    """Return the values in order; the marks apply to each of them.

    Raises ValueError if one of them is not JSON or there are too many, RecursionError for too deep a nesting.
    """
    texts = body.split(_SEPARATOR if body.lstrip()[:1] == _SEPARATOR else b"\n", MAX_VALUES + 1)
    if len(texts) > MAX_VALUES + 1 or body.count(b"[") + body.count(b"{") > MAX_BRACKETS:
        raise ValueError("too many values")
    return [parse(text, marks) for text in texts if text.strip()]
