"""Received bytes: when they go to the layers at once, and when they wait for mitmproxy's task.

A test of the installed mitmproxy that fails means that mitmproxy has changed this itself: our patch can go.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio import StreamReader, StreamReaderProtocol, StreamWriter
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mitmproxy.connection import ConnectionState
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.events import HookCompleted
from mitmproxy.proxy.layer import CommandGenerator, Layer, NextLayer
from mitmproxy.proxy.layers.modes import HttpProxy
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO
from mitmproxy.test.tflow import tclient_conn, tserver_conn

from understudy.addons.loop.reading_gate import PauseReason
from understudy.addons.patches import direct_reading
from understudy.addons.patches.direct_reading import (
    MAX_UNSENT_BYTES,
    DirectReading,
    ThrottledReader,
    find_working_layer,
)


class Transport(asyncio.Transport):
    """A transport that has sent all but `unsent` bytes."""

    def __init__(self, protocol: StreamReaderProtocol) -> None:
        super().__init__()
        self.protocol: asyncio.BaseProtocol = protocol
        self.unsent = 0
        self.aborted = False
        self.paused = False

    def is_reading(self) -> bool:
        return not self.paused

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return self.unsent


class Handler:
    """A connection handler of mitmproxy with one client; `got` are the bytes that reached its layers."""

    def __init__(self) -> None:
        self.client = tclient_conn()
        self.client.state = ConnectionState.OPEN
        self.transports: dict[Any, ConnectionIO] = {}
        self.got: list[bytes] = []
        self.turn = asyncio.Lock()
        self.reading: DirectReading
        self.transport = self.connect(self.client)

    def connect(self, connection: Any) -> Transport:
        loop, reader = asyncio.get_running_loop(), StreamReader()
        streams = StreamReaderProtocol(reader)
        transport = Transport(streams)
        self.transports[connection] = ConnectionIO(reader=reader, writer=StreamWriter(transport, streams, reader, loop))
        return transport

    def read(self) -> asyncio.Task[bytes]:
        reader = self.transports[self.client].reader
        assert reader is not None
        return asyncio.ensure_future(cast("StreamReader", reader).read(65535))

    def receive(self, data: bytes) -> None:
        cast("asyncio.Protocol", self.transport.protocol).data_received(data)

    async def server_event(self, event: events.DataReceived) -> None:
        async with self.turn:
            self.got.append(event.data)


@pytest.fixture
async def handler() -> Handler:
    """A handler whose client is read directly."""
    made = Handler()
    servers = SimpleNamespace(connections={made.client.id: made})
    made.reading = DirectReading(cast("Any", servers))
    made.reading.client_connected(made.client)
    return made


async def test_received_bytes_reach_the_layers_at_once(handler: Handler) -> None:
    """The task that waits for bytes goes on waiting."""
    reading = handler.read()
    await asyncio.sleep(0)
    handler.receive(b"one")
    handler.receive(b"two")
    assert (handler.got, reading.done()) == ([b"one", b"two"], False)
    reading.cancel()


async def test_bytes_received_before_the_first_read_are_read_first(handler: Handler) -> None:
    handler.receive(b"early ")
    reading = handler.read()
    handler.receive(b"later")
    assert (await reading, handler.got) == (b"early later", [])


async def test_nothing_overtakes_bytes_that_wait_to_be_read(handler: Handler) -> None:
    """An upstream at first does not take what it is sent, and then does."""
    reading = handler.read()
    await asyncio.sleep(0)
    upstream = handler.connect(tserver_conn())
    upstream.unsent = 1
    handler.receive(b"one ")
    upstream.unsent = 0
    handler.receive(b"two")
    assert (await reading, handler.got) == (b"one two", [])


@pytest.mark.parametrize(
    ("to_upstream", "to_client", "waits"), [(1, 0, True), (0, MAX_UNSENT_BYTES, False), (0, MAX_UNSENT_BYTES + 1, True)]
)
async def test_received_bytes_wait_for_the_buffers_they_go_to(
    handler: Handler, to_upstream: int, to_client: int, waits: bool
) -> None:
    """They go to the upstream, or back as a response; unsent bytes from the upstream are no reason to wait for it."""
    handler.connect(tserver_conn()).unsent = to_upstream
    handler.transport.unsent = to_client
    reading = handler.read()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    handler.receive(b"one")
    assert (handler.got == []) == waits
    reading.cancel()


async def test_a_closed_connection_gives_the_layers_nothing(handler: Handler) -> None:
    """Its layers have seen it close."""
    reading = handler.read()
    await asyncio.sleep(0)
    handler.client.state = ConnectionState.CLOSED
    handler.receive(b"late")
    assert (await reading, handler.got) == (b"late", [])


async def test_the_end_reaches_the_reader(handler: Handler) -> None:
    reading = handler.read()
    await asyncio.sleep(0)
    protocol = cast("asyncio.Protocol", handler.transport.protocol)
    protocol.eof_received()
    assert await reading == b""


if sys.version_info >= (3, 12):  # tasks are eager

    async def test_an_event_that_waits_is_not_overtaken(handler: Handler) -> None:
        """A task that an earlier event started has to end first."""
        reading = handler.read()
        await asyncio.sleep(0)
        async with handler.turn:
            handler.receive(b"one")
            handler.receive(b"two")
            assert handler.got == []
        await asyncio.sleep(0.0)
        await asyncio.sleep(0.0)
        assert handler.got == [b"one", b"two"]
        reading.cancel()

else:

    async def test_layers_that_pause_raise_an_error(handler: Handler) -> None:
        """Later events would overtake the paused one."""
        reading = handler.read()
        await asyncio.sleep(0)
        async with handler.turn:
            with pytest.raises(RuntimeError, match="paused in the middle of an event"):
                handler.receive(b"one")
        reading.cancel()


async def test_a_full_buffer_is_one_reason_of_the_gate_not_to_read(handler: Handler) -> None:
    """Whoever pauses and resumes the client for another reason leaves this one alone."""
    reader = cast("ThrottledReader", handler.transports[handler.client].reader)
    handler.receive(b"x" * 1_000_000)
    assert handler.transport.paused
    reader.gate.pause_reading(PauseReason.MESSAGES)
    reader.gate.resume_reading(PauseReason.MESSAGES)
    assert handler.transport.paused
    await reader.read(1_000_000)
    assert not handler.transport.paused


@pytest.mark.parametrize(("taken", "aborted"), [(0, True), (1, False)])
async def test_a_connection_whose_peer_takes_nothing_after_the_end_is_aborted(
    handler: Handler, monkeypatch: pytest.MonkeyPatch, taken: int, aborted: bool
) -> None:
    """A peer that takes a part of the rest gets more time."""
    monkeypatch.setattr(direct_reading, "STALLED_SECONDS", 0.0)
    handler.transport.unsent = 2
    handler.reading.client_disconnected(handler.client)
    handler.transport.unsent -= taken
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert handler.transport.aborted == aborted
    handler.transport.unsent = 0


class InstalledHandler(ConnectionHandler):
    """mitmproxy's own connection handler, whose client sends bytes and takes none; `got` are the bytes it read."""

    def __init__(self) -> None:
        super().__init__(Context(tclient_conn(), Options()))
        self.client.state = ConnectionState.OPEN
        self.reader = StreamReader()
        self.got: list[bytes] = []
        protocol = StreamReaderProtocol(self.reader)
        protocol.connection_made(Transport(protocol))
        protocol.pause_writing()  # the client takes nothing
        writer = StreamWriter(protocol._transport, protocol, None, asyncio.get_running_loop())  # type: ignore[attr-defined]
        self.transports[self.client] = ConnectionIO(reader=self.reader, writer=writer)

    async def server_event(self, event: events.Event) -> None:
        if isinstance(event, events.DataReceived):
            self.got.append(event.data)

    async def handle_hook(self, hook: object) -> None:
        raise AssertionError(hook)


async def test_installed_mitmproxy_reads_in_a_task_and_waits_for_the_same_connection() -> None:
    """It reads nothing more from a client that has not taken its responses: two such peers wait for ever."""
    handler = InstalledHandler()
    task = asyncio.ensure_future(handler.handle_connection(handler.client))
    handler.reader.feed_data(b"one")
    assert handler.got == []
    for _ in range(10):
        await asyncio.sleep(0)
    assert handler.got == [b"one"]
    handler.reader.feed_data(b"two")
    for _ in range(10):
        await asyncio.sleep(0)
    assert handler.got == [b"one"]
    task.cancel()
    await asyncio.wait([task])


def test_events_go_past_the_layers_that_have_chosen_another() -> None:
    context = Context(tclient_conn(), Options())
    top = HttpProxy(context)
    assert find_working_layer(top) is top
    list(top.handle_event(events.Start()))
    chooser = find_working_layer(top)
    assert isinstance(chooser, NextLayer)
    (question,) = chooser.handle_event(events.DataReceived(context.client, b"GET"))
    assert isinstance(question, commands.StartHook)
    chooser.layer = chosen = Echo(context)
    assert find_working_layer(top) is chooser  # until it has the answer to its question
    list(top.handle_event(HookCompleted(question)))
    assert find_working_layer(top) is chosen
    assert chosen.got == [b"GET"]


def test_events_go_past_no_layer_that_logs_them() -> None:
    context = Context(tclient_conn(), Options())
    top = HttpProxy(context)
    list(top.handle_event(events.Start()))
    top.debug = ""
    assert find_working_layer(top) is top


def test_a_layer_that_changed_its_own_state_works() -> None:
    changed = Echo(Context(tclient_conn(), Options()))
    changed._handle_event = changed.handle_event  # type: ignore[method-assign]
    assert find_working_layer(changed) is changed


class Echo(Layer):
    """A layer that remembers what it got."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.got: list[bytes] = []

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, events.DataReceived):
            self.got.append(event.data)
        yield from ()
