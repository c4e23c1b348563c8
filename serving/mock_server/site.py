"""The mock servers of one port."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from understudy.serving.answers.answer import render_error
from understudy.serving.answers.cors import add_cors_headers
from understudy.serving.answers.replies import PendingReply, Reply, make_reply
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.mock_server.calls import respond
from understudy.serving.mock_server.directory import Directory
from understudy.serving.site_protocol import WireCache
from understudy.store.errors import Hint
from understudy.store.model.naming import escape_unprintable

LIST_MOCK_SERVERS = Hint("list_mock_servers")
NO_MOCK_CALLED = "The URL names no mock server: it has to begin with /mocks/<slug>/."
MOCK_DELETED = "The mock server of this port was deleted."


class CallLogger(Protocol):
    """Takes what a call log keeps of a call, at once and without failing."""

    def __call__(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None: ...


class MockSite:
    """The mock servers of one port. Swapped whole when one of them changes, so what is `known` is never stale."""

    __slots__ = ("_log", "directory", "wire_cache")

    def __init__(self, directory: Directory, log: CallLogger | None = None) -> None:
        self.directory = directory
        self.wire_cache = WireCache()
        self._log = log

    def respond(self, raw_request: RawRequest) -> Reply | PendingReply:
        """The reply of the mock server that is called."""
        found = self.directory.find(raw_request.to_request())
        if found is None:
            return self._reply_not_found(raw_request)
        return respond(found.server, found.request, found.base)

    def _reply_not_found(self, raw_request: RawRequest) -> Reply:
        response = render_error(404, "mockNotFoundError", self._explain_not_found(raw_request), LIST_MOCK_SERVERS)
        # Any page may read it: otherwise a browser shows a network error.
        response = replace(response, headers=add_cors_headers(response.headers, None))
        return make_reply(response, summary="no mock server", method=raw_request.method)

    def _explain_not_found(self, raw_request: RawRequest) -> str:
        if self.directory.at_root:
            return MOCK_DELETED
        slug = self.directory.find_slug(raw_request.to_request())
        return f"The mock server {escape_unprintable(slug)} does not exist on this port." if slug else NO_MOCK_CALLED

    def log_call(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None:
        """Count the call, and log it."""
        served = reply.server
        if served is not None:
            served.calls.count()
            if served.unlogged is not None:
                served.unlogged.count()
            elif self._log is not None:
                self._log(call, reply, at, duration)
