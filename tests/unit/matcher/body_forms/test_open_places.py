"""Places whose values do not count."""

from __future__ import annotations

from understudy.matcher.body_forms.open_places import Mark, Opening, find_wild_texts, places_from_redacted, select_marks
from understudy.store.model.exchanges import Part, RedactedPlace
from understudy.store.model.json_paths import parse_json_path


def test_only_bodies_are_opened() -> None:
    """Headers and queries are compared elsewhere."""
    assert places_from_redacted(
        [RedactedPlace(Part.HEADER, "a"), RedactedPlace(Part.QUERY, "b"), RedactedPlace(Part.FORM, "c")]
    ) == {Opening(Part.FORM, "c")}


def test_a_secret_stays_one() -> None:
    """Where a place is redacted and a wildcard too, it is shown as redacted."""
    places = frozenset({Opening(Part.FORM, "a", Mark.ANY), Opening(Part.FORM, "a"), Opening(Part.JSON, "$.b")})
    assert select_marks(places, Part.FORM) == {"a": Mark.REDACTED}


def test_wild_texts() -> None:
    """Where a text is a single {{name}}, however odd the names on the way; the paths can be read."""
    value = {"a": ["{{x}}", "b{{x}}"], "it's": {"a.b": "{{y}}"}, "": "{{z}}"}
    paths = list(find_wild_texts(value))
    assert paths == ["$.a[0]", "$['it''s']['a.b']", "$['']"]
    assert [parse_json_path(path) for path in paths] == [("a", 0), ("it's", "a.b"), ("",)]
