"""Tests of different bodies as texts; more are in test_differences.py and the golden files."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_example, make_request
from understudy.matcher.explanation.body_differences import explain_comparison, render_bodies
from understudy.matcher.explanation.differing_places import find_differing_paths
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.normal_request import NormalRequest
from understudy.matcher.settings import MatchSettings

BODY = MatchSettings(body=True)


def compile_both(mine: bytes, theirs: bytes, kind: str = "application/json") -> tuple[Candidate, NormalRequest]:
    """Return an example and a request with these bodies."""
    example = make_example(make_request("POST", body=mine, content_type=kind), literal=False)
    request = NormalRequest(make_request("POST", body=theirs, content_type=kind), BODY, ("POST",))
    return Candidate.of((example,), BODY), request


def test_marks_are_shown_and_texts_are_not_changed() -> None:
    """Open values are shown as marks; a text that looks like a token stays."""
    mine, theirs = render_bodies(
        *compile_both(b'{"a":"{{x}}","b":"NaN, Infinity"}', b'{"a":1,"b":"\\"NaN"}'), frozenset()
    )
    assert mine == '{"a":[any],"b":"NaN, Infinity"}'
    assert theirs == '{"a":[any],"b":"\\"NaN"}'


def test_long_bodies_are_shown_by_their_digest() -> None:
    """A long body is shown by its size and digest."""
    assert render_bodies(*compile_both(b"1", b'"' + b"x" * 2**21 + b'"'), frozenset())[1].startswith(
        "2097154 bytes, SHA-256 "
    )


@pytest.mark.parametrize(
    ("mine", "theirs", "notes"),
    [
        (b"1", b"2", ""),
        (b"1", b"{", "the request's body is compared as bytes: it cannot be read as JSON values (application/json)"),
        (b"{", b"1", "the example's body is compared as bytes: it cannot be read as JSON values (application/json)"),
    ],
)
def test_notes(mine: bytes, theirs: bytes, notes: str) -> None:
    """The note names the body that is compared as bytes against its media type."""
    assert explain_comparison(*compile_both(mine, theirs)) == notes


@pytest.mark.parametrize(
    ("one", "other", "paths"),
    [
        ({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}, []),
        ({"a": 1, "b": {"c": 2}}, {"a": 2, "b": {"c": 3}}, ["$.a", "$.b.c"]),
        ({"a": 1}, {"b": 1}, ["$.a", "$.b"]),
        ({"a b": [1, 2, 3]}, {"a b": [1, 4]}, ["$['a b'][1]", "$['a b'][2]"]),
        ({"a": {"b": 1}}, {"a": [1]}, ["$.a"]),
        ([1], {}, ["$"]),
    ],
)
def test_where_documents_differ(one: object, other: object, paths: list[str]) -> None:
    """The differing paths are as short as possible."""
    assert list(find_differing_paths(one, other)) == paths
