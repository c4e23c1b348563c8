"""Edits of a body: what is replaced by what, and where its pieces begin and end after that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import AnyStr

from understudy.store.model.messages import Chunk

Edit = tuple[int, int, bytes]
"""Where what is replaced begins and ends, in bytes, and what comes in its place. Edits are in order, none overlaps."""


def apply_edits(body: AnyStr, edits: Iterable[tuple[int, int, AnyStr]]) -> AnyStr:
    """A body after these edits, or a text, whose places are characters."""
    pieces: list[AnyStr] = []
    done = 0
    for start, end, new in edits:
        pieces += (body[done:start], new)
        done = end
    pieces.append(body[done:])
    return body[:0].join(pieces)


def to_byte_edits(text: str, edits: Sequence[tuple[int, int, str]], encoding: str) -> list[Edit]:
    """Edits of a text, in characters, as edits of its bytes; for encodings that write each character by itself."""
    if text.isascii():
        return [(start, end, new.encode(encoding, "surrogateescape")) for start, end, new in edits]
    found: list[Edit] = []
    characters = place = 0
    for start, end, new in edits:
        begins = place + _count_bytes(text[characters:start], encoding)
        place = begins + _count_bytes(text[start:end], encoding)
        characters = end
        found.append((begins, place, new.encode(encoding, "surrogateescape")))
    return found


def move_chunks(chunks: tuple[Chunk, ...], edits: Sequence[Edit]) -> tuple[Chunk, ...]:
    """The chunks of a body after these edits: what was replaced comes whole with the chunk in which it began."""
    ahead = iter(edits)
    edit = next(ahead, None)
    place = moved_by = 0
    came = 0  # of the new body, with the chunks so far
    after: list[Chunk] = []
    for chunk in chunks:
        place += chunk.size
        end = place + moved_by
        while edit is not None and edit[0] < place:
            start, stop, new = edit
            moved_by += len(new) - (stop - start)
            end = max(place, stop) + moved_by
            edit = next(ahead, None)
        if end > came:  # else it had nothing but a part of what was replaced
            after.append(replace(chunk, size=end - came))
            came = end
    return tuple(after)


def _count_bytes(text: str, encoding: str) -> int:
    return len(text.encode(encoding, "surrogateescape"))
