"""The connections of clients, and what is done to them from outside their layers."""

from __future__ import annotations

from asyncio import ReadTransport, StreamReader
from types import SimpleNamespace
from typing import cast

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy.server import ConnectionIO
from mitmproxy.test.tflow import tserver_conn

from understudy.addons.loop.connections import ClientConnections
from understudy.addons.loop.reading_gate import PauseReason, ReadingGate


class Transport(ReadTransport):
    """A transport that notes whether it is read."""

    def __init__(self) -> None:
        super().__init__()
        self._is_reading = True

    def is_reading(self) -> bool:
        return self._is_reading

    def pause_reading(self) -> None:
        self._is_reading = False

    def resume_reading(self) -> None:
        self._is_reading = True


def test_a_connection_inside_one_to_a_parent_proxy_is_paused_there() -> None:
    """mitmproxy has a transport for the outer one only."""
    outer, inner = tserver_conn(), tserver_conn()
    outer.address, inner.via = ("parent", 3128), ("http", ("parent", 3128))
    transport = Transport()
    reader = SimpleNamespace(gate=ReadingGate(transport))
    handler = SimpleNamespace(transports={outer: ConnectionIO(reader=cast("StreamReader", reader))})
    connections = ClientConnections(cast("Proxyserver", SimpleNamespace(connections={"c": handler})))
    connections.pause_reading("c", inner, PauseReason.MESSAGES)
    assert not transport.is_reading()
    connections.resume_reading("c", inner, PauseReason.MESSAGES)
    assert transport.is_reading()
