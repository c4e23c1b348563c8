"""One table of requests, and what three servers make of them: a mock server, a gateway that mocks, one that forwards.

A refused request is answered with its status, and ends the connection: nothing behind it is answered or forwarded. Of
an accepted one the upstream gets exactly the requests that stand in the table.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.traffic.malformed_requests import HOST, REFUSED, UPGRADE, chunks, get, post

Received = tuple[str, str, bytes]
"""Method, target and body of a request, as an upstream reads them."""


@dataclass(frozen=True)
class Refused:
    """The status that refuses a request."""

    status: int


@dataclass(frozen=True)
class Accepted:
    """What an upstream gets. A mock server answers each of these requests, though it knows none of them."""

    requests: tuple[Received, ...]


@dataclass(frozen=True)
class Row:
    """The bytes of a request, or of several, and what becomes of them.

    `forwarded` is another outcome in a gateway that forwards, `mocked` in one that mocks, for the first request of a
    connection.
    """

    data: bytes
    outcome: Refused | Accepted
    mocked: Refused | Accepted | None = None
    forwarded: Refused | Accepted | None = None


def one(method: str = "GET", target: str = "/", body: bytes = b"") -> Accepted:
    return Accepted(((method, target, body),))


ODD = one("GET", "/xx")
# Clients send such targets, though RFC 3986 has none, and servers accept them: a gateway is no stricter than they are.
NOT_ASCII = Row(get("/é".encode()), Refused(400), mocked=ODD, forwarded=ODD)
# To answer 417 is the right of a server, not of a proxy (RFC 9110, section 10.1.1).
EXPECTATION = Row(post(b"Content-Length: 1\r\nExpect: tea", b"x"), Refused(417), forwarded=one("POST", "/", b"x"))

LONG_EXTENSION = chunks(b"1;a=%s\r\na\r\n0\r\n\r\n" % (b"x" * 1_000))
ACCEPTED = {
    "a request": Row(get(), one()),
    "empty lines before a request": Row(b"\r\n\r\n" + get(), one()),
    "two requests": Row(get(b"/a") + get(b"/b"), Accepted((("GET", "/a", b""), ("GET", "/b", b"")))),
    "a body before a request": Row(
        post(b"Content-Length: 3", b"abc") + get(b"/b"), Accepted((("POST", "/", b"abc"), ("GET", "/b", b"")))
    ),
    "chunks before a request": Row(
        chunks(b"1\r\na\r\n0\r\n\r\n") + get(b"/b"), Accepted((("POST", "/c", b"a"), ("GET", "/b", b"")))
    ),
    "a request inside a body": Row(post(b"Content-Length: %d" % len(get()), get()), one("POST", "/", get())),
    "a request inside a chunk": Row(chunks(b"%x\r\n%s\r\n0\r\n\r\n" % (len(get()), get())), one("POST", "/c", get())),
    "a length of GET": Row(get(fields=HOST + b"Content-Length: 3\r\n") + b"abc", one("GET", "/", b"abc")),
    "a length with zeros": Row(post(b"Content-Length: 003", b"abc"), one("POST", "/", b"abc")),
    "a length with spaces": Row(post(b"Content-Length:  3 \t", b"abc"), one("POST", "/", b"abc")),
    "a length of nothing": Row(post(b"Content-Length: 0"), one("POST")),
    "no length": Row(post(b"X: y"), one("POST")),
    "a length in 1.0": Row(
        b"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc",
        one("POST", "/", b"abc"),
    ),
    "chunks": Row(chunks(b"3\r\nabc\r\n0\r\n\r\n"), one("POST", "/c", b"abc")),
    "chunks of nothing": Row(chunks(b"0\r\n\r\n"), one("POST", "/c")),
    "chunks with sizes in capitals": Row(chunks(b"A\r\n0123456789\r\n0\r\n\r\n"), one("POST", "/c", b"0123456789")),
    "chunks with zeros": Row(chunks(b"003\r\nabc\r\n000\r\n\r\n"), one("POST", "/c", b"abc")),
    "chunks with extensions": Row(chunks(b'3;a="b";c\r\nabc\r\n0;d\r\n\r\n'), one("POST", "/c", b"abc")),
    "a long extension": Row(LONG_EXTENSION, one("POST", "/c", b"a")),
    "chunks with trailers": Row(chunks(b"3\r\nabc\r\n0\r\nX-Sum: 1\r\nY: z\r\n\r\n"), one("POST", "/c", b"abc")),
    "CHUNKED": Row(post(b"Transfer-Encoding: CHUNKED", b"1\r\na\r\n0\r\n\r\n"), one("POST", "/", b"a")),
    "chunked with spaces": Row(
        post(b"Transfer-Encoding: \t chunked  ", b"1\r\na\r\n0\r\n\r\n"), one("POST", "/", b"a")
    ),
    "a field without a value": Row(get(fields=HOST + b"X:\r\n"), one()),
    "a field without a space": Row(get(fields=b"Host:a\r\nX:y\r\n"), one()),
    "a name of all characters": Row(get(fields=HOST + b"X!#$%&'*+-.^_`|~9: y\r\n"), one()),
    "a value that is not ASCII": Row(get(fields=HOST + b"X: caf\xe9\r\n"), one()),
    "a tab in a value": Row(get(fields=HOST + b"X: a\tb\r\n"), one()),
    "a long value": Row(get(fields=HOST + b"X: %s\r\n" % (b"y" * 60_000)), one()),
    "many fields": Row(get(fields=HOST + b"X: y\r\n" * 500), one()),
    "a long target": Row(get(b"/" + b"x" * 30_000), one("GET", "/" + "x" * 30_000)),
    "a host with a port": Row(get(fields=b"Host: a:80\r\n"), one()),
    "a host with an empty port": Row(get(fields=b"Host: a:\r\n"), one()),
    "an address of IPv6": Row(get(fields=b"Host: [::1]:80\r\n"), one()),
    "an empty host": Row(get(fields=b"Host:\r\n"), one()),
    "no host in 1.0": Row(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", one()),
    "a query": Row(get(b"/?a=b&c"), one("GET", "/?a=b&c")),
    "two slashes": Row(get(b"//a/b"), one("GET", "//a/b")),
    "an encoded target": Row(get(b"/%00%0d%0a"), one("GET", "/%00%0d%0a")),
    "characters that URLs have not": Row(get(b'/"<>\\^`{|}[]'), one("GET", '/"<>\\^`{|}[]')),
    "OPTIONS of the server": Row(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", one("OPTIONS", "*")),
    "SOURCE": Row(b"SOURCE /a HTTP/1.1\r\nHost: a\r\n\r\n", one("SOURCE", "/a")),
    "DESCRIBE": Row(b"DESCRIBE /a HTTP/1.1\r\nHost: a\r\n\r\n", one("DESCRIBE", "/a")),
    "QUERY": Row(b"QUERY /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", one("QUERY", "/a", b"x")),
    "a method of an API": Row(b"LIST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", one("LIST", "/a", b"x")),
    "a method in small letters": Row(b"get /a HTTP/1.1\r\nHost: a\r\n\r\n", one("get", "/a")),
    "a method that begins with a sign": Row(b"!#$ /a HTTP/1.1\r\nHost: a\r\n\r\n", one("!#$", "/a")),
    "a method that begins with PRI": Row(b"PRIME /a HTTP/1.1\r\nHost: a\r\n\r\n", one("PRIME", "/a")),
    "chunks by a method of an API": Row(
        b"LIST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", one("LIST", "/a", b"a")
    ),
    "an upgrade that is not taken": Row(get(fields=UPGRADE), one()),
    "an upgrade to HTTP/2": Row(
        get(fields=HOST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"), one()
    ),
    "a body that is waited for": Row(post(b"Content-Length: 1\r\nExpect: 100-continue", b"x"), one("POST", "/", b"x")),
}

EXCEPTIONS = {
    "a target that is not ASCII": NOT_ASCII,
    "another expectation": EXPECTATION,
}
# A gateway that mocks answers these alone: behind another request it closes, and the client sends them again.
UPGRADES = ("an upgrade that is not taken", "an upgrade to HTTP/2")
# Sent as the first bytes of a connection, a gateway takes these for TLS and for HTTP/2, which it speaks.
OTHER_PROTOCOLS = ("TLS", "the preface of HTTP/2")


def _is_exception(name: str) -> bool:
    return name.partition(", by ")[0] in (*EXCEPTIONS, "another expectation of an upgrade")


TABLE: dict[str, Row] = {
    **{name: Row(data, Refused(status)) for name, (status, data) in REFUSED.items() if not _is_exception(name)},
    **EXCEPTIONS,
    **ACCEPTED,
}
