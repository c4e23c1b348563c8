"""Edits of bodies, and their chunks afterwards."""

from __future__ import annotations

import pytest

from understudy.store.model.messages import Chunk
from understudy.store.redaction.text_edits import Edit, apply_edits, move_chunks, to_byte_edits

BODY = b"0123456789"


@pytest.mark.parametrize(
    ("edits", "body"),
    [
        ([], BODY),
        ([(2, 4, b"x")], b"01x456789"),
        ([(0, 1, b"abc"), (1, 2, b""), (9, 10, b"z")], b"abc2345678z"),
        ([(0, 10, b"")], b""),
    ],
)
def test_bytes_between_edits_stay(edits: list[Edit], body: bytes) -> None:
    assert apply_edits(BODY, edits) == body


@pytest.mark.parametrize(
    ("edits", "sizes"),
    [
        ([], [4, 3, 3]),
        ([(1, 3, b"abcdef")], [8, 3, 3]),
        ([(5, 6, b"")], [4, 2, 3]),
        ([(0, 1, b""), (4, 5, b"xxx"), (9, 10, b"yy")], [3, 5, 4]),
        ([(3, 5, b"abcd")], [7, 2, 3]),  # it begins in the first chunk, which gets all new bytes
        ([(3, 8, b"")], [3, 2]),  # the second chunk would be empty
        ([(3, 8, b"abcdef")], [9, 2]),
        ([(4, 7, b"ab")], [4, 2, 3]),
    ],
)
def test_chunks_contain_the_same_parts(edits: list[Edit], sizes: list[int]) -> None:
    chunks = move_chunks((Chunk(0.1, 4), Chunk(0.2, 3), Chunk(0.3, 3)), edits)
    assert [chunk.size for chunk in chunks] == sizes
    assert sum(sizes) == len(apply_edits(BODY, edits))
    assert chunks[-1].at == 0.3


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_edits_of_characters_become_edits_of_bytes(encoding: str) -> None:
    text = "äbÖdü"
    edits = to_byte_edits(text, [(1, 2, "é"), (4, 5, "x")], encoding)
    assert apply_edits(text.encode(encoding), edits) == "äéÖdx".encode(encoding)
