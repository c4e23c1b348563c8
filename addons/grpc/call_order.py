"""The order of the messages of both sides of a gRPC call, while it is recorded."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable

from understudy.addons.loop.body_tap import BodyTap
from understudy.store.grpc.framing import MessageCounter
from understudy.store.model.exchanges import describe_cut_order
from understudy.store.model.websockets import MessageKind, WebSocketMessage

# The bound on what is remembered of one call (9 MB).
MOST_MESSAGES = 1_000_000
_CLIENT, _SERVER, _CLIENT_END = range(3)


class CallOrder:
    """The times and sides of the messages, as far as the bodies are recorded; their content is in the bodies."""

    def __init__(self) -> None:
        self._at = array("d")
        self._sides = array("B")
        self._is_cut = False

    def watch(self, tap: BodyTap, *, from_client: bool) -> Callable[[bytes], bytes]:
        """Return a function that takes the pieces of a side's body, for the tap, and notes the messages that end."""
        counter, side = MessageCounter(), _CLIENT if from_client else _SERVER

        def take(data: bytes) -> bytes:
            ended = counter.count(data)
            tap.take(data)
            if not tap.body.cut:
                self._note(side, ended)
            return data

        return take

    def end_client(self) -> None:
        """Note that the client sends no more."""
        self._note(_CLIENT_END, 1)

    def to_messages(self) -> list[WebSocketMessage]:
        """Return the order as it is stored."""
        return [
            WebSocketMessage(at, side != _SERVER, MessageKind.CLOSE if side == _CLIENT_END else MessageKind.GRPC)
            for at, side in zip(self._at, self._sides, strict=True)
        ]

    def describe_degradation(self) -> str:
        """Return why the order is incomplete; "" if it is complete."""
        return describe_cut_order(len(self._sides)) if self._is_cut else ""

    def _note(self, side: int, count: int) -> None:
        if len(self._sides) + count > MOST_MESSAGES:
            self._is_cut = True
            return
        now = time.time()
        self._at.extend([now] * count)
        self._sides.extend([side] * count)
