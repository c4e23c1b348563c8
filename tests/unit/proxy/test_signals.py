"""Signals that come when nobody can act upon them yet."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from proxy.signals import Interrupted, Signals

FIRST, SECOND = signal.SIGUSR1, signal.SIGUSR2  # which nobody else sends


@pytest.fixture
def signals() -> Iterator[Signals]:
    """Hears both, and leaves none to the tests after it."""
    before = [(number, signal.getsignal(number)) for number in (FIRST, SECOND)]
    yield Signals((FIRST, SECOND))
    for number, handler in before:
        signal.signal(number, handler)


def test_what_comes_is_kept_in_order(signals: Signals) -> None:
    for number in (SECOND, FIRST):
        signal.raise_signal(number)
    assert signals.heard == [SECOND, FIRST]


@pytest.mark.parametrize("early", [True, False])
def test_who_acts_upon_them_is_told(signals: Signals, early: bool) -> None:
    """Of one that came before, too."""
    told: list[int] = []
    if early:
        signal.raise_signal(FIRST)
    signals.tell(lambda: told.append(len(signals.heard)))
    if not early:
        signal.raise_signal(FIRST)
    assert told == [1]


def test_only_the_last_who_acts_is_told(signals: Signals) -> None:
    told: list[str] = []
    signals.tell(lambda: told.append("first"))
    signals.tell(lambda: told.append("last"))
    signal.raise_signal(FIRST)
    assert told == ["last"]


def test_what_came_first_is_what_interrupts(signals: Signals) -> None:
    signals.check()
    for number in (SECOND, FIRST):
        signal.raise_signal(number)
    with pytest.raises(Interrupted) as raised:
        signals.check()
    assert raised.value.number is SECOND


def test_at_the_end_nothing_is_heard(signals: Signals) -> None:
    signals.ignore()
    signal.raise_signal(FIRST)
    assert signals.heard == []
