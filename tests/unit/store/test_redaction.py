"""Secrets are taken out of messages, and everything else stays."""

from __future__ import annotations

import gzip
import zlib

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest
import zstandard

from store.entities import Part, Redacted
from store.messages import BodyRef, Headers, Request, Response
from store.redaction import describe, redact_request, redact_response

SECRET = b'{"access_token": "s3cret", "ttl": 5}'
HIDDEN = b'{"access_token": "REDACTED", "ttl": 5}'
JSON = ("Content-Type", "application/json")


def request(*fields: tuple[str, str], target: bytes = b"/", body: bytes = b"") -> Request:
    return Request("POST", target, Headers.of(fields), body)


def response(*fields: tuple[str, str], body: bytes = b"") -> Response:
    return Response(200, Headers.of(fields), body)


def header(name: str) -> set[Redacted]:
    return {Redacted(Part.HEADER, name)}


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("Authorization", "Bearer abc", "Bearer REDACTED"),
        ("authorization", "Basic dTpw", "Basic REDACTED"),
        ("Authorization", 'Digest username="u", response="r"', "Digest REDACTED"),
        ("Authorization", "bare", "REDACTED"),
        ("Authorization", "two words", "REDACTED"),
        ("Proxy-Authorization", "Basic dTpw", "Basic REDACTED"),
        ("X-Api-Key", "abc", "REDACTED"),
        ("X-Auth-Token", "abc", "REDACTED"),
        ("Cookie", "a=1; b=x=y;c=", "a=REDACTED; b=REDACTED;c="),
        ("Cookie", "nameless; b=2", "REDACTED; b=REDACTED"),
        ("Referer", "http://a/b?x=1&token=t#id_token=i&y", "http://a/b?x=1&token=REDACTED#id_token=REDACTED&y"),
    ],
)
def test_request_headers(name: str, value: str, hidden: str) -> None:
    before, after = ("Accept", "*/*"), ("X-Note", "n")
    redacted, places = redact_request(request(before, (name, value), after), b"")
    assert list(redacted.headers) == [before, (name, hidden), after]
    assert places == header(name.lower())


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("Set-Cookie", "sid=abc; Path=/; HttpOnly", "sid=REDACTED; Path=/; HttpOnly"),
        ("set-cookie", "abc; Path=/", "REDACTED; Path=/"),
        ("X-Subject-Token", "abc", "REDACTED"),
        ("Location", "/cb#access_token=t&state=1", "/cb#access_token=REDACTED&state=1"),
    ],
)
def test_response_headers(name: str, value: str, hidden: str) -> None:
    redacted, places = redact_response(response((name, value)), b"")
    assert list(redacted.headers) == [(name, hidden)]
    assert places == header(name.lower())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", ""),
        ("Set-Cookie", "sid=; Max-Age=0"),
        ("Cookie", "; ;a="),
        ("Location", "/token?page=2"),
        ("X-Ratelimit-Remaining-Tokens", "9"),
        ("Idempotency-Key", "abc"),
    ],
)
def test_a_message_without_secrets_stays_the_same_object(name: str, value: str) -> None:
    answer = response((name, value))
    assert redact_response(answer, b"") == (answer, frozenset())


@pytest.mark.parametrize(
    ("query", "hidden", "names"),
    [
        (b"a=1&api_key=k&b=%2f+", b"a=1&api_key=REDACTED&b=%2f+", {"api_key"}),
        (b"token=a&x&token=b=c", b"token=REDACTED&x&token=REDACTED", {"token"}),
        (b"user%5Bpassword%5D=p", b"user%5Bpassword%5D=REDACTED", {"user[password]"}),
        (b"&&sig=%20&", b"&&sig=REDACTED&", {"sig"}),
        (b"token&token=&page_token=p&max_tokens=5", b"token&token=&page_token=p&max_tokens=5", set()),
    ],
)
def test_query_values(query: bytes, hidden: bytes, names: set[str]) -> None:
    redacted, places = redact_request(request(target=b"/token=x?" + query), b"")
    assert redacted.target == b"/token=x?" + hidden
    assert places == {Redacted(Part.QUERY, name) for name in names}


def test_form_values() -> None:
    body = b"user=ann&password=p%26w&next=%2F"
    redacted, places = redact_request(request(("Content-Type", "application/x-www-form-urlencoded"), body=body), body)
    assert redacted.body == b"user=ann&password=REDACTED&next=%2F"
    assert places == {Redacted(Part.FORM, "password")}


@pytest.mark.parametrize("content_type", ['multipart/form-data; boundary="b d"', "Multipart/Form-Data;Boundary=b"])
def test_multipart_values(content_type: str) -> None:
    line = b"--b d" if '"' in content_type else b"--b"
    parts = (
        b"preamble\r\n"
        + line
        + b'\r\nContent-Disposition: form-data; filename="name=token"; name="file"\r\n\r\ntoken\r\n\r\n\xff\r\n'
        + line
        + b'\r\nX-A: b\r\ncontent-disposition: form-data; name="client_secret"\r\n\r\n%s\r\n'
        + line
        + b"--\r\n"
    )
    redacted, places = redact_request(request(("Content-Type", content_type)), parts % b"a\r\n\r\nb")
    assert redacted.body == parts % b"REDACTED"
    assert places == {Redacted(Part.FORM, "client_secret")}


@pytest.mark.parametrize("content_type", ["application/json", "application/hal+json; charset=utf-8", "text/plain", ""])
def test_json_is_told_by_its_looks(content_type: str) -> None:
    redacted, places = redact_request(request(("Content-Type", content_type)), SECRET)
    assert redacted.body == HIDDEN
    assert places == {Redacted(Part.JSON, "$.access_token")}


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(SECRET, mtime=0)),
        ("deflate", zlib.compress(SECRET)),
        ("br", brotli.compress(SECRET)),
        ("zstd", zstandard.compress(SECRET)),
    ],
)
def test_a_redacted_body_is_kept_decoded_and_framed_anew(coding: str, body: bytes) -> None:
    fields = (JSON, ("content-length", str(len(body))), ("Content-Encoding", coding), ("Content-MD5", "x"))
    redacted, _ = redact_response(response(*fields), body)
    assert redacted.body == HIDDEN
    assert list(redacted.headers) == [JSON, ("content-length", str(len(HIDDEN)))]


def test_a_message_that_had_no_content_length_gets_none() -> None:
    redacted, _ = redact_response(response(JSON), SECRET)
    assert list(redacted.headers) == [JSON]


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b'{"a": 1}', mtime=0)),
        ("gzip", gzip.compress(SECRET, mtime=0)[:-9]),
        ("gzip", SECRET),
        ("compress", SECRET),
        ("identity", b'{"token": '),
        ("identity", b"\x89PNG token"),
    ],
)
def test_a_body_without_secrets_or_unreadable_stays_the_reference_it_was(coding: str, body: bytes) -> None:
    kept = BodyRef("0" * 64, len(body))
    answer = Response(200, Headers.of([("Content-Encoding", coding), ("Set-Cookie", "a=b")]), kept)
    redacted, places = redact_response(answer, body)
    assert redacted.body is kept
    assert redacted.headers.get("content-encoding") == coding
    assert places == header("set-cookie")


def test_trailers_are_redacted() -> None:
    answer = Response(200, trailers=Headers.of([("X-Auth-Token", "t")]))
    assert list(redact_response(answer, b"")[0].trailers) == [("X-Auth-Token", "REDACTED")]


def test_the_line_for_people_counts_messages_by_place() -> None:
    requests = {Redacted(Part.HEADER, "authorization"): 12, Redacted(Part.QUERY, "api_key"): 1}
    responses = {Redacted(Part.HEADER, "set-cookie"): 3, Redacted(Part.JSON, "$.access_token"): 1}
    assert describe(requests, responses) == (
        "Authorization header in 12 requests, api_key query value in 1 request, "
        "Set-Cookie value in 3 responses, $.access_token in 1 response"
    )


def test_the_line_for_people_holds_no_control_characters() -> None:
    assert describe({Redacted(Part.FORM, "a\n\udcff[token]"): 1}, {}) == "a%0A%FF[token] form value in 1 request"


def test_the_line_for_people_says_when_nothing_was_redacted() -> None:
    assert describe({}, {}) == "nothing"
