"""Tests of places whose values do not count."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms.open_places import (
    Mark,
    Opening,
    find_wild_texts,
    parse_ignored_place,
    places_from_redacted,
    select_marks,
)
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.json_paths import parse_json_path


def test_only_bodies_are_opened() -> None:
    """Redacted places of headers and queries are not places of the body."""
    assert places_from_redacted(
        [RedactedPlace(Part.HEADER, "a"), RedactedPlace(Part.QUERY, "b"), RedactedPlace(Part.FORM, "c")]
    ) == {Opening(Part.FORM, "c")}


def test_redacted_beats_wildcard() -> None:
    """A place that is redacted and a wildcard too is shown as redacted."""
    places = frozenset({Opening(Part.FORM, "a", Mark.ANY), Opening(Part.FORM, "a"), Opening(Part.JSON, "$.b")})
    assert select_marks(places, Part.FORM) == {"a": Mark.REDACTED}


def test_wild_texts() -> None:
    """A wild text is a single {{name}}; its path can be parsed, whatever the names on the way."""
    value = {"a": ["{{x}}", "b{{x}}"], "it's": {"a.b": "{{y}}"}, "": "{{z}}"}
    paths = list(find_wild_texts(value))
    assert paths == ["$.a[0]", "$['it''s']['a.b']", "$['']"]
    assert [parse_json_path(path) for path in paths] == [("a", 0), ("it's", "a.b"), ("",)]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("$.a[*].b", Part.JSON),
        ("$", Part.JSON),
        ("$filter", Part.FORM),
        ("oauth_nonce", Part.FORM),
        ("a/b", Part.FORM),
        ("//MessageID", Part.XML),
        ("/Envelope/Header", Part.XML),
    ],
)
def test_ignored_place_is_recognized_by_its_form(text: str, part: Part) -> None:
    """A dollar sign with a step begins a JSON path, a slash an XML place; all else is a field name."""
    assert parse_ignored_place(text) == Opening(part, text, Mark.IGNORED)


@pytest.mark.parametrize("text", ["", " ", "/", "//", "$.", "$[", "/a//b", "/a/", "/a/@b", "//*", "//a[1]"])
def test_bad_place_is_refused(text: str) -> None:
    """A place that could never fit raises ValueError."""
    with pytest.raises(ValueError, match="expected"):
        parse_ignored_place(text)
