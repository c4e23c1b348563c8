"""What a body is said to be, by its Content-Type, and what it is therefore compared as."""

from __future__ import annotations

from enum import StrEnum

_TEXTUAL = frozenset(
    f"application/{name}" for name in ("javascript", "x-ndjson", "yaml", "x-yaml", "toml", "sql", "x-sh")
)


class Kind(StrEnum):
    """What bodies are compared as. A canonical form begins with its kind, so that no two kinds are ever equal."""

    JSON = "json"
    GRAPHQL = "graphql"
    FORM = "form"
    MULTIPART = "multipart"
    XML = "xml"
    TEXT = "text"
    BYTES = "bytes"

    @property
    def words(self) -> str:
        """What is compared, for people."""
        return _WORDS[self]


_WORDS = {
    Kind.JSON: "JSON values",
    Kind.GRAPHQL: "GraphQL",
    Kind.FORM: "form fields",
    Kind.MULTIPART: "parts",
    Kind.XML: "XML",
    Kind.TEXT: "text",
    Kind.BYTES: "bytes",
}


def kind_of(media: str) -> Kind:
    """What bodies of this media type are compared as."""
    if media.endswith("+json") or media in ("application/json", "text/json"):
        return Kind.JSON
    if media.endswith("+xml") or media in ("application/xml", "text/xml"):
        return Kind.XML
    if media == "application/x-www-form-urlencoded":
        return Kind.FORM
    if media == "application/graphql":
        return Kind.GRAPHQL
    if media.startswith("multipart/"):
        return Kind.MULTIPART
    return Kind.TEXT if media.startswith("text/") or media in _TEXTUAL else Kind.BYTES
