"""The site of a port of mock servers."""

from __future__ import annotations

from typing import Protocol

from understudy.serving.answers.answer import render_error
from understudy.serving.answers.cors import add_cors_headers
from understudy.serving.answers.replies import PendingReply, Reply, make_reply
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.http1.rules import MalformedRequest
from understudy.serving.mock_server.calls import respond
from understudy.serving.mock_server.directory import Directory
from understudy.serving.seen_calls import CallWatch, see_refusal
from understudy.serving.site_protocol import WireCache
from understudy.store.errors import Hint
from understudy.store.model.naming import escape_unprintable
from understudy.store.model.values import replace

LIST_MOCK_SERVERS = Hint("list_mock_servers")
NO_MOCK_CALLED = "The URL names no mock server: it has to begin with /mocks/<slug>/."
MOCK_DELETED = "The mock server of this port was deleted."


class CallLogger(Protocol):
    """Logs a call; it neither blocks nor raises."""

    def __call__(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None: ...


class MockSite:
    """The `Site` of a port of mock servers; it is replaced as a whole when one of them changes."""

    __slots__ = ("_log", "_watch", "directory", "wire_cache")

    def __init__(self, directory: Directory, log: CallLogger | None = None, watch: CallWatch | None = None) -> None:
        self.directory = directory
        self.wire_cache = WireCache()
        self._log = log
        self._watch = watch

    def respond(self, raw_request: RawRequest) -> Reply | PendingReply:
        """Return the reply of the mock server that is called."""
        call = self.directory.find(raw_request.to_request())
        if call is None:
            return self._reply_not_found(raw_request)
        return respond(call.server, call.request, call.base)

    def _reply_not_found(self, raw_request: RawRequest) -> Reply:
        response = render_error(404, "mockNotFoundError", self._explain_not_found(raw_request), LIST_MOCK_SERVERS)
        # Any page may read it: otherwise a browser shows a network error.
        response = replace(response, headers=add_cors_headers(response.headers, None))
        reply = make_reply(response, summary="no mock server", method=raw_request.method)
        return replace(reply, miss="no mock server has this URL")

    def _explain_not_found(self, raw_request: RawRequest) -> str:
        if self.directory.at_root:
            return MOCK_DELETED
        slug = self.directory.find_slug(raw_request.to_request())
        return f"The mock server {escape_unprintable(slug)} does not exist on this port." if slug else NO_MOCK_CALLED

    def log_call(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None:
        """Count, log and show a call; one to no mock server is only shown."""
        watch = self._watch
        if watch is not None:
            watch.note_reply(call, reply, at, duration)
        server = reply.server
        if server is not None:
            server.calls.count()
            if server.unlogged is not None:
                server.unlogged.count()
            elif self._log is not None:
                self._log(call, reply, at, duration)

    def log_refusal(self, problem: MalformedRequest, at: float) -> None:
        """Show a request that was refused."""
        if self._watch is not None:
            self._watch.note_call(see_refusal(problem.status, problem.message, at))
