"""Tests of the kinds of bodies."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms.kinds import BodyKind, kind_from_media_type
from understudy.store.model.media_types import parse_media_type


@pytest.mark.parametrize(
    ("media", "kind"),
    [
        ("application/json", BodyKind.JSON),
        ("text/json", BodyKind.JSON),
        ("application/problem+json", BodyKind.JSON),
        ("application/xml", BodyKind.XML),
        ("text/xml", BodyKind.XML),
        ("image/svg+xml", BodyKind.XML),
        ("application/x-www-form-urlencoded", BodyKind.FORM),
        ("multipart/mixed", BodyKind.MULTIPART),
        ("application/graphql", BodyKind.GRAPHQL),
        ("text/html", BodyKind.TEXT),
        ("application/yaml", BodyKind.TEXT),
        ("application/octet-stream", BodyKind.BYTES),
        ("", BodyKind.BYTES),
    ],
)
def test_kind(media: str, kind: BodyKind) -> None:
    """The kind follows from the media type, or from its suffix (RFC 6839)."""
    assert kind_from_media_type(media) is kind


@pytest.mark.parametrize(
    ("content_type", "media"),
    [(None, None), ("", None), (" Text/Plain ; charset=x", "text/plain"), (";a", None)],
)
def test_media_type(content_type: str | None, media: str | None) -> None:
    """The media type has no parameters, and is in lower case."""
    assert parse_media_type(content_type) == media


def test_every_kind_has_words() -> None:
    """Every kind has a label for people."""
    assert all(kind.label for kind in BodyKind)
