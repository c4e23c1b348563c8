"""Places whose values do not count."""

from __future__ import annotations

from understudy.matcher.body_forms.open_places import Mark, Opening, names, opened
from understudy.store.model.gateways import Part, Redacted


def test_only_bodies_are_opened() -> None:
    """Headers and queries are compared elsewhere."""
    assert opened([Redacted(Part.HEADER, "a"), Redacted(Part.QUERY, "b"), Redacted(Part.FORM, "c")]) == {
        Opening(Part.FORM, "c")
    }


def test_a_secret_stays_one() -> None:
    """Where a place is redacted and a wildcard too, it is shown as redacted."""
    places = frozenset({Opening(Part.FORM, "a", Mark.ANY), Opening(Part.FORM, "a"), Opening(Part.JSON, "$.b")})
    assert names(places, Part.FORM) == {"a": Mark.REDACTED}
