from __future__ import annotations

import json

import pytest

from bench.recording.size import ANSWERS, count_bytes, make_body, make_row


@pytest.mark.parametrize("size", [answers.size for answers in ANSWERS if answers.size])
def test_bodies_are_json_of_one_size_and_all_differ(size: int) -> None:
    bodies = [make_body(number, size) for number in range(50)]
    assert {len(body) for body in bodies} == {size}
    assert len(set(bodies)) == 50
    assert [json.loads(body)["number"] for body in bodies] == list(range(50))
    assert bodies == [make_body(number, size) for number in range(50)]


def test_the_bytes_of_both_directions_are_added_up() -> None:
    assert count_bytes("180 1290\n181 1291\n", 2) == 2_942


def test_an_exchange_that_did_not_reach_the_upstream_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="1 requests instead of 2"):
        count_bytes("180 1290\n", 2)


@pytest.mark.parametrize(("stored", "ratio", "met"), [(2_400, "1.20", "met"), (2_500, "1.25", "NOT MET")])
def test_a_row_has_the_ratio_and_its_aim(stored: int, ratio: str, met: str) -> None:
    row = make_row(ANSWERS[0], 2, stored, 2_000)
    assert row[1:3] == (ratio, "at most 1.20")
    assert row[3] == f"{met}, {stored / 2:,.0f} bytes for each exchange of 1,000"
