"""Step 6: which bodies are equal, by media type."""

from __future__ import annotations

import gzip

from matcher.settings import STRICT
from store.entities import Part, Redacted
from store.messages import Request
from tests.conformance.table import FORM, GRAPHQL, JSON, XML, Given, Row, Winner, request, rows, under

BODY = under(body=True)
SUBSET = under(BODY, subset=True)
IGNORE = under(BODY, ignore_json=frozenset({"$.at", "$.items[*].at"}))
PIN = (Redacted(Part.JSON, "$.pin"), Redacted(Part.FORM, "pin"))
HIT: Winner = (0, 110)
ZIPPED = gzip.compress(b'{"a": 1}', mtime=0)
PARTS = "multipart/form-data; boundary={}"


def post(body: str | bytes, kind: str | None = JSON, *fields: tuple[str, str]) -> Request:
    """A POST request with this body."""
    return request("POST /a", *fields, body=body, kind=kind)


def pairs(line: str, kind: str | None, *bodies: tuple[str | bytes, str | bytes, Winner], **shared: object) -> list[Row]:
    """Rows of two bodies of one media type."""
    written = [(post(mine, kind), post(theirs, kind), winner) for mine, theirs, winner in bodies]
    return rows(line, *written, **{"settings": BODY, **shared})


def parts(boundary: str, *contents: str) -> str:
    """A multipart body of one field per content."""
    fields = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="f{number}"\r\n\r\n{content}\r\n'
        for number, content in enumerate(contents)
    )
    return "".join(fields) + f"--{boundary}--\r\n"


def query(text: str, **members: str) -> str:
    """A GraphQL request as JSON; members are JSON texts."""
    rest = "".join(f', "{name}": {value}' for name, value in members.items())
    return f'{{"query": "{text}"{rest}}}'


ROWS = [
    *rows(
        "step 6: both empty is equal, whatever the Content-Type",
        (post("", JSON), post("", None), HIT),
        (post("", JSON), post("1", JSON), None),
        (post("1", JSON), post("", JSON), None),
        settings=BODY,
    ),
    *pairs("step 6: both without Content-Type: bytes", None, ("a", "a", HIT), ('{"a":1}', '{"a": 1}', None)),
    *rows(
        "step 6: else the media types must be equal",
        (post("1", JSON), post("1", "text/json"), None),
        (post("1", JSON), post("1", None), None),
        (post("1", None), post("1", JSON), None),
        (post("1", JSON), post("1", "Application/JSON"), HIT),
        settings=BODY,
    ),
    *rows(
        "step 6, own rule: parameters such as charset do not count",
        (post("1", JSON), post("1", "application/json; charset=utf-8"), HIT),
        (post("a", "text/plain; charset=utf-8"), post("a", "text/plain"), HIT),
        settings=BODY,
    ),
    *pairs(
        "step 6: JSON, key order and white space free",
        JSON,
        ('{"a":1,"b":2}', '{ "b": 2,\n "a": 1 }', HIT),
        ('{"a":1}', '{"a":2}', None),
        ('{"a":1}', '{"a":1,"b":2}', None),
        ('"\\u00e9"', '"\u00e9"', HIT),
        ('"a"', '"A"', None),
    ),
    *pairs("step 6: JSON, array order counts", JSON, ("[1,2]", "[1, 2]", HIT), ("[1,2]", "[2,1]", None)),
    *pairs("step 6: JSON, 1 is 1.0", JSON, ("1", "1.0", HIT), ("1", "10e-1", HIT), ("1", "1.1", None)),
    *pairs("step 6: JSON, 1 is not true", JSON, ("1", "true", None), ("0", "false", None), ("0", "null", None)),
    *pairs(
        "step 6: JSON, big integers exact",
        JSON,
        ("9007199254740993", "9007199254740993", HIT),
        ("9007199254740993", "9007199254740992", None),
        ("9007199254740993.0", "9007199254740993", HIT),
        ("1e30", "1" + "0" * 30, HIT),
        ("1e30", "1" + "0" * 29 + "1", None),
    ),
    *pairs(
        "step 6: JSON, the last of duplicate keys counts",
        JSON,
        ('{"a":1,"a":2}', '{"a":2}', HIT),
        ('{"a":1,"a":2}', '{"a":1}', None),
    ),
    *pairs("step 6: JSON by its suffix", "application/problem+json", ("[ ]", "[]", HIT), ("[]", "{}", None)),
    *pairs(
        "step 6: form as pairs in any order",
        FORM,
        ("a=1&b=x+y", "b=x%20y&a=1", HIT),
        ("a=1", "a=2", None),
        ("a=1", "a=1&a=1", None),
    ),
    *rows(
        "step 6: multipart by parts, boundary free",
        (post(parts("x", "1", "2"), PARTS.format("x")), post(parts("y", "1", "2"), PARTS.format("y")), HIT),
        (post(parts("x", "1", "2"), PARTS.format("x")), post(parts("x", "1", "3"), PARTS.format("x")), None),
        (post(parts("x", "1", "2"), PARTS.format("x")), post(parts("x", "1"), PARTS.format("x")), None),
        settings=BODY,
    ),
    *pairs(
        "step 6: XML by canonical form, white space between elements free",
        XML,
        ("<a><b>1</b></a>", "<a>\n  <b>1</b>\n</a>", HIT),
        ('<a x="1" y="2"/>', "<a y='2' x='1'></a>", HIT),
        ("<a><b>1</b></a>", "<a><b> 1</b></a>", None),
        ("<a> </a>", "<a/>", None),
        ("<a/>", "<b/>", None),
        ('<a x="1"/>', '<a x="2"/>', None),
        ("<a><b/><c/></a>", "<a><c/><b/></a>", None),
        ("<a>&lt;</a>", "<a><![CDATA[<]]></a>", HIT),
        ("<a><!-- note -->1</a>", "<a>1</a>", HIT),
        ('<p:a xmlns:p="urn:x"/>', '<a xmlns="urn:x"/>', HIT),
        ('<a xmlns="urn:x"/>', '<a xmlns="urn:y"/>', None),
        ('<?xml version="1.0" encoding="UTF-8"?><a/>', "<a/>", HIT),
    ),
    *pairs("step 6: XML by its suffix", "application/soap+xml", ("<a> <b/> </a>", "<a><b/></a>", HIT)),
    *pairs(
        "step 6: GraphQL by normalised query",
        GRAPHQL,
        ("{ a, b }", "query {\n  a\n  b # note\n}", HIT),
        ("{ a b }", "{ b a }", None),
        ("{ a }", "{ a(x: 1) }", None),
        ("{ a", "{  a", None),
    ),
    *pairs(
        "step 6: GraphQL as JSON by query, variables and operation name",
        JSON,
        (query("{ a }"), query("{a}"), HIT),
        (query("{ a }"), query("{ b }"), None),
        (query("{ a }", variables="{}"), query("{ a }"), HIT),
        (query("{ a }", variables='{"x": 1, "y": 2}'), query("{ a }", variables='{"y": 2, "x": 1.0}'), HIT),
        (query("{ a }", variables='{"x": 1}'), query("{ a }", variables='{"x": 2}'), None),
        (query("query A { a }", operationName="null"), query("query A { a }"), HIT),
        (query("query A { a }", operationName='"A"'), query("query A { a }"), None),
        (query("{ a }", extensions="1"), query("{a}"), HIT),
    ),
    *pairs(
        "step 6: JSON whose query is no GraphQL is JSON",
        JSON,
        (query("tea", page="1"), query("tea", page="2"), None),
        (query("{ tea"), query("{tea"), None),
        (query("{ a }", variables="1"), query("{ a }", variables="1.0"), HIT),
        ('{"query": 1}', '{"query": 1.0}', HIT),
        (query("scalar A"), query("scalar  A"), None),
    ),
    *pairs(
        "step 6: other text with line ends unified",
        "text/plain",
        ("a\r\nb\rc", "a\nb\nc", HIT),
        ("a", "A", None),
        ("a\n", "a", None),
    ),
    *pairs("step 6: binary by bytes", "image/png", ("a\r\n", "a\r\n", HIT), ("a\r\n", "a\n", None)),
    *rows(
        "step 6: Content-Encoding is undone first",
        (post('{"a":1}'), post(ZIPPED, JSON, ("Content-Encoding", "gzip")), HIT),
        (post(ZIPPED, JSON, ("Content-Encoding", "gzip")), post('{"a":1.0}'), HIT),
        (post('{"a":2}'), post(ZIPPED, JSON, ("Content-Encoding", "gzip")), None),
        (post('{"a":1}'), post(ZIPPED[:-1], JSON, ("Content-Encoding", "gzip")), None),
        (post('{"a":1}'), post('{"a": 1}', JSON, ("Content-Encoding", "none")), HIT),
        settings=BODY,
    ),
    *pairs(
        "issue: what does not parse as its Content-Type says is bytes",
        JSON,
        ('{"a":', '{"a":', HIT),
        ('{"a":', '{"a": ', None),
        ("NaN", "NaN", HIT),
        (b"\xff", b"\xff", HIT),
        (b"\xff", b"\xfe", None),
    ),
    *pairs(
        "own bound: JSON is read to a depth of 128",
        JSON,
        ("[" * 128 + "]" * 128, "[" * 128 + " " + "]" * 128, HIT),
        ("[" * 129 + "]" * 129, "[" * 129 + " " + "]" * 129, None),
    ),
    *pairs(
        "step 6, own rule: a JSON string that is a single {{name}} matches any value",
        JSON,
        ('{"a": "{{x}}", "b": 1}', '{"a": [1], "b": 1}', HIT),
        ('{"a": "{{x}}", "b": 1}', '{"a": 1, "b": 2}', None),
        ('{"a": "{{x}}"}', "{}", None),
        ('{"a": "b{{x}}"}', '{"a": "bc"}', None),
        ('[{"a.\'b": "{{x}}"}]', '[{"a.\'b": 5}]', HIT),
        ('{"{{x}}": 1}', '{"y": 1}', None),
        ('"{{x}}"', "{}", HIT),
    ),
    *pairs("step 6, own rule: only in authored or edited examples", JSON, ('{"a": "{{x}}"}', '{"a": "{{x}}"}', HIT)),
    *rows(
        "input: recorded text is literal",
        (Given(post('{"a": "{{x}}"}'), literal=True), post('{"a": 1}'), None),
        (Given(post("a={{x}}", FORM), literal=True), post("a=1", FORM), None),
        settings=BODY,
    ),
    *pairs(
        "settings: wildcards off, in bodies too",
        JSON,
        ('{"a": "{{x}}"}', '{"a": 1}', None),
        settings=under(BODY, wildcards=False),
    ),
    *pairs(
        "step 6, own rule: a form value that is a single {{name}} matches any value",
        FORM,
        ("a={{x}}&b=1", "b=1&a=2", HIT),
        ("a={{x}}&b=1", "b=2&a=2", None),
        ("a={{x}}&a=1", "a=1&a=2", HIT),
        ("a={{x}}&a=1", "a=3&a=2", None),
        ("a={{x}}", "b=1", None),
    ),
    *rows(
        "step 6, own rule: the value of a multipart form too",
        (post(parts("x", "{{v}}", "2"), PARTS.format("x")), post(parts("x", "1", "2"), PARTS.format("x")), HIT),
        (post(parts("x", "{{v}}", "2"), PARTS.format("x")), post(parts("x", "1", "3"), PARTS.format("x")), None),
        settings=BODY,
    ),
    *pairs(
        "settings: JSON paths to ignore",
        JSON,
        ('{"a": 1, "at": 1}', '{"a": 1, "at": 2}', HIT),
        ('{"a": 1, "at": 1}', '{"a": 1}', HIT),
        ('{"a": 1}', '{"a": 1, "at": 2}', HIT),
        ('{"a": 1, "at": 1}', '{"a": 2, "at": 1}', None),
        ('{"items": [{"at": 1}, {"at": 2}]}', '{"items": [{}, {"at": 3}]}', HIT),
        ('{"items": [{"at": 1}]}', '{"items": []}', None),
        settings=IGNORE,
    ),
    *pairs(
        "replay: JSON paths to ignore",
        JSON,
        ('{"at": 1}', '{"at": 2}', HIT),
        ('{"a": 1}', '{"a": 2}', None),
        settings=under(STRICT, ignore_json=frozenset({"$.at"})),
    ),
    *pairs(
        "settings: subset matching",
        JSON,
        ('{"a": 1}', '{"a": 1.0, "b": 2}', HIT),
        ('{"a": 1, "b": 2}', '{"a": 1}', None),
        ('{"a": {"b": 1}}', '{"a": {"b": 1, "c": 2}}', HIT),
        ('{"a": [1]}', '{"a": [1, 2]}', None),
        ('{"a": "{{x}}"}', '{"a": 5, "b": 1}', HIT),
        ('{"a": 1}', '{"a": true}', None),
        (query("{ a }"), query("{a}", variables='{"x": 1}'), HIT),
        ("", "1", None),
        settings=SUBSET,
    ),
    *pairs(
        "settings: subset matching, forms",
        FORM,
        ("a=1", "b=2&a=1", HIT),
        ("a=1&a=1", "a=1", None),
        ("a={{x}}", "a=1&b=2", HIT),
        settings=SUBSET,
    ),
    *pairs(
        "settings: subset matching, other bodies are equal",
        "text/plain",
        ("a", "a", HIT),
        ("a", "ab", None),
        settings=SUBSET,
    ),
    *rows(
        "redacted values match any value: bodies",
        (Given(post('{"pin": "R", "a": 1}'), redacted=PIN[:1]), post('{"pin": "1", "a": 1}'), HIT),
        (Given(post('{"pin": "R", "a": 1}'), redacted=PIN[:1]), post('{"pin": "1", "a": 2}'), None),
        (Given(post('{"pin": "R"}'), redacted=PIN[:1]), post("{}"), None),
        (Given(post("pin=R&a=1", FORM), redacted=PIN[1:]), post("pin=1&a=1", FORM), HIT),
        (Given(post("pin=R&a=1", FORM), redacted=PIN[1:]), post("pin=1&a=2", FORM), None),
        settings=BODY,
    ),
    *pairs(
        "replay: body equal (empty equals empty)",
        JSON,
        ("", "", HIT),
        ("1", "1.0", HIT),
        ("1", "2", None),
        settings=STRICT,
    ),
]
