"""A recording layer driven by events as mitmproxy's server sends them, without sockets; a writer commits on demand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.modes import HttpProxy
from mitmproxy.test.tflow import tclient_conn

from understudy.addons.current import CurrentMode
from understudy.addons.forwarding_settings import ForwardingSettings
from understudy.addons.layers.http1_layer import Http1Layer
from understudy.addons.loop.client_limits import ClientLimits
from understudy.addons.loop.commits import Commits
from understudy.addons.loop.connections import ClientConnections
from understudy.addons.loop.held_requests import HeldRequests, TimerHandle
from understudy.addons.loop.reading_gate import PauseReason
from understudy.addons.no_live_calls import Guard
from understudy.serving.answers.reply_cache import get_inline_body
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.site import ConnectionKind, GatewaySites
from understudy.serving.http1.body_recorder import BodyLimits
from understudy.serving.http1.limits import DEFAULT_GATEWAY_LIMITS, DEFAULT_LIMITS, GatewayLimits
from understudy.store.errors import StoreError
from understudy.store.history_writer import BodyPieces, DoneCallback
from understudy.store.model.exchanges import Exchange
from understudy.store.model.gateways import Mode, OnLoss
from understudy.store.model.messages import Origin
from understudy.store.model.values import replace

UPSTREAM = Origin("http", "api.test", 80)
GET = b"GET /users/7?token=1 HTTP/1.1\r\nhost: api.test\r\nX-A: 1\r\n\r\n"
POST = b"POST /users HTTP/1.1\r\nHost: api.test\r\nContent-Length: 5\r\n\r\nhello"
OK = b"HTTP/1.1 200 Fine\r\nX-Case: Kept\r\nx-case: Twice\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ne\r\ndata: [DONE]\n\n\r\n"
UNTIL_CLOSE = b"HTTP/1.0 200 OK\r\n\r\nok"
LARGE = BodyLimits(large=100)
FULL = StoreError("no space left")


@dataclass
class FakeCommits:
    """A history writer: what waits for it, and what it has."""

    exchanges: list[Exchange] = field(default_factory=list)
    pieces: BodyPieces = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    waiting: list[tuple[DoneCallback, int]] = field(default_factory=list)
    owed: int = 0

    def begin(self) -> None:
        self.owed += 1

    def settle(self) -> None:
        self.owed -= 1

    def submit(self, exchange: Exchange, done: DoneCallback) -> None:
        self.exchanges.append(exchange)
        self.waiting.append((done, len(self.exchanges)))

    def submit_pieces(self, pieces: BodyPieces, done: DoneCallback) -> None:
        self.pieces += pieces
        self.waiting.append((done, 0))

    def report_loss(self, exchange: Exchange, reason: StoreError) -> None:
        self.lost.append(f"{exchange.request.target.decode()}: {reason}")

    def count_loss(self) -> None:
        self.lost.append("")


class FakeConnections:
    """Delivers events at once; remembers which connections are paused, and counts resets."""

    def __init__(self) -> None:
        self.deliver: Callable[[events.Event], None] | None = None
        self.stopped: set[Connection] = set()
        self.resets = 0

    def put(self, _: str, event: events.Event, on_gone: Callable[[], None]) -> None:
        if self.deliver is None:
            on_gone()
        else:
            self.deliver(event)

    def pause_reading(self, _: str, connection: Connection, __: PauseReason) -> None:
        self.stopped.add(connection)

    def resume_reading(self, _: str, connection: Connection, __: PauseReason) -> None:
        self.stopped.discard(connection)

    def reset(self, _: str) -> None:
        self.resets += 1


def make_no_timer(_: float, __: Callable[[], None]) -> TimerHandle:
    """A timer for holds without an end: it is never set."""
    raise AssertionError("no timer is needed")


def make_forwarding(
    active: ActiveMode,
    *,
    upstream: Origin | None = None,
    on_loss: OnLoss = OnLoss.STOP,
    keeping: BodyLimits | None = None,
    urls: bool = True,
    elsewhere: bool = False,
) -> ForwardingSettings:
    """Make what layers share, with fakes of the writer and the connections."""
    current = CurrentMode(active)
    return ForwardingSettings(
        current,
        Guard(current, upstream),
        cast("Commits", FakeCommits()),
        cast("ClientConnections", FakeConnections()),
        GatewaySites(get_inline_body),
        HeldRequests(make_no_timer),
        upstream,
        elsewhere,
        urls,
        on_loss,
        keeping or BodyLimits(),
    )


def make_limits() -> ClientLimits:
    """Make limits that see no connection."""
    servers = cast("Proxyserver", SimpleNamespace(connections={}))
    return ClientLimits(servers, ClientConnections(servers), DEFAULT_LIMITS)


class SuccessorLayer(layer.Layer):
    """Takes a connection over, and remembers the bytes that it began with."""

    def __init__(self, context: Context, data: bytes) -> None:
        super().__init__(context)
        self.data = data

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from ()


class ConnectionDriver:
    """Drives one connection to a gateway; `client` and `upstream` hold the bytes that each of them got.

    A connection to an upstream is opened at once, or fails for the reason `unreachable`.
    """

    def __init__(
        self,
        mode: Mode = Mode.RECORD,
        *,
        upstream: Origin | None = UPSTREAM,
        tunnel: bool = False,
        place: Origin | None = None,
        active: ActiveMode | None = None,
        on_loss: OnLoss = OnLoss.STOP,
        keeping: BodyLimits | None = None,
        urls: bool = True,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        shared = make_forwarding(
            active or ActiveMode(mode, session_id="s"), upstream=upstream, on_loss=on_loss, keeping=keeping, urls=urls
        )
        forwarding = replace(DEFAULT_GATEWAY_LIMITS.forwarding, **(limits or {}))
        self.shared = replace(shared, limits=GatewayLimits(forwarding=forwarding))
        self.commits = cast("FakeCommits", self.shared.commits)
        self.connections = cast("FakeConnections", self.shared.connections)
        self.connections.deliver = self.handle
        self.context = Context(tclient_conn(), Options())
        HttpProxy(self.context)
        self.successors: list[SuccessorLayer] = []
        kind = ConnectionKind(
            place or upstream or Origin("http", "origin-form.invalid", 80), not tunnel, tunnel, tls=False
        )
        self.layer = Http1Layer(self.context, self.shared, kind, self._hand_over)
        self.client = b""
        self.upstream = b""
        self.servers: list[Connection] = []
        self.opened: list[Origin] = []
        self.timers: list[commands.RequestWakeup] = []
        self.closed: list[Connection] = []
        self.unreachable: str | None = None
        self.handle(events.Start())

    def _hand_over(self, context: Context, data: bytes) -> SuccessorLayer:
        self.successors.append(SuccessorLayer(context, data))
        return self.successors[-1]

    @property
    def hung_up(self) -> bool:
        """Whether the client's connection was closed."""
        return self.context.client in self.closed

    @property
    def kept(self) -> list[Exchange]:
        """The exchanges that the writer got."""
        return self.commits.exchanges

    def switch(self, mode: Mode) -> None:
        """Change the mode, as the gateway does."""
        self.shared.current.active = replace(self.shared.current.active, mode=mode)

    def handle(self, event: events.Event) -> None:
        """Pass an event to the layer, and carry out its commands."""
        for command in self.layer.handle_event(event):
            self._carry_out(command)

    def send(self, *pieces: bytes) -> bytes:
        """Send pieces as the client; return what the upstream got."""
        self.upstream = b""
        for piece in pieces:
            self.handle(events.DataReceived(self.context.client, piece))
        return self.upstream

    def answer(self, *pieces: bytes) -> bytes:
        """Send pieces as the upstream; return what the client got before any commit."""
        self.client = b""
        for piece in pieces:
            self.handle(events.DataReceived(self.servers[-1], piece))
        return self.client

    def commit(self, failure: StoreError | None = None) -> bytes:
        """Commit what the writer has, or fail to; return what the client got then."""
        self.client = b""
        while self.commits.waiting:
            done, number = self.commits.waiting.pop(0)
            done(failure or number)
        return self.client

    def exchange(self, request: bytes, *answer: bytes) -> bytes:
        """Send a request and its answer, and commit them; return all that the client got."""
        self.send(request)
        return self.answer(*answer) + self.commit()

    def wake(self) -> bytes:
        """Let the time pass that the layer waits for; return what the client got then."""
        self.client = b""
        self.handle(events.Wakeup(self.timers.pop()))
        return self.client

    def close_upstream(self) -> bytes:
        """Close the connection as the upstream; return what the client got then."""
        self.client = b""
        self._close(self.servers[-1])
        return self.client

    def close_client(self) -> None:
        """Close the connection as the client."""
        self._close(self.context.client)

    def cut_upstream(self) -> None:
        """Close the connection to the upstream as mitmproxy does when that of the client has ended."""
        self._close(self.servers[-1], ConnectionState.CLOSED)

    def _close(self, connection: Connection, state: ConnectionState = ConnectionState.CAN_WRITE) -> None:
        connection.state = state
        self.handle(events.ConnectionClosed(connection))

    def _carry_out(self, command: commands.Command) -> None:
        match command:
            case commands.SendData():
                if command.connection is self.context.client:
                    self.client += command.data
                else:
                    self.upstream += command.data
            case commands.OpenConnection():
                self._open(command)
            case commands.CloseConnection():
                self.closed.append(command.connection)
                command.connection.state = ConnectionState.CLOSED
            case commands.RequestWakeup():
                self.timers.append(command)

    def _open(self, command: commands.OpenConnection) -> None:
        address = command.connection.address
        assert address is not None
        self.opened.append(Origin("https" if command.connection.tls else "http", address[0], address[1]))
        self.servers.append(command.connection)
        if self.unreachable is None:
            command.connection.state = ConnectionState.OPEN
        self.handle(events.OpenConnectionCompleted(command, self.unreachable))


def error_of(reply: bytes) -> tuple[int, str]:
    """Return the status and the name of an error of the gateway."""
    head, _, body = reply.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), json.loads(body)["error"]["name"]
