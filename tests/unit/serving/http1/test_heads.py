"""Heads that are passed on: their fields equal those that llhttp parses."""

from __future__ import annotations

import httptools
import pytest

from understudy.serving.http1.heads import RequestHead, read_request, read_response

HEADS = [
    b"Host: a.test\r\n",
    b"Host:a.test\r\nEmpty:\r\nBlank: \t \r\n",
    b"hOST: \t a.test \t\r\nX-Colons: a:b::c\r\nX-Inner: a  b\tc\r\n",
    b"Host: a.test\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nSet-Cookie: a=1\r\n",
    b"Host: a.test\r\nX-Bytes: caf\xe9 \xff\r\nX-!#$%&'*+-.^_`|~9: token\r\n",
    b"Host: a.test\r\nContent-Length: 5\r\n",
    b"Host: a.test\r\nX-Spaces:" + b" " * 3_000 + b"x\r\n",
]


class FieldCollector:
    """Collects the fields that httptools parses."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value.rstrip(b" \t")))


@pytest.mark.parametrize("fields", HEADS)
def test_a_request_has_the_fields_that_llhttp_reads(fields: bytes) -> None:
    raw, collector = b"POST /a:b HTTP/1.1\r\n" + fields + b"\r\n", FieldCollector()
    httptools.HttpRequestParser(collector).feed_data(raw)
    head = read_request(raw)
    assert isinstance(head, RequestHead)
    assert list(head.fields) == collector.fields


@pytest.mark.parametrize("fields", HEADS)
def test_a_response_has_the_fields_that_llhttp_reads(fields: bytes) -> None:
    raw, collector = b"HTTP/1.1 200 Very: OK\r\n" + fields + b"\r\n", FieldCollector()
    httptools.HttpResponseParser(collector).feed_data(raw)
    assert list(read_response(raw, "GET").fields) == collector.fields
