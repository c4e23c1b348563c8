"""Tests of places whose values do not count."""

from __future__ import annotations

from understudy.matcher.body_forms.open_places import Mark, Opening, find_wild_texts, places_from_redacted, select_marks
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
