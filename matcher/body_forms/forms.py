"""Canonical forms of forms: pairs in any order."""

from __future__ import annotations

from urllib.parse import quote

from understudy.matcher import normal_forms
from understudy.matcher.body_forms.open_places import Mark, Marks

MAX_PAIRS = 100_000  # larger forms are compared as bytes: each pair costs a microsecond or two


def canonicalize_form(body: bytes, marks: Marks) -> bytes:
    """Return the sorted pairs of a form, with a mark for each value left open, without ignored pairs.

    Raises ValueError for too many pairs.
    """
    check_pairs(body)
    pairs = (
        f"{_quote(name)}={marks[name] if name in marks else _quote(value)}"
        for name, value in normal_forms.parse_query_pairs(body)
        if marks.get(name) is not Mark.IGNORED
    )
    return "&".join(sorted(pairs)).encode("ascii")


def check_pairs(body: bytes) -> None:
    """Raise ValueError for a form of too many pairs."""
    if body.count(b"&") > MAX_PAIRS:
        raise ValueError("too many pairs")


def _quote(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")
