"""Tests of the similarity of segments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plain_matcher import compute_edit_distance
from understudy.matcher.lookup.edit_distance import (
    compute_allowed_edits,
    levenshtein,
    measure_common_prefix,
    measure_similarity,
)
from understudy.matcher.scores import MAX_SEGMENT_LENGTH, MIN_SIMILARITY

NEAR = st.text("abcé", max_size=12)


@given(NEAR, NEAR)
def test_levenshtein(one: str, other: str) -> None:
    """The distance is the one of the definition."""
    assert levenshtein(one, other) == compute_edit_distance(one, other)


@given(NEAR, NEAR)
def test_similar(one: str, other: str) -> None:
    """The cheap checks refuse no similar segment."""
    expected = 1 - compute_edit_distance(one, other) / max(len(one), len(other), 1) >= MIN_SIMILARITY
    assert (measure_similarity(one, other) is not None) is expected


@pytest.mark.parametrize(("length", "fits"), [(MAX_SEGMENT_LENGTH, True), (MAX_SEGMENT_LENGTH + 1, False)])
def test_long_segments(length: int, fits: bool) -> None:
    """Segments beyond the limit are not compared."""
    assert (measure_similarity("x" * length, "x" * (length - 1) + "y") is not None) is fits


@pytest.mark.parametrize(
    ("lengths", "allowed"),
    [((3, 3), 0), ((4, 1), 1), ((7, 4), 1), ((8, 8), 2), ((512, 1), 128), ((1, 513), None)],
)
def test_allowed_edits(lengths: tuple[int, int], allowed: int | None) -> None:
    """A quarter of the longer segment may be edits."""
    assert compute_allowed_edits(*lengths) == allowed


@given(NEAR, NEAR)
def test_common_prefix(one: str, other: str) -> None:
    """The prefix is common, and as long as possible."""
    length = measure_common_prefix(one, other)
    assert one[:length] == other[:length]
    assert one[length : length + 1] != other[length : length + 1] or length == len(one) == len(other)
