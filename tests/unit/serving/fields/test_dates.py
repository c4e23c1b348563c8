"""Dates of recorded answers, moved by the time since the recording."""

from __future__ import annotations

from math import inf

import pytest

from tests.factories.messages import make_example, make_response
from understudy.serving.fields.dates import Dates
from understudy.store.model.collections import Example
from understudy.store.model.ids import new_id, time_from_id
from understudy.store.model.values import replace

RECORDED = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
AT = 784111777  # seconds since the epoch
DAY = 24 * 60 * 60
NEXT_DAY = ("Date", "Mon, 07 Nov 1994 08:49:37 GMT")


def recorded(*fields: tuple[str, str], id: str = "01") -> Example:
    return replace(make_example(id=id, response=make_response(headers=fields)), fingerprint="f")


def moved(example: Example, now: float = AT + DAY) -> list[tuple[str, str]]:
    """Return the header fields that are sent at this time, by default a day later."""
    return list(Dates(now=lambda: now).apply(example.response, example).headers)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Expires", "Sun, 06 Nov 1994 09:49:37 GMT", "Mon, 07 Nov 1994 09:49:37 GMT"),
        ("expires", "Fri, 30 Dec 1994 23:59:59 GMT", "Sat, 31 Dec 1994 23:59:59 GMT"),
        ("Set-Cookie", "a=; Expires=Sun, 06 Nov 1994 09:49:37 GMT; A", "a=; Expires=Mon, 07 Nov 1994 09:49:37 GMT; A"),
        ("Set-Cookie", "a=1;expires=Sun, 06-Nov-1994 09:49:37 GMT", "a=1;expires=Mon, 07-Nov-1994 09:49:37 GMT"),
        ("Set-Cookie", "a=1; expires=Sunday, 06-Nov-94 09:49:37 GMT", "a=1; expires=Mon, 07-Nov-1994 09:49:37 GMT"),
        ("Expires", "0", "0"),
        ("Expires", "-1", "-1"),
        ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("Expires", "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ("Expires", "Sun, 06 Foo 1994 09:49:37 GMT", "Sun, 06 Foo 1994 09:49:37 GMT"),
        ("Set-Cookie", "expires=Sun, 06 Nov 1994 09:49:37 GMT", "expires=Sun, 06 Nov 1994 09:49:37 GMT"),
        ("Last-Modified", "Sun, 06 Nov 1994 07:49:37 GMT", "Sun, 06 Nov 1994 07:49:37 GMT"),
        ("X-Date", "Sun, 06 Nov 1994 07:49:37 GMT", "Sun, 06 Nov 1994 07:49:37 GMT"),
    ],
)  # fmt: skip
def test_dates_are_moved_by_the_time_since_the_recording(name: str, value: str, expected: str) -> None:
    assert moved(recorded(RECORDED, (name, value))) == [NEXT_DAY, (name, expected)]


def test_without_a_date_a_recording_is_as_old_as_its_id() -> None:
    id = new_id()
    made = time_from_id(id)
    assert made is not None
    example = recorded(("Expires", "Sun, 06 Nov 1994 09:49:37 GMT"), id=id)
    assert moved(example, int(made) + DAY) == [("Expires", "Mon, 07 Nov 1994 09:49:37 GMT")]
    assert time_from_id("9a1f7c4e-0c1d-4a59-9d8a-0f1e2d3c4b5a") is None


def test_a_typed_in_example_keeps_its_dates() -> None:
    example = replace(recorded(RECORDED), fingerprint="")
    assert Dates().apply(example.response, example) is example.response
    assert moved(replace(example, entry=1)) == [NEXT_DAY]


def test_no_date_is_moved_if_that_is_switched_off() -> None:
    example = recorded(RECORDED)
    assert Dates(is_shifted=False).apply(example.response, example) is example.response


def test_a_reply_with_dates_ends_with_the_second() -> None:
    dates = Dates(now=lambda: AT + 0.5)
    assert dates.find_end(recorded(RECORDED)) == AT + 1
    assert dates.find_end(recorded(("Set-Cookie", "a=1; Expires=Sun, 06 Nov 1994 09:49:37 GMT"))) == AT + 1
    assert dates.find_end(recorded(("Set-Cookie", "a=1"))) == inf
    assert Dates(is_shifted=False).find_end(recorded(RECORDED)) == inf
