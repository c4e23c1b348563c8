"""A recording layer driven by events, as mitmproxy's server sends them: no sockets, a writer that commits when told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast

from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.modes import HttpProxy
from mitmproxy.test.tflow import tclient_conn

from understudy.addons.current import CurrentMode
from understudy.addons.forwarding_settings import ForwardingSettings
from understudy.addons.layers.http1_layer import Http1Layer
from understudy.addons.loop.commits import Commits
from understudy.addons.loop.connections import ClientConnections
from understudy.addons.no_live_calls import Guard
from understudy.serving.answers.reply_cache import get_inline_body
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.site import ConnectionKind, GatewaySites
from understudy.serving.http1.body_recorder import BodyLimits
from understudy.store.errors import StoreError
from understudy.store.history_writer import BodyPieces, DoneCallback
from understudy.store.model.exchanges import Exchange
from understudy.store.model.gateways import Mode, OnLoss
from understudy.store.model.messages import Origin

UPSTREAM = Origin("http", "api.test", 80)


@dataclass
class FakeCommits:
    """What waits for the history writer, and what it has."""

    exchanges: list[Exchange] = field(default_factory=list)
    pieces: BodyPieces = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    waiting: list[tuple[DoneCallback, int]] = field(default_factory=list)

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
    """Delivers at once; remembers whose reading is stopped, and who was reset."""

    def __init__(self) -> None:
        self.tell: Callable[[events.Event], None] | None = None
        self.stopped: set[Connection] = set()
        self.resets = 0

    def put(self, _: str, event: events.Event, gone: Callable[[], None]) -> None:
        if self.tell is None:
            gone()
        else:
            self.tell(event)

    def pause_reading(self, _: str, connection: Connection) -> None:
        self.stopped.add(connection)

    def resume_reading(self, _: str, connection: Connection) -> None:
        self.stopped.discard(connection)

    def reset(self, _: str) -> None:
        self.resets += 1


def make_forwarding(
    active: ActiveMode,
    *,
    upstream: Origin | None = None,
    on_loss: OnLoss = OnLoss.STOP,
    keeping: BodyLimits | None = None,
    urls: bool = True,
    elsewhere: bool = False,
) -> ForwardingSettings:
    """What layers share, with a writer and connections that are none."""
    current = CurrentMode(active)
    return ForwardingSettings(
        current,
        Guard(current, upstream),
        cast("Commits", FakeCommits()),
        cast("ClientConnections", FakeConnections()),
        GatewaySites(get_inline_body),
        upstream,
        elsewhere,
        urls,
        on_loss,
        keeping or BodyLimits(),
    )


class Taker(layer.Layer):
    """Takes a connection over; remembers what it is told."""

    def __init__(self, context: Context, data: bytes) -> None:
        super().__init__(context)
        self.data = data

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from ()


class Driven:
    """A connection to a gateway, and those that it makes; `client` and `upstream` hold the bytes that each of them got.

    An upstream is connected at once, unless `unreachable` says why not.
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
    ) -> None:
        self.shared = make_forwarding(
            active or ActiveMode(mode, session_id="s"), upstream=upstream, on_loss=on_loss, keeping=keeping, urls=urls
        )
        self.commits = cast("FakeCommits", self.shared.commits)
        self.connections = cast("FakeConnections", self.shared.connections)
        self.connections.tell = self.tell
        self.context = Context(tclient_conn(), Options())
        HttpProxy(self.context)
        self.takers: list[Taker] = []
        kind = ConnectionKind(
            place or upstream or Origin("http", "origin-form.invalid", 80), not tunnel, tunnel, tls=False
        )
        self.layer = Http1Layer(self.context, self.shared, kind, self._taken)
        self.client = b""
        self.upstream = b""
        self.servers: list[Connection] = []
        self.opened: list[Origin] = []
        self.timers: list[commands.RequestWakeup] = []
        self.closed: list[Connection] = []
        self.unreachable: str | None = None
        self.tell(events.Start())

    def _taken(self, context: Context, data: bytes) -> Taker:
        self.takers.append(Taker(context, data))
        return self.takers[-1]

    @property
    def hung_up(self) -> bool:
        """Whether the client's connection was closed."""
        return self.context.client in self.closed

    @property
    def kept(self) -> list[Exchange]:
        """What was handed to the writer."""
        return self.commits.exchanges

    def switch(self, mode: Mode) -> None:
        """Change the mode, as the gateway does."""
        self.shared.current.active = replace(self.shared.current.active, mode=mode)

    def tell(self, event: events.Event) -> None:
        """An event, and what follows from it."""
        for command in self.layer.handle_event(event):
            self._do(command)

    def send(self, *pieces: bytes) -> bytes:
        """The client sends; returns what the upstream got of it."""
        self.upstream = b""
        for piece in pieces:
            self.tell(events.DataReceived(self.context.client, piece))
        return self.upstream

    def answer(self, *pieces: bytes) -> bytes:
        """The upstream sends; returns what the client got of it, before anything is committed."""
        self.client = b""
        for piece in pieces:
            self.tell(events.DataReceived(self.servers[-1], piece))
        return self.client

    def commit(self, failure: StoreError | None = None) -> bytes:
        """The writer commits what it has, or fails to; returns what the client got then."""
        self.client = b""
        while self.commits.waiting:
            done, number = self.commits.waiting.pop(0)
            done(failure or number)
        return self.client

    def exchange(self, request: bytes, *answer: bytes) -> bytes:
        """A request and its answer, committed; returns all that the client got."""
        self.send(request)
        return self.answer(*answer) + self.commit()

    def wake(self) -> bytes:
        """The time has come that the layer waits for; returns what the client got then."""
        self.client = b""
        self.tell(events.Wakeup(self.timers.pop()))
        return self.client

    def upstream_closes(self) -> bytes:
        """The upstream closes its connection; returns what the client got then."""
        self.client = b""
        self._close(self.servers[-1])
        return self.client

    def client_closes(self) -> None:
        """The client closes its connection."""
        self._close(self.context.client)

    def upstream_is_cut(self) -> None:
        """mitmproxy closes the connection to the upstream, because the client's has ended."""
        self._close(self.servers[-1], ConnectionState.CLOSED)

    def _close(self, connection: Connection, state: ConnectionState = ConnectionState.CAN_WRITE) -> None:
        connection.state = state
        self.tell(events.ConnectionClosed(connection))

    def _do(self, command: commands.Command) -> None:
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
        self.tell(events.OpenConnectionCompleted(command, self.unreachable))
