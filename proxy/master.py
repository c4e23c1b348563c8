"""A lean mitmproxy master: the addons it is given, each hook looked up once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from mitmproxy import exceptions, hooks
from mitmproxy.addonmanager import AddonManager, safecall
from mitmproxy.master import Master
from mitmproxy.options import Options


class CachedDispatch(AddonManager):
    """Calls the addons of a hook from a list made at its first use; mitmproxy searches every addon at every event."""

    def __init__(self, master: Master) -> None:
        super().__init__(master)
        self._found: dict[str, list[Callable[..., Any]]] = {}

    def register(self, addon: object) -> object:
        """Load an addon; what was looked up before is forgotten."""
        self._found.clear()
        return super().register(addon)

    async def trigger_event(self, event: hooks.Hook) -> None:
        """Trigger an event across all addons, as mitmproxy does."""
        functions = self._found.get(event.name)
        if functions is None:
            functions = [function for addon in self.chain for _, function in self._iter_hooks(addon, event)]
            self._found[event.name] = functions
        for function in functions:
            try:
                with safecall():
                    result = function(*event.args())
                    if inspect.isawaitable(result):
                        await result
            except exceptions.AddonHalt:
                return

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        """Trigger an event; nobody here listens to mitmproxy's `update`, which would follow each one."""
        await self.trigger_event(event)


class LeanMaster(Master):
    """mitmproxy's master with cached dispatch."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        options.changed.disconnect(self.addons._configure_all)
        self.addons = CachedDispatch(self)
        self._legacy_log_events.uninstall()
