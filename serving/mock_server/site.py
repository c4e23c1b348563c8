"""The mock servers of one port."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from understudy.serving.answers.answer import error
from understudy.serving.answers.cors import cross_origin
from understudy.serving.answers.replies import Pending, Reply, reply_of
from understudy.serving.http1.request_reader import Arrived
from understudy.serving.mock_server.calls import respond
from understudy.serving.mock_server.directory import Directory
from understudy.serving.site_protocol import Known
from understudy.store.model.naming import printable

SERVED = "'understudy mocks list' shows all there are, and 'understudy mocks serve' said which of them it serves."


NO_SUCH = f"No mock server is called: a URL begins with /mocks/<slug>/ here; {SERVED}"


GONE = "The mock server of this port was deleted."


class Log(Protocol):
    """Takes what a call log keeps of a call, at once and without failing."""

    def __call__(self, call: bytes | Arrived, reply: Reply, at: float, duration: float) -> None: ...


class MockSite:
    """The mock servers of one port. Swapped whole when one of them changes, so what is `known` is never stale."""

    __slots__ = ("_log", "directory", "known")

    def __init__(self, directory: Directory, log: Log | None = None) -> None:
        self.directory = directory
        self.known = Known()
        self._log = log

    def respond(self, arrived: Arrived) -> Reply | Pending:
        """The reply of the mock server that is called."""
        found = self.directory.find(arrived.request())
        if found is None:
            return self._not_found(arrived)
        return respond(found.served, found.request, found.base)

    def _not_found(self, arrived: Arrived) -> Reply:
        message = GONE if self.directory.at_root else NO_SUCH
        slug = self.directory.slug_in(arrived.request())
        if slug and not self.directory.at_root:
            message = f"There is no mock server {printable(slug)} here; {SERVED}"
        response = error(404, "mockNotFoundError", message)
        # Any page may read it: without that a browser tells its reader of a broken network.
        response = replace(response, headers=cross_origin(response.headers, None))
        return reply_of(response, told="no mock server", head_only=arrived.method == "HEAD")

    def called(self, call: bytes | Arrived, reply: Reply, at: float, duration: float) -> None:
        """Count the call, and log it."""
        served = reply.served
        if served is not None:
            served.calls.count()
            if served.unlogged is not None:
                served.unlogged.count()
            elif self._log is not None:
                self._log(call, reply, at, duration)
