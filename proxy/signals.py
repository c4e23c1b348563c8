"""The signals that a program hears, from its first moment to its last: none gets lost while nobody can act upon it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable


class Interrupted(BaseException):
    """A signal came before there was anything to end in order; `number` is the signal's."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number)
        self.number = number


class Signals:
    """Hears these signals from now on; made in the main thread. `heard` are those that came, for who acts upon them."""

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self.heard: list[signal.Signals] = []
        self._numbers = tuple(numbers)
        self._tell: Callable[[], object] = lambda: None
        for number in self._numbers:
            signal.signal(number, self._hear)

    def tell(self, tell: Callable[[], object]) -> None:
        """Have this called whenever one has come, instead of what was; and now, if one has come already."""
        self._tell = tell
        if self.heard:
            tell()

    def check(self) -> None:
        """Raise Interrupted if one has come."""
        if self.heard:
            raise Interrupted(self.heard[0])

    def ignore(self) -> None:
        """Hear nothing more: what is still to be done must not be cut off."""
        for number in self._numbers:
            signal.signal(number, signal.SIG_IGN)

    def _hear(self, number: int, _: object) -> None:
        self.heard.append(signal.Signals(number))
        self._tell()
