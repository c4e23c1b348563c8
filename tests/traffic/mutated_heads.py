"""Heads of requests and responses: usual ones, ones made of odd parts, and both made illegal by chance."""

from __future__ import annotations

from random import Random

from tests.traffic.malformed_requests import REFUSED
from tests.traffic.mutated_requests import LEGAL, mutated

HEAD_END = b"\r\n\r\n"

REQUEST_LINES = [
    *(b"GET /users/7?a=b HTTP/1.1", b"POST http://a.test/users HTTP/1.1", b"OPTIONS * HTTP/1.1", b"PUT / HTTP/1.0"),
    *(
        b"GET http://a.test HTTP/1.1",
        b"GET http://a.test:80/?b#c HTTP/1.1",
        b"GET /#a#b HTTP/1.1",
        b"GET /a b HTTP/1.1",
    ),
    *(b"BREW /pot HTTP/1.1", b"CONNECT a.test:443 HTTP/1.1", b"get / HTTP/1.1", b"GET /caf\xe9 HTTP/1.1", b"HEAD /%00"),
    *(b"GET http://me@a.test/ HTTP/1.1", b"GET http:///a HTTP/1.1", b"GET HTTP://a.test/ HTTP/1.1", b"GET  / HTTP/1.1"),
    *(b"DELETE /\"'<>\\^`{|}[]~ HTTP/1.1", b"PATCH //a.test/b HTTP/1.1", b"GET /? HTTP/2.0", b"GET / RTSP/1.0"),
]
STATUS_LINES = [
    *(b"HTTP/1.1 200 OK", b"HTTP/1.1 404 Not  Found", b"HTTP/1.1 200 ", b"HTTP/1.1 200", b"HTTP/1.0 200 OK"),
    *(b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 101 Switching", b"HTTP/1.1 103 Early Hints"),
    *(b"HTTP/1.1 200 OK ", b"HTTP/1.1  200 OK", b"HTTP/1.1 200\tOK", b"HTTP/1.1 200 caf\xe9", b'HTTP/1.1 599 "A\tb"'),
    *(
        b"HTTP/1.1 99 Low",
        b"HTTP/1.1 1000 High",
        b"HTTP/2 200 OK",
        b"HTTP/1.2 200 OK",
        b"ICY 200 OK",
        b"HTTP/1.1 600 Six",
    ),
]
NAMES = [
    *(b"Host", b"host", b"Content-Length", b"content-length", b"Transfer-Encoding", b"Connection", b"connection"),
    *(b"Upgrade", b"Proxy-Connection", b"Content-Type", b"X-!#$%&'*+-.^_`|~9", b"Accept", b"Cookie", b"Set-Cookie"),
    *(b"Content-Lengt", b"Content-Length-Of", b"Connections", b"X Y", b"", b"X\xe9", b"X\0", b"Host ", b" Host"),
]
VALUES = [
    *(
        b"a.test",
        b"127.0.0.1:8080",
        b"[::1]:80",
        b"a.test:",
        b"a_b",
        b"a/b",
        b"",
        b"5",
        b"05",
        b"0",
        b"5, 5",
        b"5,6",
        b"-5",
    ),
    *(b"123456789012345678", b"1234567890123456789", b"99999999999999999999", b"9223372036854775808", b"5 5", b"\xb2"),
    *(b"chunked", b"Chunked", b"gzip, chunked", b"chunked, gzip", b"identity", b"chunked,", b"close", b"Keep-Alive"),
    *(
        b"keep-alive, close",
        b"upgrade",
        b"Upgrade, keep-alive",
        b"close, TE",
        b"websocket",
        b"h2c",
        b"a\tb  c",
        b"\x80\xff",
    ),
    *(b"a\x7fb", b"a\x01b", b"a\0b", b"a\rb", b"a\nb", b"a\r\n b", b"text/plain; charset=utf-8"),
]
SEPARATORS = [*[b": "] * 8, b":", b":  ", b":\t", b": \t ", b" : ", b"\t:"]
ENDS = [*[b"\r\n"] * 12, b" \r\n", b"\t\r\n", b" \t \r\n", b"\n", b"\r", b"\r\r\n"]
RESPONSES = [
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: a/b\r\nContent-Length: 12\r\nConnection: keep-alive\r\n\r\n",
    b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nLocation: http://a.test/users/7\r\nSet-Cookie: a=b\r\n\r\n",
    b"HTTP/1.1 200 Fine\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nConnection: close, keep-alive\r\nProxy-Connection: close\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\n",
    b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 7\r\n\r\n',
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
]
REQUESTS = [data.partition(HEAD_END)[0] + HEAD_END for data in (*LEGAL, *(data for _, data in REFUSED.values()))]


def make_request_head(chance: Random) -> bytes:
    """A head that is composed of odd parts, or one that was mutated."""
    return _compose(REQUEST_LINES, chance) if chance.random() < 0.5 else _cut(mutated(chance, REQUESTS))


def make_response_head(chance: Random) -> bytes:
    """A head that is composed of odd parts, or one that was mutated."""
    return _compose(STATUS_LINES, chance) if chance.random() < 0.5 else _cut(mutated(chance, RESPONSES))


def _compose(lines: list[bytes], chance: Random) -> bytes:
    # The first choices are the usual ones: of too many odd parts together none is tried.
    is_tame = chance.random() < 0.5
    line = chance.choice(lines[:2] if is_tame else lines)
    fields = [_compose_field(chance, is_tame=is_tame) for _ in range(chance.randrange(6))]
    if chance.random() < 0.7:
        fields.append(b"Host: a.test\r\n")
    return line + b"\r\n" + b"".join(fields) + b"\r\n"


def _compose_field(chance: Random, *, is_tame: bool) -> bytes:
    separator = b": " if is_tame else chance.choice(SEPARATORS)
    end = b"\r\n" if is_tame else chance.choice(ENDS)
    return chance.choice(NAMES[:14] if is_tame else NAMES) + separator + chance.choice(VALUES) + end


def _cut(data: bytes) -> bytes:
    """The first head in the bytes, as a gateway finds it; now and then there is none."""
    head, end, _ = data.partition(HEAD_END)
    return head + end
