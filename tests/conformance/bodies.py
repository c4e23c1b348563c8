"""The rules under "Load" and "Bodies": which bodies are equal, by media type."""

from __future__ import annotations

import gzip

from tests.conformance.table import FORM, GRAPHQL, JSON, XML, Given, Row, Winner, request, rows, under
from understudy.matcher.settings import STRICT
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Request

BODY = under(body=True)
SUBSET = under(BODY, subset=True)
IGNORE = under(BODY, ignore_body=frozenset({"$.at", "$.items[*].at"}))
XML_PIN = (RedactedPlace(Part.XML, "/a/pin"),)
PIN = (RedactedPlace(Part.JSON, "$.pin"), RedactedPlace(Part.FORM, "pin"))
HIT: Winner = (0, 110)
ZIPPED = gzip.compress(b'{"a": 1}', mtime=0)
LONG = "long" * 100
NAMED = "Content-Disposition: form-data; name={}"
MULTIPART = "multipart/form-data"
PARTS = "multipart/form-data; boundary={}"


def post(body: str | bytes, kind: str | None = JSON, *fields: tuple[str, str]) -> Request:
    """Return a POST request with this body."""
    return request("POST /a", *fields, body=body, kind=kind)


def pairs(rule: str, kind: str | None, *bodies: tuple[str | bytes, str | bytes, Winner], **shared: object) -> list[Row]:
    """Return rows for pairs of bodies of one media type."""
    written = [(post(mine, kind), post(theirs, kind), winner) for mine, theirs, winner in bodies]
    return rows(rule, *written, **{"settings": BODY, **shared})


def parts(boundary: str, *contents: str) -> str:
    """Return a multipart body of one field per content."""
    fields = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="f{number}"\r\n\r\n{content}\r\n'
        for number, content in enumerate(contents)
    )
    return "".join(fields) + f"--{boundary}--\r\n"


def raw_part(boundary: str, head: str, content: str = "1", padding: str = "") -> Request:
    """Return a request with one part; `padding` stands on the line of its delimiter."""
    return post(f"--{boundary}{padding}\r\n{head}\r\n\r\n{content}\r\n--{boundary}--", PARTS.format(boundary))


def twice(*contents: str) -> Request:
    """Return a request with several parts of one name."""
    return post(
        "".join(parts("x", content).removesuffix("--x--\r\n") for content in contents) + "--x--", PARTS.format("x")
    )


def query(text: str, **members: str) -> str:
    """Return a GraphQL request as JSON; members are JSON texts."""
    rest = "".join(f', "{name}": {value}' for name, value in members.items())
    return f'{{"query": "{text}"{rest}}}'


ROWS = [
    *rows(
        "Load: an example that cannot be read is left out",
        ([post("1"), Given(post('{"pin": 1}'), redacted=(RedactedPlace(Part.JSON, "pin"),))], post("1"), HIT),
        (Given(post('{"pin": 1}'), redacted=(RedactedPlace(Part.JSON, "pin"),)), post('{"pin": 1}'), None),
        (Given(post('{"pin": 1}'), redacted=(RedactedPlace(Part.JSON, "$.pin"),)), post('{"pin": 1}'), HIT),
        settings=BODY,
    ),
    *rows(
        "Bodies: both empty is equal, whatever the Content-Type",
        (post("", JSON), post("", None), HIT),
        (post("", JSON), post("1", JSON), None),
        (post("1", JSON), post("", JSON), None),
        settings=BODY,
    ),
    *rows(
        "Bodies: else the media types must be equal",
        (post("1", JSON), post("1", XML), None),
        (post("1", JSON), post("1", "Application/JSON"), HIT),
        (post("1", "image/png"), post("1", "image/gif"), None),
        settings=BODY,
    ),
    *rows(
        "Bodies, own rule: parameters such as charset do not count",
        (post("1", JSON), post("1", "application/json; charset=utf-8"), HIT),
        (post("a", "text/plain; charset=utf-8"), post("a", "text/plain"), HIT),
        (post("[ ]", JSON), post("[]", "application/json ;charset=utf-8"), HIT),
        settings=BODY,
    ),
    *pairs(
        "Bodies: JSON, key order and white space free",
        JSON,
        ('{"a":1,"b":2}', '{ "b": 2,\n "a": 1 }', HIT),
        ('{"a":1}', '{"a":2}', None),
        ('{"a":1}', '{"a":1,"b":2}', None),
        ('"\\u00e9"', '"\u00e9"', HIT),
        ('"a"', '"A"', None),
        ('"\\ud800"', '"\\uD800"', HIT),
        ('"\\ud800"', '"\\ud801"', None),
        ('{"\\ud800":1,"a":[2]}', '{"a": [2.0], "\\uD800": 1}', HIT),
        ('{"\\ud800":1,"a":[2]}', '{"a": [3], "\\uD800": 1}', None),
        (b"\xef\xbb\xbf[]", "[ ]", HIT),
        ('["a"]'.encode("utf-16"), '[ "a" ]', HIT),
        ("true", "false", None),
        ("null", "{}", None),
    ),
    *pairs("Bodies: JSON, array order counts", JSON, ("[1,2]", "[1, 2]", HIT), ("[1,2]", "[2,1]", None)),
    *pairs(
        "Bodies: JSON, 1 is 1.0",
        JSON,
        ("1", "1.0", HIT),
        ("1", "10e-1", HIT),
        ("1", "1.1", None),
        ("-0", "0.0", HIT),
        ("-0.0e5", "0", HIT),
        ("1.5", "15e-1", HIT),
        ("1.50", "1.5", HIT),
        ("-1.5", "1.5", None),
        ("0.05", "5E-2", HIT),
        ("0.05", "0.5", None),
        ("1e2", "100", HIT),
        ("1e2", "1e+2", HIT),
        ("1e2", "1e-2", None),
        ("1.25", "1.250000000000000000000000000000000000", HIT),
        ("1e400", "10e399", HIT),
        ("1e400", "1e401", None),
        ("1e-30", "0.000000000000000000000000000001", HIT),
        ("0.1", "0.1000000000000000000000000000000000001", None),
        ("1e21", "1" + "0" * 21, HIT),
        ("1e20", "1" + "0" * 20, HIT),
        ("1e-20", "0." + "0" * 19 + "1", HIT),
        ("1e-21", "0." + "0" * 20 + "1", HIT),
        ("12e-21", "0." + "0" * 19 + "12", HIT),
    ),
    *pairs("Bodies: JSON, 1 is not true", JSON, ("1", "true", None), ("0", "false", None), ("0", "null", None)),
    *pairs(
        "Bodies: JSON, big integers exact",
        JSON,
        ("9007199254740993", "9007199254740993", HIT),
        ("9007199254740993", "9007199254740992", None),
        ("9007199254740993.0", "9007199254740993", HIT),
        ("1e30", "1" + "0" * 30, HIT),
        ("1e30", "1" + "0" * 29 + "1", None),
        ("9" * 5000, "9" * 5000 + ".0", HIT),
        ("9" * 5000, "9" * 4999 + "8", None),
        ("18446744073709551616", "18446744073709551617", None),
    ),
    *pairs(
        "Bodies: JSON, the last of duplicate keys counts",
        JSON,
        ('{"a":1,"a":2}', '{"a":2}', HIT),
        ('{"a":1,"a":2}', '{"a":1}', None),
    ),
    *pairs("Bodies: JSON by its suffix", "application/problem+json", ("[ ]", "[]", HIT), ("[]", "{}", None)),
    *pairs("Bodies: JSON by its other name", "text/json", ("[ ]", "[]", HIT), ("[]", "{}", None)),
    *pairs(
        "Bodies: form as pairs in any order",
        FORM,
        ("a=1&b=x+y", "b=x%20y&a=1", HIT),
        ("a=1", "a=2", None),
        ("a=1", "a=1&a=1", None),
        ("a=%ff", "a=%FF", HIT),
        ("a=1&b", "&b=&a=1", HIT),
        ("a=b%26c=d", "a=b&c=d", None),
    ),
    *rows(
        "Bodies: multipart by parts, boundary free",
        (post(parts("x", "1", "2"), PARTS.format("x")), post(parts("y", "1", "2"), PARTS.format("y")), HIT),
        (post(parts("x", "1", "2"), PARTS.format("x")), post(parts("x", "1", "3"), PARTS.format("x")), None),
        (post(parts("x", "1", "2"), PARTS.format("x")), post(parts("x", "1"), PARTS.format("x")), None),
        (post(parts("x", "1", "2"), PARTS.format("x")), post(parts("x", "2", "1"), PARTS.format("x")), None),
        (post(parts("x", "1", "2"), PARTS.format("x")), post(parts("x", "3", "2"), PARTS.format("x")), None),
        (post(parts("x", "1"), PARTS.format('"x"')), post(parts("y", "1"), PARTS.format("y") + "; a=b"), HIT),
        (post(parts("x", LONG), PARTS.format("x")), post(parts("y", LONG), PARTS.format("y")), HIT),
        (post(parts("x", LONG), PARTS.format("x")), post(parts("x", LONG[1:] + "o"), PARTS.format("x")), None),
        (raw_part("x", "A: 1\r\nB: 2"), raw_part("y", "b :2 \r\na:  1"), HIT),
        (raw_part("x", "A: 1\r\nB: 2"), raw_part("y", "A: 1\r\nB: 3"), None),
        (raw_part("x", "A: 1"), raw_part("y", "A: 1", padding=" "), HIT),
        settings=BODY,
    ),
    *rows(
        "Bodies: what is not multipart is compared as bytes",
        (post(parts("x", "1"), MULTIPART), post(parts("x", "1"), MULTIPART), HIT),
        (post(parts("x", "1"), MULTIPART), post(parts("y", "1"), MULTIPART), None),
        (post(parts("x", "1")[:-4], PARTS.format("x")), post(parts("y", "1")[:-4], PARTS.format("y")), None),
        (raw_part("x", "A: 1", padding="-"), raw_part("y", "A: 1", padding="-"), None),
        (post("--x\r\nA: 1\r\n--x--", PARTS.format("x")), post("--y\r\nA: 1\r\n--y--", PARTS.format("y")), None),
        settings=BODY,
    ),
    *pairs(
        "Bodies: XML by canonical form, white space between elements free",
        XML,
        ("<a><b>1</b></a>", "<a>\n  <b>1</b>\n</a>", HIT),
        ('<a x="1" y="2"/>', "<a y='2' x='1'></a>", HIT),
        ("<a><b>1</b></a>", "<a><b> 1</b></a>", None),
        ("<a> </a>", "<a/>", None),
        ("<a/>", "<b/>", None),
        ('<a x="1"/>', '<a x="2"/>', None),
        ("<a><b/><c/></a>", "<a><c/><b/></a>", None),
        ("<a><b/><c/></a>", "<a><b><c/></b></a>", None),
        ("<a><b/>1</a>", "<a><b>1</b></a>", None),
        ("<a>1 <b/></a>", "<a>1<b/></a>", None),
        ("<a> <b/> </a>", "<a>\t<b/>\r\n</a>", HIT),
        ("<a>\u00a0<b/></a>", "<a><b/></a>", None),
        ('<a x="\'"/>', "<a x='&apos;'/>", HIT),
        ("<a x='\" y=\"'/>", '<a x="" y=""/>', None),
        ("<a><?p q?></a>", "<a><?p  q?></a>", HIT),
        ("<a><?p q?></a>", "<a><?p r?></a>", None),
        ("<a>1<?p q?></a>", "<a><?p q?>1</a>", None),
        ("<a><?p q?> </a>", "<a><?p q?></a>", HIT),
        ("<a>&lt;</a>", "<a><![CDATA[<]]></a>", HIT),
        ("<a><!-- note -->1</a>", "<a>1</a>", HIT),
        ('<p:a xmlns:p="urn:x"/>', '<a xmlns="urn:x"/>', HIT),
        ('<a xmlns="urn:x"/>', '<a xmlns="urn:y"/>', None),
        ('<?xml version="1.0" encoding="UTF-8"?><a/>', "<a/>", HIT),
    ),
    *pairs("Bodies: XML by its other name", "text/xml", ("<a> <b/> </a>", "<a><b/></a>", HIT)),
    *pairs(
        "Bodies: what is not XML is compared as bytes",
        XML,
        ("<a>", "<a>", HIT),
        ("<a >", "<a>", None),
        ("<!DOCTYPE a><a/>", "<!DOCTYPE a><a />", None),
    ),
    *pairs("Bodies: XML by its suffix", "application/soap+xml", ("<a> <b/> </a>", "<a><b/></a>", HIT)),
    *pairs(
        "Bodies: GraphQL by normalised query",
        GRAPHQL,
        ("{ a, b }", "query {\n  a\n  b # note\n}", HIT),
        ("{ a b }", "{ b a }", None),
        ("{ a }", "{ a(x: 1) }", None),
        ("{ a", "{  a", None),
        ('{ a(x: "{{v}}") }', '{a(x:"{{v}}")}', HIT),
        ('{ a(x: "{{v}}") }', '{a(x:"w")}', None),
        ("{ a scalar B }", "{a scalar B}", HIT),
        ("{ a } scalar B", "{a} scalar B", None),
    ),
    *pairs(
        "Bodies: GraphQL as JSON by query, variables and operation name",
        JSON,
        (query("{ a }"), query("{a}"), HIT),
        (query("{ a }"), query("{ b }"), None),
        (query("{ a }", variables="{}"), query("{ a }"), HIT),
        (query("{ a }", variables='{"x": 1, "y": 2}'), query("{ a }", variables='{"y": 2, "x": 1.0}'), HIT),
        (query("{ a }", variables='{"x": 1}'), query("{ a }", variables='{"x": 2}'), None),
        (query("query A { a }", operationName="null"), query("query A { a }"), HIT),
        (query("query A { a }", operationName='"A"'), query("query A { a }"), None),
        (query("{ a }", extensions="1"), query("{a}"), HIT),
        (query("{ a }", variables="0"), query("{ a }", variables="null"), None),
        (query("{ a }", variables="null"), query("{ a }"), HIT),
        (query("{ a }", variables='{"x": "{{v}}"}'), query("{a}", variables='{"x": 5}'), HIT),
        (query("{ a }", variables='{"x": "{{v}}"}'), query("{b}", variables='{"x": 5}'), None),
    ),
    *pairs(
        "Bodies: JSON whose query is no GraphQL is JSON",
        JSON,
        (query("tea", page="1"), query("tea", page="2"), None),
        (query("{ tea"), query("{tea"), None),
        (query("{ a }", variables="1"), query("{ a }", variables="1.0"), HIT),
        ('{"query": 1}', '{"query": 1.0}', HIT),
        (query("scalar A"), query("scalar  A"), None),
        (query("{a} scalar A"), query("{ a } scalar A"), None),
    ),
    *pairs(
        "Bodies: other text with line ends unified",
        "text/plain",
        ("a\r\nb\rc", "a\nb\nc", HIT),
        ("a", "A", None),
        ("a\n", "a", None),
    ),
    *[
        row
        for name in ("javascript", "yaml", "x-yaml", "toml", "sql", "x-sh")
        for row in pairs("Bodies: other text by its name", f"application/{name}", ("a\r\n", "a\n", HIT))
    ],
    *pairs(
        "Bodies: binary by bytes",
        "image/png; boundary=x",
        ("a\r\n", "a\r\n", HIT),
        ("a\r\n", "a\n", None),
        ("[1]", "[ 1 ]", None),
        ("{a}", "{ a }", None),
        ("a=1&b=2", "b=2&a=1", None),
        ("<a/>", "<a />", None),
        (parts("x", "1"), parts("x", "1") + " ", None),
    ),
    *rows(
        "Bodies: Content-Encoding is undone first",
        (post('{"a":1}'), post(ZIPPED, JSON, ("Content-Encoding", "gzip")), HIT),
        (post(ZIPPED, JSON, ("Content-Encoding", "gzip")), post('{"a":1.0}'), HIT),
        (post('{"a":2}'), post(ZIPPED, JSON, ("Content-Encoding", "gzip")), None),
        (post('{"a":1}'), post(ZIPPED[:-1], JSON, ("Content-Encoding", "gzip")), None),
        (post('{"a":1}'), post('{"a": 1}', JSON, ("Content-Encoding", "none")), HIT),
        (
            post('{"a":1}'),
            post(ZIPPED, JSON, ("Content-Encoding", "gzip"), ("Content-Encoding", "identity")),
            HIT,
        ),
        settings=BODY,
    ),
    *pairs(
        "Bodies: what cannot be parsed as its Content-Type is compared as bytes",
        JSON,
        ('{"a":', '{"a":', HIT),
        ('{"a":', '{"a": ', None),
        ("NaN", "NaN", HIT),
        (b"\xff", b"\xff", HIT),
        (b"\xff", b"\xfe", None),
    ),
    *pairs(
        "Bodies, own rule: a JSON string that is a single {{name}} matches any value",
        JSON,
        ('{"a": "{{x}}", "b": 1}', '{"a": [1], "b": 1}', HIT),
        ('{"a": "{{x}}", "b": 1}', '{"a": 1, "b": 2}', None),
        ('{"a": "{{x}}"}', "{}", None),
        ('[{"a.\'b": "{{x}}"}]', '[{"a.\'b": 5}]', HIT),
        ('{"{{x}}": 1}', '{"y": 1}', None),
        ('"{{x}}"', "{}", HIT),
        ('{"a": "{{}}"}', '{"a": 1}', None),
        ('[1, "{{x}}"]', "[1, 2]", HIT),
        ('[1, "{{x}}"]', "[2, 2]", None),
    ),
    *pairs("Bodies, own rule: only in authored or edited examples", JSON, ('{"a": "{{x}}"}', '{"a": "{{x}}"}', HIT)),
    *rows(
        "Wildcards: recorded text is literal",
        (Given(post('{"a": "{{x}}"}'), literal=True), post('{"a": 1}'), None),
        (Given(post("a={{x}}", FORM), literal=True), post("a=1", FORM), None),
        settings=BODY,
    ),
    *pairs(
        "Settings: wildcards off, in bodies too",
        JSON,
        ('{"a": "{{x}}"}', '{"a": 1}', None),
        settings=under(BODY, wildcards=False),
    ),
    *pairs(
        "Settings: wildcards off, in forms too", FORM, ("a={{x}}", "a=1", None), settings=under(BODY, wildcards=False)
    ),
    *pairs(
        "Bodies, own rule: a form value that is a single {{name}} matches any value",
        FORM,
        ("a={{x}}&b=1", "b=1&a=2", HIT),
        ("a={{x}}&b=1", "b=2&a=2", None),
        ("a={{x}}&a=1", "a=1&a=2", HIT),
        ("a={{x}}&a=1", "a=3&a=2", None),
        ("a={{x}}", "b=1", None),
        ("a={{}}", "a=1", None),
        ("a={{x}}&A=1", "A=1&a=2", HIT),
    ),
    *rows(
        "Bodies, own rule: the value of a multipart form too",
        (post(parts("x", "{{v}}", "2"), PARTS.format("x")), post(parts("x", "1", "2"), PARTS.format("x")), HIT),
        (post(parts("x", "{{v}}", "2"), PARTS.format("x")), post(parts("x", "1", "3"), PARTS.format("x")), None),
        (post(parts("x", "{{}}"), PARTS.format("x")), post(parts("x", "1"), PARTS.format("x")), None),
        (raw_part("x", NAMED.format("f"), "{{v}}"), raw_part("x", NAMED.format("f"), "1"), HIT),
        (raw_part("x", NAMED.format("g"), "{{v}}"), raw_part("x", NAMED.format("f"), "1"), None),
        (raw_part("x", NAMED.format('""'), "{{v}}"), raw_part("x", NAMED.format('""'), "1"), HIT),
        (raw_part("x", "X-Other: a; name=f", "{{v}}"), raw_part("x", "X-Other: a; name=f", "1"), HIT),
        settings=BODY,
    ),
    *rows(
        "Bodies, own rule: also where several parts have one name",
        (twice("{{v}}", "2"), twice("1", "2"), HIT),
        (twice("{{v}}", "2"), twice("1", "3"), None),
        settings=BODY,
    ),
    *pairs(
        "Settings: JSON paths to ignore",
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
        "Settings: JSON paths to ignore, by number and by quoted name",
        JSON,
        ('{"a": [1, 2, 3]}', '{"a": [1, 5, 3]}', HIT),
        ('{"a": [1, 2, 3]}', '{"a": [5, 2, 3]}', None),
        ('{"a": [1]}', '{"a": [2]}', None),
        ('{"b": {"it\'s.": 1}}', '{"b": {"it\'s.": 2}}', HIT),
        ('{"b": {"it": 1}}', '{"b": {"it": 2}}', None),
        settings=under(BODY, ignore_body=frozenset({"$.a[1]", "$.b['it''s.']"})),
    ),
    *pairs(
        "Settings: JSON paths to ignore, the whole document",
        JSON,
        ("1", "[2]", HIT),
        ("1", "{", None),
        settings=under(BODY, ignore_body=frozenset({"$"})),
    ),
    *pairs(
        "Replaying a session: JSON paths to ignore",
        JSON,
        ('{"at": 1}', '{"at": 2}', HIT),
        ('{"a": 1}', '{"a": 2}', None),
        settings=under(STRICT, ignore_body=frozenset({"$.at"})),
    ),
    *pairs(
        "Replaying a session: fields of a form to ignore",
        FORM,
        ("to=7&nonce=1", "nonce=2&nonce=3&to=7", HIT),
        ("to=7&nonce=1", "to=7", HIT),
        ("to=7&nonce=1", "to=8&nonce=1", None),
        ("to=7&nonce=1", "to=7&Nonce=1", None),
        settings=under(STRICT, ignore_body=frozenset({"nonce"})),
    ),
    *pairs(
        "Replaying a session: parts to ignore",
        PARTS.format("x"),
        (parts("x", "1", "2"), parts("x", "9", "2"), HIT),
        (parts("x", "1", "2"), parts("x", "1", "9"), None),
        settings=under(STRICT, ignore_body=frozenset({"f0"})),
    ),
    *pairs(
        "Replaying a session: XML elements to ignore",
        XML,
        ("<a><id>1</id><b/></a>", "<a><b/></a>", HIT),
        ("<a><id>1</id><b/></a>", "<a><id>1</id><c/></a>", None),
        settings=under(STRICT, ignore_body=frozenset({"//id"})),
    ),
    *pairs(
        "Settings: fields of a form to ignore, beside a wildcard",
        FORM,
        ("to={{x}}&nonce=1&a=1", "to=7&nonce=2&a=1", HIT),
        ("to={{x}}&nonce=1&a=1", "to=7&nonce=2&a=2", None),
        ("nonce={{x}}&a=1", "a=1", HIT),
        settings=under(BODY, ignore_body=frozenset({"nonce"})),
    ),
    *pairs(
        "Settings: subset matching",
        JSON,
        ('{"a": 1}', '{"a": 1.0, "b": 2}', HIT),
        ('{"a": 1, "b": 2}', '{"a": 1}', None),
        ('{"a": {"b": 1}}', '{"a": {"b": 1, "c": 2}}', HIT),
        ('{"a": [1]}', '{"a": [1, 2]}', None),
        ('{"a": "{{x}}"}', '{"a": 5, "b": 1}', HIT),
        ('{"a": 1}', '{"a": true}', None),
        ('{"a": 1}', '{"a": 2}', None),
        ('{"a": {"b": 1}}', '{"a": "b"}', None),
        ('{"a": [1, 2]}', '{"a": [1, 3]}', None),
        ('{"a": [1]}', '{"a": "1"}', None),
        ('[{"a": 1}]', '[{"a": 1, "b": 2}]', HIT),
        ('{"a": 1.50}', '{"a": 15e-1, "b": 1}', HIT),
        ('{"a": null}', '{"b": 1}', None),
        ("{", '{"a": 1}', None),
        ('{"a": 1}', "{", None),
        (query("{ a }"), query("{a}", variables='{"x": 1}'), HIT),
        ("", "1", None),
        settings=SUBSET,
    ),
    *rows(
        "Settings: subset matching, of one media type",
        (post('{"a": 1}', JSON), post('{"a": 1, "b": 1}', "text/plain"), None),
        (post('{"a": 1}', JSON), post('{"a": 1, "b": 1}', "text/json"), HIT),
        (post('{"a": 1}', JSON), post('{"a": 1, "b": 1}', None), HIT),
        (post('{"a": 1}', JSON), post('{"a": 1, "b": 1}', "Application/JSON; charset=utf-8"), HIT),
        settings=SUBSET,
    ),
    *pairs(
        "Settings: subset matching, GraphQL is equal",
        GRAPHQL,
        ("{ a }", "{a}", HIT),
        ("{ a }", "{ a b }", None),
        settings=SUBSET,
    ),
    *pairs(
        "Settings: subset matching, forms",
        FORM,
        ("a=1&b=2", "a=1&c=3", None),
        ("a={{x}}&b=1", "b=1&c=2", None),
        ("a={{x}}", "a=1", HIT),
        ("a=1", "b=2&a=1", HIT),
        ("a=1&a=1", "a=1", None),
        ("a={{x}}", "a=1&b=2", HIT),
        settings=SUBSET,
    ),
    *pairs(
        "Settings: subset matching, other bodies are equal",
        "text/plain",
        ("a", "a", HIT),
        ("a", "ab", None),
        settings=SUBSET,
    ),
    *rows(
        "Secrets: redacted values match any value: bodies",
        (Given(post('{"pin": "R", "a": 1}'), redacted=PIN[:1]), post('{"pin": "1", "a": 1}'), HIT),
        (Given(post('{"pin": "R", "a": 1}'), redacted=PIN[:1]), post('{"pin": "1", "a": 2}'), None),
        (Given(post('{"pin": "R"}'), redacted=PIN[:1]), post("{}"), None),
        (Given(post('{"pin": "R", "a": 1}', FORM), redacted=PIN[:1]), post('{"a": 1.0, "pin": 2}', FORM), HIT),
        (Given(post('{"pin": "R", "a": 1}', FORM), redacted=PIN[:1]), post('{"a": 2, "pin": 2}', FORM), None),
        (Given(post("<a><pin>R</pin></a>", XML), redacted=XML_PIN), post("<a><pin>1</pin></a>", XML), HIT),
        (Given(post("<a><pin>R</pin></a>", XML), redacted=XML_PIN), post("<a> <pin/></a>", XML), HIT),
        (Given(post("<a><pin>R</pin></a>", XML), redacted=XML_PIN), post("<a></a>", XML), None),
        (Given(post("<a><pin>R</pin>1</a>", XML), redacted=XML_PIN), post("<a><pin>1</pin>2</a>", XML), None),
        (Given(post("<a><pin>R</pin></a>", "text/x"), redacted=XML_PIN), post("<a><pin>1</pin></a>", "text/x"), HIT),
        (Given(post("pin=1", FORM), redacted=PIN[:1]), post("pin=2", FORM), None),
        (Given(post('{"pin": 1}'), redacted=PIN[1:]), post('{"pin": 2}'), None),
        (Given(post("pin=R&a={{x}}", FORM), redacted=PIN[1:]), post("pin=1&a=2", FORM), HIT),
        (Given(post("pin=R&a=1", FORM), redacted=PIN[1:]), post("pin=1&a=1", FORM), HIT),
        (Given(post("pin=R&a=1", FORM), redacted=PIN[1:]), post("pin=1&a=2", FORM), None),
        settings=BODY,
    ),
    *pairs(
        "Replaying a session: body equal (empty equals empty)",
        JSON,
        ("", "", HIT),
        ("1", "1.0", HIT),
        ("1", "2", None),
        settings=STRICT,
    ),
]
