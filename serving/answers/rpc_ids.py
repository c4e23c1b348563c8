"""The `id` of JSON-RPC messages: a client numbers its own, so an answer carries that of the request.

See jsonrpc.org/specification, section 5. MCP also sends such answers as events of `text/event-stream`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from understudy.matcher.body_forms.codings import undo_codings
from understudy.matcher.parts.operations import is_json_rpc, parse_json
from understudy.serving.fields.integrity import drop_false_digests
from understudy.store.content_codings import remove_codings
from understudy.store.model.media_types import parse_media_type
from understudy.store.model.messages import Request, Response
from understudy.store.model.values import replace
from understudy.store.redaction.text_edits import Edit, apply_edits, move_chunks

_MARK = b'"jsonrpc"'
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_EVENT_DATA = re.compile(rb"^data:[ ]?(.*)$", re.MULTILINE)

Span = tuple[int, int]
NewIds = tuple[tuple[bytes, bytes], ...]
"""Pairs of a recorded id and the one that takes its place, as JSON."""


def map_ids(recorded: Request, request: Request) -> NewIds:
    """Return the new id for each recorded one that differs; empty for what is not JSON-RPC."""
    if not isinstance(request.body, bytes) or _MARK not in undo_codings(request.body, request.headers):
        return ()
    old, new = _list_ids(recorded), _list_ids(request)
    if len(old) != len(new):
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


def _list_ids(request: Request) -> list[bytes]:
    """Return the ids of a request or batch as JSON; b"" for a notification, which has none."""
    value = parse_json(undo_codings(request.body, request.headers)) if isinstance(request.body, bytes) else None
    if not is_json_rpc(value):
        return []
    messages = value if isinstance(value, list) else [value]
    return [_encode_id(message) for message in messages if isinstance(message, dict)]


def _encode_id(message: Mapping[str, object]) -> bytes:
    return msgspec.json.encode(message["id"]) if "id" in message else b""


def _find_edits(body: bytes, new_ids: Mapping[bytes, bytes], *, is_stream: bool) -> Iterator[Edit]:
    texts = [found.span(1) for found in _EVENT_DATA.finditer(body)] if is_stream else [(0, len(body))]
    for start, end in texts:
        for first, last in find_id_spans(body[start:end]):
            new = new_ids.get(_as_json(body[start + first : start + last]))
            if new:
                yield start + first, start + last, new


def _as_json(text: bytes) -> bytes:
    """Return a JSON scalar in one spelling."""
    value = parse_json(text)
    return b"null" if value is None else msgspec.json.encode(value)


def find_id_spans(text: bytes) -> Iterator[Span]:
    """Yield where the values of `id` are in a JSON object, or in the objects of a list of them; not further inside."""
    depth, least = 0, 1
    is_after_name = False
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in (b"{", b"["):
            least = 2 if depth == 0 and mark == b"[" else least
            depth += 1
        elif mark in (b"}", b"]"):
            depth -= 1
        elif mark == b":":
            continue
        elif is_after_name and mark != b",":
            yield token.span()
        is_after_name = depth == least and mark == b'"id"' and text[token.end() :].lstrip()[:1] == b":"
