"""One HTTP/1.1 connection without its socket: bytes in, steps out.

Requests are answered in order, one after the other (RFC 9112, section 9.3.2). The owner of the socket calls `receive`
with the bytes that arrive, then `next` until it returns None; after a Wait, a Fetch or a Hold is done, `next` again.
The states of a connection are described in `serving/connection_states.py`.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from random import Random
from time import time

from understudy.serving.answers.answer import render_error, render_refusal, render_simulated_error
from understudy.serving.answers.behaviour_plan import Plan, draw_plan, throttle_chunks
from understudy.serving.answers.body_schedule import BodySchedule, Fetch
from understudy.serving.answers.cors import copy_cors_headers
from understudy.serving.answers.replies import (
    EDIT_RETRY_SECONDS,
    EDIT_WAIT_SECONDS,
    Hold,
    PendingReply,
    Reply,
    Upgrade,
    make_reply,
)
from understudy.serving.answers.streams import CHUNKED, WHOLE, encode_chunk, encode_last_chunk
from understudy.serving.connection_states import AFTER_END_INPUT, AFTER_END_SOON, Backlog, Lifetime, Phase
from understudy.serving.http1.heads import HEAD_END, RequestHead, read_request
from understudy.serving.http1.limits import DEFAULT_LIMITS, Limits
from understudy.serving.http1.request_reader import ExpectContinue, RawRequest, RequestEvent, RequestReader
from understudy.serving.http1.rules import MalformedRequest
from understudy.serving.http1.waits import Awaited, ClientWait
from understudy.serving.http1.wire import CLOSE, CONTINUE, KEEP_ALIVE, add_connection
from understudy.serving.site_protocol import CurrentSite, Site
from understudy.serving.steps import Close, HandOver, Step, Wait
from understudy.store.model.messages import Chunk, measure_body
from understudy.store.model.mock_servers import FaultKind
from understudy.store.model.values import replace

logger = logging.getLogger(__name__)

GARBAGE_BYTES = 256
BODY_UNREADABLE = "The example's body could not be read from the store."

# Members of an enum are slow to look up, and the states are compared with each request.
_WAITING, _ANSWERING, _FINISHED = Phase.WAITING, Phase.ANSWERING, Phase.FINISHED
_ALONE, _UNANSWERED, _ANSWERED = Backlog.ALONE, Backlog.UNANSWERED, Backlog.ANSWERED
_OPEN = Lifetime.OPEN

_PHASE_AFTER: Mapping[type, Phase] = {
    bytes: Phase.ANSWERING,
    Wait: Phase.ANSWERING,
    Fetch: Phase.FETCHING,
    Hold: Phase.HOLDING,
    Close: Phase.FINISHED,
    HandOver: Phase.FINISHED,
    Upgrade: Phase.FINISHED,
}
"""The phase after each kind of step."""


class Responder:
    """Answers the requests of one connection from the site that is current when each of them is complete.

    With `hands_over`, a connection is handed over if the site does not take its next request, or if it is not HTTP/1.1.
    `now` returns seconds since the epoch; `random` draws delays and faults.
    """

    __slots__ = (
        "_backlog",
        "_fetched_body",
        "_get_site",
        "_hands_over",
        "_lifetime",
        "_now",
        "_phase",
        "_pieces",
        "_queue",
        "_random",
        "_steps",
        "reader",
    )

    def __init__(
        self,
        get_site: CurrentSite,
        limits: Limits = DEFAULT_LIMITS,
        *,
        hands_over: bool = False,
        random: Random | None = None,
        now: Callable[[], float] = time,
    ) -> None:
        self.reader = RequestReader(limits)
        self._get_site = get_site
        self._random = random or Random()  # noqa: S311 - delays and faults, no secrets
        self._hands_over = hands_over
        self._now = now
        self._phase = _WAITING
        self._lifetime = _OPEN
        self._backlog = _ANSWERED
        self._pieces: list[bytes] = []  # of the backlog; complete only for a connection that may be handed over
        self._queue: deque[RequestEvent] = deque()
        self._steps: Iterator[Step] = iter(())  # of the answer in progress
        self._fetched_body: bytes | None = None  # the result of the last Fetch; None if it could not be read

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in progress: no part of a request, no answer."""
        return self._phase is _WAITING and not self._queue and self.reader.is_between_requests

    @property
    def is_ending(self) -> bool:
        """Whether the connection is to be closed when nothing is in progress."""
        return self._lifetime is not _OPEN

    @property
    def is_busy(self) -> bool:
        """Whether an answer is in progress or due."""
        return bool(self._queue) or self._phase is not _WAITING

    def receive(self, data: bytes) -> None:
        """Take bytes that the client sent."""
        idle = self.is_idle
        events = self.reader.feed(data)
        self._queue.extend(events)
        if idle:
            self._pieces = [data]
            self._backlog = _ALONE if len(events) == 1 and self.reader.is_between_requests else _UNANSWERED
        elif self._backlog is not _ANSWERED:
            self._backlog = _UNANSWERED
            if self._hands_over:
                self._pieces.append(data)

    def receive_body(self, body: bytes | None) -> None:
        """Take the body that a Fetch asked for; None if it could not be read."""
        self._fetched_body = body
        if self._phase is Phase.FETCHING:
            self._phase = _ANSWERING

    def find_wait(self) -> ClientWait:
        """Return what is awaited from the client."""
        reader = self.reader
        if self._phase is _FINISHED:
            return ClientWait(Awaited.END)
        if self.is_busy:
            return ClientWait(Awaited.NOTHING)
        if reader.is_in_body:
            return ClientWait(Awaited.BODY, reader.number)
        return ClientWait(Awaited.HEAD, reader.number) if reader.is_in_head else ClientWait(Awaited.REQUEST)

    def refuse(self, refusal: MalformedRequest) -> None:
        """Refuse the request that is being received; nothing behind it is read."""
        self.reader.stop()
        self._queue.append(refusal)

    def release(self) -> None:
        """End a Hold."""
        if self._phase is Phase.HOLDING:
            self._phase = _ANSWERING

    def end_soon(self) -> None:
        """Close the connection after the answer or the request in progress, or the next one."""
        self._lifetime = AFTER_END_SOON[self._lifetime]

    def end_input(self) -> None:
        """Close the connection when all requests are answered: the client sends no more."""
        self._lifetime = AFTER_END_INPUT[self._lifetime]

    def next(self) -> Step | None:
        """Return the next step; None until more is received."""
        while True:
            if self._phase is _WAITING:
                if not self._queue:
                    return None if self._lifetime is _OPEN else self._close_if_due()
                self._phase = _ANSWERING
                self._steps = self._handle_event(self._queue.popleft())
            elif self._phase is not _ANSWERING:
                return None
            step = next(self._steps, None)
            if step is not None:
                self._phase = _PHASE_AFTER[type(step)]
                return step
            self._phase = _WAITING

    def _close_if_due(self) -> Close | None:
        if self._lifetime is Lifetime.DRAINING and not self.reader.is_between_requests:
            return None
        self._phase = _FINISHED
        return Close()

    def _handle_event(self, event: RequestEvent) -> Iterator[Step]:
        if isinstance(event, RawRequest):
            return self._answer(event)
        return self._refuse(event) if isinstance(event, MalformedRequest) else self._send_continue(event)

    def _send_continue(self, _: ExpectContinue) -> Iterator[Step]:
        if not self._queue:  # otherwise the client sent the body without waiting
            yield CONTINUE

    def _refuse(self, malformed: MalformedRequest) -> Iterator[Step]:
        if self._hands_over and self._backlog is not _ANSWERED and self.reader.has_refused_head:
            data = b"".join(self._pieces)
            if _has_forwardable_head(data):
                yield HandOver(data)
                return
        self._get_site().log_refusal(malformed, self._now())
        reply = make_reply(render_refusal(malformed), summary="malformed")
        yield add_connection(reply.head, CLOSE) + reply.body
        yield Close(unread=True)

    def _answer(self, request: RawRequest) -> Iterator[Step]:
        begun, site, backlog, pieces = self._now(), self._get_site(), self._backlog, self._pieces
        self._backlog = _ANSWERED
        reply = self._find_reply(site, request)
        if isinstance(reply, PendingReply):
            reply = yield from self._fetch(reply, request)
        if reply is None:
            # A request behind one that was answered cannot be handed over; its client sends it again (RFC 9112, 9.3.2).
            yield HandOver(b"".join(pieces)) if self._hands_over and backlog is not _ANSWERED else Close()
            return
        if reply.upgrade is not None:
            site.log_call(request, reply, begun, self._now() - begun)
            yield reply.upgrade
            return
        if backlog is _ALONE and request.keep_alive and request.http_version == "HTTP/1.1":
            site.wire_cache.remember(pieces[0], reply)
        close: Close | None = None
        if reply.wire and reply.behaviour is None and request.http_version == "HTTP/1.1" and not self._is_last(request):
            yield reply.wire
        else:
            reply, close = yield from self._send_reply(reply, request)
        site.log_call(request, reply, begun, self._now() - begun)
        if close is not None:
            yield close

    def _is_last(self, request: RawRequest) -> bool:
        """Return whether the connection closes after the answer to this request."""
        if not request.keep_alive:
            return True
        if self._lifetime is Lifetime.INPUT_ENDED:
            return not self._queue
        return self._lifetime is not _OPEN

    def _find_reply(self, site: Site, request: RawRequest) -> Reply | PendingReply | None:
        try:
            return site.respond(request)
        except Exception as failure:  # a bug of Understudy ends this call, not other connections
            logger.exception("could not answer a request")
            return make_reply(
                render_error(500, "internalError", f"Understudy failed to answer: {failure!r}"), summary="failed"
            )

    def _fetch(self, pending: PendingReply, request: RawRequest) -> Generator[Step, None, Reply | None]:
        """Fetch the body of a reply and finish it.

        An edit removes the old body before its new example is current, so a missing body means: ask the site again.
        """
        seconds_left = EDIT_WAIT_SECONDS
        while True:
            yield Fetch(pending.body)
            body, self._fetched_body = self._fetched_body, None
            if body is not None:
                return pending.finish(body)
            if seconds_left <= 0:
                return make_reply(render_error(500, "internalError", BODY_UNREADABLE), summary="body not read")
            yield Wait(EDIT_RETRY_SECONDS)
            seconds_left -= EDIT_RETRY_SECONDS
            reply = self._find_reply(self._get_site(), request)
            if not isinstance(reply, PendingReply):
                return reply
            pending = reply

    def _send_reply(self, reply: Reply, request: RawRequest) -> Generator[Step, None, tuple[Reply, Close | None]]:
        """Send a reply that is not sent as one piece of bytes; return what was sent, for the log."""
        if reply.interim and request.http_version == "HTTP/1.1":  # HTTP/1.0 has none (RFC 9110, section 15.2)
            yield reply.interim
        if reply.behaviour is not None:
            return (yield from self._send_planned(reply, request, draw_plan(reply.behaviour, self._random)))
        return reply, (yield from self._send(reply, request))

    def _send_planned(
        self, reply: Reply, request: RawRequest, plan: Plan
    ) -> Generator[Step, None, tuple[Reply, Close | None]]:
        """Send a reply as planned: late, slow or broken. Return what was sent, for the log."""
        if plan.delay:
            yield Wait(plan.delay)
        if plan.fault is FaultKind.ERROR:
            response = copy_cors_headers(reply.response, render_simulated_error())
            failed = make_reply(response, summary=f"{reply.summary}; fault error", method=request.method)
            reply = replace(failed, server=reply.server)
        elif plan.fault is FaultKind.UNFINISHED:
            yield from self._send(reply, request, whole=False)
            yield from _hold(reply)
            return replace(reply, response=None, summary=f"{reply.summary}; broke off"), Close()
        elif plan.fault is not None:
            yield from _hold(reply)
            yield self._break_reply(reply, request, plan.fault)
            broken = replace(reply, response=None, summary=f"{reply.summary}; fault {plan.fault}")
            return broken, Close(reset=plan.fault is FaultKind.RESET)
        if not plan.bytes_per_second:
            return reply, (yield from self._send(reply, request))
        chunks = throttle_chunks(measure_body(reply.content), plan.bytes_per_second)
        return reply, (yield from self._send_stream(reply, request, chunks))

    def _send(self, reply: Reply, request: RawRequest, *, whole: bool = True) -> Generator[Step, None, Close | None]:
        if reply.stream is not None:
            return (yield from self._send_stream(reply, request, reply.stream.chunks, whole=whole))
        last = self._is_last(request)
        yield _make_head(reply, request, last=last)
        if reply.body:
            yield reply.body
        return Close() if last else None

    def _send_stream(
        self, reply: Reply, request: RawRequest, chunks: Iterable[Chunk], *, whole: bool = True
    ) -> Generator[Step, None, Close | None]:
        """Send a body piece by piece. It ends by its length, by the last chunk, or for HTTP/1.0 by closing."""
        stream = reply.stream or WHOLE
        chunked = not stream.is_sized and request.http_version == "HTTP/1.1"
        last = self._is_last(request) or not (stream.is_sized or chunked)
        head = _make_head(reply, request, last=last)
        yield add_connection(head, CHUNKED) if chunked else head
        begun, schedule = self._now(), BodySchedule(chunks, reply.content)
        while (due := schedule.next()) is not None:
            if isinstance(due, Fetch):
                yield due
                content, self._fetched_body = self._fetched_body, None
                if content is None:  # the client notices the error by the missing end
                    return Close()
                schedule.add_piece(content)
                continue
            yield Wait(max(0.0, begun + due.at - self._now()))
            yield encode_chunk(due.content) if chunked else due.content
        if chunked and whole:
            yield encode_last_chunk(stream.trailers)
        return Close() if last else None

    def _break_reply(self, reply: Reply, request: RawRequest, fault: FaultKind) -> bytes:
        if fault is FaultKind.GARBAGE:
            return self._random.randbytes(GARBAGE_BYTES)
        if fault is FaultKind.CUT:
            head, body = _make_head(reply, request, last=False), reply.body
            if reply.stream is not None and not reply.stream.is_sized:
                head = add_connection(head, CHUNKED) + b"%x\r\n" % len(body)
            return head + body[: len(body) // 2] if body else head[: len(head) // 2]
        return b""


def _hold(reply: Reply) -> Iterator[Step]:
    if reply.hold is not None:
        yield reply.hold


def _make_head(reply: Reply, request: RawRequest, *, last: bool) -> bytes:
    if last:
        return add_connection(reply.head, CLOSE)
    # HTTP/1.0 clients close unless the answer has keep-alive (RFC 9112, appendix C.2.2).
    return reply.head if request.http_version == "HTTP/1.1" else add_connection(reply.head, KEEP_ALIVE)


def _has_forwardable_head(data: bytes) -> bool:
    """Return whether these bytes begin with a head that a gateway forwards in other modes."""
    begun = data.lstrip(b"\r\n")
    end = begun.find(HEAD_END) + len(HEAD_END)
    return end >= len(HEAD_END) and isinstance(read_request(begun[:end]), RequestHead)
