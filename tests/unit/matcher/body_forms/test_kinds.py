"""What bodies are said to be."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms.kinds import Kind, kind_of
from understudy.store.model.media_types import media_type


@pytest.mark.parametrize(
    ("media", "kind"),
    [
        ("application/json", Kind.JSON),
        ("text/json", Kind.JSON),
        ("application/problem+json", Kind.JSON),
        ("application/xml", Kind.XML),
        ("text/xml", Kind.XML),
        ("image/svg+xml", Kind.XML),
        ("application/x-www-form-urlencoded", Kind.FORM),
        ("multipart/mixed", Kind.MULTIPART),
        ("application/graphql", Kind.GRAPHQL),
        ("text/html", Kind.TEXT),
        ("application/yaml", Kind.TEXT),
        ("application/octet-stream", Kind.BYTES),
        ("", Kind.BYTES),
    ],
)
def test_kind(media: str, kind: Kind) -> None:
    """By media type, or by its suffix (RFC 6839)."""
    assert kind_of(media) is kind


@pytest.mark.parametrize(
    ("content_type", "media"),
    [(None, None), ("", None), (" Text/Plain ; charset=x", "text/plain"), (";a", None)],
)
def test_media_type(content_type: str | None, media: str | None) -> None:
    """Without parameters and case."""
    assert media_type(content_type) == media


def test_every_kind_has_words() -> None:
    """For people."""
    assert all(kind.words for kind in Kind)
