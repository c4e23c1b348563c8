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

from understudy.serving.answers.answer import render_error, render_refusal, render_simulated_error
from understudy.serving.answers.behaviour_plan import Plan, draw_plan, throttle_chunks
from understudy.serving.answers.body_schedule import BodySchedule, Fetch
from understudy.serving.answers.cors import copy_cors_headers
from understudy.serving.answers.replies import PendingReply, Reply, Upgrade, make_reply
from understudy.serving.answers.streams import CHUNKED, WHOLE, encode_chunk, encode_last_chunk
from understudy.serving.http1.limits import DEFAULT_LIMITS, Limits
from understudy.serving.http1.request_reader import ExpectContinue, RawRequest, RequestEvent, RequestReader
from understudy.serving.http1.rules import MalformedRequest
from understudy.serving.http1.wire import CLOSE, CONTINUE, KEEP_ALIVE, add_connection
from understudy.serving.site_protocol import CurrentSite, Site
from understudy.store.model.messages import Chunk, measure_body
from understudy.store.model.mock_servers import FaultKind

logger = logging.getLogger(__name__)

GARBAGE_BYTES = 256
# How long an edit may take until it is compiled; meanwhile the body that it replaced may be gone.
PATIENCE_SECONDS = 2.0
PATIENCE_STEP = 0.02
BODY_UNREADABLE = "The example's body could not be read from the store."


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


Step = bytes | Wait | Fetch | Close | HandOver | Upgrade


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
        current: CurrentSite,
        limits: Limits = DEFAULT_LIMITS,
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
        self._queue: deque[RequestEvent] = deque()
        self._steps: Iterator[Step] | None = None
        self._sole: bytes | None = None
        self._came: list[bytes] | None = None  # all that came since the connection was idle, until some is answered
        self._fetched: bytes | None = None
        self._ending = False
        self._gone = False
        self._over = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way: no part of a request, no answer."""
        return not self._queue and self._steps is None and self.reader.is_between_requests and not self._over

    @property
    def is_ending(self) -> bool:
        """Whether the connection is to be closed when nothing is under way."""
        return self._ending or self._gone

    @property
    def is_busy(self) -> bool:
        """Whether an answer is under way."""
        return bool(self._queue) or self._steps is not None

    def receive(self, data: bytes) -> None:
        """Take what the client sent."""
        fresh = self.is_idle
        if self._hands_over:
            if fresh:
                self._came = [data]
            elif self._came is not None:
                self._came.append(data)
        events = self.reader.feed(data)
        self._queue.extend(events)
        self._sole = data if fresh and len(events) == 1 and self.reader.is_between_requests else None

    def receive_body(self, body: bytes | None) -> None:
        """The body that a Fetch asked for; None if it could not be read."""
        self._fetched = body

    def end_soon(self) -> None:
        """Close the connection after the answer or the request under way, or the next one."""
        self._ending = True

    def end_input(self) -> None:
        """The client sends no more: close the connection when all its requests are answered."""
        self._gone = True

    def next(self) -> Step | None:
        """What to do next; None until more is received."""
        while not self._over:
            if self._steps is None:
                if not self._queue:
                    return self._close() if self._gone or (self._ending and self.reader.is_between_requests) else None
                self._steps = self._handle_event(self._queue.popleft())
            step = next(self._steps, None)
            if step is not None:
                self._over = isinstance(step, Close | HandOver | Upgrade)
                return step
            self._steps = None
        return None

    def _close(self) -> Close:
        self._over = True
        return Close()

    def _handle_event(self, event: RequestEvent) -> Iterator[Step]:
        if isinstance(event, RawRequest):
            return self._answer(event)
        return self._refuse(event) if isinstance(event, MalformedRequest) else self._send_continue(event)

    def _send_continue(self, _: ExpectContinue) -> Iterator[Step]:
        if not self._queue:  # else the body came without waiting
            yield CONTINUE

    def _refuse(self, malformed: MalformedRequest) -> Iterator[Step]:
        if self._came is not None and malformed.status != 413:
            yield HandOver(b"".join(self._came))
            return
        reply = make_reply(render_refusal(malformed), summary="malformed")
        yield add_connection(reply.head, CLOSE) + reply.body
        yield Close(unread=True)

    def _answer(self, arrived: RawRequest) -> Iterator[Step]:
        begun, site, sole, came = self._now(), self._current(), self._sole, self._came
        self._came = None
        reply = self._reply(site, arrived)
        if isinstance(reply, PendingReply):
            reply = yield from self._fetch(reply, arrived)
        if reply is None:
            # What came behind another request cannot be handed over; its client has to ask again (RFC 9112, 9.3.2).
            yield Close() if came is None else HandOver(b"".join(came))
            return
        if reply.upgrade is not None:
            site.log_call(arrived, reply, begun, self._now() - begun)
            yield reply.upgrade
            return
        close: Close | None = None
        if sole is not None and arrived.keep_alive and arrived.http_version == "HTTP/1.1":
            site.wire_cache.remember(sole, reply)
        if reply.interim and arrived.http_version == "HTTP/1.1":  # older clients know none (RFC 9110, section 15.2)
            yield reply.interim
        if reply.behaviour is not None:
            reply, close = yield from self._send_planned(reply, arrived, draw_plan(reply.behaviour, self._chance))
        elif reply.wire and not self._is_last(arrived) and arrived.http_version == "HTTP/1.1":
            yield reply.wire
        else:
            close = yield from self._send(reply, arrived)
        site.log_call(arrived, reply, begun, self._now() - begun)
        if close is not None:
            yield close

    def _is_last(self, arrived: RawRequest) -> bool:
        return not arrived.keep_alive or self._ending or (self._gone and not self._queue)

    def _reply(self, site: Site, arrived: RawRequest) -> Reply | PendingReply | None:
        try:
            return site.respond(arrived)
        except Exception as failure:  # a bug of ours ends this call, not the connections of others
            logger.exception("could not answer a request")
            return make_reply(
                render_error(500, "internalError", f"Understudy failed to answer: {failure!r}"), summary="failed"
            )

    def _fetch(self, pending: PendingReply, arrived: RawRequest) -> Generator[Step, None, Reply | None]:
        """The reply with its body. If its example was edited this moment, its old body is gone: ask what came after."""
        patience = PATIENCE_SECONDS
        while True:
            yield Fetch(pending.body)
            body, self._fetched = self._fetched, None
            if body is not None:
                return pending.finish(body)
            if patience <= 0:
                return make_reply(render_error(500, "internalError", BODY_UNREADABLE), summary="body not read")
            yield Wait(PATIENCE_STEP)
            patience -= PATIENCE_STEP
            reply = self._reply(self._current(), arrived)
            if not isinstance(reply, PendingReply):
                return reply
            pending = reply

    def _send_planned(
        self, reply: Reply, arrived: RawRequest, what: Plan
    ) -> Generator[Step, None, tuple[Reply, Close | None]]:
        """Send the reply as it is planned: late, slow, or broken. Returns what went out, for the log."""
        if what.delay:
            yield Wait(what.delay)
        if what.fault is FaultKind.ERROR:
            response = copy_cors_headers(reply.response, render_simulated_error())
            failed = make_reply(response, summary=f"{reply.summary}; fault error", head_only=arrived.method == "HEAD")
            reply = replace(failed, server=reply.server)
        elif what.fault is FaultKind.UNFINISHED:
            yield from self._send(reply, arrived, whole=False)
            return replace(reply, response=None, summary=f"{reply.summary}; broke off"), Close()
        elif what.fault is not None:
            yield self._break_reply(reply, arrived, what.fault)
            broken = replace(reply, response=None, summary=f"{reply.summary}; fault {what.fault}")
            return broken, Close(reset=what.fault is FaultKind.RESET)
        if not what.bytes_per_second:
            return reply, (yield from self._send(reply, arrived))
        slow = throttle_chunks(measure_body(reply.content), what.bytes_per_second)
        return reply, (yield from self._send_stream(reply, arrived, slow))

    def _send(self, reply: Reply, arrived: RawRequest, *, whole: bool = True) -> Generator[Step, None, Close | None]:
        if reply.stream is not None:
            return (yield from self._send_stream(reply, arrived, reply.stream.chunks, whole=whole))
        last = self._is_last(arrived)
        yield _make_head(reply, arrived, last=last)
        if reply.body:
            yield reply.body
        return Close() if last else None

    def _send_stream(
        self, reply: Reply, arrived: RawRequest, chunks: Iterable[Chunk], *, whole: bool = True
    ) -> Generator[Step, None, Close | None]:
        """Send the body piece by piece. Where it ends says its length, the last chunk, or to old clients the close."""
        stream = reply.stream or WHOLE
        chunked = not stream.is_sized and arrived.http_version == "HTTP/1.1"
        last = self._is_last(arrived) or not (stream.is_sized or chunked)
        head = _make_head(reply, arrived, last=last)
        yield add_connection(head, CHUNKED) if chunked else head
        begun, sending = self._now(), BodySchedule(chunks, reply.content)
        while (step := sending.next()) is not None:
            if isinstance(step, Fetch):
                yield step
                content, self._fetched = self._fetched, None
                if content is None:  # the client sees by the missing end that something is wrong
                    return Close()
                sending.add_piece(content)
                continue
            yield Wait(max(0.0, begun + step.at - self._now()))
            yield encode_chunk(step.content) if chunked else step.content
        if chunked and whole:
            yield encode_last_chunk(stream.trailers)
        return Close() if last else None

    def _break_reply(self, reply: Reply, arrived: RawRequest, fault: FaultKind) -> bytes:
        if fault is FaultKind.GARBAGE:
            return self._chance.randbytes(GARBAGE_BYTES)
        if fault is FaultKind.CUT:
            head, body = _make_head(reply, arrived, last=False), reply.body
            if reply.stream is not None and not reply.stream.is_sized:
                head = add_connection(head, CHUNKED) + b"%x\r\n" % len(body)
            return head + body[: len(body) // 2] if body else head[: len(head) // 2]
        return b""


def _make_head(reply: Reply, arrived: RawRequest, *, last: bool) -> bytes:
    if last:
        return add_connection(reply.head, CLOSE)
    # Only HTTP/1.0 clients need to be told that the connection stays.
    return reply.head if arrived.http_version == "HTTP/1.1" else add_connection(reply.head, KEEP_ALIVE)
