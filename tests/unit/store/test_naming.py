"""Names that people read."""

from __future__ import annotations

import pytest

from store.messages import Request, Response
from store.naming import example_name, request_name, there_are


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
def test_request_name(target: bytes, name: str) -> None:
    assert request_name(Request("GET", target)) == name


def test_an_example_is_named_after_its_request_and_status() -> None:
    assert example_name(Request("GET", b"/users/1"), Response(200)) == "GET /users/1 - 200"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "there are none yet"),
        (["a"], "there are: a"),
        (list("abcde"), "there are: a, b, c, d, e"),
        (list("abcdef"), "there are: a, b, c, d, e, ..."),
    ],
)
def test_what_there_is_instead(names: list[str], said: str) -> None:
    assert there_are(names) == said
