"""The open connections of one process: what they share, and replies that are delayed, all on one timer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from heapq import heappop, heappush
from random import Random
from time import monotonic
from typing import Protocol

from understudy.addons.loop.held_requests import HeldRequests
from understudy.addons.loop.turns import Turns
from understudy.serving.answers.behaviour_plan import MILLISECOND, draw_delay
from understudy.serving.answers.body_schedule import Fetch
from understudy.serving.answers.replies import Reply
from understudy.serving.http1.limits import Limits
from understudy.serving.site_protocol import Site
from understudy.store.model.messages import Body

logger = logging.getLogger(__name__)

ReadBody = Callable[[Body, int | None], Awaitable[bytes]]


class OpenConnection(Protocol):
    """A connection as the set of all of them sees it."""

    def enforce_limits(self, now: float) -> None:
        """Close the connection if it waits longer than its limits allow; called twice a second."""
        ...

    def end_soon(self) -> None:
        """Close the connection after the answer under way, or now without one."""
        ...

    def abort(self) -> None:
        """Close the connection at once."""
        ...

    def receive_body(self, content: bytes | None) -> None:
        """Go on with the body that was fetched; None if it cannot be read."""
        ...

    def send_delayed(self, data: bytes, site: Site, reply: Reply, at: float) -> None:
        """Send a reply whose delay is over, to the request `data` that came `at`."""
        ...


class OpenConnections:
    """The open connections of one process, and what they share: the site and the limits.

    One look at all of them, twice a second, closes those that exceed a limit: a timer each would cost more. What the
    client of a recording gave up is held open for `hold_seconds`, without a limit if that is None.
    """

    def __init__(
        self,
        site: Site,
        limits: Limits,
        read: ReadBody,
        hold_seconds: float | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.site = site
        self.held = HeldRequests(asyncio.get_running_loop().call_later, hold_seconds)
        self.limits = limits
        self.turns = Turns(asyncio.get_running_loop().call_soon)
        self._clock = clock
        self.ending = False
        self.open: set[OpenConnection] = set()
        self.all_closed = asyncio.Event()
        self.all_closed.set()
        self.delayed_replies = DelayedReplies()
        self._read = read
        self._tasks: set[asyncio.Task[None]] = set()

    def tick(self) -> None:
        """Enforce the limits."""
        now = self._clock()
        for connection in list(self.open):
            connection.enforce_limits(now)

    def end(self) -> None:
        """Close idle and held connections now, the others after the answer under way."""
        self.ending = True
        for connection in list(self.open):
            connection.end_soon()
        self.held.close()

    def set_site(self, site: Site) -> None:
        """Answer from this site from now on."""
        self.site = site

    def abort(self) -> None:
        """Close every connection that is left."""
        for connection in list(self.open):
            connection.abort()

    def fetch(self, connection: OpenConnection, fetch: Fetch) -> None:
        """Read a body, or a piece of it, and give it to the connection."""
        self._tasks.add(task := asyncio.ensure_future(self._fetch(connection, fetch)))
        task.add_done_callback(self._tasks.discard)

    async def _fetch(self, connection: OpenConnection, fetch: Fetch) -> None:
        try:
            content: bytes | None = await self._read(fetch.body, fetch.position)
        except Exception:  # the client gets an error
            logger.exception("could not read a body")
            content = None
        connection.receive_body(content)


class DelayedReplies:
    """Known replies that are delayed, all on one timer: one for each would cost more than the answer."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._random = Random()  # noqa: S311 - delays, no secrets
        self._due: list[tuple[float, int, OpenConnection, bytes, Site, Reply, float]] = []
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None

    def schedule(self, connection: OpenConnection, data: bytes, site: Site, reply: Reply, at: float) -> None:
        """Have the connection send the reply when its delay is over."""
        assert reply.delay is not None
        due = self._loop.time() + draw_delay(reply.delay, self._random) * MILLISECOND
        self._number += 1
        heappush(self._due, (due, self._number, connection, data, site, reply, at))
        if self._due[0][1] == self._number:
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._due[0][0], self._send_due)

    def _send_due(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._due and self._due[0][0] <= now:
            _, _, connection, data, site, reply, at = heappop(self._due)
            connection.send_delayed(data, site, reply, at)
        if self._due and self._timer is None:
            self._set_timer()
