"""Tests of canonical forms of bodies, by media type, and of their keys."""

from __future__ import annotations

import gzip
import zlib

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest

from tests.factories.messages import make_request
from understudy.matcher.body_forms.canonical import canonicalize, compute_body_key
from understudy.matcher.body_forms.codings import undo_codings
from understudy.matcher.body_forms.open_places import places_from_redacted
from understudy.matcher.replay_keys import compute_request_key
from understudy.store.content_codings import LIMIT
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Headers

OK = frozenset[str]()
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
GZIP = Headers.of([("Content-Encoding", "gzip")])


def make_multipart(boundary: str, *parts: str) -> bytes:
    """Return a multipart body of parts with their headers."""
    return "".join(f"--{boundary}\r\n{part}\r\n" for part in parts).encode() + f"--{boundary}--\r\n".encode()


FIELD_A = 'Content-Disposition: form-data; name="a"\r\n\r\n1'
FIELD_B = 'Content-Disposition: form-data; name="b"\r\nContent-Type: text/plain\r\n\r\n2'


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (JSON, b'{"a": 1}', b'{"a":1.0}'),
        ("application/problem+json; charset=utf-8", b"[ ]", b"[]"),
        (FORM, b"a=1&b=x+y", b"b=x%20y&a=1"),
        ("text/plain", b"a\r\nb\rc", b"a\nb\nc"),
        (None, b"a", b"a"),
        (None, b'{"a":1}', b' { "a": 1 }'),
        ("text/plain", b"[1]", b"\xef\xbb\xbf[ 1.0 ]"),
        ("application/x-amz-json-1.1", b'{"a":1,"b":2}', b'{"b":2,"a":1}'),
        ("application/x-ndjson", b'{"a":1,"b":2}\n[]\n', b'{"b":2,"a":1}\r\n\n[ ]'),
        ("application/json-seq", b'\x1e{"a":1}\n\x1e[]\n', b'\x1e{\n"a": 1\n}\n\x1e[ ]\n'),
    ],
)
def test_equal_bodies(kind: str | None, one: bytes, other: bytes) -> None:
    """Spellings of one body have one canonical form."""
    assert canonicalize(one, kind) == canonicalize(other, kind)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (JSON, b"1", b"true"),
        (JSON, b'{"a":1', b'{"a": 1'),
        (JSON, b"[" * 100_000, b"[" * 100_001),
        (FORM, b"a=1", b"a=1&a=1"),
        ("application/octet-stream", b"a\r\n", b"a\n"),
        ("application/octet-stream", b'{"a":1}', b'{"a": 1}'),
        (None, b"1", b"1.0"),
        ("text/plain", b"1", b"1.0"),
        ("text/html", b'{"a":1}', b'{"a": 1}'),
        ("application/x-ndjson", b'{"a":1}\n{"b":2}', b'{"b":2}\n{"a":1}'),
        ("application/x-ndjson", b'{"a":1}\n{', b'{"a": 1}\n{'),
        ("text/plain", b"a", b"A"),
    ],
)
def test_different_bodies(kind: str | None, one: bytes, other: bytes) -> None:
    """Bodies that cannot be parsed, or have another type, are compared as bytes."""
    assert canonicalize(one, kind) != canonicalize(other, kind)


def test_boundary_does_not_count() -> None:
    """The boundary does not count, quoted or not: clients generate a new one for every request."""
    one = canonicalize(make_multipart("xx", FIELD_A, FIELD_B), "multipart/form-data; boundary=xx")
    assert one == canonicalize(make_multipart("y y", FIELD_A, FIELD_B), 'multipart/form-data; boundary="y y"')


@pytest.mark.parametrize(
    "other",
    [
        make_multipart("xx", FIELD_B, FIELD_A),
        make_multipart("xx", FIELD_A),
        make_multipart("xx", FIELD_A, FIELD_B.replace("2", "3")),
        make_multipart("xx", FIELD_A, FIELD_B.replace("plain", "html")),
        make_multipart("xx", FIELD_A, FIELD_B)[:-4],
        make_multipart("yy", FIELD_A, FIELD_B),
        b"--xx--",
    ],
)
def test_parts_count(other: bytes) -> None:
    """Order (RFC 7578, section 5.2), number, headers and contents of the parts count, and the closing delimiter."""
    kind = "multipart/form-data; boundary=xx"
    assert canonicalize(make_multipart("xx", FIELD_A, FIELD_B), kind) != canonicalize(other, kind)


def test_part_without_header() -> None:
    """A part may begin with the empty line (RFC 2046, section 5.1)."""
    kind = "multipart/mixed; boundary=xx"
    assert canonicalize(make_multipart("xx", "\r\nhello"), kind).startswith(b"multipart:")


@pytest.mark.parametrize("size", [256, 257])
def test_long_parts_are_distinguished(size: int) -> None:
    """Long parts are distinguished by their digests."""
    kind = "multipart/form-data; boundary=xx"
    one, other = (make_multipart("xx", FIELD_A + "x" * size + end) for end in "ab")
    assert canonicalize(one, kind) != canonicalize(other, kind)


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", 'multipart/x; boundary="é☃"']
)
def test_multipart_without_boundary_is_bytes(kind: str) -> None:
    """A multipart body without a boundary is compared as bytes."""
    assert canonicalize(b"abc", kind) == b"bytes:abc"


@pytest.mark.parametrize(
    ("kind", "place", "one", "other"),
    [
        (JSON, RedactedPlace(Part.JSON, "$.t"), b'{"t":"REDACTED","a":1}', b'{"a":1,"t":"x"}'),
        (FORM, RedactedPlace(Part.FORM, "t"), b"t=REDACTED&a=1", b"a=1&t=x"),
        ("text/plain", RedactedPlace(Part.JSON, "$.t"), b'{"t":"REDACTED"}', b'{"t":"x"}'),
        (FORM, RedactedPlace(Part.JSON, "$.t"), b'{"t":"REDACTED"}', b'{"t":"x"}'),
        (
            "multipart/form-data; boundary=xx",
            RedactedPlace(Part.FORM, "a"),
            make_multipart("xx", FIELD_A, FIELD_B),
            make_multipart("xx", FIELD_A + "0", FIELD_B),
        ),
    ],
)
def test_redacted_places_match_any_value(kind: str, place: RedactedPlace, one: bytes, other: bytes) -> None:
    """Redacted places match any value in every kind of body; JSON is recognised under other media types too."""
    places = places_from_redacted([place])
    assert canonicalize(one, kind, places) == canonicalize(other, kind, places)
    assert canonicalize(one, kind) != canonicalize(other, kind)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((b"", JSON), (b"", None), True),
        ((b"1", None), (b"1", None), True),
        ((b"1", JSON), (b"1", None), False),
        ((b"1", JSON), (b"1", "text/json"), True),
        ((b"1", JSON), (b"1", "application/x-ndjson"), False),
        ((b"<a/>", "text/xml"), (b"<a></a>", "application/xml"), True),
        ((b"1", JSON), (b"1.0", "Application/JSON; charset=utf-8"), True),
        ((b"", JSON), (b"1", JSON), False),
    ],
)
def test_media_type_counts(one: tuple[bytes, str | None], other: tuple[bytes, str | None], same: bool) -> None:
    """The media type counts, without its parameters; empty bodies are equal under any."""
    keys = [compute_body_key(body, Headers.of([("Content-Type", kind)] if kind else [])) for body, kind in (one, other)]
    assert (keys[0] == keys[1]) is same


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"hello", mtime=1)),
        ("GZIP ", gzip.compress(b"hello", mtime=2)),
        ("deflate", zlib.compress(b"hello")),
        ("br", brotli.compress(b"hello")),
        ("gzip, br", brotli.compress(gzip.compress(b"hello", mtime=0))),
        ("gzip", b"hello"),
        ("gzip, br", b"hello"),
        ("identity", b"hello"),
        ("", b"hello"),
    ],
)
def test_content_encoding_is_undone(coding: str, body: bytes) -> None:
    """Content codings are removed; a body that is not encoded as declared stays as it is."""
    assert compute_body_key(body, Headers.of([("Content-Encoding", coding)])) == compute_body_key(b"hello", Headers())


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"hello", mtime=0)[:-1],
        gzip.compress(b"hello", mtime=0) + b"x",
        gzip.compress(b"hello" * 9, mtime=0)[:15] + b"abc",
    ],
)
def test_broken_encoding_is_bytes(body: bytes) -> None:
    """A body whose coding is cut off, followed by other bytes, or damaged stays as it is."""
    assert undo_codings(body, GZIP) == body


def test_bomb_is_bytes() -> None:
    """A small body that expands beyond the limit stays as it is."""
    bomb = gzip.compress(bytes(LIMIT + 1), mtime=0)
    assert undo_codings(bomb, GZIP) == bomb


BASE = make_request("POST", "/a?x=1&y=2", body=b'{"k": 1}', content_type=JSON)


@pytest.mark.parametrize(
    ("method", "target", "body", "kind", "origin", "same"),
    [
        ("POST", "/%61?y=2&x=1", b'{"k":1.0}', "application/json;charset=utf-8", "http://api.example.com:80", True),
        ("PUT", "/a?x=1&y=2", b'{"k": 1}', JSON, "http://api.example.com", False),
        ("POST", "/a/?x=1&y=2", b'{"k": 1}', JSON, "http://api.example.com", False),
        ("POST", "/A?x=1&y=2", b'{"k": 1}', JSON, "http://api.example.com", False),
        ("POST", "/a?x=1", b'{"k": 1}', JSON, "http://api.example.com", False),
        ("POST", "/a?x=1&y=2", b'{"k": 2}', JSON, "http://api.example.com", False),
        ("POST", "/a?x=1&y=2", b'{"k": 1}', "text/json", "http://api.example.com", True),
        ("POST", "/a?x=1&y=2", b'{"k": 1}', "text/plain", "http://api.example.com", False),
        ("POST", "/a?x=1&y=2", b'{"k": 1}', JSON, "https://api.example.com", False),
        ("POST", "/a?x=1&y=2", b'{"k": 1}', JSON, None, False),
    ],
)
def test_same_requests(method: str, target: str, body: bytes, kind: str, origin: str | None, same: bool) -> None:
    """A request's key depends on each part, in its normal form."""
    other = make_request(method, target, body=body, content_type=kind, origin=origin)
    assert (compute_request_key(other, body, OK) == compute_request_key(BASE, b'{"k": 1}', OK)) is same


def test_request_key_is_sha_256() -> None:
    """A request's key is a SHA-256 digest in hexadecimal digits."""
    assert len(bytes.fromhex(compute_request_key(BASE, b"", OK))) == 32


def test_empty_bodies_have_no_type() -> None:
    """A GET with a Content-Type is the same request as one without."""
    typed, untyped = make_request(content_type=JSON), make_request()
    assert compute_request_key(typed, b"", OK) == compute_request_key(untyped, b"", OK)
