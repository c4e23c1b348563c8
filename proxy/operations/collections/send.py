"""One request sent to its API, and the answer as it came: header order and case, undecoded body. Blocks."""

from __future__ import annotations

import re
import socket
import ssl
import time
from contextlib import closing
from dataclasses import dataclass, field

import h11

from understudy.store.errors import UserError
from understudy.store.model.exchanges import Exchange, Timings
from understudy.store.model.messages import Headers, Origin, Request, Response

READ_BYTES = 64 * 1024
LARGEST_HEAD = 256 * 1024
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

# Errors of OpenSSL and h11, and what they mean.
_NO_TLS = {
    "WRONG_VERSION_NUMBER": "it does not use TLS there; try a URL with http://",
    "UNEXPECTED_EOF_WHILE_READING": "it closed the connection during the TLS handshake",
}
_UNREADABLE = {
    "illegal status line": "it does not begin with a status line",
    "illegal request line": "it does not begin with a status line",
    "illegal header line": "a line of its head is not a header",
    "illegal chunk header": "a chunk of its body does not begin with its size",
    "conflicting Content-Length": "it has two different lengths",
    "bad Content-Length": "its Content-Length is not a number",
    "Only Transfer-Encoding": "its Transfer-Encoding is not chunked",
    "Receive buffer too long": f"its head is longer than {LARGEST_HEAD} bytes",
    "Received server _SWITCH": "it switched to another protocol without being asked to",
}

_NOT_IN_TARGET = re.compile(rb"[^\x21-\x7e]")


def prepared(request: Request, agent: str) -> Request:
    """Return the request with the headers that HTTP needs and that clients usually send, where it has none."""
    assert request.origin
    assert isinstance(request.body, bytes)
    usual = [("Host", request.origin.authority), ("User-Agent", agent), ("Accept", "*/*")]
    chunked = "transfer-encoding" in request.headers
    if (request.body or request.method in WITH_BODY) and not chunked:
        usual.append(("Content-Length", str(len(request.body))))
    added = Headers.of((name, value) for name, value in usual if name not in request.headers)
    target = _NOT_IN_TARGET.sub(lambda found: f"%{found[0][0]:02X}".encode(), request.target)
    return Request(
        request.method, target, Headers((*added.fields, *request.headers.fields)), request.body, request.origin
    )


def send(request: Request, *, seconds: float, context: ssl.SSLContext | None = None) -> Exchange:
    """Send a prepared request, and return it with its answer; `seconds` bounds each wait.

    Redirects are not followed. Raises UserError when no whole answer comes.
    """
    origin = request.origin
    assert origin
    started, came = time.time(), _Came()
    with closing(_connected(origin, seconds, context)) as connected:
        try:
            response = _answer(connected, request, came)
        except TimeoutError as error:
            silent = f"sent no more for {seconds:g} seconds {came.so_far}" if came.begun else _silent(seconds)
            raise UserError(f"{origin} {silent}") from error
        except OSError as error:
            raise UserError(f"{origin} broke the connection off {came.so_far}") from error
        except h11.LocalProtocolError as error:
            # h11 shows the value of a header that it refuses.
            reason = str(error).partition(" b'")[0].partition(' b"')[0]
            raise UserError(f"that request cannot be sent over HTTP/1.1: {reason}") from error
        except h11.RemoteProtocolError as error:
            if came.to_its_end:
                raise UserError(f"{origin} closed the connection {came.so_far}") from error
            raise UserError(f"the answer of {origin} cannot be read as HTTP/1.1: {_unreadable(error)}") from error
    return Exchange("", request, response, Timings(started, response_end=time.time()))


@dataclass(slots=True)
class _Came:
    """How far an answer has come: whether it has begun, its head and body, whether the server closed the connection."""

    begun: bool = False
    head: h11.Response | None = None
    body: bytearray = field(default_factory=bytearray)
    to_its_end: bool = False

    @property
    def so_far(self) -> str:
        """How far the answer has come, in words."""
        if self.head is None:
            return "within the head of its answer" if self.begun else "without an answer"
        length = dict(self.head.headers).get(b"content-length", b"").decode()
        of = f" of the {length}" if length else ""
        return f"after {len(self.body)}{of} bytes of its answer's body"


def _connected(origin: Origin, seconds: float, context: ssl.SSLContext | None) -> socket.socket:
    try:
        plain = socket.create_connection((origin.host, origin.port), seconds)
        return plain if origin.scheme == "http" else _secured(plain, origin, context or ssl.create_default_context())
    except TimeoutError as error:
        raise UserError(f"{origin} {_silent(seconds)}") from error
    except ssl.SSLCertVerificationError as error:
        raise UserError(f"the certificate of {origin} cannot be trusted: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise UserError(f"cannot reach {origin}: {_NO_TLS.get(error.reason or '', error.reason)}") from error
    except socket.gaierror as error:
        raise UserError(f"cannot reach {origin}: its name cannot be resolved") from error
    except UnicodeError as error:
        raise UserError(f"cannot reach {origin}: its name is not one that can be resolved") from error
    except OSError as error:
        raise UserError(f"cannot reach {origin}: {error.strerror or error}") from error


def _silent(seconds: float) -> str:
    return f"did not answer within {seconds:g} seconds"


def _secured(plain: socket.socket, origin: Origin, context: ssl.SSLContext) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(plain, server_hostname=origin.host)
    except BaseException:
        plain.close()
        raise


def _answer(connected: socket.socket, request: Request, came: _Came) -> Response:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
    head = h11.Request(method=request.method, target=request.target, headers=list(request.headers.fields))
    assert isinstance(request.body, bytes)
    message = [connection.send(head), connection.send(h11.Data(request.body)), connection.send(h11.EndOfMessage())]
    connected.sendall(b"".join(filter(None, message)))
    while True:
        match connection.next_event():
            case h11.NEED_DATA:
                data = connected.recv(READ_BYTES)
                came.begun, came.to_its_end = came.begun or bool(data), not data
                connection.receive_data(data)
            case h11.PAUSED:
                raise h11.RemoteProtocolError("it switched to another protocol")
            case h11.Response() as answered:
                came.head = answered
            case h11.Data() as data:
                came.body += data.data
            case h11.EndOfMessage() as end:
                assert came.head
                return _response(came.head, bytes(came.body), end)
            case _:  # words before the answer (RFC 9110, section 15.2)
                came.begun = False


def _unreadable(error: h11.RemoteProtocolError) -> str:
    reason = str(error).partition(": bytearray")[0]  # the bytes that follow may be many, and secret
    return next((words for begin, words in _UNREADABLE.items() if reason.startswith(begin)), reason)


def _response(head: h11.Response, body: bytes, end: h11.EndOfMessage) -> Response:
    return Response(
        head.status_code,
        Headers(tuple(head.headers.raw_items())),
        body,
        bytes(head.reason),
        f"HTTP/{head.http_version.decode()}",
        Headers(tuple(end.headers.raw_items())),
    )
