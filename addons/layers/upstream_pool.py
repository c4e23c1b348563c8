"""The connections of one client to upstreams: one in use, kept alive for the next request, and those being closed."""

from __future__ import annotations

import time
from typing import Protocol

from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context

from understudy.addons.layers.upstream_connection import Closed, CommandIterator, Opened, UpstreamConnection
from understudy.addons.loop.connections import PausedReading
from understudy.serving.gateway.parent_proxies import ParentProxies
from understudy.serving.gateway.site import ConnectionKind
from understudy.store.model.messages import Origin

# Upstreams close connections that were idle; a request that may not be sent twice goes through a fresh one then.
MAX_REUSE_IDLE_SECONDS = 1.0


class UpstreamUser(Protocol):
    """What sends requests through the connection in use. Other connections do not report anything."""

    def handle_open(self, upstream: UpstreamConnection, reason: str | None) -> CommandIterator:
        """Go on: the connection is open, or cannot be opened for a reason."""

    def receive(self, data: bytes) -> CommandIterator:
        """Take bytes of the upstream."""

    def handle_close(self, upstream: UpstreamConnection, *, is_cut: bool) -> CommandIterator:
        """Take the end of what the upstream sends; `is_cut` as in `UpstreamConnection`."""


class UpstreamPool:
    """Opens, reuses and closes connections, and pauses the reading from the one in use."""

    def __init__(
        self, context: Context, kind: ConnectionKind, parents: ParentProxies, paused: PausedReading, user: UpstreamUser
    ) -> None:
        self._context = context
        self._kind = kind
        self._parents = parents
        self._paused = paused
        self._user = user
        self._current: UpstreamConnection | None = None
        self._by_socket: dict[Connection, UpstreamConnection] = {}
        self._by_command: dict[commands.Command, UpstreamConnection] = {}

    @property
    def is_open(self) -> bool:
        """Whether there is a connection in use that is open."""
        return self._current is not None and self._current.is_open

    @property
    def is_opening(self) -> bool:
        """Whether there is a connection in use that is not open yet."""
        return self._current is not None and not self._current.is_open

    def owns(self, connection: Connection) -> bool:
        """Whether this is a connection of the pool, in use or being closed."""
        return connection in self._by_socket

    def owns_command(self, command: commands.Command) -> bool:
        """Whether a connection waits for the completion of this command."""
        return command in self._by_command

    def handle_event(self, event: events.ConnectionEvent) -> CommandIterator:
        """Pass an event to its connection."""
        current = self._current
        if (
            isinstance(event, events.DataReceived)
            and current is not None
            and current.is_plain
            and event.connection is current.socket
        ):
            return self._user.receive(event.data)  # what the layers beneath would do, in less time
        upstream = self._by_socket.get(event.connection)
        if upstream is None:
            return iter(())
        if isinstance(event, events.ConnectionClosed):
            del self._by_socket[event.connection]
        return self._run(upstream, upstream.handle_event(event))

    def handle_completion(self, event: events.CommandCompleted) -> CommandIterator:
        """Pass the completion of a command to the connection that waits for it."""
        upstream = self._by_command.pop(event.command)
        return self._run(upstream, upstream.handle_event(event))

    def can_reuse(self, origin: Origin, *, is_idempotent: bool) -> bool:
        """Return whether the next request, to this origin, may go through the connection in use."""
        upstream = self._current
        if upstream is None or not upstream.is_open:
            return False
        if upstream.origin is not origin and upstream.origin != origin:
            return False
        upstream.was_used = is_idempotent or time.time() - upstream.idle_since < MAX_REUSE_IDLE_SECONDS
        return upstream.was_used

    def open(self, origin: Origin, first: bytes) -> CommandIterator:
        """Open a connection to an origin, and send these bytes first; the one in use must have been dropped."""
        is_own = origin == self._kind.origin
        sni = (self._context.server.sni or self._context.client.sni) if is_own else None
        parent = self._parents.find_parent(origin)
        self._current = upstream = UpstreamConnection(self._context, origin, sni or origin.host, first, parent)
        yield from self._run(upstream, upstream.start())

    def send(self, data: bytes) -> CommandIterator:
        """Send bytes through the connection in use."""
        upstream = self._current
        if upstream is None:
            return iter(())
        made = upstream.send(data)
        return made if upstream.is_plain else self._run(upstream, made)

    def mark_idle(self) -> None:
        """Keep the connection in use for the next request."""
        if self._current is not None:
            self._current.idle_since = time.time()

    def drop(self) -> CommandIterator:
        """Close the connection in use."""
        upstream, self._current = self._current, None
        if upstream is not None:
            self._paused.forget(upstream.socket)
            yield from upstream.close()

    def set_paused(self, *, is_paused: bool) -> None:
        """Read from the connection in use, or do not."""
        if self._current is not None and self._current.is_open:
            self._paused.set(self._current.socket, is_paused=is_paused)

    def _run(self, upstream: UpstreamConnection, made: CommandIterator) -> CommandIterator:
        """Pass the commands of a connection's own layers on, then report what came of them."""
        for command in made:
            if command.blocking and command not in self._by_command:
                self._by_command[command] = upstream
            if isinstance(command, commands.OpenConnection):
                upstream.socket = command.connection
                self._by_socket[upstream.socket] = upstream
            yield command
        while upstream.pending_events:
            event = upstream.pending_events.popleft()
            if upstream.is_closed or upstream is not self._current:
                continue
            if isinstance(event, bytes):
                yield from self._user.receive(event)
            else:
                yield from self._report(upstream, event)

    def _report(self, upstream: UpstreamConnection, event: Opened | Closed) -> CommandIterator:
        if isinstance(event, Opened):
            if event.reason is not None:
                self._current = None
            yield from self._user.handle_open(upstream, event.reason)
        else:
            is_cut, self._current = upstream.is_cut, None
            yield from upstream.close()
            yield from self._user.handle_close(upstream, is_cut=is_cut)
