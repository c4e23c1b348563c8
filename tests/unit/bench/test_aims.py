from __future__ import annotations

import math

import pytest

from bench.aims import Aim, compute_ratio


@pytest.mark.parametrize(
    ("value", "least", "met"), [(2.0, True, True), (1.9, True, False), (2.0, False, True), (2.1, False, False)]
)
def test_a_bound_belongs_to_what_meets_an_aim(value: float, least: bool, met: bool) -> None:
    assert Aim("rate", value, 2.0, least=least).met is met


@pytest.mark.parametrize("least", [True, False])
def test_what_was_not_measured_meets_no_aim(least: bool) -> None:
    assert not Aim("rate", None, 2.0, least=least).met


@pytest.mark.parametrize(
    ("ours", "theirs", "times"), [(6.0, 2.0, 3.0), (6.0, 0.0, math.inf), (None, 2.0, None), (6.0, None, None)]
)
def test_a_ratio_needs_both_sides(ours: float | None, theirs: float | None, times: float | None) -> None:
    assert compute_ratio(ours, theirs) == times
