"""Tests of examples compiled for comparing."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.body_forms.open_places import Opening
from understudy.matcher.parts.candidate import MAX_KEPT_BODY, Candidate, Rank, require_bytes
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings
from understudy.store.model.collections import Example
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.messages import BodyRef


def compile_candidate(*examples: Example, settings: MatchSettings = POSTMAN) -> Candidate:
    """Return a candidate of these examples."""
    return Candidate.of(examples, settings, require_bytes)


def test_sequence_is_compared_by_its_newest_example() -> None:
    """A sequence has the id and request of its newest example, and all examples in recorded order."""
    candidate = compile_candidate(make_example("/old", id="1"), make_example("/new", id="2"))
    assert (candidate.id, candidate.path.text) == ("2", "/new")
    assert [example.id for example in candidate.examples] == ["1", "2"]


@pytest.mark.parametrize(
    ("target", "literal", "wildcards", "rank"),
    [
        ("/a/{{x}}", False, True, (-1, 3, (False, "1"))),
        ("/a/{{x}}?q={{y}}", False, True, (-2, 3, (False, "1"))),
        ("/a/{{x}}", True, True, (0, 0, (False, "1"))),
        ("/a/{{x}}", False, False, (0, 0, (False, "1"))),
    ],
)
def test_rank(target: str, literal: bool, wildcards: bool, rank: Rank) -> None:
    """Wildcards count in path and query, but not in recorded text, which is literal."""
    settings = MatchSettings(wildcards=wildcards)
    assert compile_candidate(make_example(target, id="1", literal=literal), settings=settings).rank == rank


def test_body_is_compiled_only_when_it_counts() -> None:
    """A body that cannot be compiled is an error only if bodies filter; otherwise it equals none."""
    example = make_example(make_request("POST", body=b"{}"), redacted=[RedactedPlace(Part.JSON, "user.pin")])
    assert compile_candidate(example).body is None
    with pytest.raises(ValueError, match="expected a JSON path"):
        compile_candidate(example, settings=STRICT)


def test_redacted_headers_open_nothing() -> None:
    """Only redacted places of the body are open places."""
    example = make_example(redacted=[RedactedPlace(Part.HEADER, "cookie"), RedactedPlace(Part.FORM, "t")])
    body = compile_candidate(example, settings=STRICT).body
    assert body is not None
    assert body.places == {Opening(Part.FORM, "t")}


def test_match_without_an_index() -> None:
    """A candidate can be scored without an index."""
    candidate = compile_candidate(make_example("/a?q=1"))
    match = candidate.match(NormalRequest(make_request(target="/a/?q=2"), POSTMAN, ("GET",)))
    assert match is not None
    assert match.score == 85


@pytest.mark.parametrize(
    ("request_", "settings"),
    [
        (make_request("POST", "/a"), POSTMAN),
        (make_request("GET", "/b"), POSTMAN),
        (make_request("GET", "/a?q=1"), STRICT),
        (make_request("GET", "/a", body=b"x"), STRICT),
        (make_request("GET", "/a", origin="http://other.test"), STRICT),
    ],
)
def test_every_part_can_filter_a_candidate_out(request_: object, settings: MatchSettings) -> None:
    """Method, path, query, body and host can filter a candidate out."""
    assert isinstance(request_, type(make_request()))
    assert (
        compile_candidate(make_example("/a"), settings=settings).match(
            NormalRequest(request_, settings, (request_.method,))
        )
        is None
    )


@pytest.mark.parametrize(("size", "kept"), [(MAX_KEPT_BODY, True), (MAX_KEPT_BODY + 1, False)])
def test_small_bodies_of_the_store_are_kept_in_memory(size: int, kept: bool) -> None:
    """Small bodies from the store stay in memory, so that they can be shown; of large ones only the pattern."""
    example = make_example(make_request("POST", body=BodyRef("ab", size)))
    candidate = Candidate.of((example,), POSTMAN, lambda _: b"x" * size)
    assert isinstance(candidate.request.body, bytes) is kept
    assert candidate.body is not None
