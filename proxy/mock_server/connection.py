"""One client's connection to a mock server: the asyncio protocol around `serving.responder.Responder`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from time import time
from typing import cast

from understudy.addons.loop.held_requests import HeldRequest
from understudy.addons.loop.turns import PIECE_BYTES
from understudy.proxy.mock_server.open_connections import OpenConnections
from understudy.serving.answers.body_schedule import Fetch
from understudy.serving.answers.replies import Hold, Reply, Upgrade
from understudy.serving.http1.waits import Awaited, ClientClock, ClientWait, OutputClock, refuse_slow
from understudy.serving.http1.wire import CLOSE, add_connection
from understudy.serving.responder import Responder
from understudy.serving.site_protocol import Site
from understudy.serving.steps import Close, HandOver, Step, Wait

logger = logging.getLogger(__name__)

_RESET_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER of no time: close sends RST


class MockConnection(asyncio.Protocol):
    """A connection that answers a request it knows whole at once, others by the steps of its responder."""

    __slots__ = (
        "_all",
        "_clock",
        "_full",
        "_held",
        "_lingering",
        "_output",
        "_paused",
        "_received",
        "_responder",
        "_rest",
        "_resumed",
        "_timer",
        "_tls",
        "_transport",
        "_waiting",
    )

    def __init__(self, connections: OpenConnections) -> None:
        self._all = connections
        self._responder = Responder(lambda: connections.site, connections.limits)
        self._timer: asyncio.TimerHandle | None = None
        self._waiting = False  # for a timer or a body
        self._held: HeldRequest | None = None
        self._paused = False  # the client does not read
        self._lingering = False  # it reads on after its last answer
        self._rest = memoryview(b"")  # of a large piece that is being sent
        self._full = False  # more came while it waited: it reads nothing further
        self._received = 0  # bytes
        self._resumed = 0  # how often the client took bytes again
        self._clock = ClientClock()
        self._output = OutputClock()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start with a client that connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._tls = not self._transport.can_write_eof()
        self._all.open.add(self)
        self._all.all_closed.clear()
        if self._all.ending:
            self._responder.end_soon()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the name is asyncio's
        """Forget a client that disconnected."""
        if self._timer is not None:
            self._timer.cancel()
        if self._held is not None:
            self._all.held.end(self._held)
        self._all.open.discard(self)
        if not self._all.open:
            self._all.all_closed.set()

    def data_received(self, data: bytes) -> None:
        """Answer what came, or read on."""
        connections, responder = self._all, self._responder
        self._received += len(data)
        if self._held is not None:  # the connection ends with the hold
            return
        idle = responder.is_idle
        if idle and not connections.ending:
            site = connections.site
            reply = site.wire_cache.get(data)
            at = time()
            if reply is not None and at < reply.end and not (self._waiting or self._paused):
                if reply.delay is not None:
                    self._waiting = True
                    connections.delayed_replies.schedule(self, data, site, reply, at)
                    return
                self._transport.write(reply.wire)
                site.log_call(data, reply, at, time() - at)
                return
        if self._lingering:
            return
        responder.receive(data)
        if not self._waiting and not self._paused:
            self._advance()
        if self._waiting and not self._transport.is_closing():
            self._full = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Take note that the client sends no more; it may still read the answers to what it sent."""
        self._responder.end_input()
        if self._held is not None:
            self._all.held.end(self._held)
            self._end_hold()
        if not self._lingering and not self._is_blocked():
            self._advance()
        # With TLS, a client that closes its side closes both.
        return self._is_blocked() and not self._lingering and not self._tls

    def pause_writing(self) -> None:
        """Stop answering: the client does not read."""
        self._paused = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on: the client reads again."""
        self._paused = False
        self._resumed += 1
        if self._rest:
            self._take_turn()
        else:
            self._resume()

    def send_delayed(self, data: bytes, site: Site, reply: Reply, at: float) -> None:
        """Send a reply whose delay is over, to the request `data` that came `at`."""
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
        """Go on with the body that the responder fetched; None if it cannot be read."""
        self._responder.receive_body(content)
        self._wake()

    def end_soon(self) -> None:
        """Close the connection after the answer under way, or now without one."""
        self._responder.end_soon()
        if not self._is_blocked():
            self._advance()

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    def enforce_limits(self, now: float) -> None:
        """Close the connection if it waits longer than its limits allow."""
        limits, output, clock = self._all.limits, self._output, self._clock
        transport = self._transport
        # A client that does not end its side of TLS takes nothing, either.
        output.look(transport.get_write_buffer_size() or transport.is_closing(), self._resumed, now)
        if output.is_over(limits, now):
            transport.abort()
            return
        clock.look(self._find_wait(), self._received, now)
        if clock.is_over(limits, now):
            self._end_wait(clock.wait.kind)

    def _find_wait(self) -> ClientWait:
        if self._waiting or self._paused or self._output.unsent or self._transport.is_closing():
            return ClientWait(Awaited.NOTHING)
        return self._responder.find_wait()

    def _end_wait(self, awaited: Awaited) -> None:
        if awaited in (Awaited.HEAD, Awaited.BODY):
            self._responder.refuse(refuse_slow(self._all.limits, awaited))
            self._advance()
        elif awaited is Awaited.END:
            self._transport.abort()
        else:
            self._transport.close()

    def _wake(self) -> None:
        self._waiting = False
        if not self._paused:
            self._resume()

    def _resume(self) -> None:
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
                if len(step) <= PIECE_BYTES:
                    self._transport.write(step)
                else:
                    self._waiting = True
                    self._rest = memoryview(step)
                    self._take_turn()
            case Wait():
                self._waiting = True
                self._timer = asyncio.get_running_loop().call_later(step.seconds, self._wake)
            case Hold():
                self._begin_hold(step)
            case Fetch():
                self._waiting = True
                self._all.fetch(self, step)
            case Close():
                self._close(step)
            case HandOver() | Upgrade():
                raise AssertionError("a mock server keeps its connections")

    def _take_turn(self) -> None:
        self._all.turns.take(min(len(self._rest), PIECE_BYTES), self._send_piece)

    def _send_piece(self) -> None:
        if self._transport.is_closing():
            self._rest = memoryview(b"")
            return
        piece, self._rest = self._rest[:PIECE_BYTES], self._rest[PIECE_BYTES:]
        self._transport.write(piece)
        if not self._rest:
            self._wake()
        elif not self._paused:
            self._take_turn()

    def _begin_hold(self, hold: Hold) -> None:
        self._held = self._all.held.begin(hold, self._end_hold)
        if self._held is None:
            self._responder.release()
        else:
            self._waiting = True

    def _end_hold(self) -> None:
        self._held = None
        self._responder.release()
        self._wake()

    def _close(self, step: Close) -> None:
        transport = self._transport
        if step.reset:
            raw = transport.get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
            transport.abort()
        elif self._may_close_now(step):
            transport.close()
        else:
            # To close with unread bytes would reset the connection, and the client might lose the answer
            # (RFC 9112, section 9.6).
            self._lingering = True
            if not self._tls:
                transport.write_eof()

    def _may_close_now(self, step: Close) -> bool:
        return self._responder.is_ending or (self._tls and not step.unread)
