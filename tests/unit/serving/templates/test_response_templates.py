"""Responses as templates: headers, bodies, codings, and no cost for other responses."""

from __future__ import annotations

import gzip

import pytest

from tests.factories.messages import make_example, make_request, make_response
from understudy.matcher.index import compile_index
from understudy.serving.templates.randomness import RandomSource
from understudy.serving.templates.response_templates import Templates, compile_templates
from understudy.store.errors import StoreError
from understudy.store.model.collections import Example
from understudy.store.model.messages import Body, BodyRef, Response
from understudy.store.model.values import replace

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
    """Headers and bodies can have wildcards, variables and request values."""
    headers = {**JSON, "Location": "{{base}}/users/{{id}}", "X-Plain": "as it is"}
    example = make_template(make_response(body=b'{"id": {{id}}, "q": "{{$queryParams \'q\'}}"}', headers=headers))
    response = answered(example, "/users/7?q=%22", base="http://shop")
    assert response.body == b'{"id": 7, "q": "\\""}'
    assert response.headers.get("location") == "http://shop/users/7"
    assert response.headers.get("x-plain") == "as it is"


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
    """The Content-Type decides whether a value is escaped."""
    example = make_template(make_response(body=b'"{{v}}"', headers={"Content-Type": kind}))
    assert answered(example, v='"').body == body


def test_coding_is_undone() -> None:
    """A compressed body is filled in and sent as text."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
    response = answered(make_template(make_response(body=gzip.compress(b"id {{id}}"), headers=headers)))
    assert (response.body, response.headers.get("content-encoding")) == (b"id 7", None)


def test_header_alone_leaves_the_body() -> None:
    """A body without fields stays in its coding, the very same object."""
    body = gzip.compress(b"plain")
    headers = {"Content-Encoding": "gzip", "X-Id": "{{id}}"}
    response = answered(make_template(make_response(body=body, headers=headers)))
    assert response.body is body
    assert list(response.headers) == [("Content-Encoding", "gzip"), ("X-Id", "7")]


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
    response = answered(make_template(make_response(headers={"X-V": "{{v}}"})), v=value)
    assert response.headers.fields == ((b"X-V", sent),)


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
def test_a_response_without_fields_stays(headers: dict[str, str], body: bytes) -> None:
    """A body without fields, in an unknown coding, or not in UTF-8: the example itself answers."""
    example = make_template(make_response(body=body, headers=headers))
    assert not compile_templates([example], as_bytes)
    assert Templates().apply(example, compile_index([example]).decide(make_request())) is example


def test_bodies_of_others_are_not_read() -> None:
    """Only bodies of examples with templates are read."""
    read: list[Body] = []

    def body_of(body: Body) -> bytes:
        read.append(body)
        return b"{{id}}"

    off = make_example("/users/1", response=make_response(body=b"{{id}}"))
    on = replace(off, id="02", templates=True)
    assert list(compile_templates([off, on], body_of)) == ["02"]
    assert len(read) == 1


def test_body_that_cannot_be_read_is_left_out() -> None:
    """A broken store breaks one answer, not the index."""

    def body_of(_: Body) -> bytes:
        raise StoreError("gone")

    assert not compile_templates([make_template(make_response(body=BodyRef("0" * 64, 9)))], body_of)


def test_seed_repeats_and_answers_differ() -> None:
    """One seed has one series of values; the second answer has other values than the first."""
    example = make_template(make_response(body=b"{{$guid}} {{$guid}} {{$randomFullName}}"))
    assert answered(example, seed=1) == answered(example, seed=1)
    assert answered(example, seed=1) != answered(example, seed=2)
    first, second, _ = as_bytes(answered(example).body).split(b" ", 2)
    assert first != second


def test_redacted_values_of_the_example_stay_out() -> None:
    """Templates use the values of the live request; those of the example's own request are never read."""
    response = make_response(body=b"{{$headers 'x-key' 'none'}} {{$body 'a' 'none'}}")
    recorded = make_request(headers={"X-Key": "REDACTED"}, body=b'{"a": "REDACTED"}')
    example = replace(make_example(recorded, response=response), templates=True)
    assert answered(example).body == b"none none"
