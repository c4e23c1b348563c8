"""Sequences answer in turn."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.factories.messages import make_example
from understudy.matcher.index import compile_index
from understudy.matcher.parts.candidate import Candidate
from understudy.serving.answers.sequences import Sequences


def candidate(*ids: str, sequence: str | None = "s") -> Candidate:
    """Return the one candidate of these examples."""
    [only] = compile_index([make_example(id=id, sequence=sequence) for id in ids]).candidates
    return only


def turns(sequences: Sequences, one: Candidate, count: int) -> list[str | None]:
    return [example.id if example else None for example in (sequences.next(one) for _ in range(count))]


@pytest.mark.parametrize(
    ("once", "ids", "expected"),
    [
        (False, "abc", ["a", "b", "c", "c", "c"]),
        (True, "abc", ["a", "b", "c", None, None]),
        (False, "a", ["a", "a", "a", "a", "a"]),
        (True, "a", ["a", None, None, None, None]),
    ],
)
def test_examples_take_turns(once: bool, ids: str, expected: list[str | None]) -> None:
    assert turns(Sequences(once=once), candidate(*ids), 5) == expected


@pytest.mark.parametrize("once", [False, True])
def test_sequences_are_independent(once: bool) -> None:
    sequences = Sequences(once=once)
    one, other = candidate("a", "b", sequence="s"), candidate("c", "d", sequence="t")
    assert [turns(sequences, each, 1) for each in (one, other, one, other)] == [["a"], ["c"], ["b"], ["d"]]


def test_a_single_example_is_given_once_with_once() -> None:
    sequences = Sequences(once=True)
    assert turns(sequences, candidate("a", sequence=None), 2) == ["a", None]
    assert turns(sequences, candidate("b", sequence=None), 1) == ["b"]


def test_a_sequence_goes_on_in_a_new_index() -> None:
    """An edit compiles the examples again; the position is kept by the name of the sequence."""
    sequences = Sequences()
    assert turns(sequences, candidate("a", "b", "c"), 1) == ["a"]
    assert turns(sequences, candidate("a", "b", "c"), 1) == ["b"]


def test_a_sequence_that_grows_goes_on_with_what_is_new() -> None:
    """Even if its last answer was repeated before."""
    sequences = Sequences()
    assert turns(sequences, candidate("a", "b"), 5) == ["a", "b", "b", "b", "b"]
    assert turns(sequences, candidate("a", "b", "c", "d"), 3) == ["c", "d", "d"]


def test_a_reset_restarts_each_sequence() -> None:
    sequences = Sequences(once=True)
    assert turns(sequences, candidate("a", "b"), 3) == ["a", "b", None]
    sequences.reset()
    assert turns(sequences, candidate("a", "b"), 1) == ["a"]


@pytest.fixture
def hasty_switches() -> Iterator[None]:
    """Let the interpreter switch threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-9)
    yield
    sys.setswitchinterval(before)


def test_threads_share_out_the_turns(hasty_switches: None) -> None:
    sequences, one = Sequences(once=True), candidate(*(f"{number:05}" for number in range(20_000)))
    with ThreadPoolExecutor(4) as threads:
        given = Counter(id for part in threads.map(lambda _: turns(sequences, one, 5_100), range(4)) for id in part)
    assert given.pop(None) == 400
    assert set(given.values()) == {1}
