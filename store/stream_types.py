"""Media types of bodies that come bit by bit: one table for who passes them on, keeps them, or looks into them."""

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
"""Each line of theirs may be a JSON document, or hold one."""


def media_type(content_type: str) -> str:
    """The media type of a Content-Type, in lower case and without its parameters (RFC 9110, section 8.3.1)."""
    return content_type.partition(";")[0].strip().lower()


def is_stream_type(content_type: str) -> bool:
    """Whether the parts of a body of this Content-Type are worth something before the rest has come."""
    kind = media_type(content_type)
    return kind in LINES_OF_JSON or kind == "multipart/x-mixed-replace" or kind.startswith("application/grpc")
