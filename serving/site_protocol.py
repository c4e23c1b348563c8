"""All that a port answers from at one moment, and what it remembers of whole requests it has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from understudy.serving.answers.answer import error
from understudy.serving.answers.cors import cross_origin
from understudy.serving.answers.replies import Pending, Reply, reply_of
from understudy.serving.http1.request_reader import Arrived
from understudy.serving.mock_server.calls import respond
from understudy.serving.mock_server.directory import Directory
from understudy.store.model.naming import printable

MOST_KNOWN = 20_000
MOST_KNOWN_BYTES = 128 * 1024 * 1024
LONGEST_KNOWN = 4 * 1024

SERVED = "'understudy mocks list' shows all there are, and 'understudy mocks serve' said which of them it serves."
NO_SUCH = f"No mock server is called: a URL begins with /mocks/<slug>/ here; {SERVED}"
GONE = "The mock server of this port was deleted."


class Log(Protocol):
    """Takes what a call log keeps of a call, at once and without failing."""

    def __call__(self, call: bytes | Arrived, reply: Reply, at: float, duration: float) -> None: ...


class Known(dict[bytes, Reply]):
    """Replies by the bytes of a whole request, up to a bound."""

    __slots__ = ("_bytes",)

    def __init__(self) -> None:
        super().__init__()
        self._bytes = 0

    def remember(self, data: bytes, reply: Reply) -> None:
        """Keep the reply to a request that came as just these bytes, on a connection between requests."""
        plain = reply.behaviour is None or reply.delay is not None
        if reply.fixed and plain and reply.wire and len(data) <= LONGEST_KNOWN:
            if len(self) >= MOST_KNOWN or self._bytes >= MOST_KNOWN_BYTES:
                self.clear()
                self._bytes = 0
            self[data] = reply
            self._bytes += len(data) + len(reply.wire)


class Site(Protocol):
    """What a responder asks. What is `known` holds for as long as nothing changes."""

    known: Known

    def respond(self, arrived: Arrived) -> Reply | Pending | None:
        """The reply; None for a request that this site does not take."""
        ...

    def called(self, call: bytes | Arrived, reply: Reply, at: float, duration: float) -> None:
        """A call was answered: count and log it."""
        ...


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


Current = Callable[[], Site]
