"""Properties of a changed index: it equals a newly compiled one, and the index before the change stays unchanged."""

from __future__ import annotations

from collections.abc import Iterable
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.messages import make_example, make_response
from tests.proofs import choose
from tests.property.test_matcher_laws import ASKED, EDITS, EVERY_SETTING, REDACTED, REQUESTS
from understudy.matcher.decision import Decision
from understudy.matcher.explanation.rendering import as_json, as_text
from understudy.matcher.index import Index, compile_index
from understudy.matcher.lookup import candidate_groups, persistent_list, persistent_map
from understudy.matcher.settings import MatchSettings
from understudy.store.errors import NotFound
from understudy.store.model.collections import Example
from understudy.store.model.messages import Body, Request
from understudy.store.model.values import replace

IDS = st.integers(0, 24).map(lambda number: f"{number:02d}")
UNREADABLE = b"\xff"


@st.composite
def examples(draw: st.DrawFn) -> Example:
    """Draw an example with one of a few ids, so that many replace each other; some are in sequences."""
    return make_example(
        draw(REQUESTS),
        id=draw(IDS),
        name=draw(st.sampled_from(["Name 1", "Name 2"])),
        response=make_response(draw(st.sampled_from([200, 500]))),
        **draw(EDITS),
        redacted=draw(REDACTED),
        sequence=draw(st.sampled_from([None, None, None, "s", "t"])),
    )


CHANGES = st.tuples(st.lists(IDS, max_size=4), st.lists(examples(), max_size=8, unique_by=lambda each: each.id))


def body_of(body: Body) -> bytes:
    """Return the bytes of a body; raise for the one that cannot be read."""
    assert isinstance(body, bytes)
    if body == UNREADABLE:
        raise NotFound("no such body")
    return body


def compile_examples(examples: Iterable[Example], chosen: MatchSettings) -> Index:
    """Compile an index of examples, with values for their variables."""
    return compile_index(examples, chosen, load_body=body_of, variables={"x": "a", "n": "2"})


def describe(decision: Decision) -> tuple[object, ...]:
    """Return all parts of a decision."""
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


def list_content(index: Index) -> tuple[object, ...]:
    """Return the visible content of an index."""
    reasons = [(each.example, each.reason) for each in index.unusable]
    return [each.examples for each in index.candidates], reasons


@settings(max_examples=choose(400, 40))
@given(
    st.lists(CHANGES, min_size=1, max_size=6),
    st.lists(ASKED, min_size=1, max_size=4),
    EVERY_SETTING,
    st.sampled_from([0, 1, 8]),
    st.sampled_from([1, 2, 256]),
)
def test_a_changed_index_equals_a_newly_compiled_one(
    changes: list[tuple[list[str], list[Example]]], requests: list[Request], chosen: MatchSettings, few: int, piece: int
) -> None:
    """For any additions, deletions and changes of sequences, any size of pieces, and any earlier decisions."""
    with (
        mock.patch.object(candidate_groups, "SMALL_GROUP_SIZE", few),
        mock.patch.object(persistent_map, "LEAF_SIZE", piece),
        mock.patch.object(persistent_list, "PIECE_SIZE", piece),
    ):
        current: dict[str, Example] = {}
        index = compile_examples([], chosen)
        for removed, added in changes:
            before, decisions = index, [describe(index.decide(request)) for request in requests]
            current = {id: example for id, example in current.items() if id not in removed} | {
                each.id: each for each in added
            }
            index = before.apply_changes(removed, added)
            recompiled = compile_examples(current.values(), chosen)
            assert list_content(index) == list_content(recompiled)
            for request, decision in zip(requests, decisions, strict=True):
                assert describe(index.decide(request)) == describe(recompiled.decide(request))
                assert describe(before.decide(request)) == decision


@settings(max_examples=choose(100, 20))
@given(st.lists(CHANGES, min_size=1, max_size=4), ASKED, EVERY_SETTING)
def test_index_under_other_settings_changes_alike(
    changes: list[tuple[list[str], list[Example]]], request: Request, chosen: MatchSettings
) -> None:
    """An index with other settings, such as a gateway's that compares hosts, can be changed independently."""
    other = replace(chosen, host=not chosen.host)
    current: dict[str, Example] = {}
    own = compile_examples([], chosen)
    index = own.apply_settings(other)
    for removed, added in changes:
        current = {id: example for id, example in current.items() if id not in removed} | {
            each.id: each for each in added
        }
        own, index = own.apply_changes(removed, added), index.apply_changes(removed, added)
        recompiled = compile_examples(current.values(), chosen).apply_settings(other)
        assert list_content(index) == list_content(recompiled)
        assert describe(index.decide(request)) == describe(recompiled.decide(request))
