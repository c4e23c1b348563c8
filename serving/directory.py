"""Which mock server is called: by its path `/mocks/<slug>/...`, by its Host `<slug>.localhost`, or the only one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from serving.mock_calls import Served
from store.messages import Request

PREFIX = b"/mocks/"
HOST_END = ".localhost"
_ORIGIN = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """The mock servers of one port by slug; `root` is the one that answers at its root, whatever the path and host."""

    by_slug: Mapping[str, Served] = field(default_factory=dict)
    root: Served | None = None

    def find(self, request: Request) -> tuple[Served, Request] | None:
        """The mock server that is called and the request as it sees it, in origin form below its root."""
        request, host = in_origin_form(request)
        if self.root is not None:
            return self.root, request
        if request.target.startswith(PREFIX):
            slug, target = _split(request.target)
            served = self.by_slug.get(slug)
            return None if served is None else (served, replace(request, target=target))
        name = host.rpartition(":")[0] or host if host.rpartition(":")[2].isdigit() else host
        slug = name.lower().removesuffix(HOST_END)
        served = self.by_slug.get(slug) if len(slug) < len(name) else None
        return None if served is None else (served, request)


def in_origin_form(request: Request) -> tuple[Request, str]:
    """The request with its target in origin form, and the host it names (RFC 9112, section 3.2)."""
    target = request.target
    if target.startswith(b"/"):
        return request, request.headers.get("host") or ""
    found = _ORIGIN.match(target)
    if found is None:  # asterisk form
        return request, request.headers.get("host") or ""
    rest = target[found.end() :]
    path = rest if rest.startswith(b"/") else b"/" + rest
    return replace(request, target=path), found[1].decode("latin-1")


def below_root(request: Request) -> Request:
    """A request in origin form as the mock server that its path names sees it; itself if it names none."""
    return replace(request, target=_split(request.target)[1]) if request.target.startswith(PREFIX) else request


def _split(target: bytes) -> tuple[str, bytes]:
    rest = target[len(PREFIX) :]
    end = next((place for place, byte in enumerate(rest) if byte in b"/?"), len(rest))
    path = rest[end:]
    return rest[:end].decode("latin-1").lower(), path if path.startswith(b"/") else b"/" + path
