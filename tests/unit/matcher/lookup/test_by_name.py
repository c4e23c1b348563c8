"""Tests of examples by id and by name."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example
from understudy.matcher.lookup.by_name import NamedExamples
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.settings import POSTMAN


def make_candidate(*ids: str, name: str = "one") -> Candidate:
    """Return a candidate of one example, or of a sequence."""
    return Candidate.of(tuple(make_example("/a", id=id, name=name) for id in ids), POSTMAN)


@pytest.mark.parametrize("searched_before", [True, False])
def test_lowest_id_of_a_name(searched_before: bool) -> None:
    """The example with the lowest id is found after changes, whether the look-up existed before or not."""
    every = [make_candidate("3", "5"), make_candidate("4"), make_candidate("2", name="two")]
    before = NamedExamples(host=False).apply_changes((), every)
    found = before.find_by_name("GET", None, "one") if searched_before else None
    after = before.apply_changes(every[:1], [make_candidate("6")])
    lowest = after.find_by_name("GET", None, "one")
    assert lowest is not None
    assert lowest.id == "4"
    assert after.find_by_name("GET", None, "three") is None
    assert (after.find_by_id(["5"]), before.find_by_id(["5"]) is None) == (None, False)
    assert [example.id for example in found.examples] == ["3"] if found else not searched_before


@pytest.mark.parametrize("name", ["one ", " one", "one\t"])
def test_white_space_around_a_name(name: str) -> None:
    """A header loses the white space around its value, so that around a name does not count."""
    named = NamedExamples(host=False).apply_changes((), [make_candidate("1", name=name)])
    assert named.find_by_name("GET", None, "one") is not None
    assert named.find_by_name("GET", None, "on") is None


def test_first_existing_id() -> None:
    """The first id that exists is found: Postman's ids may have their owner's number before them."""
    found = (
        NamedExamples(host=False)
        .apply_changes((), [make_candidate("7-4"), make_candidate("4")])
        .find_by_id(["7-4", "4"])
    )
    assert found is not None
    assert found.id == "7-4"
