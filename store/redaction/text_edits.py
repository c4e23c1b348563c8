"""Edits of a body: apply them, and adapt the chunks of the body to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import AnyStr

from understudy.store.model.messages import Chunk
from understudy.store.model.values import replace

Edit = tuple[int, int, bytes]
"""Start and end of the replaced bytes, and the new bytes. A list of edits is in order and without overlap."""


def apply_edits(body: AnyStr, edits: Iterable[tuple[int, int, AnyStr]]) -> AnyStr:
    """Return a body after these edits, or a text after edits whose offsets are in characters."""
    pieces: list[AnyStr] = []
    offset = 0
    for start, end, new in edits:
        pieces += (body[offset:start], new)
        offset = end
    pieces.append(body[offset:])
    return body[:0].join(pieces)


def to_byte_edits(text: str, edits: Sequence[tuple[int, int, str]], encoding: str) -> list[Edit]:
    """Return edits of a text, in characters, as edits of its bytes.

    The encoding must encode each character independently of the others.
    """
    if text.isascii():
        return [(start, end, new.encode(encoding, "surrogateescape")) for start, end, new in edits]
    byte_edits: list[Edit] = []
    character_offset = byte_offset = 0
    for start, end, new in edits:
        byte_start = byte_offset + _count_bytes(text[character_offset:start], encoding)
        byte_offset = byte_start + _count_bytes(text[start:end], encoding)
        character_offset = end
        byte_edits.append((byte_start, byte_offset, new.encode(encoding, "surrogateescape")))
    return byte_edits


def move_chunks(chunks: tuple[Chunk, ...], edits: Sequence[Edit]) -> tuple[Chunk, ...]:
    """Return the chunks of a body after these edits; new bytes belong to the chunk in which the old ones began."""
    remaining = iter(edits)
    edit = next(remaining, None)
    old_end = growth = 0
    new_end = 0
    moved: list[Chunk] = []
    for chunk in chunks:
        old_end += chunk.size
        end = old_end + growth
        while edit is not None and edit[0] < old_end:
            start, stop, new = edit
            growth += len(new) - (stop - start)
            end = max(old_end, stop) + growth
            edit = next(remaining, None)
        if end > new_end:  # otherwise the chunk was a part of replaced bytes
            moved.append(replace(chunk, size=end - new_end))
            new_end = end
    return tuple(moved)


def _count_bytes(text: str, encoding: str) -> int:
    return len(text.encode(encoding, "surrogateescape"))
