"""Tests of requests in their normal forms."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_request
from understudy.matcher.parts.bodies import NO_SHAPE
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings, QueryRule
from understudy.store.model.messages import BodyRef


def test_segments_ignore_case_and_trailing_slashes() -> None:
    """The folded segments have no case and no trailing slashes."""
    assert NormalRequest(make_request(target="/A/b//"), POSTMAN, ("GET",)).folded_segments == ("", "a", "b")


def test_query_is_not_read_when_it_does_not_count() -> None:
    """The query is not parsed if it does not count."""
    assert NormalRequest(make_request(target="/a?b=1"), MatchSettings(query=QueryRule.OFF), ("GET",)).pairs == ()


def test_body_is_not_read_when_it_does_not_count() -> None:
    """The body is not needed if it does not count."""
    assert NormalRequest(make_request(body=BodyRef("ab", 2)), POSTMAN, ("GET",)).build_body_key(NO_SHAPE) == b""


def test_body_must_be_bytes_when_it_counts() -> None:
    """A body that counts must be bytes."""
    with pytest.raises(AssertionError):
        NormalRequest(make_request(body=BodyRef("ab", 2)), STRICT, ("GET",)).build_body_key(NO_SHAPE)
