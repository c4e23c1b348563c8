from __future__ import annotations

from dataclasses import dataclass

import pytest

from bench.history import knows_fields, list_questions, parse_sizes
from bench.load import exchanges as made
from bench.load.exchanges import SESSIONS, make_exchanges
from understudy.store.repositories.history import HistoryFilter

IDS = dict(zip((*SESSIONS, "empty"), "abcdef", strict=True))


@dataclass(frozen=True)
class LaterFilter(HistoryFilter):
    """A filter with a field that a later version may add."""

    media_type: str | None = None


def test_a_filter_is_measured_when_it_exists() -> None:
    assert knows_fields({"media_type": "text/html"}, LaterFilter)
    assert not knows_fields({"colour": "red"}, LaterFilter)
    assert knows_fields({})


def test_each_filter_is_asked_with_entries_and_without() -> None:
    asked = [(name, question.entries) for question in list_questions(1_000, IDS) for name in question.conditions]
    for name in ("host", "path", "method", "status", "session_id", "since", "media_type", "search"):
        assert {(name, 50), (name, 0)} <= set(asked)


def test_the_rare_exchange_is_the_only_one_of_its_kind() -> None:
    exchanges = list(make_exchanges(1_000, list("abcde")))
    rare = [each for each in exchanges if made.RARE_TEXT.encode() in each.request.target]
    assert rare == [exchanges[500]]
    assert [each for each in exchanges if each.request.origin == rare[0].request.origin] == rare
    assert [each for each in exchanges if each.response and each.response.status == made.RARE_STATUS] == rare


def test_exchanges_are_the_same_in_every_run_and_one_session_has_most() -> None:
    exchanges = list(make_exchanges(1_000, list("abcde")))
    assert exchanges == list(make_exchanges(1_000, list("abcde")))
    assert sum(each.session_id == "a" for each in exchanges) > 700
    assert {each.session_id for each in exchanges} == set("abcde")


def test_sizes_are_read_in_ascending_order() -> None:
    assert parse_sizes("100000,50000") == [50_000, 100_000]


@pytest.mark.parametrize("text", ["", "many", "0", "-5,10"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_sizes(text)
