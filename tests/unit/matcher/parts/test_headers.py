"""Tests of the comparison of listed headers."""

from __future__ import annotations

import pytest

from understudy.matcher.parts.headers import NO_HEADERS, HeaderPattern, build_header_key, read_header_values
from understudy.store.model.messages import Headers

NAMES = ("x-a", "x-b")


@pytest.mark.parametrize(
    ("fields", "values"),
    [
        ([], (None, None)),
        ([("X-A", "Red ")], ("red", None)),
        ([("x-a", "1"), ("X-A", "2"), ("x-b", "")], ("1, 2", "")),
    ],
)
def test_values(fields: list[tuple[str, str]], values: tuple[str | None, ...]) -> None:
    """Values have no case, several lines are one list, and a missing header is not an empty one."""
    assert read_header_values(Headers.of(fields), NAMES) == values


def test_open_values_must_exist() -> None:
    """An open value matches any value, but not a missing header."""
    opened = frozenset({("x-a", 0)})
    assert build_header_key(("1", "2"), NAMES, opened) == build_header_key(("3", "2"), NAMES, opened)
    assert build_header_key((None, "2"), NAMES, opened) != build_header_key(("3", "2"), NAMES, opened)


def test_wildcards_and_secrets_are_open() -> None:
    """A redacted value is open, and a single {{name}} in the fields where wildcards count."""
    headers = Headers.of([("X-A", "{{a}}"), ("X-B", "R"), ("X-C", "{{c}}")])
    assert HeaderPattern.of(headers, NAMES, ["x-b"], frozenset({"x-a"})).open_headers == {("x-a", 0), ("x-b", 0)}
    assert HeaderPattern.of(headers, NAMES, ["x-b"]).open_headers == {("x-b", 0)}


def test_differing() -> None:
    """Each header that differs is listed."""
    pattern = HeaderPattern.of(Headers.of([("X-A", "1"), ("X-B", "2")]), NAMES, [], frozenset(NAMES))
    assert pattern.find_differing(("1", None)) == [("x-b", "2", None)]


def test_nothing_listed() -> None:
    """Without listed headers, all examples share one pattern."""
    assert HeaderPattern.of(Headers(), (), []) is NO_HEADERS
