"""The shortest endings of ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.store.model.ids import ALPHABET, SHORTEST_ENDING, find_shortest_endings


@pytest.mark.parametrize(
    ("ids", "others", "endings"),
    [
        (["01ABCDEFGH"], [], ["CDEFGH"]),
        (["01ABCDEFGH", "01ABCDEFGJ"], [], ["CDEFGH", "CDEFGJ"]),
        (["1XBCDEFGH"], ["2YBCDEFGH"], ["XBCDEFGH"]),
        (["1xbcdefgh"], ["2YBCDEFGH"], ["xbcdefgh"]),
        (["7"], ["17"], ["7"]),
        (["BCDEFGH", "ABCDEFGH"], [], ["BCDEFGH", "ABCDEFGH"]),
        (["abcdefgh", "ABCDEFGH"], [], ["abcdefgh", "ABCDEFGH"]),
        ([], ["ABCDEFGH"], []),
    ],
)
def test_an_ending_is_as_long_as_it_has_to_be(ids: list[str], others: list[str], endings: list[str]) -> None:
    """It has six characters, or more where another id has the same ones; case does not count."""
    assert list(find_shortest_endings(ids, others).values()) == endings


IDS = st.lists(st.text(ALPHABET[:3], min_size=1, max_size=12), min_size=1, unique=True)


@given(IDS)
def test_an_ending_belongs_to_one_id_or_is_a_whole_one(ids: list[str]) -> None:
    endings = find_shortest_endings(ids, ids)
    for id, ending in endings.items():
        assert id.endswith(ending)
        assert ending == id or (len(ending) >= SHORTEST_ENDING and [one for one in ids if one.endswith(ending)] == [id])


@given(IDS)
def test_one_character_less_is_not_enough(ids: list[str]) -> None:
    for ending in find_shortest_endings(ids, ids).values():
        if len(ending) > SHORTEST_ENDING:
            assert len([one for one in ids if one.endswith(ending[1:])]) > 1
