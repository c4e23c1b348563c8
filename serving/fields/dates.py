"""Recorded dates in answers, moved by the time since the recording: what was valid for a day then is so now."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate
from math import inf
from time import gmtime, time

from understudy.store.model.collections import Example
from understudy.store.model.ids import time_from_id
from understudy.store.model.messages import Headers, Response
from understudy.store.model.values import replace
from understudy.store.redaction.jwt_placeholders import has_jwt_placeholder, move_jwt_times

_DATE_FIELDS = frozenset({b"date", b"expires"})
_COOKIE_EXPIRY = re.compile(rb"(;\s*expires\s*=\s*)([^;]*)", re.IGNORECASE)
# RFC 9110, section 5.6.7, and the form of old cookies: Sun, 06-Nov-1994 08:49:37 GMT.
_DATE = re.compile(rb"[A-Za-z]{3,9}, \d{1,2}([ -])[A-Za-z]{3}[ -]\d{2,4} \d\d:\d\d:\d\d (?:GMT|UTC)")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# An earlier date is a constant that means "expired": it is no time after a recording.
_FIRST_YEAR, _LAST_YEAR = 1971, 9999


@dataclass(frozen=True, slots=True)
class Dates:
    """How the dates of recorded answers are sent; `now` returns seconds since the epoch.

    `Date`, `Expires`, the Expires of cookies, and the times of redacted JSON Web Tokens are moved. A recording is as
    old as its `Date` field, without one as its id.
    """

    is_shifted: bool = True
    now: Callable[[], float] = time

    def apply(self, response: Response, example: Example) -> Response:
        """Return the response of an example with its dates moved; the same object if it has none.

        `response` has the length of its body in its header already: it stays. A body that is in the store stays too.
        """
        if not self._concerns(response, example):
            return response
        shift = _find_shift(example, int(self.now()))
        fields = tuple((name, _move_field(name.lower(), value, shift)) for name, value in response.headers.fields)
        body = move_jwt_times(response.body, shift) if isinstance(response.body, bytes) else response.body
        is_same = fields == response.headers.fields and body == response.body
        return response if is_same else replace(response, headers=Headers(fields), body=body)

    def find_end(self, response: Response, example: Example) -> float:
        """Return the time at which the dates of a response change, in seconds since the epoch; infinite without any."""
        return int(self.now()) + 1 if self._concerns(response, example) else inf

    def _concerns(self, response: Response, example: Example) -> bool:
        is_recorded = bool(example.fingerprint) or example.entry is not None
        return self.is_shifted and is_recorded and _has_dates(response)


AS_NOW = Dates()
"""Recorded dates as they would be now."""


def _has_dates(response: Response) -> bool:
    has_token = isinstance(response.body, bytes) and has_jwt_placeholder(response.body)
    return has_token or any(_has_date(*field) for field in response.headers.fields)


def _has_date(name: bytes, value: bytes) -> bool:
    lower = name.lower()
    is_date = lower in _DATE_FIELDS or (lower == b"set-cookie" and _COOKIE_EXPIRY.search(value) is not None)
    return is_date or has_jwt_placeholder(value)


def _find_shift(example: Example, now: int) -> int:
    """Return the seconds since the recording of an example."""
    date = example.response.headers.get("date")
    recorded: float | None = _parse(date.encode("latin-1")) if date is not None else None
    if recorded is None:
        recorded = time_from_id(example.id)
    return 0 if recorded is None else now - int(recorded)


def _move_field(name: bytes, value: bytes, shift: int) -> bytes:
    if name in _DATE_FIELDS:
        return _move(value, shift)
    if name == b"set-cookie":
        value = _COOKIE_EXPIRY.sub(lambda expiry: expiry[1] + _move(expiry[2], shift), value)
    return move_jwt_times(value, shift)


def _move(date: bytes, shift: int) -> bytes:
    at = _parse(date)
    if at is None:
        return date
    separator = "-" if b"-" in date else " "
    try:
        moved = gmtime(at + shift)
    except (OverflowError, ValueError, OSError):
        return date
    if not _FIRST_YEAR <= moved.tm_year <= _LAST_YEAR:
        return date
    day = separator.join((f"{moved.tm_mday:02}", _MONTHS[moved.tm_mon - 1], f"{moved.tm_year:04}"))
    clock = f"{moved.tm_hour:02}:{moved.tm_min:02}:{moved.tm_sec:02}"
    return f"{_DAYS[moved.tm_wday]}, {day} {clock} GMT".encode("ascii")


def _parse(date: bytes) -> int | None:
    stripped = date.strip()
    parts = parsedate(stripped.decode("latin-1")) if _DATE.fullmatch(stripped) else None
    return timegm(parts) if parts is not None and parts[0] >= _FIRST_YEAR else None
