"""The mock servers of a port by path `/mocks/<slug>/...`, by Host `<slug>.localhost`, or one for the whole port."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from understudy.serving.http1.targets import to_origin_form
from understudy.serving.mock_server.calls import CompiledMockServer
from understudy.store.model.messages import Request
from understudy.store.model.values import replace

PREFIX = b"/mocks/"
HOST_SUFFIX = ".localhost"


class MockCall(msgspec.Struct, frozen=True, eq=False):
    """A call to a mock server: the request in origin form, relative to the root of the server at the URL `base`."""

    server: CompiledMockServer
    request: Request
    base: str


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """The mock servers of one port by slug; `root` is the one that answers all paths and hosts, if any.

    `at_root`: the port belongs to one mock server, which may be deleted.
    """

    by_slug: Mapping[str, CompiledMockServer] = field(default_factory=dict)
    root: CompiledMockServer | None = None
    scheme: str = "http"
    at_root: bool = False

    def find(self, request: Request) -> MockCall | None:
        """Return the call to the mock server that a request names; None if it names none of these."""
        request, host = to_origin_form(request)
        base = f"{self.scheme}://{host}"
        if self.root is not None:
            return MockCall(self.root, request, base)
        if request.target.startswith(PREFIX):
            slug, target = _split_path(request.target)
            server = self.by_slug.get(slug)
            return MockCall(server, replace(request, target=target), f"{base}/mocks/{slug}") if server else None
        server = self.by_slug.get(_parse_slug(host))
        return MockCall(server, request, base) if server else None

    def find_slug(self, request: Request) -> str:
        """Return the slug that a request names, also of a mock server that does not exist; "" for none."""
        request, host = to_origin_form(request)
        return _split_path(request.target)[0] if request.target.startswith(PREFIX) else _parse_slug(host)


def _parse_slug(host: str) -> str:
    """Return the name before `.localhost` in a Host; "" for any other host."""
    name, _, port = host.rpartition(":")
    name = (name if name and port.isdigit() else host).lower()
    return name.removesuffix(HOST_SUFFIX) if name.endswith(HOST_SUFFIX) else ""


def strip_mock_prefix(request: Request) -> Request:
    """Return a request in origin form without the prefix of a mock server; unchanged if it has none."""
    return replace(request, target=_split_path(request.target)[1]) if request.target.startswith(PREFIX) else request


def _split_path(target: bytes) -> tuple[str, bytes]:
    rest = target[len(PREFIX) :]
    end = next((place for place, byte in enumerate(rest) if byte in b"/?"), len(rest))
    path = rest[end:]
    return rest[:end].decode("latin-1").lower(), path if path.startswith(b"/") else b"/" + path
