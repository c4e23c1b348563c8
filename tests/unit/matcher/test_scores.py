"""Tests of the numbers of docs/matching.md."""

from __future__ import annotations

from understudy.matcher.scores import PART_WEIGHTS, PathLine, QueryFit, RequestPart


def test_path_lines_have_the_points_of_the_table() -> None:
    """The path lines have the points of the table, best first."""
    assert [int(line) for line in PathLine] == [100, 95, 90, 85, 80, 79, 75, 70]


def test_query_points() -> None:
    """The query fits have their points: equal, equal with an open value, ignoring case, not compared, unequal."""
    assert [int(fit) for fit in QueryFit] == [10, 9, 5, 0, -10]


def test_every_line_and_fit_has_a_reason() -> None:
    """Each path line and query fit has a reason in words."""
    assert all(each.reason == each.reason.lower() for each in (*PathLine, *QueryFit))


def test_every_part_has_a_weight() -> None:
    """Each part that filters has a weight among near misses."""
    assert set(PART_WEIGHTS) == set(RequestPart)
