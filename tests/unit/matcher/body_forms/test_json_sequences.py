"""Tests of sequences of JSON values; more are in test_canonical.py."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms.json_sequences import MAX_VALUES, parse_sequence
from understudy.matcher.body_forms.open_places import Mark


@pytest.mark.parametrize(
    ("body", "values"),
    [
        (b"", []),
        (b"\n\n", []),
        (b"1\n[2]\r\n", [1, [2]]),
        (b"\x1e{\n}\n\x1e2\n", [{}, 2]),
    ],
)
def test_values(body: bytes, values: list[object]) -> None:
    """Values stand on lines of their own, or after record separators."""
    assert parse_sequence(body) == values


def test_marks_apply_to_each_value() -> None:
    """A place is ignored in each value."""
    assert parse_sequence(b'{"a":1,"b":1}\n{"a":2}', {"$.a": Mark.IGNORED}) == [{"b": 1}, {}]


@pytest.mark.parametrize("body", [b"1 2", b"{\n}", b"1\n" * (MAX_VALUES + 1)])
def test_other_bodies_are_refused(body: bytes) -> None:
    """Two values on one line, a value on two, and too many values raise ValueError."""
    with pytest.raises(ValueError):  # of the JSON parser
        parse_sequence(body)
