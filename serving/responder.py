"""One connection of a mock, without its socket: bytes in, steps out (what to send, wait for, fetch, and when to end).

Requests are answered in order, one after the other (RFC 9112, section 9.3.2). Whoever owns the socket calls `receive`
with what came, then `next` until it is None; after a Wait or a Fetch is done, `next` again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from time import time

from serving.answer import error, simulated_error
from serving.http_reader import Arrived, ContinueWanted, Event, Malformed, RequestReader
from serving.limits import USUAL, Limits
from serving.plans import Plan, pieces, plan
from serving.replies import Pending, Reply, reply_of
from serving.site import Current, remember
from serving.wire import CLOSE, CONTINUE, KEEP, with_connection
from store.messages import Body
from store.mock_servers import FaultKind

GARBAGE_BYTES = 256
FAILED = "The example's body could not be read from the store."


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read this body, then call `fetched`."""

    body: Body


@dataclass(frozen=True, slots=True)
class Close:
    """The end of the connection, after what was sent; `reset`: at once, with a TCP reset.

    `unread`: the client may still be sending, and should be listened to for a while, or it would never read the answer.
    """

    reset: bool = False
    unread: bool = False


@dataclass(frozen=True, slots=True)
class HandOver:
    """Somebody else takes the connection over, beginning with these bytes that came and were not answered."""

    data: bytes


Step = bytes | Wait | Fetch | Close | HandOver


class Responder:
    """Answers the requests of one connection from whatever site is current when each of them is whole."""

    __slots__ = ("_chance", "_current", "_ending", "_fetched", "_now", "_over", "_queue", "_sole", "_steps", "reader")

    def __init__(
        self,
        current: Current,
        limits: Limits = USUAL,
        *,
        chance: Random | None = None,
        now: Callable[[], float] = time,
    ) -> None:
        self.reader = RequestReader(limits)
        self._current = current
        self._chance = chance or Random()  # noqa: S311 - delays and faults, no secrets
        self._now = now
        self._queue: deque[Event] = deque()
        self._steps: Iterator[Step] | None = None
        self._sole: bytes | None = None
        self._fetched: bytes | None = None
        self._ending = False
        self._over = False

    @property
    def idle(self) -> bool:
        """Whether nothing is under way: no part of a request, no answer."""
        return not self._queue and self._steps is None and self.reader.between and not self._over

    @property
    def busy(self) -> bool:
        """Whether an answer is under way."""
        return bool(self._queue) or self._steps is not None

    def receive(self, data: bytes) -> None:
        """Take what the client sent."""
        fresh = self.idle
        events = self.reader.feed(data)
        self._queue.extend(events)
        self._sole = data if fresh and len(events) == 1 and self.reader.between else None

    def fetched(self, body: bytes | None) -> None:
        """The body that a Fetch asked for; None if it could not be read."""
        self._fetched = body

    def end_soon(self) -> None:
        """Close the connection after the answer under way, or the next one."""
        self._ending = True

    def next(self) -> Step | None:
        """What to do next; None until more is received."""
        while not self._over:
            if self._steps is None:
                if not self._queue:
                    return None
                self._steps = self._answering(self._queue.popleft())
            step = next(self._steps, None)
            if step is not None:
                self._over = isinstance(step, Close | HandOver)
                return step
            self._steps = None
        return None

    def _answering(self, event: Event) -> Iterator[Step]:
        if isinstance(event, Arrived):
            return self._answer(event)
        return self._refuse(event) if isinstance(event, Malformed) else self._continue(event)

    def _continue(self, _: ContinueWanted) -> Iterator[Step]:
        if not self._queue:  # else the body came without waiting
            yield CONTINUE

    def _refuse(self, malformed: Malformed) -> Iterator[Step]:
        name = "requestTooLargeError" if malformed.status in (413, 414, 431) else "malformedRequestError"
        reply = reply_of(error(malformed.status, name, malformed.message), told="malformed")
        yield with_connection(reply.head, CLOSE) + reply.body
        yield Close(unread=True)

    def _answer(self, arrived: Arrived) -> Iterator[Step]:
        begun, site, sole = self._now(), self._current(), self._sole
        reply = site.respond(arrived)
        assert reply is not None
        if isinstance(reply, Pending):
            yield Fetch(reply.body)
            reply = self._finished(reply)
        if sole is not None and arrived.keep_alive and arrived.http_version == "HTTP/1.1":
            remember(site, sole, reply)
        yield from self._sent(reply, arrived)
        site.called(arrived, reply, begun, self._now() - begun)

    def _finished(self, pending: Pending) -> Reply:
        body, self._fetched = self._fetched, None
        if body is None:
            return reply_of(error(500, "internalError", FAILED), told="body not read")
        return pending.finish(body)

    def _sent(self, reply: Reply, arrived: Arrived) -> Iterator[Step]:
        if reply.behaviour is not None:
            yield from self._played(reply, arrived, plan(reply.behaviour, self._chance))
            return
        last = self._ending or not arrived.keep_alive
        if reply.wire and not last and arrived.http_version == "HTTP/1.1":
            yield reply.wire
            return
        yield _head(reply, arrived, last=last)
        if reply.body:
            yield reply.body
        if last:
            yield Close()

    def _played(self, reply: Reply, arrived: Arrived, what: Plan) -> Iterator[Step]:
        """The reply as it is planned: late, slow, or broken."""
        if what.delay:
            yield Wait(what.delay)
        if what.fault is FaultKind.ERROR:
            reply = reply_of(simulated_error(), told="fault")
        elif what.fault is not None:
            yield from self._broken(reply, arrived, what.fault)
            return
        last = self._ending or not arrived.keep_alive
        yield _head(reply, arrived, last=last)
        if what.bytes_per_second and arrived.method != "HEAD":
            for piece, seconds in pieces(reply.body, what.bytes_per_second):
                yield Wait(seconds)
                yield piece
        elif reply.body:
            yield reply.body
        if last:
            yield Close()

    def _broken(self, reply: Reply, arrived: Arrived, fault: FaultKind) -> Iterator[Step]:
        if fault is FaultKind.GARBAGE:
            yield self._chance.randbytes(GARBAGE_BYTES)
        elif fault is FaultKind.CUT:
            head = _head(reply, arrived, last=False)
            yield head + reply.body[: len(reply.body) // 2] if reply.body else head[: len(head) // 2]
        yield Close(reset=fault is FaultKind.RESET)


def _head(reply: Reply, arrived: Arrived, *, last: bool) -> bytes:
    if last:
        return with_connection(reply.head, CLOSE)
    # Only HTTP/1.0 clients need to be told that the connection stays.
    return reply.head if arrived.http_version == "HTTP/1.1" else with_connection(reply.head, KEEP)
