"""Tests of the normal forms of GraphQL requests."""

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
    """White space, commas and comments do not count (GraphQL, section 2.1.7)."""
    assert normalize_query(one) == normalize_query(other) is not None


@pytest.mark.parametrize(
    "text",
    ["", "tea", "{", "{ }x", "type A { a: Int }", "{ a }" * MAX_LENGTH, "{a" * (MAX_DEPTH + 1) + "}" * (MAX_DEPTH + 1)],
)
def test_text_that_is_not_a_query(text: str) -> None:
    """A text is not a query if it does not parse, contains no operation, or is too long or deep."""
    assert normalize_query(text) is None


def test_greatest_depth() -> None:
    """A query at the limit of depth is parsed."""
    assert normalize_query("{a" * (MAX_DEPTH - 1) + "{b}" + "}" * (MAX_DEPTH - 1))


def test_request_in_normal_form() -> None:
    """Variables and operation name are null if they are not needed; other members do not count."""
    assert normalize_graphql({"query": "{a}", "variables": {}, "extensions": 1}) == {
        "operationName": None,
        "query": "{\n  a\n}",
        "variables": None,
    }


@pytest.mark.parametrize("value", [None, [], {"query": 1}, {"query": "tea"}, {"q": "{a}"}])
def test_json_that_is_not_a_request(value: object) -> None:
    """Other JSON values are not GraphQL requests."""
    assert normalize_graphql(value) is None
