"""The bytes of one connection read as HTTP/1.1 requests, strictly: what two servers could read differently is refused.

httptools (llhttp) reads; it refuses bare CR and LF, obs-fold, two lengths, and bad chunk sizes. What it lets pass and
RFC 9112 does not is refused here. No sockets.
"""

from __future__ import annotations

from dataclasses import dataclass

import httptools

from understudy.serving.http1.limits import DEFAULT_LIMITS, Limits
from understudy.serving.http1.rules import (
    VERSIONS,
    MalformedRequest,
    RawFields,
    check_head,
    has_body,
    may_begin_request_line,
    refuse_unknown_method,
    refuse_version,
)
from understudy.store.model.messages import Headers, Request


@dataclass(frozen=True, slots=True)
class RawRequest:
    """One whole request. `target` is what came, in whatever form; after it the connection ends unless `keep_alive`."""

    method: str
    target: bytes
    fields: RawFields
    body: bytes
    http_version: str
    keep_alive: bool
    trailers: RawFields = ()

    def to_request(self) -> Request:
        """The request as our messages have it, its target not yet in origin form."""
        trailers = Headers(self.trailers) if self.trailers else _NONE
        return Request(self.method, self.target, Headers(self.fields), self.body, None, self.http_version, trailers)


@dataclass(frozen=True, slots=True)
class ExpectContinue:
    """The client waits for 100 Continue before it sends the body (RFC 9110, section 10.1.1)."""


RequestEvent = RawRequest | MalformedRequest | ExpectContinue
_NONE = Headers()


class RequestReader:
    """Reads the requests of one connection. After a `Malformed`, or a request without `keep_alive`, it is deaf."""

    __slots__ = (
        "_again",
        "_asked",
        "_at",
        "_begun",
        "_body",
        "_body_size",
        "_deaf",
        "_events",
        "_fields",
        "_head",
        "_head_size",
        "_limits",
        "_parser",
        "_raw",
        "_seen",
        "_target",
        "_unread",
        "_where",
    )

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._deaf = False
        self._events: list[RequestEvent] = []
        self._again = b""
        self._asked: RawFields = ()  # the fields as they came of a head that is read again
        self._begun = bytearray()  # the pieces of a head that is not complete
        self._seen: bytes | bytearray = b""  # these, or else the piece that is being read
        self._at = 0  # where in it the last request line ends
        self._unread = False  # the method is none that llhttp knows: the rest of the line says what is to be answered
        self._begin()
        self._parser = httptools.HttpRequestParser(self)

    @property
    def is_between_requests(self) -> bool:
        """Whether nothing of a further request has come."""
        return self._where == _BETWEEN and not self._raw

    @property
    def is_in_head(self) -> bool:
        """Whether a head has begun and is not complete."""
        return self._where != _BODY and not self.is_between_requests

    @property
    def is_in_body(self) -> bool:
        """Whether a head is complete and its body is not."""
        return self._where == _BODY

    def feed(self, data: bytes) -> list[RequestEvent]:
        """What these bytes complete, in order."""
        while data and not self._deaf:
            data = self._read(data)
        events, self._events = self._events, []
        return events

    def _read(self, data: bytes) -> bytes:
        """Read; returns what has to be read by a parser that knows of no upgrade."""
        self._raw += len(data)
        self._at = 0
        if self._begun:
            self._begun += data
        self._seen = self._begun or data
        if self._unread:
            self._check_line()
            return b""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # The answer is not an upgrade, so what follows is HTTP still (RFC 9110, section 7.8).
            head, self._again = self._again, b""
            self._begun = bytearray()
            self._parser = httptools.HttpRequestParser(self)
            return head + data[upgrade.args[0] :]
        except httptools.HttpParserCallbackError:
            raise  # a bug of ours
        except httptools.HttpParserInvalidMethodError:
            if not self._deaf:
                self._check_line()
        except httptools.HttpParserError as error:
            self._refuse(_refusal_from_error(str(error) or type(error).__name__))
        else:
            self._keep_partial_head()
            self._check_sizes(data)
        return b""

    def _keep_partial_head(self) -> None:
        """Keep what has come of a head, and nothing else."""
        if self._where != _HEAD or self._deaf:
            self._begun = bytearray()
        elif self._at or not self._begun:
            self._begun = bytearray(self._seen[self._find_last_end() :])
        self._seen = b""

    def _check_line(self) -> None:
        """Refuse a request whose method llhttp does not know, when all of its line is here."""
        line = self._begun = bytearray(self._seen[self._find_last_end() :])
        refusal = refuse_unknown_method(line)
        self._unread = refusal is None and may_begin_request_line(line)
        if self._unread and len(line) > self._limits.target:
            self._refuse_target()
        elif not self._unread:
            self._refuse(refusal or MalformedRequest(400, "that is not HTTP/1.1: it has no method"))

    def _find_last_end(self) -> int:
        """Where in what is seen the request before this one ends; behind chunks, that is not known."""
        if not self._at:
            return 0
        last = self._events[-1]
        assert isinstance(last, RawRequest)
        return self._seen.find(b"\r\n\r\n", self._at) + 4 + len(last.body)

    def _begin(self) -> None:
        self._where = _BETWEEN
        self._target = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._head_size = 0
        self._body = bytearray()
        self._body_size = 0
        self._raw = 0

    def _refuse(self, malformed: MalformedRequest) -> None:
        if not self._deaf:
            self._deaf = True
            self._events.append(malformed)

    def _check_sizes(self, data: bytes) -> None:
        limits = self._limits
        if self._where == _BODY:
            # Chunk sizes and extensions count too: they are bytes that somebody sends us.
            if max(self._body_size, self._raw - 2 * limits.head) > limits.body:
                self._refuse_body()
        elif self._raw > 2 * limits.head:  # spaces around values are not counted otherwise
            self._refuse_head()
        elif self._target and data.endswith(b"\n") and self._parser.get_http_version() == "0.0":
            self._refuse(refuse_version("0.9"))  # its requests end with their line: nothing more would come

    def _refuse_body(self) -> None:
        self._refuse(MalformedRequest(413, f"a body of up to {self._limits.body} bytes is read here"))

    def _refuse_head(self) -> None:
        self._refuse(MalformedRequest(431, f"a head of up to {self._limits.head} bytes is read here"))

    def _refuse_target(self) -> None:
        self._refuse(MalformedRequest(414, f"a target of up to {self._limits.target} bytes is read here"))

    # What httptools calls.

    def on_message_begin(self) -> None:
        """A request line begins."""
        self._where = _HEAD

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._target += url
        if len(self._target) > self._limits.target:
            self._refuse_target()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or a trailer."""
        value = value.rstrip(b" \t")  # llhttp leaves the space behind a value to us (RFC 9110, section 5.5)
        self._fields.append((name, value))
        self._head_size += len(name) + len(value) + 4
        if self._head_size > self._limits.head:
            self._refuse_head()
        elif len(self._fields) > self._limits.fields:
            self._refuse(MalformedRequest(431, f"up to {self._limits.fields} header fields are read here"))

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._where = _BODY
        self._head, self._asked = self._asked or tuple(self._fields), ()
        self._fields = []
        self._head_size = 0
        version, method = self._parser.get_http_version(), self._parser.get_method()
        line = b"%s %s HTTP/%s\r\n" % (method, self._target, version.encode("ascii"))
        begin = self._seen.find(line, self._at)
        self._at = begin + len(line)
        problem = check_head(version, method, self._target, self._head, self._limits)
        if begin < 0:
            # llhttp reads two other protocols as well, and several spaces as one.
            self._refuse(MalformedRequest(400, "a request line is METHOD TARGET HTTP/1.1, with one space between each"))
        elif problem is not None:
            self._refuse(problem)
        elif any(name.lower() == b"expect" for name, _ in self._head):
            self._check_expect(version)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body += body
        self._body_size += len(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        if self._deaf:
            return
        if self._body_size > self._limits.body:
            self._refuse_body()
            return
        parser = self._parser
        if parser.should_upgrade() and has_body(self._head):
            self._reparse_head(parser)
            return
        keep_alive = parser.should_keep_alive()
        arrived = RawRequest(
            parser.get_method().decode("ascii"),
            self._target,
            self._head,
            bytes(self._body),
            VERSIONS[parser.get_http_version()],
            keep_alive,
            tuple(self._fields),
        )
        self._events.append(arrived)
        self._begin()
        self._deaf = not keep_alive

    def _reparse_head(self, parser: httptools.HttpRequestParser) -> None:
        """Have the head read without its upgrade: llhttp takes the body of such a request for the other protocol."""
        target, self._asked = self._target, self._head
        fields = b"".join(b"%s: %s\r\n" % field for field in self._head if field[0].lower() != b"upgrade")
        version = parser.get_http_version().encode("ascii")
        self._again = b"%s %s HTTP/%s\r\n%s\r\n" % (parser.get_method(), target, version, fields)
        self._begin()

    def _check_expect(self, version: str) -> None:
        values = {value.strip().lower() for name, value in self._head if name.lower() == b"expect"}
        if version == "1.0":
            return  # to be ignored there
        if values != {b"100-continue"}:
            self._refuse(MalformedRequest(417, "Expect takes 100-continue"))
        elif not self._parser.should_upgrade():  # else the head is read again
            self._events.append(ExpectContinue())


_BETWEEN, _HEAD, _BODY = range(3)


def _refusal_from_error(error: str) -> MalformedRequest:
    """The answer to what llhttp does not read; it knows HTTP/2 by its first bytes, and methods of other protocols."""
    if error.startswith("Pause on PRI"):
        return refuse_version("2")
    if error.startswith("Invalid method for HTTP/"):
        return MalformedRequest(501, "that method is not one of HTTP/1.1")
    return MalformedRequest(400, f"that is not HTTP/1.1: {error}")
