"""HTTP messages as they were received."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_request
from understudy.store.model.messages import Headers, Origin, strip_url

FIELDS = [("Host", "h"), ("Set-Cookie", "a=1, b"), ("X", "1"), ("set-cookie", "c"), ("E", "")]
HEADERS = Headers.of(FIELDS)


def test_headers_keep_order_case_and_repeats() -> None:
    assert list(HEADERS) == FIELDS
    assert len(HEADERS) == 5


def test_headers_compare_names_without_case() -> None:
    assert HEADERS.get("SET-COOKIE") == "a=1, b"
    assert "hOST" in HEADERS


def test_all_values_are_in_order_and_not_split() -> None:
    assert HEADERS.get_all("Set-Cookie") == ["a=1, b", "c"]


def test_an_empty_value_exists() -> None:
    assert HEADERS.get("e") == ""
    assert "e" in HEADERS


def test_a_missing_field_is_none() -> None:
    assert HEADERS.get("y") is None
    assert HEADERS.get_all("y") == []
    assert "y" not in HEADERS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("X", [("Host", "h"), ("Set-Cookie", "a=1, b"), ("X", "new"), ("set-cookie", "c"), ("E", "")]),
        ("x", [("Host", "h"), ("Set-Cookie", "a=1, b"), ("X", "new"), ("set-cookie", "c"), ("E", "")]),
        ("SET-COOKIE", [("Host", "h"), ("Set-Cookie", "new"), ("X", "1"), ("E", "")]),
        ("Y", [*FIELDS, ("Y", "new")]),
    ],
)
def test_replacing_keeps_the_position_and_case_of_the_first(name: str, expected: list[tuple[str, str]]) -> None:
    assert list(HEADERS.replace(name, "new")) == expected


def test_drop_removes_all_fields_with_the_names() -> None:
    assert list(HEADERS.drop(["SET-cookie", "e", "y"])) == [("Host", "h"), ("X", "1")]


def test_headers_of_text_beyond_latin_1_are_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        Headers.of([("X", "例")])


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://a", Origin("http", "a", 80)),
        ("https://a", Origin("https", "a", 443)),
        ("HTTP://A.Example:8080/x?y#z", Origin("http", "a.example", 8080)),
        ("http://[::1]:3000", Origin("http", "::1", 3000)),
        ("http://user:password@a", Origin("http", "a", 80)),
    ],
)
def test_an_origin_is_parsed_from_a_url(url: str, origin: Origin) -> None:
    assert Origin.parse(url) == origin


@pytest.mark.parametrize(
    "url", ["", "a", "a:80", "//a", "/a", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:x", "http://a b"]
)
def test_a_wrong_origin_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ValueError, match=r"expected a URL like http://127\.0\.0\.1:3000"):
        Origin.parse(url)


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        (Origin("http", "a", 80), "a"),
        (Origin("https", "a", 443), "a"),
        (Origin("http", "a", 443), "a:443"),
        (Origin("https", "::1", 443), "[::1]"),
        (Origin("http", "::1", 8080), "[::1]:8080"),
    ],
)
def test_an_authority_omits_the_default_port(origin: Origin, authority: str) -> None:
    assert origin.authority == authority
    assert str(origin) == f"{origin.scheme}://{authority}"


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a", b"/a", b""),
        (b"/a?", b"/a", b""),
        (b"/a?b=1?c", b"/a", b"b=1?c"),
        (b"/\xff%3F?\xfe", b"/\xff%3F", b"\xfe"),
        (b"*", b"*", b""),
    ],
)
def test_a_target_is_path_and_query(target: bytes, path: bytes, query: bytes) -> None:
    request = make_request(target=target)
    assert (request.path, request.query) == (path, query)


@pytest.mark.parametrize(
    ("target", "origin", "url"),
    [
        (b"/a?b", "http://h:81", "http://h:81/a?b"),
        (b"/caf\xc3\xa9", "http://h", "http://h/café"),
        (b"/\xff", None, "/\ufffd"),
    ],
)
def test_the_url_of_a_request(target: bytes, origin: str | None, url: str) -> None:
    assert make_request(target=target, origin=origin).url == url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://api.example.com/a", "http://api.example.com/a"),
        ("http://ann:hunter2@x/a?b=c#d", "http://x/a"),
        ("ann:hunter2@x", "x"),
        ("ftp://hunter2@x", "ftp://x"),
        ("/users/a@b", "/users/a@b"),
        ("localhost:3000?token=x", "localhost:3000"),
    ],
)
def test_a_url_in_an_error_message_contains_no_secret(url: str, shown: str) -> None:
    assert strip_url(url) == shown
