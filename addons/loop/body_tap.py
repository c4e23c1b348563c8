"""Keeping a body while it is streamed through: in memory if it is small, else piece by piece in the store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from understudy.addons.loop.commits import Commits
from understudy.serving.http1.body_recorder import BodyLimits, BodyRecorder, Piece


class BodyTap:
    """The tap on one body, whose message `began` at a time in seconds since the epoch. For one event loop.

    `note_pending` is called with the number of bytes that are given to the store, and with the negative number when
    they are written.
    """

    def __init__(
        self,
        commits: Commits,
        keeping: BodyLimits,
        began: float,
        note_pending: Callable[[int], None] = lambda size: None,  # noqa: ARG005 - not all senders can be paused
    ) -> None:
        self._commits = commits
        self._began = began
        self._note_pending = note_pending
        self._last: asyncio.Future[int] | None = None
        self._failure: BaseException | None = None
        self.large_size = keeping.large
        self.body = BodyRecorder(keeping)

    def take(self, data: bytes) -> bytes:
        """Keep a piece that passes, and return it."""
        self.body.add(data, max(0.0, time.time() - self._began))
        self._keep(self.body.take_pieces())
        return data

    def spill(self) -> None:
        """Give the store what came, in pieces, although the body is small so far."""
        if self.body.size:
            self.body.make_large()
            self._keep(self.body.take_pieces())

    async def flush(self) -> None:
        """Wait until all pieces of a large body are in the store; raises StoreError if one cannot be kept."""
        self._keep(self.body.take_pieces(ended=True))
        if self._last is not None:
            await asyncio.wait([self._last])  # the earlier ones are done before it
        if self._failure is not None:
            raise self._failure

    def _keep(self, pieces: list[Piece]) -> None:
        if pieces and self._failure is None:
            size = sum(len(content) for *_, content in pieces)
            self._note_pending(size)
            self._last = self._commits.keep_pieces(pieces)
            self._last.add_done_callback(partial(self._handle_result, size))

    def _handle_result(self, size: int, done: asyncio.Future[int]) -> None:
        self._note_pending(-size)
        self._failure = self._failure or done.exception()
