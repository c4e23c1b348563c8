"""Mock servers inside a test's own process; a test writes nothing to the store."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, cast
from weakref import WeakSet

from understudy.proxy.call_log.in_memory import InMemoryCallLog
from understudy.proxy.mock_server.sites import MockSites, ServingContext
from understudy.proxy.mock_server.thread import ServingThread
from understudy.proxy.operations.collections.behaviour_text import READERS
from understudy.proxy.operations.collections.environments import find_environment
from understudy.proxy.operations.collections.request_lines import REQUEST_FORM, read_typed
from understudy.proxy.operations.collections.request_warnings import list_typed_warnings
from understudy.proxy.operations.mock_servers.call_expectations import Expected, times_of
from understudy.proxy.operations.mock_servers.mock_servers import find_mock
from understudy.proxy.operations.mock_servers.mock_sources import collection_of_requests
from understudy.proxy.operations.mock_servers.verification import await_verdict
from understudy.proxy.shared_counts import SharedCounts
from understudy.proxy.testing.errors import name_settings
from understudy.proxy.testing.miss_report import describe_misses
from understudy.serving.mock_server.site import MockSite
from understudy.store.errors import NotFound, UserError
from understudy.store.model.calls import Call
from understudy.store.model.ids import new_id
from understudy.store.model.mock_servers import Matching, MockServer, ServerError
from understudy.store.model.naming import slug_from_name
from understudy.store.model.values import replace
from understudy.store.redaction.settings import make_display_redactor
from understudy.store.repositories.mock_servers import MockServers
from understudy.store.repositories.store import Store

ExpectedHeaders = Mapping[str, str] | Sequence[str]

_MATCHING = {
    "match_body": "body",
    "match_headers": "headers",
    "ignore_json": "ignore_body",  # its old name
    **{field.name: field.name for field in fields(Matching) if field.name not in ("body", "headers")},
}
_LISTS = ("headers", "ignore_query", "ignore_headers", "ignore_body")
_OWN = ("environment", "private", "cors", "rewrite_bodies")
SETTINGS = (*_OWN, *READERS, *_MATCHING)


STARTED: WeakSet[LocalMockServer] = WeakSet()
"""The mock servers of this process, for the reports of failed tests."""


def describe_all_misses(since: float) -> str:
    """Return the calls since then to any mock server of this process that no example answered; "" without any."""
    return "\n".join(
        filter(None, [served.describe_misses(since) for served in sorted(STARTED, key=lambda one: one.url)])
    )


class SingleMockServer:
    """The part of `MockServers` that serving needs, for one mock server that is not in the store."""

    def __init__(self, mock: MockServer, errors: Sequence[ServerError] = ()) -> None:
        self._mock = mock
        self._errors = errors

    def list(self) -> Sequence[MockServer]:
        """Return the one mock server."""
        return [self._mock]

    def find(self, text: str) -> MockServer:
        """Return the one mock server, by its id."""
        if text != self._mock.id:
            raise NotFound(f"there is no mock server {text!r}")
        return self._mock

    def list_server_errors(self, _: str) -> Sequence[ServerError]:
        """Return its saved server errors."""
        return self._errors


class LocalMockServer:
    """A mock server that answers at `url` until `stop`, with its own calls and sequences."""

    def __init__(self, store: Store, mock: MockServer, *, seed: int | None = None) -> None:
        self._mock = mock
        self._stopped = False
        self._redactor = make_display_redactor(store)
        self._calls = InMemoryCallLog(mock.id, self._redactor)
        self._thread = ServingThread(store.bodies)
        self._calls.settle = self._thread.settle
        self._counts = SharedCounts(None)
        self._thread.start(self._make_site(store, mock, seed))
        STARTED.add(self)

    def _make_site(self, store: Store, mock: MockServer, seed: int | None) -> MockSite:
        alone = replace(store, mock_servers=cast("MockServers", SingleMockServer(mock, _read_errors(store, mock))))
        at_hand = self._thread.bodies.get_cached
        environs = ServingContext(self._counts, at_hand, store.bodies.read, self._calls, seed)
        return MockSites(alone, environs, [mock.id], at_root=True).compile_site()

    @property
    def url(self) -> str:
        """The URL at which it answers, without a slash at the end."""
        return self._thread.url

    def calls(self) -> list[Call]:
        """Return the calls so far, oldest first, with their secrets redacted."""
        return self._calls.list_calls()

    def misses(self) -> list[Call]:
        """Return the calls that no example answered, oldest first."""
        return [missed.call for missed in self._calls.list_misses()]

    def describe_misses(self, since: float = 0.0) -> str:
        """Return the calls since then that no example answered, each with the nearest example; "" without any."""
        return describe_misses(self._calls.list_misses(since), self._redactor.redact_text)

    def reset(self) -> None:
        """Forget the calls, and start sequences over."""
        self._calls.clear()
        self._counts.clear(f"{self._mock.id} sequences")

    def assert_called(
        self,
        called: str,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        headers: ExpectedHeaders = (),
        body: Any = None,
        within: float = 0,
    ) -> None:
        """Assert that `METHOD PATH` was called, at least once if no number is given, as `mocks verify` does.

        `body` is text, bytes, or a value that is compared as JSON. `within`: wait so many seconds for the calls.
        """
        __tracebackhide__ = True
        with name_settings():
            expected = Expected(called, _as_header_lines(headers), _encode_body(body))
            verdict = await_verdict(self._calls, expected, times_of(times, at_least, at_most), within=within)
        if not verdict.held:
            raise AssertionError(verdict.as_text().rstrip())

    def assert_not_called(self, called: str, *, headers: ExpectedHeaders = (), body: Any = None) -> None:
        """Assert that `METHOD PATH` was never called."""
        __tracebackhide__ = True
        self.assert_called(called, times=0, headers=headers, body=body)

    def stop(self) -> None:
        """Stop answering; the calls can still be read."""
        if not self._stopped:
            self._stopped = True
            self._thread.stop()
            self._counts.close()


def mock_from_name(store: Store, name: str, settings: Mapping[str, Any]) -> MockServer:
    """Return the mock server of this name, or one of the collection of this name, with the settings of a test.

    Raises NotFound for the name, UserError for an unknown setting.
    """
    found = find_mock(store, name)
    mock = found if isinstance(found, MockServer) else _make_mock(found.id, found.name)
    return _apply_settings(store, mock, settings)


def mock_from_requests(store: Store, requests: Sequence[str], settings: Mapping[str, Any]) -> MockServer:
    """Return a mock server of requests `METHOD PATH [STATUS [BODY]]`, written to this store, the test's own.

    A path segment with two wildcards is a UserWarning.
    """
    if isinstance(requests, str) or not all(isinstance(text, str) for text in requests):
        raise UserError(f"requests takes a list of texts, each {REQUEST_FORM}; not {requests!r}")
    typed = [read_typed(text) for text in requests]
    for warning in list_typed_warnings(typed):
        warnings.warn(warning, stacklevel=2)
    collection = collection_of_requests(store, "requests", [(one, one.body.encode()) for one in typed])
    return _apply_settings(store, _make_mock(collection.id, collection.name), settings)


def _make_mock(collection_id: str, name: str) -> MockServer:
    return MockServer(new_id(), name, slug_from_name(name), collection_id, 0.0, 0.0)


def _read_errors(store: Store, mock: MockServer) -> Sequence[ServerError]:
    return store.mock_servers.list_server_errors(mock.id) if mock.server_error_id else ()


def _apply_settings(store: Store, mock: MockServer, settings: Mapping[str, Any]) -> MockServer:
    unknown = sorted(settings.keys() - set(SETTINGS))
    if unknown:
        raise UserError(f"a mock server has no setting {unknown[0]!r}; the settings are {', '.join(SETTINGS)}")
    own: dict[str, Any] = {name: settings[name] for name in ("private", "cors", "rewrite_bodies") if name in settings}
    if "environment" in settings:
        own["environment_id"] = find_environment(store, settings["environment"]).id
    behaviour: dict[str, Any] = {name: read(str(settings[name])) for name, read in READERS.items() if name in settings}
    matching = {field: _coerce_matching(field, settings[name]) for name, field in _MATCHING.items() if name in settings}
    if matching.get("query", "off") not in ("prefer", "require", "off"):
        raise UserError(f"query is prefer, require or off, not {matching['query']!r}")
    return replace(
        mock,
        **own,
        behaviour=replace(mock.behaviour, **behaviour),
        matching=replace(mock.matching, **matching),
        log_limit=max(1, mock.log_limit),
    )


def _coerce_matching(field: str, value: Any) -> Any:
    if field not in _LISTS:
        return value
    return frozenset([value] if isinstance(value, str) else value)


def _as_header_lines(headers: ExpectedHeaders) -> Sequence[str]:
    return [f"{name}: {value}" for name, value in headers.items()] if isinstance(headers, Mapping) else headers


def _encode_body(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode("utf-8", "surrogatepass")
