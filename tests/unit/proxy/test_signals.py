"""Signals that come before a program can handle them."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest

from understudy.proxy.signals import Interrupted, SignalHandler

FIRST, SECOND = signal.SIGUSR1, signal.SIGUSR2  # which nobody else sends


@pytest.fixture
def signals() -> Iterator[SignalHandler]:
    """A handler of both signals that restores the former handlers."""
    before = [(number, signal.getsignal(number)) for number in (FIRST, SECOND)]
    with SignalHandler((FIRST, SECOND)) as heard:
        yield heard
    for number, handler in before:
        signal.signal(number, handler)


def test_signals_are_kept_in_order(signals: SignalHandler) -> None:
    for number in (SECOND, FIRST):
        signal.raise_signal(number)
    assert signals.received == [SECOND, FIRST]


@pytest.mark.parametrize("early", [True, False])
def test_the_callback_is_called(signals: SignalHandler, early: bool) -> None:
    """Also for a signal that came before."""
    told: list[int] = []
    if early:
        signal.raise_signal(FIRST)
    signals.set_callback(lambda: told.append(len(signals.received)))
    if not early:
        signal.raise_signal(FIRST)
    assert told == [1]


def test_only_the_last_callback_is_called(signals: SignalHandler) -> None:
    told: list[str] = []
    signals.set_callback(lambda: told.append("first"))
    signals.set_callback(lambda: told.append("last"))
    signal.raise_signal(FIRST)
    assert told == ["last"]


def test_the_first_signal_interrupts(signals: SignalHandler) -> None:
    signals.raise_if_received()
    for number in (SECOND, FIRST):
        signal.raise_signal(number)
    with pytest.raises(Interrupted) as raised:
        signals.raise_if_received()
    assert raised.value.number is SECOND


def test_signals_are_ignored_at_the_end(signals: SignalHandler) -> None:
    signals.ignore()
    signal.raise_signal(FIRST)
    assert signals.received == []


@pytest.mark.parametrize(
    ("ignored", "failed", "left"),
    [(False, False, False), (False, True, False), (True, True, False), (True, False, True)],
)
def test_after_the_block_the_former_handlers_are_back(ignored: bool, failed: bool, left: bool) -> None:
    """Unless they were ignored in a block that ended without an error."""
    before = signal.getsignal(FIRST)
    with suppress(ValueError), SignalHandler([FIRST]) as signals:
        if ignored:
            signals.ignore()
        if failed:
            raise ValueError
    after = signal.signal(FIRST, before)
    assert after is (signal.SIG_IGN if left else before)


async def test_a_signal_in_another_thread_wakes_a_loop(signals: SignalHandler) -> None:
    """So does one that comes just before the loop sleeps."""
    loop, told, asleep = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def be_signalled() -> None:
        asleep.wait()
        signal.pthread_kill(threading.get_ident(), FIRST)

    with signals.wake_loop(loop):
        signals.set_callback(partial(loop.call_soon_threadsafe, told.set))
        thread = threading.Thread(target=be_signalled)
        thread.start()
        loop.call_soon(asleep.set)
        async with asyncio.timeout(10):
            await told.wait()
    thread.join()


async def test_work_without_a_signal_returns_its_result(signals: SignalHandler) -> None:
    assert await signals.run_interruptible(asyncio.sleep(0, "done")) == "done"


async def test_work_is_interrupted(signals: SignalHandler) -> None:
    async def forever() -> None:
        signal.raise_signal(FIRST)
        await asyncio.Event().wait()

    with pytest.raises(Interrupted):
        await signals.run_interruptible(forever())


async def test_work_is_interrupted_by_an_earlier_signal(signals: SignalHandler) -> None:
    signal.raise_signal(FIRST)
    with pytest.raises(Interrupted):
        await signals.run_interruptible(asyncio.Event().wait())


async def test_a_signal_at_the_end_of_the_work_interrupts_too(signals: SignalHandler) -> None:
    async def work() -> None:
        signal.raise_signal(FIRST)

    with pytest.raises(Interrupted):
        await signals.run_interruptible(work())


async def test_work_that_fails_raises_its_error(signals: SignalHandler) -> None:
    """Also if a signal came meanwhile."""

    async def fail() -> None:
        signal.raise_signal(FIRST)
        raise ValueError

    with pytest.raises(ValueError):
        await signals.run_interruptible(fail())
