"""Media types: parsing a Content-Type, and the types of bodies that are streams."""

from __future__ import annotations

LINES_OF_JSON = frozenset(
    {
        "text/event-stream",
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonlines",
        "application/json-lines",
        "application/json-seq",
        "application/stream+json",
    }
)
"""The types whose lines may each be or contain a JSON document."""


def parse_media_type(content_type: str | None) -> str | None:
    """Return the media type of a Content-Type, in lower case and without its parameters (RFC 9110, section 8.3.1).

    None if the field is missing or empty.
    """
    return (content_type or "").partition(";")[0].strip().lower() or None


def is_stream_type(content_type: str) -> bool:
    """Whether a body with this Content-Type is a stream, whose parts are useful before the rest has arrived."""
    media = parse_media_type(content_type) or ""
    return media in LINES_OF_JSON or media == "multipart/x-mixed-replace" or media.startswith("application/grpc")


def is_grpc_type(content_type: str | None) -> bool:
    """Whether a Content-Type is one of gRPC; gRPC-Web (`application/grpc-web`) is plain HTTP."""
    media = parse_media_type(content_type) or ""
    return media == "application/grpc" or media.startswith("application/grpc+")
