"""The text that a search looks through, and how a search is read."""

from __future__ import annotations

import gzip

import pytest

from tests.factories.messages import make_request, make_response
from tests.factories.stored import make_exchange
from understudy.store.errors import UserError
from understudy.store.model.messages import Body, BodyRef, Response
from understudy.store.searchable_text import MAX_CHARACTERS, MAX_STORED_BYTES, extract_text, split_search


def read(body: Body) -> bytes:
    assert isinstance(body, bytes)
    return body


def extract(body: bytes, content_type: str = "text/plain", *more: tuple[str, str]) -> str:
    """The text of the bodies of an exchange with this response body."""
    response = make_response(body=body, headers=[("Content-Type", content_type), *more])
    return extract_text(make_exchange(response=response), read)[2].strip()


def test_url_and_headers_of_both_messages_are_text() -> None:
    request = make_request(target="/caf%C3%A9?q=a%20b", headers=[("X-Team", "blue")])
    url, headers, _ = extract_text(make_exchange(request=request, response=make_response()), read)
    assert url.endswith("/café?q=a b")
    assert headers == "X-Team: blue\nContent-Type: application/json"


def test_an_exchange_without_a_response_has_text_too() -> None:
    assert extract_text(make_exchange(request="/a", response=None), read)[0].endswith("/a")


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("café".encode(), "text/plain", "café"),
        ("café".encode("latin-1"), "text/plain; charset=ISO-8859-1", "café"),
        (b"caf\xe9", "text/plain", ""),
        (b"\x89PNG\0", "image/png", ""),
        (b"a", "text/plain; charset=nonsense", "a"),
        (b"name=red+mango%21", "application/x-www-form-urlencoded", "name=red mango!"),
        (b'{"a": "\\u4f8b"}', "application/json", '{"a": "例"}'),
        (b'{"a": "\\u4f8b"', "application/json", '{"a": "\\u4f8b"'),
    ],
)
def test_bodies_are_decoded(body: bytes, content_type: str, text: str) -> None:
    assert extract(body, content_type) == text


def test_codings_are_removed() -> None:
    assert extract(gzip.compress(b"mango"), "text/plain", ("Content-Encoding", "gzip")) == "mango"
    assert extract(b"not gzip", "text/plain", ("Content-Encoding", "gzip")) == ""


def test_large_bodies_are_cut_or_left_out() -> None:
    assert len(extract(b"x" * (MAX_CHARACTERS + 9))) == MAX_CHARACTERS
    large = Response(200, body=BodyRef("0" * 64, MAX_STORED_BYTES + 1))
    assert extract_text(make_exchange(response=large), read)[2].strip() == ""


@pytest.mark.parametrize(
    ("search", "parts"),
    [
        ("one two", ["one", "two"]),
        ('one "two three"', ["one", "two three"]),
        ('"open end', ["open end"]),
        ('a"b', ["a b"]),
        ("? one", ["one"]),
    ],
)
def test_a_search_is_words_and_phrases(search: str, parts: list[str]) -> None:
    assert split_search(search) == parts


def test_a_search_without_a_word_is_refused() -> None:
    with pytest.raises(UserError, match="a search needs a word, got '!'"):
        split_search("!")
