"""Tests of the bit sets that preselect similar segments."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.matcher.lookup import similar_paths
from understudy.matcher.lookup.edit_distance import measure_similarity
from understudy.matcher.lookup.similar_paths import SiblingSegments

SEGMENTS = st.lists(st.text("abcdefgh", max_size=12), max_size=20)


@given(SEGMENTS, st.text("abcdefgh", max_size=12), st.sampled_from([0, 32]), st.sampled_from([0, 32]))
def test_no_similar_segment_is_left_out(segments: list[str], segment: str, most: int, many: int) -> None:
    """No similar segment is left out, with or without the filter by letters."""
    with mock.patch.multiple(similar_paths, _MAX_LETTERS=most, _MAX_SCANNED=many):
        near = set(SiblingSegments(segments).find_similar(segment))
    similar = {number for number, each in enumerate(segments) if measure_similarity(each, segment) is not None}
    assert {number for number in similar if segments[number] != segment} <= near


@pytest.mark.parametrize(
    ("segments", "segment", "near"),
    [
        (["abcdefgh", "abcdefxy", "abcdewxy", "zzzzzzzz"], "abcdefgh", [0, 1]),
        (["ab", "abc", "abcd", "abcde"], "abcd", [1, 2, 3]),
        (["ab"], "ab", []),
        ([], "ab", []),
    ],
)
def test_preselected_segments(segments: list[str], segment: str, near: list[int]) -> None:
    """Segments are preselected by length, then by letters."""
    assert list(SiblingSegments(segments).find_similar(segment)) == near
