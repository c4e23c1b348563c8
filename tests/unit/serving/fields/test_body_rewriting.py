"""URLs of the upstream in bodies, for a client that reaches it at another URL."""

from __future__ import annotations

import gzip
import hashlib
from base64 import b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.factories.messages import make_example, make_request, make_response
from understudy.serving.fields.body_rewriting import (
    MAX_REWRITTEN_BYTES,
    BodyRewriter,
    is_rewritable,
    rewrite_example_body,
)
from understudy.store.model.collections import Example
from understudy.store.model.messages import Body, BodyRef, Chunk, Headers, Origin
from understudy.store.model.values import replace

UPSTREAM = Origin("https", "api.example.com", 443)
BASE = "http://127.0.0.1:4000/mocks/shop"
JSON = Headers.of([("Content-Type", "application/json; charset=utf-8")])
HTML = Headers.of([("Content-Type", "text/html")])


def rewrite(text: str, headers: Headers = JSON, *, size: int = 1_000_000) -> str:
    """Return a body that comes in pieces of this size."""
    rewriter, data = BodyRewriter(headers, UPSTREAM, BASE), text.encode()
    pieces = [rewriter.feed(data[start : start + size]) for start in range(0, len(data), size)]
    return b"".join([*pieces, rewriter.finish()]).decode()


CHANGED = [
    ('{"next": "https://api.example.com/users?page=2"}', '{"next": "http://127.0.0.1:4000/mocks/shop/users?page=2"}'),
    ('"https://api.example.com"', '"http://127.0.0.1:4000/mocks/shop"'),
    ('"HTTPS://API.example.COM:443/a"', '"http://127.0.0.1:4000/mocks/shop/a"'),
    ('"https://api.example.com./a"', '"http://127.0.0.1:4000/mocks/shop/a"'),
    (r'"https:\/\/api.example.com\/a"', r'"http:\/\/127.0.0.1:4000\/mocks\/shop\/a"'),
    ('"wss://api.example.com/live"', '"ws://127.0.0.1:4000/mocks/shop/live"'),
    ("See https://api.example.com.", "See http://127.0.0.1:4000/mocks/shop."),
    ('"<https://api.example.com/1>, <https://api.example.com/2>"',
     '"<http://127.0.0.1:4000/mocks/shop/1>, <http://127.0.0.1:4000/mocks/shop/2>"'),
]  # fmt: skip
UNCHANGED = [
    '"http://api.example.com/a"',
    '"https://api.example.com:8443/a"',
    '"https://api.example.com.evil.test/a"',
    '"https://other.test/?to=https%3A%2F%2Fapi.example.com"',
    '"git+https://api.example.com/a"',
    '"https://api.example.com@evil.test/"',
    '"//api.example.com/a"',
    '"https://"',
    "api.example.com",
]


@pytest.mark.parametrize(("text", "expected"), CHANGED)
def test_a_url_of_the_upstream_leads_to_the_mock(text: str, expected: str) -> None:
    assert rewrite(text) == expected


@pytest.mark.parametrize("text", UNCHANGED)
def test_everything_else_stays(text: str) -> None:
    """Other origins, other schemes, names, and in JSON what has no scheme."""
    assert rewrite(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<a href="https://api.example.com/a">', '<a href="http://127.0.0.1:4000/mocks/shop/a">'),
        ("<img src='//api.example.com/a'>", "<img src='http://127.0.0.1:4000/mocks/shop/a'>"),
        ("<img src=//api.example.com/a>", "<img src=http://127.0.0.1:4000/mocks/shop/a>"),
        ("a // api.example.com", "a // api.example.com"),
    ],
)
def test_in_html_a_url_may_lack_its_scheme(text: str, expected: str) -> None:
    assert rewrite(text, HTML) == expected


PIECES = st.sampled_from([*(text for text, _ in CHANGED), *UNCHANGED, "h", "https:", "//", "\\/", '"', " ", "=", "a"])


@example(['"//api.example.com/a"'], 1, HTML)
@given(st.lists(PIECES, max_size=6), st.integers(1, 40), st.sampled_from([JSON, HTML]))
def test_a_body_in_pieces_is_rewritten_as_the_whole_one(parts: list[str], size: int, headers: Headers) -> None:
    text = "".join(parts)
    assert rewrite(text, headers, size=size) == rewrite(text, headers)


def test_what_is_complete_is_not_held_back() -> None:
    """An event of a stream goes on at once."""
    rewriter, event = BodyRewriter(JSON, UPSTREAM, BASE), b'{"self": "https://other.test/1"}\n'
    assert rewriter.feed(event) == event


@given(st.binary(max_size=2_000))
def test_no_more_than_the_beginning_of_a_url_is_held_back(data: bytes) -> None:
    rewriter = BodyRewriter(HTML, UPSTREAM, BASE)
    assert len(data) - len(rewriter.feed(b"https://" + b"a" * 1_000 + data)) < 300


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ("application/json", True),
        ("application/hal+json; charset=utf-8", True),
        ("application/x-ndjson", True),
        ("text/html", True),
        ("application/xhtml+xml", True),
        ("text/event-stream", False),
        ("application/javascript", False),
        ("image/png", False),
    ],
)
def test_which_bodies_are_rewritten(media: str, expected: bool) -> None:
    assert is_rewritable(Headers.of([("Content-Type", media)])) is expected


LINK = b'{"next": "https://api.example.com/2"}'
REWRITTEN = b'{"next": "http://127.0.0.1:4000/mocks/shop/2"}'


def make_linked(body: Body = LINK, *fields: tuple[str, str], status: int = 200, method: str = "GET") -> Example:
    headers = [("Content-Type", "application/json"), *fields]
    request = make_request(method, origin="https://api.example.com")
    return make_example(request=request, response=make_response(status, body, headers=headers))


def test_an_example_is_sent_with_its_new_body() -> None:
    example, body = rewrite_example_body(make_linked(), LINK, BASE)
    assert (body, example.response.body) == (REWRITTEN, REWRITTEN)


def test_an_encoded_body_is_decoded() -> None:
    coded = gzip.compress(LINK)
    example, body = rewrite_example_body(make_linked(coded, ("Content-Encoding", "gzip")), coded, BASE)
    assert (body, example.response.headers.get("content-encoding")) == (REWRITTEN, None)


def test_an_encoded_body_without_such_urls_stays_encoded() -> None:
    coded = gzip.compress(b"{}")
    given_example = make_linked(coded, ("Content-Encoding", "gzip"))
    example, body = rewrite_example_body(given_example, coded, BASE)
    assert (example is given_example, body is coded) == (True, True)


def test_digests_of_the_old_body_are_left_out_and_validators_stay() -> None:
    digest = f"sha-256=:{b64encode(hashlib.sha256(LINK).digest()).decode()}:"
    fields = [("Content-Digest", digest), ("ETag", '"1"')]
    example, _ = rewrite_example_body(make_linked(LINK, *fields), LINK, BASE)
    assert example.response.headers.get("content-digest") is None
    assert example.response.headers.get("etag") == '"1"'


def test_the_pieces_of_a_stream_keep_their_times() -> None:
    """A URL on a boundary belongs to the later piece."""
    response = replace(make_linked().response, chunks=(Chunk(0.1, 15), Chunk(0.2, len(LINK) - 15)))
    example, body = rewrite_example_body(replace(make_linked(), response=response), LINK, BASE)
    chunks = example.response.chunks
    assert [chunk.at for chunk in chunks] == [0.1, 0.2]
    assert (chunks[0].size, sum(chunk.size for chunk in chunks)) == (10, len(REWRITTEN))
    assert body == REWRITTEN


def test_of_a_recorded_head_the_size_is_left_out() -> None:
    example, _ = rewrite_example_body(make_linked(b"", ("Content-Length", "37"), method="HEAD"), b"", BASE)
    assert example.response.headers.get("content-length") is None


@pytest.mark.parametrize(
    ("example", "body"),
    [
        (make_linked(status=206), LINK),
        (make_linked(status=304), LINK),
        (make_linked(BodyRef("d", 10)), BodyRef("d", 10)),
        (make_linked(), LINK + b" " * MAX_REWRITTEN_BYTES),
        (make_linked(b"no gzip", ("Content-Encoding", "gzip")), b"no gzip"),
        (replace(make_linked(), request=replace(make_request(), origin=None)), LINK),
    ],
    ids=["a part", "no body", "not in memory", "too large", "not in its coding", "without an origin"],
)
def test_some_bodies_stay(example: Example, body: Body) -> None:
    assert rewrite_example_body(example, body, BASE) == (example, body)
