"""The values of a request for templates."""

from __future__ import annotations

import gzip

import pytest

from tests.factories.messages import make_request
from understudy.serving.templates.request_values import REQUEST_VALUES, LiveRequest

JSON = rb"""{"name": "Ada \"A\" L", "a.b": "dotted", "price": 1.10, "big": 9007199254740993, "none": null, "yes": true,
"user": {"tags": ["x", {"k": "deep"}], "a.b": {"c": 1}}, "it's": "quoted", "": "empty", "half": "\ud800"}"""
FORM = "application/x-www-form-urlencoded"


def live(target: str = "/", **parts: object) -> LiveRequest:
    return LiveRequest(make_request("POST", target, **parts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", 'Ada "A" L'),
        ("price", "1.10"),
        ("big", "9007199254740993"),
        ("none", "null"),
        ("yes", "true"),
        (r"a\.b", "dotted"),
        ("a.b", None),
        (r"it\'s", "quoted"),
        ("user.tags[0]", "x"),
        ("user.tags.0", "x"),
        ("user.tags[1].k", "deep"),
        ("user.tags[2]", None),
        ("user.tags[-1]", None),
        ("user.tags[9999999999]", None),
        ("user.tags.99999999999999999999", None),
        ("user.tags.²", None),
        ("user.tags", '["x", {"k": "deep"}]'),
        (r"user.a\.b", '{"c": 1}'),
        (r"user.a\.b.c", "1"),
        ("name.length", None),
        ("missing", None),
        ("user..tags", '["x", {"k": "deep"}]'),
        ("", JSON.decode()),
        (None, JSON.decode()),
    ],
)
def test_json_body(path: str | None, value: str | None) -> None:
    """A path goes through objects and arrays; numbers stay as they are written, containers become JSON."""
    assert live(body=JSON).find_body(path) == value


@pytest.mark.parametrize(
    ("body", "path", "value"),
    [
        (b"a=1&b=x+y%21&a=2&c=", "b", "x y!"),
        (b"a=1&b=x+y%21&a=2&c=", "a", "1"),
        (b"a=1&b=x+y%21&a=2&c=", "c", ""),
        (b"a=1", "d", None),
        (b"a.b=1", r"a\.b", "1"),
        (b'{"a": 5}', "a", "5"),
    ],
)
def test_form_body(body: bytes, path: str, value: str | None) -> None:
    """A form has the first value of each name; JSON that curl sends as a form is JSON."""
    assert live(body=body, content_type=FORM).find_body(path) == value


@pytest.mark.parametrize(
    "body",
    [
        b"", b"plain", b"{", b"[" * 200_000, b"\xff{}", b'"text"', b"[NaN]", b'{"a": NaN}', b"9" * 5_000,
        b'{"a": 1e99999999999999999999}', b"a=1",
    ],
)  # fmt: skip
def test_body_without_that_value(body: bytes) -> None:
    """A body that is not a JSON object with the name has no value, and raises nothing."""
    assert live(body=body).find_body("a") is None


def test_container_that_json_cannot_hold() -> None:
    """A number that JSON cannot hold is a value, but its container is not."""
    request = live(body=b'{"a": {"b": 1e400}}')
    assert (request.find_body("a.b"), request.find_body("a")) == ("1E+400", None)


def test_coded_body() -> None:
    """Content codings are removed; a broken coding leaves no body."""
    headers = {"Content-Encoding": "gzip"}
    assert live(body=gzip.compress(b'{"a": 1}'), headers=headers).find_body("a") == "1"
    assert live(body=b"broken", headers=headers).find_body(None) is None


def test_whole_body_is_text() -> None:
    """The whole body is text; bytes that are not UTF-8 are replaced."""
    assert live(body=b"a\xffb").find_body(None) == "a\ufffdb"
    assert live().find_body(None) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [("q", "a b"), ("e", ""), ("flag", ""), ("r", "1"), ("é", "ü"), ("none", None), (None, None), ("Q", None)],
)
def test_query(name: str | None, value: str | None) -> None:
    """The first value of a parameter, decoded; its name compares with case."""
    assert live("/x?q=a+b&e=&flag&r=1&r=2&%C3%A9=%C3%BC").find_query(name) == value


@pytest.mark.parametrize(
    ("number", "value"),
    [("0", "users"), ("1", "a/b"), ("2", ""), ("3", "x"), ("4", None), ("-1", None), ("one", None), (None, None)],
)
def test_path_segments(number: str | None, value: str | None) -> None:
    """Segments count from 0 and are decoded; a trailing slash is not a segment."""
    assert live("/users/a%2Fb//x/?q=1").find_segment(number) == value


def test_root_has_no_segment() -> None:
    """The path `/` is empty."""
    assert live("/").find_segment("0") is None


@pytest.mark.parametrize(
    ("name", "value"), [("x-id", "7"), ("X-ID", "7"), ("Accept", "a, b"), ("none", None), ("é", None), (None, None)]
)
def test_headers(name: str | None, value: str | None) -> None:
    """A header is found in any case, and its values are joined."""
    request = live(headers=[("X-Id", "7"), ("Accept", "a"), ("accept", "b")])
    assert request.find_header(name) == value


def test_every_name_has_its_function() -> None:
    """The four names that Postman has."""
    assert set(REQUEST_VALUES) == {"$body", "$queryParams", "$pathSegments", "$headers"}
