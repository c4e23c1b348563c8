"""Laws of a changed index: it answers and explains as one that is compiled anew, and the one before stays as it was."""

from __future__ import annotations

from collections.abc import Iterable
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.messages import make_example, make_response
from tests.property.test_matcher_laws import ASKED, EVERY_SETTING, REDACTED, REQUESTS
from understudy.matcher.decision import Decision
from understudy.matcher.explanation.rendering import as_json, as_text
from understudy.matcher.index import Index, compile_index
from understudy.matcher.lookup import candidate_groups, persistent_list, persistent_map
from understudy.matcher.settings import MatchSettings, choose_default_settings
from understudy.store.errors import NotFound
from understudy.store.model.collections import Example
from understudy.store.model.messages import Body, Request
from understudy.store.model.values import replace

pytestmark = pytest.mark.once

IDS = st.integers(0, 24).map(lambda number: f"{number:02d}")
UNREADABLE = b"\xff"


@st.composite
def examples(draw: st.DrawFn) -> Example:
    """An example with one of a few ids, so that many replace each other; some in sequences."""
    return make_example(
        draw(REQUESTS),
        id=draw(IDS),
        name=draw(st.sampled_from(["Name 1", "Name 2"])),
        response=make_response(draw(st.sampled_from([200, 500]))),
        literal=draw(st.booleans()),
        redacted=draw(REDACTED),
        sequence=draw(st.sampled_from([None, None, None, "s", "t"])),
    )


CHANGES = st.tuples(st.lists(IDS, max_size=4), st.lists(examples(), max_size=8, unique_by=lambda each: each.id))


def body_of(body: Body) -> bytes:
    """The bytes of a body, one of which cannot be had."""
    assert isinstance(body, bytes)
    if body == UNREADABLE:
        raise NotFound("no such body")
    return body


def compiled(held: Iterable[Example], chosen: MatchSettings) -> Index:
    """An index of examples whose variables have values."""
    return compile_index(held, chosen, load_body=body_of, variables={"x": "a", "n": "2"})


def told(decision: Decision) -> tuple[object, ...]:
    """Everything that a decision says."""
    misses = [(miss.candidate.id, miss.differences) for miss in decision.find_near_misses()]
    others = [(match.candidate.id, match.order) for match in decision.find_runners_up()]
    winner = decision.candidate.examples if decision.candidate else None
    return (
        winner,
        decision.candidate_count,
        decision.is_head_by_get,
        decision.lines,
        misses,
        others,
        as_json(decision),
        as_text(decision),
    )


def held_by(index: Index) -> tuple[object, ...]:
    """What an index is made of, as far as it shows."""
    reasons = [(each.example, each.reason) for each in index.unusable]
    return [each.examples for each in index.candidates], reasons, index.default_settings


@settings(max_examples=400, deadline=None)
@given(
    st.lists(CHANGES, min_size=1, max_size=6),
    st.lists(ASKED, min_size=1, max_size=4),
    EVERY_SETTING,
    st.sampled_from([0, 1, 8]),
    st.sampled_from([1, 2, 256]),
)
def test_changed_index_is_as_compiled_anew(
    changes: list[tuple[list[str], list[Example]]], asked: list[Request], chosen: MatchSettings, few: int, piece: int
) -> None:
    """Whatever goes, comes, joins or leaves a sequence, however small the pieces, and whatever was asked before."""
    with (
        mock.patch.object(candidate_groups, "SMALL_GROUP_SIZE", few),
        mock.patch.object(persistent_map, "LEAF_SIZE", piece),
        mock.patch.object(persistent_list, "PIECE_SIZE", piece),
    ):
        held: dict[str, Example] = {}
        index = compiled([], chosen)
        for gone, come in changes:
            before, said = index, [told(index.decide(request)) for request in asked]
            held = {id: example for id, example in held.items() if id not in gone} | {each.id: each for each in come}
            index = before.apply_changes(gone, come)
            anew = compiled(held.values(), chosen)
            assert held_by(index) == held_by(anew)
            assert index.default_settings == choose_default_settings(held.values())
            for request, answer in zip(asked, said, strict=True):
                assert told(index.decide(request)) == told(anew.decide(request))
                assert told(before.decide(request)) == answer


@settings(max_examples=100, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=4), ASKED, EVERY_SETTING)
def test_index_under_other_settings_changes_alike(
    changes: list[tuple[list[str], list[Example]]], asked: Request, chosen: MatchSettings
) -> None:
    """A gateway compares hosts in an index made of another: each can be changed by itself."""
    other = replace(chosen, host=not chosen.host)
    held: dict[str, Example] = {}
    own = compiled([], chosen)
    index = own.apply_settings(other)
    for gone, come in changes:
        held = {id: example for id, example in held.items() if id not in gone} | {each.id: each for each in come}
        own, index = own.apply_changes(gone, come), index.apply_changes(gone, come)
        anew = compiled(held.values(), chosen).apply_settings(other)
        assert held_by(index) == held_by(anew)
        assert told(index.decide(asked)) == told(anew.decide(asked))
