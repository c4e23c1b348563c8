"""The kinds of bodies, by media type."""

from __future__ import annotations

from enum import StrEnum

_TEXTUAL = frozenset(
    f"application/{name}" for name in ("javascript", "x-ndjson", "yaml", "x-yaml", "toml", "sql", "x-sh")
)


class BodyKind(StrEnum):
    """What bodies are compared as. A canonical form begins with its kind, so bodies of two kinds are never equal."""

    JSON = "json"
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
    BodyKind.GRAPHQL: "GraphQL",
    BodyKind.FORM: "form fields",
    BodyKind.MULTIPART: "parts",
    BodyKind.XML: "XML",
    BodyKind.TEXT: "text",
    BodyKind.BYTES: "bytes",
}


def kind_from_media_type(media: str) -> BodyKind:
    """Return the kind that bodies of this media type are compared as."""
    if media.endswith("+json") or media in ("application/json", "text/json"):
        return BodyKind.JSON
    if media.endswith("+xml") or media in ("application/xml", "text/xml"):
        return BodyKind.XML
    if media == "application/x-www-form-urlencoded":
        return BodyKind.FORM
    if media == "application/graphql":
        return BodyKind.GRAPHQL
    if media.startswith("multipart/"):
        return BodyKind.MULTIPART
    return BodyKind.TEXT if media.startswith("text/") or media in _TEXTUAL else BodyKind.BYTES
