"""Which mock server is called: by its path `/mocks/<slug>/...`, by its Host `<slug>.localhost`, or the only one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from understudy.serving.http1.targets import to_origin_form
from understudy.serving.mock_server.calls import CompiledMockServer
from understudy.store.model.messages import Request

PREFIX = b"/mocks/"
HOST_SUFFIX = ".localhost"


@dataclass(frozen=True, slots=True, eq=False)
class MockCall:
    """A call to a mock server: the request as it sees it, in origin form below its root, which is the URL `base`."""

    server: CompiledMockServer
    request: Request
    base: str


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """The mock servers of one port by slug; `root` is the one that answers at its root, whatever the path and host.

    `at_root`: the port is that one's alone, even when it is there no more.
    """

    by_slug: Mapping[str, CompiledMockServer] = field(default_factory=dict)
    root: CompiledMockServer | None = None
    scheme: str = "http"
    at_root: bool = False

    def find(self, request: Request) -> MockCall | None:
        """The mock server that is called."""
        request, host = to_origin_form(request)
        base = f"{self.scheme}://{host}"
        if self.root is not None:
            return MockCall(self.root, request, base)
        if request.target.startswith(PREFIX):
            slug, target = _split_path(request.target)
            served = self.by_slug.get(slug)
            return MockCall(served, replace(request, target=target), f"{base}/mocks/{slug}") if served else None
        served = self.by_slug.get(_parse_slug(host))
        return MockCall(served, request, base) if served else None

    def find_slug(self, request: Request) -> str:
        """The slug that a request names, whether there is such a mock server or not; "" for none."""
        request, host = to_origin_form(request)
        return _split_path(request.target)[0] if request.target.startswith(PREFIX) else _parse_slug(host)


def _parse_slug(host: str) -> str:
    """What stands before `.localhost` in a Host; "" for any other."""
    name, _, port = host.rpartition(":")
    name = (name if name and port.isdigit() else host).lower()
    return name.removesuffix(HOST_SUFFIX) if name.endswith(HOST_SUFFIX) else ""


def strip_mock_prefix(request: Request) -> Request:
    """A request in origin form as the mock server that its path names sees it; itself if it names none."""
    return replace(request, target=_split_path(request.target)[1]) if request.target.startswith(PREFIX) else request


def _split_path(target: bytes) -> tuple[str, bytes]:
    rest = target[len(PREFIX) :]
    end = next((place for place, byte in enumerate(rest) if byte in b"/?"), len(rest))
    path = rest[end:]
    return rest[:end].decode("latin-1").lower(), path if path.startswith(b"/") else b"/" + path
