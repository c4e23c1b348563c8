"""One request and its answer, read while their bytes pass: what to pass on, and the exchange to keep. No sockets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from understudy.serving.http1.body_recorder import Keeping, KeptBody, Piece
from understudy.serving.http1.framing import BadFraming
from understudy.serving.http1.heads import HEAD_END, PASSING, RequestHead, ResponseHead, UpstreamBroken, read_response
from understudy.store.model.exchanges import Exchange, Timings, cut_after
from understudy.store.model.fast_init import quick
from understudy.store.model.media_types import is_stream_type
from understudy.store.model.messages import Body, Chunk, Headers, Interim, Origin, Request, Response

_NONE = Headers()

Edit = Callable[[ResponseHead], bytes]


@quick
@dataclass(frozen=True, slots=True)
class Asked:
    """Where a request goes to; `target` in origin form."""

    origin: Origin
    target: bytes


class ExchangeReader:
    """Follows one exchange; keeps nothing of it without `keeping`. `edit` gives the head of the response that is sent.

    Times are seconds since the epoch.
    """

    __slots__ = (
        "_edit",
        "_framing",
        "_interim",
        "_keeping",
        "_request_body",
        "_request_end",
        "_response_at",
        "_response_body",
        "_response_end",
        "_rest",
        "asked",
        "excess",
        "request",
        "response",
        "started",
    )

    def __init__(
        self, head: RequestHead, asked: Asked, started: float, keeping: Keeping | None = None, edit: Edit | None = None
    ) -> None:
        self.request = head
        self.asked = asked
        self.started = started
        self.response: ResponseHead | None = None
        self.excess = False  # the upstream sent more than its answer
        self._keeping = keeping
        self._edit = edit
        self._request_body: KeptBody | None = None
        self._request_end = started if head.framing.complete else None
        self._response_body: KeptBody | None = None
        self._response_at = 0.0
        self._response_end: float | None = None
        self._interim: tuple[Interim, ...] = ()
        self._rest = b""

    @property
    def request_complete(self) -> bool:
        """Whether the client has sent all of its request."""
        return self._request_end is not None

    @property
    def complete(self) -> bool:
        """Whether the answer is over."""
        return self._response_end is not None

    @property
    def answered(self) -> bool:
        """Whether any byte of an answer has come."""
        return self.response is not None or bool(self._rest) or bool(self._interim)

    def take_request(self, data: bytes, now: float) -> int:
        """Read the request's body; returns how many of these bytes belong to it. Raises BadFraming."""
        framing = self.request.framing
        end, content = framing.take(data, 0)
        if self._keeping is not None and content:
            if self._request_body is None:
                self._request_body = KeptBody(self._keeping)
            self._request_body.add(content, 0.0)
        if framing.complete:
            self._request_end = now
        return end

    def take_response(self, data: bytes, now: float) -> bytes:
        """Read the answer; returns what the client gets of it. Raises UpstreamBroken."""
        if self.response is not None:
            return data[: self._take_body(data, 0, now)]
        if self._rest:
            data, self._rest = self._rest + data, b""
        sent: list[bytes] = []
        start = 0
        while self.response is None:
            end = data.find(HEAD_END, start) + len(HEAD_END)
            if end < len(HEAD_END):
                self._rest = data[start:]
                if len(self._rest) > PASSING.head:
                    raise UpstreamBroken("its head is too large")
                return b"".join(sent)
            sent.append(self._take_head(data[start:end], now))
            start = end
        end = self._take_body(data, start, now)
        sent.append(data[start:end])
        return b"".join(sent)

    def closed(self, now: float) -> bool:
        """The upstream has closed its connection; returns whether that was the end of its answer."""
        if self.response is not None and self.response.framing.until_close:
            self._response_end = now
        return self.complete

    def pieces(self) -> list[Piece]:
        """What the store should get now of bodies that are large; all of them when the exchange is over."""
        request, response = self._request_body, self._response_body
        if (request is None or not request.large) and (response is None or not response.large):
            return []
        pieces = request.ready(ended=self.request_complete) if request else []
        return pieces + (response.ready(ended=self.complete) if response else [])

    def last_pieces(self) -> list[Piece]:
        """What is left of large bodies, of an exchange that breaks off too."""
        kept = [body for body in (self._request_body, self._response_body) if body is not None]
        return [piece for body in kept for piece in body.ready(ended=True)]

    def exchange(self, session_id: str, error: str | None = None) -> Exchange:
        """What is kept; with an error, a failed exchange with what came of its response."""
        timings = Timings(self.started, self._request_end, self._response_at or None, self._response_end)
        return Exchange(
            session_id, self._kept_request(), self._kept_response(), timings, error, 0, frozenset(), self._degraded()
        )

    def _take_head(self, raw: bytes, now: float) -> bytes:
        head = read_response(raw, self.request.method)
        if head.status < 200:
            if head.status == 101:
                raise UpstreamBroken("it switches protocols, which nobody asked for")
            self._interim += (Interim(head.status, Headers(head.fields), head.reason),)
            return raw
        self.response = head
        self._response_at = now
        return raw if self._edit is None else self._edit(head)

    def _take_body(self, data: bytes, start: int, now: float) -> int:
        response = self.response
        assert response is not None
        try:
            end, content = response.framing.take(data, start)
        except BadFraming as error:
            raise UpstreamBroken(str(error)) from None
        if content and self._keeping is not None:
            if self._response_body is None:
                self._response_body = KeptBody(self._keeping)
            self._response_body.add(content, now - self._response_at)
        if response.framing.complete:
            self._response_end = now
            self.excess = self.excess or end < len(data)
        return end

    def _kept_request(self) -> Request:
        head, body = self.request, self._request_body
        content = b"" if body is None else body.body()
        trailers = Headers(head.framing.trailers) if head.framing.trailers else _NONE
        return Request(
            head.method,
            self.asked.target,
            Headers(head.fields),
            content,
            self.asked.origin,
            head.http_version,
            trailers,
        )

    def _kept_response(self) -> Response | None:
        head, body = self.response, self._response_body
        if head is None:
            return None
        trailers = Headers(head.framing.trailers) if head.framing.trailers else _NONE
        content: Body = b""
        chunks: tuple[Chunk, ...] = ()
        if body is not None:
            content = body.body()
            chunks = body.chunks(stream=_is_stream(head)) if body.paused else ()
        return Response(
            head.status, Headers(head.fields), content, head.reason, head.http_version, trailers, chunks, self._interim
        )

    def _degraded(self) -> str:
        told = []
        for body, whose in ((self._request_body, "request"), (self._response_body, "response")):
            if body is not None and body.cut:
                told.append(cut_after(whose, body.size))
        if self.complete and not self.request_complete:
            told.append("the answer came before the end of the request")
        return "; ".join(told)


def _is_stream(head: ResponseHead) -> bool:
    told = (value for name, value in head.fields if name.lower() == b"content-type")
    return any(is_stream_type(value.decode("latin-1")) for value in told)
