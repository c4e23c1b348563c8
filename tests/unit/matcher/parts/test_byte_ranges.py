"""Byte ranges are read, located and merged."""

from __future__ import annotations

import pytest

from understudy.matcher.parts.byte_ranges import (
    KnownRange,
    RequestedRange,
    list_ranges,
    parse_content_range,
    parse_range,
)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["bytes=0-9"], RequestedRange(0, 9)),
        (["Bytes = 0-9 ,"], RequestedRange(0, 9)),
        (["bytes=5-"], RequestedRange(5, None)),
        (["bytes=-5"], RequestedRange(None, 5)),
        (["bytes=0-1,3-4"], None),
        (["bytes=0-1", "bytes=3-4"], None),
        (["bytes=-"], None),
        (["lines=0-9"], None),
        (["bytes=" + "9" * 30 + "-"], None),
        ([], None),
    ],
)
def test_one_range_is_read(values: list[str], expected: RequestedRange | None) -> None:
    """A Range field with one range of bytes is read; anything else is none."""
    assert parse_range(values) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes 0-9/20", KnownRange(0, 9, 20)),
        ("bytes 0-9/*", KnownRange(0, 9, None)),
        ("bytes 9-0/20", None),
        ("bytes 0-20/20", None),
        ("bytes */20", None),
        (None, None),
    ],
)
def test_content_range_is_read(value: str | None, expected: KnownRange | None) -> None:
    """A Content-Range field is read; an invalid one is none."""
    assert parse_content_range(value) == expected


def test_ranges_are_listed() -> None:
    """Each is listed once, in order of the first bytes, and only so many."""
    known = [KnownRange(10, 19, 40), None, KnownRange(0, 9, 40), KnownRange(10, 19, 40)]
    assert list_ranges(known) == ("0-9", "10-19")
    assert list_ranges([KnownRange(at, at, 40) for at in range(30)])[-2:] == ("19-19", "more")
