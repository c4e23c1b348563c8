"""One connection of a mock, without its socket: bytes in, steps out (what to send, wait for, fetch, and when to end).

Requests are answered in order, one after the other (RFC 9112, section 9.3.2). Whoever owns the socket calls `receive`
with what came, then `next` until it is None; after a Wait or a Fetch is done, `next` again.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random
from time import time

from understudy.serving.answers.answer import error, refusal, simulated_error
from understudy.serving.answers.behaviour_plan import Plan, plan, slowed
from understudy.serving.answers.body_schedule import Fetch, Sending
from understudy.serving.answers.cors import as_readable_as
from understudy.serving.answers.replies import Pending, Reply, Speak, reply_of
from understudy.serving.answers.streams import CHUNKED, WHOLE, chunk_of, last_chunk
from understudy.serving.http1.limits import USUAL, Limits
from understudy.serving.http1.request_reader import Arrived, ContinueWanted, Event, RequestReader
from understudy.serving.http1.rules import Malformed
from understudy.serving.http1.wire import CLOSE, CONTINUE, KEEP, with_connection
from understudy.serving.site_protocol import Current, Site
from understudy.store.model.messages import Chunk, size_of
from understudy.store.model.mock_servers import FaultKind

logger = logging.getLogger(__name__)

GARBAGE_BYTES = 256
# How long an edit may take until it is compiled; meanwhile the body that it replaced may be gone.
PATIENCE_SECONDS = 2.0
PATIENCE_STEP = 0.02
FAILED = "The example's body could not be read from the store."


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing for so many seconds."""

    seconds: float


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


Step = bytes | Wait | Fetch | Close | HandOver | Speak


class Responder:
    """Answers the requests of one connection from whatever site is current when each of them is whole.

    With `hands_over`, a connection whose next request the site does not take, or that is not HTTP/1.1, is handed over.
    """

    __slots__ = (
        "_came",
        "_chance",
        "_current",
        "_ending",
        "_fetched",
        "_gone",
        "_hands_over",
        "_now",
        "_over",
        "_queue",
        "_sole",
        "_steps",
        "reader",
    )

    def __init__(
        self,
        current: Current,
        limits: Limits = USUAL,
        *,
        hands_over: bool = False,
        chance: Random | None = None,
        now: Callable[[], float] = time,
    ) -> None:
        self.reader = RequestReader(limits)
        self._current = current
        self._chance = chance or Random()  # noqa: S311 - delays and faults, no secrets
        self._hands_over = hands_over
        self._now = now
        self._queue: deque[Event] = deque()
        self._steps: Iterator[Step] | None = None
        self._sole: bytes | None = None
        self._came: list[bytes] | None = None  # all that came since the connection was idle, until some is answered
        self._fetched: bytes | None = None
        self._ending = False
        self._gone = False
        self._over = False

    @property
    def idle(self) -> bool:
        """Whether nothing is under way: no part of a request, no answer."""
        return not self._queue and self._steps is None and self.reader.between and not self._over

    @property
    def ending(self) -> bool:
        """Whether the connection is to be closed when nothing is under way."""
        return self._ending or self._gone

    @property
    def busy(self) -> bool:
        """Whether an answer is under way."""
        return bool(self._queue) or self._steps is not None

    def receive(self, data: bytes) -> None:
        """Take what the client sent."""
        fresh = self.idle
        if self._hands_over:
            if fresh:
                self._came = [data]
            elif self._came is not None:
                self._came.append(data)
        events = self.reader.feed(data)
        self._queue.extend(events)
        self._sole = data if fresh and len(events) == 1 and self.reader.between else None

    def fetched(self, body: bytes | None) -> None:
        """The body that a Fetch asked for; None if it could not be read."""
        self._fetched = body

    def end_soon(self) -> None:
        """Close the connection after the answer or the request under way, or the next one."""
        self._ending = True

    def no_more(self) -> None:
        """The client sends no more: close the connection when all its requests are answered."""
        self._gone = True

    def next(self) -> Step | None:
        """What to do next; None until more is received."""
        while not self._over:
            if self._steps is None:
                if not self._queue:
                    return self._end() if self._gone or (self._ending and self.reader.between) else None
                self._steps = self._answering(self._queue.popleft())
            step = next(self._steps, None)
            if step is not None:
                self._over = isinstance(step, Close | HandOver | Speak)
                return step
            self._steps = None
        return None

    def _end(self) -> Close:
        self._over = True
        return Close()

    def _answering(self, event: Event) -> Iterator[Step]:
        if isinstance(event, Arrived):
            return self._answer(event)
        return self._refuse(event) if isinstance(event, Malformed) else self._continue(event)

    def _continue(self, _: ContinueWanted) -> Iterator[Step]:
        if not self._queue:  # else the body came without waiting
            yield CONTINUE

    def _refuse(self, malformed: Malformed) -> Iterator[Step]:
        if self._came is not None and malformed.status != 413:
            yield HandOver(b"".join(self._came))
            return
        reply = reply_of(refusal(malformed), told="malformed")
        yield with_connection(reply.head, CLOSE) + reply.body
        yield Close(unread=True)

    def _answer(self, arrived: Arrived) -> Iterator[Step]:
        begun, site, sole, came = self._now(), self._current(), self._sole, self._came
        self._came = None
        reply = self._reply(site, arrived)
        if isinstance(reply, Pending):
            reply = yield from self._fetch(reply, arrived)
        if reply is None:
            # What came behind another request cannot be handed over; its client has to ask again (RFC 9112, 9.3.2).
            yield Close() if came is None else HandOver(b"".join(came))
            return
        if reply.speak is not None:
            site.called(arrived, reply, begun, self._now() - begun)
            yield reply.speak
            return
        close: Close | None = None
        if sole is not None and arrived.keep_alive and arrived.http_version == "HTTP/1.1":
            site.known.remember(sole, reply)
        if reply.interim and arrived.http_version == "HTTP/1.1":  # older clients know none (RFC 9110, section 15.2)
            yield reply.interim
        if reply.behaviour is not None:
            reply, close = yield from self._played(reply, arrived, plan(reply.behaviour, self._chance))
        elif reply.wire and not self._is_last(arrived) and arrived.http_version == "HTTP/1.1":
            yield reply.wire
        else:
            close = yield from self._sent(reply, arrived)
        site.called(arrived, reply, begun, self._now() - begun)
        if close is not None:
            yield close

    def _is_last(self, arrived: Arrived) -> bool:
        return not arrived.keep_alive or self._ending or (self._gone and not self._queue)

    def _reply(self, site: Site, arrived: Arrived) -> Reply | Pending | None:
        try:
            return site.respond(arrived)
        except Exception as failure:  # a bug of ours ends this call, not the connections of others
            logger.exception("could not answer a request")
            return reply_of(error(500, "internalError", f"Understudy failed to answer: {failure!r}"), told="failed")

    def _fetch(self, pending: Pending, arrived: Arrived) -> Generator[Step, None, Reply | None]:
        """The reply with its body. If its example was edited this moment, its old body is gone: ask what came after."""
        patience = PATIENCE_SECONDS
        while True:
            yield Fetch(pending.body)
            body, self._fetched = self._fetched, None
            if body is not None:
                return pending.finish(body)
            if patience <= 0:
                return reply_of(error(500, "internalError", FAILED), told="body not read")
            yield Wait(PATIENCE_STEP)
            patience -= PATIENCE_STEP
            reply = self._reply(self._current(), arrived)
            if not isinstance(reply, Pending):
                return reply
            pending = reply

    def _played(self, reply: Reply, arrived: Arrived, what: Plan) -> Generator[Step, None, tuple[Reply, Close | None]]:
        """Send the reply as it is planned: late, slow, or broken. Returns what went out, for the log."""
        if what.delay:
            yield Wait(what.delay)
        if what.fault is FaultKind.ERROR:
            response = as_readable_as(reply.response, simulated_error())
            failed = reply_of(response, told=f"{reply.told}; fault error", head_only=arrived.method == "HEAD")
            reply = replace(failed, served=reply.served)
        elif what.fault is FaultKind.UNFINISHED:
            yield from self._sent(reply, arrived, whole=False)
            return replace(reply, response=None, told=f"{reply.told}; broke off"), Close()
        elif what.fault is not None:
            yield self._broken(reply, arrived, what.fault)
            broken = replace(reply, response=None, told=f"{reply.told}; fault {what.fault}")
            return broken, Close(reset=what.fault is FaultKind.RESET)
        if not what.bytes_per_second:
            return reply, (yield from self._sent(reply, arrived))
        slow = slowed(size_of(reply.content), what.bytes_per_second)
        return reply, (yield from self._streamed(reply, arrived, slow))

    def _sent(self, reply: Reply, arrived: Arrived, *, whole: bool = True) -> Generator[Step, None, Close | None]:
        if reply.stream is not None:
            return (yield from self._streamed(reply, arrived, reply.stream.chunks, whole=whole))
        last = self._is_last(arrived)
        yield _head(reply, arrived, last=last)
        if reply.body:
            yield reply.body
        return Close() if last else None

    def _streamed(
        self, reply: Reply, arrived: Arrived, chunks: Iterable[Chunk], *, whole: bool = True
    ) -> Generator[Step, None, Close | None]:
        """Send the body piece by piece. Where it ends says its length, the last chunk, or to old clients the close."""
        stream = reply.stream or WHOLE
        chunked = not stream.sized and arrived.http_version == "HTTP/1.1"
        last = self._is_last(arrived) or not (stream.sized or chunked)
        head = _head(reply, arrived, last=last)
        yield with_connection(head, CHUNKED) if chunked else head
        begun, sending = self._now(), Sending(chunks, reply.content)
        while (step := sending.next()) is not None:
            if isinstance(step, Fetch):
                yield step
                content, self._fetched = self._fetched, None
                if content is None:  # the client sees by the missing end that something is wrong
                    return Close()
                sending.fetched(content)
                continue
            yield Wait(max(0.0, begun + step.at - self._now()))
            yield chunk_of(step.content) if chunked else step.content
        if chunked and whole:
            yield last_chunk(stream.trailers)
        return Close() if last else None

    def _broken(self, reply: Reply, arrived: Arrived, fault: FaultKind) -> bytes:
        if fault is FaultKind.GARBAGE:
            return self._chance.randbytes(GARBAGE_BYTES)
        if fault is FaultKind.CUT:
            head, body = _head(reply, arrived, last=False), reply.body
            if reply.stream is not None and not reply.stream.sized:
                head = with_connection(head, CHUNKED) + b"%x\r\n" % len(body)
            return head + body[: len(body) // 2] if body else head[: len(head) // 2]
        return b""


def _head(reply: Reply, arrived: Arrived, *, last: bool) -> bytes:
    if last:
        return with_connection(reply.head, CLOSE)
    # Only HTTP/1.0 clients need to be told that the connection stays.
    return reply.head if arrived.http_version == "HTTP/1.1" else with_connection(reply.head, KEEP)
