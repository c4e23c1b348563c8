"""The numbers of the specification, as its tables give them."""

from __future__ import annotations

from understudy.matcher.scores import PART_WEIGHTS, PathLine, QueryFit, RequestPart


def test_path_lines_have_the_points_of_the_table() -> None:
    """Best first."""
    assert [int(line) for line in PathLine] == [100, 95, 90, 85, 80, 79, 75, 70]


def test_query_points() -> None:
    """Equal, equal with an open value, ignoring case, not compared, unequal."""
    assert [int(fit) for fit in QueryFit] == [10, 9, 5, 0, -10]


def test_every_number_has_words() -> None:
    """What is shown to people never falls back to a name in capitals."""
    assert all(each.reason == each.reason.lower() for each in (*PathLine, *QueryFit))


def test_every_part_can_be_far() -> None:
    """A part that filters has a weight among near misses."""
    assert set(PART_WEIGHTS) == set(RequestPart)
