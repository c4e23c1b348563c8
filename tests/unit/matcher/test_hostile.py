"""Requests made to hurt: each gets a decision, within a bounded time and memory.

The bound is on the processor's time, and far above what is seen; what grows with a square would pass it by minutes.
"""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from collections.abc import Iterator

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
def bounded() -> Iterator[None]:
    """Each test is done in time, however busy the machine is."""
    started = sum(os.times()[:4])
    yield
    assert sum(os.times()[:4]) - started < SECONDS


def decided(body: bytes, kind: str | None, *fields: tuple[str, str]) -> Decision:
    """The decision on a POST with this body, among two others; explained too."""
    recorded = [make_request("POST", "/a", body=each, content_type=kind) for each in (b"1", b'{"a": 1}')]
    examples = [make_example(each, id=str(number)) for number, each in enumerate(recorded)]
    asked = make_request("POST", "/a", body=body, content_type=kind, headers=fields)
    decision = compile_index(examples, BODY).decide(asked)
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
    """Whatever they hold, they are compared, and differ from what is there."""
    assert decided(body, kind).candidate is None


def test_large_bodies_are_still_equal() -> None:
    """Up to the limit they are read as what they are."""
    body = json.dumps([{"id": number, "name": "x" * 40} for number in range(100_000)]).encode()
    example = make_example(make_request("POST", "/a", body=body, content_type=JSON))
    asked = make_request("POST", "/a", body=body.replace(b", ", b","), content_type=JSON)
    assert compile_index([example], BODY).decide(asked).candidate is not None


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000]
)
def test_deep_json(body: bytes) -> None:
    """It is compared as bytes, and the decision says so."""
    nearest = decided(body, JSON).find_near_misses()[0]
    assert "compared as bytes: not the JSON values" in nearest.differences[0].note


def test_deep_json_below_the_interpreters_limit() -> None:
    """The limit is ours: it does not depend on the stack."""
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
    """The classic one: a billion laughs in ten lines."""
    lines = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))
    bomb = f'<!DOCTYPE l [<!ENTITY l0 "lol">{lines}]><l>&l9;</l>'.encode()
    tracemalloc.start()
    assert decided(bomb, XML).candidate is None
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
    """A limit, and a clear note."""
    headers = Headers.of([("Content-Encoding", coding), ("Content-Type", JSON)])
    assert describe_comparison(bomb, headers) == (
        BodyKind.BYTES,
        f"{coding} is unknown, broken or more than 64 MiB, and is not undone",
    )
    nearest = decided(bomb, JSON, ("Content-Encoding", coding)).find_near_misses()[0]
    assert f"{coding} is unknown, broken or more than 64 MiB" in nearest.differences[0].note


def test_many_gzip_members() -> None:
    """Each is a file of its own, and may be empty."""
    decided(gzip.compress(b"") * 500_000 + gzip.compress(b"2"), JSON, ("Content-Encoding", "gzip"))


def test_explaining_a_text_of_quotes_that_is_cut_off() -> None:
    """Where an explanation ends a text may go on."""
    assert decided(json.dumps('"' * 100_000).encode(), JSON).candidate is None


def test_longer_bodies_are_bytes() -> None:
    """Values take far more memory than their text."""
    body = b" " * canonical.MAX_PARSED_SIZE + b"1"
    assert describe_comparison(body, Headers.of([("Content-Type", JSON)])) == (
        BodyKind.BYTES,
        "longer than 16 MiB, so not read as the JSON values it is said to be",
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
    """Numbers are exact, the last of duplicate keys counts, and what is no text is bytes."""
    assert (canonical.canonicalize(one, JSON) == canonical.canonicalize(other, JSON)) is same


def test_many_query_pairs() -> None:
    """Ten thousand, in another order: equal, and explained when one differs."""
    pairs = [f"k{number}=v" for number in range(10_000)]
    index = compile_index([make_example("/a?" + "&".join(pairs))])
    assert index.decide(make_request(target="/a?" + "&".join(reversed(pairs)))).score == 110
    assert index.decide(make_request(target="/a?" + "&".join(pairs[1:]))).score == 90


def test_many_equal_query_pairs_and_wildcards() -> None:
    """Every value open, every name the same."""
    index = compile_index([make_example("/a?" + "&".join(["k={{x}}"] * 10_000), literal=False)])
    assert index.decide(make_request(target="/a?" + "&".join(f"k={number}" for number in range(10_000)))).score == 109


@pytest.mark.parametrize("name", ["k", "other"])
def test_explaining_many_wildcards_of_one_name(name: str) -> None:
    """With one pair too many, and none that fits."""
    example = make_example("/a?" + "&".join(["k={{x}}"] * 40_000), literal=False)
    index = compile_index([example], MatchSettings(query=QueryRule.REQUIRE))
    query = "&".join(f"{name}={number}" for number in range(40_001))
    assert as_text(index.decide(make_request(target=f"/a?{query}")))


@pytest.mark.parametrize("segment", ["a", "", "{{x}}", "7", "%zz", "\u00e9"])
def test_many_segments(segment: str) -> None:
    """A thousand in the example and in the request."""
    path = "/" + "/".join([segment] * 1000)
    index = compile_index([make_example(path, literal=False), make_example("/a", id="02", literal=False)])
    assert index.decide(make_request(target=path)).score == 110
    decision = index.decide(make_request(target=path + "/b" * 1000))
    assert as_text(decision)


def test_wildcard_heavy_collection() -> None:
    """Every shape of ten segments, a thousand examples: one look-up for each shape, none for the others."""
    shapes = [
        "/" + "/".join("{{x}}" if number >> place & 1 else f"s{place}" for place in range(10)) for number in range(1024)
    ]
    index = compile_index([make_example(each, id=f"{n:04d}", literal=False) for n, each in enumerate(shapes)])
    asked = "/" + "/".join(f"s{place}" for place in range(10))
    assert index.decide(make_request(target=asked)).score == 110
    assert index.decide(make_request(target=asked.replace("s9", "other"))).score == 90


def test_long_segments_are_not_compared_letter_by_letter() -> None:
    """Distance is worked out up to a length."""
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
    """Long paths, queries and headers of what regular expressions stumble over."""
    decision = compile_index([make_example("/a/{{x}}", literal=False), make_example("/cus_9s6XKz")], BODY).decide(
        request_
    )
    assert as_text(decision)


def test_expressions_on_examples_do_not_backtrack() -> None:
    """What was typed in or imported is not trusted either."""
    assert parse_wildcard(b":" + b"a" * MB + b"{") is None
