"""A strict reader of HTTP/1.1 requests: it refuses whatever two servers could read differently. No sockets.

httptools (llhttp) parses, and refuses bare CR and LF, obs-fold, two lengths, and bad chunk sizes. This module refuses
what llhttp accepts and RFC 9112 forbids. The states of a reader are described in `serving/http1/reader_states.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import httptools
import msgspec

from understudy.serving.http1.framing import NO_TRAILERS, Framing, FramingError, framing_from_fields
from understudy.serving.http1.limits import DEFAULT_LIMITS, Limits
from understudy.serving.http1.reader_states import ReaderState
from understudy.serving.http1.rules import (
    BAD_LINE,
    VERSIONS,
    MalformedRequest,
    RawFields,
    check_head,
    has_body,
    is_unknown_method,
    may_begin_request_line,
    refuse_body_size,
    refuse_field_count,
    refuse_head_size,
    refuse_target,
    refuse_version,
    replace_unknown_method,
)
from understudy.store.model.messages import Headers, Request


class RawRequest(msgspec.Struct, frozen=True):
    """One complete request. `target` is as received, in any form; without `keep_alive` the connection ends after it."""

    method: str
    target: bytes
    fields: RawFields
    body: bytes
    http_version: str
    keep_alive: bool
    trailers: RawFields = ()

    def to_request(self) -> Request:
        """Return the request as a message; its target is not yet in origin form."""
        trailers = Headers(self.trailers) if self.trailers else _NONE
        return Request(self.method, self.target, Headers(self.fields), self.body, None, self.http_version, trailers)


@dataclass(frozen=True, slots=True)
class ExpectContinue:
    """The client waits for 100 Continue before it sends the body (RFC 9110, section 10.1.1)."""


RequestEvent = RawRequest | MalformedRequest | ExpectContinue
_NONE = Headers()


# Members of an enum are slow to look up, and the states are compared with each request.
_BETWEEN, _BEFORE_LINE, _HEAD, _HEAD_AGAIN = (
    ReaderState.BETWEEN,
    ReaderState.BEFORE_LINE,
    ReaderState.HEAD,
    ReaderState.HEAD_AGAIN,
)
_UNKNOWN_METHOD, _BODY, _ENDED, _REFUSED = (
    ReaderState.UNKNOWN_METHOD,
    ReaderState.BODY,
    ReaderState.ENDED,
    ReaderState.REFUSED,
)


class RequestReader:
    """Reads the requests of one connection, up to a refusal or a request without `keep_alive`."""

    __slots__ = (
        "_body",
        "_buffer",
        "_events",
        "_fields",
        "_framing",
        "_head",
        "_head_size",
        "_limits",
        "_line_end",
        "_method",
        "_parser",
        "_partial_head",
        "_received",
        "_state",
        "_target",
        "has_refused_head",
        "number",
    )

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._events: list[RequestEvent] = []
        self.has_refused_head = False  # it was refused before it was complete
        self.number = 0  # of the request that is read, or comes next
        self._head: RawFields = ()  # the fields of the head that was read last
        self._partial_head = bytearray()  # a head that is not complete, from its first byte
        self._buffer: bytes | bytearray = b""  # the partial head and the bytes that are being read
        self._line_end = 0  # in the buffer: where the last complete request line ends
        self._framing: Framing | None = None  # of a body that began in an earlier piece, before this piece
        self._method = b""  # the method of the request, if llhttp does not know it and reads POST instead
        self._begin(_BETWEEN)
        self._parser = self._make_parser()

    @property
    def is_between_requests(self) -> bool:
        """Whether nothing of a further request was received."""
        return self._state is _BETWEEN or self._state is _ENDED

    @property
    def is_in_head(self) -> bool:
        """Whether a head has begun and is not complete."""
        return self._state in (_BEFORE_LINE, _HEAD, _HEAD_AGAIN, _UNKNOWN_METHOD)

    @property
    def is_in_body(self) -> bool:
        """Whether a head is complete and its body is not."""
        return self._state is _BODY

    def feed(self, data: bytes) -> list[RequestEvent]:
        """Return the events that these bytes complete, in order."""
        while data and self._state is not _ENDED and self._state is not _REFUSED:
            try:
                data = self._read(data)
            except FramingError as error:
                self._refuse(MalformedRequest(400, str(error)))
        events, self._events = self._events, []
        return events

    def stop(self) -> None:
        """Read nothing more."""
        self._state = _REFUSED

    @property
    def received(self) -> int:
        """The bytes of the request that have come."""
        return self._received

    def _read(self, data: bytes) -> bytes:
        """Read bytes; return those that are still to be read, after an upgrade."""
        self._received += len(data)
        self._line_end = 0
        if self._partial_head:
            self._partial_head += data
        self._buffer = self._partial_head or data
        if self._state is _UNKNOWN_METHOD:
            return self._replace_unknown_method()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return self._restart_parser() + data[upgrade.args[0] :]
        except httptools.HttpParserCallbackError:
            raise  # a bug of Understudy
        except httptools.HttpParserError as error:
            return self._handle_error(error)
        if self._state is _BODY:
            self._follow_body(data)
        self._keep_partial_head()
        self._check_sizes(data)
        return b""

    def _handle_error(self, error: httptools.HttpParserError) -> bytes:
        if self._state is _ENDED or self._state is _REFUSED:
            return b""
        if is_unknown_method(error):
            return self._replace_unknown_method()
        self._refuse(_refusal_from_error(str(error) or type(error).__name__))
        return b""

    def _restart_parser(self) -> bytes:
        """Let a new parser read what follows an upgrade; return the head that it has to read again, if any.

        The answer is not an upgrade, so what follows is HTTP still (RFC 9110, section 7.8).
        """
        head = b""
        if self._state is _HEAD_AGAIN:
            head = self._render_head_without_upgrade()
            self._begin(_HEAD_AGAIN)
        self._partial_head = bytearray()
        self._framing = None
        self._parser = self._make_parser()
        return head

    def _make_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)  # no reader takes them for a digit
        return parser

    def _render_head_without_upgrade(self) -> bytes:
        fields = b"".join(b"%s: %s\r\n" % field for field in self._head if field[0].lower() != b"upgrade")
        version = self._parser.get_http_version().encode("ascii")
        return b"%s %s HTTP/%s\r\n%s\r\n" % (self._parser.get_method(), self._target, version, fields)

    def _keep_partial_head(self) -> None:
        """Keep the bytes of an incomplete head, and no others."""
        if self._state is not _HEAD and self._state is not _HEAD_AGAIN:
            if self._partial_head:
                self._partial_head = bytearray()
        elif self._line_end or not self._partial_head:
            self._partial_head = bytearray(self._buffer[self._find_last_end() :])
        if self._state is not _BODY:
            self._framing = None
        self._buffer = b""

    def _replace_unknown_method(self) -> bytes:
        """Return a request to be read again, by a parser that gets a known method; wait until its line is complete."""
        request = bytes(self._buffer[self._find_last_end() :])
        self._framing = None
        replaced = replace_unknown_method(request)
        if replaced is not None:
            self._begin(_BETWEEN)
            self._partial_head = bytearray()
            self._parser = self._make_parser()
            self._method, request = replaced
            return request
        self._partial_head = bytearray(request)
        if not may_begin_request_line(request):
            self._refuse(MalformedRequest(400, "the bytes are not HTTP/1.1: they have no method"))
        elif len(request) > self._limits.target:
            self._refuse_target()
        else:
            self._state = _UNKNOWN_METHOD
        return b""

    def _find_last_end(self) -> int:
        """Return where in the buffer the last complete request ends; raises FramingError."""
        buffer = bytes(self._buffer)
        if self._line_end:
            return framing_from_fields(self._head).take(buffer, self._find_head_end())[0]
        return 0 if self._framing is None else self._framing.take(buffer, 0)[0]

    def _follow_body(self, data: bytes) -> None:
        """Read the framing of an incomplete body, to know where the next request begins; raises FramingError."""
        if self._line_end:
            self._framing = framing_from_fields(self._head)
            self._framing.take(bytes(self._buffer), self._find_head_end())
        elif self._framing is not None:
            self._framing.take(data, 0)

    def _find_head_end(self) -> int:
        return self._buffer.find(b"\r\n\r\n", self._line_end - 2) + 4

    def _begin(self, state: ReaderState) -> None:
        """Forget the last request; one that is read again keeps its method."""
        self._state = state
        if state is not _HEAD_AGAIN:
            self._method = b""
            self.number += 1
        self._target = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._head_size = 0
        self._body = bytearray()
        self._received = 0  # bytes of the request, except those that came in one piece with the request before it

    def _refuse(self, malformed: MalformedRequest) -> None:
        if self._state is not _ENDED and self._state is not _REFUSED:
            self.has_refused_head = self._state is not _BODY and malformed.status == 400
            self._state = _REFUSED
            self._events.append(malformed)

    def _check_sizes(self, data: bytes) -> None:
        limits = self._limits
        if self._state is _BODY:
            # Chunk sizes and extensions count too: the client may send any number of them.
            if max(len(self._body), self._received - 2 * limits.head) > limits.body:
                self._refuse_body()
            return
        if self._received > 2 * limits.head:  # spaces around values are not counted otherwise
            self._refuse_head()
        elif self._target and data.endswith(b"\n") and self._parser.get_http_version() == "0.0":
            self._refuse(refuse_version("0.9"))  # its requests end with their line: nothing more would come
        elif self._received and self._state is _BETWEEN:
            self._state = _BEFORE_LINE

    def _refuse_body(self) -> None:
        self._refuse(refuse_body_size(self._limits))

    def _refuse_head(self) -> None:
        self._refuse(refuse_head_size(self._limits))

    def _refuse_target(self) -> None:
        self._refuse(refuse_target(self._limits))

    # The callbacks of httptools.

    def on_message_begin(self) -> None:
        """Note that a request line begins."""
        if self._state is _BETWEEN or self._state is _BEFORE_LINE:
            self._state = _HEAD

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target."""
        self._target += url
        if len(self._target) > self._limits.target:
            self._refuse_target()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head, or a trailer."""
        value = value.rstrip(b" \t")  # llhttp keeps the space behind a value (RFC 9110, section 5.5)
        self._fields.append((name, value))
        self._head_size += len(name) + len(value) + 4
        if self._head_size > self._limits.head:
            self._refuse_head()
        elif len(self._fields) > self._limits.fields:
            self._refuse(refuse_field_count(self._limits))

    def on_headers_complete(self) -> None:
        """Check the head, which is complete."""
        if self._state is _HEAD:
            self._head = tuple(self._fields)
        elif self._state is not _HEAD_AGAIN:
            return
        self._state = _BODY
        self._fields = []
        self._head_size = 0
        version, method = self._parser.get_http_version(), self._parser.get_method()
        line = b"%s %s HTTP/%s\r\n" % (method, self._target, version.encode("ascii"))
        begin = self._buffer.find(line, self._line_end)
        self._line_end = begin + len(line)
        refusal = check_head(version, self._method or method, self._target, self._head, self._limits)
        if begin < 0:
            # llhttp also accepts two other protocols, and several spaces as one.
            self._refuse(BAD_LINE)
        elif refusal is not None:
            self._refuse(refusal)
        elif any(name.lower() == b"expect" for name, _ in self._head):
            self._check_expect(version)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Emit the request, which is complete."""
        if self._state is not _BODY:
            return
        if len(self._body) > self._limits.body:
            self._refuse_body()
            return
        if self._fields and any(name.lower() in NO_TRAILERS for name, _ in self._fields):
            self._refuse(MalformedRequest(400, "a trailer cannot decide what the request is, or where it ends"))
            return
        parser = self._parser
        if parser.should_upgrade() and has_body(self._head):
            self._state = _HEAD_AGAIN
            return
        keep_alive = parser.should_keep_alive()
        request = RawRequest(
            (self._method or parser.get_method()).decode("ascii"),
            self._target,
            self._head,
            bytes(self._body),
            VERSIONS[parser.get_http_version()],
            keep_alive,
            tuple(self._fields),
        )
        self._events.append(request)
        self._begin(_BETWEEN if keep_alive else _ENDED)

    def _check_expect(self, version: str) -> None:
        values = {value.strip().lower() for name, value in self._head if name.lower() == b"expect"}
        if version == "1.0":
            return  # HTTP/1.0 has no Expect (RFC 9110, section 10.1.1)
        if values != {b"100-continue"}:
            self._refuse(MalformedRequest(417, "Expect takes 100-continue"))
        elif not self._parser.should_upgrade():  # otherwise the head is read again
            self._events.append(ExpectContinue())


def _refusal_from_error(error: str) -> MalformedRequest:
    """Return the refusal for an error of llhttp, which recognises HTTP/2."""
    if error.startswith("Pause on PRI"):
        return refuse_version("2")
    return MalformedRequest(400, f"the bytes are not HTTP/1.1: {error}")
