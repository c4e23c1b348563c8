"""Bodies that pass through a reverse proxy with other URLs: heads, chunks, and what passes unchanged."""

from __future__ import annotations

import gzip

import pytest

from understudy.serving.gateway.forwarded_bodies import make_forwarded_body_factory
from understudy.serving.http1.body_recorder import BodyLimits
from understudy.serving.http1.exchange_reader import Destination, ExchangeReader, ForwardedBody
from understudy.serving.http1.heads import RequestHead, UpstreamProtocolError, read_request, read_response
from understudy.store.model.messages import Origin

UPSTREAM = Origin("http", "api.test", 80)
CLIENT = Origin("http", "127.0.0.1", 8080)
LINK = b'{"next": "http://api.test/2"}'
REWRITTEN = b'{"next": "http://127.0.0.1:8080/2"}'
JSON = b"Content-Type: application/json\r\n"


def read(raw: bytes) -> RequestHead:
    head = read_request(raw)
    assert isinstance(head, RequestHead)
    return head


def make_request_head(method: bytes = b"GET", version: bytes = b"HTTP/1.1") -> RequestHead:
    return read(b"%s / %s\r\nHost: api.test\r\n\r\n" % (method, version))


def make_body(
    fields: bytes, request: RequestHead | None = None, status: int = 200, client: Origin | None = CLIENT
) -> ForwardedBody | None:
    request = request or make_request_head()
    factory = make_forwarded_body_factory(request, UPSTREAM, lambda: client)
    return factory(read_response(b"HTTP/1.1 %d OK\r\n%s\r\n" % (status, fields), request.method))


def test_the_head_has_no_fields_that_depend_on_the_bytes() -> None:
    fields = b'Content-Length: 29\r\nAccept-Ranges: bytes\r\nContent-MD5: eA==\r\nETag: "1"\r\n'
    body = make_body(JSON + fields)
    assert body
    assert body.head.raw == b"HTTP/1.1 200 OK\r\n" + JSON + b'ETag: "1"\r\nTransfer-Encoding: chunked\r\n\r\n'


def test_the_body_comes_in_chunks_with_its_trailers() -> None:
    body = make_body(JSON + b"Transfer-Encoding: chunked\r\n")
    assert body
    assert body.take(LINK) == b"%x\r\n%s\r\n" % (len(REWRITTEN), REWRITTEN)
    assert body.finish(((b"X-Sum", b"1"),)) == b"0\r\nX-Sum: 1\r\n\r\n"


def test_an_event_of_a_stream_passes_at_once() -> None:
    body = make_body(JSON + b"Transfer-Encoding: chunked\r\n")
    assert body
    assert body.take(b'{"id": 1}\n') == b'a\r\n{"id": 1}\n\r\n'


def test_the_answer_to_head_has_no_body_and_no_chunks() -> None:
    body = make_body(JSON + b"Content-Length: 29\r\n", make_request_head(b"HEAD"))
    assert body
    assert (body.head.raw, body.finish(())) == (b"HTTP/1.1 200 OK\r\n" + JSON + b"\r\n", b"")


@pytest.mark.parametrize("data", [b"no gzip", gzip.compress(LINK, mtime=0)[:-9]])
def test_a_body_that_is_broken_is_an_error_of_the_upstream(data: bytes) -> None:
    body = make_body(JSON + b"Content-Encoding: gzip\r\nContent-Length: 9\r\n")
    assert body
    with pytest.raises(UpstreamProtocolError):
        body.take(data) + body.finish(())


@pytest.mark.parametrize(
    "body",
    [
        make_body(b"Content-Type: image/png\r\nContent-Length: 2\r\n"),
        make_body(JSON + b"Content-Range: bytes 0-1/9\r\nContent-Length: 2\r\n", status=206),
        make_body(JSON + b"Content-Encoding: compress\r\nContent-Length: 2\r\n"),
        make_body(JSON + b"Content-Length: 2\r\n", make_request_head(version=b"HTTP/1.0")),
        make_body(JSON + b"Content-Length: 2\r\n", client=None),
    ],
    ids=["another type", "a part", "an unknown coding", "HTTP/1.0", "an unknown client"],
)
def test_some_bodies_pass_unchanged(body: ForwardedBody | None) -> None:
    assert body is None


@pytest.mark.parametrize("framing", ["length", "chunks", "close"])
def test_the_client_gets_another_body_and_history_the_one_that_came(framing: str) -> None:
    request = make_request_head()
    factory = make_forwarded_body_factory(request, UPSTREAM, lambda: CLIENT)
    reader = ExchangeReader(request, Destination(UPSTREAM, b"/"), 0.0, BodyLimits(), None, factory)
    bodies = {
        "length": b"Content-Length: 29\r\n\r\n" + LINK,
        "chunks": b"Transfer-Encoding: chunked\r\n\r\n1d\r\n" + LINK + b"\r\n0\r\n\r\n",
        "close": b"\r\n" + LINK,
    }
    raw = b"HTTP/1.1 200 OK\r\n" + JSON + bodies[framing]
    sent = b"".join(reader.take_response(raw[start : start + 7], 1.0) for start in range(0, len(raw), 7))
    if framing == "close":
        reader.handle_close(2.0)
        sent += reader.take_end()
    kept = reader.to_exchange("s").response
    assert kept
    assert (reader.is_complete, kept.body) == (True, LINK)
    content = b"".join(sent.partition(b"\r\n\r\n")[2].split(b"\r\n")[1::2])
    assert (content, sent.endswith(b"0\r\n\r\n")) == (REWRITTEN, True)
