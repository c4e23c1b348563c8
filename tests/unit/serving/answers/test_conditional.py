"""Preconditions and ranges, answered from a whole 200 (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.messages import make_example, make_request, make_response
from tests.in_memory.mock_servers import make_mock
from understudy.matcher.index import compile_index
from understudy.serving.answers.outcomes import Answers
from understudy.serving.answers.replies import Reply
from understudy.serving.mock_server.calls import CompiledMockServer, respond
from understudy.serving.templates.response_templates import Templates, compile_templates
from understudy.store.model.collections import Example
from understudy.store.model.messages import Response
from understudy.store.model.values import replace

BODY = b"0123456789"
MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT"
EARLIER, LATER = "Sun, 06 Nov 1994 08:49:36 GMT", "Sun, 06 Nov 1994 08:49:38 GMT"
TAGGED = [("ETag", '"v1"'), ("Last-Modified", MODIFIED), ("Content-Type", "text/plain"), ("Cache-Control", "no-cache")]


def make(fields: list[tuple[str, str]] = TAGGED, own: Any = (), **options: Any) -> Example:
    """Return the example; `own` are the header fields of its own request."""
    request = make_request(target="/f", headers=own, origin=None)
    return replace(make_example(request, response=make_response(headers=fields, body=BODY)), **options)


def answer(example: Example, *fields: tuple[str, str], method: str = "GET") -> Response:
    """Return what a mock server sends for a request with these header fields."""
    templates = Templates(compile_templates([example], lambda body: body if isinstance(body, bytes) else b""))
    served = CompiledMockServer(make_mock(), Answers(compile_index([example]), templates=templates))
    reply = respond(served, make_request(method, "/f", headers=fields, origin=None), "http://h")
    assert isinstance(reply, Reply)
    assert reply.response
    assert reply.response.headers.get("x-understudy-example")
    return replace(reply.response, body=reply.body)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("If-None-Match", '"v1"', 304),
        ("If-None-Match", 'W/"v1"', 304),
        ("If-None-Match", '"v0", "v1"', 304),
        ("If-None-Match", "*", 304),
        ("If-None-Match", '"v2"', 200),
        ("If-None-Match", "v1", 200),
        ("If-Modified-Since", MODIFIED, 304),
        ("If-Modified-Since", LATER, 304),
        ("If-Modified-Since", EARLIER, 200),
        ("If-Modified-Since", "yesterday", 200),
        ("If-Match", '"v1"', 200),
        ("If-Match", '"v0", "v1"', 200),
        ("If-Match", "*", 200),
        ("If-Match", '"v2"', 412),
        ("If-Match", 'W/"v1"', 412),
        ("If-Unmodified-Since", MODIFIED, 200),
        ("If-Unmodified-Since", EARLIER, 412),
    ],
)
def test_a_precondition(method: str, name: str, value: str, status: int) -> None:
    assert answer(make(), (name, value), method=method).status == status


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([("If-None-Match", '"v2"'), ("If-Modified-Since", LATER)], 200),
        ([("If-Match", '"v1"'), ("If-Unmodified-Since", EARLIER)], 200),
        ([("If-Match", '"v2"'), ("If-None-Match", '"v1"')], 412),
        ([("If-None-Match", '"v1"'), ("Range", "bytes=0-1")], 304),
    ],
)
def test_preconditions_have_an_order(fields: list[tuple[str, str]], status: int) -> None:
    """RFC 9110, section 13.2.2."""
    assert answer(make(), *fields).status == status


def test_a_304_and_a_412_have_no_content() -> None:
    unchanged = answer(make(), ("If-None-Match", '"v1"'))
    assert unchanged.body == b""
    names = [name for name, _ in unchanged.headers if name != "X-Understudy-Example"]
    assert names == ["ETag", "Last-Modified", "Cache-Control"]
    failed = answer(make(), ("If-Match", '"v2"'))
    assert (failed.body, failed.headers.get("content-length")) == (b"", "0")


@pytest.mark.parametrize("name", ["If-None-Match", "If-Match"])
def test_without_a_validator_a_precondition_changes_nothing(name: str) -> None:
    assert answer(make([]), (name, '"v1"')).status == 200


@pytest.mark.parametrize(
    ("value", "part", "content_range"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=8-", b"89", "bytes 8-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", BODY, "bytes 0-9/10"),
        ("Bytes=9-9", b"9", "bytes 9-9/10"),
    ],
)
def test_a_range_is_cut(value: str, part: bytes, content_range: str) -> None:
    cut = answer(make(), ("Range", value))
    assert (cut.status, cut.body, cut.headers.get("content-range")) == (206, part, content_range)
    assert (cut.headers.get("content-length"), cut.headers.get("etag")) == (str(len(part)), '"v1"')


@pytest.mark.parametrize("value", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_outside_of_the_body(value: str) -> None:
    refused = answer(make(), ("Range", value))
    assert (refused.status, refused.body, refused.headers.get("content-range")) == (416, b"", "bytes */10")


@pytest.mark.parametrize("value", ["bytes=0-1,4-5", "bytes=3-2", "bytes=", "bytes=a-b", "lines=0-1", "0-1"])
def test_several_and_invalid_ranges_get_the_whole(value: str) -> None:
    assert (answer(make(), ("Range", value)).status, answer(make(), ("Range", value)).body) == (200, BODY)


@pytest.mark.parametrize(
    ("value", "status"),
    [('"v1"', 206), ('"v2"', 200), ('W/"v1"', 200), (MODIFIED, 206), (LATER, 200)],
)
def test_if_range(value: str, status: int) -> None:
    assert answer(make(), ("Range", "bytes=0-1"), ("If-Range", value)).status == status


def test_a_range_of_head_is_ignored() -> None:
    whole = answer(make(), ("Range", "bytes=0-1"), method="HEAD")
    assert (whole.status, whole.headers.get("content-length")) == (200, "10")


@pytest.mark.parametrize("field", [("If-None-Match", '"v1"'), ("If-Match", '"v2"'), ("Range", "bytes=0-1")])
def test_a_field_that_the_recorded_request_carried_shows_what_the_api_does(field: tuple[str, str]) -> None:
    assert answer(make(own=[(field[0], "x")]), field).status == 200


@pytest.mark.parametrize("field", [("If-None-Match", '"v1"'), ("If-Match", '"v2"'), ("Range", "bytes=0-1")])
@pytest.mark.parametrize("selector", [("x-mock-response-code", "200"), ("x-mock-response-id", "01")])
def test_an_example_chosen_by_a_selector_is_sent_whole(selector: tuple[str, str], field: tuple[str, str]) -> None:
    assert answer(make(), selector, field).status == 200


@pytest.mark.parametrize("name", ["If-None-Match", "If-Modified-Since"])
def test_no_304_for_an_edited_body_or_a_template(name: str) -> None:
    field = (name, '"v1"' if name == "If-None-Match" else MODIFIED)
    assert answer(make(edited=True), field).status == 200
    template = make(templates=True)
    template = replace(template, response=replace(template.response, body=b"{{$queryParams 'x' 'y'}}"))
    assert answer(template, field).status == 200


@pytest.mark.parametrize("status", [201, 404])
def test_other_statuses_stay(status: int) -> None:
    example = make()
    example = replace(example, response=replace(example.response, status=status))
    assert answer(example, ("If-None-Match", '"v1"'), ("Range", "bytes=0-1")).status == status


def test_a_cached_reply_is_not_that_of_another_condition() -> None:
    served = CompiledMockServer(make_mock(), Answers(compile_index([make()])))
    statuses = []
    for fields in ([], [("If-None-Match", '"v1"')], [("Range", "bytes=0-1")], []):
        reply = respond(served, make_request(target="/f", headers=fields, origin=None), "http://h")
        assert isinstance(reply, Reply)
        assert reply.response
        statuses.append(reply.response.status)
    assert statuses == [200, 304, 206, 200]


def make_part(first: int, last: int, size: str = "10") -> Example:
    """Return a recorded part of the body, and the range that was asked for."""
    fields = [*TAGGED, ("Content-Range", f"bytes {first}-{last}/{size}"), ("Content-MD5", "x")]
    request = make_request(target="/f", headers=[("Range", f"bytes={first}-{last}")], origin=None)
    return make_example(request, response=make_response(206, BODY[first : last + 1], headers=fields))


@pytest.mark.parametrize(
    ("example", "value", "status", "body", "content_range"),
    [
        (make_part(2, 7), "bytes=2-7", 206, b"234567", "bytes 2-7/10"),
        (make_part(2, 7), "bytes=3-4", 206, b"34", "bytes 3-4/10"),
        (make_part(2, 7, "*"), "bytes=3-4", 206, b"34", "bytes 3-4/*"),
        (make_part(5, 9), "bytes=-2", 206, b"89", "bytes 8-9/10"),
        (make_part(5, 9), "bytes=7-", 206, b"789", "bytes 7-9/10"),
        (make_part(0, 9), "bytes=0-9", 206, BODY, "bytes 0-9/10"),
        (make_part(0, 9), "bytes=3-4", 206, b"34", "bytes 3-4/10"),
        (make_part(0, 9), "bytes=20-", 416, b"", "bytes */10"),
    ],
)
def test_a_range_is_cut_from_a_recorded_one(
    example: Example, value: str, status: int, body: bytes, content_range: str
) -> None:
    """A part of known bytes has its own range and length; a digest that it does not have is left out."""
    response = answer(example, ("Range", value))
    assert (response.status, response.body, response.headers.get("content-range")) == (status, body, content_range)
    assert response.headers.get("content-length") == str(len(body))


def test_a_part_that_holds_all_bytes_is_a_whole() -> None:
    """Without a range, it is answered as a 200; its validators count."""
    whole = answer(make_part(0, 9))
    assert (whole.status, whole.body, whole.headers.get("content-range")) == (200, BODY, None)
    assert answer(make_part(0, 9), ("If-None-Match", '"v1"')).status == 304


def test_a_range_inside_no_known_one_is_a_miss_that_lists_them() -> None:
    """The message names the bytes that are known."""
    served = CompiledMockServer(make_mock(), Answers(compile_index([make_part(0, 3), make_part(6, 9)])))
    request = make_request(target="/f", headers=[("Range", "bytes=3-7")], origin=None)
    reply = respond(served, request, "http://h")
    assert isinstance(reply, Reply)
    assert (
        b"The range of the request differs. No recorded range holds these bytes; recorded are 0-3 and 6-9."
        in reply.body
    )
