"""Turns of the event loop: large answers are sent in pieces, and clients with small ones do not wait for them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

PIECE_BYTES = 64 * 1024
"""A larger answer is sent in pieces of this size."""
BYTES_PER_TURN = 512 * 1024
"""What all connections together send in one turn: well below a millisecond of copying."""

CallSoon = Callable[[Callable[[], None]], object]
"""Calls a function in the next turn, as `asyncio.AbstractEventLoop.call_soon`."""


class Turns:
    """Those who wait for a turn, served in their order; no more than `most` bytes are sent in one turn of the loop."""

    def __init__(self, call_soon: CallSoon, most: int = BYTES_PER_TURN) -> None:
        self._call_soon = call_soon
        self._most = most
        self._waiting: deque[tuple[int, Callable[[], object]]] = deque()

    def take(self, size: int, send: Callable[[], object]) -> None:
        """Have `send` called in a coming turn, to send about `size` bytes."""
        self._waiting.append((size, send))
        if len(self._waiting) == 1:
            self._call_soon(self._serve)

    async def wait(self, size: int) -> None:
        """Return in a turn in which `size` bytes can be sent."""
        come = asyncio.Event()
        self.take(size, come.set)
        await come.wait()

    def _serve(self) -> None:
        left, waiting = self._most, self._waiting
        self._waiting = deque()
        try:
            while left > 0 and waiting:
                size, send = waiting.popleft()
                left -= size
                send()
        finally:
            if waiting and not self._waiting:
                self._call_soon(self._serve)
            # Those who have had a turn come after those who have not.
            self._waiting.extendleft(reversed(waiting))
