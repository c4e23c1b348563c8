"""One client's connection to a mock server: the socket's side of `serving.responder`, on asyncio or uvloop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
import struct
from collections.abc import Awaitable, Callable
from heapq import heappop, heappush
from random import Random
from time import time
from typing import cast

from understudy.serving.answers.behaviour_plan import MILLISECOND, draw_delay
from understudy.serving.answers.body_schedule import Fetch
from understudy.serving.answers.replies import Reply, Upgrade
from understudy.serving.http1.limits import Limits
from understudy.serving.http1.wire import CLOSE, add_connection
from understudy.serving.responder import Responder
from understudy.serving.site_protocol import Site
from understudy.serving.steps import Close, HandOver, Step, Wait
from understudy.store.model.messages import Body

logger = logging.getLogger(__name__)

# After its last answer, a client that is still sending is listened to: until it pauses for so long, or all in all.
LINGER_SECONDS = 2
LONGEST_LINGER_SECONDS = 30
_RESET_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER, for no time: close sends RST


class OpenConnections:
    """The open connections of one process, and what they share: the site, the limits, and a clock of whole seconds.

    One look at all of them every second ends those that keep a limit waiting: a timer each would cost more.
    """

    def __init__(self, site: Site, limits: Limits, read: Callable[[Body, int | None], Awaitable[bytes]]) -> None:
        self.site = site
        self.limits = limits
        waits = (limits.head_seconds, limits.body_seconds, limits.idle_seconds, limits.write_seconds)
        self.shortest_wait = min(LINGER_SECONDS, *waits) / 2
        self.read = read
        self.seconds = 0
        self.ending = False
        self.open: set[MockConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.all_closed = asyncio.Event()
        self.all_closed.set()
        self.delayed_replies = DelayedReplies()

    def make_connection(self) -> MockConnection:
        """The protocol of a connection that is made."""
        return MockConnection(self)

    def tick(self) -> None:
        """A second has passed."""
        self.seconds += 1
        for connection in list(self.open):
            connection.enforce_limits()

    def end(self) -> None:
        """Close idle connections now, the others after the answer under way."""
        self.ending = True
        for connection in list(self.open):
            connection.end_soon()

    def set_site(self, site: Site) -> None:
        """Answer from this site from now on."""
        self.site = site

    def abort(self) -> None:
        """Cut off every connection that is left."""
        for connection in list(self.open):
            connection.abort()

    def fetch(self, connection: MockConnection, wanted: Fetch) -> None:
        """Read a body, or a piece of it, then let the connection go on."""
        self._tasks.add(task := asyncio.ensure_future(self._fetch(connection, wanted)))
        task.add_done_callback(self._tasks.discard)

    async def _fetch(self, connection: MockConnection, wanted: Fetch) -> None:
        try:
            content: bytes | None = await self.read(wanted.body, wanted.position)
        except Exception:  # the client is told
            logger.exception("could not read a body")
            content = None
        connection.receive_body(content)


class DelayedReplies:
    """Known replies that are held up, all on one timer: one of its own for each would cost more than the answer."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._chance = Random()  # noqa: S311 - delays, no secrets
        self._due: list[tuple[float, int, MockConnection, bytes, Site, Reply, float]] = []
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None

    def schedule(self, connection: MockConnection, data: bytes, site: Site, reply: Reply, at: float) -> None:
        """Have the connection send the reply when its delay is over."""
        assert reply.delay is not None
        due = self._loop.time() + draw_delay(reply.delay, self._chance) * MILLISECOND
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


class MockConnection(asyncio.Protocol):
    """Answers at once where the whole request is known; otherwise does what the responder says, step by step."""

    __slots__ = (
        "_all",
        "_full",
        "_lingering",
        "_paused",
        "_responder",
        "_since",
        "_timer",
        "_tls",
        "_transport",
        "_unsent",
        "_waiting",
    )

    def __init__(self, connections: OpenConnections) -> None:
        self._all = connections
        self._responder = Responder(lambda: connections.site, connections.limits)
        self._timer: asyncio.TimerHandle | None = None
        self._waiting = False  # for a timer or a body
        self._paused = False  # the client does not read
        self._lingering: int | None = None  # answered for good, listening only, and until when
        self._full = False  # more came while something was waited for: nothing further is read
        self._since = connections.seconds  # when what is waited for now began
        self._unsent = 0  # bytes that the client had not taken at the last look

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = cast("asyncio.Transport", transport)
        self._tls = not self._transport.can_write_eof()
        self._all.open.add(self)
        self._all.all_closed.clear()
        if self._all.ending:
            self._responder.end_soon()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it so
        """The client has gone."""
        if self._timer is not None:
            self._timer.cancel()
        self._all.open.discard(self)
        if not self._all.open:
            self._all.all_closed.set()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        everything, responder = self._all, self._responder
        idle = responder.is_idle
        if idle and not everything.ending:
            site = everything.site
            reply = site.wire_cache.get(data)
            if reply is not None and not (self._waiting or self._paused):
                self._since = everything.seconds
                at = time()
                if reply.delay is not None:
                    self._waiting = True
                    everything.delayed_replies.schedule(self, data, site, reply, at)
                    return
                self._transport.write(reply.wire)
                site.log_call(data, reply, at, time() - at)
                return
        if self._lingering is not None:
            self._since = min(everything.seconds, self._lingering)
            return
        in_head = not idle and responder.reader.is_in_head
        responder.receive(data)
        # A head is waited for as a whole, a body piece by piece.
        if not in_head or responder.is_busy or not responder.reader.is_in_head:
            self._since = everything.seconds
        if not self._waiting and not self._paused:
            self._advance()
        if self._waiting and not self._transport.is_closing():
            self._full = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The client sends no more; it may still read the answers to what it sent."""
        self._responder.end_input()
        if self._lingering is None and not self._is_blocked():
            self._advance()
        # A client of TLS that ends its side ends both.
        return self._is_blocked() and self._lingering is None and not self._tls

    def pause_writing(self) -> None:
        """The client does not read: nothing more is answered until it does."""
        self._paused = True
        self._since = self._all.seconds
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._paused = False
        self._resume()

    def send_delayed(self, data: bytes, site: Site, reply: Reply, at: float) -> None:
        """A reply that was held up is due."""
        if self._transport.is_closing():
            return
        ending = self._responder.is_ending
        self._transport.write(add_connection(reply.head, CLOSE) + reply.body if ending else reply.wire)
        site.log_call(data, reply, at, time() - at)
        if self._full or ending:
            self._wake()
        else:
            self._waiting = False

    def receive_body(self, content: bytes | None) -> None:
        """The body that the responder wanted."""
        self._responder.receive_body(content)
        self._wake()

    def end_soon(self) -> None:
        """The server ends."""
        self._responder.end_soon()
        if not self._is_blocked():
            self._advance()

    def abort(self) -> None:
        """Cut the connection off."""
        self._transport.abort()

    def enforce_limits(self) -> None:
        """End the connection if it keeps a limit waiting."""
        everything, transport = self._all, self._transport
        waited = everything.seconds - self._since
        if waited <= everything.shortest_wait:
            return
        unsent, before = transport.get_write_buffer_size(), self._unsent
        self._unsent = unsent
        if 0 < unsent < before:  # slowly, but the client reads
            self._since = everything.seconds
        elif unsent or transport.is_closing() or self._lingering is not None:
            if waited > (
                LINGER_SECONDS if self._lingering is not None and not unsent else everything.limits.write_seconds
            ):
                transport.abort()
        elif waited > self._choose_limit():
            self._since = everything.seconds
            transport.close()

    def _choose_limit(self) -> float:
        limits, reader = self._all.limits, self._responder.reader
        if self._waiting:
            return math.inf
        if reader.is_in_body:
            return limits.body_seconds
        return limits.head_seconds if reader.is_in_head else limits.idle_seconds

    def _wake(self) -> None:
        self._waiting = False
        if not self._paused:
            self._resume()

    def _resume(self) -> None:
        self._since = self._all.seconds
        if self._is_blocked():
            return
        self._advance()
        if not self._is_blocked():
            self._full = False
            self._transport.resume_reading()

    def _is_blocked(self) -> bool:
        return self._waiting or self._paused or self._transport.is_closing()

    def _advance(self) -> None:
        while not self._paused and not self._waiting:
            try:
                step = self._responder.next()
            except Exception:
                logger.exception("a connection failed")
                self._transport.abort()
                return
            if step is None:
                return
            self._perform(step)

    def _perform(self, step: Step) -> None:
        match step:
            case bytes():
                self._transport.write(step)
            case Wait():
                self._waiting = True
                self._timer = asyncio.get_running_loop().call_later(step.seconds, self._wake)
            case Fetch():
                self._waiting = True
                self._all.fetch(self, step)
            case Close():
                self._close(step)
            case HandOver() | Upgrade():
                raise AssertionError("a mock server has nobody to hand a connection to")

    def _close(self, step: Close) -> None:
        transport = self._transport
        if step.reset:
            raw = transport.get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
            transport.abort()
        elif self._may_close_now(step):
            self._since = self._all.seconds
            transport.close()
        else:
            # Closing with bytes unread would reset the connection, and the client might never see the answer
            # (RFC 9112, section 9.6).
            self._since = self._all.seconds
            self._lingering = self._since + LONGEST_LINGER_SECONDS
            if not self._tls:
                transport.write_eof()

    def _may_close_now(self, step: Close) -> bool:
        return self._responder.is_ending or (self._tls and not step.unread)
