"""The connections of clients, and what is done to them from outside their layers."""

from __future__ import annotations

from asyncio import ReadTransport, StreamReader
from types import SimpleNamespace
from typing import cast

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy.server import ConnectionIO, TimeoutWatchdog
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


async def do_nothing() -> None:
    """Take the place of what closes a connection."""


def make_idle_client() -> tuple[ClientConnections, TimeoutWatchdog]:
    """Return the connections of the client "c", and what limits its idle time."""
    watchdog = TimeoutWatchdog(600, do_nothing)
    servers = SimpleNamespace(connections={"c": SimpleNamespace(timeout_watchdog=watchdog)})
    return ClientConnections(cast("Proxyserver", servers)), watchdog


async def test_a_client_may_be_idle_while_any_of_its_requests_is_held() -> None:
    connections, watchdog = make_idle_client()
    connections.suspend_timeout("c")
    connections.suspend_timeout("c")
    connections.resume_timeout("c")
    assert not watchdog.can_timeout.is_set()
    assert watchdog.timeout > 600  # for a watchdog that was asleep before


async def test_after_the_last_hold_its_idle_time_is_limited_again() -> None:
    connections, watchdog = make_idle_client()
    connections.suspend_timeout("c")
    connections.resume_timeout("c")
    assert (watchdog.can_timeout.is_set(), watchdog.timeout) == (True, 600)


async def test_a_client_that_has_left_is_ignored() -> None:
    connections, watchdog = make_idle_client()
    connections.suspend_timeout("gone")
    connections.resume_timeout("gone")
    assert watchdog.can_timeout.is_set()


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
