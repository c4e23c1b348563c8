"""The `id` of JSON-RPC messages: a client numbers its own, so an answer carries that of the request.

See jsonrpc.org/specification, section 5. MCP also sends such answers as events of `text/event-stream`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from understudy.matcher.body_forms.codings import undo_codings
from understudy.matcher.parts.operations import list_rpc_ids, parse_json
from understudy.serving.fields.integrity import drop_false_digests
from understudy.store.content_codings import remove_codings
from understudy.store.model.media_types import parse_media_type
from understudy.store.model.messages import Request, Response
from understudy.store.model.values import replace
from understudy.store.redaction.text_edits import Edit, apply_edits, move_chunks

_MARK = b'"jsonrpc"'
_NULL = b"null"
_OPENING, _CLOSING = (b"{", b"["), (b"}", b"]")
# A text that was cut may end in a string.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_EVENT_DATA = re.compile(rb"^data:[ ]?(.*)$", re.MULTILINE)

Span = tuple[int, int]
NewIds = tuple[tuple[bytes, bytes], ...]
"""Pairs of a recorded id and the one that takes its place, as JSON."""

ANY_ID = b""
"""In place of a recorded id that is unknown: any but null, which answers what had no readable id."""


def map_ids(find_recorded: Callable[[], tuple[bytes, ...] | None], request: Request) -> NewIds:
    """Return the new id for each recorded one that differs; empty for what is not JSON-RPC.

    `find_recorded` returns the recorded ids, as `list_rpc_ids` does. If it returns None, they are unknown; the answer
    to one call, no batch, then carries the id of that call in place of `ANY_ID`.
    """
    if not isinstance(request.body, bytes) or _MARK not in (body := undo_codings(request.body, request.headers)):
        return ()
    old, new = find_recorded(), list_rpc_ids(body)
    if old is None and len(new) == 1 and new[0]:
        return ((ANY_ID, new[0]),)
    if old is None or len(old) != len(new):
        return ()
    return tuple((mine, theirs) for mine, theirs in zip(old, new, strict=True) if mine != theirs)


def carry_ids(response: Response, new_ids: NewIds) -> Response:
    """Return the response with the new ids; the same object if there is nothing to change, or its body is not here."""
    if not new_ids or not isinstance(response.body, bytes):
        return response
    coding = ",".join(response.headers.get_all("content-encoding"))
    plain = remove_codings(coding, response.body) if coding else response.body
    if plain is None or _MARK not in plain:
        return response
    is_stream = parse_media_type(response.headers.get("content-type")) == "text/event-stream"
    edits = list(_find_edits(plain, dict(new_ids), is_stream=is_stream))
    if not edits:
        return response
    body = apply_edits(plain, edits)
    headers = drop_false_digests(response.headers.drop(("content-encoding",)) if coding else response.headers, body)
    if "content-length" in headers:
        headers = headers.replace("Content-Length", str(len(body)))
    chunks = () if coding else move_chunks(response.chunks, edits)
    return replace(response, headers=headers, body=body, chunks=chunks)


def _find_edits(body: bytes, new_ids: Mapping[bytes, bytes], *, is_stream: bool) -> Iterator[Edit]:
    texts = [found.span(1) for found in _EVENT_DATA.finditer(body)] if is_stream else [(0, len(body))]
    for start, end in texts:
        for first, last in find_answered_ids(body[start:end]):
            id = _as_json(body[start + first : start + last])
            new = new_ids.get(id) or (new_ids.get(ANY_ID) if id != _NULL else None)
            if new and new != id:
                yield start + first, start + last, new


def _as_json(text: bytes) -> bytes:
    """Return a JSON scalar in one spelling."""
    value = parse_json(text)
    return _NULL if value is None else msgspec.json.encode(value)


def find_answered_ids(text: bytes) -> Iterator[Span]:
    """Yield where the values of `id` are in the answers that a text holds: one JSON object, or a list of them.

    An object with a `method` is a request of the server, with an id of its own.
    """
    depth, least = 0, 1
    member = before = b""  # the name of the member whose value comes next, and the token before this one
    span, is_request = None, False
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in _OPENING:
            least = 2 if depth == 0 and mark == b"[" else least if depth else 1
            depth += 1
        elif mark in _CLOSING:
            depth -= 1
            if depth < least:
                yield from _list_answered(span, is_request=is_request)
                span, is_request = None, False
        elif mark == b":" and depth == least:
            is_request = is_request or before == b'"method"'
        elif member == b'"id"':
            span = token.span()
        member = before if mark == b":" and depth == least else b""
        before = mark
    yield from _list_answered(span, is_request=is_request)  # of a text that was cut


def _list_answered(span: Span | None, *, is_request: bool) -> list[Span]:
    return [] if span is None or is_request else [span]
