"""How much a slow proof tries: little in every run of the suite, all of it in `make proofs`."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")
_is_whole = False


def set_whole(*, is_whole: bool) -> None:
    """Choose which it is, before test modules are imported."""
    global _is_whole
    _is_whole = is_whole


def choose(whole: T, small: T) -> T:
    """Return the number, or the list of cases, for this run."""
    return whole if _is_whole else small
