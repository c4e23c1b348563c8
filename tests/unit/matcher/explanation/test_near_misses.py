"""Tests of near misses; their order is tested in tests/conformance/nearest.py."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.explanation.near_misses import NOT_COMPARED, UNEXPLAINED, CandidatePool, select_near_misses
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.scores import MAX_EXAMINED, MAX_NEAR_MISSES
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings

JSON = "application/json"


def make_candidates(count: int) -> list[Candidate]:
    """Return so many candidates, newest first."""
    made = [Candidate.of((make_example(f"/{number}x", id=f"{number:05d}"),), POSTMAN) for number in range(count)]
    return made[::-1]


def test_nearby_candidates_are_bounded() -> None:
    """At most 1,000 candidates are examined."""
    request = NormalRequest(make_request(target="/nothing"), POSTMAN, ("GET",))
    assert (
        len(CandidatePool().apply_changes((), make_candidates(MAX_EXAMINED + 1)).find_nearby(request, ()))
        == MAX_EXAMINED
    )


def test_fitting_paths_come_first_and_once() -> None:
    """Candidates whose path fits come first, each once, and others after them."""
    every = make_candidates(10)
    request = NormalRequest(make_request(target="/nothing"), POSTMAN, ("GET",))
    nearby = CandidatePool().apply_changes((), every).find_nearby(request, [every[3], every[3]])
    assert nearby[0] is every[3]
    assert len(nearby) == 10


def test_near_misses_are_few() -> None:
    """There are at most three near misses."""
    request = NormalRequest(make_request(target="/nothing"), POSTMAN, ("GET",))
    assert len(select_near_misses(make_candidates(10), request)) == MAX_NEAR_MISSES


def test_no_secret_of_either_request_is_shown() -> None:
    """Secrets of the example and of the request are hidden; the differences beside them are shown."""
    key = "sk-" + "a1B2c3D4e5" * 3
    mine = make_request(target=f"/{key}?pin=mine&page=1", body=b'{"password": "mine", "n": 1}', content_type=JSON)
    theirs = make_request(
        target=f"/{key}x?pin=theirs&page=2", body=b'{"password": "theirs", "n": 2}', content_type=JSON
    )
    candidate = Candidate.of((make_example(mine),), STRICT)
    (miss,) = select_near_misses([candidate], NormalRequest(theirs, STRICT, ("GET",)))
    text = repr(miss.differences)
    assert not any(secret in text for secret in ("mine", "theirs", key))
    assert all(shown in text for shown in ("page=1", "page=2", "/REDACTED"))


def test_a_body_that_is_too_old_to_be_compared_is_explained() -> None:
    """An example beyond the newest hundred with wildcards inside texts has a difference, although nothing differs."""
    body = make_request("POST", "/a", body=b'{"a": "b{{x}}"}', content_type=JSON)
    settings = MatchSettings(body=True)
    candidate = Candidate.of((make_example(body, literal=False),), settings)
    request = NormalRequest(make_request("POST", "/a", body=b'{"a": "bc"}', content_type=JSON), settings, ("POST",))
    [miss] = select_near_misses([candidate], request)
    assert miss.differences == (NOT_COMPARED,)


@pytest.mark.parametrize("settings", [MatchSettings(body=True), POSTMAN])
def test_a_miss_without_a_difference_is_called_a_bug(settings: MatchSettings) -> None:
    """Of an example that answers the request, there is no difference to show."""
    request = make_request("POST", "/a", body=b'{"a": "b"}', content_type=JSON)
    candidate = Candidate.of((make_example(request),), settings)
    [miss] = select_near_misses([candidate], NormalRequest(request, settings, ("POST",)))
    assert miss.differences == (UNEXPLAINED,)
