"""Ids that sort by time, in the format of ULIDs: 26 characters of Crockford's base 32 (github.com/ulid/spec)."""

from __future__ import annotations

import os
import re
import threading
import time

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_BITS = 80

_TO_BASE_32 = str.maketrans(ALPHABET, "0123456789ABCDEFGHIJKLMNOPQRSTUV")  # the digits that int() reads
_OWN = re.compile(f"[0-7][{ALPHABET}]{{25}}")
OrderKey = tuple[bool, str]
"""The key by which ids are ordered: ids of ours are higher than all imported ones."""

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


def _encode(value: int) -> str:
    return "".join(ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
