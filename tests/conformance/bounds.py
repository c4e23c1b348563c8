"""Limits: how long, wide and deep a body may be to be parsed; beyond, it is compared as bytes."""

from __future__ import annotations

from tests.conformance.bodies import BODY, HIT, PARTS, SUBSET, pairs, post
from tests.conformance.table import FORM, GRAPHQL, JSON, XML, rows
from understudy.store.model.messages import Request

LONG = 16 * 2**20


def arrays(count: int, space: str = "") -> str:
    """Return JSON with `count` arrays: one, and all others in it."""
    return f"[{space}" + "[]," * (count - 2) + "[]]"


def form(count: int, first: str, last: str) -> str:
    """Return a form with `count` times `&`, and these pairs at its ends."""
    return f"{first}&" + "b=1&" * (count - 1) + last


def multipart(boundary: str, count: int, head: int = 4) -> Request:
    """Return a request with `count` parts, each with a header of `head` bytes (with the line end before it)."""
    part = f"--{boundary}\r\nA:" + "x" * (head - 4) + "\r\n\r\n1\r\n"
    return post(part * count + f"--{boundary}--", PARTS.format(boundary))


def query(depth: int, space: str = "") -> str:
    """Return a GraphQL query with brackets nested `depth` deep, and more beside them."""
    return "{" + "a{b} " * 60 + "a{" * (depth - 3) + f"a(b:[1]){space}" + "}" * (depth - 2)


def xml(marks: int, space: str = "") -> str:
    """Return a document with `marks` times `<` and `=`."""
    return f"<a{space}>" + "<b c=''/>" * (marks // 2 - 1) + "<b/>" * (marks % 2) + "</a>"


def named(length: int, space: str = "") -> str:
    """Return a document with 1,024 times `<` and `=`, and a namespace of `length` characters."""
    return f'<a xmlns="{"n" * length}"{space}><b xmlns:c="d"/>' + "<b/>" * 1019 + "</a>"


def loose(newer: int) -> list[Request]:
    """Return an example with a wildcard inside a text, and as many newer ones."""
    return [post('{"k": "b{{x}}"}'), *(post(f'{{"k": "{number} {{{{x}}}}"}}') for number in range(newer))]


BOUNDS = [
    *pairs("Limits: 16 MiB of body", JSON, ("1", " " * (LONG - 1) + "1", HIT), ("1", " " * LONG + "1", None)),
    *pairs(
        "Limits: JSON to a depth of 128",
        JSON,
        ("[" * 128 + "]" * 128, "[" * 128 + " " + "]" * 128, HIT),
        ("[" * 129 + "]" * 129, "[" * 129 + " " + "]" * 129, None),
        ('{"a":' * 129 + "1" + "}" * 129, '{"a":' * 129 + " 1" + "}" * 129, None),
        ("[" + "[]," * 128 + "{}]", "[ " + "[]," * 128 + "{}]", HIT),
    ),
    *pairs(
        "Limits: 1,000,000 objects and arrays of JSON",
        JSON,
        (arrays(1_000_000), arrays(1_000_000, " "), HIT),
        (arrays(1_000_001), arrays(1_000_001, " "), None),
        (arrays(1_000_000).replace("[]]", "{}]"), arrays(1_000_000, " ").replace("[]]", "{}]"), HIT),
        (arrays(1_000_001).replace("[]]", "{}]"), arrays(1_000_001, " ").replace("[]]", "{}]"), None),
    ),
    *pairs(
        "Limits: 100,000 pairs of a form",
        FORM,
        (form(100_000, "a=1", "c=1"), form(100_000, "c=1", "a=1"), HIT),
        (form(100_001, "a=1", "c=1"), form(100_001, "c=1", "a=1"), None),
        (form(100_000, "a=1", "c={{x}}"), form(100_000, "a=1", "c=2"), HIT),
    ),
    *pairs(
        "Limits: 100,000 pairs of a form that may hold more",
        FORM,
        ("a=1", form(100_000, "a=1", "c=1"), HIT),
        ("a=1", form(100_001, "a=1", "c=1"), None),
        settings=SUBSET,
    ),
    *rows(
        "Limits: 10,000 parts",
        (multipart("x", 10_000), multipart("y", 10_000), HIT),
        (multipart("x", 10_001), multipart("y", 10_001), None),
        settings=BODY,
    ),
    *rows(
        "Limits: 64 KiB of a part's header",
        (multipart("x", 1, 65_536), multipart("y", 1, 65_536), HIT),
        (multipart("x", 1, 65_537), multipart("y", 1, 65_537), None),
        settings=BODY,
    ),
    *pairs(
        "Limits: 65,536 characters of GraphQL",
        GRAPHQL,
        ("{a}", "{a" + " " * 65_533 + "}", HIT),
        ("{a}", "{a" + " " * 65_534 + "}", None),
    ),
    *pairs(
        "Limits: GraphQL to a depth of 48",
        GRAPHQL,
        (query(48), query(48, " "), HIT),
        (query(49), query(49, " "), None),
    ),
    *pairs(
        "Limits: 400,000 tags and attributes of XML",
        XML,
        (xml(400_000), xml(400_000, " "), HIT),
        (xml(400_001), xml(400_001, " "), None),
    ),
    *pairs(
        "Limits: 32 Mi characters of the names in XML",
        XML,
        (named(32_768), named(32_768, " "), HIT),
        (named(32_769), named(32_769, " "), None),
    ),
    *rows(
        "Limits: the newest 100 bodies with wildcards inside texts",
        (loose(99), post('{"k": "bc"}'), HIT),
        (loose(100), post('{"k": "bc"}'), None),
        settings=BODY,
    ),
]
