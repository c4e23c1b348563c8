"""Warnings about requests that a person typed and that perhaps are not compared as they were meant. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from understudy.matcher.normal_forms import has_two_wildcards, text_from_bytes
from understudy.proxy.operations.collections.request_lines import Typed, typed_request
from understudy.proxy.operations.collections.typing_checks import is_known_method
from understudy.store.model.collections import EditablePart, Example
from understudy.store.model.messages import Request
from understudy.store.model.naming import escape_unprintable

_SINGLE_BRACES = re.compile(r"\{\w+\}")  # as OpenAPI writes a parameter


def list_request_warnings(example: Example) -> list[str]:
    """Return a warning for each segment with two wildcards, or with `{name}`, in an example's path.

    There is none where it is as recorded.
    """
    return [] if example.is_literal(EditablePart.PATH) else _list_warnings(example.request)


def list_typed_warnings(requests: Iterable[Typed]) -> list[str]:
    """Return the same warnings for typed-in requests, each once."""
    found = (warning for typed in requests for warning in _list_warnings(typed_request(typed)))
    return list(dict.fromkeys(found))


def _list_warnings(request: Request) -> list[str]:
    path = text_from_bytes(request.path).encode("utf-8", "replace").decode()
    warnings = [
        f"the segment {segment} of {request.method} {path} has two wildcards, and is compared as text"
        for segment in path.split("/")
        if has_two_wildcards(segment.encode())
    ]
    warnings += [
        f"the segment {segment} of {request.method} {path} is compared as text; {{{segment}}} is any segment"
        for segment in path.split("/")
        if _SINGLE_BRACES.fullmatch(segment)
    ]
    if not is_known_method(request.method):
        warnings.append(f"{request.method} is a method that few APIs have")
    return [escape_unprintable(warning) for warning in warnings]
