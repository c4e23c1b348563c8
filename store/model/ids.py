"""Ids that sort by time, in the format of ULIDs: 26 characters of Crockford's base 32 (github.com/ulid/spec)."""

from __future__ import annotations

import enum
import os
import re
import string
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_BITS = 80
SHORTEST_ENDING = 6
"""The characters of the shortest ending of an id that stands for it. The ids of one promotion begin alike."""

_TO_BASE_32 = str.maketrans(ALPHABET, "0123456789ABCDEFGHIJKLMNOPQRSTUV")  # the digits that int() reads
_OWN = re.compile(f"[0-7][{ALPHABET}]{{25}}")
OrderKey = tuple[bool, str]
"""The key by which ids are ordered: ids of ours are higher than all imported ones."""

_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)


class IdKind(enum.StrEnum):
    """What has an id, as errors name it."""

    SESSION = "session"
    COLLECTION = "collection"
    EXAMPLE = "example"
    ENVIRONMENT = "environment"
    MOCK_SERVER = "mock server"
    SERVER_ERROR = "server error"
    KEY = "key"


_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """Return a new id, greater than all ids that this process has created."""
    global _last
    candidate = (time.time_ns() // 1_000_000) << RANDOM_BITS | int.from_bytes(os.urandom(RANDOM_BITS // 8))
    with _lock:
        # Within one millisecond, or after the clock was set back, ids count up: they have to be ordered, not random.
        _last = max(candidate, _last + 1)
        return _encode(_last)


def id_from_age(seconds_ago: float) -> str:
    """Return the smallest id of a time in the past: earlier ids are less, later ids greater."""
    return _encode((time.time_ns() // 1_000_000 - int(seconds_ago * 1000)) << RANDOM_BITS)


def time_from_id(id: str) -> float | None:
    """Return the time at which an id was created, in seconds since the epoch; None for an id of another form."""
    if not is_own_id(id):
        return None
    return int(id[:10].translate(_TO_BASE_32), 32) / 1000


def is_own_id(id_: str) -> bool:
    """Return whether an id has the form of those that `new_id` returns; imported ids rarely have."""
    return _OWN.fullmatch(id_) is not None


def compute_order_key(id_: str) -> OrderKey:
    """Return the sort key of an id: ids of ours sort by time, above all imported ones, which sort as text."""
    return is_own_id(id_), id_


def find_shortest_endings(ids: Iterable[str], others: Iterable[str]) -> dict[str, str]:
    """Return the shortest ending of each id that neither another one nor one of `others` has; case does not count.

    It has at least `SHORTEST_ENDING` characters. It is the whole id where that is shorter, or is the ending of another.
    """
    wanted = list(ids)
    known = {*wanted, *others}
    usual = Counter(id[-SHORTEST_ENDING:].translate(_UPPER) for id in known)
    reversed_ids = sorted(_reverse(id) for id in known if usual[id[-SHORTEST_ENDING:].translate(_UPPER)] > 1)
    return {id: _shorten(id, reversed_ids) for id in wanted}


def _reverse(id: str) -> str:
    return id.translate(_UPPER)[::-1]


def _shorten(id: str, reversed_ids: list[str]) -> str:
    own = _reverse(id)
    place = bisect_left(reversed_ids, own)
    # Those that share most with this one stand beside it; an equal one differs in case only.
    beside = reversed_ids[max(place - 1, 0) : place] + reversed_ids[place + 1 : place + 2]
    shared = max((_count_shared(own, other) for other in beside), default=0)
    return id[-max(shared + 1, SHORTEST_ENDING) :]


def _count_shared(one: str, other: str) -> int:
    """Return the number of characters with which both begin."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _encode(value: int) -> str:
    return "".join(ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
