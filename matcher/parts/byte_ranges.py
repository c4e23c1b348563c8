"""Byte ranges of requests and of partial responses (RFC 9110, section 14)."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

_ONE_RANGE = re.compile(r"bytes[ \t]*=[ \t,]*(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))[ \t,]*", re.IGNORECASE)
_CONTENT_RANGE = re.compile(r"bytes[ \t]+([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.IGNORECASE)


class RequestedRange(msgspec.Struct, frozen=True):
    """One range of bytes that a request asks for, both ends included.

    Without `first`, `last` is the number of bytes at the end; without `last`, the range goes to the end.
    """

    first: int | None
    last: int | None

    @property
    def is_valid(self) -> bool:
        """Whether the last byte does not come before the first (RFC 9110, section 14.1.1)."""
        return self.first is None or self.last is None or self.first <= self.last

    def resolve(self, size: int) -> tuple[int, int]:
        """Return the first and last byte of a body of this size; nothing is left if the last comes before the first."""
        if self.first is None:
            length = self.last or 0
            return max(0, size - length), size - 1 if length else -1
        return self.first, size - 1 if self.last is None else min(self.last, size - 1)


class KnownRange(msgspec.Struct, frozen=True):
    """The bytes of a whole that a partial response holds, both ends included; `size` is None if it is unknown."""

    first: int
    last: int
    size: int | None

    @property
    def holds_all(self) -> bool:
        """Whether it is the whole."""
        return self.first == 0 and self.size is not None and self.last == self.size - 1

    def locate(self, asked: RequestedRange) -> tuple[int, int] | None:
        """Return the first and last byte of a requested range that lies in this one, or None."""
        if not asked.is_valid:
            return None
        if self.size is not None:
            first, last = asked.resolve(self.size)
        elif asked.first is None or asked.last is None:
            return None
        else:
            first, last = asked.first, asked.last
        return (first, last) if self.first <= first <= last <= self.last else None


def parse_range(values: list[str]) -> RequestedRange | None:
    """Return the range that the values of the Range field ask for; None for several ranges, or another unit."""
    found = _ONE_RANGE.fullmatch(values[0].strip()) if len(values) == 1 else None
    if found is None:
        return None
    if found[3]:
        return RequestedRange(None, int(found[3]))
    return RequestedRange(int(found[1]), int(found[2]) if found[2] else None)


def parse_content_range(value: str | None) -> KnownRange | None:
    """Return the range that a Content-Range field names; None without one, or for one that is invalid."""
    found = _CONTENT_RANGE.fullmatch(value.strip()) if value else None
    if found is None:
        return None
    first, last, size = int(found[1]), int(found[2]), None if found[3] == "*" else int(found[3])
    return None if last < first or (size is not None and last >= size) else KnownRange(first, last, size)


MAX_RANGES = 20  # ranges that a text lists


def list_ranges(known: Iterable[KnownRange | None]) -> tuple[str, ...]:
    """Return ranges as texts such as `0-99`, each once, in order; of more than 20 the first ones and `more`."""
    ranges = sorted({(each.first, each.last) for each in known if each is not None})
    texts = tuple(f"{first}-{last}" for first, last in ranges[:MAX_RANGES])
    return texts if len(ranges) <= MAX_RANGES else (*texts, "more")
