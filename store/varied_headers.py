"""The request headers by which the responses to one URL were chosen: those that any of their Vary fields names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from understudy.store.model.header_fields import read_vary
from understudy.store.model.messages import Request, Response

UrlKey = tuple[str, str, bytes]  # method, origin and path


@dataclass(frozen=True, slots=True)
class VariedHeaders:
    """Names of request headers by method, origin and path; a URL whose responses have no Vary is left out."""

    names: Mapping[UrlKey, frozenset[str]] = field(default_factory=dict)

    def add(self, exchanges: Iterable[tuple[Request, Response | None]]) -> VariedHeaders:
        """Return these names and those of more exchanges; the same object if there are no new ones."""
        names = dict(self.names)
        for request, response in exchanges:
            found = read_vary(response.headers) if response is not None else ()
            if found:
                key = _make_key(request)
                names[key] = names.get(key, frozenset()).union(found)
        return self if names == self.names else VariedHeaders(names)

    def get_names(self, request: Request) -> frozenset[str]:
        """Return the names for the URL of a request."""
        return self.names.get(_make_key(request), frozenset()) if self.names else frozenset()


NOT_VARIED = VariedHeaders()


def _make_key(request: Request) -> UrlKey:
    return request.method, str(request.origin.normal if request.origin else ""), request.path
