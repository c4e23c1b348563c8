"""Schedules of bodies in memory, and of bodies that the store returns piece by piece."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.serving.answers.body_schedule import BodySchedule, DueChunk, Fetch, slice_body
from understudy.store.model.messages import BodyRef, Chunk

BODY = b"0123456789"
REF = BodyRef("d1935", len(BODY))


def sent(sending: BodySchedule, stored: list[bytes]) -> list[DueChunk]:
    """Return what is sent of a body that is stored in these pieces."""
    dues = []
    while (step := sending.next()) is not None:
        if isinstance(step, Fetch):
            assert step.position is not None
            sending.add_piece(stored[step.position])
        else:
            dues.append(step)
    return dues


def test_chunks_set_the_times_of_the_pieces() -> None:
    sending = BodySchedule([Chunk(0.5, 4), Chunk(1.0, 0), Chunk(2.0, 6)], BODY)
    assert sent(sending, []) == [DueChunk(0.5, b"0123"), DueChunk(2.0, b"456789")]


def test_without_chunks_a_stored_body_is_sent_as_it_is_read() -> None:
    assert sent(BodySchedule((), REF), [b"01234", b"56789"]) == [DueChunk(0.0, b"01234"), DueChunk(0.0, b"56789")]


@pytest.mark.parametrize("body", [b"", BodyRef("empty", 0)])
def test_an_empty_body_has_no_pieces(body: bytes | BodyRef) -> None:
    assert sent(BodySchedule((), body), []) == []


@given(st.lists(st.integers(0, 5)), st.lists(st.binary(max_size=6)))
def test_the_body_is_sent_completely_in_any_pieces(sizes: list[int], stored: list[bytes]) -> None:
    """In the bounds of its chunks, and the rest as it is read."""
    whole = b"".join(stored)
    dues = sent(BodySchedule([Chunk(0.0, size) for size in sizes], BodyRef("d1935", len(whole))), stored)
    assert b"".join(due.content for due in dues) == whole
    if sum(sizes) <= len(whole):
        wanted = [size for size in sizes if size]
        assert [len(due.content) for due in dues][: len(wanted)] == wanted


@given(st.data(), st.lists(st.binary(min_size=1, max_size=6), min_size=1))
def test_a_slice_of_a_stored_body_is_the_bytes_of_the_slice(data: st.DataObject, stored: list[bytes]) -> None:
    """In whatever pieces the body is stored; no piece behind the slice is read."""
    whole = b"".join(stored)
    first = data.draw(st.integers(0, len(whole) - 1))
    last = data.draw(st.integers(first, len(whole) - 1))
    count = next(count for count in range(len(stored) + 1) if len(b"".join(stored[:count])) > last)
    dues = sent(BodySchedule((), slice_body(BodyRef("d1935", len(whole)), first, last)), stored[:count])
    assert b"".join(due.content for due in dues) == slice_body(whole, first, last)
