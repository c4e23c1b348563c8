"""A connection is read while no party has a reason to pause it."""

from __future__ import annotations

import asyncio
from itertools import permutations

import pytest

from understudy.addons.loop.reading_gate import PauseReason, ReadingGate


class Transport(asyncio.Transport):
    """A transport that notes whether it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.paused = False

    def is_reading(self) -> bool:
        return not self.paused

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


@pytest.mark.parametrize("order", list(permutations(list(PauseReason)[:3])))
def test_it_is_read_again_after_the_last_reason(order: tuple[PauseReason, ...]) -> None:
    transport = Transport()
    gate = ReadingGate(transport)
    for reason in list(PauseReason)[:3]:
        gate.pause_reading(reason)
    for reason in order:
        assert transport.paused
        gate.resume_reading(reason)
    assert not transport.paused


def test_a_reason_counts_once() -> None:
    transport = Transport()
    gate = ReadingGate(transport)
    gate.pause_reading(PauseReason.BODIES)
    gate.pause_reading(PauseReason.BODIES)
    gate.resume_reading(PauseReason.BODIES)
    assert not transport.paused


def test_a_reason_that_is_not_set_resumes_nothing() -> None:
    transport = Transport()
    gate = ReadingGate(transport)
    gate.pause_reading(PauseReason.BODIES)
    gate.resume_reading(PauseReason.MESSAGES)
    assert transport.paused


async def test_a_stream_reader_with_a_full_buffer_is_one_of_the_parties() -> None:
    """What the store resumes stays paused until the buffer is read; what is read stays paused for the store."""
    transport, reader = Transport(), asyncio.StreamReader(limit=1)
    gate = ReadingGate(transport)
    reader._transport = gate  # type: ignore[attr-defined]
    gate.pause_reading(PauseReason.MESSAGES)
    reader.feed_data(b"xxx")
    gate.resume_reading(PauseReason.MESSAGES)
    assert transport.paused
    gate.pause_reading(PauseReason.MESSAGES)
    assert await reader.read(3) == b"xxx"
    assert transport.paused
    gate.resume_reading(PauseReason.MESSAGES)
    assert not transport.paused


def test_a_transport_that_a_reader_has_paused_before_is_resumed_by_it() -> None:
    transport = Transport()
    transport.paused = True
    ReadingGate(transport).resume_reading()
    assert not transport.paused
