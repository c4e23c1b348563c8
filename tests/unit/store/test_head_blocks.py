"""Heads as blocks: received ones stay as they are, others are written, and one reader reads all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.store.head_blocks import (
    HeadBlock,
    make_request_block,
    make_response_block,
    read_request_block,
    read_response_block,
    redact_received_head,
)
from understudy.store.model.messages import Headers, Origin, Request, Response

ORIGIN = Origin("https", "api.example.com", 8443)
HOST = Headers(((b"Host", b"api.example.com"),))
RECEIVED = b"GET /a?b HTTP/1.1\r\nHost:api.example.com \r\n\r\n"


def read(block: HeadBlock) -> tuple[bytes, str, list[tuple[str, str]]]:
    """The target, the version and the fields that a block says."""
    head = read_request_block(block)
    return head.subject, head.version, list(head.headers)


def test_a_received_head_is_the_block() -> None:
    block = make_request_block(Request("GET", b"/a?b", HOST), RECEIVED)
    assert block == HeadBlock(RECEIVED)
    assert read(block) == (b"/a?b", "HTTP/1.1", [("Host", "api.example.com")])


@pytest.mark.parametrize(
    ("received", "target"),
    [
        (b"GET http://api.example.com/a?b HTTP/1.1\r\n\r\n", b"/a?b"),
        (b"GET http://user:word@api.example.com HTTP/1.0\r\n\r\n", b"/"),
        (b"GET https://api.example.com?a HTTP/1.1\r\n\r\n", b"/?a"),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", b"*"),
    ],
)
def test_the_target_of_a_block_is_in_origin_form(received: bytes, target: bytes) -> None:
    block = make_request_block(Request("GET", target), received)
    assert (block.data, read_request_block(block).subject) == (received, target)


def test_a_head_with_another_target_than_was_received_is_written() -> None:
    """The path was changed on the way, so what was received is not what was recorded."""
    assert make_request_block(Request("GET", b"/other", HOST), RECEIVED).data.startswith(b"GET /other HTTP/1.1\r\n")


def test_http_2_begins_with_pseudo_fields() -> None:
    request = Request("PUT", b"/a", Headers(((b"b", b"1"), (b"a", b"2"))), origin=ORIGIN, http_version="HTTP/2.0")
    block = make_request_block(request)
    assert block.version == "HTTP/2.0"
    assert block.data == (
        b":method: PUT\r\n:scheme: https\r\n:authority: api.example.com:8443\r\n:path: /a\r\nb: 1\r\na: 2\r\n\r\n"
    )
    response = make_response_block(Response(204, Headers(((b"b", b"1"),)), http_version="HTTP/2.0"))
    assert response.data == b":status: 204\r\nb: 1\r\n\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", b"/", Headers(((b"A", b"line\nfeed"),))),
        Request("GET", b"/", Headers(((b"A", b" space "),))),
        Request("GET", b"/", Headers(((b"A:B", b"1"),))),
        Request("GET", b"/", Headers(((b"", b""),))),
        Request("GET", b"/", Headers(((b":path", b"/x"),)), http_version="HTTP/2.0"),
        Request("GET", b"/with space\r\n:x: y"),
        Request("GET", b"http://host/path"),
        Request("[", b"/"),
    ],
    ids=repr,
)
def test_what_lines_cannot_say_is_a_json_list(request_: Request) -> None:
    block = make_request_block(request_)
    assert block.data.startswith(b"[")
    assert read_request_block(block) == read_request_block(HeadBlock(block.data, request_.http_version))
    assert read(block) == (request_.target, request_.http_version, list(request_.headers))


ANY_FIELDS = st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=6)), max_size=3).map(
    lambda fields: Headers(tuple(fields))
)
VERSIONS = st.sampled_from(["HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/3", "", "x"])


@given(st.text(max_size=3), st.binary(max_size=8), ANY_FIELDS, VERSIONS)
def test_every_request_is_read_back(method: str, target: bytes, headers: Headers, version: str) -> None:
    head = read_request_block(make_request_block(Request(method, target, headers, http_version=version)))
    assert (head.subject, head.version, head.headers) == (target, version, headers)


@given(st.integers(0, 999), st.binary(max_size=8), ANY_FIELDS, VERSIONS)
def test_every_response_is_read_back(status: int, reason: bytes, headers: Headers, version: str) -> None:
    head = read_response_block(make_response_block(Response(status, headers, b"", reason, version)))
    assert (head.subject, head.version, head.headers) == (reason, version, headers)


def test_redaction_changes_only_the_lines_of_redacted_fields() -> None:
    received = b"GET /a?key=word HTTP/1.1\r\nHOST:  a \r\nCookie:\tword\r\nX: 1\r\n\r\n"
    before = ((b"HOST", b"a"), (b"Cookie", b"word"), (b"X", b"1"))
    after = (before[0], (b"Cookie", b"redacted"), before[2])
    redacted = redact_received_head(received, before, after, b"GET /a?key=redacted HTTP/1.1")
    assert redacted == b"GET /a?key=redacted HTTP/1.1\r\nHOST:  a \r\nCookie: redacted\r\nX: 1\r\n\r\n"


@pytest.mark.parametrize("after", [(), ((b"A", b"1"), (b"B", b"2"))])
def test_a_head_with_other_lines_than_fields_is_not_kept(after: tuple[tuple[bytes, bytes], ...]) -> None:
    assert redact_received_head(b"GET / HTTP/1.1\r\nA: 1\r\n\r\n", ((b"A", b"1"),), after) == b""
