"""Request targets: origin form and absolute form (RFC 9112, section 3.2)."""

from __future__ import annotations

import re

from understudy.store.model.messages import Request
from understudy.store.model.values import replace

_ORIGIN = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")


def to_origin_form(request: Request) -> tuple[Request, str]:
    """Return the request with its target in origin form, and the host that it names (RFC 9112, section 3.2)."""
    target = request.target
    if target.startswith(b"/"):
        return request, request.headers.get("host") or ""
    origin = _ORIGIN.match(target)
    if origin is None:  # asterisk form
        return request, request.headers.get("host") or ""
    rest = target[origin.end() :]
    path = rest if rest.startswith(b"/") else b"/" + rest
    return replace(request, target=path), origin[1].decode("latin-1")
