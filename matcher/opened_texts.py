"""Texts in which what patterns find does not count."""

from __future__ import annotations

from functools import lru_cache

from understudy.store.redaction.placeholders import CONSTANT, PATTERN
from understudy.store.redaction.secret_patterns import Patterns


def opened_text(body: bytes, patterns: frozenset[str]) -> bytes:
    """The text with one word in the place of all that these patterns find, and of every placeholder."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body
    pieces: list[str] = []
    done = 0
    for start, end, _ in text_patterns(patterns).found(text):
        pieces += (text[done:start], CONSTANT)
        done = end
    return "".join([*pieces, text[done:]]).encode()


@lru_cache(maxsize=256)
def text_patterns(patterns: frozenset[str]) -> Patterns:
    """The compiled patterns; raises ValueError for one that cannot be read."""
    try:
        return Patterns([PATTERN, *sorted(filter(None, patterns))], built_in=False)
    except ValueError as error:
        raise ValueError(f"expected regular expressions, got {sorted(patterns)}: {error}") from error
