"""Tests of the candidates that a change removes and adds."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.lookup.index_source import IndexSource
from understudy.matcher.parts.candidate import require_bytes
from understudy.matcher.settings import POSTMAN, STRICT
from understudy.matcher.variables import NO_VARIABLES
from understudy.store.model.collections import Example
from understudy.store.model.messages import BodyRef


def make_sequence_example(id: str, sequence: str | None = None) -> Example:
    """Return an example that may be one of a sequence."""
    return make_example("/a", id=id, sequence=sequence)


def make_source(*examples: Example) -> IndexSource:
    """Return the source of an index of these examples."""
    return IndexSource(POSTMAN, require_bytes, NO_VARIABLES).compile_changes((), examples)[0]


@pytest.mark.parametrize(
    ("removed", "added", "expected_removed", "expected_added"),
    [
        (["1"], [], {"1"}, []),
        ([], [make_sequence_example("9")], {"9"}, ["9"]),
        (["2"], [], {"2", "3"}, ["3"]),
        (["3"], [], {"3"}, ["2"]),
        (["2", "3"], [], {"2", "3"}, []),
        ([], [make_sequence_example("4", "s")], {"4", "3"}, ["2 3 4"]),
        ([], [make_sequence_example("1", "s")], {"1", "3"}, ["1 2 3"]),
        ([], [make_sequence_example("3")], {"3"}, ["3", "2"]),
        ([], [make_sequence_example("3", "t")], {"3"}, ["2", "3"]),
        (["7"], [], {"7"}, []),
    ],
)
def test_sequences(
    removed: list[str], added: list[Example], expected_removed: set[str], expected_added: list[str]
) -> None:
    """Examples join, leave and change sequences: each sequence is one candidate, with the newest one's id."""
    _, change = make_source(
        make_sequence_example("1"), make_sequence_example("2", "s"), make_sequence_example("3", "s")
    ).compile_changes(removed, added)
    assert set(change.removed) == expected_removed
    assert [" ".join(each.id for each in candidate.examples) for candidate in change.added] == expected_added


def test_unusable_sequence_is_remembered() -> None:
    """The other examples of an unusable sequence are compiled again when one is removed."""
    bad = make_example(make_request("POST", "/a", body=BodyRef("ab", 5)), id="2", sequence="s")

    def load_body(_: object) -> bytes:
        raise OSError("not readable")

    before, change = IndexSource(STRICT, load_body, NO_VARIABLES).compile_changes(
        (), [make_sequence_example("1", "s"), bad]
    )
    assert [(each.example, each.reason) for each in change.unusable] == [(bad, "not readable")]
    _, change = before.compile_changes(["2"], ())
    assert (change.removed, change.added) == ({"2"}, ())
    assert [each.examples for each in change.unusable] == [(make_sequence_example("1", "s"),)]


def test_examples_that_left_a_sequence_are_forgotten() -> None:
    """Examples that left a sequence take no memory."""
    after, _ = make_source(make_sequence_example("2", "s"), make_sequence_example("3", "s")).compile_changes(
        ["2"], [make_sequence_example("3")]
    )
    assert (len(after.names), len(after.sequences)) == (0, 0)
