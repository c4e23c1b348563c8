"""Requests in the forms that look-ups ask for."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_request
from understudy.matcher.body_forms.open_places import NOWHERE
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.settings import POSTMAN, STRICT, MatchSettings, QueryRule
from understudy.store.model.messages import BodyRef


def test_segments_ignore_case_and_trailing_slashes() -> None:
    """As the literals of wildcard paths do."""
    assert NormalRequest(make_request(target="/A/b//"), POSTMAN, ("GET",)).folded_segments == ("", "a", "b")


def test_query_is_not_read_when_it_does_not_count() -> None:
    """OFF looks at nothing."""
    assert NormalRequest(make_request(target="/a?b=1"), MatchSettings(query=QueryRule.OFF), ("GET",)).pairs == ()


def test_body_is_not_read_when_it_does_not_count() -> None:
    """So a mock server need not have it."""
    assert NormalRequest(make_request(body=BodyRef("ab", 2)), POSTMAN, ("GET",)).build_body_key(NOWHERE) == b""


def test_body_must_be_bytes_when_it_counts() -> None:
    """A reference cannot be compared."""
    with pytest.raises(AssertionError):
        NormalRequest(make_request(body=BodyRef("ab", 2)), STRICT, ("GET",)).build_body_key(NOWHERE)
