"""Requests and examples typed in as lines: `GET /users/{{id}} 200 {"id": "{{id}}"}`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from understudy.proxy.operations.collections.typing_checks import check_json, check_method, check_path_braces
from understudy.store.errors import UserError
from understudy.store.model.collections import Example, RequestItem
from understudy.store.model.ids import new_id
from understudy.store.model.messages import Headers, Request, Response
from understudy.store.model.naming import name_example, name_request

REQUEST_FORM = "'METHOD PATH [STATUS [BODY]]', such as 'GET /users/1 200 {\"id\": 1}'"

METHOD_FORM = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_STARTS = {b"{": "application/json", b"[": "application/json", b"<?": "application/xml", b"<": "text/html"}


@dataclass(frozen=True, slots=True)
class Typed:
    """A request line, with the status and body of its answer where they were typed too."""

    method: str
    target: str
    status: int | None = None
    body: str = ""


def read_typed(text: str, form: str = REQUEST_FORM) -> Typed:
    """Return the request that a line describes.

    Raises UserError that shows the expected `form`, or what in the method, the braces of the path or the JSON of the
    body is wrong.
    """
    method, _, rest = text.strip().partition(" ")
    target, _, rest = rest.strip().partition(" ")
    status, _, body = rest.strip().partition(" ")
    if not METHOD_FORM.fullmatch(method) or not target.startswith("/") or not target.isprintable():
        raise UserError(f"a request is typed as {form}, not {text!r}{_suggest_line(method, target)}")
    typed = Typed(method.upper(), target, read_status(status) if status else None, body.strip())
    check_method(typed.method)
    check_path_braces(typed.target)
    if not typed.body.startswith("@"):
        encoded = typed.body.encode("utf-8", "surrogateescape")
        check_json(with_type(Headers(), encoded), encoded, f"{typed.method} {target}")
    return typed


def _suggest_line(method: str, target: str) -> str:
    if method.startswith("/"):
        return f"; did you mean 'GET {method}'?" if method.isprintable() else ""
    is_path = METHOD_FORM.fullmatch(method) and target.isprintable() and target and not target.startswith("/")
    return f"; did you mean '{method} /{target}'?" if is_path and "://" not in target else ""


def read_status(text: str, first: int = 200, last: int = 599) -> int:
    """Return the status in a text; raises UserError unless it is a number from `first` to `last`."""
    if not (text.isascii() and text.isdigit() and first <= int(text) <= last):
        raise UserError(f"a status is a number from {first} to {last}, not {text!r}")
    return int(text)


def typed_request(typed: Typed, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Request:
    """Return the request that an authored example answers."""
    fields = with_type(Headers.of(headers), body)
    return Request(typed.method, typed.target.encode("utf-8", "surrogateescape"), fields, body)


def typed_response(status: int, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Response:
    """Return the response of an authored example."""
    return Response(status, with_type(Headers.of(headers), body), body)


def typed_item(collection_id: str, typed: Typed, position: int) -> RequestItem:
    """Return the request item of a typed-in request."""
    name = name_request(typed_request(typed))
    return RequestItem(new_id(), collection_id, name, position=position, method=typed.method, path=typed.target)


def typed_example(item: RequestItem, request: Request, response: Response, name: str | None = None) -> Example:
    """Return an authored example: `{{name}}` and `:name` in its request are wildcards, its response is a template."""
    return Example(
        new_id(),
        item.collection_id,
        item.id,
        name or name_example(request, response),
        request,
        response,
        literal=False,
        templates=True,
    )


def with_type(headers: Headers, body: bytes) -> Headers:
    """Return the headers; a body without a Content-Type gets the one that its beginning suggests."""
    if not body or "content-type" in headers:
        return headers
    start = body.lstrip()
    found = (kind for opening, kind in _STARTS.items() if start.startswith(opening) and not start.startswith(b"{{"))
    return Headers((*headers.fields, (b"Content-Type", next(found, "text/plain; charset=utf-8").encode())))
