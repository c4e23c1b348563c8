"""Requests, responses and examples for tests, with sensible defaults: a test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from understudy.store.model.collections import Example
from understudy.store.model.exchanges import RedactedPlace
from understudy.store.model.messages import Body, Headers, Origin, Request, Response
from understudy.store.model.mock_servers import PLAIN, Behaviour

ORIGIN = Origin("http", "api.example.com", 80)


def make_headers(headers: Mapping[str, str] | Iterable[tuple[str, str]] | Headers = ()) -> Headers:
    """Headers from a mapping, pairs or headers."""
    if isinstance(headers, Headers):
        return headers
    return Headers.of(headers.items() if isinstance(headers, Mapping) else headers)


def make_request(
    method: str = "GET",
    target: str | bytes = "/users/7",
    *,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | Headers = (),
    body: Body = b"",
    content_type: str | None = None,
    origin: Origin | str | None = ORIGIN,
) -> Request:
    """A request; `content_type` adds that header, `origin` may be a URL."""
    fields = make_headers(headers)
    if content_type is not None:
        fields = fields.replace("Content-Type", content_type)
    return Request(
        method=method,
        target=target.encode() if isinstance(target, str) else target,
        headers=fields,
        body=body,
        origin=Origin.parse(origin) if isinstance(origin, str) else origin,
    )


def make_response(
    status: int = 200,
    body: Body = b'{"ok": true}',
    *,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | Headers = (("Content-Type", "application/json"),),
    reason: bytes = b"OK",
) -> Response:
    """A response, a small JSON document unless told otherwise."""
    return Response(status=status, headers=make_headers(headers), body=body, reason=reason)


def make_example(
    request: Request | str | None = None,
    *,
    id: str = "01",
    name: str | None = None,
    response: Response | None = None,
    redacted: Iterable[RedactedPlace] = (),
    literal: bool = True,
    unedited: Iterable[str] = (),
    sequence: str | None = None,
    behaviour: Behaviour = PLAIN,
    entry: int | None = None,
    collection_id: str = "collection",
    item_id: str = "item",
) -> Example:
    """An example; a text stands for the target of a GET request."""
    if not isinstance(request, Request):
        request = make_request(target="/users/7" if request is None else request)
    return Example(
        id=id,
        collection_id=collection_id,
        item_id=item_id,
        name=f"Example {id}" if name is None else name,
        request=request,
        response=response or make_response(),
        redacted=frozenset(redacted),
        literal=literal,
        unedited=frozenset(unedited),
        sequence=sequence,
        behaviour=behaviour,
        entry=entry,
    )
