"""Hostile requests: each gets a decision, within bounded time and memory.

The bound is on the processor's time, and far above what is measured; quadratic time would exceed it by minutes.
"""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from collections.abc import Callable, Iterator

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.body_forms import canonical
from understudy.matcher.body_forms.canonical import describe_comparison
from understudy.matcher.body_forms.kinds import BodyKind
from understudy.matcher.body_forms.xml_forms import canonicalize_xml
from understudy.matcher.decision import Decision
from understudy.matcher.explanation.rendering import as_json, as_text
from understudy.matcher.index import compile_index
from understudy.matcher.normal_forms import parse_wildcard
from understudy.matcher.settings import MatchSettings, QueryRule
from understudy.store.content_codings import LIMIT
from understudy.store.model.messages import Headers, Request

MB = 2**20
SECONDS = 60.0  # of this process and its children
BODY = MatchSettings(body=True)
JSON, FORM, XML = "application/json", "application/x-www-form-urlencoded", "application/xml"
GRAPHQL = "application/graphql"
PARTS = "multipart/form-data; boundary=x"


@pytest.fixture(autouse=True)
def time_limit() -> Iterator[None]:
    """Fail a test that takes too much processor time."""
    started = sum(os.times()[:4])
    yield
    assert sum(os.times()[:4]) - started < SECONDS


def decide(body: bytes, kind: str | None, *fields: tuple[str, str]) -> Decision:
    """Return the decision on a POST with this body, among two others; explain it too."""
    recorded = [make_request("POST", "/a", body=each, content_type=kind) for each in (b"1", b'{"a": 1}')]
    examples = [make_example(each, id=str(number)) for number, each in enumerate(recorded)]
    request = make_request("POST", "/a", body=body, content_type=kind, headers=fields)
    decision = compile_index(examples, BODY).decide(request)
    assert as_text(decision).encode()
    assert as_json(decision)
    return decision


LARGE = {
    "numbers": (b"[" + b"1," * (5 * MB) + b"1]", JSON),
    "floats": (b"[" + b"1.5," * (2 * MB) + b"1]", JSON),
    "distinct floats": (json.dumps([number + 0.5 for number in range(500_000)]).encode(), JSON),
    "numbers that are no floats": (b"[" + b"1e400," * MB + b"1]", JSON),
    "objects": (b"[" + b'{"a":1},' * MB + b"1]", JSON),
    "a text": (b'"' + b"x" * (10 * MB) + b'"', JSON),
    "escapes": (b'"' + b"\\u0041" * MB + b'"', JSON),
    "names": (json.dumps({str(number): number for number in range(500_000)}).encode(), JSON),
    "white space": (b" " * (10 * MB) + b"2", JSON),
    "a number": (b"9" * (10 * MB), JSON),
    "a fraction": (b"0." + b"9" * (10 * MB), JSON),
    "arrays": (b"[" + b"[],[[]]," * MB + b"1]", JSON),
    "quotes": (b'"' + b'\\"' * (5 * MB) + b'"', JSON),
    "broken JSON": (b'{"a":' * MB, JSON),
    "a form": (b"a=1&" * (2 * MB), FORM),
    "a form value": (b"a=" + b"%41" * (3 * MB), FORM),
    "empty pairs": (b"&" * (10 * MB), FORM),
    "parts": (b"--x\r\n\r\n\r\n" * 600_000 + b"--x--", PARTS),
    "a part's header": (b"--x\r\n" + b"a:b\r\n" * MB + b"\r\n\r\n--x--", PARTS),
    "a part's name": (b"--x\r\ncontent-disposition: " + b"; " * (2 * MB) + b"\r\n\r\n\r\n--x--", PARTS),
    "elements": (b"<a>" + b"<b/>" * (2 * MB) + b"</a>", XML),
    "XML text": (b"<a>" + b"x" * (10 * MB) + b"</a>", XML),
    "character references": (b"<a>" + b"&#65;" * (2 * MB) + b"</a>", XML),
    "attributes": (b"<a " + b" ".join(b'b%d="1"' % number for number in range(500_000)) + b"/>", XML),
    "a namespace of many elements": (b'<a xmlns="' + b"x" * MB + b'">' + b"<b/>" * 300_000 + b"</a>", XML),
    "a namespace of many attributes": (
        b'<a xmlns:p="' + b"x" * MB + b'" ' + b" ".join(b'p:b%d=""' % number for number in range(300_000)) + b"/>",
        XML,
    ),
    "deep XML": (b"<a>" * MB + b"</a>" * MB, XML),
    "GraphQL": (b"{" + b"a " * (5 * MB) + b"}", GRAPHQL),
    "text": (b"\r\n" * (5 * MB), "text/plain"),
    "bytes": (b"\xff" * (10 * MB), None),
}


@pytest.mark.parametrize(("body", "kind"), LARGE.values(), ids=list(LARGE))
def test_ten_megabytes(body: bytes, kind: str | None) -> None:
    """Ten megabytes of any content are compared, and differ from the examples."""
    assert decide(body, kind).candidate is None


def nest_parts(levels: int) -> bytes:
    """Return the beginnings of multipart bodies inside each other."""
    return b"".join(
        b"--x%d\r\nContent-Type: multipart/mixed; boundary=x%d\r\n\r\n" % (level, level + 1) for level in range(levels)
    )


# Made one by one, because their sum would count in the memory of each.
LARGE_BY_TYPE: dict[str, Callable[[], tuple[bytes, str | None]]] = {
    "JSON parts": lambda: (b"--x\r\nContent-Type: application/json\r\n\r\n[1]\r\n" * 200_000 + b"--x--", PARTS),
    "ten thousand JSON parts": lambda: (b"--x\r\nContent-Type: text/json\r\n\r\n[1]\r\n" * 10_000 + b"--x--", PARTS),
    "parts inside parts": lambda: (nest_parts(50_000), PARTS + "0"),
    "lines of JSON": lambda: (b"{}\n" * (3 * MB), "application/x-ndjson"),
    "a hundred thousand lines of JSON": lambda: (b'{"a":[1]}\n' * 100_000, "application/x-ndjson"),
    "long lines of JSON": lambda: ((b"[" + b"1," * MB + b"1]\n") * 4, "application/x-ndjson"),
    "record separators": lambda: (b"\x1e" * (10 * MB), "application/json-seq"),
    "a form without type": lambda: (b"a=1&" * (2 * MB), None),
    "an object without type": lambda: (b'{"a":' * MB, None),
    "a boundary without type": lambda: (b"--" + b"x" * (10 * MB), None),
    "white space without type": lambda: (b" " * (10 * MB) + b"2", None),
}


@pytest.mark.parametrize("make", LARGE_BY_TYPE.values(), ids=list(LARGE_BY_TYPE))
def test_ten_megabytes_by_type(make: Callable[[], tuple[bytes, str | None]]) -> None:
    """Megabytes of parts, of lines, or without a media type are compared, and differ from the examples."""
    assert decide(*make()).candidate is None


@pytest.mark.parametrize("make", LARGE_BY_TYPE.values(), ids=list(LARGE_BY_TYPE))
def test_a_large_example_without_type(make: Callable[[], tuple[bytes, str | None]]) -> None:
    """An example without Content-Type is compiled once for every way of reading it."""
    body, kind = make()
    index = compile_index([make_example(make_request("POST", "/a", body=body))], BODY)
    assert index.decide(make_request("POST", "/a", body=body, content_type=kind)).candidate is not None


def test_many_wildcards_inside_one_text() -> None:
    """A text with ten thousand wildcards is compared with a long one."""
    body = json.dumps({"a": "{{x}}a" * 10_000}).encode()
    index = compile_index([make_example(make_request("POST", "/a", body=body, content_type=JSON), literal=False)], BODY)
    for text, found in (("ba" * 500_000, True), ("ba" * 500_000 + "b", False), ("b" * MB, False)):
        asked = make_request("POST", "/a", body=json.dumps({"a": text}).encode(), content_type=JSON)
        assert (index.decide(asked).candidate is not None) is found


def test_large_bodies_are_still_equal() -> None:
    """Large bodies within the limit are compared as values."""
    body = json.dumps([{"id": number, "name": "x" * 40} for number in range(100_000)]).encode()
    example = make_example(make_request("POST", "/a", body=body, content_type=JSON))
    request = make_request("POST", "/a", body=body.replace(b", ", b","), content_type=JSON)
    assert compile_index([example], BODY).decide(request).candidate is not None


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000]
)
def test_deep_json(body: bytes) -> None:
    """Deep JSON is compared as bytes, and the explanation notes it."""
    nearest = decide(body, JSON).find_near_misses()[0]
    assert "compared as bytes: it cannot be read as JSON values" in nearest.differences[0].note


def test_deep_json_below_the_interpreters_limit() -> None:
    """The limit of depth does not depend on the call stack."""
    body = b"[" * 200 + b"]" * 200
    assert canonical.canonicalize(body, JSON) == b"bytes:" + body


@pytest.mark.parametrize(
    "bomb",
    [
        b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]><a/>',
        b"<!DOCTYPE a><a/>",
    ],
)
def test_entities_are_neither_expanded_nor_loaded(bomb: bytes) -> None:
    """A document type declaration makes a body plain bytes."""
    with pytest.raises(ValueError, match="document type"):
        canonicalize_xml(bomb)
    assert canonical.canonicalize(bomb, XML) == b"bytes:" + bomb


def test_exponential_entities_cost_nothing() -> None:
    """The "billion laughs" document takes no memory."""
    lines = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))
    bomb = f'<!DOCTYPE l [<!ENTITY l0 "lol">{lines}]><l>&l9;</l>'.encode()
    tracemalloc.start()
    assert decide(bomb, XML).candidate is None
    assert tracemalloc.get_traced_memory()[1] < 5 * MB
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("coding", "bomb"),
    [
        ("gzip", gzip.compress(bytes(LIMIT + 1), 9)),
        ("gzip, gzip", gzip.compress(gzip.compress(bytes(LIMIT + 1), 9))),
        ("br", brotli.compress(bytes(LIMIT + 1), quality=5)),
    ],
)
def test_bombs_are_not_undone(coding: str, bomb: bytes) -> None:
    """A content coding that expands beyond the limit is not undone, and the explanation notes it."""
    headers = Headers.of([("Content-Encoding", coding), ("Content-Type", JSON)])
    assert describe_comparison(bomb, headers) == (
        BodyKind.BYTES,
        f"its content coding {coding} is unknown, broken or larger than 64 MiB, so it is not undone",
    )
    nearest = decide(bomb, JSON, ("Content-Encoding", coding)).find_near_misses()[0]
    assert f"{coding} is unknown, broken or larger than 64 MiB" in nearest.differences[0].note


def test_many_gzip_members() -> None:
    """A gzip body of many empty members gets a decision."""
    decide(gzip.compress(b"") * 500_000 + gzip.compress(b"2"), JSON, ("Content-Encoding", "gzip"))


def test_explaining_a_text_of_quotes_that_is_cut_off() -> None:
    """An explanation may end within a JSON text."""
    assert decide(json.dumps('"' * 100_000).encode(), JSON).candidate is None


def test_longer_bodies_are_bytes() -> None:
    """A body beyond the limit is compared as bytes, because its values would take far more memory."""
    body = b" " * canonical.MAX_PARSED_SIZE + b"1"
    assert describe_comparison(body, Headers.of([("Content-Type", JSON)])) == (
        BodyKind.BYTES,
        "it is longer than 16 MiB, so it is not read as JSON values",
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b"9007199254740993", b"9007199254740992", False),
        (b"9007199254740993", b"9007199254740993.0", True),
        (b'{"a": 1, "a": 2}', b'{"a": 2}', True),
        (b'{"a": 1, "a": 2}', b'{"a": 1}', False),
        (b"1" + b"0" * 5000, b"1e5000", True),
        (b"1e999999999", b"1e999999998", False),
        (b'"\xff"', b'"\xfe"', False),
        (b'"\\ud800"', b'"\\uD800"', True),
    ],
)
def test_odd_json(one: bytes, other: bytes, same: bool) -> None:
    """Numbers are exact, the last of duplicate keys counts, and invalid text is compared as bytes."""
    assert (canonical.canonicalize(one, JSON) == canonical.canonicalize(other, JSON)) is same


def test_many_query_pairs() -> None:
    """Ten thousand query pairs in another order are equal, and explained when one differs."""
    pairs = [f"k{number}=v" for number in range(10_000)]
    index = compile_index([make_example("/a?" + "&".join(pairs))])
    assert index.decide(make_request(target="/a?" + "&".join(reversed(pairs)))).score == 110
    assert index.decide(make_request(target="/a?" + "&".join(pairs[1:]))).score == 90


def test_many_equal_query_pairs_and_wildcards() -> None:
    """Ten thousand wildcards of one name fit as many values."""
    index = compile_index([make_example("/a?" + "&".join(["k={{x}}"] * 10_000), literal=False)])
    assert index.decide(make_request(target="/a?" + "&".join(f"k={number}" for number in range(10_000)))).score == 109


@pytest.mark.parametrize("name", ["k", "other"])
def test_explaining_many_wildcards_of_one_name(name: str) -> None:
    """A miss is explained for many wildcards and one pair too many, or none that fits."""
    example = make_example("/a?" + "&".join(["k={{x}}"] * 40_000), literal=False)
    index = compile_index([example], MatchSettings(query=QueryRule.REQUIRE))
    query = "&".join(f"{name}={number}" for number in range(40_001))
    assert as_text(index.decide(make_request(target=f"/a?{query}")))


@pytest.mark.parametrize("segment", ["a", "", "{{x}}", "7", "%zz", "\u00e9"])
def test_many_segments(segment: str) -> None:
    """Paths of a thousand segments are compared and explained."""
    path = "/" + "/".join([segment] * 1000)
    index = compile_index([make_example(path, literal=False), make_example("/a", id="02", literal=False)])
    assert index.decide(make_request(target=path)).score == 110
    decision = index.decide(make_request(target=path + "/b" * 1000))
    assert as_text(decision)


def test_wildcard_heavy_collection() -> None:
    """With a thousand shapes of ten segments, a decision makes one look-up for each shape."""
    shapes = [
        "/" + "/".join("{{x}}" if number >> place & 1 else f"s{place}" for place in range(10)) for number in range(1024)
    ]
    index = compile_index([make_example(each, id=f"{n:04d}", literal=False) for n, each in enumerate(shapes)])
    request = "/" + "/".join(f"s{place}" for place in range(10))
    assert index.decide(make_request(target=request)).score == 110
    assert index.decide(make_request(target=request.replace("s9", "other"))).score == 90


def test_long_segments_are_not_compared_letter_by_letter() -> None:
    """Segments beyond the limit are not compared by distance."""
    index = compile_index([make_example("/" + "x" * 60_000, literal=False)])
    assert index.decide(make_request(target="/" + "x" * 59_999 + "y")).candidate is None


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", b"/" + b"%" * 60_000),
        Request("GET", b"a" * MB),
        Request("GET", b"/a" * 30_000),
        Request("GET", b"/-_" * 20_000),
        Request("GET", b"/" + b"a_" * 30_000),
        Request("GET", b"/" + b"{{" * 30_000),
        Request("GET", b"/a?" + b"=&" * 30_000),
        Request("GET", b"/a", Headers(((b"x-mock-match-request-headers", b"," * 60_000),))),
        Request("GET", b"/a", Headers(((b"x-mock-response-code", b"9" * 60_000),))),
        Request("GET", b"/a", Headers(((b"content-type", b";boundary=" * 6_000),)), b"x"),
        Request("GET", b"/\xff\xfe", Headers(((b"x-mock-response-name", b"\xff" * 60_000),))),
    ],
)
def test_expressions_do_not_backtrack(request_: Request) -> None:
    """The regular expressions take linear time on long paths, queries and headers."""
    decision = compile_index([make_example("/a/{{x}}", literal=False), make_example("/cus_9s6XKz")], BODY).decide(
        request_
    )
    assert as_text(decision)


def test_expressions_on_examples_do_not_backtrack() -> None:
    """The regular expressions for examples take linear time too: imported examples are not trusted."""
    assert parse_wildcard(b":" + b"a" * MB + b"{") is None
