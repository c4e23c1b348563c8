"""Cross-origin requests of browsers (fetch.spec.whatwg.org, section 3.3): any page may read the answers of a mock."""

from __future__ import annotations

from collections.abc import Iterable

from understudy.store.model.messages import Headers, Request, Response
from understudy.store.model.values import replace

_PREFIX = b"access-control-"
_ALLOW_ORIGIN, _ALLOW_HEADERS = "Access-Control-Allow-Origin", "Access-Control-Allow-Headers"
PREFLIGHT_SECONDS = 600


def is_preflight(request: Request) -> bool:
    """Return whether this is the preflight request of a browser."""
    headers = request.headers
    return request.method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def answer_preflight(request: Request) -> Response:
    """Allow everything that the preflight asks for."""
    headers = request.headers
    fields = [
        ("Access-Control-Allow-Origin", headers.get("origin") or "*"),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Allow-Methods", headers.get("access-control-request-method") or "GET"),
        ("Access-Control-Max-Age", str(PREFLIGHT_SECONDS)),
        ("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
    ]
    requested = headers.get("access-control-request-headers")
    if requested:
        fields.insert(3, ("Access-Control-Allow-Headers", requested))
    if headers.get("access-control-request-private-network") == "true":
        fields.append(("Access-Control-Allow-Private-Network", "true"))
    return Response(204, Headers.of(fields))


def add_cors_headers(headers: Headers, origin: str | None) -> Headers:
    """Return the headers with those that let the page at `origin` read the answer.

    Headers that have CORS fields of their own, and allow this origin, stay as they are. An origin is answered by its
    name, since `*` does not allow credentials.
    """
    if any(name.lower().startswith(_PREFIX) for name, _ in headers.fields):
        return headers if origin is None else _allow_origin(headers, origin)
    if origin is None:
        return Headers((*headers.fields, (b"Access-Control-Allow-Origin", b"*")))
    names = b", ".join(sorted({name.lower() for name, _ in headers.fields}))
    return Headers(
        (
            *headers.fields,
            (b"Access-Control-Allow-Origin", origin.encode("latin-1")),
            (b"Access-Control-Allow-Credentials", b"true"),
            (b"Access-Control-Expose-Headers", names),
            (b"Vary", b"Origin"),
        )
    )


def allow_headers(headers: Headers, request: Request, names: Iterable[str]) -> Headers:
    """Return the headers of the answer to a preflight with those of these header names allowed that it requests."""
    requested = _split_names(request.headers.get_all("access-control-request-headers"))
    allowed = headers.get_all(_ALLOW_HEADERS)
    missing = [name for name in names if name in requested and name not in _split_names(allowed)]
    return headers.replace(_ALLOW_HEADERS, ", ".join([*allowed, *missing])) if missing else headers


def _split_names(values: list[str]) -> list[str]:
    return [name.strip().lower() for value in values for name in value.split(",")]


def _allow_origin(headers: Headers, origin: str) -> Headers:
    allowed = headers.get_all(_ALLOW_ORIGIN)
    if allowed in ([origin], ["*"]):
        return headers
    recorded, headers = headers, headers.replace(_ALLOW_ORIGIN, origin)
    if not allowed and "access-control-allow-credentials" not in recorded:
        headers = headers.replace("Access-Control-Allow-Credentials", "true")
    vary = headers.get_all("vary")
    return headers if "origin" in _split_names(vary) else Headers((*headers.fields, (b"Vary", b"Origin")))


def copy_cors_headers(answer: Response | None, other: Response) -> Response:
    """Return the other response, which replaces this answer, readable by the same pages."""
    fields = () if answer is None else answer.headers.fields
    allowed = [field for field in fields if field[0].lower().startswith(_PREFIX) or field[0].lower() == b"vary"]
    return replace(other, headers=Headers((*other.headers.fields, *allowed)))
