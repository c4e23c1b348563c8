"""Media types: how one is read from a Content-Type, and which of them come bit by bit."""

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
"""The types whose every line may be a JSON document, or hold one."""


def parse_media_type(content_type: str | None) -> str | None:
    """The media type of a Content-Type, in lower case and without its parameters (RFC 9110, section 8.3.1).

    None where the header is missing or empty.
    """
    return (content_type or "").partition(";")[0].strip().lower() or None


def is_stream_type(content_type: str) -> bool:
    """Whether the parts of a body of this Content-Type are of use before the rest has come."""
    media = parse_media_type(content_type) or ""
    return media in LINES_OF_JSON or media == "multipart/x-mixed-replace" or media.startswith("application/grpc")
