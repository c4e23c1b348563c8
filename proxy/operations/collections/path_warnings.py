"""Warnings about paths that a person typed and that the matcher cannot read as they were meant. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from understudy.matcher.normal_forms import has_two_wildcards, text_from_bytes
from understudy.proxy.operations.collections.request_lines import Typed, typed_request
from understudy.store.model.collections import EditablePart, Example
from understudy.store.model.messages import Request
from understudy.store.model.naming import escape_unprintable


def list_path_warnings(example: Example) -> list[str]:
    """Return a warning for each segment with two wildcards in an example's path; none where it is as recorded."""
    return [] if example.is_literal(EditablePart.PATH) else _list_warnings(example.request)


def list_typed_warnings(requests: Iterable[Typed]) -> list[str]:
    """Return the same warnings for typed-in requests, each once."""
    found = (warning for typed in requests for warning in _list_warnings(typed_request(typed)))
    return list(dict.fromkeys(found))


def _list_warnings(request: Request) -> list[str]:
    path = text_from_bytes(request.path).encode("utf-8", "replace").decode()
    return [
        escape_unprintable(
            f"the segment {segment} of {request.method} {path} has two wildcards, and is compared as text"
        )
        for segment in path.split("/")
        if has_two_wildcards(segment.encode())
    ]
