"""Requests that HTTP/1.1 forbids, or that two servers could read differently, with the status that refuses each."""

from __future__ import annotations

HOST = b"Host: a\r\n"
CHUNKED = b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
UPGRADE = b"Host: a\r\nConnection: upgrade\r\nUpgrade: tea\r\n"


def get(target: bytes = b"/", fields: bytes = HOST, version: bytes = b"HTTP/1.1") -> bytes:
    return b"GET %s %s\r\n%s\r\n" % (target, version, fields)


def post(fields: bytes, body: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n%s" % (fields, body)


def chunks(*data: bytes) -> bytes:
    return CHUNKED + b"".join(data)


REFUSED = {
    "length and chunks": (400, post(b"Content-Length: 3\r\nTransfer-Encoding: chunked", b"0\r\n\r\n")),
    "chunks and length": (400, post(b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"0\r\n\r\n")),
    "two lengths": (400, post(b"Content-Length: 3\r\nContent-Length: 4", b"abc")),
    "a length twice": (400, post(b"Content-Length: 3\r\nContent-Length: 3", b"abc")),
    "a list of lengths": (400, post(b"Content-Length: 3, 3", b"abc")),
    "a length with a sign": (400, post(b"Content-Length: +3", b"abc")),
    "a negative length": (400, post(b"Content-Length: -3", b"abc")),
    "a length in hex": (400, post(b"Content-Length: 0x3", b"abc")),
    "an empty length": (400, post(b"Content-Length:", b"abc")),
    "a space within a length": (400, post(b"Content-Length: 1 3", b"abc")),
    "a length beyond all": (400, post(b"Content-Length: 99999999999999999999999999", b"abc")),
    "a chunk size with a sign": (400, chunks(b"+1\r\na\r\n0\r\n\r\n")),
    "a chunk size with 0x": (400, chunks(b"0x1\r\na\r\n0\r\n\r\n")),
    "a space in a chunk size": (400, chunks(b"0 1\r\na\r\n0\r\n\r\n")),
    "a space and LF behind a chunk size": (400, chunks(b"1 \na\r\n0\r\n\r\n")),
    "a space before a chunk size": (400, chunks(b" 1\r\na\r\n0\r\n\r\n")),
    "a chunk size beyond all": (400, chunks(b"fffffffffffffffff\r\na\r\n0\r\n\r\n")),
    "no chunk size": (400, chunks(b"\r\na\r\n0\r\n\r\n")),
    "LF behind a chunk size": (400, chunks(b"1\na\r\n0\r\n\r\n")),
    "LF behind a chunk": (400, chunks(b"1\r\na\n0\r\n\r\n")),
    "LF in a chunk extension": (400, chunks(b"1;a\nb\r\na\r\n0\r\n\r\n")),
    "NUL in a chunk extension": (400, chunks(b"1;a=\x00\r\na\r\n0\r\n\r\n")),
    "a chunk that is too long": (400, chunks(b"1\r\nab\r\n0\r\n\r\n")),
    "a chunk that is too short": (400, chunks(b"3\r\nab\r\n0\r\n\r\n")),
    "LF behind the last chunk": (400, chunks(b"0\n\r\n")),
    "LF behind trailers": (400, chunks(b"0\r\nX: y\n\r\n")),
    "a length in trailers": (400, chunks(b"0\r\nContent-Length: 5\r\n\r\n")),
    "a coding in trailers": (400, chunks(b"0\r\nTransfer-Encoding: chunked\r\n\r\n")),
    "obs-fold in trailers": (400, chunks(b"0\r\nX: y\r\n z\r\n\r\n")),
    "space before the colon": (400, post(b"Transfer-Encoding : chunked", b"0\r\n\r\n")),
    "another coding": (501, post(b"Transfer-Encoding: gzip, chunked", b"0\r\n\r\n")),
    "nearly chunked": (501, post(b"Transfer-Encoding: xchunked", b"0\r\n\r\n")),
    "identity": (501, post(b"Transfer-Encoding: identity", b"0\r\n\r\n")),
    "chunked not last": (400, post(b"Transfer-Encoding: chunked, gzip", b"0\r\n\r\n")),
    "chunked twice": (400, post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"0\r\n\r\n")),
    "no coding": (400, post(b"Transfer-Encoding:", b"0\r\n\r\n")),
    "a vertical tab before chunked": (400, post(b"Transfer-Encoding: \x0bchunked", b"0\r\n\r\n")),
    "chunks in 1.0": (400, b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "obs-fold": (400, get(fields=HOST + b"X: a\r\n b\r\n")),
    "obs-fold by tab": (400, get(fields=HOST + b"X: a\r\n\tb\r\n")),
    "a first field that begins with a space": (400, get(fields=b" X: a\r\n" + HOST)),
    "bare LF": (400, b"GET / HTTP/1.1\nHost: a\n\n"),
    "bare LF behind a field": (400, b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    "bare LF at the end": (400, b"GET / HTTP/1.1\r\nHost: a\r\n\n"),
    "bare CR": (400, b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"),
    "CR before CRLF": (400, b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"),
    "NUL in a value": (400, get(fields=HOST + b"X: a\x00b\r\n")),
    "NUL in a name": (400, get(fields=HOST + b"X\x00: a\r\n")),
    "NUL in the target": (400, get(b"/\x00")),
    "a control character": (400, get(fields=HOST + b"X: a\x01b\r\n")),
    "a space in a name": (400, get(fields=HOST + b"X Y: a\r\n")),
    "no name": (400, get(fields=HOST + b": a\r\n")),
    "no colon": (400, get(fields=HOST + b"Xa\r\n")),
    "a name that is not ASCII": (400, get(fields=HOST + b"X\xe9: a\r\n")),
    "two hosts": (400, get(fields=HOST + HOST)),
    "no host": (400, get(fields=b"X: a\r\n")),
    "a space in the host": (400, get(fields=b"Host: a b\r\n")),
    "a path in the host": (400, get(fields=b"Host: a/b\r\n")),
    "a user in the host": (400, get(fields=b"Host: a@b\r\n")),
    "a port that is none": (400, get(fields=b"Host: a:b\r\n")),
    "a host that is not ASCII": (400, get(fields=b"Host: \xe9\r\n")),
    "a space in the target": (400, get(b"/a b")),
    "a target that is not ASCII": (400, get("/é".encode())),
    "a target that is none": (400, get(b"a")),
    "an asterisk for GET": (400, get(b"*")),
    "more than an asterisk": (400, b"OPTIONS *x HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a user in the target": (400, get(b"http://me@b/x")),
    "a URL without a host": (400, get(b"http:///x")),
    "a path for CONNECT": (400, b"CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n"),
    "CONNECT with a length": (400, b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"),
    "CONNECT of a path with a length": (400, b"CONNECT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"),
    "CONNECT with chunks": (400, b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "a space before the method": (400, b" GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a tab behind the method": (400, b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    "two spaces behind the method": (400, b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "two spaces behind the target": (400, b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a slash behind the method": (400, b"GET/ / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "no method": (400, b"(GET) / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "an unknown method of no protocol": (400, b"BREW / TEA/1.1\r\nHost: a\r\n\r\n"),
    "an unknown method without a target": (400, b"BREW HTTP/1.1\r\nHost: a\r\n\r\n"),
    "RTSP": (400, b"DESCRIBE / RTSP/1.0\r\nHost: a\r\n\r\n"),
    "RTSP by a method of HTTP": (400, b"GET / RTSP/1.0\r\nHost: a\r\n\r\n"),
    "RTSP/1.1": (400, b"OPTIONS * RTSP/1.1\r\nHost: a\r\n\r\n"),
    "ICE": (400, b"SOURCE / ICE/1.0\r\nHost: a\r\n\r\n"),
    "another protocol": (400, b"GET / TEA/1.0\r\nHost: a\r\n\r\n"),
    "a space behind the version": (400, get(version=b"HTTP/1.1 ")),
    "a version in small letters": (400, get(version=b"http/1.1")),
    "a version that is none": (400, get(version=b"HTTP/1.10")),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "0.9": (505, get(version=b"HTTP/0.9")),
    "2.0": (505, get(version=b"HTTP/2.0")),
    "the preface of HTTP/2": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "another expectation": (417, post(b"Content-Length: 1\r\nExpect: tea")),
    "another expectation of an upgrade": (417, get(fields=UPGRADE + b"Expect: tea\r\n")),
}

UNKNOWN_METHODS = (b"LIST", b"BREW", b"get", b"GETS", b"DESCRIBE", b"M-SEARCH*")
# The same with methods that llhttp does not know.
REFUSED |= {
    f"{name}, by {method.decode()}": (status, method + data[data.index(b" ") :])
    for name, (status, data) in REFUSED.items()
    if data.startswith((b"GET ", b"POST ")) and b"\r\n" in data
    for method in (b"LIST", b"DESCRIBE")
}
