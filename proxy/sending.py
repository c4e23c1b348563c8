"""Sends one request for real, and keeps what came of it as it came: header order and case, undecoded body. Blocks."""

from __future__ import annotations

import re
import socket
import ssl
import time
from contextlib import closing

import h11

from store.entities import Exchange, Timings
from store.errors import UserError
from store.messages import Headers, Origin, Request, Response

READ_BYTES = 64 * 1024
LARGEST_HEAD = 256 * 1024
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

_NOT_IN_TARGET = re.compile(rb"[^\x21-\x7e]")


def prepared(request: Request, agent: str) -> Request:
    """The request with the headers that HTTP needs and those that clients send, where they were not given."""
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
    """The exchange that a prepared request is one half of; `seconds` bounds each wait.

    Redirects are not followed. Raises UserError in one line when there is no answer.
    """
    origin = request.origin
    assert origin
    started = time.time()
    try:
        with closing(_connected(origin, seconds, context)) as connected:
            response = _answer(connected, request)
    except TimeoutError as error:
        raise UserError(f"{origin} did not answer within {seconds:g} seconds") from error
    except ssl.SSLCertVerificationError as error:
        raise UserError(f"the certificate of {origin} cannot be trusted: {error.verify_message}") from error
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or error
        raise UserError(f"cannot reach {origin}: {reason}") from error
    except h11.LocalProtocolError as error:
        # h11 shows the value of a header that it refuses.
        reason = str(error).partition(" b'")[0].partition(' b"')[0]
        raise UserError(f"that request cannot be sent over HTTP/1.1: {reason}") from error
    except h11.RemoteProtocolError as error:
        raise UserError(f"{origin} gave no whole HTTP/1.1 answer: {error}") from error
    return Exchange("", request, response, Timings(started, response_end=time.time()))


def _connected(origin: Origin, seconds: float, context: ssl.SSLContext | None) -> socket.socket:
    plain = socket.create_connection((origin.host, origin.port), seconds)
    if origin.scheme == "http":
        return plain
    try:
        return (context or ssl.create_default_context()).wrap_socket(plain, server_hostname=origin.host)
    except BaseException:
        plain.close()
        raise


def _answer(connected: socket.socket, request: Request) -> Response:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
    head = h11.Request(method=request.method, target=request.target, headers=list(request.headers.fields))
    assert isinstance(request.body, bytes)
    message = [connection.send(head), connection.send(h11.Data(request.body)), connection.send(h11.EndOfMessage())]
    connected.sendall(b"".join(filter(None, message)))
    answered: h11.Response | None = None
    body: list[bytes] = []
    while True:
        match connection.next_event():
            case h11.NEED_DATA:
                connection.receive_data(connected.recv(READ_BYTES))
            case h11.PAUSED:
                raise h11.RemoteProtocolError("it switched to another protocol")
            case h11.Response() as answered:
                pass
            case h11.Data() as data:
                body.append(bytes(data.data))
            case h11.EndOfMessage() as end:
                assert answered
                return _response(answered, b"".join(body), end)
            case _:  # words before the answer (RFC 9110, section 15.2)
                pass


def _response(head: h11.Response, body: bytes, end: h11.EndOfMessage) -> Response:
    return Response(
        head.status_code,
        Headers(tuple(head.headers.raw_items())),
        body,
        bytes(head.reason),
        f"HTTP/{head.http_version.decode()}",
        Headers(tuple(end.headers.raw_items())),
    )
