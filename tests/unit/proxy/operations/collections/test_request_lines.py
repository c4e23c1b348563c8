"""Requests and examples that a person types in."""

from __future__ import annotations

import pytest

from understudy.proxy.operations.collections.request_lines import (
    Typed,
    read_typed,
    typed_example,
    typed_item,
    typed_request,
    typed_response,
    with_type,
)
from understudy.store.errors import UserError
from understudy.store.model.messages import Headers


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("GET /users", Typed("GET", "/users")),
        ("get /users/{{id}}?a=:b", Typed("GET", "/users/{{id}}?a=:b")),
        ("  POST   /orders  201 ", Typed("POST", "/orders", 201)),
        ('PUT /a 200 {"a": 1,  "b": 2}', Typed("PUT", "/a", 200, '{"a": 1,  "b": 2}')),
        ("GET /a 500 @file name.json", Typed("GET", "/a", 500, "@file name.json")),
        ("M-SEARCH /café 599", Typed("M-SEARCH", "/café", 599)),
    ],
)
def test_a_request_line(text: str, typed: Typed) -> None:
    assert read_typed(text) == typed


@pytest.mark.parametrize("text", ["", "GET", "/users", "GET users", "GET http://a/b", "G(T /a", "GET /a\x00", "GÉT /a"])
def test_no_request_line(text: str) -> None:
    with pytest.raises(UserError, match=r"a request is typed as 'METHOD PATH \[STATUS \[BODY\]\]', such as .*, not "):
        read_typed(text)


@pytest.mark.parametrize("status", ["199", "600", "abc", "-200", "2OO", "²00"])
def test_no_status(status: str) -> None:
    with pytest.raises(UserError, match=f"a status is a number from 200 to 599, not '{status}'"):
        read_typed(f"GET /a {status}")


def test_an_authored_example_has_wildcards_and_templates() -> None:
    typed = Typed("GET", "/users/{{id}}")
    item = typed_item("c", typed, 3)
    example = typed_example(item, typed_request(typed), typed_response(200, body=b"{}"))
    assert (item.name, item.method, item.path, item.key, item.position) == (
        "GET /users/{{id}}",
        "GET",
        typed.target,
        "",
        3,
    )
    assert (example.item_id, example.collection_id, example.name) == (item.id, "c", "GET /users/{{id}} - 200")
    assert (example.literal, example.templates, example.request.origin) == (False, True, None)


def test_an_authored_example_has_the_name_it_is_given() -> None:
    item = typed_item("c", Typed("GET", "/a"), 0)
    assert typed_example(item, typed_request(Typed("GET", "/a")), typed_response(200), "one").name == "one"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", None),
        (b' {"a": {{b}}}', "application/json"),
        (b"[1]", "application/json"),
        (b"<?xml version='1.0'?>", "application/xml"),
        (b"<p>", "text/html"),
        (b"{{$guid}}", "text/plain; charset=utf-8"),
        (b"hello", "text/plain; charset=utf-8"),
    ],
)
def test_the_type_of_a_typed_in_body(body: bytes, kind: str | None) -> None:
    """Its beginning suggests it; an empty one has none."""
    assert typed_response(200, body=body).headers.get("content-type") == kind


def test_a_given_type_stays() -> None:
    headers = Headers.of([("content-TYPE", "a/b")])
    assert with_type(headers, b"{}") == headers
