"""Tests of differences: complete, short and without secrets."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.decision import Difference
from understudy.matcher.explanation.body_differences import MAX_PLACES
from understudy.matcher.explanation.differences import explain_differences
from understudy.matcher.explanation.distances import compute_distance
from understudy.matcher.parts.candidate import MAX_KEPT_BODY, Candidate, require_bytes
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import RequestPart
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings, QueryRule
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import BodyRef, Request
from understudy.store.model.values import replace

FORM = "application/x-www-form-urlencoded"


def find_differences(example: Example, request: Request, settings: MatchSettings = STRICT) -> tuple[Difference, ...]:
    """Return the differences between an example and a request."""
    load_body = (
        require_bytes if isinstance(example.request.body, bytes) else lambda _: b"kept elsewhere" * MAX_KEPT_BODY
    )
    return explain_differences(
        Candidate.of((example,), settings, load_body), NormalRequest(request, settings, (request.method,))
    )


def post(body: bytes, kind: str | None = "application/json", target: str = "/a") -> Request:
    """Return a POST request."""
    return make_request("POST", target, body=body, content_type=kind)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (make_request("GET", "/a?q=1"), []),
        (make_request("PUT", "/a?q=1"), [("method", "GET", "PUT")]),
        (make_request("GET", "/b?q=1"), [("path", "/a", "/b")]),
        (make_request("GET", "/a?q=2&r"), [("query", "q=1", "q=2&r=")]),
        (make_request("GET", "/a"), [("query", "q=1", "(none)")]),
        (
            make_request("GET", "/a?q=1", origin="https://two.test"),
            [("host", "http://api.example.com", "https://two.test")],
        ),
        (make_request("GET", "/a?q=1", origin=None), [("host", "http://api.example.com", "(none)")]),
        (make_request("PUT", "/b?q=1"), [("method", "GET", "PUT"), ("path", "/a", "/b")]),
    ],
)
def test_parts(request_: Request, expected: list[tuple[str, str, str]]) -> None:
    """Each part that differs is named, and no other."""
    found = find_differences(make_example("/a?q=1"), request_)
    assert [(each.part, each.expected, each.actual) for each in found] == expected


@pytest.mark.parametrize(
    ("target", "note"),
    [("/a/9?q=1", "equal without ids"), ("/a/9/?q=1", "equal without trailing slashes and ids")],
)
def test_path_that_is_equal_without_ids_is_named_beside_other_parts(target: str, note: str) -> None:
    """A path that is equal only without ids is named beside the parts that filter, in the order of the parts."""
    settings = MatchSettings(query=QueryRule.REQUIRE)
    method, path, query = find_differences(
        make_example("/a/7?q=2", literal=False), make_request("PUT", target), settings
    )
    assert [each.part for each in (method, path, query)] == ["method", "path", "query"]
    assert path == Difference(RequestPart.PATH, "/a/7", target.partition("?")[0], note)


def test_equal_path_is_not_named() -> None:
    """A path that is equal but for case and slashes is not named."""
    [method] = find_differences(make_example("/a/7"), make_request("PUT", "/A/7/"), POSTMAN)
    assert method.part is RequestPart.METHOD


@pytest.mark.parametrize(
    ("mine", "theirs", "expected", "actual"),
    [
        (post(b'{"k": 1}'), post(b'{"k": 2.50}'), '{"k":1}', '{"k":2.5}'),
        (post(b"1"), post(b"1", "text/plain"), "Content-Type application/json", "Content-Type text/plain"),
        (post(b'{"k": 1}'), post(b'{"k": 2}', None), '{"k":1}', '{"k":2}'),
        (post(b"a=1&b=2", None), post(b"b=3&a=1", FORM), "a=1&b=2", "a=1&b=3"),
        (post(b"a=1&b=2", FORM), post(b"b=2", FORM), "a=1&b=2", "b=2"),
        (post(b'"' + b"x" * 30 + b'1"'), post(b'"' + b"x" * 30 + b'2"'), "…" + "x" * 20 + '1"', "…" + "x" * 20 + '2"'),
        (post(b'"a\\u001b"'), post(b'"b"'), '"a\\u001b"', '"b"'),
        (post(b"a", None), post(b"\x1b[2J", None), "a", "\\x1b[2J"),
        (post(b'{"k": 1}'), post(b""), '{"k":1}', "(empty)"),
        (post(b"a", None), post(b"\xff", None), "a", "1 bytes, SHA-256 a8100ae6aa19"),
    ],
)  # fmt: skip
def test_bodies(mine: Request, theirs: Request, expected: str, actual: str) -> None:
    """Bodies are shown from shortly before the first difference, in canonical form; bytes by size and digest."""
    [found] = find_differences(make_example(mine), theirs)
    assert replace(found, places=()) == Difference(RequestPart.BODY, expected, actual)


def test_places_in_json_that_differ_are_named() -> None:
    """The first few differing places in JSON are named, without redacted ones."""
    example = make_example(post(b'{"pin": "REDACTED", "a": 1, "b": [1]}'), redacted=[RedactedPlace(Part.JSON, "$.pin")])
    [found] = find_differences(example, post(b'{"pin": "4711", "a": true, "b": [1, 2]}'))
    assert found.places == ("$.a", "$.b[1]")
    [found] = find_differences(make_example(post(b"[1, 2, 3, 4, 5]")), post(b"[2, 3, 4, 5, 6]"))
    assert len(found.places) == MAX_PLACES


PARTS = "multipart/form-data; boundary=x"
PART = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
SOAP = "<s:E xmlns:s='u'><s:H><w:Id xmlns:w='v'>{}</w:Id></s:H><s:B><a>1</a>{}</s:B></s:E>"


@pytest.mark.parametrize(
    ("kind", "mine", "theirs", "places"),
    [
        (FORM, "a=1&b=2", "b=3&a=1", ("b",)),
        (FORM, "a=1&a=2", "a=1", ("a",)),
        (FORM, "a=1", "c=1", ("a", "c")),
        (PARTS, PART.format("a", 1) + "--x--", PART.format("a", 2) + "--x--", ("a",)),
        (PARTS, "--x--", PART.format("b", 2) + "--x--", ("b",)),
        ("text/xml", SOAP.format(1, ""), SOAP.format(2, ""), ("/E/H/Id",)),
        ("text/xml", SOAP.format(1, ""), SOAP.format(1, "<b><c/></b>"), ("/E/B/b",)),
        ("text/xml", SOAP.format(1, ""), "<b/>", ()),
        ("text/xml", "<a/>", "<a", ()),
        ("text/plain", "one", "two", ()),
    ],
)
def test_differing_places_are_named_as_a_setting_takes_them(
    kind: str, mine: str, theirs: str, places: tuple[str, ...]
) -> None:
    """Fields, parts and elements are named; text has no places, and neither has a whole document."""
    [found] = find_differences(make_example(post(mine.encode(), kind)), post(theirs.encode(), kind))
    assert found.places == places


@pytest.mark.parametrize(
    ("mine", "theirs", "places"),
    [
        ("/?a=1&b=2", "/?a=1&b=3", ("b",)),
        ("/?a=1", "/?a=1&c%3D=", ("c=",)),
        ("/?a=1&a=2", "/?a=2", ("a",)),
        ("/?a=1&b=2&c=3&d=4&e=5", "/", ("a", "b", "c", "d")),
    ],
)
def test_differing_query_parameters_are_named(mine: str, theirs: str, places: tuple[str, ...]) -> None:
    """The first few are named."""
    [found] = find_differences(make_example(mine), make_request(target=theirs))
    assert found.places == places


def test_large_stored_body_is_not_read_for_an_explanation() -> None:
    """A large body in the store is shown by size and digest, without being loaded."""
    found = find_differences(make_example(make_request(body=BodyRef("ab" * 32, 14))), make_request(body=b"x"))
    assert found[0].expected == "14 bytes, SHA-256 abababababab"


@pytest.mark.parametrize("length", [100, 10_000])
def test_values_are_short(length: int) -> None:
    """Values have at most 120 characters each."""
    found = find_differences(make_example("/a?q=" + "x" * length), make_request("PUT", "/b" * length + "?q=y"))
    assert all(len(each.expected) <= 120 and len(each.actual) <= 120 for each in found)


def test_redacted_values_are_not_shown() -> None:
    """Neither the placeholder nor the request's value at a redacted place is shown."""
    places = [RedactedPlace(Part.QUERY, "token"), RedactedPlace(Part.JSON, "$.pin")]
    example = make_example(post(b'{"pin": "REDACTED", "k": 1}', target="/a?token=REDACTED&q=1"), redacted=places)
    found = find_differences(example, post(b'{"pin": "4711", "k": 2}', target="/a?token=geheim&token=geheim&q=1"))
    assert [(each.expected, each.actual) for each in found] == [
        ("(none)", "token=[redacted]"),
        ('{"k":1,"pin":[redacted]}', '{"k":2,"pin":[redacted]}'),
    ]


@pytest.mark.parametrize(
    ("nearer", "further"),
    [
        ("/users/bob", "/orders/bob"),
        ("/users/ann/posts", "/orders/bob"),
        ("/user/ann", "/orders/ann"),
        ("/users/v{{x}}", "/orders/{{x}}/x"),
    ],
)
def test_distance_of_paths(nearer: str, further: str) -> None:
    """Equal segments count, and the common prefixes of the others."""
    request = NormalRequest(make_request(target="/users/ann"), POSTMAN, ("GET",))
    one, other = (
        compute_distance(Candidate.of((make_example(target, literal=False),), POSTMAN, require_bytes), request)
        for target in (nearer, further)
    )
    assert 0 < one < other


def test_distance_of_a_match_is_nothing() -> None:
    """A match has the distance 0."""
    request = NormalRequest(make_request(target="/a/9"), POSTMAN, ("GET",))
    assert compute_distance(Candidate.of((make_example("/a/7", literal=False),), POSTMAN, require_bytes), request) == 0


PARTS = "multipart/form-data; boundary={}"


def make_parts(boundary: str, *parts: tuple[str, str, str]) -> tuple[bytes, str]:
    """Return a multipart body of parts (name, Content-Type, content), and its Content-Type."""
    written = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {kind}\r\n\r\n{content}\r\n'
        for name, kind, content in parts
    )
    return f"{written}--{boundary}--".encode(), PARTS.format(boundary)


JSON, XML = "application/json", "application/xml"
FILE = ("file", "image/png", "x")


@pytest.mark.parametrize(
    ("mine", "theirs", "places", "note"),
    [
        (("meta", JSON, '{"a": 1, "b": 2}'), ("meta", JSON, '{"b": 3, "a": 1.0}'), ("$.b",), 'in the part "meta"'),
        (("meta", XML, "<a><b>1</b></a>"), ("meta", XML, "<a> <b>2</b></a>"), ("/a/b",), 'in the part "meta"'),
        (("meta", FORM, "a=1&b=2"), ("meta", FORM, "b=3&a=1"), ("b",), 'in the part "meta"'),
        (("meta", "text/csv", "a"), ("meta", "text/csv", "b"), ("meta",), ""),
        (("meta", JSON, "1"), ("meta", JSON, "2"), ("meta",), ""),
        (("meta", JSON, "1"), ("meta", XML, "1"), ("meta",), ""),
        (("meta", JSON, "1"), ("other", JSON, "1"), ("meta", "other"), ""),
    ],
)
def test_places_in_parts(
    mine: tuple[str, str, str], theirs: tuple[str, str, str], places: tuple[str, ...], note: str
) -> None:
    """The place inside a part is named and the part in the note; where there is none, the part itself."""
    one, other = make_parts("x", FILE, mine), make_parts("y", FILE, theirs)
    [found] = find_differences(make_example(post(*one)), post(*other))
    assert (found.places, found.note) == (places, note)


def test_places_in_nested_parts() -> None:
    """The innermost part is named."""
    bodies = [
        make_parts(outer, ("form", f"multipart/mixed; boundary=in-{outer}", inner.decode()))
        for outer, (inner, _) in (
            ("x", make_parts("in-x", ("meta", JSON, '{"a": 1}'))),
            ("y", make_parts("in-y", ("meta", JSON, '{"a": 2}'))),
        )
    ]
    [found] = find_differences(make_example(post(*bodies[0])), post(*bodies[1]))
    assert (found.places, found.note) == (("$.a",), 'in the part "meta"')


@pytest.mark.parametrize(
    ("mine", "theirs", "kind", "other_kind", "places"),
    [
        (b'{"a": 1}', b'{"a": 2}', JSON, "text/json", ("$.a",)),
        (b'{"a": 1}', b'{"a": 2}', None, JSON, ("$.a",)),
        (b"a=1", b"a=2", FORM, None, ("a",)),
        (b'{"a": 1}\n{"a": 2}', b'{"a": 2}\n{"a": 3}', "application/x-ndjson", "application/x-ndjson", ("$.a",)),
        (b"1\n2", b"1", "application/x-ndjson", "application/x-ndjson", ()),
        (b"a", b"b", None, None, ()),
    ],
)
def test_places_by_the_common_type(
    mine: bytes, theirs: bytes, kind: str | None, other_kind: str | None, places: tuple[str, ...]
) -> None:
    """Both bodies are read by the type that they have in common."""
    [found] = find_differences(make_example(post(mine, kind)), post(theirs, other_kind))
    assert found.places == places


@pytest.mark.parametrize(
    ("mine", "theirs", "kind", "places"),
    [
        (b'{"a": "b{{x}}", "c": 1}', b'{"a": "bd", "c": 2}', JSON, ("$.c",)),
        (b'{"a": "b{{x}}", "c": 1}', b'{"a": "d", "c": 1}', JSON, ("$.a",)),
        (b"a=b{{x}}&c=1", b"a=bd&c=2", FORM, ("c",)),
        (b"a=b{{x}}&c=1", b"a=d&c=1", FORM, ("a",)),
    ],
)
def test_a_fitting_text_is_no_difference(mine: bytes, theirs: bytes, kind: str, places: tuple[str, ...]) -> None:
    """A text that fits the wildcards of the example is not named."""
    example = replace(make_example(post(mine, kind)), literal=False)
    [found] = find_differences(example, post(theirs, kind), MatchSettings(body=True))
    assert found.places == places


SECRET = RedactedPlace(Part.QUERY, "token"), RedactedPlace(Part.HEADER, "x-key"), RedactedPlace(Part.JSON, "$.pin")


@pytest.mark.parametrize(
    ("mine", "theirs", "expected", "actual"),
    [
        (
            make_request(target="/a?token=1"),
            make_request(target="/a?token=2"),
            "token=[redacted]",
            "token=[another secret]",
        ),
        (
            make_request(target="/a?token=1&b=1"),
            make_request(target="/a?b=2"),
            "token=[redacted]&b=1",
            "b=2",
        ),
        (
            make_request(headers={"X-Key": "1"}),
            make_request(headers={"X-Key": "2"}),
            "x-key: [redacted]",
            "x-key: [another secret]",
        ),
        (post(b'{"pin": 1}'), post(b'{"pin": 2}'), '{"pin":[redacted]}', "equal but for [another secret]"),
    ],
)
def test_two_secrets_are_not_shown_as_equal(mine: Request, theirs: Request, expected: str, actual: str) -> None:
    """Two secrets that differ are hidden, and not shown by the same text."""
    settings = replace(STRICT, headers=frozenset({"x-key"}))
    candidate = Candidate.of((make_example(mine),), settings)
    request = NormalRequest(theirs, settings, (theirs.method,))
    [found] = explain_differences(candidate, request, frozenset(SECRET))
    assert set(found.expected.split("&")) == set(expected.split("&"))
    assert found.actual == actual
