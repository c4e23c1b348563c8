"""The connections of clients, and what is done to them from outside their layers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy.server import TimeoutWatchdog

from understudy.addons.loop.connections import ClientConnections


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
