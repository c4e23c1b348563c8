"""mitmproxy's master: what it does as installed, and what ours saves.

A test of the installed mitmproxy that fails means that mitmproxy has changed this itself: our patch can go.
"""

from __future__ import annotations

import logging
from typing import Any

import pytest
from mitmproxy import hooks, log
from mitmproxy.http import Headers, Request
from mitmproxy.master import Master
from mitmproxy.options import Options

from understudy.addons.patches.lean_master import LeanMaster


class CountingAddon:
    """An addon that counts how often its hook is looked up, and how often it is called."""

    def __init__(self) -> None:
        self.lookups = self.calls = 0

    def __getattr__(self, name: str) -> Any:
        if name != "running":
            raise AttributeError(name)
        self.lookups += 1
        return self._run

    def _run(self) -> None:
        self.calls += 1


def make_request(port: Any) -> Request:
    """A request whose port may be of a wrong type."""
    return Request("h", port, b"GET", b"http", b"", b"/", b"HTTP/1.1", Headers(), b"", None, 0.0, 0.0)


def list_legacy_handlers() -> list[logging.Handler]:
    """The log handlers that pass each record on as a hook."""
    return [handler for handler in logging.getLogger().handlers if isinstance(handler, log.LegacyLogEvents)]


async def test_installed_mitmproxy_checks_the_types_of_messages() -> None:
    master = Master(Options())
    with pytest.raises(TypeError, match="port"):
        make_request("eighty")
    master._legacy_log_events.uninstall()


async def test_types_of_messages_are_not_checked() -> None:
    LeanMaster(Options())
    port: object = make_request("eighty").data.port
    assert port == "eighty"


async def test_installed_mitmproxy_looks_a_hook_up_at_each_event() -> None:
    master, addon = Master(Options()), CountingAddon()
    master.addons.add(addon)
    for _ in range(3):
        await master.addons.trigger_event(hooks.RunningHook())
    assert (addon.lookups, addon.calls) == (3, 3)
    master._legacy_log_events.uninstall()


async def test_a_hook_is_looked_up_once() -> None:
    master, addon = LeanMaster(Options()), CountingAddon()
    master.addons.add(addon)
    for _ in range(3):
        await master.addons.trigger_event(hooks.RunningHook())
    assert (addon.lookups, addon.calls) == (1, 3)


async def test_a_later_addon_is_called_too() -> None:
    """The lists of functions are made again when an addon is added."""
    master = LeanMaster(Options())
    await master.addons.trigger_event(hooks.RunningHook())
    addon = CountingAddon()
    master.addons.add(addon)
    await master.addons.trigger_event(hooks.RunningHook())
    assert addon.calls == 1


async def test_an_addon_that_raises_does_not_stop_the_next(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def running(self) -> None:
            raise ValueError("broken")

    master, addon = LeanMaster(Options()), CountingAddon()
    master.addons.add(Broken(), addon)
    await master.addons.trigger_event(hooks.RunningHook())
    assert addon.calls == 1
    assert "an addon failed in the hook running" in caplog.messages


async def test_installed_mitmproxy_passes_each_log_record_on_as_a_hook() -> None:
    before = len(list_legacy_handlers())
    master = Master(Options())
    assert len(list_legacy_handlers()) == before + 1
    master._legacy_log_events.uninstall()


async def test_log_records_are_not_hooks() -> None:
    before = len(list_legacy_handlers())
    LeanMaster(Options())
    assert len(list_legacy_handlers()) == before


async def test_changed_options_reach_an_addon_once() -> None:
    """By our addon manager, and not by the one that it has replaced."""
    master = LeanMaster(Options())
    seen: list[set[str]] = []

    class Configured:
        def configure(self, updated: set[str]) -> None:
            seen.append(updated)

    master.addons.add(Configured())
    seen.clear()
    master.options.update(listen_port=8081)
    assert seen == [{"listen_port"}]
