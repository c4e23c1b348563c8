"""GraphQL, however it is laid out."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms.graphql_forms import MAX_DEPTH, MAX_LENGTH, normalize_graphql, normalize_query


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{a,b}", "query {\n a # note\n b }"),
        ("query Q($a: Int = 1) { a(x: $a) }", "query Q( $a:Int=1 ){ a( x:$a ) }"),
        ("{ ...F } fragment F on T { a }", "{...F}\nfragment F on T{a}"),
        ('{ a(x: "b") }', '{ a(x:"b") }'),
    ],
)
def test_layout_does_not_count(one: str, other: str) -> None:
    """White space, commas and comments (GraphQL, section 2.1.7)."""
    assert normalize_query(one) == normalize_query(other) is not None


@pytest.mark.parametrize(
    "text",
    ["", "tea", "{", "{ }x", "type A { a: Int }", "{ a }" * MAX_LENGTH, "{a" * (MAX_DEPTH + 1) + "}" * (MAX_DEPTH + 1)],
)
def test_what_is_no_query(text: str) -> None:
    """It does not parse, asks nothing, or is too long or deep to be read."""
    assert normalize_query(text) is None


def test_depth_that_is_read() -> None:
    """Up to the limit."""
    assert normalize_query("{a" * (MAX_DEPTH - 1) + "{b}" + "}" * (MAX_DEPTH - 1))


def test_request_in_normal_form() -> None:
    """What is not needed is null."""
    assert normalize_graphql({"query": "{a}", "variables": {}, "extensions": 1}) == {
        "operationName": None,
        "query": "{\n  a\n}",
        "variables": None,
    }


@pytest.mark.parametrize("value", [None, [], {"query": 1}, {"query": "tea"}, {"q": "{a}"}])
def test_what_is_no_request(value: object) -> None:
    """Other JSON."""
    assert normalize_graphql(value) is None
