"""Responses as templates: headers, body, codings, and that others cost nothing."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest

from tests.factories.messages import make_example, make_request, make_response
from understudy.matcher.index import compile_index
from understudy.serving.templates.randomness import RandomSource
from understudy.serving.templates.response_templates import Templates, compile_templates
from understudy.store.errors import StoreError
from understudy.store.model.collections import Example
from understudy.store.model.messages import Body, BodyRef, Response

JSON = {"Content-Type": "application/json"}


def make_template(response: Response, target: str = "/users/{{id}}") -> Example:
    return replace(make_example(make_request(target=target), response=response, literal=False), templates=True)


def as_bytes(body: Body) -> bytes:
    assert isinstance(body, bytes)
    return body


def answered(example: Example, target: str = "/users/7", seed: int = 1, **variables: str) -> Response:
    templates = Templates(compile_templates([example], as_bytes), variables, RandomSource(lambda: 0.0, seed))
    return templates.apply(example, compile_index([example]).decide(make_request(target=target))).response


def test_headers_and_body_are_filled_in() -> None:
    """Wildcards, variables and request values stand in headers and body."""
    headers = {**JSON, "Location": "{{base}}/users/{{id}}", "X-Plain": "as it is"}
    example = make_template(make_response(body=b'{"id": {{id}}, "q": "{{$queryParams \'q\'}}"}', headers=headers))
    told = answered(example, "/users/7?q=%22", base="http://shop")
    assert told.body == b'{"id": 7, "q": "\\""}'
    assert told.headers.get("location") == "http://shop/users/7"
    assert told.headers.get("x-plain") == "as it is"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'"\\""'),
        ("application/problem+json; charset=utf-8", b'"\\""'),
        ("text/plain", b'"""'),
        ("", b'"""'),
    ],
)
def test_escapes_in_json_only(kind: str, body: bytes) -> None:
    """The Content-Type says whether a value is escaped."""
    example = make_template(make_response(body=b'"{{v}}"', headers={"Content-Type": kind}))
    assert answered(example, v='"').body == body


def test_coding_is_undone() -> None:
    """A compressed body is filled in as text, and sent so."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
    told = answered(make_template(make_response(body=gzip.compress(b"id {{id}}"), headers=headers)))
    assert (told.body, told.headers.get("content-encoding")) == (b"id 7", None)


def test_header_alone_leaves_the_body() -> None:
    """A body without fields stays in its coding, the very same object."""
    body = gzip.compress(b"plain")
    headers = {"Content-Encoding": "gzip", "X-Id": "{{id}}"}
    told = answered(make_template(make_response(body=body, headers=headers)))
    assert told.body is body
    assert list(told.headers) == [("Content-Encoding", "gzip"), ("X-Id", "7")]


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("a\r\nSet-Cookie: x=1", b"aSet-Cookie: x=1"),
        ("a\0b\x7f\tc", b"ab\tc"),
        ("é☃", "é☃".encode()),
        ("\ud800", b"?"),
    ],
)
def test_header_values_cannot_break_framing(value: str, sent: bytes) -> None:
    """Line ends and other control characters are dropped; the rest is UTF-8."""
    told = answered(make_template(make_response(headers={"X-V": "{{v}}"})), v=value)
    assert told.headers.fields == ((b"X-V", sent),)


def test_lone_surrogates_can_be_sent() -> None:
    """Text that has no UTF-8 form is replaced."""
    assert answered(make_template(make_response(body=b"{{v}}", headers={})), v="\ud800").body == b"?"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (JSON, b'{"id": 7}'),
        (JSON, b"{{id}} \xff"),
        (JSON, b"{{$unknown}}"),
        ({"Content-Encoding": "gzip"}, b"{{id}}, and not gzip"),
        ({"Content-Encoding": "unknown"}, b"{{id}}"),
    ],
)
def test_what_is_no_template_stays(headers: dict[str, str], body: bytes) -> None:
    """A body without fields, in no coding we know, or that is not UTF-8: the example itself answers."""
    example = make_template(make_response(body=body, headers=headers))
    assert not compile_templates([example], as_bytes)
    assert Templates().apply(example, compile_index([example]).decide(make_request())) is example


def test_bodies_of_others_are_not_read() -> None:
    """Only an example that is switched on has its body read."""
    read: list[Body] = []

    def body_of(body: Body) -> bytes:
        read.append(body)
        return b"{{id}}"

    off = make_example("/users/1", response=make_response(body=b"{{id}}"))
    on = replace(off, id="02", templates=True)
    assert list(compile_templates([off, on], body_of)) == ["02"]
    assert len(read) == 1


def test_body_that_cannot_be_read_is_left_out() -> None:
    """A broken store breaks the one answer, not the index."""

    def body_of(_: Body) -> bytes:
        raise StoreError("gone")

    assert not compile_templates([make_template(make_response(body=BodyRef("0" * 64, 9)))], body_of)


def test_seed_repeats_and_answers_differ() -> None:
    """One seed, one run of values; the second answer has others than the first."""
    example = make_template(make_response(body=b"{{$guid}} {{$guid}} {{$randomFullName}}"))
    assert answered(example, seed=1) == answered(example, seed=1)
    assert answered(example, seed=1) != answered(example, seed=2)
    first, second, _ = as_bytes(answered(example).body).split(b" ", 2)
    assert first != second


def test_redacted_values_of_the_example_stay_out() -> None:
    """What a template says of the request is the live one's; the example's own is never read."""
    response = make_response(body=b"{{$headers 'x-key' 'none'}} {{$body 'a' 'none'}}")
    recorded = make_request(headers={"X-Key": "REDACTED"}, body=b'{"a": "REDACTED"}')
    example = replace(make_example(recorded, response=response), templates=True)
    assert answered(example).body == b"none none"
