"""The redaction of messages changes only their secrets."""

from __future__ import annotations

import gzip
import json
import zlib

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest
import zstandard

from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import BodyRef, Chunk, Headers, InterimResponse, Request, Response
from understudy.store.redaction.placeholders import Placeholders, is_placeholder
from understudy.store.redaction.redactor import BUILT_IN_REDACTOR, Redactor
from understudy.store.redaction.rules import Rules

SECRET = b'{"password": "s3cret", "ttl": 5}'
HIDDEN = b'{"password": "REDACTED", "ttl": 5}'
JSON = ("Content-Type", "application/json")


def request(*fields: tuple[str, str], target: bytes = b"/", body: bytes = b"") -> Request:
    return Request("POST", target, Headers.of(fields), body)


def response(*fields: tuple[str, str], body: bytes = b"") -> Response:
    return Response(200, Headers.of(fields), body)


def header(name: str) -> set[RedactedPlace]:
    return {RedactedPlace(Part.HEADER, name)}


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
        ("X-Auth-Token", "Kq3xV8mZ2rTw6LbN", "REDACTED"),
        ("Cookie", "a=1; b=x=y;c=", "a=REDACTED; b=REDACTED;c="),
        ("Cookie", "nameless; b=2", "REDACTED; b=REDACTED"),
        ("Referer", "http://a/b?x=1&pin=t#passcode=i&y", "http://a/b?x=1&pin=REDACTED#passcode=REDACTED&y"),
    ],
)
def test_request_headers(name: str, value: str, hidden: str) -> None:
    before, after = ("Accept", "*/*"), ("X-Note", "n")
    redacted, places = BUILT_IN_REDACTOR.redact_request(request(before, (name, value), after), b"")
    assert list(redacted.headers) == [before, (name, hidden), after]
    assert places == header(name.lower())


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("Set-Cookie", "sid=abc; Path=/; HttpOnly", "sid=REDACTED; Path=/; HttpOnly"),
        ("set-cookie", "abc; Path=/", "REDACTED; Path=/"),
        ("X-Amz-Api-Key", "abc", "REDACTED"),
        ("Location", "/cb#password=t&state=1", "/cb#password=REDACTED&state=1"),
    ],
)
def test_response_headers(name: str, value: str, hidden: str) -> None:
    redacted, places = BUILT_IN_REDACTOR.redact_response(response((name, value)), b"")
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
    assert BUILT_IN_REDACTOR.redact_response(answer, b"") == (answer, frozenset())


@pytest.mark.parametrize(
    ("query", "hidden", "names"),
    [
        (b"a=1&api_key=k&b=%2f+", b"a=1&api_key=REDACTED&b=%2f+", {"api_key"}),
        (b"pin=a&x&pin=b=c", b"pin=REDACTED&x&pin=REDACTED", {"pin"}),
        (b"user%5Bpassword%5D=p", b"user%5Bpassword%5D=REDACTED", {"user[password]"}),
        (b"&&pwd=%20&", b"&&pwd=REDACTED&", {"pwd"}),
        (b"token&token=&page_token=p&max_tokens=5", b"token&token=&page_token=p&max_tokens=5", set()),
    ],
)
def test_query_values(query: bytes, hidden: bytes, names: set[str]) -> None:
    redacted, places = BUILT_IN_REDACTOR.redact_request(request(target=b"/token=x?" + query), b"")
    assert redacted.target == b"/token=x?" + hidden
    assert places == {RedactedPlace(Part.QUERY, name) for name in names}


def test_form_values() -> None:
    body = b"user=ann&password=p%26w&next=%2F"
    redacted, places = BUILT_IN_REDACTOR.redact_request(
        request(("Content-Type", "application/x-www-form-urlencoded"), body=body), body
    )
    assert redacted.body == b"user=ann&password=REDACTED&next=%2F"
    assert places == {RedactedPlace(Part.FORM, "password")}


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
    redacted, places = BUILT_IN_REDACTOR.redact_request(request(("Content-Type", content_type)), parts % b"a\r\n\r\nb")
    assert redacted.body == parts % b"REDACTED"
    assert places == {RedactedPlace(Part.FORM, "client_secret")}


@pytest.mark.parametrize("content_type", ["application/json", "application/hal+json; charset=utf-8", "text/plain", ""])
def test_json_is_recognised_by_its_content(content_type: str) -> None:
    redacted, places = BUILT_IN_REDACTOR.redact_request(request(("Content-Type", content_type)), SECRET)
    assert redacted.body == HIDDEN
    assert places == {RedactedPlace(Part.JSON, "$.password")}


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(SECRET, mtime=0)),
        ("deflate", zlib.compress(SECRET)),
        ("br", brotli.compress(SECRET)),
        ("zstd", zstandard.compress(SECRET)),
    ],
)
def test_a_redacted_body_is_decoded_and_has_its_own_length(coding: str, body: bytes) -> None:
    fields = (JSON, ("content-length", str(len(body))), ("Content-Encoding", coding), ("Content-MD5", "x"))
    redacted, _ = BUILT_IN_REDACTOR.redact_response(response(*fields), body)
    assert redacted.body == HIDDEN
    assert list(redacted.headers) == [JSON, ("content-length", str(len(HIDDEN)))]


def test_a_message_that_had_no_content_length_gets_none() -> None:
    redacted, _ = BUILT_IN_REDACTOR.redact_response(response(JSON), SECRET)
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
def test_a_body_without_secrets_or_unreadable_stays_the_same_reference(coding: str, body: bytes) -> None:
    reference = BodyRef("0" * 64, len(body))
    answer = Response(200, Headers.of([("Content-Encoding", coding), ("Set-Cookie", "a=b")]), reference)
    redacted, places = BUILT_IN_REDACTOR.redact_response(answer, body)
    assert redacted.body is reference
    assert redacted.headers.get("content-encoding") == coding
    assert places == header("set-cookie")


def test_trailers_are_redacted() -> None:
    answer = Response(200, trailers=Headers.of([("X-Api-Key", "t")]))
    assert list(BUILT_IN_REDACTOR.redact_response(answer, b"")[0].trailers) == [("X-Api-Key", "REDACTED")]


KEY = "sk-" + "a1B2c3D4e5" * 3
RULES = Redactor(
    Rules.of(["X-Session"], ["sid"], ["$.user.card", "$..ssn", "$.rows[*].a"], ["tok_[a-z]{4}", "[0-9]{16}"])
)


def test_interim_responses_are_redacted() -> None:
    answer = Response(200, interim=(InterimResponse(103, Headers.of([("X-Api-Key", "t")])),))
    redacted, places = BUILT_IN_REDACTOR.redact_response(answer, b"")
    assert list(redacted.interim[0].headers) == [("X-Api-Key", "REDACTED")]
    assert places == header("x-api-key")


@pytest.mark.parametrize(
    ("target", "hidden", "places"),
    [
        (f"/keys/{KEY}/x?a=1", "/keys/REDACTED/x?a=1", {RedactedPlace(Part.PATH, "REDACTED")}),
        ("/bot123456789:AA" + "x" * 33 + "/send", "/botREDACTED/send", {RedactedPlace(Part.PATH, "REDACTED")}),
        (f"/%73{KEY[1:]}", "/REDACTED", {RedactedPlace(Part.PATH, "REDACTED")}),
        (f"/?q={KEY}&b", "/?q=REDACTED&b", {RedactedPlace(Part.QUERY, "q")}),
        (f"/?q=a%20%26{KEY}", "/?q=a+%26REDACTED", {RedactedPlace(Part.QUERY, "q")}),
    ],
)
def test_a_secret_is_recognised_by_its_form_in_any_part_of_a_target(
    target: str, hidden: str, places: set[RedactedPlace]
) -> None:
    redacted, found = BUILT_IN_REDACTOR.redact_request(request(target=target.encode()), b"")
    assert redacted.target == hidden.encode()
    assert found == places


@pytest.mark.parametrize(
    ("content_type", "body", "hidden", "part"),
    [
        ("application/json", '{"note": "it is %s.", "n": [1]}', None, Part.JSON),
        ("application/json", '["%s"]', None, Part.JSON),
        ("text/plain", "it is %s.\n", None, Part.TEXT),
        ("application/xml", "<note>%s</note>", None, Part.TEXT),
        ("application/xml", "<key>%s</key>", None, Part.XML),
        ("application/x-www-form-urlencoded", "a=1&q=%s", None, Part.FORM),
        ("text/event-stream", 'event: x\ndata: {"a": "%s"}\n\n', None, Part.JSON),
        ("text/event-stream", "data: say %s\n\n", None, Part.TEXT),
        ("application/x-ndjson", '{"n": 1}\n{"a": "%s"}\n', None, Part.JSON),
        (
            "multipart/form-data; boundary=b",
            '--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n%s\r\n--b--\r\n',
            None,
            Part.FORM,
        ),
        ("", "%s", None, Part.TEXT),
    ],
)
def test_a_secret_is_recognised_by_its_form_in_any_body(content_type: str, body: str, hidden: None, part: Part) -> None:
    original = request(("Content-Type", content_type), ("X-Note", f"see {KEY}"))
    redacted, places = BUILT_IN_REDACTOR.redact_request(original, (body % KEY).encode())
    assert redacted.body == (body % "REDACTED").encode()
    assert redacted.headers.get("x-note") == "see REDACTED"
    assert {place.part for place in places} == {part, Part.HEADER}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("<a><b>1</b><x:password xmlns:x='u'> s </x:password></a>", "/a/password"),
        ("<a><![CDATA[<b>]]><password><![CDATA[s]]></password></a>", "//password"),
        (f"{'<a>' * 70}<password>s</password>{'</a>' * 70}", "//password"),
        ("<Überweisung><pin>1</pin></Überweisung>", "/Überweisung/pin"),
    ],
)
def test_the_place_of_an_element_is_its_path(body: str, place: str) -> None:
    redacted, places = BUILT_IN_REDACTOR.redact_request(request(), body.encode())
    assert places == {RedactedPlace(Part.XML, place)}
    assert isinstance(redacted.body, bytes)
    assert b"REDACTED" in redacted.body


@pytest.mark.parametrize(
    "body", ["<!DOCTYPE a><a><password>s</password></a>", "<p><br><password>s</password></p>", "<a password='s'/>"]
)
def test_places_in_other_markup_are_texts(body: str) -> None:
    assert {place.part for place in BUILT_IN_REDACTOR.redact_request(request(), body.encode())[1]} == {Part.TEXT}


@pytest.mark.parametrize(
    "body", ["<a>" * 100_000, "<key>a</key>" + "x" * 300_000, "<a>" + " " * 300_000, "<a " * 100_000]
)
def test_no_markup_makes_the_search_slow(body: str) -> None:
    """The search ends before the time limit of the test."""
    BUILT_IN_REDACTOR.redact_request(request(), f"{body}<password>".encode())


def test_secret_names_count_in_lines_of_json() -> None:
    body = b'data: {"passwd": "t"}\n\ndata: [DONE]\n\n'
    redacted, _ = BUILT_IN_REDACTOR.redact_response(
        response(("Content-Type", "text/event-stream; charset=utf-8")), body
    )
    assert redacted.body == b'data: {"passwd": "REDACTED"}\n\ndata: [DONE]\n\n'


def test_the_place_of_a_secret_name_in_json_is_its_object() -> None:
    body = b'{"keys": {"%s": {"passwd": "t"}}}' % KEY.encode()
    redacted, places = BUILT_IN_REDACTOR.redact_request(request(JSON), body)
    assert redacted.body == b'{"keys": {"REDACTED": {"passwd": "REDACTED"}}}'
    assert places == {RedactedPlace(Part.JSON, "$.keys")}


@pytest.mark.parametrize("body", [b"\x89PNG\0" + KEY.encode(), b"\xff" + KEY.encode(), b'{"a": "plain"}', b"sk-", b""])
def test_bytes_that_are_not_text_stay(body: bytes) -> None:
    answer = response(body=body)
    assert BUILT_IN_REDACTOR.redact_response(answer, body) == (answer, frozenset())


def test_rules_for_headers_and_queries_apply() -> None:
    original = request(("x-session", "abc"), ("X-Other", "tok_abcd!"), target=b"/?sid=1&side=2")
    redacted, places = RULES.redact_request(original, b"")
    assert list(redacted.headers) == [("x-session", "REDACTED"), ("X-Other", "REDACTED!")]
    assert redacted.target == b"/?sid=REDACTED&side=2"
    assert places == header("x-session") | header("x-other") | {RedactedPlace(Part.QUERY, "sid")}


@pytest.mark.parametrize(
    ("body", "hidden", "paths"),
    [
        (
            '{"user": {"card": {"a": "x", "n": 12, "ok": true}}}',
            '{"user": {"card": {"a": "REDACTED", "n": "REDACTED", "ok": true}}}',
            {"$.user.card.a", "$.user.card.n"},
        ),
        (
            '{"deep": [{"ssn": "x"}], "ssn": 5}',
            '{"deep": [{"ssn": "REDACTED"}], "ssn": "REDACTED"}',
            {"$.deep[*].ssn", "$.ssn"},
        ),
        (
            '{"rows": [{"a": "x", "b": "y"}, {"a": ["z"]}]}',
            '{"rows": [{"a": "REDACTED", "b": "y"}, {"a": ["REDACTED"]}]}',
            {"$.rows[*].a", "$.rows[*].a[*]"},
        ),
        ('{"user": {"cardinal": 1}, "a": "tok_ab"}', '{"user": {"cardinal": 1}, "a": "tok_ab"}', set()),
        ('{"card": 4111111111111111}', '{"card": "REDACTED"}', {"$.card"}),
    ],
)
def test_rules_for_json_apply(body: str, hidden: str, paths: set[str]) -> None:
    redacted, places = RULES.redact_response(response(JSON, body=body.encode()), body.encode())
    assert places == {RedactedPlace(Part.JSON, path) for path in paths}
    assert redacted.body == hidden.encode()


def test_numbers_of_secrets_become_placeholders_that_are_recognised_and_others_stay() -> None:
    redactor = Redactor(placeholder=Placeholders(b"k"))
    redacted, _ = redactor.redact_response(response(JSON), b'{"token": 1, "otp": 123456, "pin": "0815"}')
    assert isinstance(redacted.body, bytes)
    document = json.loads(redacted.body)
    assert document["token"] == 1
    assert is_placeholder(document["otp"])
    assert is_placeholder(document["pin"])


def test_redacting_again_changes_nothing() -> None:
    redactor = Redactor(placeholder=Placeholders(b"k"))
    original = request(("Authorization", "Bearer abc"), ("Cookie", "a=b; c=d"), JSON, target=b"/?sig=" + b"0a" * 32)
    once, places = redactor.redact_request(original, b'{"token": "t", "note": "%s"}' % KEY.encode())
    assert isinstance(once.body, bytes)
    assert redactor.redact_request(once, once.body) == (once, places - {RedactedPlace(Part.JSON, "$.note")})


def test_chunks_keep_their_times_and_their_pieces() -> None:
    body = b'data: {"passwd": "t"}\n\ndata: {}\n\n'
    answer = Response(
        200, Headers.of([("Content-Type", "text/event-stream")]), body, chunks=(Chunk(0, 23), Chunk(1, 10))
    )
    redacted, _ = BUILT_IN_REDACTOR.redact_response(answer, body)
    assert redacted.chunks == (Chunk(0, 30), Chunk(1, 10))


def test_the_chunks_of_a_coded_body_are_dropped() -> None:
    body = gzip.compress(SECRET, mtime=0)
    answer = Response(200, Headers.of([("Content-Encoding", "gzip")]), body, chunks=(Chunk(0, len(body)),))
    assert BUILT_IN_REDACTOR.redact_response(answer, body)[0].chunks == ()


def test_a_text_for_a_log_loses_secrets_of_a_known_form() -> None:
    assert Redactor().redact_text(f"GET /x/{KEY} \udcff") == "GET /x/REDACTED \udcff"
    assert Redactor().redact_text("GET /x?token=unknown") == "GET /x?token=unknown"


def test_messages_that_differ_only_in_secrets_compare_as_equal() -> None:
    """Also in values at redacted places, which were replaced when the request was recorded."""
    redactor = Redactor(placeholder=Placeholders(b"k"))
    places = {RedactedPlace(Part.QUERY, "q"), RedactedPlace(Part.JSON, "$.n"), RedactedPlace(Part.TEXT, "tok_[a-z]{4}")}
    comparing = redactor.copy_for_comparing(places)
    requests = [
        request(JSON, target=f"/{key}?q={q}&pin={q}".encode(), body=f'{{"n": {n}, "a": "{key}"}}'.encode())
        for key, q, n in ((KEY, "x", 1), (f"{KEY}b", "y", 22), (Placeholders(b"k")(KEY), "REDACTED", '"z"'))
    ]
    assert len({comparing.redact_request(each, each.body)[0] for each in requests if isinstance(each.body, bytes)}) == 1
    texts = [request(body=text) for text in (b"a tok_abcd", b"a tok_efgh", b"a REDACTED-0123456789ab")]
    assert len({comparing.redact_request(each, each.body)[0] for each in texts if isinstance(each.body, bytes)}) == 1
