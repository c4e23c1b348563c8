"""Tests of the kinds of bodies."""

from __future__ import annotations

import pytest

from understudy.matcher.body_forms.kinds import UNTYPED, BodyKind, Reading, choose_reading, parse_body_type
from understudy.store.model.media_types import parse_media_type


@pytest.mark.parametrize(
    ("media", "reading"),
    [
        ("application/json", Reading.JSON),
        ("text/json", Reading.JSON),
        ("application/problem+json", Reading.JSON),
        ("application/x-amz-json-1.1", Reading.JSON),
        ("application/x-amz-json", Reading.BYTES),
        ("application/x-ndjson", Reading.SEQUENCE),
        ("application/json-seq", Reading.SEQUENCE),
        ("application/geo+json-seq", Reading.SEQUENCE),
        ("application/stream+json", Reading.SEQUENCE),
        ("application/xml", Reading.XML),
        ("text/xml", Reading.XML),
        ("image/svg+xml", Reading.XML),
        ("application/x-www-form-urlencoded", Reading.FORM),
        ("multipart/mixed", Reading.MULTIPART),
        ("application/graphql", Reading.GRAPHQL),
        ("text/plain", Reading.PLAIN),
        ("text/html", Reading.TEXT),
        ("text/event-stream", Reading.TEXT),
        ("application/yaml", Reading.TEXT),
        ("application/octet-stream", Reading.BYTES),
    ],
)
def test_reading(media: str, reading: Reading) -> None:
    """The reading follows from the media type, or from its suffix (RFC 6839)."""
    assert choose_reading(media) is reading


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("application/json", "text/json", True),
        ("application/vnd.api+json; charset=utf-8", "Application/X-Amz-Json-1.0", True),
        ("text/xml", "application/soap+xml", True),
        ("application/x-ndjson", "application/json", False),
        ("application/json", "application/xml", False),
        ("image/png", "image/gif", False),
        ("text/plain", None, False),
    ],
)
def test_names_of_one_type(one: str, other: str | None, same: bool) -> None:
    """All names of JSON are one type, all of XML too; others are as they are written."""
    assert (parse_body_type(one) == parse_body_type(other)) is same


@pytest.mark.parametrize("missing", [None, "", " ", ";charset=utf-8"])
def test_no_type(missing: str | None) -> None:
    """A missing or empty Content-Type is no type."""
    assert parse_body_type(missing) == UNTYPED


@pytest.mark.parametrize(
    ("content_type", "media"),
    [(None, None), ("", None), (" Text/Plain ; charset=x", "text/plain"), (";a", None)],
)
def test_media_type(content_type: str | None, media: str | None) -> None:
    """The media type has no parameters, and is in lower case."""
    assert parse_media_type(content_type) == media


def test_every_kind_has_words() -> None:
    """Every kind has a label for people, and every reading has a kind."""
    assert all(kind.label for kind in BodyKind)
    assert {reading.kind for reading in Reading} == set(BodyKind)
