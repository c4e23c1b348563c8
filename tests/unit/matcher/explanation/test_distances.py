"""Tests of distances; whole orders are tested in tests/conformance/nearest.py."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_headers, make_request
from understudy.matcher.explanation.distances import compute_distance, estimate_distance
from understudy.matcher.mock_headers import SelectorProblem, parse_selectors
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.settings import MatchSettings, QueryRule
from understudy.store.model.messages import Request

SETTINGS = MatchSettings(query=QueryRule.REQUIRE, headers=frozenset({"x"}), body=True, distance=False)


def normalize(request: Request) -> NormalRequest:
    """Return the request under settings that compare everything."""
    return NormalRequest(request, SETTINGS, (request.method,))


def make_candidate(request: Request) -> Candidate:
    """Return a candidate of this request."""
    return Candidate.of((make_example(request),), SETTINGS)


def test_match_is_at_no_distance() -> None:
    """A match has the distance 0."""
    request = make_request(target="/a?b", headers=[("x", "1")], body=b"1")
    assert compute_distance(make_candidate(request), normalize(request)) == 0


@pytest.mark.parametrize(
    ("other", "far"),
    [
        (make_request("PUT", "/a?b", headers=[("x", "1")], body=b"1"), 3.0),
        (make_request(target="/a", headers=[("x", "1")], body=b"1"), 2.0),
        (make_request(target="/a?b=2", headers=[("x", "1")], body=b"1"), 1.0),
        (make_request(target="/a?b", body=b"1"), 2.0),
        (make_request(target="/a?b", headers=[("x", "1")], body=b"2"), 1.0),
        (make_request(target="/a?b", headers=[("x", "1")]), 2.0),
        (make_request(target="/z?b", headers=[("x", "1")], body=b"1"), 10.0),
        (make_request(target="/a", body=b"1"), 4.0),
    ],
)
def test_parts_add_up(other: Request, far: float) -> None:
    """The distance adds up each part's weight times its share."""
    request = make_request(target="/a?b", headers=[("x", "1")], body=b"1")
    assert compute_distance(make_candidate(other), normalize(request)) == pytest.approx(far)


def test_estimated_distance_counts_whole_segments() -> None:
    """The estimated distance counts whole segments and the method."""
    request = normalize(make_request(target="/a/b"))
    assert estimate_distance(make_candidate(make_request(target="/a/b")), request) == 0
    assert estimate_distance(make_candidate(make_request(target="/a/bc")), request) == pytest.approx(10 / 3)
    assert estimate_distance(make_candidate(make_request("PUT", "/a/b")), request) == 3


def test_requested_name_is_compared_with_names() -> None:
    """If a request names an example, names are compared and paths do not count."""
    request = make_request(headers=make_headers([("x-mock-response-name", "Example 02")]))
    selectors = parse_selectors(request.headers)
    assert not isinstance(selectors, SelectorProblem)
    near = NormalRequest(request, SETTINGS, ("GET",), selectors)
    assert 0 < compute_distance(make_candidate(make_request(target="/other")), near) < 0.2


def test_a_body_with_more_equal_values_is_nearer() -> None:
    """The nearest example is not just the newest: what is nearest differs in the least."""
    request = NormalRequest(
        make_request("POST", body=b'{"id": 9, "method": "add"}', content_type="application/json"), SETTINGS, ("POST",)
    )
    near, far = (
        compute_distance(
            Candidate.of((make_example(make_request("POST", body=body, content_type="application/json")),), SETTINGS),
            request,
        )
        for body in (b'{"id": 1, "method": "add"}', b'{"id": 2, "method": "sub"}')
    )
    assert near < far
