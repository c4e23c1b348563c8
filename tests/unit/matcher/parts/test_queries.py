"""Tests of the comparison of queries."""

from __future__ import annotations

import pytest

from understudy.matcher.parts.queries import QueryPattern, build_query_key, select_pairs
from understudy.matcher.scores import QueryFit
from understudy.matcher.settings import QueryRule

NONE = frozenset[str]()


def compute_fit(mine: bytes, theirs: bytes, rule: QueryRule = QueryRule.PREFER, redacted: str = "") -> QueryFit | None:
    """Return the fit of two raw queries."""
    pattern = QueryPattern.of(mine, frozenset(redacted.split()), NONE, wildcards=True)
    return pattern.compute_fit(select_pairs(theirs, NONE), rule)


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (b"", b"", QueryFit.EQUAL),
        (b"a=1&b=2", b"b=2&a=1", QueryFit.EQUAL),
        (b"a=1", b"A=1", QueryFit.FOLDED),
        (b"a=x", b"a=X", QueryFit.FOLDED),
        (b"a={{x}}", b"A=X", QueryFit.FOLDED),
        (b"a=1", b"a=2", QueryFit.UNEQUAL),
        (b"a=1", b"", QueryFit.UNEQUAL),
        (b"", b"a=1", QueryFit.UNEQUAL),
        (b"a=1", b"a=1&a=1", QueryFit.UNEQUAL),
        (b"a={{x}}", b"a=9", QueryFit.WILD),
        (b"a={{x}}", b"a", QueryFit.WILD),
        (b"a={{x}}", b"", QueryFit.UNEQUAL),
        (b"a={{x}}", b"a=1&a=2", QueryFit.UNEQUAL),
        (b"a={{x}}", b"b=1", QueryFit.UNEQUAL),
        (b"a=1&a={{x}}", b"a=2&a=1", QueryFit.WILD),
        (b"a=1&a={{x}}", b"a=2&a=3", QueryFit.UNEQUAL),
        (b"a={{x}}&a={{y}}", b"a=1&a=1", QueryFit.WILD),
    ],
)
def test_fit(mine: bytes, theirs: bytes, expected: QueryFit) -> None:
    """Each fit is reached by some queries and just missed by others."""
    assert compute_fit(mine, theirs) is expected


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [(b"a=1", QueryFit.EQUAL), (b"A=1", None), (b"a=2", None), (b"a=1&b=2", None)],
)
def test_exact_takes_only_equal_queries(theirs: bytes, expected: QueryFit | None) -> None:
    """Under EXACT, an unequal query is filtered out, also if only the case differs."""
    assert compute_fit(b"a=1", theirs, QueryRule.EXACT) is expected


@pytest.mark.parametrize(("theirs", "expected"), [(b"A=1", QueryFit.FOLDED), (b"a=2", None), (b"a=1&b=2", None)])
def test_require_filters_out_what_differs_in_more_than_case(theirs: bytes, expected: QueryFit | None) -> None:
    """Under REQUIRE, an unequal query is filtered out, but not one that is equal without case."""
    assert compute_fit(b"a=1", theirs, QueryRule.REQUIRE) is expected


def test_off_looks_at_nothing() -> None:
    """Under OFF, the query gives no points and filters nothing."""
    assert compute_fit(b"a=1", b"b=2", QueryRule.OFF) is QueryFit.OFF


@pytest.mark.parametrize("theirs", [b"token=anything", b"token="])
def test_redacted_value_matches_any(theirs: bytes) -> None:
    """A redacted value matches any value."""
    assert compute_fit(b"token=REDACTED", theirs, QueryRule.REQUIRE, redacted="token") is QueryFit.EQUAL


def test_ignored_names_do_not_count() -> None:
    """Ignored names do not count on either side."""
    ignored = frozenset({"t"})
    pattern = QueryPattern.of(b"a=1&t=5", NONE, ignored, wildcards=True)
    assert pattern.compute_fit(select_pairs(b"t=6&t=7&a=1", ignored), QueryRule.REQUIRE) is QueryFit.EQUAL


def test_wildcards_can_be_off() -> None:
    """Without wildcards, `{{x}}` is text."""
    pattern = QueryPattern.of(b"a={{x}}", NONE, NONE, wildcards=False)
    assert pattern.pairs == (("a", "{{x}}"),)


def test_equal_queries_have_equal_keys() -> None:
    """The key contains open names once for each value, without the values."""
    pattern = QueryPattern.of(b"b=2&a={{x}}", NONE, NONE, wildcards=True)
    assert pattern.build_key() == build_query_key(select_pairs(b"a=9&b=2", NONE), pattern.open_names)
    assert pattern.build_key() != build_query_key(select_pairs(b"a=9&a=8&b=2", NONE), pattern.open_names)


def test_difference_hides_secrets() -> None:
    """The names of redacted values are shown, the values never."""
    pattern = QueryPattern.of(b"a=1&b=2&token=x&token=y", frozenset({"token"}), NONE, wildcards=True)
    hidden = frozenset({"token"})
    missing, extra = pattern.list_differences(select_pairs(b"a=1&b=3&token=geheim", NONE), hidden)
    assert (missing, extra) == (["b=2", "token=[redacted]"], ["b=3"])
    assert pattern.list_differences(select_pairs(b"token=1&token=2&token=3", NONE), hidden)[1] == ["token=[redacted]"]


def test_difference_shows_what_a_wildcard_could_not_take() -> None:
    """A wildcard without a value in the request is shown as missing."""
    pattern = QueryPattern.of(b"a={{x}}&b={{y}}", NONE, NONE, wildcards=True)
    assert pattern.list_differences(select_pairs(b"a=1&a=2", NONE), NONE) == (["b=[any]"], ["a=2"])
