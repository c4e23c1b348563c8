"""Names of requests and examples, slugs and free names."""

from __future__ import annotations

import pytest

from understudy.store.model.messages import Request, Response
from understudy.store.model.naming import (
    describe_choices,
    escape_controls,
    find_free_name,
    find_nearest,
    is_slug,
    name_example,
    name_request,
    slug_from_name,
)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (b"/users/1", "GET /users/1"),
        (b"/search?q=a", "GET /search?q=a"),
        (b"/search?", "GET /search"),
        (b"/search?q=a+b%26c", "GET /search?q=a b&c"),
        (b"/caf%C3%A9/\xc3\xbc", "GET /café/ü"),
        (b"/a%0A%1B[31m", "GET /a%0A%1B[31m"),
        (b"/%FF\xff", "GET /��"),
        (b"/" + b"x" * 75, "GET /" + "x" * 75),
        (b"/" + b"x" * 76, "GET /" + "x" * 74 + "…"),
    ],
)
def test_the_name_of_a_request(target: bytes, name: str) -> None:
    assert name_request(Request("GET", target)) == name


def test_an_example_is_named_after_its_request_and_status() -> None:
    assert name_example(Request("GET", b"/users/1"), Response(200)) == "GET /users/1 - 200"


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ([], "there are none yet"),
        (["a"], "there are: a"),
        (list("abcde"), "there are: a, b, c, d, e"),
        (list("abcdef"), "there are: a, b, c, d, e, ..."),
    ],
)
def test_the_choices_in_an_error(names: list[str], line: str) -> None:
    assert describe_choices(names) == line


@pytest.mark.parametrize(
    ("wanted", "names", "nearest"),
    [
        ("shpo", ["shop", "other"], ["shop"]),
        ("SHOP", ["shop"], ["shop"]),
        ("gte", ["GET", "PUT"], ["GET"]),
        ("checkout", ["checkout-2026-01", "check", "shop"], ["check", "checkout-2026-01"]),
        ("nowhere", ["shop", "other"], []),
        ("s", ["sessions"], []),
        ("", ["shop"], []),
        ("shop", [], []),
        ("ab", ["ab1", "ab2", "ab3"], ["ab3", "ab2"]),
    ],
)
def test_the_nearest_names(wanted: str, names: list[str], nearest: list[str]) -> None:
    assert find_nearest(wanted, names) == nearest


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        ("shpo", "did you mean 'shop'?"),
        ("cat", "did you mean 'cart' or 'carts'?"),
        ("x", "there are: shop, cart, carts"),
    ],
)
def test_an_error_suggests_the_nearest_names(wanted: str, line: str) -> None:
    assert describe_choices(["shop", "cart", "carts"], wanted) == line


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("shop", "shop"),
        ("Shop API (v2)", "shop-api-v2"),
        ("Café Zürich", "cafe-zurich"),
        ("-a--b-", "a-b"),
        ("日本", "mock"),
        ("a" * 70, "a" * 63),
        ("a" * 62 + " b", "a" * 62),
    ],
)
def test_the_slug_of_a_name(name: str, slug: str) -> None:
    """It can be part of a path and of a host name."""
    assert slug_from_name(name) == slug
    assert is_slug(slug)


@pytest.mark.parametrize("text", ["", "A", "a b", "-a", "a-", "a.b", "ü", "a" * 64, "a\n"])
def test_texts_that_are_no_slugs(text: str) -> None:
    assert not is_slug(text)


@pytest.mark.parametrize(
    ("taken", "free"), [([], "a"), (["b"], "a"), (["a"], "a 2"), (["a", "a 2", "a 4"], "a 3"), (["a", "a 3"], "a 2")]
)
def test_a_free_name(taken: list[str], free: str) -> None:
    assert find_free_name("a", taken) == free


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\tc\n", "a\nb\tc\n"),
        ("\x1b[31mred\x07", "%1B[31mred%07"),
        ("\x9b31m", "%C2%9B31m"),
        ("\u202eabc", "%E2%80%AEabc"),
        ("one\rtwo", "one%0Dtwo"),
        ("café 例 \u00a0\u3000 \U0001f468", "café 例 \u00a0\u3000 \U0001f468"),
        ("a\u200bb\ufeffc\u00add\U000e0041", "a%E2%80%8Bb%EF%BB%BFc%C2%ADd%F3%A0%81%81"),
        ("a\u2028b\u2029c\x85d", "a%E2%80%A8b%E2%80%A9c%C2%85d"),
        ("\udc9b \ud800", "%9B %3F"),
    ],
)
def test_controls_of_a_text_of_several_lines_are_escaped(text: str, shown: str) -> None:
    """Not line ends, tabs and spaces; but what takes no place on the screen is."""
    assert escape_controls(text) == shown
