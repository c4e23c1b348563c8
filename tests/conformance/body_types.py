"""The rules under "Bodies": media types that count as one, bodies without one, sequences, parts and S3's uploads."""

from __future__ import annotations

import gzip

from tests.conformance.bodies import BODY, HIT, LONG, pairs, parts, post
from tests.conformance.table import FORM, JSON, XML, Given, rows, under
from understudy.matcher.settings import STRICT
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Request

PARTS = "multipart/form-data; boundary={}"
NDJSON, SEQ, AMZ = "application/x-ndjson", "application/json-seq", "application/x-amz-json-1.1"
CHUNKED = ("Content-Encoding", "aws-chunked")
STREAMING = ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")


def part(kind: str, content: str, boundary: str = "x", name: str = "f") -> Request:
    """Return a request with one part of this Content-Type."""
    head = f'Content-Disposition: form-data; name="{name}"\r\nContent-Type: {kind}'
    return post(f"--{boundary}\r\n{head}\r\n\r\n{content}\r\n--{boundary}--", PARTS.format(boundary))


def nested(boundary: str, content: str, kind: str = JSON) -> Request:
    """Return a request with a part that has a part."""
    inner = f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n{content}\r\n--{boundary}--"
    return part(f"multipart/mixed; boundary={boundary}", inner, boundary + "0")


def chunk(*contents: str, signature: str = "a", trailers: str = "") -> str:
    """Return an upload in pieces, each with its signature."""
    pieces = [f"{len(each):x};chunk-signature={signature * 64}\r\n{each}\r\n" for each in (*contents, "")]
    return "".join(pieces)[:-2] + trailers + "\r\n"


ZIPPED = gzip.compress(b"hello", mtime=1)
CHUNKED_ZIPPED = b"%x;chunk-signature=1\r\n%b\r\n0;chunk-signature=2\r\n\r\n" % (len(ZIPPED), ZIPPED)

ROWS = [
    *rows(
        "Bodies, own rule: all names of JSON count as one",
        (post('{"a":1}', JSON), post('{ "a": 1.0 }', "text/json"), HIT),
        (post('{"a":1}', JSON), post('{ "a": 1.0 }', AMZ), HIT),
        (post('{"a":1}', "application/vnd.api+json"), post('{ "a": 1.0 }', "application/x-amz-json-1.0"), HIT),
        (post('{"a":1}', JSON), post('{"a":2}', "text/json"), None),
        (post('{"a":1}', JSON), post('{"a":1}', "text/plain"), None),
        (post("1", JSON), post("1", NDJSON), None),
        settings=BODY,
    ),
    *rows(
        "Bodies, own rule: all names of XML count as one",
        (post("<a> <b/></a>", XML), post("<a><b></b></a>", "text/xml"), HIT),
        (post("<a/>", "application/soap+xml"), post("<a></a>", "text/xml; charset=utf-8"), HIT),
        (post("<a/>", "text/html"), post("<a/>", XML), None),
        settings=BODY,
    ),
    *pairs(
        "Bodies, own rule: JSON is what says so by any of its names",
        AMZ,
        ('{"a":1,"b":2}', '{"b":2,"a":1}', HIT),
        ('{"a":1,"b":2}', '{"b":2,"a":2}', None),
    ),
    *pairs(
        "Bodies, own rule: a sequence of JSON values",
        NDJSON,
        ('{"a":1,"b":2}\n[]\n', '{ "b": 2, "a": 1.0 }\r\n[ ]', HIT),
        ('{"a":1}\n[]\n', '[]\n{"a":1}\n', None),
        ("1\n2", "1", None),
        ("1\n2", "1\n\n2\n", HIT),
        ("1\n{", "1\n{ ", None),
        ("1\n{", "1\n{", HIT),
    ),
    *pairs(
        "Bodies, own rule: a sequence of JSON values, by record separators",
        SEQ,
        ('\x1e{"a":1}\n\x1e2\n', '\x1e{\n "a": 1\n}\n\x1e2.0\n', HIT),
        ('\x1e{"a":1}\n\x1e2\n', '\x1e{"a":1}\n\x1e3\n', None),
    ),
    *pairs(
        "Replaying a session: JSON paths to ignore, in each value of a sequence",
        NDJSON,
        ('{"a":1,"at":1}\n{"at":2}', '{"at":5,"a":1}\n{}', HIT),
        ('{"a":1,"at":1}\n{"at":2}', '{"a":2,"at":1}\n{"at":2}', None),
        settings=under(STRICT, ignore_body=frozenset({"$.at"})),
    ),
    *pairs(
        "Bodies, own rule: one object or array under text/plain is JSON",
        "text/plain",
        ('{"a":1,"b":2}', ' {"b": 2, "a": 1}', HIT),
        ("[1]", "[1.0]", HIT),
        ("1", "1.0", None),
        ('{"a":1}{}', '{"a": 1}{}', None),
    ),
    *pairs(
        "Bodies: both without Content-Type: JSON if both are one object or array, else bytes",
        None,
        ("a", "a", HIT),
        ('{"a":1}', '{"a": 1}', HIT),
        ("[1]", '{"a": 1}', None),
        ("1", "1.0", None),
        ("a\r\n", "a\n", None),
    ),
    *rows(
        "Bodies: a body without Content-Type takes the other's type",
        (post('{"a":1}', JSON), post('{"a": 1}', None), HIT),
        (post('{"a":1}', None), post('{"a": 1}', JSON), HIT),
        (post("1", None), post("1.0", "text/json"), HIT),
        (post("1", None), post("2", JSON), None),
        (post("a=1&b=2", None), post("b=2&a=1", FORM), HIT),
        (post("a=1&b=2", FORM), post("b=2&a=1", None), HIT),
        (post("a=1&b=2", FORM), post("b=2&a=2", None), None),
        (post("<a/>", None), post("<a></a>", "text/xml"), HIT),
        (post("a\nb", None), post("a\r\nb", "text/csv"), HIT),
        (post("a\nb", None), post("a\r\nb", "image/png"), None),
        (post("1\n2", None), post("1.0\n2", NDJSON), HIT),
        (post('{"a":1}', None), post('{"a": 1}', "text/plain"), HIT),
        (post('{"a":1}', None), post('{"a": 1}', "image/png"), None),
        (post("{ a }", None), post("{a}", "application/graphql"), HIT),
        (post(parts("x", "1"), PARTS.format("x")), post(parts("y", "1"), None), HIT),
        (post(parts("x", "1"), None), post(parts("y", "1"), PARTS.format("y")), HIT),
        (post(parts("x", "1"), None), post(parts("y", "2"), PARTS.format("y")), None),
        (post("{", None), post("{", JSON), HIT),
        (post("", None), post("", JSON), HIT),
        (post("", None), post("1", JSON), None),
        (post("1", None), post("", JSON), None),
        settings=BODY,
    ),
    *rows(
        "Bodies: a body without Content-Type takes the other's type, among several",
        ([post('{"a":1}', None), post('{"a":2}', JSON), post("a=1", FORM)], post('{"a": 1}', JSON), (0, 110)),
        ([post('{"a":1}', "image/png"), post('{"a":1}', JSON), post("1", JSON)], post('{"a": 1}', None), (1, 110)),
        ([post('{"a":1}', "image/png"), post('{"a":1}', "text/html")], post('{"a": 1}', None), None),
        settings=BODY,
    ),
    *rows(
        "Secrets: redacted values match any value: bodies without Content-Type",
        (
            Given(post('{"pin": "R", "a": 1}', None), redacted=(RedactedPlace(Part.JSON, "$.pin"),)),
            post('{"a": 1, "pin": "7"}', JSON),
            HIT,
        ),
        (
            Given(post('{"pin": "R", "a": 1}', None), redacted=(RedactedPlace(Part.JSON, "$.pin"),)),
            post('{"a": 2, "pin": "7"}', JSON),
            None,
        ),
        settings=BODY,
    ),
    *rows(
        "Bodies: multipart by parts, each part by its own media type",
        (part(JSON, '{"a":1}'), part("text/json; charset=utf-8", '{ "a": 1.0 }', "y"), HIT),
        (part(JSON, '{"a":1}'), part(JSON, '{"a":2}'), None),
        (part(JSON, '{"a":1}'), part("text/plain", '{"a":1}'), None),
        (part(JSON, f'{{"a":1,"b":"{LONG}"}}'), part(JSON, f'{{"b": "{LONG}", "a": 1}}', "y"), HIT),
        (part(JSON, f'{{"a":1,"b":"{LONG}"}}'), part(JSON, f'{{"b": "{LONG}", "a": 2}}', "y"), None),
        (part(XML, "<a> <b/></a>"), part("text/xml", "<a><b/></a>"), HIT),
        (part(FORM, "a=1&b=2"), part(FORM, "b=2&a=1"), HIT),
        (part("text/csv", "a\r\nb"), part("text/csv", "a\nb"), HIT),
        (part("image/png", "a\r\nb"), part("image/png", "a\nb"), None),
        (part(JSON, ""), part("image/png", ""), HIT),
        settings=BODY,
    ),
    *rows(
        "Bodies: multipart by parts, a multipart part by its parts",
        (nested("x", '{"a":1}'), nested("y", '{ "a": 1 }'), HIT),
        (nested("x", '{"a":1}'), nested("y", '{ "a": 2 }'), None),
        (nested("x", '{"a":1}'), nested("y", '{ "a": 1 }', "text/json"), HIT),
        (nested("x", '{"a":1}'), nested("y", '{ "a": 1 }', "image/png"), None),
        settings=BODY,
    ),
    *rows(
        "Replaying a session: JSON paths to ignore, in parts",
        (part(JSON, '{"a":1,"at":1}'), part(JSON, '{"a":1}'), HIT),
        (part(JSON, '{"a":1,"at":1}'), part(JSON, '{"a":2,"at":1}'), None),
        settings=under(STRICT, ignore_body=frozenset({"$.at"})),
    ),
    *rows(
        "Bodies: aws-chunked is undone first",
        (post(chunk("hello"), None, CHUNKED), post(chunk("hello", signature="b"), None, CHUNKED), HIT),
        (post(chunk("hello"), None, CHUNKED), post(chunk("hel", "lo"), None, CHUNKED), HIT),
        (post(chunk("hello"), None, CHUNKED), post(chunk("hella"), None, CHUNKED), None),
        (post("hello", None), post(chunk("hello"), None, CHUNKED), HIT),
        (post(chunk("hello"), None, STREAMING), post(chunk("hel", "lo"), None, STREAMING), HIT),
        (post(chunk("hello"), None, STREAMING), post(chunk("hel", "la"), None, STREAMING), None),
        (post(chunk("hello"), None), post(chunk("hel", "lo"), None), None),
        (
            post(chunk("hello", trailers="x-amz-checksum-crc32:a==\r\n"), None, CHUNKED),
            post(chunk("hello", trailers="x-amz-trailer-signature:b\r\n"), None, CHUNKED),
            HIT,
        ),
        (post(chunk("hello")[:-9], None, CHUNKED), post("hello", None), None),
        (post(CHUNKED_ZIPPED, None, ("Content-Encoding", "aws-chunked,gzip")), post("hello", None), HIT),
        (post(CHUNKED_ZIPPED, None, ("Content-Encoding", "gzip, aws-chunked")), post("hello", None), HIT),
        (post(CHUNKED_ZIPPED, None, ("Content-Encoding", "gzip"), STREAMING), post("hello", None), HIT),
        (post(CHUNKED_ZIPPED, None, ("Content-Encoding", "gzip")), post("hello", None), None),
        settings=BODY,
    ),
    *rows(
        "Replaying a session: uploads in pieces",
        (post(chunk("hello"), None, CHUNKED), post(chunk("hello", signature="b"), None, CHUNKED), HIT),
        (post(chunk("hello"), None, CHUNKED), post(chunk("hallo"), None, CHUNKED), None),
        settings=STRICT,
    ),
]
