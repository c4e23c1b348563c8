"""A reader of one exchange that is passed on: finds the bytes to pass on, and builds the exchange. No sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from understudy.serving.http1.body_recorder import BodyLimits, BodyRecorder, Piece
from understudy.serving.http1.framing import FramingError
from understudy.serving.http1.heads import (
    HEAD_END,
    LONGEST_RESPONSE_HEAD,
    RequestHead,
    ResponseHead,
    UpstreamProtocolError,
    read_response,
)
from understudy.serving.http1.rules import RawFields
from understudy.store.model.exchanges import ANSWERED_EARLY, Exchange, Timings, describe_cut
from understudy.store.model.media_types import is_stream_type
from understudy.store.model.messages import Body, Chunk, Headers, InterimResponse, Origin, Request, Response

_NONE = Headers()

HeadRewriter = Callable[[ResponseHead], bytes]


class ForwardedBody(Protocol):
    """The body of a response, as other bytes for the client. Its methods raise UpstreamProtocolError."""

    head: ResponseHead

    def take(self, content: bytes) -> bytes:
        """Take the next bytes of the content; return what the client gets."""
        ...

    def finish(self, trailers: RawFields) -> bytes:
        """Return the end of the body for the client."""
        ...


ForwardedBodyFactory = Callable[[ResponseHead], ForwardedBody | None]


class Destination(msgspec.Struct, frozen=True):
    """The origin that a request is sent to; `target` is in origin form."""

    origin: Origin
    target: bytes


class ExchangeReader:
    """Follows one exchange; it records no body without `body_limits`. `rewrite_head` makes the head that is sent.

    `make_body` returns what makes the body that is sent, if that is another one. Times are seconds since the epoch.
    """

    __slots__ = (
        "_body_limits",
        "_forwarded",
        "_framing",
        "_interim",
        "_make_body",
        "_request_body",
        "_request_end",
        "_response_at",
        "_response_body",
        "_response_end",
        "_rest",
        "_rewrite_head",
        "destination",
        "excess",
        "request",
        "response",
        "started",
    )

    def __init__(
        self,
        head: RequestHead,
        destination: Destination,
        started: float,
        body_limits: BodyLimits | None = None,
        rewrite_head: HeadRewriter | None = None,
        make_body: ForwardedBodyFactory | None = None,
    ) -> None:
        self.request = head
        self.destination = destination
        self.started = started
        self.response: ResponseHead | None = None
        self.excess = False  # the upstream sent more than its response
        self._body_limits = body_limits
        self._rewrite_head = rewrite_head
        self._make_body = make_body
        self._forwarded: ForwardedBody | None = None
        self._request_body: BodyRecorder | None = None
        self._request_end = started if head.framing.is_complete else None
        self._response_body: BodyRecorder | None = None
        self._response_at = 0.0
        self._response_end: float | None = None
        self._interim: tuple[InterimResponse, ...] = ()
        self._rest = b""

    @property
    def is_request_complete(self) -> bool:
        """Whether the client has sent all of its request."""
        return self._request_end is not None

    @property
    def is_complete(self) -> bool:
        """Whether the response has ended."""
        return self._response_end is not None

    @property
    def has_response_bytes(self) -> bool:
        """Whether any byte of a response was received."""
        return self.response is not None or bool(self._rest) or bool(self._interim)

    def take_request(self, data: bytes, now: float) -> int:
        """Read the body of the request; return how many of these bytes belong to it. Raises FramingError."""
        framing = self.request.framing
        end, content = framing.take(data, 0)
        if self._body_limits is not None and content:
            if self._request_body is None:
                self._request_body = BodyRecorder(self._body_limits)
            self._request_body.add(content, 0.0)
        if framing.is_complete:
            self._request_end = now
        return end

    def take_response(self, data: bytes, now: float) -> bytes:
        """Read the response; return the bytes for the client. Raises UpstreamProtocolError."""
        if self.response is not None:
            return self._read_body(data, 0, now)
        if self._rest:
            data, self._rest = self._rest + data, b""
        sent = b""
        start = 0
        while self.response is None:
            end = data.find(HEAD_END, start) + len(HEAD_END)
            if end < len(HEAD_END):
                self._rest = data[start:]
                if len(self._rest) > LONGEST_RESPONSE_HEAD:
                    raise UpstreamProtocolError("its head is too large")
                return sent
            sent += self._read_head(data[start:end], now)
            start = end
        return sent + self._read_body(data, start, now)

    def handle_close(self, now: float) -> bool:
        """Note that the upstream has closed its connection; return whether its response is complete."""
        if self.response is not None and self.response.framing.until_close:
            self._response_end = now
        return self.is_complete

    def take_end(self) -> bytes:
        """Return what the client gets at the end of a body that ends with its connection."""
        return b"" if self._forwarded is None else self._forwarded.finish(())

    def take_pieces(self) -> list[Piece]:
        """Return the pieces of large bodies that the store should get now."""
        request, response = self._request_body, self._response_body
        if (request is None or not request.is_large) and (response is None or not response.is_large):
            return []
        pieces = request.take_pieces(ended=self.is_request_complete) if request else []
        return pieces + (response.take_pieces(ended=self.is_complete) if response else [])

    def take_last_pieces(self) -> list[Piece]:
        """Return what is left of large bodies, also of an exchange that breaks off."""
        pieces: list[Piece] = []
        for body in (self._request_body, self._response_body):
            if body is not None and body.is_large:
                pieces += body.take_pieces(ended=True)
        return pieces

    def to_exchange(self, session_id: str, error: str | None = None, left: float | None = None) -> Exchange:
        """Return the exchange to record; with an error, a failed one with what was received of its response.

        `left` is the time at which the client left, if that is the error.
        """
        end = left if self._response_end is None else self._response_end
        timings = Timings(self.started, self._request_end, self._response_at or None, end)
        return Exchange(
            session_id,
            self._build_request(),
            self._build_response(),
            timings,
            error,
            0,
            frozenset(),
            self._describe_losses(),
            None,
            self.request.raw,
            self.response.raw if self.response else b"",
        )

    def _read_head(self, raw: bytes, now: float) -> bytes:
        head = read_response(raw, self.request.method)
        if head.status < 200:
            if head.status == 101:
                raise UpstreamProtocolError("it switches protocols without being asked to")
            self._interim += (InterimResponse(head.status, Headers(head.fields), head.reason),)
            return raw
        self.response = head
        self._response_at = now
        self._forwarded = None if self._make_body is None else self._make_body(head)
        shown = head if self._forwarded is None else self._forwarded.head
        return shown.raw if self._rewrite_head is None else self._rewrite_head(shown)

    def _read_body(self, data: bytes, start: int, now: float) -> bytes:
        """Read on in the body from `start`; return the bytes for the client."""
        response = self.response
        assert response is not None
        try:
            end, content = response.framing.take(data, start)
        except FramingError as error:
            raise UpstreamProtocolError(str(error)) from None
        if content and self._body_limits is not None:
            if self._response_body is None:
                self._response_body = BodyRecorder(self._body_limits)
            self._response_body.add(content, now - self._response_at)
        if response.framing.is_complete:
            self._response_end = now
            self.excess = self.excess or end < len(data)
        if self._forwarded is not None:
            return self._forward(self._forwarded, content)
        return content if len(content) == end - start else data[start:end]  # most bodies have no framing of their own

    def _forward(self, body: ForwardedBody, content: bytes) -> bytes:
        sent = body.take(content)
        framing = self.response.framing if self.response else None
        return sent + body.finish(framing.trailers) if framing is not None and framing.is_complete else sent

    def _build_request(self) -> Request:
        head, body = self.request, self._request_body
        content = b"" if body is None else body.to_body()
        trailers = Headers(head.framing.trailers) if head.framing.trailers else _NONE
        return Request(
            head.method,
            self.destination.target,
            Headers(head.fields),
            content,
            self.destination.origin,
            head.http_version,
            trailers,
        )

    def _build_response(self) -> Response | None:
        head, body = self.response, self._response_body
        if head is None:
            return None
        trailers = Headers(head.framing.trailers) if head.framing.trailers else _NONE
        content: Body = b""
        chunks: tuple[Chunk, ...] = ()
        if body is not None:
            content = body.to_body()
            chunks = body.to_chunks(stream=_has_stream_type(head)) if body.has_pauses else ()
        return Response(
            head.status, Headers(head.fields), content, head.reason, head.http_version, trailers, chunks, self._interim
        )

    def _describe_losses(self) -> str:
        losses: list[str] = []
        if self._request_body is not None and self._request_body.cut:
            losses.append(describe_cut("request", self._request_body.size))
        if self._response_body is not None and self._response_body.cut:
            losses.append(describe_cut("response", self._response_body.size))
        if self.is_complete and not self.is_request_complete:
            losses.append(ANSWERED_EARLY)
        return "; ".join(losses)


def _has_stream_type(head: ResponseHead) -> bool:
    media_types = (value for name, value in head.fields if name.lower() == b"content-type")
    return any(is_stream_type(value.decode("latin-1")) for value in media_types)
