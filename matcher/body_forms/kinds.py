"""How bodies are read, by media type, and the kinds that they are compared as."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from understudy.store.model.media_types import LINES_OF_JSON, parse_media_type

_TEXTUAL = frozenset(f"application/{name}" for name in ("javascript", "yaml", "x-yaml", "toml", "sql", "x-sh"))
_SEQUENCES = LINES_OF_JSON - {"text/event-stream"}

JSON, XML, FORM = "application/json", "application/xml", "application/x-www-form-urlencoded"


class BodyKind(StrEnum):
    """What bodies are compared as. A canonical form begins with its kind, so bodies of two kinds are never equal."""

    JSON = "json"
    SEQUENCE = "sequence"
    GRAPHQL = "graphql"
    FORM = "form"
    MULTIPART = "multipart"
    XML = "xml"
    TEXT = "text"
    BYTES = "bytes"

    @property
    def label(self) -> str:
        """The compared things, in words for people."""
        return _WORDS[self]


_WORDS = {
    BodyKind.JSON: "JSON values",
    BodyKind.SEQUENCE: "a sequence of JSON values",
    BodyKind.GRAPHQL: "GraphQL",
    BodyKind.FORM: "form fields",
    BodyKind.MULTIPART: "parts",
    BodyKind.XML: "XML",
    BodyKind.TEXT: "text",
    BodyKind.BYTES: "bytes",
}


class Reading(StrEnum):
    """How a body is read, by its media type alone; a body that cannot be read so is compared as bytes.

    PLAIN (`text/plain`) and UNTYPED (no Content-Type) are JSON where the body is one object or array, else text and
    bytes.
    """

    JSON = "json"
    SEQUENCE = "sequence"
    GRAPHQL = "graphql"
    FORM = "form"
    MULTIPART = "multipart"
    XML = "xml"
    TEXT = "text"
    PLAIN = "plain"
    BYTES = "bytes"
    UNTYPED = "untyped"

    @property
    def kind(self) -> BodyKind:
        """The kind of a body that can be read so, and is not a JSON document by its content alone."""
        return _READING_KINDS[self]


_READING_KINDS = {each: BodyKind(each.value) for each in Reading if each.value in set(BodyKind)} | {
    Reading.PLAIN: BodyKind.TEXT,
    Reading.UNTYPED: BodyKind.BYTES,
}


class BodyType(NamedTuple):
    """A media type by one name (of JSON and XML the names count as one; "" without Content-Type), and its reading."""

    media: str
    reading: Reading


UNTYPED = BodyType("", Reading.UNTYPED)


@lru_cache(maxsize=1024)
def parse_body_type(content_type: str | None) -> BodyType:
    """Return the type of a body with this Content-Type, whose parameters do not count."""
    media = parse_media_type(content_type)
    if media is None:
        return UNTYPED
    reading = choose_reading(media)
    return BodyType({Reading.JSON: JSON, Reading.XML: XML}.get(reading, media), reading)


def choose_reading(media: str) -> Reading:
    """Return how bodies of this media type are read."""
    if media in _SEQUENCES or media.endswith("+json-seq"):
        return Reading.SEQUENCE
    if media in (JSON, "text/json") or media.endswith("+json") or media.startswith("application/x-amz-json-"):
        return Reading.JSON
    if media in (XML, "text/xml") or media.endswith("+xml"):
        return Reading.XML
    if media.startswith("multipart/"):
        return Reading.MULTIPART
    if media.startswith("text/") or media in _TEXTUAL:
        return Reading.PLAIN if media == "text/plain" else Reading.TEXT
    return {FORM: Reading.FORM, "application/graphql": Reading.GRAPHQL}.get(media, Reading.BYTES)
