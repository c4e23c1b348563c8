"""Turns of the event loop: who waits is served in order, and no turn sends more than its share."""

from __future__ import annotations

from collections.abc import Callable

from understudy.addons.loop.turns import Turns


class Loop:
    """An event loop whose turns a test takes."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []

    def call_soon(self, function: Callable[[], None]) -> None:
        self.due.append(function)

    def turn(self) -> None:
        due, self.due = self.due, []
        for function in due:
            function()


def test_a_turn_sends_no_more_than_its_share() -> None:
    loop, sent = Loop(), []
    turns = Turns(loop.call_soon, most=100)
    for number in range(5):
        turns.take(40, lambda number=number: sent.append(number))  # type: ignore[misc]
    loop.turn()
    assert sent == [0, 1, 2]
    loop.turn()
    assert (sent, loop.due) == ([0, 1, 2, 3, 4], [])


def test_each_has_a_turn_before_one_has_its_second() -> None:
    loop, sent = Loop(), []
    turns = Turns(loop.call_soon, most=1_000)

    def send(name: str) -> None:
        sent.append(name)
        if len(sent) < 6:
            turns.take(10, lambda: send(name))

    for name in "abc":
        turns.take(10, lambda name=name: send(name))  # type: ignore[misc]
    for _ in range(3):
        loop.turn()
    assert sent[:6] == ["a", "b", "c", "a", "b", "c"]


def test_one_piece_may_be_larger_than_the_share() -> None:
    loop, sent = Loop(), []
    turns = Turns(loop.call_soon, most=100)
    turns.take(500, lambda: sent.append(1))
    loop.turn()
    assert sent == [1]


def test_what_others_do_comes_between_two_turns() -> None:
    """A small answer does not wait for all that is left of large ones."""
    loop, sent = Loop(), []
    turns = Turns(loop.call_soon, most=10)
    for _ in range(100):
        turns.take(10, lambda: sent.append("large"))
    loop.turn()
    loop.call_soon(lambda: sent.append("small"))
    loop.turn()
    assert sent.index("small") <= 2
