"""Rows of the sections "Eligible" and "Ties": answers for one question alone, and what breaks ties."""

from __future__ import annotations

from tests.conformance.filters import BODY, CODE
from tests.conformance.table import FORM, GRAPHQL, JSON, Given, Row, request, rows, under
from understudy.matcher.settings import POSTMAN, make_spy_settings
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import Request

ALPHABET = b"ABCDEFGHIJKLMNOPQRST"
SPY = make_spy_settings(POSTMAN)
TAG, OTHER_TAG = ("If-None-Match", '"a"'), ("If-None-Match", '"b"')
XML = "text/xml"


def part(first: int, last: int, *fields: tuple[str, str], size: str = "20", tag: str = '"v1"') -> Given:
    """Return a recorded part of the alphabet, and the range that was asked for."""
    asked = request("GET /f", ("Range", f"bytes={first}-{last}"), *fields)
    answer = (("Content-Range", f"bytes {first}-{last}/{size}"), ("ETag", tag))
    return Given(asked, 206, answer, ALPHABET[first : last + 1], literal=True)


def ranged(value: str, *fields: tuple[str, str]) -> Request:
    """Return a request for a range of the file."""
    return request("GET /f", ("Range", value), *fields)


UPLOAD = "multipart/form-data; boundary=X"


def recorded(body: str, kind: str = JSON, *fields: tuple[str, str], line: str = "POST /a") -> Given:
    """Return an example that was recorded."""
    return Given(request(line, *fields, body=body, kind=kind), literal=True)


def post(body: str, kind: str | None = JSON, *fields: tuple[str, str]) -> Request:
    """Return a POST request."""
    return request("POST /a", *fields, body=body, kind=kind)


def get(*fields: tuple[str, str], line: str = "GET /a", vary: str = "") -> Given:
    """Return an example whose answer may name what it varies by."""
    return Given(request(line, *fields), fields=[("Vary", vary)] if vary else ())


def rpc(method: str, id: str = "1", more: str = "") -> str:
    """Return a message of JSON-RPC."""
    return f'{{"jsonrpc": "2.0", "id": {id}, "method": "{method}"{more}}}'


def soap(element: str, more: str = "") -> str:
    """Return a SOAP envelope."""
    return f'<e:Envelope xmlns:e="urn:e"><e:Body><{element} xmlns="urn:x">{more}</{element}></e:Body></e:Envelope>'


def query(text: str, name: str = "", more: str = "") -> str:
    """Return a request of GraphQL."""
    named = f', "operationName": "{name}"' if name else ""
    return f'{{"query": "{text}"{named}{more}}}'


def upload(field: str, file: str = "1") -> str:
    """Return a request of GraphQL with a file."""
    head = '--X\r\nContent-Disposition: form-data; name="'
    return f'{head}operations"\r\n\r\n{query("{ " + field + " }")}\r\n{head}0"\r\n\r\n{file}\r\n--X--\r\n'


CARDS = [Given(request("GET /r"), 200), Given(request("GET /r", TAG), 304)]
ROWS: list[Row] = [
    *rows(
        "Eligible: 304 and 412 answer their own precondition",
        (CARDS, request("GET /r"), (0, 110)),
        (CARDS, request("GET /r", TAG), (1, 110)),
        (CARDS, request("GET /r", OTHER_TAG), (0, 110)),
        (CARDS[1], request("GET /r"), None),
        (CARDS[1], request("GET /r", ("If-None-Match", "a")), None),
        (CARDS[1], request("GET /r", TAG, ("If-Match", "*")), None),
        (Given(request("PUT /r", ("If-Match", "x")), 412), request("PUT /r", ("If-Match", "x")), (0, 110)),
        (Given(request("PUT /r", ("If-Match", "x")), 412), request("PUT /r"), None),
        (Given(request("GET /r"), 304), request("GET /r"), (0, 110)),
        (Given(request("GET /r", TAG), 200), request("GET /r"), (0, 110)),
        (CARDS[1], request("GET /r", (CODE, "304")), (0, 110)),
    ),
    *rows(
        "Eligible: 206 and 416 answer their own range",
        ([part(0, 9), part(10, 19)], ranged("bytes=0-9"), (0, 110)),
        ([part(0, 9), part(10, 19)], ranged("bytes=10-19"), (1, 110)),
        (part(0, 9), request("GET /f"), None),
        (part(0, 9), ranged("bytes=0-9", ("If-Range", '"v2"')), None),
        (part(0, 9, ("If-Range", '"v2"')), ranged("bytes=0-9", ("If-Range", '"v2"')), (0, 110)),
        (Given(ranged("bytes=30-"), 416), ranged("bytes=30-"), (0, 110)),
        (Given(ranged("bytes=30-"), 416), ranged("bytes=31-"), None),
        (Given(request("GET /f"), 206), request("GET /f"), (0, 110)),
        (Given(ranged("bytes=0-9"), 200), request("GET /f"), (0, 110)),
        (part(0, 9), request("GET /f", (CODE, "206")), (0, 110)),
    ),
    *rows(
        "Eligible: a range inside a known one",
        (part(2, 9), ranged("bytes=2-9"), (0, 110)),
        (part(2, 9), ranged("bytes=3-5"), (0, 110)),
        (part(2, 9), ranged("bytes=1-5"), None),
        (part(2, 9), ranged("bytes=5-10"), None),
        (part(2, 9), ranged("bytes=5-"), None),
        (part(10, 19), ranged("bytes=12-"), (0, 110)),
        (part(10, 19), ranged("bytes=-3"), (0, 110)),
        (part(10, 19), ranged("bytes=-11"), None),
        (part(10, 19), ranged("bytes=12-99"), (0, 110)),
        (part(10, 19, size="*"), ranged("bytes=12-13"), (0, 110)),
        (part(10, 19, size="*"), ranged("bytes=-3"), None),
        (part(2, 9), ranged("bytes=5-3"), None),
        (part(2, 9), ranged("bytes=3-4,6-7"), None),
        (part(2, 9), ranged("bytes=3-5", ("If-Range", '"v1"')), (0, 110)),
        (part(2, 9), ranged("bytes=3-5", ("If-Range", '"v2"')), None),
        (part(2, 9, tag='W/"v1"'), ranged("bytes=3-5", ("If-Range", 'W/"v1"')), None),
        ([part(3, 5), part(2, 9)], ranged("bytes=3-5"), (0, 110)),
        ([part(2, 9), part(3, 6)], ranged("bytes=4-5"), (1, 110)),
        (part(2, 9), request("HEAD /f", ("Range", "bytes=3-5")), None),
        (part(0, 19), request("GET /f"), (0, 110)),
        (part(0, 19), ranged("bytes=3-5"), (0, 110)),
    ),
    *rows(
        "Eligible: a recorded operation of GraphQL",
        (recorded(query("{ a }")), post(query("{ a }")), (0, 110)),
        (recorded(query("{ a }")), post(query("{  a  }")), (0, 110)),
        (recorded(query("{ a }")), post(query("{ b }")), None),
        (recorded(query("{ a }")), post(query("{ a }", more=', "variables": {"x": 1}')), (0, 110)),
        (recorded(query("{ a }", "A")), post(query("{ a }", "B")), None),
        (recorded(query("{ a }")), post("{}"), None),
        (recorded("{ a }", GRAPHQL), post("{ b }", GRAPHQL), None),
        (recorded(f"[{query('{ a }')}]"), post(f"[{query('{ b }')}]"), None),
        (
            recorded('{"operationName": "A", "extensions": {"persistedQuery": {"sha256Hash": "1"}}}'),
            post('{"operationName": "A", "extensions": {"persistedQuery": {"sha256Hash": "2"}}}'),
            None,
        ),
        (recorded('{"documentId": "1"}'), post('{"documentId": "1", "variables": {}}'), (0, 110)),
        (recorded('{"documentId": "1"}'), post('{"documentId": "2"}'), None),
        (recorded('{"id": "1"}'), post('{"id": "2"}'), (0, 110)),
        (recorded('{"id": "1", "variables": {}}'), post('{"id": "1", "variables": {"a": 1}}'), (0, 110)),
        (recorded('{"id": "1", "variables": {}}'), post('{"id": "2", "variables": {}}'), None),
        (recorded('{"id": "1", "variables": []}'), post('{"id": "2", "variables": []}'), (0, 110)),
        (recorded('{"doc_id": "1", "variables": {}}'), post('{"doc_id": "2", "variables": {}}'), None),
        (recorded("", JSON, line="GET /a?documentId=1"), request("GET /a?documentId=1&variables=%7B%7D"), (0, 90)),
        (recorded("", JSON, line="GET /a?documentId=1"), request("GET /a?documentId=2"), None),
        (recorded("", JSON, line="GET /a?id=1&operationName=A"), request("GET /a?id=2&operationName=A"), None),
        (recorded("", JSON, line="GET /a?id=1&extensions=%7B%7D"), request("GET /a?id=2&extensions=%7B%7D"), None),
        (recorded("", JSON, line="GET /a?id=1&variables=x"), request("GET /a?id=2&variables=x"), (0, 90)),
        (recorded(f"[{query('{ a }')}]"), post(f"[{query('{ a }')}]"), (0, 110)),
        (recorded(f"[{query('{ a }')}]"), post(query("{ a }")), None),
        (recorded(upload("a"), UPLOAD), post(upload("a", "2"), UPLOAD), (0, 110)),
        (recorded(upload("a"), UPLOAD), post(upload("b"), UPLOAD), None),
        (recorded("", JSON, line="GET /a?query=%7Ba%7D"), request("GET /a?query=%7Bb%7D"), None),
        (recorded("", JSON, line="GET /a?query=tea"), request("GET /a?query=coffee"), (0, 90)),
        (Given(post(query("{ a }"))), post(query("{ b }")), (0, 110)),
    ),
    *rows(
        "Eligible: other recorded operations",
        (recorded(rpc("add")), post(rpc("add", "7")), (0, 110)),
        (recorded(rpc("add")), post(rpc("sub")), None),
        (recorded(rpc("add")), post('{"jsonrpc": "2.0", "method": "add"}'), None),
        (recorded('{"jsonrpc": "2.0", "method": "add"}'), post(rpc("add")), None),
        (recorded("", JSON, line="GET /a?Action=List&Version=1"), request("GET /a?Action=Drop&Version=1"), None),
        (recorded("", JSON, line="GET /a?Action=List"), request("GET /a?Action=Drop"), (0, 90)),
        (recorded('{"documentId": "1", "text": "a"}'), post('{"documentId": "2", "text": "a"}'), (0, 110)),
        (recorded(rpc("add")), post("[]"), None),
        (recorded(f"[{rpc('add')}]"), post(f"[{rpc('add', '7')}]"), (0, 110)),
        (recorded(f"[{rpc('add')}]"), post(rpc("add")), None),
        (recorded("Action=List&n=1", FORM), post("n=2&Action=List", FORM), (0, 110)),
        (recorded("Action=List", FORM), post("Action=Drop", FORM), None),
        (recorded("n=1", FORM), post("Action=Drop", FORM), (0, 110)),
        (recorded("{}", JSON, ("X-Amz-Target", "Db.Get")), post("{}", JSON, ("X-Amz-Target", "Db.Put")), None),
        (recorded("{}", JSON, ("X-Amz-Target", "Db.Get")), post("1", JSON, ("X-Amz-Target", "Db.Get")), (0, 110)),
        (recorded(soap("get"), XML), post(soap("get", "<id>2</id>"), XML), (0, 110)),
        (recorded(soap("get"), XML), post(soap("put"), XML), None),
        (recorded(soap("get"), XML, ("SOAPAction", '"a"')), post(soap("get"), XML, ("SOAPAction", '"b"')), None),
        (recorded(soap("get"), XML), post("<a/>", XML), None),
        (recorded(rpc("add")), post(rpc("sub"), JSON, (BODY, "true")), None),
    ),
    *rows(
        "Eligible: bodies off",
        (recorded(rpc("add")), post(rpc("sub")), (0, 110)),
        settings=under(prefer_body=False),
    ),
    *rows(
        "Ties: an equal body",
        ([post('{"k": 1}'), post('{"k": 2}')], post('{"k": 1.0}'), (0, 110)),
        ([post('{"k": 1}'), post('{"k": 2}')], post('{"k": 3}'), (1, 110)),
        ([request("POST /a"), post('{"k": 2}')], post("", None), (0, 110)),
        ([post('{"sku": "A1"}'), post('{"sku": "{{sku}}"}')], post('{"sku": "A1"}'), (0, 110)),
        ([post('{"sku": "A1"}'), post('{"sku": "{{sku}}"}')], post('{"sku": "B2"}'), (1, 110)),
        ([post('{"sku": "A1"}'), Given(post("{}"), 500)], post('{"sku": "A1"}', JSON, (CODE, "500")), (1, 110)),
        ([post('{"k": 1}'), "POST /a?x=1"], request("POST /a?x=1", body='{"k": 1}', kind=JSON), (1, 110)),
    ),
    *rows(
        "Ties: an equal operation",
        ([post(rpc("add")), post(rpc("sub"))], post(rpc("add", more=', "params": [1]')), (0, 110)),
        ([post(rpc("add")), post(rpc("add", "2"))], post(rpc("add", "9")), (1, 110)),
        ([post("Action=List&n=1", FORM), post("Action=Drop", FORM)], post("Action=List", FORM), (0, 110)),
        ([recorded(rpc("add")), recorded(rpc("sub"))], post(rpc("add", "9")), (0, 110)),
        ([get(("X-Amz-Target", "Db.Get")), get()], request("GET /a", ("X-Amz-Target", "Db.Get")), (0, 110)),
        ([get(("X-Amz-Target", "Db.Get")), get()], request("GET /a"), (1, 110)),
        (
            [
                Given(
                    post('{"query": "{ a(token: \\"REDACTED\\") }"}'),
                    literal=True,
                    redacted=(RedactedPlace(Part.TEXT, ""),),
                )
            ],
            post('{"query": "{ a(token: \\"s\\") }"}'),
            (0, 110),
        ),
    ),
    *rows(
        "Ties: negotiating headers",
        (
            [get(("Accept", "text/csv")), get(("Accept", "text/html"))],
            request("GET /a", ("Accept", "text/csv")),
            (0, 110),
        ),
        ([get(("Accept", "text/csv")), get(("Accept", "text/html"))], request("GET /a"), (1, 110)),
        ([get(), get(("Accept", "text/html"))], request("GET /a"), (0, 110)),
        ([get(("Accept", "text/csv")), get(("Accept", "x"))], request("GET /a", ("Accept", "TEXT/CSV")), (1, 110)),
        (
            [get(("Accept", "x"), ("Accept-Language", "de")), get(("Accept-Language", "fr"))],
            request("GET /a", ("Accept", "x"), ("Accept-Language", "fr")),
            (0, 110),
        ),
        ([get(("Accept-Language", "de")), get()], request("GET /a", ("Accept-Language", "de")), (0, 110)),
        ([get(("X-Region", "eu")), get(("X-Region", "us"))], request("GET /a", ("X-Region", "eu")), (1, 110)),
        (
            [get(("X-Region", "eu"), vary="X-Region"), get(("X-Region", "us"))],
            request("GET /a", ("X-Region", "eu")),
            (0, 110),
        ),
        (
            [get(("Origin", "http://a"), vary="Origin, User-Agent"), get(("Origin", "http://b"))],
            request("GET /a", ("Origin", "http://a")),
            (1, 110),
        ),
        (
            [
                get(("C", "1"), vary="A, B, C"),
                get(("A", "1"), ("B", "1"), ("C", "2"), vary="A, B, C"),
                get(("B", "2"), ("A", "3"), ("C", "3")),
            ],
            request("GET /a", ("A", "3"), ("C", "1")),
            (2, 110),
        ),
        (
            [get(("C", "1"), ("B", "1"), vary="A, B, C"), get(("C", "2"), ("B", "2"))],
            request("GET /a", ("C", "1")),
            (0, 110),
        ),
    ),
    *rows(
        "Ties: listed headers come first",
        (
            [get(("X-Team", "red"), ("Accept", "x")), get(("X-Team", "blue"), ("Accept", "y"))],
            request("GET /a", ("X-Team", "red"), ("Accept", "y")),
            (0, 110),
        ),
        settings=under(preferred_headers=frozenset({"X-Team"})),
    ),
    *rows(
        "Ties: headers off",
        (
            [get(("Accept", "text/csv")), get(("Accept", "text/html"))],
            request("GET /a", ("Accept", "text/csv")),
            (1, 110),
        ),
        settings=under(prefer_headers=False),
    ),
    *rows(
        "Settings: spy",
        ("/posts/1", "/posts/2", None),
        ("/posts/1", "/posts/1/", (0, 105)),
        ("/posts/{{id}}", "/posts/2", (0, 90)),
        ("/posts/profile", "/posts/profyle", None),
        ("/search?q=cats", "/search?q=dogs", None),
        ("/search?q=cats", "/search?q=Cats", None),
        (post('{"k": 1}'), post('{"k": 2}'), None),
        (post('{"k": 1}'), post('{"k":1}'), (0, 110)),
        ("POST /a", post('{"k": 1}'), None),
        (post(rpc("add")), post(rpc("add", "9")), (0, 110)),
        (get(("Accept", "x")), request("GET /a", ("Accept", "y")), (0, 110)),
        (get(("Accept", "x"), vary="Accept"), request("GET /a", ("Accept", "y")), None),
        (get(("Accept", "x"), vary="Accept"), request("GET /a", ("Accept", "x")), (0, 110)),
        settings=SPY,
    ),
]
